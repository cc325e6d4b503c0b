"""Accrual: each line under an agreement in force makes its base rebate and its fund, once, to the fen (P2, 3.1, 9.1).

What comes of many lines does not depend on their order: a return takes accrual(net before) − accrual(net after) of
the line that it returns, so the parts of one line always add up to the accrual of what is left of it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain import money
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft, Held
from portal.domain.price_protection.funds import deducting
from portal.domain.price_protection.funds.cover import Protection, Terms, covering, protections
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.purchases.models import Accrual, Purchase, Unprotected
from portal.domain.users.models import User

SOURCE = "purchase"
_MOST = 500


def accrue(session: Session, actor: User | None, purchases: Sequence[Purchase]) -> int:
    """Accrue what of these lines is protected and has not accrued, and note of the others why not.

    Returns how many accrued now. Books are held in the order of their agreements, so that two who accrue at once
    wait and never block one another for good. The caller commits.
    """
    done = 0
    for start in range(0, len(purchases), _MOST):
        done += _accrue(session, actor, purchases[start : start + _MOST])
    return done


def _accrue(session: Session, actor: User | None, purchases: Sequence[Purchase]) -> int:
    known = protections(session, {purchase.distributor_id for purchase in purchases})
    places: dict[int, list[tuple[Purchase, Protection]]] = defaultdict(list)
    returns: list[Purchase] = []
    for purchase in purchases:
        if purchase.returns_id is not None:
            returns.append(purchase)
            continue
        found = covering(known.get(purchase.distributor_id, []), purchase.product_id, purchase.purchased_on)
        if isinstance(found, Unprotected):
            purchase.unprotected = found
        else:
            places[found.agreement_id].append((purchase, found))
    by_agreement = {one.agreement_id: one for many in known.values() for one in many}
    session.flush()
    done = 0
    for agreement_id in sorted(places):
        done += _accrue_purchases(session, actor, agreement_id, places[agreement_id])
    return done + _accrue_returns(session, actor, returns, by_agreement)


def _accrue_purchases(
    session: Session, actor: User | None, agreement_id: int, lines: list[tuple[Purchase, Protection]]
) -> int:
    held = ledger.hold(session, agreement_id)
    # Whoever accrued, or closed a quarter, before this transaction held the book has committed by now.
    there = _accruals(session, [purchase.id for purchase, _ in lines])
    protection = _now(session, lines[0][0].distributor_id, agreement_id)
    drafts: list[Draft] = []
    new: list[dict[str, object]] = []
    for purchase, _ in lines:
        purchase.unprotected = None
        if purchase.id in there or protection is None:
            continue
        terms = protection.terms_on(purchase.purchased_on)
        quarter, booked_on = protection.quarter_for(purchase.purchased_on, today())
        said = money.accrue(purchase.amount_fen, terms.rebate_ppm, terms.base_share)
        new.append(_row(held, purchase, terms, str(quarter), booked_on, said, len(drafts)))
        for kind, credit, fen in (
            (TransferKind.ACCRUE_BASE, (AccountKind.BASE, ""), said.base_fen),
            (TransferKind.ACCRUE_FUND, (AccountKind.FUND, str(quarter)), said.fund_fen),
        ):
            if fen:
                drafts.append(
                    Draft(
                        kind=kind,
                        debit=(AccountKind.REBATE, ""),
                        credit=credit,
                        amount_fen=fen,
                        key=f"{SOURCE}:{purchase.id}:{kind}",
                        source=SOURCE,
                        source_id=purchase.id,
                        facts=purchase.facts,
                        booked_on=booked_on,
                    )
                )
    ledger.post(held, actor, drafts)
    if new:
        session.execute(sa.insert(Accrual), new)
    return len(new)


def _row(
    held: Held,
    purchase: Purchase,
    terms: Terms,
    quarter: str,
    booked_on: object,
    said: money.Accrual,
    ahead: int,
) -> dict[str, object]:
    return {
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


def _now(session: Session, distributor_id: int, agreement_id: int) -> Protection | None:
    """The agreement as it stands now that its book is held: a quarter may have been closed while we waited."""
    found = protections(session, [distributor_id]).get(distributor_id, [])
    return next((one for one in found if one.agreement_id == agreement_id), None)


def _accruals(session: Session, purchase_ids: Sequence[int]) -> dict[int, Accrual]:
    rows = session.scalars(
        sa.select(Accrual)
        .where(Accrual.purchase_id.in_(purchase_ids))
        .execution_options(populate_existing=True)
    )
    return {row.purchase_id: row for row in rows}


def _accrue_returns(
    session: Session, actor: User | None, returns: Sequence[Purchase], by_agreement: dict[int, Protection]
) -> int:
    origins = _accruals(session, [line.returns_id for line in returns if line.returns_id is not None])
    by_book: dict[int, list[Purchase]] = defaultdict(list)
    for line in returns:
        origin = origins.get(line.returns_id or 0)
        if origin is None:
            line.unprotected = Unprotected.RETURN
        else:
            by_book[origin.agreement_id].append(line)
    session.flush()
    done = 0
    for agreement_id in sorted(by_book):
        held = ledger.hold(session, agreement_id)
        there = _accruals(session, [line.id for line in by_book[agreement_id]])
        protection = _now(session, by_book[agreement_id][0].distributor_id, agreement_id)
        assert protection is not None
        for line in by_book[agreement_id]:
            line.unprotected = None
            if line.id not in there:
                _reverse(held, actor, line, origins[line.returns_id or 0], protection)
                done += 1
    return done


def _reverse(held: Held, actor: User | None, line: Purchase, origin: Accrual, protection: Protection) -> None:
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
        *deducting.take_back(held, line, origin, taken.fund_fen, is_released=_is_released(session, origin)),
    ]
    ledger.post(held, actor, [replace(draft, booked_on=booked_on) for draft in drafts])
    session.execute(
        sa.insert(Accrual),
        [
            {
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
        ],
    )


def _base(held: Held, line: Purchase, base_fen: int) -> Iterator[Draft]:
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


def accrue_pending(
    session: Session, actor: User | None, distributor_ids: Sequence[int], limit: int
) -> tuple[int, int]:
    """Look again at what accrued nothing so far, the oldest first: an agreement may protect it by now, once.

    Returns how many lines were looked at and how many accrued.
    """
    # What an agreement of the distributor could cover: one that nobody has an agreement with is not looked at.
    pending = session.scalars(
        sa.select(Purchase)
        .where(
            Purchase.distributor_id.in_(distributor_ids),
            ~sa.exists().where(Accrual.purchase_id == Purchase.id),
        )
        .order_by(Purchase.id)
        .limit(limit)
    ).all()
    return len(pending), accrue(session, actor, pending)
