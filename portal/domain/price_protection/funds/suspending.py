"""What holds a quarter's fund back from the service of a notice on, and whether it was released before (4.4)."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.price_protection.funds.models import FundHold, FundRelease


def case_part(case_id: int) -> str:
    """A case as accounts and holds name it; nothing of its report."""
    return f"C{case_id}"


def hold_quarter(session: Session, agreement_id: int, quarter: str, case_id: int, since_on: date) -> None:
    """Hold the quarter's fund back from the service of a notice on (4.4), once; refused once it was released."""
    ledger.hold(session, agreement_id)
    known = session.scalar(
        sa.select(FundHold.id).where(
            FundHold.agreement_id == agreement_id,
            FundHold.quarter == quarter,
            FundHold.case_part == case_part(case_id),
        )
    )
    if known is not None:
        return  # served twice, or said twice; a case that has ended holds nothing back again
    if released(session, agreement_id, quarter) is not None:
        raise DomainError(
            "The fund of %(quarter)s was released already: the case concerns the quarter of the notice.",
            quarter=quarter,
        )
    session.add(
        FundHold(agreement_id=agreement_id, quarter=quarter, case_part=case_part(case_id), since_on=since_on)
    )
    session.flush()


def lift(session: Session, agreement_id: int, case_id: int) -> None:
    """The case has ended: it holds nothing back any more."""
    ledger.hold(session, agreement_id)
    found = session.scalars(
        sa.select(FundHold).where(
            FundHold.agreement_id == agreement_id,
            FundHold.case_part == case_part(case_id),
            FundHold.lifted_on.is_(None),
        )
    )
    for one in found:
        one.lifted_on = today()
    session.flush()


def holds(session: Session, agreement_id: int, quarter: str) -> list[FundHold]:
    """What holds the quarter's fund back now."""
    return list(
        session.scalars(
            sa.select(FundHold)
            .where(
                FundHold.agreement_id == agreement_id,
                FundHold.quarter == quarter,
                FundHold.lifted_on.is_(None),
            )
            .order_by(FundHold.id)
        )
    )


def released(session: Session, agreement_id: int, quarter: str) -> FundRelease | None:
    """The release of this quarter, if there was one."""
    return session.scalar(
        sa.select(FundRelease).where(FundRelease.agreement_id == agreement_id, FundRelease.quarter == quarter)
    )
