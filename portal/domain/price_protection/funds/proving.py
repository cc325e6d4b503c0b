"""Proving the fund: what every row says is recomputed from the facts alone, by other code than booked it (P2-P4)."""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds.models import FundDeduction, FundRelease
from portal.domain.price_protection.models import AgreementTerms
from portal.domain.price_protection.payments import proving as payments
from portal.domain.price_protection.purchases.models import Accrual, Purchase

_AT_ONCE = 2000
T, A = TransferKind, AccountKind
# How a transfer of a purchase line counts for its base and for its fund.
_BASE = {T.ACCRUE_BASE: 1, T.REVERSE_BASE: -1, T.CLAW_BACK_BASE: -1}
_FUND = {T.ACCRUE_FUND: 1, T.REVERSE_FUND: -1, T.REVERSE_DEDUCTION: -1, T.CLAW_BACK_FUND: -1}


def prove(session: Session) -> int:
    """Recompute every accrual, release, deduction and payment; returns how many rows; raises Break for what is wrong.

    The arithmetic is exact fractions, not the integers that booked it.
    """
    return _accruals(session) + _releases(session) + _deductions(session) + payments.prove(session)


class _Line(NamedTuple):
    accrual: Accrual
    purchase: Purchase
    rebate_ppm: int
    base_share: int


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def _parts(line: _Line, fen: int) -> tuple[int, int]:
    """Base and fund of so much of a line, by clause 3.1."""
    rate = Fraction(line.rebate_ppm, 1_000_000)
    rebate, base = _half_up(fen * rate), _half_up(fen * rate * Fraction(line.base_share, 100))
    return base, rebate - base


def _accruals(session: Session) -> int:
    count = 0
    for lines in _lines(session):
        ids = [line.purchase.id for line in lines]
        booked = _booked(session, "purchase", ids)
        origins = _origins(session, [line.purchase.returns_id for line in lines])
        for line in lines:
            _one_accrual(session, line, booked.get(line.purchase.id, []), origins)
        count += len(lines)
    missing = session.scalar(
        sa.select(Purchase.id)
        .join(Transfer, sa.and_(Transfer.source == "purchase", Transfer.source_id == Purchase.id))
        .outerjoin(Accrual, Accrual.purchase_id == Purchase.id)
        .where(Accrual.id.is_(None))
        .limit(1)
    )
    if missing is not None:
        raise Break(N_("Purchase line %(id)s is booked and has no accrual."), id=missing)
    return count


def _lines(session: Session) -> Iterator[list[_Line]]:
    last = 0
    while True:
        rows = session.execute(
            sa.select(Accrual, Purchase, AgreementTerms.rebate_ppm, AgreementTerms.base_share)
            .join(Purchase, Purchase.id == Accrual.purchase_id)
            .join(AgreementTerms, AgreementTerms.id == Accrual.terms_id)
            .where(Accrual.id > last)
            .order_by(Accrual.id)
            .limit(_AT_ONCE)
            .execution_options(populate_existing=True)
        ).all()
        if rows:
            yield [_Line(*row) for row in rows]
            last = rows[-1][0].id
        if len(rows) < _AT_ONCE:
            break
    orphans = session.scalar(
        sa.select(sa.func.count())
        .select_from(Accrual)
        .join(Purchase, Purchase.id == Accrual.purchase_id)
        .where(
            ~sa.exists().where(
                AgreementTerms.id == Accrual.terms_id,
                AgreementTerms.agreement_id == Accrual.agreement_id,
                AgreementTerms.effective_on <= Purchase.purchased_on,
            )
        )
    )
    if orphans:
        raise Break(N_("%(count)s accruals follow terms that did not hold on their day."), count=orphans)


class _Booked(NamedTuple):
    kind: TransferKind
    debit: tuple[AccountKind, str]
    credit: tuple[AccountKind, str]
    fen: int
    agreement_id: int
    booked_on: Any
    facts: str
    no: int


