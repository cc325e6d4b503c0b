"""The steps that amendments and notices share: submit, send back, approve, print, give up (P1, P8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.access.roles import Permission
from portal.domain.documents import services as documents
from portal.domain.electronic_seals import services as seals
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.deeds import DeedData, deed_sha256
from portal.domain.price_protection.approval import (
    Blocked,
    Printed,
    new_code,
    seal_params,
)
from portal.domain.price_protection.deeds import amending, amendment_checks, base, terminating
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import (
    Amendment,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Termination,
)
from portal.domain.price_protection.problems import Problem
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.steps import MOST_COPIES
from portal.domain.price_protection.trail.beginning import begin
from portal.domain.users.models import User


class Incomplete(DomainError):
    """The deed is not ready: `problems` lists every hole and every failed check."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__(N_("It is not complete yet. Correct what is listed, then submit it."))
        self.problems = list(found)


@dataclass(frozen=True)
class FrozenDeed:
    """All that a deed's original is printed from; plain values, so that no transaction is needed to print it."""

    title: str
    version: int
    paper_no: int
    code: str
    made_at: datetime
    template_text: str
    data: DeedData
    sha256: str


DeedRenderer = Callable[[FrozenDeed], Printed]


def data_of(session: Session, deed: AnyDeed) -> DeedData:
    """What the deed's paper says: frozen from approval on, before that as it stands now."""
    if isinstance(deed, Amendment):
        return amending.data_of(session, deed)
    return terminating.data_of(session, deed)


def problems_of(session: Session, deed: AnyDeed, data: DeedData) -> list[Problem]:
    """What is missing or wrong in it; empty when it can be submitted."""
    if isinstance(deed, Amendment):
        return amendment_checks.problems(session, deed, data)
    return terminating.problems(session, deed, data)


def obstacles_of(session: Session, deed: AnyDeed, data: DeedData) -> list[Problem]:
    """What keeps it from being approved although it is complete."""
    if isinstance(deed, Amendment):
        return amendment_checks.obstacles(session, deed, data)
    return terminating.obstacles(session, deed, data)


def submit(session: Session, actor: User, deed: AnyDeed, *, version: int | None = None) -> None:
    """Hand a draft over for approval; raises Incomplete with all that is missing or wrong."""
    base.hold(session, deed, version)
    base.require_status(deed, DeedStatus.DRAFT)
    data = data_of(session, deed)
    found = problems_of(session, deed, data)
    if found:
        raise Incomplete(found)
    deed.move_to(DeedStatus.SUBMITTED)
    if isinstance(deed, Amendment):
        amending.keep_as_read(deed, data)
        deed.refusal = {}
    deed.submitted_by_id = actor.id
    base.record(session, actor, deed, "submitted")


def withdraw(session: Session, actor: User, deed: AnyDeed) -> None:
    """Take one's own submission back to go on writing; the author may, and who submitted it."""
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.SUBMITTED)
    if actor.id not in (deed.author_id, deed.submitted_by_id):
        raise DomainError(
            "Only the author or the person who submitted it can take it back; an approver can send it back."
        )
    _back_to_draft(deed)
    base.record(session, actor, deed, "withdrawn")


def send_back(session: Session, actor: User, deed: AnyDeed, reason: str) -> None:
    """Give a submitted deed back to its author with a reason; only who may approve it."""
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.SUBMITTED)
    base.require_approver(session, actor, deed)
    reason = base.reason_of(reason)
    _back_to_draft(deed)
    base.record(session, actor, deed, "sent_back", reason)


def review(session: Session, actor: User, amendment: Amendment, *, seen_sha256: str) -> None:
    """Counsel has read the submitted amendment as it stands (S, drafting note); a change asks for it again."""
    base.hold(session, amendment)
    base.require_status(amendment, DeedStatus.SUBMITTED)
    if not actor.can(Permission.TEMPLATES_RELEASE):
        raise DomainError("Only counsel at head office can review an amendment.")
    data = data_of(session, amendment)
    sha256 = deed_sha256(data)
    if sha256 != seen_sha256:
        _changed(amendment)
    amending.keep_as_read(amendment, data)
    amendment.refusal = {}
    amendment.counsel_id, amendment.counsel_at, amendment.counsel_sha256 = actor.id, now(), sha256
    base.record(session, actor, amendment, "reviewed", payload_sha256=sha256)


