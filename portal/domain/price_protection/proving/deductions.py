"""Proving deductions: each taken again from what the books held, returns and restorations replayed (8, 9.1)."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds.models import DeductionChange, FundDeduction
from portal.domain.price_protection.proving.proof import Booked, booked, half_up
from portal.domain.price_protection.purchases.models import Accrual, Purchase

T, A = TransferKind, AccountKind


class _Return(NamedTuple):
    """Goods that came back: where their accrual and their purchase's stand in the book, and the fund they take."""

    purchase_id: int
    book_no: int
    bought_no: int
    fen: int


@dataclass
class _Replayed:
    """A deduction on its way through what happened to it."""

    row: FundDeduction
    changes: list[DeductionChange]
    base: int = 0
    amount: int = 0
    # (place in the book, base, amount) whenever it was fixed anew.
    fixed: list[tuple[int, int, int]] = field(default_factory=list)

    def fix(self, no: int, amount: int) -> None:
        self.amount = amount
        self.fixed.append((no, self.base, amount))

    def of_base(self, no: int, base: int) -> int:
        """What it came to on so large a base at that place in the book."""
        _, of, amount = [one for one in self.fixed if one[0] <= no][-1]
        return half_up(Fraction(amount * base, of)) if of else 0

    def next_is(self, purchase_id: int | None, change_id: int | None = None) -> None:
        """The next change on record is this one, and says what was recomputed."""
        change = self.changes.pop(0) if self.changes else None
        if (
            change is None
            or change_id not in (None, change.id)
            or (change.purchase_id, change.base_fen, change.amount_fen)
            != (
                purchase_id,
                self.base,
                self.amount,
            )
        ):
            raise _wrong(self.row)


def prove(session: Session) -> int:
    """Replay every deduction; returns how many; raises Break for the first that is another than the books make."""
    rows = session.scalars(
        sa.select(FundDeduction).order_by(FundDeduction.id).execution_options(populate_existing=True)
    ).all()
    moved = booked(session, "fund_deduction", [row.id for row in rows])
    quarters: dict[tuple[int, str], list[FundDeduction]] = defaultdict(list)
    for row in rows:
        _as_booked(session, row, moved.get(row.id, []))
        quarters[row.agreement_id, row.quarter].append(row)
    changes: dict[int, list[DeductionChange]] = defaultdict(list)
    for change in session.scalars(
        sa.select(DeductionChange)
        .order_by(DeductionChange.deduction_id, DeductionChange.no)
        .execution_options(populate_existing=True)
    ):
        changes[change.deduction_id].append(change)
        if change.no != len(changes[change.deduction_id]):
            raise Break(N_("A change of deduction %(id)s is missing."), id=change.deduction_id)
    for (agreement_id, quarter), deductions in quarters.items():
        known = [_Replayed(row, list(changes[row.id])) for row in deductions]
        _replay(session, agreement_id, quarter, known, moved)
        for one in known:
            if one.changes:
                raise _wrong(one.row)
    lost = session.scalar(
        sa.select(Transfer.id)
        .where(
            Transfer.source == "fund_deduction", ~sa.exists().where(FundDeduction.id == Transfer.source_id)
        )
        .limit(1)
    )
    if lost is not None:
        raise Break(N_("Transfer %(id)s deducts what no decision says."), id=lost)
    return len(rows)


def _wrong(row: FundDeduction) -> Break:
    return Break(
        N_("What came back of the deduction of case %(case)s from agreement %(agreement)s is not booked."),
        case=row.case_part,
        agreement=row.agreement_id,
    )


def _as_booked(session: Session, row: FundDeduction, moved: list[Booked]) -> None:
    """The decision itself: what the fund held, what was taken of it, and the reporter's part."""
    named = {"case": row.case_part, "agreement": row.agreement_id}
    award = half_up(Fraction(row.amount_fen * row.award_ppm, 10**6))
    taken = {one.credit: one.fen for one in moved if one.kind is T.DEDUCT}
    wanted = {(A.AWARD, row.case_part): award, (A.UNAWARDED, row.case_part): row.amount_fen - award}
    if taken != {place: fen for place, fen in wanted.items() if fen}:
        raise Break(
            N_(
                "The deduction of case %(case)s from agreement %(agreement)s says another sum than is booked."
            ),
            **named,
        )
    if any(one.facts != row.facts or one.agreement_id != row.agreement_id for one in moved) or (
        _fund_at(session, row) != row.base_fen
    ):
        raise Break(
            N_(
                "The deduction of case %(case)s from agreement %(agreement)s was changed after it was booked."
            ),
            **named,
        )