def _booked(session: Session, source: str, ids: list[int]) -> dict[int, list[_Booked]]:
    debit, credit = sa.orm.aliased(Account), sa.orm.aliased(Account)
    found: dict[int, list[_Booked]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        for row in session.execute(
            sa.select(
                Transfer.source_id,
                Transfer.kind,
                debit.kind,
                debit.part,
                credit.kind,
                credit.part,
                Transfer.amount_fen,
                Book.agreement_id,
                Transfer.booked_on,
                Transfer.facts,
                Transfer.no,
            )
            .join(Book, Book.id == Transfer.book_id)
            .join(debit, debit.id == Transfer.debit_id)
            .join(credit, credit.id == Transfer.credit_id)
            .where(Transfer.source == source, Transfer.source_id.in_(ids[start : start + 500]))
            .order_by(Transfer.id)
        ):
            found[row[0]].append(
                _Booked(row[1], (row[2], row[3]), (row[4], row[5]), row[6], row[7], row[8], row[9], row[10])
            )
    return found


class _Origin(NamedTuple):
    line: _Line
    returns: list[tuple[int, int, int]]  # (accrual's place in the book, purchase, amount) of its returns


def _origins(session: Session, ids: list[int | None]) -> dict[int, _Origin]:
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    found: dict[int, _Origin] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for row in session.execute(
            sa.select(Accrual, Purchase, AgreementTerms.rebate_ppm, AgreementTerms.base_share)
            .join(Purchase, Purchase.id == Accrual.purchase_id)
            .join(AgreementTerms, AgreementTerms.id == Accrual.terms_id)
            .where(Purchase.id.in_(part))
        ):
            found[row[1].id] = _Origin(_Line(*row), [])
        for returned_id, accrual_id, purchase_id, fen in session.execute(
            sa.select(Purchase.returns_id, Accrual.id, Purchase.id, Purchase.amount_fen)
            .join(Accrual, Accrual.purchase_id == Purchase.id)
            .where(Purchase.returns_id.in_(part))
            .order_by(Accrual.id)
        ):
            found[returned_id or 0].returns.append((accrual_id, purchase_id, fen))
    return found


def _one_accrual(session: Session, line: _Line, booked: list[_Booked], origins: dict[int, _Origin]) -> None:
    accrual, purchase = line.accrual, line.purchase
    named = {"document": purchase.document_number, "line": purchase.line_no}
    if purchase.returns_id is None:
        base, fund = _parts(line, purchase.amount_fen)
    else:
        origin = origins.get(purchase.returns_id)
        if origin is None or origin.line.accrual.quarter != accrual.quarter:
            raise Break(N_("Line %(line)s of %(document)s returns what never accrued."), **named)
        before = origin.line.purchase.amount_fen + sum(
            fen for id_, _, fen in origin.returns if id_ < accrual.id
        )
        if before + purchase.amount_fen < 0:
            raise Break(N_("Line %(line)s of %(document)s returns more than was bought."), **named)
        was, left = _parts(origin.line, before), _parts(origin.line, before + purchase.amount_fen)
        base, fund = left[0] - was[0], left[1] - was[1]
    if (accrual.base_fen, accrual.fund_fen, accrual.rebate_fen) != (base, fund, base + fund):
        raise Break(
            N_("Line %(line)s of %(document)s accrued another sum than its amount and rate make."), **named
        )
    sums = (
        sum(_BASE.get(one.kind, 0) * one.fen for one in booked),
        sum(_FUND.get(one.kind, 0) * one.fen for one in booked),
    )
    if sums != (base, fund):
        raise Break(N_("The books say another sum for line %(line)s of %(document)s than accrued."), **named)
    if booked and booked[0].no != accrual.book_no:
        raise Break(N_("Line %(line)s of %(document)s stands elsewhere in its book than it says."), **named)
    for one in booked:
        if one.facts != purchase.facts:
            raise Break(N_("Line %(line)s of %(document)s was changed after it was booked."), **named)
        parts = {place[1] for place in (one.debit, one.credit) if place[0] in (A.FUND, A.RELEASED)}
        if (
            one.agreement_id != accrual.agreement_id
            or one.booked_on != accrual.booked_on
            or parts - {accrual.quarter}
        ):
            raise Break(
                N_("Line %(line)s of %(document)s is booked in another quarter or agreement."), **named
            )


def _releases(session: Session) -> int:
    rows = session.scalars(sa.select(FundRelease).execution_options(populate_existing=True)).all()
    booked = _booked(session, "fund_release", [row.id for row in rows])
    for row in rows:
        named = {"quarter": row.quarter, "agreement": row.agreement_id}
        mine = [one for one in booked.pop(row.id, [])]
        first = [one for one in mine if one.kind is T.RELEASE][:1] if row.amount_fen else []
        interest = [one for one in mine if one.kind is T.INTEREST]
        if (
            sum(one.fen for one in first) != row.amount_fen
            or sum(one.fen for one in interest) != row.interest_fen
        ):
            raise Break(
                N_("The release of %(quarter)s of agreement %(agreement)s says another sum than is booked."),
                **named,
            )
        for one in mine:
            to = one.debit if one.kind is T.CORRECT else one.credit
            if one.facts != row.facts or one.agreement_id != row.agreement_id or to[1] != row.quarter:
                raise Break(
                    N_(
                        "The release of %(quarter)s of agreement %(agreement)s was changed after it was booked."
                    ),
                    **named,
                )
    lost = session.scalar(
        sa.select(Transfer.id)
        .where(Transfer.source == "fund_release", ~sa.exists().where(FundRelease.id == Transfer.source_id))
        .limit(1)
    )
    if lost is not None:
        raise Break(N_("Transfer %(id)s releases what no release says."), id=lost)
    return len(rows)


def _deductions(session: Session) -> int:
    rows = session.scalars(sa.select(FundDeduction).execution_options(populate_existing=True)).all()
    booked = _booked(session, "fund_deduction", [row.id for row in rows])
    for row in rows:
        named = {"case": row.case_part, "agreement": row.agreement_id}
        mine = booked.get(row.id, [])
        if sum(one.fen for one in mine if one.kind is T.DEDUCT) != row.amount_fen:
            raise Break(
                N_(
                    "The deduction of case %(case)s from agreement %(agreement)s says another sum than is booked."
                ),
                **named,
            )
        if any(one.facts != row.facts or one.agreement_id != row.agreement_id for one in mine):
            raise Break(
                N_(
                    "The deduction of case %(case)s from agreement %(agreement)s was changed after it was booked."
                ),
                **named,
            )
        changes = [one for one in row.changes]
        taken = row.amount_fen - (changes[-1].amount_fen if changes else row.amount_fen)
        back = session.scalar(
            sa.select(sa.cast(sa.func.coalesce(sa.func.sum(Transfer.amount_fen), 0), sa.BigInteger))
            .join(Account, Account.id == Transfer.debit_id)
            .join(Book, Book.id == Transfer.book_id)
            .where(
                Book.agreement_id == row.agreement_id,
                Account.part == row.case_part,
                Transfer.kind.in_((T.RESTORE, T.REVERSE_DEDUCTION)),
            )
        )
        if back != taken:
            raise Break(
                N_(
                    "What came back of the deduction of case %(case)s from agreement %(agreement)s is not booked."
                ),
                **named,
            )
    return len(rows)
