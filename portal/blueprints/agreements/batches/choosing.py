"""The batches as a list, and choosing the agreements of a new one."""

from datetime import date, timedelta
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.agreements.batches import bp, loading
from portal.blueprints.agreements.batches.forms import NameForm
from portal.db import today
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Level
from portal.domain.errors import DomainError
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection import texts
from portal.domain.price_protection.batches import queries, services
from portal.domain.price_protection.batches.queries import Choice
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.phases import phase_of
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.tables import chosen, ids, number, page_of

# What a page without a filter offers: agreements that end within so many days.
AHEAD = timedelta(days=120)


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
    """What the address narrows the choice to; without a filter: what ends within the next months."""
    is_narrowed = any(name in request.args for name in ("q", "region", "owner", "level", "from", "until"))
    return Choice(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        owner_id=number("owner"),
        level=chosen(Level, "level"),
        template=request.args.get("template", "")[:60],
        ends_from=_day("from") if is_narrowed else today(),
        ends_until=_day("until") if is_narrowed else today() + AHEAD,
    )


def _day(name: str) -> date | None:
    try:
        said = request.args.get(name, "").strip()
        return text.date_on(said) if said else None
    except DomainError:
        return None


@bp.route("/new", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def new() -> ResponseReturnValue:
    """Choose by filter: how many there are and which, then all of them or those that are ticked."""
    me, wanted = actor(), _choice()
    statement = queries.candidates(db.session, me, wanted)
    form = NameForm()
    if request.method == "POST" and form.validate():
        made = submit(form, lambda: _make(form, wanted))
        if made is not None:
            count = queries.total(db.session, made)
            flash(ngettext("%(num)s agreement was chosen.", "%(num)s agreements were chosen.", count))
            return leave(url_for(".changes", id=made.id))
    elif request.method == "GET":
        form.name.data = _("Renewals %(year)s", year=today().year + 1)
    page = page_of(
        db.session, statement, sorts=agreements.SORTS, default="ends", tie=Agreement.id, per_page=50
    )
    return render(
        "batches/new.html",
        fragment=loading.rows_only("batches/_candidates.html"),
        form=form,
        page=page,
        wanted=wanted,
        phase_of=phase_of,
        renewed=queries.in_work(db.session, [row.id for row in page.rows]),
        levels=list(Level),
        keys=[(row.key, row.title) for row in texts.offered_editions(db.session)],
        offices=agreements.regions_of(db.session, me),
        owners=agreements.owners(db.session, me),
        ticked=set(ids()) if request.method == "POST" else set(),
    )


def _make(form: NameForm, wanted: Choice) -> queries.Batch:
    me = actor()
    found = list(db.session.scalars(queries.candidate_ids(db.session, me, wanted)))
    if request.form.get("do") == "ticked":
        ticked = set(ids())
        found = [id for id in found if id in ticked]
    said: dict[str, Any] = {key: value for key, value in vars(wanted).items() if value not in (None, "")}
    return services.create(db.session, me, name=form.name.data or "", agreement_ids=found, chosen_by=said)
