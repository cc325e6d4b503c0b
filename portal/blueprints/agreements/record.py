"""An agreement's record, its paper as PDF, and the scans of what was signed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp, loading, sealing, words
from portal.blueprints.agreements.differences import shown
from portal.blueprints.agreements.forms import PrintForm
from portal.blueprints.agreements.showing import under_way
from portal.db import now, today
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.price_protection import past, queries, sheet_fit, steps
from portal.domain.price_protection.deeds import queries as deed_queries
from portal.domain.price_protection.models import Agreement, Amendment, PriceKind, Status, Termination
from portal.domain.price_protection.payload import current_paper, payload
from portal.domain.price_protection.phases import Phase, phase
from portal.domain.price_protection.problems import obstacles, problems
from portal.extensions import db
from portal.printing.agreement import refusal as too_many
from portal.printing.agreement import render_agreement
from portal.web import files
from portal.web.access import actor, requires
from portal.web.htmx import render, say
from portal.web.requests import ROW
from portal.web.templating import day
from portal.web.words import word

# The terms that the record shows; the paper says the rest.
_SHOWN = ("signing_place", "release_method", "response_days", "appeal_days")


@dataclass(frozen=True)
class Powers:
    """What this user may do about this agreement; a text says why not."""

    may_write: bool
    may_approve: bool
    # What keeps this user from approving; empty when nothing does.
    why_not_approve: str
    is_mine: bool


def powers(agreement: Agreement) -> Powers:
    """What the user of this request may do."""
    me = actor()
    refusal = steps.why_not_approver(db.session, me, agreement)
    return Powers(
        may_write=me.can(P.AGREEMENTS_WRITE, agreement.region),
        may_approve=me.can(P.AGREEMENTS_APPROVE, agreement.region),
        why_not_approve=say(refusal) if refusal else "",
        is_mine=me.id in (agreement.author_id, steps.submitter_id(db.session, agreement)),
    )


@bp.get(f"/<{ROW}:id>/")
@requires(P.AGREEMENTS_READ)
def detail(id: int) -> ResponseReturnValue:
    """The record: where it stands, what comes next, what it says, its papers and its history."""
    agreement = loading.readable(id)
    typed, refusal, on = request.args.get("on", "").strip()[:20], "", None
    try:
        on = text.date_on(typed) if typed else None
    except DomainError as error:
        refusal = say(error)
    return render("agreements/detail.html", **context(agreement, on), on_typed=typed, on_refused=refusal)


def context(agreement: Agreement, on: date | None = None) -> dict[str, Any]:
    """Everything that the record page shows: as it stands, or stood on a day."""
    is_open = agreement.status in (Status.DRAFT, Status.SUBMITTED)
    found = problems(db.session, agreement) if is_open else []
    later = queries.successor(db.session, agreement)
    state = past.state_on(db.session, agreement, on)
    data = state.data or payload(db.session, agreement)
    values = data["values"]
    here = phase(agreement)
    return {
        "agreement": agreement,
        "phase": here,
        "Phase": Phase,
        "powers": powers(agreement),
        "stops": words.stops(agreement),
        "self_next": words.next_step(agreement, is_complete=not found, successor=later),
        "problems": found,
        "under_way": under_way(agreement.follows_id) if is_open else "",
        "too_long": _too_long(agreement) if agreement.status is Status.DRAFT else "",
        "obstacles": obstacles(db.session, agreement) if is_open else [],
        "state": state,
        "said": state.data is not None,
        "deeds": _deeds(agreement, state),
        "values": values,
        "facts_": {
            name: shown(name, value) for name in _SHOWN if (value := values.get(name)) not in (None, "")
        },
        "prices": data["prices"],
        "kind_word": lambda code: word(PriceKind(code)),
        "violations": data["violations"],
        "paper": state.original if state.is_bygone else current_paper(agreement),
        "seal": sealing.shown(
            current_paper(agreement), may_approve=actor().can(P.AGREEMENTS_APPROVE, agreement.region)
        ),
        "may_correct_signing": steps.is_signing_correctable(agreement),
        "is_printed": words.is_printed(agreement),
        "copies": values.get("copies_total") or 2,
        "print_form": PrintForm(),
        "events": [
            (
                event.at,
                str(words.EVENTS.get(event.kind, event.kind)),
                words.told(event),
                event.by and event.by.name,
            )
            for event in agreement.events
            if state.knows(event.at)
        ],
        "successor": later,
        "follows": db.session.get(Agreement, agreement.follows_id) if agreement.follows_id else None,
        "is_expiring": here is Phase.EFFECTIVE and agreement.ends_on <= today() + timedelta(days=90),
    }


def _too_long(agreement: Agreement) -> str:
    """Why a draft that was found too long for its sheet is not submitted as it stands; empty otherwise."""
    pages = sheet_fit.kept(db.session, agreement)
    return "" if pages is None else say(too_many(pages))


def _deeds(agreement: Agreement, state: past.State) -> list[tuple[Amendment | Termination, str, str]]:
    """Amendments and notices of that day, the newest first: each with its address and what it is about."""
    rows: list[tuple[Amendment | Termination, str, str]] = []
    for kind, what in ((Amendment, "amendments"), (Termination, "notices")):
        found = db.session.scalars(deed_queries.of_agreement(kind, agreement))
        rows += [
            (
                deed,
                url_for("agreements.deed", id=agreement.id, what=what, deed_id=deed.id),
                _(", ").join(
                    (deed.reason, _("from %(day)s", day=day(deed.effective_on)))
                    if isinstance(deed, Amendment)
                    else (_("notice of termination"), _("ends on %(day)s", day=day(deed.terminates_on)))
                ),
            )
            for deed in found
            if state.knows(deed.created_at)
        ]
    return rows


@bp.get(f"/<{ROW}:id>/contract.pdf")
@requires(P.AGREEMENTS_READ)
def contract(id: int) -> ResponseReturnValue:
    """The paper: the approved original byte for byte, or the draft as it stands with its watermark.

    `?no=` asks for an earlier original, one whose approval was withdrawn.
    """
    agreement = loading.readable(id)
    wanted = request.args.get("no", "")
    paper = current_paper(agreement)
    if wanted:
        paper = next((row for row in agreement.papers if str(row.no) == wanted), None) or abort(404)
    if paper is not None:
        return file(paper.document, f"{agreement.number}.pdf")
    data, text, number = payload(db.session, agreement), agreement.template.text, agreement.number
    version = agreement.version
    # The paper takes its time; the database is let go meanwhile.
    db.session.rollback()
    made = render_agreement(data, text, number=number, version=version, draft=True, made_at=now())
    return inline(made.pdf, "application/pdf", f"{number}-draft.pdf")


@bp.get(f"/<{ROW}:id>/scans/<{ROW}:scan_id>")
@requires(P.AGREEMENTS_READ)
def scan(id: int, scan_id: int) -> ResponseReturnValue:
    """A scan of the signed paper; it is reached only through its agreement."""
    agreement = loading.readable(id)
    found = next((row for row in agreement.scans if row.id == scan_id), None) or abort(404)
    return file(found.document, found.document.filename)


def file(document: Document, filename: str) -> Response:
    """A kept file, shown by the browser."""
    return inline(documents.content(db.session, document), document.media_type, filename)


def inline(data: bytes, media_type: str, filename: str) -> Response:
    """A file shown by the browser, kept by nobody on the way."""
    return files.shown(data, media_type, filename)
