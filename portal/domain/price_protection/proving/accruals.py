"""Proving accruals and releases: each line's parts by the terms of its day, each release by its transfers (P2, P3)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.models import AgreementTerms
from portal.domain.price_protection.proving.proof import Booked, booked, half_up
from portal.domain.price_protection.purchases.models import Accrual, Purchase, accrual_facts

_AT_ONCE = 2000
T, A = TransferKind, AccountKind
# How a transfer of a purchase line counts for its base and for its fund.
_BASE = {T.ACCRUE_BASE: 1, T.REVERSE_BASE: -1, T.CLAW_BACK_BASE: -1}
_FUND = {T.ACCRUE_FUND: 1, T.REVERSE_FUND: -1, T.REVERSE_DEDUCTION: -1, T.CLAW_BACK_FUND: -1}


def prove(session: Session) -> int:
    """Recompute every accrual and release; returns how many; raises Break for the first that is wrong."""
    return _accruals(session) + _releases(session)


class _Line(NamedTuple):
    accrual: Accrual
    purchase: Purchase
    rebate_ppm: int
    base_share: int


def _parts(line: _Line, fen: int) -> tuple[int, int]:
    """Base and fund of so much of a line, by clause 3.1."""
    rate = Fraction(line.rebate_ppm, 1_000_000)
    rebate, base = half_up(fen * rate), half_up(fen * rate * Fraction(line.base_share, 100))
    return base, rebate - base


def _accruals(session: Session) -> int:
    count = 0
    for lines in _lines(session):
        ids = [line.purchase.id for line in lines]
        moved = booked(session, "purchase", ids)
        origins = _origins(session, [line.purchase.returns_id for line in lines])
        for line in lines:
            _one_accrual(session, line, moved.get(line.purchase.id, []), origins)
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
            if returned_id in found:
                found[returned_id].returns.append((accrual_id, purchase_id, fen))
    return found


def _one_accrual(session: Session, line: _Line, moved: list[Booked], origins: dict[int, _Origin]) -> None:
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
        sum(_BASE.get(one.kind, 0) * one.fen for one in moved),
        sum(_FUND.get(one.kind, 0) * one.fen for one in moved),
    )
    if sums != (base, fund):
        raise Break(N_("The books say another sum for line %(line)s of %(document)s than accrued."), **named)
    said = purchase.facts
    if accrual.facts not in (None, accrual_facts(said, vars(accrual))):
        raise Break(N_("Line %(line)s of %(document)s was changed after it was booked."), **named)
    if moved and moved[0].no != accrual.book_no:
        raise Break(N_("Line %(line)s of %(document)s stands elsewhere in its book than it says."), **named)
    for one in moved:
        if one.facts != said:
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
    moved = booked(session, "fund_release", [row.id for row in rows])
    for row in rows:
        named = {"quarter": row.quarter, "agreement": row.agreement_id}
        mine = moved.pop(row.id, [])
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
