"""Deduction, award and restoration: what a decision takes of a quarter's fund, and what is put back (8.1-8.4)."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain import money
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft, Held, Place
from portal.domain.price_protection.funds.models import DeductionChange, FundDeduction
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.users.models import User

SOURCE = "fund_deduction"


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
    base_fen, amount_fen, no = left_of(session, deduction)
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
        for place, fen in from_taken(held, deduction, amount_fen, keep_fen)
    ]
    ledger.post(held, actor, drafts)
    return back


def _deduction(session: Session, agreement_id: int, part: str) -> FundDeduction | None:
    return session.scalar(
        sa.select(FundDeduction).where(
            FundDeduction.agreement_id == agreement_id, FundDeduction.case_part == part
        )
    )


def _shared(fen: int, award_ppm: int) -> list[int]:
    """The award's part of a deduction and what is awarded to nobody, by largest remainder (8.2)."""
    return money.allocate(fen, [award_ppm, money.PPM - award_ppm])


def from_taken(
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


def relieve(session: Session, actor: User, held: Held, place: Place, paid_fen: int, key: str) -> None:
    """A payment of a case was taken back: what the decision took leaves is owed again, and not more (9.1, 8.4).

    `paid_fen` is what of the account (`place`: the award or the rest of a case) stays paid. What the account holds
    beyond that had been paid when the deduction shrank and was booked as borne by the company.
    """
    kind, part = place
    deduction = _deduction(session, held.book.agreement_id, part)
    if deduction is None:
        return
    award, rest = _shared(left_of(session, deduction)[1], deduction.award_ppm)
    owed = max(0, (award if kind is AccountKind.AWARD else rest) - paid_fen)
    if not (fen := held.balance(*place) - owed):
        return
    draft = Draft(
        kind=TransferKind.RELIEVE,
        debit=place,
        credit=(AccountKind.BORNE, part),
        amount_fen=fen,
        key=key,
        source=SOURCE,
        source_id=deduction.id,
        facts=deduction.facts,
    )
    ledger.post(held, actor, [draft])


def left_of(session: Session, deduction: FundDeduction) -> tuple[int, int, int]:
    """What is left of a deduction's base and of itself, and how often it changed."""
    changes = changes_of(session, deduction)
    if not changes:
        return deduction.base_fen, deduction.amount_fen, 0
    return changes[-1].base_fen, changes[-1].amount_fen, changes[-1].no


def changes_of(session: Session, deduction: FundDeduction) -> list[DeductionChange]:
    """How it became smaller, in the order in which it did."""
    return list(
        session.scalars(
            sa.select(DeductionChange)
            .where(DeductionChange.deduction_id == deduction.id)
            .order_by(DeductionChange.no)
        )
    )
