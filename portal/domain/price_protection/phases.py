"""Where an agreement stands on a day: its status and what follows from its dates (P1)."""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa

from portal.db import today
from portal.domain.price_protection.models import Agreement, Status


class Phase(StrEnum):
    """What people call the state of an agreement; effective and expired follow from the dates."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_SIGNATURE = "awaiting_signature"
    NOT_YET_EFFECTIVE = "not_yet_effective"
    EFFECTIVE = "effective"
    EXPIRED = "expired"
    # Terminated, but its last day is still to come: until then it is in force.
    ENDING = "ending"
    TERMINATED = "terminated"
    VOID = "void"


_BY_STATUS = {
    Status.DRAFT: Phase.DRAFT,
    Status.SUBMITTED: Phase.AWAITING_APPROVAL,
    Status.APPROVED: Phase.AWAITING_SIGNATURE,
    Status.TERMINATED: Phase.TERMINATED,
    Status.VOID: Phase.VOID,
}


def phase_of(status: Status, effective_on: date, ends_on: date, on: date | None = None) -> Phase:
    """The phase on a day, today in China when none is named."""
    on = on or today()
    if status is Status.TERMINATED and on <= ends_on:
        return Phase.ENDING
    if status is not Status.SIGNED:
        return _BY_STATUS[status]
    if on < effective_on:
        return Phase.NOT_YET_EFFECTIVE
    return Phase.EFFECTIVE if on <= ends_on else Phase.EXPIRED


def phase(agreement: Agreement, on: date | None = None) -> Phase:
    """The phase of this agreement on a day, today in China when none is named."""
    return phase_of(agreement.status, agreement.effective_on, agreement.ends_on, on)


def in_phase(wanted: Phase, on: date | None = None) -> sa.ColumnElement[bool]:
    """The condition that `phase` stands for, in SQL."""
    on = on or today()
    if wanted is Phase.ENDING:
        return sa.and_(Agreement.status == Status.TERMINATED, Agreement.ends_on >= on)
    if wanted is Phase.TERMINATED:
        return sa.and_(Agreement.status == Status.TERMINATED, Agreement.ends_on < on)
    if wanted is Phase.NOT_YET_EFFECTIVE:
        return sa.and_(Agreement.status == Status.SIGNED, Agreement.effective_on > on)
    if wanted is Phase.EFFECTIVE:
        return sa.and_(
            Agreement.status == Status.SIGNED, Agreement.effective_on <= on, Agreement.ends_on >= on
        )
    if wanted is Phase.EXPIRED:
        return sa.and_(
            Agreement.status == Status.SIGNED, Agreement.effective_on <= on, Agreement.ends_on < on
        )
    status = next(status for status, phase in _BY_STATUS.items() if phase is wanted)
    return Agreement.status == status
