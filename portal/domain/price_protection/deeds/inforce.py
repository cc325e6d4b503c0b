"""What an agreement says after its amendments: the text as signed, then each signed amendment's (P1)."""

from datetime import date
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.price_protection.models import Agreement, Amendment, DeedStatus
from portal.domain.price_protection.payload import payload


def signed_amendments(session: Session, agreement: Agreement) -> list[Amendment]:
    """The amendments that were signed, in the order of their numbers."""
    return list(
        session.scalars(
            sa.select(Amendment)
            .where(Amendment.agreement_id == agreement.id, Amendment.status == DeedStatus.SIGNED)
            .options(selectinload(Amendment.papers))
            .order_by(Amendment.no)
        )
    )


def said(
    session: Session, agreement: Agreement, *, before_no: int | None = None, on: date | None = None
) -> AgreementPaperData:
    """What the agreement says: with all signed amendments, those before a number, or those in force on a day.

    Of several amendments the later number counts (S 3.1); a later one is never effective before an earlier one.
    """
    found = [
        amendment
        for amendment in signed_amendments(session, agreement)
        if (before_no is None or amendment.no < before_no) and (on is None or amendment.effective_on <= on)
    ]
    return said_with(found[-1]) if found else payload(session, agreement)


def said_with(amendment: Amendment) -> AgreementPaperData:
    """What the agreement says with a signed amendment, as it was frozen with its paper."""
    paper = next(paper for paper in amendment.papers if paper.withdrawn_at is None)
    return cast(AgreementPaperData, paper.payload["after"])


def last_effective_on(session: Session, agreement: Agreement, *, before_no: int | None = None) -> date:
    """The day from which the last amendment is effective, or the agreement itself: the next is not earlier."""
    days = [
        amendment.effective_on
        for amendment in signed_amendments(session, agreement)
        if before_no is None or amendment.no < before_no
    ]
    return max([agreement.effective_on, *days])
