"""Printing many originals: what is chosen, how it comes out, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, abort, flash, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.listing import NARROWING, asked_filter
from portal.blueprints.agreements.printing_form import PrintManyForm
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.jobs import kept
from portal.domain.jobs import queries as job_queries
from portal.domain.jobs.models import Job, JobState
from portal.domain.price_protection import mailing, queries
from portal.domain.price_protection.mailing import Form, Letter, Order
from portal.domain.price_protection.models import Agreement
from portal.extensions import db
from portal.jobs import start
from portal.web import files
from portal.web.access import actor, requires
from portal.web.htmx import leave, refuse, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import ids, number

# So many are shown one by one, and printed while one waits; more are counted by office, and printed by a task.
FEW = 30
_SHOWN = 100


@dataclass(frozen=True)
class Office:
    """How much of what is printed belongs to an office."""

    name: str
    count: int
    pages: int


def _chosen() -> list[Letter]:
    """What the address names: ticked rows, all that the list's filter leaves, or what a task printed or did not."""
    if request.args.get("all"):
        return mailing.letters(db.session, actor(), wanted=asked_filter())
    wanted = ids()
    if (job_id := number("rest")) is not None:
        wanted = mailing.rest(db.session, _job(job_id))
    elif (job_id := number("again")) is not None:
        wanted = _job(job_id).params["ids"]
    return mailing.letters(db.session, actor(), ids=wanted)


@bp.route("/print", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def print_many() -> ResponseReturnValue:
    """What will be printed, in mailing order, and how; few are printed at once, many by a task."""
    chosen = _chosen()
    ready = [letter for letter in chosen if letter.is_ready]
    said, is_small = _said(), len(chosen) <= FEW
    form = PrintManyForm(
        data={
            "copies": 2,
            "form": Form.PDF,
            "has_list": len(ready) > 1,
            "repeats": True,
            "fills_sheets": True,
            "seen": len(ready),
        }
    )
    if request.method == "POST" and ready and form.validate() and _is_as_seen(form, ready):
        wanted = Order(
            [letter.id for letter in chosen],
            copies=form.copies.data,
            form=Form(form.form.data),
            has_list=form.has_list.data,
            repeats=form.repeats.data and form.form.data == Form.PDF,
            fills_sheets=form.fills_sheets.data and form.form.data == Form.PDF,
        )
        title = _("%(count)s agreements", count=f"{len(chosen):,}")
        job_id = submit(form, lambda: mailing.order(db.session, actor(), wanted, title=title).id)
        if job_id is not None:
            start(job_id, here=is_small)
            return leave(_way_on(job_id) if is_small else url_for("jobs.detail", job_id=job_id))
    return render(
        "agreements/print.html",
        form=form,
        ready=ready if len(ready) <= _SHOWN else [],
        offices=_offices(ready),
        count=len(ready),
        pages=sum(letter.pages for letter in ready),
        others=[letter for letter in chosen if not letter.is_ready],
        shown=_SHOWN,
        is_small=is_small,
        said=said,
        ticked=[] if said else [letter.id for letter in chosen],
    )


def _said() -> dict[str, str]:
    """By what the agreements are chosen, if not one by one: the page that is sent back says it again."""
    names = ("rest", "again", *(("all", *NARROWING) if request.args.get("all") else ()))
    return {name: request.args[name] for name in names if request.args.get(name)}


def _is_as_seen(form: PrintManyForm, ready: list[Letter]) -> bool:
    """Whether a list that was not ticked row by row still holds as many; else the form says so."""
    if not _said() or form.seen.data == str(len(ready)):
        return True
    refuse(form, DomainError(N_("The list has changed meanwhile. Check what it holds now, then print.")))
    form.seen.data = str(len(ready))
    return False


def _way_on(job_id: int) -> str:
    """On to the file where all of it was printed already, else to the task."""
    db.session.expire_all()
    job = _job(job_id)
    is_whole = job.state is JobState.DONE and job.result["printed"] and not job.result["refused"]
    return url_for("agreements.printed_file" if is_whole else "jobs.detail", job_id=job_id)


def _offices(ready: list[Letter]) -> list[Office]:
    found: dict[int, Office] = {}
    for letter in ready:
        known = found.get(letter.office_id, Office(letter.office, 0, 0))
        found[letter.office_id] = Office(letter.office, known.count + 1, known.pages + letter.pages)
    return list(found.values())


def _job(job_id: int) -> Job:
    """A task that printed; 404 when somebody else asked for it, unless the user administers that office."""
    found = job_queries.jobs_visible_to(actor()).where(Job.id == job_id, Job.kind == mailing.KIND)
    return db.session.scalar(found) or abort(404)


@bp.get(f"/print/<{ROW}:job_id>")
@requires(P.AGREEMENTS_READ)
def printed(job_id: int) -> ResponseReturnValue:
    """What came of printing: the file, and each agreement that is not in it with what to do next."""
    job = _job(job_id)
    if job.state not in (JobState.DONE, JobState.CANCELLED) or not job.result:
        return leave(url_for("jobs.detail", job_id=job_id))
    refused = [_Refused(**row) for row in job.result["refused"]]
    found = queries.agreements_visible_to(actor()).where(Agreement.id.in_([row.id for row in refused]))
    return render(
        "agreements/printed.html",
        job=job,
        order=Order.of(job.params),
        file=kept.file_of(db.session, job.id),
        kept_for=kept.KEPT.days,
        refused=refused,
        agreements={agreement.id: agreement for agreement in db.session.scalars(found)},
        withdrawn=mailing.withdrawn_since(db.session, actor(), job),
        is_mine=job.owner_id == actor().id,
    )


@dataclass(frozen=True)
class _Refused(mailing.Refused):
    @property
    def text(self) -> str:
        """The sentence in the user's language."""
        return say(DomainError(self.why))

    @property
    def says(self) -> list[str]:
        """Its points in the user's language."""
        return [
            say(
                DomainError(
                    msgid,
                    **{name: Msgid(value) if name in names else value for name, value in params.items()},
                )
            )
            for msgid, params, names in self.points
        ]


@bp.get(f"/print/<{ROW}:job_id>/file")
@requires(P.AGREEMENTS_READ)
def printed_file(job_id: int) -> ResponseReturnValue:
    """The file, a piece at a time; 404 for somebody who may not read all that is in it."""
    job = _job(job_id)
    file = kept.file_of(db.session, job.id)
    if file is None:
        flash(_("This file is no longer kept. Print the originals again."), "warning")
        return leave(url_for("agreements.printed", job_id=job_id))
    if not mailing.is_readable(db.session, actor(), job):
        abort(404)
    pieces: Iterator[bytes] = kept.pieces(db.session, file.id, file.pieces)
    response = Response(stream_with_context(pieces), mimetype=file.media_type)
    response.content_length = file.size
    kind = "inline" if file.media_type == "application/pdf" else "attachment"
    files.name(response, file.filename, kind)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
