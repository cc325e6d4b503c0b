"""Deduction, award, restoration, and what a return takes back of a fund that is no longer there (8.1-8.4, 9.1)."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain import money
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.services import Draft, Held, Place
from portal.domain.price_protection.funds.models import (
    DeductionChange,
    FundDeduction,
    FundHold,
    FundRelease,
)
from portal.domain.price_protection.purchases.entries import Entry
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.users.models import User

SOURCE = "fund_deduction"


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


def deduct(
    session: Session,
    actor: User,
    agreement_id: int,
    quarter: str,
    case_id: int,
    share_ppm: int,
    award_ppm: int,
) -> FundDeduction:
    """Take a share of the fund that the quarter holds at this moment, and book the award with it (8.1-8.3).

    `award_ppm` is the reporter's part of what is taken, 0 where nobody may be awarded; the rest waits for the
    purpose of clause 8.2. Once per case: again, it is the deduction that stands; with other shares, or of another
    quarter, it is refused.
    """
    held = ledger.hold(session, agreement_id)
    part = case_part(case_id)
    known = _deduction(session, agreement_id, part)
    if known is not None:
        said = (quarter, money.share_of(known.base_fen, share_ppm), award_ppm)
        if said != (known.quarter, known.amount_fen, known.award_ppm):
            raise DomainError(
                "This case has its decision already, with another deduction. Load the page again and look at what "
                "was decided."
            )
        return known
    base_fen = held.balance(AccountKind.FUND, quarter)
    amount_fen = money.share_of(base_fen, share_ppm)
    made = FundDeduction(
        agreement_id=agreement_id,
        quarter=quarter,
        case_part=part,
        decided_on=today(),
        base_fen=base_fen,
        amount_fen=amount_fen,
        award_ppm=award_ppm,
        book_no=held.book.last_no,
    )
    session.add(made)
    session.flush()
    award_fen, rest_fen = _shared(amount_fen, award_ppm)
    ledger.post(
        held,
        actor,
        [
            Draft(
                kind=TransferKind.DEDUCT,
                debit=(AccountKind.FUND, quarter),
                credit=(kind, part),
                amount_fen=fen,
                key=f"{SOURCE}:{made.id}:{kind}",
                source=SOURCE,
                source_id=made.id,
                facts=made.facts,
            )
            for kind, fen in ((AccountKind.AWARD, award_fen), (AccountKind.UNAWARDED, rest_fen))
            if fen
        ],
    )
    return made


def restore(session: Session, actor: User | None, deduction: FundDeduction, keep_fen: int = 0) -> int:
    """Put back what a decision took, but for what is upheld of it (7.5, 8.4); returns the sum, in fen.

    It goes back into the quarter's fund; an award that was paid already is borne by the company. Where the quarter
    was released in the meantime, releasing what came back is the next step (`releasing.release_restored`).
    """
    held = ledger.hold(session, deduction.agreement_id)
    base_fen, amount_fen, no = _left(session, deduction)
    if not 0 <= keep_fen <= amount_fen:
        raise DomainError("Between nothing and the whole deduction can be kept.", field="kept")
    back = amount_fen - keep_fen
    if back == 0:
        return 0
    change = DeductionChange(deduction_id=deduction.id, no=no + 1, base_fen=base_fen, amount_fen=keep_fen)
    session.add(change)
    session.flush()
    fund: Place = (AccountKind.FUND, deduction.quarter)
    drafts = [
        Draft(
            kind=TransferKind.RESTORE,
            debit=place,
            credit=fund,
            amount_fen=fen,
            key=f"deduction_change:{change.id}:{place[0]}",
            source=SOURCE,
            source_id=deduction.id,
            facts=deduction.facts,
        )
        for place, fen in _from_taken(held, deduction, amount_fen, keep_fen)
    ]
    ledger.post(held, actor, drafts)
    return back


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
            for place, fen in _from_taken(held, deduction, one.amount_fen, one.amount_fen - back)
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
    changes = _changes(session, deduction)
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
    return _Shrinking(*_left(session, deduction), marks)


def _shared(fen: int, award_ppm: int) -> list[int]:
    """The award's part of a deduction and what is awarded to nobody, by largest remainder (8.2)."""
    return money.allocate(fen, [award_ppm, money.PPM - award_ppm])


def _from_taken(
    held: Held, deduction: FundDeduction, before_fen: int, after_fen: int
) -> Iterator[tuple[Place, int]]:
    """Where a deduction that shrinks gives back from: award and rest in proportion, paid awards by the company."""
    before, after = (_shared(fen, deduction.award_ppm) for fen in (before_fen, after_fen))
    borne = 0
    for kind, was, is_ in zip((AccountKind.AWARD, AccountKind.UNAWARDED), before, after, strict=True):
        fen = was - is_
        place = (kind, deduction.case_part)
        unpaid = min(fen, held.balance(*place))
        if unpaid:
            yield place, unpaid
        borne += fen - unpaid
    if borne:
        yield (AccountKind.BORNE, deduction.case_part), borne


def _left(session: Session, deduction: FundDeduction) -> tuple[int, int, int]:
    """What is left of a deduction's base and of itself, and how often it changed."""
    changes = _changes(session, deduction)
    if not changes:
        return deduction.base_fen, deduction.amount_fen, 0
    return changes[-1].base_fen, changes[-1].amount_fen, changes[-1].no


def _changes(session: Session, deduction: FundDeduction) -> list[DeductionChange]:
    return list(
        session.scalars(
            sa.select(DeductionChange)
            .where(DeductionChange.deduction_id == deduction.id)
            .order_by(DeductionChange.no)
        )
    )


def _deduction(session: Session, agreement_id: int, part: str) -> FundDeduction | None:
    return session.scalar(
        sa.select(FundDeduction).where(
            FundDeduction.agreement_id == agreement_id, FundDeduction.case_part == part
        )
    )


def _deductions(session: Session, origin: Accrual) -> list[FundDeduction]:
    return list(
        session.scalars(
            sa.select(FundDeduction)
            .where(FundDeduction.agreement_id == origin.agreement_id, FundDeduction.quarter == origin.quarter)
            .order_by(FundDeduction.id)
        )
    )
