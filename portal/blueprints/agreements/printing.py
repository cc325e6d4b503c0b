"""Printing many originals, of agreements, amendments and notices: what is chosen, how it comes out, what came of it."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, request, url_for
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
from portal.domain.price_protection import letters, mailing, prints, queries
from portal.domain.price_protection.batches import queries as batches
from portal.domain.price_protection.batches.models import Batch
from portal.domain.price_protection.deeds import pricing
from portal.domain.price_protection.letters import Letter
from portal.domain.price_protection.mailing import Form, Order
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail import queries as trail
from portal.domain.price_protection.trail.models import PaperTrail, Stage
from portal.extensions import db
from portal.jobs import start
from portal.web import files, originals, papers
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


@dataclass(frozen=True)
class Chosen:
    """What is to be printed, and whether its ids are those of originals instead of agreements."""

    letters: list[Letter]
    is_of_originals: bool


def _chosen() -> Chosen:
    """What the address names: ticked rows, all that a list's filter leaves, a price change, a batch, or a task's."""
    me = actor()
    if (change_id := number("change")) is not None:
        return Chosen(letters.of_originals(db.session, me, pricing.originals_of(me, change_id)), True)
    if (batch_id := number("batch")) is not None and not request.args.get("all"):
        batch = db.session.scalar(batches.batches_visible_to(me).where(Batch.id == batch_id)) or abort(404)
        return Chosen(
            letters.of_agreements(db.session, me, ids=batches.to_print(db.session, batch, me)), False
        )
    is_of_originals = request.values.get("of") == "originals"
    if request.args.get("all"):
        if is_of_originals:
            rows = trail.original_rows(db.session, me, originals.wanted())
            narrowed = rows.with_only_columns(PaperTrail.id).order_by(None)
            return Chosen(letters.of_originals(db.session, me, narrowed), True)
        return Chosen(letters.of_agreements(db.session, me, wanted=asked_filter()), False)
    wanted = ids()
    if (job_id := number("rest")) is not None:
        job = _job(job_id)
        wanted, is_of_originals = mailing.rest(db.session, job), Order.of(job.params).is_of_originals
    elif (job_id := number("again")) is not None:
        order = Order.of(_job(job_id).params)
        wanted, is_of_originals = list(order.ids), order.is_of_originals
    if is_of_originals:
        return Chosen(letters.of_originals(db.session, me, wanted), True)
    return Chosen(letters.of_agreements(db.session, me, ids=wanted), False)


@bp.route("/print", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def print_many() -> ResponseReturnValue:
    """What will be printed, in mailing order, and how; few are printed at once, many by a task."""
    order = _chosen()
    chosen = order.letters
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
            is_of_originals=order.is_of_originals,
        )
        count = f"{len(chosen):,}"
        is_mixed = order.is_of_originals
        title = _("%(count)s originals", count=count) if is_mixed else _("%(count)s agreements", count=count)
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
        has_seal=papers.seal_files() is not None,
        said=said,
        originals=_originals(ready, is_of_originals=order.is_of_originals) if is_small else [],
        ticked=[] if said else [letter.id for letter in chosen],
        of="originals" if order.is_of_originals else "",
    )


def _originals(ready: list[Letter], *, is_of_originals: bool) -> list[int]:
    """The originals of these letters: few are printed in a window of their own, what comes next stays here."""
    if is_of_originals:
        return [letter.id for letter in ready]
    of = PaperTrail.paper_id.in_([letter.paper_id for letter in ready])
    return list(db.session.scalars(sa.select(PaperTrail.id).where(of, PaperTrail.stage == Stage.NONE)))


def _said() -> dict[str, str]:
    """By what they are chosen, if not one by one: the page that is sent back says it again."""
    names = ("rest", "again", "change", "batch")
    if request.args.get("all"):
        lists = ("of", *originals.NARROWING) if request.args.get("of") == "originals" else NARROWING
        names = (*names, "all", *lists)
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
    order = Order.of(job.params)
    return render(
        "agreements/printed.html",
        job=job,
        order=order,
        file=kept.file_of(db.session, job.id),
        kept_for=kept.KEPT.days,
        refused=refused,
        named=_named([row.id for row in refused], is_of_originals=order.is_of_originals),
        withdrawn=mailing.withdrawn_since(db.session, actor(), job),
        is_mine=job.owner_id == actor().id,
        unasked=originals.unasked(job_id=job.id),
    )


def _named(wanted: list[int], *, is_of_originals: bool) -> dict[int, tuple[str, str, str]]:
    """Number, company and address of those of these agreements, or originals, that the user sees."""
    me = actor()
    if is_of_originals:
        rows = trail.original_rows(db.session, me).where(PaperTrail.id.in_(wanted))
        return {
            row.id: (row.number, row.distributor_name, originals.original_page(row))
            for row in db.session.execute(rows)
        }
    found = queries.agreements_visible_to(me).where(Agreement.id.in_(wanted))
    return {
        one.id: (one.number, one.distributor.name, url_for("agreements.detail", id=one.id))
        for one in db.session.scalars(found)
    }


@dataclass(frozen=True)
class _Refused(prints.Refused):
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
    return files.of_job(file)
