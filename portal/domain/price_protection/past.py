"""An agreement as it stood on any day: its phase, its terms and prices, its last day (P1, terms over time)."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, today
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.price_protection.deeds.inforce import said_with, signed_amendments
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.payload import payload, stored
from portal.domain.price_protection.phases import Phase, phase_of

# What each step of its life left behind; steps that move nothing are not named.
_LEFT = {
    "created": Status.DRAFT,
    "submitted": Status.SUBMITTED,
    "sent_back": Status.DRAFT,
    "withdrawn": Status.DRAFT,
    "approved": Status.APPROVED,
    "approval_withdrawn": Status.DRAFT,
    "voided": Status.VOID,
}


@dataclass(frozen=True)
class State:
    """An agreement on a day, in China; `phase` is None before anybody drafted it.

    `data` is what it said on that day; None while nothing that was said then had been approved or is kept.
    """

    on: date
    phase: Phase | None
    data: AgreementPaperData | None
    # The original that stood on that day.
    original: AgreementPaper | None
    ends_on: date
    # The amendment whose terms held on that day, and those that were signed and still to come before the last day.
    amendment: Amendment | None
    upcoming: tuple[Amendment, ...]

    @property
    def is_past(self) -> bool:
        """Whether this is not the state of today."""
        return self.on != today()

    @property
    def is_bygone(self) -> bool:
        """Whether the day lies before today."""
        return self.on < today()

    def knows(self, at: date | datetime | None) -> bool:
        """Whether something of that day, or instant, had happened by then; looking ahead knows all there is."""
        if at is None:
            return False
        return not self.is_bygone or (_day(at) if isinstance(at, datetime) else at) <= self.on


def state_on(session: Session, agreement: Agreement, on: date | None = None) -> State:
    """The state on a day, today in China when none is named; a day to come shows what is agreed for it."""
    on = on or today()
    amendments = signed_amendments(session, agreement)
    known = [one for one in amendments if one.signed_on is not None and one.signed_on <= on]
    status = _status(session, agreement, on)
    original = _original(agreement, on)
    is_open_now = on >= today() and agreement.status in (Status.DRAFT, Status.SUBMITTED)
    data = payload(session, agreement) if is_open_now else stored(original) if original else None
    last = agreement.ends_on
    if status is not Status.TERMINATED and data is not None:
        latest = said_with(known[-1]) if known else data
        last = date.fromisoformat(str(latest["values"].get("expires_on") or agreement.expires_on))
    # What was to take effect only after the end never does (S 2.1); the end is the one that was known on that day.
    known = [one for one in known if one.effective_on <= last]
    holding = [one for one in known if one.effective_on <= on]
    if holding:
        data = said_with(holding[-1])
    return State(
        on=on,
        phase=phase_of(status, agreement.effective_on, last, on) if status else None,
        data=data,
        original=original,
        ends_on=last,
        amendment=holding[-1] if holding else None,
        upcoming=tuple(one for one in known if one.effective_on > on),
    )


def _status(session: Session, agreement: Agreement, on: date) -> Status | None:
    """The status at the end of a day; signing and service count from their own day, not from their record."""
    if on >= today():
        return agreement.status
    if agreement.status is Status.TERMINATED and _ended_by(session, agreement) <= on:
        return Status.TERMINATED
    if agreement.signed_on is not None and agreement.signed_on <= on:
        return Status.SIGNED
    status = None
    for event in reversed(agreement.events):  # they stand newest first
        if event.kind in _LEFT and _day(event.at) <= on:
            status = _LEFT[event.kind]
    return status


def _ended_by(session: Session, agreement: Agreement) -> date:
    """The day from which the early end was known: the notice's service, or the record of it."""
    served = session.scalar(
        sa.select(Termination.served_on).where(
            Termination.agreement_id == agreement.id, Termination.status == DeedStatus.SERVED
        )
    )
    recorded = next(_day(event.at) for event in agreement.events if event.kind == "terminated")
    return served or recorded


def _original(agreement: Agreement, on: date) -> AgreementPaper | None:
    """The original that an approval had made by a day and none had withdrawn by then."""
    return next(
        (
            paper
            for paper in agreement.papers
            if _day(paper.made_at) <= on and (paper.withdrawn_at is None or _day(paper.withdrawn_at) > on)
        ),
        None,
    )


def _day(at: datetime) -> date:
    return at.astimezone(CHINA).date()
