"""How a release or a deduction came about: out of which sums of its quarter, each as it stood at that moment."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Book, Transfer
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.funds.deducting import SOURCE as DEDUCTION
from portal.domain.price_protection.funds.models import DeductionChange, FundDeduction, FundRelease
from portal.domain.price_protection.funds.releasing import SOURCE as RELEASE
from portal.domain.price_protection.funds.releasing import quarter_of_agreement
from portal.domain.price_protection.funds.showing import QuarterSums, quarter_before
from portal.domain.price_protection.purchases.models import Purchase


@dataclass(frozen=True)
class OfRelease:
    """A release: `sums` are its quarter's before it; accrued − reversed − deducted is what was released.

    `released_fen` is all that was released of the quarter, with what came back into it by a restoration (8.4);
    interest is the agreement's rate for so many days.
    """

    release: FundRelease
    sums: QuarterSums
    released_fen: int
    before_no: int
    rate_ppm: int
    days: int

    @property
    def clawed_back_fen(self) -> int:
        """What returns made of an earlier release before the last one a debt of the distributor."""
        return self.released_fen - (self.sums.accrued - self.sums.reversed - self.sums.deducted)


@dataclass(frozen=True)
class Change:
    """A deduction became smaller: by the return of a purchase, or restored (`purchase_id` None); what is left of it."""

    purchase_id: int | None
    document: str
    base_fen: int
    amount_fen: int


@dataclass(frozen=True)
class OfDeduction:
    """A deduction: so much of what the quarter's fund held (`sums`) on the day of the decision."""

    deduction: FundDeduction
    case_name: str
    sums: QuarterSums
    before_no: int
    changes: tuple[Change, ...]

    @property
    def share_ppm(self) -> int:
        """Which share of the fund was taken, in ppm, to a hundredth of a percent: sums are whole fen."""
        base = self.deduction.base_fen
        return round(self.deduction.amount_fen * 10_000 / base) * 100 if base else 0


def explained(
    session: Session, agreement_id: int, source: str, source_id: int
) -> OfRelease | OfDeduction | None:
    """How the release or deduction of an agreement came about; None for what is neither, or another's."""
    if source == RELEASE:
        release = session.get(FundRelease, source_id)
        return _of_release(session, release) if release and release.agreement_id == agreement_id else None
    if source == DEDUCTION:
        deduction = session.get(FundDeduction, source_id)
        return (
            _of_deduction(session, deduction)
            if deduction and deduction.agreement_id == agreement_id
            else None
        )
    return None


def _of_release(session: Session, release: FundRelease) -> OfRelease:
    last_no, fen = session.execute(
        sa.select(
            sa.func.max(Transfer.no),
            sa.cast(sa.func.coalesce(sa.func.sum(Transfer.amount_fen), 0), sa.BigInteger),
        )
        .join(Book, Book.id == Transfer.book_id)
        .where(
            Book.agreement_id == release.agreement_id,
            Transfer.source == RELEASE,
            Transfer.source_id == release.id,
            Transfer.kind == TransferKind.RELEASE,
        )
    ).one()
    before = int(last_no or 0)
    sums = quarter_before(session, release.agreement_id, release.quarter, before)
    quarter = quarter_of_agreement(session, release.agreement_id, release.quarter)
    frozen = frozen_values(session, release.agreement_id, quarter.last_on)
    return OfRelease(
        release,
        sums,
        int(fen),
        before,
        rate_ppm=int(frozen.get("fund_interest_rate") or 0),
        days=(release.released_on - quarter.last_on).days,
    )


def _of_deduction(session: Session, deduction: FundDeduction) -> OfDeduction:
    before = deduction.book_no + 1
    rows = session.execute(
        sa.select(DeductionChange, Purchase.document_number, Purchase.line_no)
        .outerjoin(Purchase, Purchase.id == DeductionChange.purchase_id)
        .where(DeductionChange.deduction_id == deduction.id)
        .order_by(DeductionChange.no)
    )
    return OfDeduction(
        deduction,
        case_names(session, {deduction.case_part})[deduction.case_part],
        quarter_before(session, deduction.agreement_id, deduction.quarter, before),
        before,
        tuple(
            Change(one.purchase_id, f"{document}-{line}" if document else "", one.base_fen, one.amount_fen)
            for one, document, line in rows
        ),
    )
