"""Piles: those there are, a new one, one as it stands, and filing what came back whole."""

import logging

import sqlalchemy as sa
from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, MultipleFileField, SelectField
from wtforms.fields.choices import SelectChoice

from portal.blueprints.scans import MOST_BYTES, bp, parts
from portal.blueprints.scans.loading import address, readable, writable
from portal.blueprints.scans.reminding import kind
from portal.db import Trouble, today, trouble_of
from portal.domain.access.roles import Permission as P
from portal.domain.documents.services import Looked
from portal.domain.errors import DomainError
from portal.domain.meetings import filed_sheets
from portal.domain.price_protection.closing.models import Verdict
from portal.domain.price_protection.closing.objections import Ticked
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.scans import counting, filing, grouping, placing, showing, uploading
from portal.domain.price_protection.scans.models import ScanPage, ScanPile
from portal.domain.text import date_on
from portal.extensions import db
from portal.jobs import start
from portal.scanning.refusals import MOST_PAGES
from portal.web import troubles
from portal.web.access import actor, requires
from portal.web.fields import DateOnField
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import Page, as_id, ids, page_of
from portal.web.words import word

logger = logging.getLogger(__name__)
ACCEPT = ".pdf,.jpg,.jpeg,.png,.tif,.tiff"
OWN = ("day-", "how-", "note-", "stays-", "fund-", "account-", "objects-", "disputes-")
MOST_NAMED = 8
LIMITS = {"megabytes": MOST_BYTES // 1024**2, "files": uploading.MOST_FILES, "pages": MOST_PAGES}


class FilesForm(FlaskForm):
    """Files to add to a pile."""

    files = MultipleFileField(_l("Scans or photographs"))


class PileForm(FilesForm):
    """A new pile: for which office, and its first files."""

    region = SelectField(_l("Papers of"))

    def offer(self) -> None:
        """Fill in the offices for which the user files; the own one first."""
        found = uploading.offices(db.session, actor())
        top = min((region.depth for region in found), default=0)
        self.region.choices = [
            (str(region.id), "　" * (region.depth - top) + region.name) for region in found
        ]


class FilingForm(FlaskForm):
    """The day of signing, once for the pile; what a paper has of its own is called `day-<row>` and the like."""

    signed_on = DateOnField(_l("Signing date"))
    came_on = DateOnField(_l("Statements received on"))
    fund = SelectField(
        _l("Ticked on all statements below"),
        choices=[
            SelectChoice("", _l("each as chosen beside it")),
            SelectChoice(Verdict.AGREED.value, _l("nothing objected to")),
        ],
        default="",
    )
    is_back = BooleanField(_l("The originals are here as well"))


@bp.get("/")
@requires(P.AGREEMENTS_READ)
def index() -> ResponseReturnValue:
    """The piles of the user's offices, newest first."""
    piles = page_of(
        db.session,
        showing.pile_rows(actor()),
        sorts={"begun": ScanPile.at},
        default="begun",
        descending=True,
        tie=ScanPile.id,
    )
    return render("scans/index.html", page=piles, may_write=actor().can(P.PAPERS_HANDLE))


@bp.route("/new", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def new() -> ResponseReturnValue:
    """Hand in a pile: every file is kept at once, then read by a job."""
    form = PileForm()
    form.offer()
    sent = _sent(form)
    if request.method == "GET" and actor().home is not None:
        form.region.data = str(actor().home.id)
    if form.validate_on_submit():
        if not sent:
            form.files.errors = [_("Choose a file.")]
        else:
            office = next(
                region
                for region in uploading.offices(db.session, actor())
                if str(region.id) == form.region.data
            )
            pile = submit(form, lambda: uploading.begin(db.session, actor(), office))
            if pile is not None:
                return _keep(pile, sent)
    return render("scans/new.html", form=form, accept=ACCEPT, limits=LIMITS)


@bp.post(f"/<{ROW}:pile_id>/files")
@requires(P.PAPERS_HANDLE)
def add(pile_id: int) -> ResponseReturnValue:
    """More files for a pile: a page that was missing, a photograph taken again."""
    form = FilesForm()
    pile = writable(pile_id)
    sent = _sent(form)
    if not sent:
        raise DomainError("Choose a file.")
    return _keep(pile, sent)


def _sent(form: FilesForm) -> list[FileStorage]:
    """What was chosen; a browser sends an empty part for nothing."""
    return [file for file in form.files.data or [] if isinstance(file, FileStorage) and file.filename]


def _keep(pile: ScanPile, sent: list[FileStorage]) -> ResponseReturnValue:
    """Keep file after file, each for good before the next; then have them read."""
    pile_id = pile.id
    for number, file in enumerate(sent):
        db.session.rollback()  # nobody waits while a large file is read
        looked = uploading.look_at(file.stream)

        def work(file: FileStorage = file, looked: Looked | DomainError = looked) -> bool:
            name = file.filename or ""
            uploading.add_file(db.session, actor(), writable(pile_id), file.stream, name, looked=looked)
            return True

        try:
            submit(None, work)
        except (SQLAlchemyError, OSError) as error:
            trouble = trouble_of(error)
            if trouble not in (Trouble.FULL, Trouble.BUSY):
                raise
            db.session.rollback()
            logger.error("pile %s, file %s of %s: %s", pile_id, number + 1, len(sent), trouble)
            return _cut_short(pile_id, troubles.title(trouble), number, sent)
    return _read(pile_id)


def _cut_short(pile_id: int, why: str, kept: int, sent: list[FileStorage]) -> ResponseReturnValue:
    """Some files are kept and some are not: back to the pile with the names of those to be sent again."""
    left = [file.filename or "" for file in sent[kept:]]
    names = _(", ").join(left[:MOST_NAMED]) + ("…" if len(left) > MOST_NAMED else "")
    flash(
        _(
            "%(why)s: %(kept)s of %(all)s files are kept in this pile. Upload the others again later: %(names)s",
            why=why,
            kept=kept,
            all=len(sent),
            names=names,
        ),
        "error",
    )
    return leave(url_for("scans.detail", id=pile_id))


@bp.post(f"/<{ROW}:pile_id>/read")
@requires(P.PAPERS_HANDLE)
def read(pile_id: int) -> ResponseReturnValue:
    """Go on reading files that wait: the reading was cancelled, or never began."""
    writable(pile_id)
    return _read(pile_id)


def _read(pile_id: int) -> ResponseReturnValue:
    made: list[int] = []

    def work() -> bool:
        job = uploading.ask_reading(db.session, actor(), writable(pile_id))
        made[:] = [job.id] if job is not None else []
        return True

    submit(None, work)
    if not made:
        return leave(url_for("scans.detail", id=pile_id))
    start(made[0])
    return leave(url_for("jobs.detail", job_id=made[0]))


@bp.get(f"/<{ROW}:id>")
@requires(P.AGREEMENTS_READ)
def detail(id: int) -> ResponseReturnValue:
    """A pile in one line, then what somebody has to do about it."""
    pile = readable(id)
    return _shown(pile, FilingForm(data={"signed_on": pile.signed_on, "came_on": today()}))


def _shown(pile: ScanPile, form: FilingForm, typed: dict[str, str] | None = None) -> ResponseReturnValue:
    groups = grouping.groups_of(db.session, actor(), pile)
    files = showing.file_rows(db.session, pile)
    summary = counting.summary_of(db.session, pile, groups, files)
    unplaced = _pictures(parts.UNPLACED, placing.unplaced(pile), summary.unplaced)
    besides = _pictures(parts.BESIDES, placing.pages_besides(pile), summary.blank + summary.set_aside)
    of_files = parts.cut(parts.FILES, len(files))
    by = parts.by_outcome(groups)
    return render(
        "scans/detail.html",
        form=form,
        pile=pile,
        by=by,
        show=parts.asked(),
        parts=[
            (parts.UNPLACED, unplaced.total),
            *((outcome.value, by[outcome].total) for outcome in parts.PARTS if outcome in by),
            (parts.BESIDES, besides.total),
        ],
        typed=typed or {},
        address=address,
        ways=[(way.value, word(way)) for way in Service],
        verdicts=[(verdict.value, word(verdict)) for verdict in Verdict],
        kind=kind,
        summary=summary,
        unplaced=unplaced,
        suggested=placing.suggestions(db.session, actor(), [picture.id for picture in unplaced.rows]),
        besides=besides,
        sheets_of=filed_sheets.of_pages(db.session(), [picture.id for picture in besides.rows]),
        files=of_files.page(files[of_files.skipped : of_files.skipped + of_files.size], len(files)),
        jobs=showing.running_jobs(db.session, pile),
        may_write=actor().can(P.PAPERS_HANDLE, pile.region),
        may_take_back=actor().can(P.PAPERS_HANDLE, pile.region),
        accept=ACCEPT,
        limits=LIMITS,
    )


def _pictures(part: str, pages: sa.Select[ScanPage], total: int) -> Page:
    """The pages of a part as pictures, as far as they are shown."""
    here = parts.cut(part, total)
    found = showing.pictures(db.session, pages.offset(here.skipped).limit(here.size)) if total else []
    return here.page(found, total)


@bp.post(f"/<{ROW}:pile_id>/filing")
@requires(P.PAPERS_HANDLE)
def file(pile_id: int) -> ResponseReturnValue:
    """File the papers on the page, or every one that is back whole, signed on the day given or on their own.

    Notices as they were served, statements with what is ticked on them.
    """
    pile = writable(pile_id)
    form = FilingForm()
    typed = {name: value.strip() for name, value in request.form.items() if name.startswith(OWN)}
    if form.validate_on_submit():
        made: list[int] = []
        # Of more than one page, what is not on it stays, unless all are asked for.
        chosen = set() if request.form.get("all") else set(ids("row"))

        def work() -> bool:
            job = filing.ask_filing(
                db.session,
                actor(),
                pile,
                form.signed_on.data,
                _own(typed, chosen, form.fund.data or ""),
                only=chosen or None,
                is_back=bool(form.is_back.data),
                came_on=form.came_on.data,
            )
            made[:] = [job.id]
            return True

        if submit(form, work):
            start(made[0])
            return leave(url_for("jobs.detail", job_id=made[0]))
    return _shown(readable(pile_id), form, typed)


def _own(typed: dict[str, str], shown: set[int], for_all: str) -> dict[int, filing.Own]:
    """What was typed beside single papers, by the pile's row; ill-formed names are of nobody's making and ignored.

    `for_all` is what holds for the statements of the page (`shown`) beside which nothing else is chosen.
    """
    rows = {row for name in typed if (row := as_id(name.partition("-")[2])) is not None}
    rows |= shown if for_all else set()
    return {
        row: filing.Own(
            day=date_on(day) if (day := typed.get(f"day-{row}", "")) else None,
            how=Service(how) if (how := typed.get(f"how-{row}", "")) in set(Service) else Service.COURIER,
            note=typed.get(f"note-{row}", ""),
            stays=f"stays-{row}" in typed,
            ticked=_ticked(typed, row, for_all),
        )
        for row in rows
    }


def _ticked(typed: dict[str, str], row: int, for_all: str) -> Ticked | None:
    """What somebody read off a statement; None where nobody did, so that it is asked for on its page."""
    fund, account = typed.get(f"fund-{row}", ""), typed.get(f"account-{row}", "")
    fund = fund or for_all
    if fund not in set(Verdict):
        return None
    is_known = account in set(Verdict)
    return Ticked(
        Verdict(fund),
        typed.get(f"objects-{row}", "") if fund == Verdict.OBJECTED else "",
        Verdict(account) if is_known else None,
        typed.get(f"disputes-{row}", "") if account == Verdict.OBJECTED else "",
    )
