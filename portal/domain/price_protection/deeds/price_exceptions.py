"""The exceptions of a price change: what an amendment says otherwise than the change; they are always read (P1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.price_protection.batches.changes import How, Proposed, new_prices
from portal.domain.price_protection.deeds import amending, pricing
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import (
    AgreementTerms,
    Amendment,
    PriceChange,
    PriceKind,
)


class Because(StrEnum):
    """In what an amendment differs from what its price change makes of the agreement."""

    OTHER_SUM = "other_sum"  # another price than the rule makes, or its own kept
    DROPPED = "dropped"  # a price taken out that the rule leaves in
    ADDED = "added"  # a price put in that the agreement had not
    BY_HAND = "by_hand"  # another day, reason or further terms: it was edited


@dataclass(frozen=True)
class Otherwise:
    """One exception: the price it is about, in fen as the rule makes it and as the amendment says it."""

    because: Because
    product_id: int | None = None
    kind: PriceKind | None = None
    ruled_fen: int | None = None
    said_fen: int | None = None


def exceptions(session: Session, deeds: Sequence[Amendment]) -> dict[int, list[Otherwise]]:
    """The exceptions of these open amendments of one price change, by amendment; who has none is not in it.

    A few statements for all of them: the terms that each one changes, and the change.
    """
    if not deeds:
        return {}
    assert deeds[0].price_change_id is not None
    change = session.get_one(PriceChange, deeds[0].price_change_id)
    before = _before(session, [deed.agreement_id for deed in deeds])
    proposed = _proposed(session, change)
    found = {}
    for deed in deeds:
        rows = before.get(deed.agreement_id, [])
        ruled = new_prices((), (pricing.rule_of(change),), rows, proposed)
        if others := [*_prices(ruled, amending.says_of(deed).prices, rows), *_by_hand(deed, change)]:
            found[deed.id] = others
    return found


def _prices(
    ruled: Sequence[PriceEntry], said: Sequence[PriceEntry] | None, before: Sequence[PriceEntry]
) -> Iterator[Otherwise]:
    wanted = {(row.product_id, row.kind): row.amount_fen for row in ruled}
    says = {(row.product_id, row.kind): row.amount_fen for row in (before if said is None else said)}
    known = {(row.product_id, row.kind) for row in before}
    for key in [*wanted, *(key for key in says if key not in wanted)]:
        is_new = key not in known
        if wanted.get(key) == says.get(key):
            continue
        because = Because.DROPPED if key not in says else Because.ADDED if is_new else Because.OTHER_SUM
        yield Otherwise(because, *key, wanted.get(key), says.get(key))


def _by_hand(deed: Amendment, change: PriceChange) -> Iterator[Otherwise]:
    is_as_made = (deed.effective_on, deed.reason) == (change.effective_on, change.reason)
    if not is_as_made or deed.says.get("values") or "violations" in deed.says:
        yield Otherwise(Because.BY_HAND)


def _before(session: Session, agreements: Sequence[int]) -> dict[int, list[PriceEntry]]:
    """Annex 1 of the last terms of each agreement: those that an open amendment changes."""
    last = (
        sa.select(AgreementTerms.agreement_id, sa.func.max(AgreementTerms.no).label("no"))
        .where(AgreementTerms.agreement_id.in_(agreements))
        .group_by(AgreementTerms.agreement_id)
        .subquery()
    )
    rows = session.scalars(
        sa.select(AgreementTerms)
        .join(
            last, sa.and_(last.c.agreement_id == AgreementTerms.agreement_id, last.c.no == AgreementTerms.no)
        )
        .options(selectinload(AgreementTerms.prices))
    )
    return {
        row.agreement_id: [PriceEntry(price.product_id, price.kind, price.amount_fen) for price in row.prices]
        for row in rows
    }


def _proposed(session: Session, change: PriceChange) -> Proposed:
    """What the products proposed when the change was decided; of one from before that was kept, what they do now."""
    if pricing.rule_of(change).how is not How.PROPOSED:
        return {}
    if (kept := change.rule.get("proposed")) is not None:
        return {(product_id, PriceKind(kind)): fen for product_id, kind, fen in kept}
    return pricing.proposals(session)
