"""The steps of an agreement's life besides its approval: submit, send back, print, sign, file, end (P1)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NoReturn

from sqlalchemy.orm import Session

from portal.db import CHINA, lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import people
from portal.domain.price_protection.defaults import default_values, differing, paper_of, terms_of
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPaper,
    AgreementScan,
    Status,
)
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.problems import Problem, problems
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.trail.beginning import recalled
from portal.domain.users.models import User

REASON_LIMIT = 500
MOST_COPIES = 99
# So many names of those who may approve are said.
_NAMED = 5


class Incomplete(DomainError):
    """The paper is not ready: `problems` lists every hole and every failed check."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__(N_("The agreement is not complete yet. Correct what is listed, then submit it."))
        self.problems = list(found)


def submit(session: Session, actor: User, agreement: Agreement, *, version: int | None = None) -> None:
    """Hand a draft over for approval; raises Incomplete with all that is missing or wrong."""
    _hold(session, agreement, version)
    found = problems(session, agreement)
    if agreement.status is Status.DRAFT and found:
        raise Incomplete(found)
    agreement.move_to(Status.SUBMITTED)
    note(session, actor, agreement, "submitted")


def send_back(session: Session, actor: User, agreement: Agreement, reason: str) -> None:
    """Give a submitted agreement back to its author with a reason; only who may approve it."""
    _hold(session, agreement)
    reason = _reason(reason)
    require_approver(session, actor, agreement)
    if agreement.status is not Status.SUBMITTED:
        _moved_on(agreement)
    agreement.move_to(Status.DRAFT)
    note(session, actor, agreement, "sent_back", reason)


def withdraw_submission(session: Session, actor: User, agreement: Agreement) -> None:
    """Take one's own submission back to go on writing; the author may, and who submitted it."""
    _hold(session, agreement)
    if agreement.status is not Status.SUBMITTED:
        _moved_on(agreement)
    if actor.id not in (agreement.author_id, submitter_id(session, agreement)):
        raise DomainError(
            "Only the author or the person who submitted it can take it back; an approver can send it back."
        )
    agreement.move_to(Status.DRAFT)
    note(session, actor, agreement, "withdrawn")


def withdraw_approval(session: Session, actor: User, agreement: Agreement, reason: str) -> None:
    """Take an approval back before anybody signed; the paper made then is superseded and kept.

    The agreement is a draft again, on today's facts of both parties; its next approval makes the next paper.
    """
    _hold(session, agreement)
    reason = _reason(reason)
    _require_permission(actor, agreement)
    if agreement.status is not Status.APPROVED:
        _moved_on(agreement)
    paper = current_paper(agreement)
    if paper is not None:
        paper.withdrawn_at = now()
        recalled(session, paper)
    terms = agreement.terms[0]
    names = {entry.name for entry in terms_of(paper_of(agreement.template))}
    terms.values = differing(
        {name: value for name, value in terms.values.items() if name in names},
        default_values(session, agreement.region),
    )
    agreement.move_to(Status.DRAFT)
    note(session, actor, agreement, "approval_withdrawn", reason, paper=paper.no if paper else None)


def void(session: Session, actor: User, agreement: Agreement, reason: str) -> None:
    """Give up an agreement that nobody signed; an approved one only by who may approve it."""
    _hold(session, agreement)
    reason = _reason(reason)
    if agreement.status is Status.APPROVED:
        _require_permission(actor, agreement)
        paper = current_paper(agreement)
        if paper is not None:
            paper.withdrawn_at = now()
            recalled(session, paper)
    agreement.move_to(Status.VOID)
    note(session, actor, agreement, "voided", reason)


def record_print(session: Session, actor: User, agreement: Agreement, copies: int) -> None:
    """Write down that so many copies of the original were printed."""
    _hold(session, agreement)
    if not 1 <= copies <= MOST_COPIES:
        raise DomainError("Print between 1 and %(most)s copies.", field="copies", most=MOST_COPIES)
    paper = current_paper(agreement)
    if paper is None or not is_printable(agreement):
        raise DomainError("There is no approved original to print yet.")
    note(session, actor, agreement, "printed", copies=copies, paper=paper.no)


