"""Turning what came back whole into signed agreements, each with its scan (P1)."""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.scans.grouping import Group, Outcome, groups_of
from portal.domain.price_protection.scans.models import ScanPile, ScanReturn
from portal.domain.price_protection.scans.uploading import FILE
from portal.domain.users.models import User


def ask_filing(
    session: Session,
    actor: User,
    pile: ScanPile,
    signed_on: date | None,
    exceptions: Mapping[int, date | None],
) -> Job:
    """Have a job file every agreement of the pile that is back whole; to be sent after the commit.

    `signed_on` is the day of signing of all but the `exceptions` (by agreement's id, empty for none).
    """
    lock(session, pile)
    if signed_on is None:
        raise DomainError("Say on which day the agreements were signed.", field="signed_on")
    for day in (signed_on, *(day for day in exceptions.values() if day is not None)):
        if day > today():
            raise DomainError("This day is in the future.", field="signed_on")
    ready = [group for group in groups_of(session, actor, pile) if group.outcome is Outcome.READY]
    if not ready:
        raise DomainError(N_("No agreement of this pile is complete and still to be filed."))
    pile.signed_on = signed_on
    for row in session.scalars(
        sa.select(ScanReturn).where(
            ScanReturn.pile_id == pile.id, ScanReturn.agreement_id.in_(list(exceptions))
        )
    ):
        row.signed_on = exceptions[row.agreement_id]
    return jobs.enqueue(session, actor, FILE, title=pile.region.name, total=len(ready), pile_id=pile.id)


def ready_ids(session: Session, actor: User, pile: ScanPile) -> list[int]:
    """The agreements of a pile that can be filed, in the order of their numbers."""
    return [group.agreement_id for group in groups_of(session, actor, pile) if group.outcome is Outcome.READY]


def group_of(session: Session, actor: User, pile: ScanPile, agreement_id: int) -> Group | None:
    """What the pile brought of one agreement, if it can be filed."""
    found = groups_of(session, actor, pile, [agreement_id])
    return found[0] if found and found[0].outcome is Outcome.READY else None


def file_agreement(session: Session, actor: User, pile: ScanPile, seen: Group, scan: bytes) -> None:
    """Turn one agreement to signed with its scan, or add the scan to one that is signed already.

    The checks are those of signing by hand; besides, the pages must still be those that were bound.
    """
    agreement = session.get_one(Agreement, seen.agreement_id)
    lock(session, agreement)
    if not actor.can(Permission.AGREEMENTS_WRITE, agreement.region):
        raise DomainError(N_("You may not file agreements of this office."))
    group = group_of(session, actor, pile, seen.agreement_id)
    if group is None or group.paper_id != seen.paper_id or group.leaves != seen.leaves:
        raise DomainError(
            N_("%(number)s has moved on in the meantime; this step is no longer possible."),
            number=seen.number,
        )
    row = session.get_one(ScanReturn, group.return_id)
    files = [(f"{agreement.number}.pdf", scan)]
    if agreement.status is Status.APPROVED:
        day = row.signed_on or pile.signed_on
        if day is None:
            raise DomainError(N_("Say on which day the agreements were signed."))
        steps.sign(session, actor, agreement, day, files)
    else:
        steps.file_scans(session, actor, agreement, files)
    row.filed_at, row.filed_by_id = now(), actor.id
    row.refusal, row.refusal_params = "", {}


def note_refusal(session: Session, pile: ScanPile, agreement_id: int, error: DomainError) -> None:
    """Keep beside an agreement why it was not filed."""
    row = session.scalar(
        sa.select(ScanReturn).where(ScanReturn.pile_id == pile.id, ScanReturn.agreement_id == agreement_id)
    )
    if row is not None:
        row.refusal, row.refusal_params = error.msgid, dict(error.params)


def note_done(session: Session, actor: User, pile: ScanPile, *, filed: int, refused: int) -> None:
    """Write into the trail what a filing came to."""
    audit.record(
        session, actor, "scan_pile.filed", pile, region_id=pile.region_id, filed=filed, refused=refused
    )
