"""What a price change does to each agreement that it was chosen for, before anything is kept (P1, S)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.money import PPM
from portal.domain.price_protection.approvals import Covered, valid_approvals
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule, check, new_prices
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import (
    OPEN,
    Agreement,
    AgreementPrice,
    AgreementTerms,
    Amendment,
    PriceApproval,
    PriceKind,
    ProductPrice,
    Status,
)
from portal.domain.price_protection.problems import Place, Problem
from portal.domain.users.models import User

# Prices in fen that one agreement gets instead of what the rule makes, by product and kind, by the agreement's id.
Exceptions = Mapping[int, Mapping[tuple[int, PriceKind], int]]


@dataclass(frozen=True)
class Line:
    """A price that changes, or is excepted, in fen; `after` is None where it is taken out."""

    product_id: int
    product: str
    kind: PriceKind
    before: int
    after: int | None
    # Whether the percentage came to another sum before it was rounded to its step.
    is_rounded: bool = False

    @property
    def changes(self) -> bool:
        """Whether it will be another."""
        return self.before != self.after


@dataclass(frozen=True)
class Row:
    """What the change does to one agreement, or why it cannot."""

    agreement: Agreement
    lines: tuple[Line, ...]
    refusal: Problem | None = None


class Reckoner:
    """Reckons the change for agreement after agreement with a few statements for all of them."""

    def __init__(
        self,
        session: Session,
        agreements: Sequence[Agreement],
        rule: PriceRule,
        effective_on: date,
        exceptions: Exceptions,
    ) -> None:
        self.rule, self.effective_on, self._exceptions = rule, effective_on, exceptions
        ids = [agreement.id for agreement in agreements]
        products = {row.product_id for agreement in agreements for row in agreement.terms[-1].prices}
        self._under_way: dict[int, Amendment] = {
            row.agreement_id: row
            for row in session.scalars(
                sa.select(Amendment).where(Amendment.agreement_id.in_(ids), Amendment.status.in_(OPEN))
            )
        }
        self._proposed = {
            (row.product_id, row.kind): row.amount_fen
            for row in session.scalars(sa.select(ProductPrice).where(ProductPrice.product_id.in_(products)))
        }
        self._approvals: dict[Covered, PriceApproval] = valid_approvals(session, products, effective_on)

    def entries(self, agreement: Agreement) -> list[PriceEntry]:
        """Annex 1 as it shall read: by the rule, but for the agreement's exceptions."""
        own = self._exceptions.get(agreement.id, {})
        ruled = new_prices((), (self.rule,), _entries(agreement), self._proposed)
        return [replace(row, amount_fen=own.get((row.product_id, row.kind), row.amount_fen)) for row in ruled]

    def row(self, agreement: Agreement) -> Row:
        """What the change does to this agreement, line by line."""
        after = {(row.product_id, row.kind): row.amount_fen for row in self.entries(agreement)}
        own = self._exceptions.get(agreement.id, {})
        lines = tuple(
            line
            for row in agreement.terms[-1].prices
            for key in ((row.product_id, row.kind),)
            for now in (after.get(key),)
            for line in (
                Line(
                    row.product_id,
                    row.product.name,
                    row.kind,
                    row.amount_fen,
                    now,
                    key not in own and now is not None and self._is_rounded(row, now),
                ),
            )
            if line.changes or key in own
        )
        return Row(agreement, lines, self._refusal(agreement, lines, after))

    def _is_rounded(self, row: AgreementPrice, after: int) -> bool:
        entry = PriceEntry(row.product_id, row.kind, row.amount_fen)
        if self.rule.how is not How.PERCENT or not self.rule.fits(entry):
            return False
        return after * PPM != row.amount_fen * (PPM + self.rule.value)

    def _refusal(
        self, agreement: Agreement, lines: Sequence[Line], after: dict[tuple[int, PriceKind], int]
    ) -> Problem | None:
        under_way = self._under_way.get(agreement.id)
        if agreement.status is not Status.SIGNED:
            return _problem(N_("It is not a signed agreement in force."))
        if under_way is not None:
            return _problem(N_("%(number)s is still under way."), number=under_way.title)
        if self.effective_on > agreement.ends_on:
            return _problem(N_("It ends on %(day)s, before the change."), day=agreement.ends_on.isoformat())
        earliest = agreement.terms[-1].effective_on
        if self.effective_on < earliest:
            return _problem(
                N_("Its terms took effect on %(day)s, after the change."), day=earliest.isoformat()
            )
        if not any(line.changes for line in lines):
            return _problem(N_("None of its prices changes."))
        if not after:
            return _problem(N_("No price would be left in annex 1."))
        if self.rule.how is How.DIFFERENCE and any(fen == 0 for fen in after.values()):
            return _problem(N_("A price would move by more than 50 percent."))
        if any(fen <= 0 for fen in after.values()):
            return _problem(N_("A new price is missing: the product proposes none, or it rounds to nothing."))
        changed = {key for key, fen in after.items() if (key, fen) not in _known(agreement)}
        if any(kind.needs_approval and (one, kind) not in self._approvals for one, kind in changed):
            return _problem(N_("A binding price has no approval of counsel on that day."))
        return None


def _known(agreement: Agreement) -> set[tuple[tuple[int, PriceKind], int]]:
    return {((row.product_id, row.kind), row.amount_fen) for row in agreement.terms[-1].prices}


def _entries(agreement: Agreement) -> list[PriceEntry]:
    return [PriceEntry(row.product_id, row.kind, row.amount_fen) for row in agreement.terms[-1].prices]


def _problem(msgid: str, **params: object) -> Problem:
    return Problem(msgid, Place.PRICES, params=params)


def chosen(user: User, ids: Iterable[int]) -> sa.Select[Agreement]:
    """Of these agreements the ones that this user may write, by number, with what a change is reckoned from."""
    return (
        sa.select(Agreement)
        .where(
            Agreement.id.in_(list(ids)),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
        )
        .options(
            selectinload(Agreement.terms).selectinload(AgreementTerms.prices),
            selectinload(Agreement.distributor),
        )
        .order_by(Agreement.number)
    )


def preview(
    session: Session,
    user: User,
    ids: Iterable[int],
    rule: PriceRule,
    effective_on: date,
    exceptions: Exceptions | None = None,
) -> list[Row]:
    """What the change would do to each of these agreements; nothing is kept. DomainError for a wrong rule."""
    check(Changes(prices=(rule,)))
    agreements = session.scalars(chosen(user, ids)).all()
    reckoner = Reckoner(session, agreements, rule, effective_on, exceptions or {})
    return [reckoner.row(agreement) for agreement in agreements]
