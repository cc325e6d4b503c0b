"""Whether a paper in the hand is the approved one: what the code on every page asks (P8)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementTerms,
    Amendment,
    DeedPaper,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.queries import successor
from portal.domain.templates.models import Template
from portal.domain.text import clean, half_width
from portal.domain.users.models import User


class Answer(StrEnum):
    """What is said of a paper."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    WRONG_PAGE = "wrong_page"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why a paper that was approved once is not the one that holds."""

    NEWER_VERSION = "newer_version"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    TERMINATED = "terminated"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Verdict:
    """The answer, and what the viewer may know of the paper besides it.

    Every finder of a paper learns its number, its office and whether it holds; the rest is for whoever may
    read the agreement (`is_readable`). `page` is the page asked about, None when none was.
    """

    answer: Answer
    page: int | None = None
    agreement: Agreement | None = None
    paper: AgreementPaper | DeedPaper | None = None
    # The amendment or notice that it is the paper of; None for the agreement itself.
    deed: Amendment | Termination | None = None
    approver: User | None = None
    cause: Cause | None = None
    # What holds instead: the later paper of this agreement, or the agreement that followed it.
    newer_paper: AgreementPaper | DeedPaper | None = None
    follower: Agreement | None = None
    amended_on: date | None = None
    is_readable: bool = False

    @property
    def number(self) -> str:
        """The number of what the paper is: of the agreement, the amendment or the notice."""
        if self.deed is not None:
            return self.deed.title
        return self.agreement.number if self.agreement is not None else ""

    @property
    def template(self) -> Template | None:
        """The text that the paper was printed on."""
        printed = self.deed or self.agreement
        return printed.template if printed is not None else None

    @property
    def is_notice(self) -> bool:
        """Whether it is a notice of termination, which is served and not signed."""
        return isinstance(self.deed, Termination)

    @property
    def is_unsigned(self) -> bool:
        """Whether the paper is the approved one, but nobody has recorded its signatures, or its service."""
        if self.answer is not Answer.CURRENT or self.agreement is None:
            return False
        if self.deed is not None:
            return self.deed.status is DeedStatus.APPROVED
        return self.agreement.status is Status.APPROVED

    @property
    def begins_on(self) -> date | None:
        """The day on which what was signed takes effect, when that is still to come (Asia/Shanghai)."""
        if self.answer is not Answer.CURRENT or self.agreement is None or self.is_unsigned or self.is_notice:
            return None
        first = self.deed.effective_on if isinstance(self.deed, Amendment) else self.agreement.effective_on
        return first if first > today() else None

    @property
    def ends_early(self) -> bool:
        """Whether the agreement was terminated and its last day is still to come."""
        return (
            self.answer is Answer.CURRENT
            and self.agreement is not None
            and self.agreement.status is Status.TERMINATED
        )


def normal_code(typed: str) -> str:
    """A code as it is kept, from what was typed off the paper: any case and width, blanks and hyphens."""
    return "".join(half_width(clean(typed)).upper().replace("-", "").split())[:40]


def verify(session: Session, viewer: User, code: str, page: str = "") -> Verdict:
    """What is to be said of the paper with this code, today in China.

    An unknown code gets one answer only, whatever else was asked.
    """
    paper: AgreementPaper | DeedPaper | None = session.scalar(
        sa.select(AgreementPaper).where(AgreementPaper.code == normal_code(code))
    )
    if paper is None:
        paper = session.scalar(sa.select(DeedPaper).where(DeedPaper.code == normal_code(code)))
    if paper is None:
        return Verdict(Answer.UNKNOWN)
    deed = paper.deed if isinstance(paper, DeedPaper) else None
    agreement = paper.deed.agreement if isinstance(paper, DeedPaper) else paper.agreement
    asked = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else None
    newer: AgreementPaper | DeedPaper | None = None
    amended_on = None
    if isinstance(paper, DeedPaper):
        cause, newer = _deed_cause(paper)
    else:
        cause, newer, amended_on = _cause(session, paper)
    answer = Answer.SUPERSEDED if cause else Answer.CURRENT
    if asked is not None and not 1 <= asked <= paper.pages:
        answer = Answer.WRONG_PAGE
    is_readable = viewer.can(Permission.AGREEMENTS_READ, agreement.region)
    follower = successor(session, agreement) if is_readable and cause else None
    if follower is not None and not viewer.can(Permission.AGREEMENTS_READ, follower.region):
        follower = None
    return Verdict(
        answer=answer,
        page=asked,
        agreement=agreement,
        paper=paper,
        deed=deed,
        approver=session.get(User, paper.made_by_id),
        cause=cause,
        newer_paper=newer,
        follower=follower,
        amended_on=amended_on,
        is_readable=is_readable,
    )


def _cause(
    session: Session, paper: AgreementPaper
) -> tuple[Cause | None, AgreementPaper | None, date | None]:
    """Why the paper no longer holds, the paper that does, the day of an amendment; nothing when it holds."""
    agreement = paper.agreement
    newer = session.scalar(
        sa.select(AgreementPaper)
        .where(
            AgreementPaper.agreement_id == agreement.id,
            AgreementPaper.no > paper.no,
            AgreementPaper.withdrawn_at.is_(None),
        )
        .order_by(AgreementPaper.no.desc())
        .limit(1)
    )
    if newer is not None:
        return Cause.NEWER_VERSION, newer, None
    if agreement.status is Status.VOID:
        return Cause.VOID, None, None
    if paper.withdrawn_at is not None or agreement.status in (Status.DRAFT, Status.SUBMITTED):
        return Cause.WITHDRAWN, None, None
    if agreement.ends_on < today():
        terminated = agreement.status is Status.TERMINATED
        return (Cause.TERMINATED if terminated else Cause.EXPIRED), None, None
    amended_on = session.scalar(
        sa.select(sa.func.max(AgreementTerms.effective_on)).where(
            AgreementTerms.agreement_id == agreement.id,
            AgreementTerms.no > 0,
            AgreementTerms.effective_on <= today(),
        )
    )
    return (Cause.AMENDED if amended_on else None), None, amended_on


def _deed_cause(paper: DeedPaper) -> tuple[Cause | None, DeedPaper | None]:
    """Why an amendment's or a notice's paper no longer holds, and the later one that does."""
    deed, agreement = paper.deed, paper.deed.agreement
    newer = next((one for one in deed.papers if one.no > paper.no and one.withdrawn_at is None), None)
    if newer is not None:
        return Cause.NEWER_VERSION, newer
    if deed.status is DeedStatus.VOID:
        return Cause.VOID, None
    if paper.withdrawn_at is not None or deed.status in (DeedStatus.DRAFT, DeedStatus.SUBMITTED):
        return Cause.WITHDRAWN, None
    if (
        isinstance(deed, Amendment)
        and agreement.status is Status.TERMINATED
        and (deed.status is not DeedStatus.SIGNED or deed.effective_on > agreement.ends_on)
    ):
        # Not signed in time, or never to take effect: it lapsed with the notice, before the last day.
        return Cause.TERMINATED, None
    # A notice goes on telling how the agreement ended; an amendment ends with its agreement.
    if isinstance(deed, Amendment) and agreement.ends_on < today():
        return (Cause.TERMINATED if agreement.status is Status.TERMINATED else Cause.EXPIRED), None
    return None, None