def is_printable(agreement: Agreement) -> bool:
    """Whether there is an original that may be printed for the parties."""
    return agreement.status in BINDING and current_paper(agreement) is not None


def sign(
    session: Session,
    actor: User,
    agreement: Agreement,
    signed_on: date,
    scans: Iterable[tuple[str, bytes]] = (),
) -> None:
    """Record that both parties signed and sealed the paper; `scans` are (name, content), addable later.

    `signed_on` is the later of the two signatures: not before the approval and not after today, in China. What was
    bought since the agreement's first day accrues by a job of its own (`purchases.waiting`).
    """
    hold_distributor(session, agreement.distributor_id)
    _hold(session, agreement)
    paper = current_paper(agreement)
    if agreement.status is not Status.APPROVED or paper is None:
        _moved_on(agreement)
    _check_signing(paper, signed_on)
    agreement.move_to(Status.SIGNED)
    agreement.signed_on = signed_on
    note(session, actor, agreement, "signed", signed_on=signed_on)
    _file(session, actor, agreement, scans)
    waiting.ask(session, actor, agreement.distributor_id)


def _check_signing(paper: AgreementPaper, signed_on: date) -> None:
    approved_on = paper.made_at.astimezone(CHINA).date()
    if signed_on < approved_on:
        raise DomainError(
            "The signing cannot be before the approval on %(day)s.",
            field="signed_on",
            day=approved_on.isoformat(),
        )
    if signed_on > today():
        raise DomainError("This day is in the future.", field="signed_on")


def is_signing_correctable(agreement: Agreement) -> bool:
    """Whether the day of signing may still be put right: signed, and nothing has taken effect by it yet."""
    return agreement.status is Status.SIGNED and today() < agreement.effective_on


def correct_signing(
    session: Session, actor: User, agreement: Agreement, signed_on: date, reason: str
) -> None:
    """Put a wrongly recorded day of signing right before the agreement takes effect; both days stay on record."""
    _hold(session, agreement)
    reason = _reason(reason)
    paper = current_paper(agreement)
    if agreement.status is not Status.SIGNED or paper is None:
        _moved_on(agreement)
    if not is_signing_correctable(agreement):
        raise DomainError(
            "%(number)s took effect on %(day)s; its signing date cannot be corrected any more.",
            number=agreement.number,
            day=agreement.effective_on.isoformat(),
        )
    if signed_on == agreement.signed_on:
        raise DomainError("This is the date already on record.", field="signed_on")
    _check_signing(paper, signed_on)
    before, agreement.signed_on = agreement.signed_on, signed_on
    note(session, actor, agreement, "signing_corrected", reason, before=before, signed_on=signed_on)


def file_scans(
    session: Session, actor: User, agreement: Agreement, scans: Iterable[tuple[str, bytes]]
) -> None:
    """File what came back signed: PDF, JPG, PNG or TIFF, one file or several."""
    _hold(session, agreement)
    if agreement.status not in (Status.SIGNED, Status.TERMINATED):
        raise DomainError("Record the signing first, then file its scan.")
    files = list(scans)
    if not files:
        raise DomainError("Choose the file with the signed paper.", field="scans")
    _file(session, actor, agreement, files)


def end_early(
    session: Session, actor: User, agreement: Agreement, *, ends_on: date, reason: str, notice: str
) -> None:
    """End a signed agreement early, as its served notice says; `ends_on` is its last day.

    For `deeds.serving` alone: nobody ends an agreement without a notice that two persons approved (D4, 13.2). What
    the fund owes is settled elsewhere (P4).
    """
    if agreement.status is not Status.SIGNED or agreement.signed_on is None:
        _moved_on(agreement)
    if ends_on < agreement.signed_on:
        raise DomainError(
            "The last day cannot be before the signing on %(day)s.",
            field="ends_on",
            day=agreement.signed_on.isoformat(),
        )
    if ends_on > agreement.ends_on:
        raise DomainError(
            "The agreement ends on %(day)s anyway.", field="ends_on", day=agreement.ends_on.isoformat()
        )
    agreement.move_to(Status.TERMINATED)
    agreement.ends_on = ends_on
    note(session, actor, agreement, "terminated", reason, ends_on=ends_on, notice=notice)


