"""A notice is served: the agreement ends on its day, and not before its period of notice is over (13.2, 16.1)."""

from collections.abc import Iterable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, lock, now, today
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.deeds import base, terminating
from portal.domain.price_protection.deeds.life import keep_scans
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import (
    OPEN,
    Agreement,
    Amendment,
    DeedStatus,
    Ground,
    Service,
    Termination,
)
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.steps import end_early
from portal.domain.price_protection.trail.beginning import arrived
from portal.domain.text import clean
from portal.domain.users.models import User

_NOTE_LIMIT = 100


def serve(
    session: Session,
    actor: User,
    deed: Termination,
    *,
    served_on: date,
    how: Service,
    note: str = "",
    scans: Iterable[tuple[str, bytes]] = (),
) -> date:
    """Record the service of an approved notice and end its agreement; gives its last day.

    The day is the notice's own, or later where it arrived too late for it: the day of service for a rescission,
    the agreed days after it for a notice. Never later than the agreement would have ended anyway. Amendments that it
    overtakes lapse. Lines of the days in between, which waited for this, accrue or are told why not by a job.
    """
    hold_distributor(session, deed.agreement.distributor_id)
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.APPROVED)
    paper = base.current_paper(deed)
    if paper is None:
        base.moved_on(deed)
    earliest = max(paper.made_at.astimezone(CHINA).date(), deed.notice_on)
    if served_on < earliest:
        raise DomainError(
            N_("It cannot have been served before its date and its approval, %(day)s."),
            field="served_on",
            day=earliest.isoformat(),
        )
    if served_on > today():
        raise DomainError(N_("This day is in the future."), field="served_on")
    note = clean(note)
    if len(note) > _NOTE_LIMIT:
        raise DomainError(N_("The note has at most %(limit)s characters."), field="note", limit=_NOTE_LIMIT)
    if how is Service.COURIER and not note:
        raise DomainError(N_("Enter courier and number: the agreement asks for a courier."), field="note")
    last = last_day(session, deed, served_on)
    deed.move_to(DeedStatus.SERVED)
    deed.served_on, deed.served_how, deed.served_note = served_on, how, note
    arrived(session, paper, served_on)
    session.flush()
    base.record(session, actor, deed, "served", served_on=served_on, how=how.value, note=note or None)
    keep_scans(session, actor, deed, scans)
    lapsing = overtaken(session, deed.agreement, last)
    end_early(session, actor, deed.agreement, ends_on=last, reason=deed.reason, notice=deed.number)
    for amendment in lapsing:
        _lapse(session, actor, amendment, deed)
    waiting.ask(session, actor, deed.agreement.distributor_id)
    return last


def _lapse(session: Session, actor: User, amendment: Amendment, notice: Termination) -> None:
    """Write down that an amendment ends with its agreement, whose lock is held; nothing of it is deleted.

    One that nobody signed becomes void, and its original counts no more. One that was signed and would take effect
    after the last day stays signed and never does.
    """
    lock(session, amendment)
    if amendment.status in OPEN:
        paper = base.current_paper(amendment)
        if paper is not None:
            paper.withdrawn_at = now()
        if amendment.status is DeedStatus.SUBMITTED:
            amendment.move_to(DeedStatus.DRAFT)  # as if sent back, the way to be void
        amendment.move_to(DeedStatus.VOID)
    base.record(
        session, actor, amendment, "lapsed", notice=notice.number, ends_on=amendment.agreement.ends_on
    )


def overtaken(session: Session, agreement: Agreement, last: date) -> list[Amendment]:
    """The amendments that lapse when the agreement ends on a day: not signed by now, or to take effect only later."""
    return list(
        session.scalars(
            sa.select(Amendment)
            .where(
                Amendment.agreement_id == agreement.id,
                sa.or_(
                    Amendment.status.in_(OPEN),
                    sa.and_(Amendment.status == DeedStatus.SIGNED, Amendment.effective_on > last),
                ),
            )
            .order_by(Amendment.no)
        )
    )


def last_day(session: Session, deed: Termination, served_on: date) -> date:
    """The last day in force when the notice arrives on a day."""
    last = deed.terminates_on
    if deed.ground is Ground.NOTICE:
        days = terminating.agreed_days(session, deed.agreement, terminating.NOTICE_DAYS, served_on)
        last = max(last, served_on + timedelta(days=days))
    else:
        last = max(last, served_on)
    return min(last, deed.agreement.ends_on)