def _fund_at(session: Session, row: FundDeduction) -> int:
    """What the quarter's fund held when the book had come so far."""
    total = 0
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        fen = session.scalar(
            sa.select(sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .join(Account, Account.id == side)
            .join(Book, Book.id == Transfer.book_id)
            .where(
                Book.agreement_id == row.agreement_id,
                Transfer.no <= row.book_no,
                Account.kind == A.FUND,
                Account.part == row.quarter,
            )
        )
        total += sign * (fen or 0)
    return total


def _replay(
    session: Session,
    agreement_id: int,
    quarter: str,
    known: list[_Replayed],
    moved: dict[int, list[Booked]],
) -> None:
    """Everything that happened to the deductions of a quarter, in the order of the book."""
    returns = {one.book_no: one for one in _returns(session, agreement_id, quarter)}
    back = booked(session, "purchase", sorted(one.purchase_id for one in returns.values()))
    restored: dict[int, tuple[_Replayed, int, int]] = {}
    for one in known:
        sums: dict[int, list[Booked]] = defaultdict(list)
        for transfer in moved.get(one.row.id, []):
            if transfer.kind is T.RESTORE:
                sums[int(transfer.key.split(":")[1])].append(transfer)
        for change_id, transfers in sums.items():
            restored[transfers[0].no] = one, sum(transfer.fen for transfer in transfers), change_id
    # A decision stands after the transfer whose number it names and before the next one.
    decided = [(one.row.book_no, 1, place) for place, one in enumerate(known)]
    for no, is_decision, place in sorted([*decided, *((no, 0, 0) for no in (*returns, *restored))]):
        if is_decision:
            known[place].base = known[place].row.base_fen
            known[place].fix(no, known[place].row.amount_fen)
        elif no in restored:
            one, fen, change_id = restored[no]
            one.fix(no, one.amount - fen)
            one.next_is(None, change_id)
        else:
            _take_back(known, returns[no], back.get(returns[no].purchase_id, []))


def _take_back(known: list[_Replayed], line: _Return, moved: list[Booked]) -> None:
    """A return takes of each deduction what of its fund was in that one's base, whatever came back afterwards."""
    shrunk: list[tuple[_Replayed, int, int]] = []
    left = line.fen
    for one in (one for one in known if one.fixed and line.bought_no <= one.row.book_no):
        at = one.row.book_no
        earlier = sum(older.of_base(at, was) - older.of_base(at, is_) for older, was, is_ in shrunk)
        reaches = max(0, min(line.fen - earlier, left))
        was, one.base = one.base, max(0, one.base - reaches)
        shrunk.append((one, was, one.base))
        fen = min(one.amount - one.of_base(line.book_no, one.base), left)
        one.amount -= fen
        left -= fen
        if reaches:
            one.next_is(line.purchase_id)
        of_case = [
            transfer.fen
            for transfer in moved
            if transfer.kind is T.REVERSE_DEDUCTION and transfer.debit[1] == one.row.case_part
        ]
        if sum(of_case) != fen:
            raise _wrong(one.row)


def _returns(session: Session, agreement_id: int, quarter: str) -> list[_Return]:
    origin = aliased(Accrual)
    rows = session.execute(
        sa.select(Accrual.purchase_id, Accrual.book_no, origin.book_no, -Accrual.fund_fen)
        .join(Purchase, Purchase.id == Accrual.purchase_id)
        .join(origin, origin.purchase_id == Purchase.returns_id)
        .where(Accrual.agreement_id == agreement_id, Accrual.quarter == quarter, Accrual.fund_fen < 0)
        .order_by(Accrual.id)
    )
    return [_Return(*row) for row in rows]