def approve(
    session: Session, actor: User, deed: AnyDeed, *, seen_sha256: str, render: DeedRenderer
) -> DeedPaper | None:
    """Approve what was read and keep its paper, byte for byte; the caller commits.

    The transaction is ended while `render` works and another one begun for the decision, in which everything is
    checked again. A notice wants two persons (D4): the first approval makes no paper, None is given. Raises
    Blocked with every reason, or DomainError.
    """
    data = _approvable(session, actor, deed, seen_sha256)
    if isinstance(deed, Termination) and deed.first_sha256 != seen_sha256:
        base.hold(session, deed)
        _approvable(session, actor, deed, seen_sha256)
        deed.first_approver_id, deed.first_approved_at, deed.first_sha256 = actor.id, now(), seen_sha256
        base.record(session, actor, deed, "approved_first", payload_sha256=seen_sha256)
        return None
    frozen = FrozenDeed(
        title=deed.title,
        version=deed.version,
        paper_no=_next_paper_no(session, deed),
        code=new_code(),
        made_at=now().replace(microsecond=0),
        template_text=deed.template.text,
        data=data,
        sha256=seen_sha256,
    )
    session.rollback()
    printed = render(frozen)
    return _keep(session, actor, deed, frozen, printed)


def _approvable(session: Session, actor: User, deed: AnyDeed, seen_sha256: str) -> DeedData:
    base.require_status(deed, DeedStatus.SUBMITTED)
    base.require_approver(session, actor, deed)
    data = data_of(session, deed)
    found = [*problems_of(session, deed, data), *obstacles_of(session, deed, data)]
    if found:
        raise Blocked(found)
    if deed_sha256(data) != seen_sha256:
        _changed(deed)
    return data


def _changed(deed: AnyDeed) -> None:
    raise DomainError("%(number)s has changed since you opened it. Please read it again.", number=deed.title)


def _keep(session: Session, actor: User, deed: AnyDeed, frozen: FrozenDeed, printed: Printed) -> DeedPaper:
    hold_distributor(session, deed.agreement.distributor_id)
    base.hold(session, deed)
    if deed.version != frozen.version:
        _changed(deed)
    if isinstance(deed, Amendment):
        amending.hold_approvals(session, deed)
    _approvable(session, actor, deed, frozen.sha256)
    suffix = f"-{frozen.paper_no}" if frozen.paper_no > 1 else ""
    document = documents.store(
        session,
        printed.pdf,
        filename=f"{frozen.title}{suffix}.pdf",
        by=actor,
        media_type="application/pdf",
    )
    if printed.seal is not None:
        seals.record(session, actor, document, printed.seal)
    is_amendment = isinstance(deed, Amendment)
    paper = DeedPaper(
        amendment_id=deed.id if is_amendment else None,
        termination_id=None if is_amendment else deed.id,
        no=frozen.paper_no,
        code=frozen.code,
        document_id=document.id,
        pages=printed.pages,
        payload=dict(frozen.data),
        payload_sha256=frozen.sha256,
        made_at=frozen.made_at,
        made_by_id=actor.id,
    )
    session.add(paper)
    deed.move_to(DeedStatus.APPROVED)
    if isinstance(deed, Amendment):
        amending.keep_as_read(deed, frozen.data)
        deed.refusal = {}
    session.flush()
    begin(session, paper)
    session.expire(deed, ["papers"])
    base.record(
        session,
        actor,
        deed,
        "approved",
        paper=paper.no,
        pages=paper.pages,
        template=f"{deed.template.key} {deed.template.version}",
        payload_sha256=frozen.sha256,
        document_sha256=document.sha256,
        **seal_params(printed),
    )
    return paper


