"""Accrual: each line under an agreement in force makes its base rebate and its fund, once, to the fen (P2, 3.1, 9.1).

What comes of many lines does not depend on their order: a return takes accrual(net before) − accrual(net after) of
the line that it returns, so the parts of one line always add up to the accrual of what is left of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain import money
from portal.domain.bulk import Bulk
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft, Held
from portal.domain.price_protection.funds import returning
from portal.domain.price_protection.funds.cover import Protection, Terms, covering, protections
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.holding import share_distributors
from portal.domain.price_protection.purchases.entries import Entry
from portal.domain.price_protection.purchases.models import (
    Accrual,
    Purchase,
    Unprotected,
    accrual_facts,
)
from portal.domain.users.models import User

SOURCE = "purchase"
_MOST = 5_000
# A row, or a line whose row was written a moment ago.
Accruable = Purchase | Entry


def accrue(session: Session, actor: User | None, purchases: Sequence[Accruable]) -> int:
    """Accrue what of these lines is protected and has not accrued, and note of the others why not.

    Returns how many accrued now. The caller commits. However many agreements the lines are of, so many statements
    are asked as for one; only returns are each taken from where their money lies.
    """
    done = 0
    for start in range(0, len(purchases), _MOST):
        done += _accrue(session, actor, purchases[start : start + _MOST])
    return done


def _accrue(session: Session, actor: User | None, purchases: Sequence[Accruable]) -> int:
    bought = [line for line in purchases if line.returns_id is None]
    returns = [line for line in purchases if line.returns_id is not None]
    session.flush()
    # Before the agreements are read: whoever is signing one holds its distributor, so one of both waits.
    share_distributors(session, {line.distributor_id for line in purchases})
    known = protections(session, {line.distributor_id for line in purchases})
    covered = _covered(bought, known)
    origins = _accruals(session, _origins(returns))
    wanted = {*covered, *(origin.agreement_id for origin in origins.values())}
    held: dict[int, Held] = {}
    while wanted - held.keys():
        held |= ledger.hold_all(session, wanted - held.keys())
        # Whoever accrued, or closed a quarter, before this transaction held the books has committed by now.
        known = protections(session, {line.distributor_id for line in purchases})
        covered = _covered(bought, known)
        wanted |= covered.keys()
    there = _accruals(session, [line.id for line in purchases])
    done = _accrue_purchases(session, actor, held, covered, there)
    by_agreement = {one.agreement_id: one for many in known.values() for one in many}
    done += _accrue_returns(session, actor, held, returns, there, by_agreement)
    _note(session, [line for line in purchases if isinstance(line, Entry) and line.unprotected])
    return done


def _note(session: Session, entries: Sequence[Entry]) -> None:
    """Write down of new lines why they accrued nothing."""
    for reason in sorted({entry.unprotected for entry in entries if entry.unprotected}):
        session.execute(
            sa.update(Purchase)
            .where(Purchase.id.in_([entry.id for entry in entries if entry.unprotected is reason]))
            .values(unprotected=reason)
            .execution_options(synchronize_session=False)
        )


def _covered(
    bought: Sequence[Accruable], known: dict[int, list[Protection]]
) -> dict[int, tuple[Protection, list[Accruable]]]:
    """Which of the agreements protects which lines, in the order of the agreements; of the others, why none does."""
    places: dict[int, tuple[Protection, list[Accruable]]] = {}
    for purchase in bought:
        found = covering(known.get(purchase.distributor_id, []), purchase.product_id, purchase.purchased_on)
        if isinstance(found, Unprotected):
            purchase.unprotected = found
        else:
            purchase.unprotected = None
            places.setdefault(found.agreement_id, (found, []))[1].append(purchase)
    return dict(sorted(places.items()))


def _accrue_purchases(
    session: Session,
    actor: User | None,
    held: dict[int, Held],
    covered: dict[int, tuple[Protection, list[Accruable]]],
    there: dict[int, Accrual],
) -> int:
    wanted: list[tuple[Held, list[Draft]]] = []
    new: list[dict[str, object]] = []
    for agreement_id, (protection, lines) in covered.items():
        book = held[agreement_id]
        drafts: list[Draft] = []
        for purchase in lines:
            if purchase.id in there:
                continue
            terms = protection.terms_on(purchase.purchased_on)
            quarter, booked_on = protection.quarter_for(purchase.purchased_on, today())
            said = money.accrue(purchase.amount_fen, terms.rebate_ppm, terms.base_share)
            new.append(_row(book, purchase, terms, str(quarter), booked_on, said, len(drafts)))
            drafts += _drafts(purchase, str(quarter), booked_on, said)
        wanted.append((book, drafts))
    ledger.post_all(actor, wanted)
    if new:
        connection = session.connection()
        bulk = Bulk(connection.dialect, Accrual, tuple(new[0]))
        bulk.insert(connection, [tuple(row.values()) for row in new])
    return len(new)


def _drafts(purchase: Accruable, quarter: str, booked_on: date, said: money.Accrual) -> Iterator[Draft]:
    facts = purchase.facts
    for kind, credit, fen in (
        (TransferKind.ACCRUE_BASE, (AccountKind.BASE, ""), said.base_fen),
        (TransferKind.ACCRUE_FUND, (AccountKind.FUND, quarter), said.fund_fen),
    ):
        if fen:
            yield Draft(
                kind=kind,
                debit=(AccountKind.REBATE, ""),
                credit=credit,
                amount_fen=fen,
                key=f"{SOURCE}:{purchase.id}:{kind}",
                source=SOURCE,
                source_id=purchase.id,
                facts=facts,
                booked_on=booked_on,
            )


def _row(
    held: Held,
    purchase: Accruable,
    terms: Terms,
    quarter: str,
    booked_on: date,
    said: money.Accrual,
    ahead: int,
) -> dict[str, object]:
    row: dict[str, object] = {
        "purchase_id": purchase.id,
        "agreement_id": held.book.agreement_id,
        "terms_id": terms.id,
        "quarter": quarter,
        "booked_on": booked_on,
        "rebate_fen": said.rebate_fen,
        "base_fen": said.base_fen,
        "fund_fen": said.fund_fen,
        "book_no": held.book.last_no + ahead + 1,
    }
    row["facts"] = accrual_facts(purchase.facts, row)
    return row


def _origins(returns: Sequence[Accruable]) -> list[int]:
    """The ids of the lines that these return."""
    return [line.returns_id for line in returns if line.returns_id is not None]


def _accruals(session: Session, purchase_ids: Sequence[int]) -> dict[int, Accrual]:
    rows = session.scalars(
        sa.select(Accrual)
        .where(Accrual.purchase_id.in_(purchase_ids))
        .execution_options(populate_existing=True)
    )
    return {row.purchase_id: row for row in rows}


def _accrue_returns(
    session: Session,
    actor: User | None,
    held: dict[int, Held],
    returns: Sequence[Accruable],
    there: dict[int, Accrual],
    by_agreement: dict[int, Protection],
) -> int:
    # Among them what accrued a moment ago.
    origins = _accruals(session, _origins(returns))
    done = 0
    for line in returns:
        origin = origins.get(line.returns_id or 0)
        line.unprotected = Unprotected.RETURN if origin is None else None
        if origin is not None and line.id not in there:
            if origin.agreement_id not in held:
                held |= ledger.hold_all(session, [origin.agreement_id])
            _reverse(held[origin.agreement_id], actor, line, origin, by_agreement[origin.agreement_id])
            done += 1
    return done


def _reverse(
    held: Held, actor: User | None, line: Accruable, origin: Accrual, protection: Protection
) -> None:
    """Take back what the returned part of a line accrued, from where it lies now (9.1)."""
    session = held.session
    bought = session.get_one(Purchase, origin.purchase_id)
    before = bought.amount_fen + _returned(session, origin)
    terms = next(one for one in protection.terms if one.id == origin.terms_id)
    earlier = money.accrue(before, terms.rebate_ppm, terms.base_share)
    later = money.accrue(before + line.amount_fen, terms.rebate_ppm, terms.base_share)
    taken = money.Accrual(*(was - is_ for was, is_ in zip(earlier, later, strict=True)))
    _, booked_on = protection.quarter_for(line.purchased_on, today())
    number = held.book.last_no + 1
    drafts = [
        *_base(held, line, taken.base_fen),
        *returning.take_back(held, line, origin, taken.fund_fen, is_released=_is_released(session, origin)),
    ]
    ledger.post(held, actor, [replace(draft, booked_on=booked_on) for draft in drafts])
    row = {
        "purchase_id": line.id,
        "agreement_id": origin.agreement_id,
        "terms_id": origin.terms_id,
        "quarter": origin.quarter,
        "booked_on": booked_on,
        "rebate_fen": -taken.rebate_fen,
        "base_fen": -taken.base_fen,
        "fund_fen": -taken.fund_fen,
        "book_no": number,
    }
    session.execute(sa.insert(Accrual), [{**row, "facts": accrual_facts(line.facts, row)}])


def _base(held: Held, line: Accruable, base_fen: int) -> Iterator[Draft]:
    """Base rebate that is not paid yet is simply not owed any more; what was paid is owed by the distributor."""
    unpaid = min(base_fen, held.balance(AccountKind.BASE))
    for kind, debit, fen in (
        (TransferKind.REVERSE_BASE, (AccountKind.BASE, ""), unpaid),
        (TransferKind.CLAW_BACK_BASE, (AccountKind.CLAWBACK, ""), base_fen - unpaid),
    ):
        if fen:
            yield Draft(
                kind=kind,
                debit=debit,
                credit=(AccountKind.REBATE, ""),
                amount_fen=fen,
                key=f"{SOURCE}:{line.id}:{kind}",
                source=SOURCE,
                source_id=line.id,
                facts=line.facts,
            )


def _returned(session: Session, origin: Accrual) -> int:
    """What was returned of a line and accrued so far: zero or negative, in fen."""
    found = session.scalar(
        sa.select(sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger))
        .join(Accrual, Accrual.purchase_id == Purchase.id)
        .where(Purchase.returns_id == origin.purchase_id)
    )
    return found or 0


def _is_released(session: Session, origin: Accrual) -> bool:
    return bool(
        session.scalar(
            sa.select(
                sa.exists().where(
                    FundRelease.agreement_id == origin.agreement_id, FundRelease.quarter == origin.quarter
                )
            )
        )
    )
