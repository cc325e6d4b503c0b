"""What a return takes back of a fund, also where that is no longer there: deducted, released, or paid (9.1)."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft, Held, Place
from portal.domain.price_protection.funds.deducting import SOURCE, changes_of, from_taken, left_of
from portal.domain.price_protection.funds.models import DeductionChange, FundDeduction
from portal.domain.price_protection.purchases.entries import Entry
from portal.domain.price_protection.purchases.models import Accrual, Purchase


def take_back(
    held: Held, line: Purchase | Entry, origin: Accrual, fund_fen: int, *, is_released: bool
) -> list[Draft]:
    """The transfers that take a return's fund from where it lies: deductions first, then the fund or its release.

    A deduction that was taken on this purchase shrinks with it, the award unpaid alike, and what was paid of it is
    borne by the company (9.1). What is left comes out of what the quarter's fund still holds and, once that was
    released, is owed by the distributor.

    Of several deductions each shrinks by what of this fund was in its base: what an earlier one had taken when it
    was decided never was, also where that came back afterwards.
    """
    if fund_fen < 0:
        return [_odd_fen(line, origin, -fund_fen, is_released=is_released)]
    left = fund_fen
    drafts: list[Draft] = []
    earlier: list[tuple[_Shrinking, int]] = []
    # What accrued after a decision is safe from it, and no part of it.
    for deduction in [one for one in _deductions(held.session, origin) if origin.book_no <= one.book_no]:
        one = _shrinking(held.session, deduction)
        taken_before = sum(
            before.at(deduction.book_no, before.base_fen) - before.at(deduction.book_no, later)
            for before, later in earlier
        )
        reaches = max(0, min(fund_fen - taken_before, left))
        later_base = max(0, one.base_fen - reaches)
        earlier.append((one, later_base))
        back = min(one.amount_fen - one.at(held.book.last_no, later_base), left)
        if reaches:
            held.session.add(
                DeductionChange(
                    deduction_id=deduction.id,
                    no=one.changes + 1,
                    purchase_id=line.id,
                    base_fen=later_base,
                    amount_fen=one.amount_fen - back,
                )
            )
            held.session.flush()
        drafts.extend(
            _reversal(line, TransferKind.REVERSE_DEDUCTION, place, fen)
            for place, fen in from_taken(held, deduction, one.amount_fen, one.amount_fen - back)
        )
        left -= back
    unreleased = min(left, held.balance(AccountKind.FUND, origin.quarter)) if is_released else left
    if unreleased:
        place = (AccountKind.FUND, origin.quarter)
        drafts.append(_reversal(line, TransferKind.REVERSE_FUND, place, unreleased))
    if left - unreleased:
        place = (AccountKind.CLAWBACK, "")
        drafts.append(_reversal(line, TransferKind.CLAW_BACK_FUND, place, left - unreleased))
    return drafts


def _odd_fen(line: Purchase | Entry, origin: Accrual, fen: int, *, is_released: bool) -> Draft:
    """Rebate and base are rounded each for itself, so their difference, the fund, can grow by a fen as a line shrinks.

    It goes where the quarter's fund is: into it, or to what was released of it. The base takes it back as well.
    """
    return Draft(
        kind=TransferKind.ACCRUE_FUND,
        debit=(AccountKind.REBATE, ""),
        credit=(AccountKind.RELEASED if is_released else AccountKind.FUND, origin.quarter),
        amount_fen=fen,
        key=f"purchase:{line.id}:{TransferKind.ACCRUE_FUND}",
        source="purchase",
        source_id=line.id,
        facts=line.facts,
    )


def _reversal(line: Purchase | Entry, kind: TransferKind, debit: Place, fen: int) -> Draft:
    return Draft(
        kind=kind,
        debit=debit,
        credit=(AccountKind.REBATE, ""),
        amount_fen=fen,
        key=f"purchase:{line.id}:{kind}:{debit[0]}:{debit[1]}",
        source="purchase",
        source_id=line.id,
        facts=line.facts,
    )


class _Shrinking(NamedTuple):
    """A deduction with what is left of it, and what it was fixed at: (place in the book, base, amount)."""

    base_fen: int
    amount_fen: int
    changes: int
    marks: list[tuple[int, int, int]]

    def at(self, book_no: int, base_fen: int) -> int:
        """What it comes to on so large a base, as it had been fixed last when the book had come so far.

        In proportion to what it last was taken or restored on, so that many returns together take what one return
        of them all would.
        """
        _, of, fen = [mark for mark in self.marks if mark[0] <= book_no][-1]
        return (2 * fen * base_fen + of) // (2 * of) if of else 0


def _shrinking(session: Session, deduction: FundDeduction) -> _Shrinking:
    changes = changes_of(session, deduction)
    booked: dict[int, int] = {}
    for key, no in session.execute(
        sa.select(Transfer.key, Transfer.no).where(
            Transfer.source == SOURCE,
            Transfer.source_id == deduction.id,
            Transfer.kind == TransferKind.RESTORE,
        )
    ):
        booked[int(key.split(":")[1])] = no
    marks = [(deduction.book_no, deduction.base_fen, deduction.amount_fen)]
    marks += [(booked[one.id], one.base_fen, one.amount_fen) for one in changes if one.purchase_id is None]
    return _Shrinking(*left_of(session, deduction), marks)


def _deductions(session: Session, origin: Accrual) -> list[FundDeduction]:
    return list(
        session.scalars(
            sa.select(FundDeduction)
            .where(FundDeduction.agreement_id == origin.agreement_id, FundDeduction.quarter == origin.quarter)
            .order_by(FundDeduction.id)
        )
    )