def require_approver(session: Session, actor: User, agreement: Agreement) -> None:
    """Refuse whoever may not approve this agreement: no permission there, a word of it its own, or submitted it."""
    refusal = why_not_approver(session, actor, agreement)
    if refusal is not None:
        raise refusal


def why_not_approver(session: Session, actor: User, agreement: Agreement) -> DomainError | None:
    """What keeps this user from approving or sending back; None when nothing does."""
    if not actor.can(Permission.AGREEMENTS_APPROVE, agreement.region):
        return DomainError(N_("You may not approve agreements of this office."))
    wrote = people.writers(session, agreement)
    if actor.id in wrote:
        return must_be_another(wrote.values(), people.approvers(session, agreement))
    if actor.id == submitter_id(session, agreement):
        return must_be_another((), people.approvers(session, agreement))
    return None


def must_be_another(wrote: Iterable[str], approvers: Sequence[str]) -> DomainError:
    """Says that whoever wrote in it, or submitted it (`wrote` is empty then), does not approve it, and who may."""
    names, others = "、".join(wrote), "、".join(approvers[:_NAMED])
    if not others:
        return DomainError(
            N_("You wrote in it (written by %(names)s) and nobody else may approve it: ask an administrator.")
            if names
            else N_("You submitted it and nobody else may approve it: ask an administrator."),
            names=names,
        )
    return DomainError(
        N_("You wrote in it (written by %(names)s); somebody else must approve it: %(others)s.")
        if names
        else N_("You submitted it; somebody else must approve it: %(others)s."),
        names=names,
        others=others,
    )


def submitter_id(session: Session, agreement: Agreement) -> int | None:
    """Who handed it over the last time."""
    return session.scalar(people.submitter_of(agreement))


def hold(session: Session, agreement: Agreement) -> None:
    """Lock an agreement and read it and its terms afresh: what was read before the lock may have changed."""
    read = agreement.__dict__.get("terms")
    # Forgotten first, terms that were read come back with the agreement; afterwards they would be asked for twice.
    for terms in read or ():
        session.expire(terms)
    lock(session, agreement)
    if read is None:
        for terms in agreement.terms:
            session.expire(terms)


def _file(session: Session, actor: User, agreement: Agreement, scans: Iterable[tuple[str, bytes]]) -> None:
    for name, content in scans:
        document = documents.store(
            session, content, filename=name, by=actor, allowed=documents.SCANS, field="scans"
        )
        if any(scan.document.sha256 == document.sha256 for scan in agreement.scans):
            raise DomainError("This file has already been filed: %(title)s", field="scans", title=name)
        session.add(AgreementScan(agreement_id=agreement.id, document_id=document.id, filed_by_id=actor.id))
        note(session, actor, agreement, "scan_filed", filename=document.filename, sha256=document.sha256)
    session.expire(agreement, ["scans"])


def _hold(session: Session, agreement: Agreement, version: int | None = None) -> None:
    hold(session, agreement)
    if version is not None and agreement.version != version:
        raise DomainError(
            "Somebody else changed this agreement after you opened it. Check it again before you go on."
        )


def _moved_on(agreement: Agreement) -> NoReturn:
    raise DomainError(
        "%(number)s has moved on in the meantime; this step is no longer possible.", number=agreement.number
    )


def _require_permission(actor: User, agreement: Agreement) -> None:
    if not actor.can(Permission.AGREEMENTS_APPROVE, agreement.region):
        raise DomainError("You may not approve agreements of this office.")


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise DomainError("Enter the reason.", field="reason")
    if len(reason) > REASON_LIMIT:
        raise DomainError("The reason has at most %(limit)s characters.", field="reason", limit=REASON_LIMIT)
    return reason