def _next_paper_no(session: Session, deed: AnyDeed) -> int:
    column = DeedPaper.amendment_id if isinstance(deed, Amendment) else DeedPaper.termination_id
    return (session.scalar(sa.select(sa.func.max(DeedPaper.no)).where(column == deed.id)) or 0) + 1


def withdraw_approval(session: Session, actor: User, deed: AnyDeed, reason: str) -> None:
    """Take an approval back before anybody signed or it was sent; the paper made then is superseded and kept."""
    hold_distributor(session, deed.agreement.distributor_id)  # lines of its days waited for it
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.APPROVED)
    _require_permission(actor, deed)
    reason = base.reason_of(reason)
    paper = _supersede(deed)
    _back_to_draft(deed)
    base.record(session, actor, deed, "approval_withdrawn", reason, paper=paper.no if paper else None)
    waiting.ask(session, actor, deed.agreement.distributor_id)


def void(session: Session, actor: User, deed: AnyDeed, reason: str) -> None:
    """Give up a deed that took no effect; an approved one only by who may approve it."""
    hold_distributor(session, deed.agreement.distributor_id)
    base.hold(session, deed)
    reason = base.reason_of(reason)
    was_approved = deed.status is DeedStatus.APPROVED
    if was_approved:
        _require_permission(actor, deed)
        _supersede(deed)
    deed.move_to(DeedStatus.VOID)
    base.record(session, actor, deed, "voided", reason)
    if was_approved:
        waiting.ask(session, actor, deed.agreement.distributor_id)


def record_print(session: Session, actor: User, deed: AnyDeed, copies: int) -> None:
    """Write down that so many copies of the original were printed."""
    base.hold(session, deed)
    if not 1 <= copies <= MOST_COPIES:
        raise DomainError("Print between 1 and %(most)s copies.", field="copies", most=MOST_COPIES)
    paper = base.current_paper(deed)
    if paper is None:
        raise DomainError("There is no approved original to print yet.")
    base.record(session, actor, deed, "printed", copies=copies, paper=paper.no)


def file_scans(session: Session, actor: User, deed: AnyDeed, scans: Iterable[tuple[str, bytes]]) -> None:
    """File what came back, or what proves the service: PDF, JPG, PNG or TIFF, one file or several."""
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.SIGNED, DeedStatus.SERVED)
    files = list(scans)
    if not files:
        raise DomainError("Choose the file with the signed paper.", field="scans")
    keep_scans(session, actor, deed, files)


def keep_scans(session: Session, actor: User, deed: AnyDeed, scans: Iterable[tuple[str, bytes]]) -> None:
    """Keep each file with the deed; one that is there already is refused."""
    is_amendment = isinstance(deed, Amendment)
    for name, content in scans:
        document = documents.store(
            session, content, filename=name, by=actor, allowed=documents.SCANS, field="scans"
        )
        if any(scan.document.sha256 == document.sha256 for scan in deed.scans):
            raise DomainError("This file has already been filed: %(title)s", field="scans", title=name)
        session.add(
            DeedScan(
                amendment_id=deed.id if is_amendment else None,
                termination_id=None if is_amendment else deed.id,
                document_id=document.id,
                filed_by_id=actor.id,
            )
        )
        session.flush()
        session.expire(deed, ["scans"])
        base.record(session, actor, deed, "scan_filed", filename=document.filename, sha256=document.sha256)


def _supersede(deed: AnyDeed) -> DeedPaper | None:
    paper = base.current_paper(deed)
    if paper is not None:
        paper.withdrawn_at = now()
    return paper


def _back_to_draft(deed: AnyDeed) -> None:
    """A draft again: what was approved or reviewed of it counts no more."""
    deed.move_to(DeedStatus.DRAFT)
    if isinstance(deed, Amendment):
        deed.counsel_id = deed.counsel_at = deed.counsel_sha256 = None
    else:
        deed.first_approver_id = deed.first_approved_at = deed.first_sha256 = None


def _require_permission(actor: User, deed: AnyDeed) -> None:
    if not actor.can(Permission.AGREEMENTS_APPROVE, deed.agreement.region):
        raise DomainError("You may not approve agreements of this office.")
