"""The batches as a list, and choosing agreements: of a new batch, and further ones for one that is there."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from portal.blueprints.agreements.batches import bp, loading
from portal.blueprints.agreements.batches.forms import ChoiceForm, NameForm
from portal.db import today
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Level
from portal.domain.errors import DomainError
from portal.domain.jobs.models import Job
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection import texts
from portal.domain.price_protection.batches import choosing, queries, services
from portal.domain.price_protection.batches.choosing import Choice
from portal.domain.price_protection.batches.models import Batch
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.phases import phase_of
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.grades import grade_choices, wanted_grade
from portal.web.htmx import leave, refuse, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id, chosen, number, page_of
from portal.web.template_words import names_of, title_of

# What a page without a filter offers: agreements that end within so many days.
AHEAD = timedelta(days=120)
# An address that says one of these says which days it means; `all` is said by the filters themselves, whose
# emptied days are no days.
_DAYS_SAID = ("from", "until", "all", "id")


@bp.get("/")
@requires(P.AGREEMENTS_READ)
def index() -> ResponseReturnValue:
    """The batches that this user sees, the newest first, with how far each is."""
    page = page_of(
        db.session,
        queries.batch_rows(actor()),
        sorts=queries.BATCH_SORTS,
        default="created",
        descending=True,
        tie=queries.Batch.id.desc(),
    )
    return render(
        "batches/index.html",
        fragment=loading.rows_only("batches/_table.html"),
        page=page,
        counts=queries.stages_of(db.session, actor(), [row.id for row in page.rows]),
        may_write=actor().can(P.AGREEMENTS_WRITE),
    )


def _choice() -> Choice:
    """What the address narrows the choice to; where it says no days: what ends within the next months."""
    has_days = any(name in request.args for name in _DAYS_SAID)
    return Choice(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        owner_id=number("owner"),
        level=chosen(Level, "level"),
        grade=wanted_grade(),
        template=request.args.get("template", "")[:100],
        ends_from=_day("from") if has_days else today(),
        ends_until=_day("until") if has_days else today() + AHEAD,
        with_begun=request.args.get("begun") == "1",
        ids=tuple(_ids(request.args)),
    )


def _ids(said: MultiDict[str, str]) -> list[int]:
    """The agreements that are ticked: in the list of agreements by the address, in this one by the form."""
    return [id for text in said.getlist("id") if (id := as_id(text)) is not None]


def _day(name: str) -> date | None:
    try:
        said = request.args.get(name, "").strip()
        return text.date_on(said) if said else None
    except DomainError:
        return None


@bp.route("/new", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def new() -> ResponseReturnValue:
    """Choose by filter or by number: how many there are and which, then all of them or those that are ticked."""
    wanted, form = _choice(), NameForm()
    if request.method == "POST" and form.validate():
        ids = _picked(form, wanted)
        made = submit(form, lambda: _make(form, ids, wanted)) if ids is not None else None
        if made is not None:
            count = queries.total(db.session, made)
            flash(ngettext("%(num)s agreement was chosen.", "%(num)s agreements were chosen.", count))
            return leave(url_for(".changes", id=made.id))
    elif request.method == "GET":
        form.name.data = _("Renewals %(year)s", year=today().year + 1)
    return _page(form, wanted)


@bp.route(f"/<{ROW}:id>/add", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def add(id: int) -> ResponseReturnValue:
    """Take further agreements into a batch that is there; they are checked at once."""
    batch = loading.writable(id)
    wanted, form = _choice(), ChoiceForm()
    if request.method == "POST" and form.validate():
        picked = _picked(form, wanted, batch)
        job = submit(form, lambda: _add(batch, picked)) if picked is not None else None
        if job is not None:
            count = job.total
            flash(ngettext("%(num)s agreement was added.", "%(num)s agreements were added.", count))
            return loading.on_with(job)
        batch = loading.writable(id)
    return _page(form, wanted, batch)


def _picked(form: ChoiceForm, wanted: Choice, batch: Batch | None = None) -> list[int] | None:
    """The agreements that are meant; None when a number cannot be taken, which the form then says."""
    me = actor()
    if request.form.get("do") == "numbers":
        named = choosing.by_numbers(db.session, me, form.numbers.data or "")
        for error in named.unfit:
            refuse(form, error)
        return named.ids if not named.unfit else None
    found = list(db.session.scalars(choosing.candidate_ids(db.session, me, wanted, batch=batch)))
    if request.form.get("do") == "ticked":
        ticked = set(_ids(request.form))
        found = [id for id in found if id in ticked]
    return found


def _make(form: NameForm, found: list[int], wanted: Choice) -> Batch:
    said: dict[str, Any] = {
        key: value for key, value in vars(wanted).items() if value not in (None, "", False, ())
    }
    if request.form.get("do") == "numbers":
        said = {"numbers": len(found)}
    return services.create(
        db.session, actor(), name=form.name.data or "", agreement_ids=found, chosen_by=said
    )


def _add(batch: Batch, found: list[int]) -> Job:
    rows = services.add(db.session, actor(), batch, found)
    return services.ask(db.session, actor(), batch, services.CHECK, total=len(rows), rows=rows)


def _page(form: ChoiceForm, wanted: Choice, batch: Batch | None = None) -> ResponseReturnValue:
    me = actor()
    page = page_of(
        db.session,
        choosing.candidates(db.session, me, wanted, batch=batch),
        sorts=agreements.SORTS,
        default="ends",
        tie=Agreement.id,
    )
    return render(
        "batches/new.html",
        fragment=loading.rows_only("batches/_candidates.html"),
        form=form,
        batch=batch,
        page=page,
        wanted=wanted,
        phase_of=phase_of,
        text_names=names_of(db.session, {row.template_id for row in page.rows}),
        remarks=choosing.remarks(db.session, [row.id for row in page.rows], batch=batch),
        levels=list(Level),
        grades=grade_choices(),
        texts=_texts(),
        offices=agreements.regions_of(db.session, me),
        owners=agreements.owners(db.session, me),
        ticked=set(_ids(request.form)),
    )


def _texts() -> list[tuple[str, str]]:
    """The texts on which the running agreements stand: each release, and all of a text that has several."""
    in_use = choosing.texts_in_use(db.session, actor())
    if len(in_use) < 2:
        return []
    titles: dict[str, str] = {}
    for edition in texts.agreement_editions(db.session):
        titles.setdefault(edition.key, title_of(edition))
    releases = Counter(key for key, _version, _count in in_use)
    offered: dict[str, str] = {}
    for key, version, count in in_use:
        title = titles.get(key, key)
        if releases[key] > 1:
            offered.setdefault(key, _("%(title)s, every version", title=title))
        offered[f"{key}@{version}"] = _(
            "%(title)s, %(version)s (%(count)s)", title=title, version=version, count=count
        )
    return list(offered.items())
