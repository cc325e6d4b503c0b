"""Proving what cases owe: what their decision leaves less what stays paid; the company bears what was paid beyond."""

from collections import defaultdict
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds.models import DeductionChange, FundDeduction
from portal.domain.price_protection.payments.models import PaymentCorrection, Payout, PayoutKind
from portal.domain.price_protection.proving.proof import half_up

A = AccountKind
_TAKEN = {A.AWARD: PayoutKind.AWARD, A.UNAWARDED: PayoutKind.UNAWARDED}
# (agreement, account, case as accounts name it) → fen
_Sums = dict[tuple[int, AccountKind, str], int]


def prove(session: Session) -> int:
    """Compare every account of a case with its decision and payments; returns how many deductions (8.2-8.4, 9.1).

    Rests on the proofs of deductions and of payments; raises Break for the first that owes or bears something else.
    """
    left, paid, balances = _left(session), _paid(session), _balances(session)
    for agreement_id, part, award_fen, rest_fen in left:
        borne = 0
        for kind, fen in ((A.AWARD, award_fen), (A.UNAWARDED, rest_fen)):
            out = paid.pop((agreement_id, kind, part), 0)
            borne += max(0, out - fen)
            _require(balances, agreement_id, kind, part, max(0, fen - out))
        _require(balances, agreement_id, A.BORNE, part, borne)
    # What no decision took is owed by no case, and nothing of it was paid.
    for (agreement_id, _, part), fen in (*balances.items(), *paid.items()):
        if fen:
            raise _wrong(agreement_id, part)
    _only_for_what_was_taken_back(session)
    return len(left)


def _require(balances: _Sums, agreement_id: int, kind: AccountKind, part: str, fen: int) -> None:
    if balances.pop((agreement_id, kind, part), 0) != fen:
        raise _wrong(agreement_id, part)


def _wrong(agreement_id: int, part: str) -> Break:
    return Break(
        N_(
            "What case %(case)s owes from agreement %(agreement)s is not what its decision leaves less what was "
            "paid, or the company bears another sum."
        ),
        case=part,
        agreement=agreement_id,
    )


def _left(session: Session) -> list[tuple[int, str, int, int]]:
    """What is left of each deduction: agreement, case, the award's part, the rest."""
    latest = (
        sa.select(DeductionChange.deduction_id, sa.func.max(DeductionChange.no).label("no"))
        .group_by(DeductionChange.deduction_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(
            FundDeduction.agreement_id,
            FundDeduction.case_part,
            FundDeduction.award_ppm,
            sa.func.coalesce(DeductionChange.amount_fen, FundDeduction.amount_fen),
        )
        .outerjoin(latest, latest.c.deduction_id == FundDeduction.id)
        .outerjoin(
            DeductionChange,
            sa.and_(DeductionChange.deduction_id == latest.c.deduction_id, DeductionChange.no == latest.c.no),
        )
        .order_by(FundDeduction.id)
    )
    found = []
    for agreement_id, part, award_ppm, fen in rows:
        award = half_up(Fraction(fen * award_ppm, 10**6))
        found.append((agreement_id, part, award, fen - award))
    return found


def _paid(session: Session) -> _Sums:
    """What stands as paid of each."""
    total = sa.cast(sa.func.sum(Payout.amount_fen), sa.BigInteger)
    rows = session.execute(
        sa.select(Payout.agreement_id, Payout.kind, Payout.part, total)
        .where(
            Payout.kind.in_(_TAKEN.values()),
            ~sa.exists().where(PaymentCorrection.payout_id == Payout.id),
        )
        .group_by(Payout.agreement_id, Payout.kind, Payout.part)
    )
    return {(agreement_id, AccountKind(kind), part): fen for agreement_id, kind, part, fen in rows}


def _balances(session: Session) -> _Sums:
    """What these accounts contain by their transfers alone."""
    found: _Sums = defaultdict(int)
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        for agreement_id, kind, part, fen in session.execute(
            sa.select(
                Book.agreement_id,
                Account.kind,
                Account.part,
                sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger),
            )
            .join(Account, Account.id == side)
            .join(Book, Book.id == Transfer.book_id)
            .where(Account.kind.in_((*_TAKEN, A.BORNE)))
            .group_by(Book.agreement_id, Account.kind, Account.part)
        ):
            found[agreement_id, kind, part] += fen * (-sign if kind is A.BORNE else sign)
    return found


def _only_for_what_was_taken_back(session: Session) -> None:
    """The company is relieved of nothing but by a payment of a case that was taken back."""
    relieved = sa.select(Transfer.id, Transfer.key).where(Transfer.kind == TransferKind.RELIEVE)
    for id_, key in session.execute(relieved.order_by(Transfer.id)).all():
        source, payout_id, _ = key.split(":")
        if (
            source != Payout.__tablename__
            or session.scalar(
                sa.select(PaymentCorrection.id).where(PaymentCorrection.payout_id == int(payout_id))
            )
            is None
        ):
            raise Break(N_("Transfer %(id)s relieves the company of a payment that stands."), id=id_)
