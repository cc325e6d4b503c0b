"""What changes from last year's terms: in all agreements of a batch, or in one of them alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.money import PPM
from portal.domain.papers.values import Raw
from portal.domain.price_protection.defaults import following_term
from portal.domain.price_protection.entries import Entry, PriceEntry
from portal.domain.price_protection.models import PriceKind

# A price moves by at most so much in a batch: more is a slip of the pen.
MOST_PPM = 500_000
LARGEST_STEP_FEN = 1_000_000
MOST_RULES = 200


class How(StrEnum):
    """How a price changes."""

    PERCENT = "percent"  # by a signed share of last year's price, rounded to a step
    DIFFERENCE = "difference"  # by a signed sum
    AMOUNT = "amount"  # to a sum
    PROPOSED = "proposed"  # to what the product proposes for new agreements
    DROPPED = "dropped"  # it is no longer agreed


@dataclass(frozen=True)
class PriceRule:
    """A change of prices: of one product or all, of one kind or all.

    `value` is signed ppm for a percentage, signed fen for a difference, fen for a sum, 0 otherwise; a percentage is
    rounded half up to whole `step_fen`.
    """

    how: How
    value: int = 0
    step_fen: int = 1
    product_id: int | None = None
    kind: PriceKind | None = None

    def fits(self, row: PriceEntry) -> bool:
        """Whether it speaks of this row of annex 1."""
        return self.product_id in (None, row.product_id) and self.kind in (None, row.kind)

    @property
    def precision(self) -> int:
        """How precisely it names rows: a product counts more than a kind."""
        return 2 * (self.product_id is not None) + (self.kind is not None)


@dataclass(frozen=True)
class Changes:
    """What is said otherwise than last year; None and what is not named stay as they were.

    `template` is "key@version"; without one each text goes on in its newest released version. `rebate_add_ppm`
    is added to last year's rate. Without a first day the new period follows the old one.
    """

    template: str | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    rebate_ppm: int | None = None
    rebate_add_ppm: int | None = None
    base_share: int | None = None
    award_ppm: int | None = None
    prices: tuple[PriceRule, ...] = ()
    values: Mapping[str, Raw] = field(default_factory=dict)
    # Shares of the fund by kind of violation, of those that were agreed.
    shares: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As a row of the database keeps it; only what is said."""
        said: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("template", "rebate_ppm", "rebate_add_ppm", "base_share", "award_ppm")
            if getattr(self, name) is not None
        }
        for name in ("effective_on", "expires_on"):
            if (day := getattr(self, name)) is not None:
                said[name] = day.isoformat()
        if self.prices:
            said["prices"] = [
                [rule.how.value, rule.value, rule.step_fen, rule.product_id, rule.kind and rule.kind.value]
                for rule in self.prices
            ]
        if self.values:
            said["values"] = dict(self.values)
        if self.shares:
            said["shares"] = dict(self.shares)
        return said

    def __bool__(self) -> bool:
        return bool(self.as_json())


def read(said: Mapping[str, Any]) -> Changes:
    """The changes that a row of the database keeps."""
    days: dict[str, Any] = {
        name: date.fromisoformat(said[name]) for name in ("effective_on", "expires_on") if said.get(name)
    }
    prices = tuple(
        PriceRule(How(how), value, step_fen, product_id, PriceKind(kind) if kind else None)
        for how, value, step_fen, product_id, kind in said.get("prices", ())
    )
    plain = ("template", "rebate_ppm", "rebate_add_ppm", "base_share", "award_ppm", "values", "shares")
    return Changes(**{name: said[name] for name in plain if name in said}, **days, prices=prices)


def merged(of_all: Changes, own: Changes) -> Changes:
    """The changes of a batch with what one row says instead; of prices `new_prices` decides, line by line."""
    said = {
        name: value
        for name in ("template", "effective_on", "expires_on", "base_share", "award_ppm")
        if (value := getattr(own, name)) is not None
    }
    if own.rebate_ppm is not None or own.rebate_add_ppm is not None:
        said |= {"rebate_ppm": own.rebate_ppm, "rebate_add_ppm": own.rebate_add_ppm}
    if own.effective_on is not None and own.expires_on is None:
        said["expires_on"] = None
    return replace(
        of_all,
        **said,
        values={**of_all.values, **own.values},
        shares={**of_all.shares, **own.shares},
    )


def check(changes: Changes) -> None:
    """Refuse what cannot be meant; DomainError names the field."""
    if changes.effective_on and changes.expires_on and changes.effective_on >= changes.expires_on:
        raise DomainError(N_("The last day must be after the first day."), field="expires_on")
    if changes.rebate_ppm is not None and changes.rebate_add_ppm is not None:
        raise DomainError(
            N_("Either set the rebate rate or raise it by so many points, not both."), field="rebate_add"
        )
    if changes.rebate_ppm == 0:
        raise DomainError(N_("Enter a rebate rate above 0 and up to 100 percent."), field="rebate_rate")
    if changes.base_share is not None and not 0 <= changes.base_share <= 100:
        raise DomainError(N_("The base share is between 0 and 100."), field="base_share")
    if len(changes.prices) > MOST_RULES:
        raise DomainError(N_("At most %(most)s price changes."), field="prices", most=MOST_RULES)
    seen: set[tuple[int | None, PriceKind | None]] = set()
    for no, rule in enumerate(changes.prices):
        if rule.how is How.PERCENT and not 0 < abs(rule.value) <= MOST_PPM:
            raise DomainError(
                N_("A price changes by more than 0 and at most 50 percent."), field=f"prices-{no}-value"
            )
        if rule.how is How.DIFFERENCE and not rule.value:
            raise DomainError(
                N_("Enter by how much prices go up (+2) or down (-1.50)."), field=f"prices-{no}-value"
            )
        if rule.how is How.AMOUNT and rule.value <= 0:
            raise DomainError(N_("Enter the new price."), field=f"prices-{no}-value")
        if rule.how is How.AMOUNT and rule.product_id is None:
            raise DomainError(N_("A fixed price needs its product."), field=f"prices-{no}-product_id")
        if not 1 <= rule.step_fen <= LARGEST_STEP_FEN:
            raise DomainError(N_("The step is between ¥0.01 and ¥10,000."), field=f"prices-{no}-step")
        key = (rule.product_id, rule.kind)
        if key in seen:
            raise DomainError(
                N_("Two lines speak of the same product and kind of price. Keep one."),
                field=f"prices-{no}-product_id",
            )
        seen.add(key)


def period(changes: Changes, ends_on: date) -> tuple[date, date]:
    """First and last day of the new agreement: as said, or a year from the first day, or what follows the old one."""
    first, last = following_term(ends_on)
    if changes.effective_on is not None:
        first, last = following_term(changes.effective_on - timedelta(days=1))
    return first, changes.expires_on or last


def rate(changes: Changes, before_ppm: int) -> int:
    """The new rebate rate, ppm; what adds up to 0 or less, or to more than the whole, is refused."""
    if changes.rebate_ppm is not None:
        return changes.rebate_ppm
    after = before_ppm + (changes.rebate_add_ppm or 0)
    if not 0 < after <= PPM:
        raise DomainError(
            N_("The rebate rate would come to %(rate)s percent. Give this row a rate of its own."),
            field="rebate_rate",
            rate=f"{after / 10_000:.2f}",
        )
    return after


def moved(fen: int, ppm: int, step_fen: int) -> int:
    """A price in fen moved by a signed share, rounded half up to whole steps; exact, no float."""
    exact = fen * (PPM + ppm)
    divisor = PPM * step_fen
    return (2 * exact + divisor) // (2 * divisor) * step_fen


def shifted(fen: int, by_fen: int) -> int:
    """A price in fen moved by a signed sum; 0 where it moves by more than any price may: a slip of the pen."""
    return fen + by_fen if abs(by_fen) * PPM <= fen * MOST_PPM else 0


Proposed = Mapping[tuple[int, PriceKind], int]


def rule_of(rules: Iterable[PriceRule], row: PriceEntry) -> PriceRule | None:
    """The rule for a row of annex 1: the most precise one; of equals the first."""
    fitting = [rule for rule in rules if rule.fits(row)]
    return max(fitting, key=lambda rule: rule.precision, default=None)


def new_prices(
    own: Iterable[PriceRule], of_all: Iterable[PriceRule], before: Iterable[PriceEntry], proposed: Proposed
) -> list[PriceEntry]:
    """The rows of annex 1 after the change, in their order; a row's own rules come before those of all.

    A price of 0 is one that could not be told: the product proposes none, or the change left nothing of it.
    """
    own, of_all = tuple(own), tuple(of_all)
    rows = []
    for row in before:
        rule = rule_of(own, row) or rule_of(of_all, row)
        if rule is None:
            rows.append(row)
        elif rule.how is How.PERCENT:
            rows.append(replace(row, amount_fen=moved(row.amount_fen, rule.value, rule.step_fen)))
        elif rule.how is How.DIFFERENCE:
            rows.append(replace(row, amount_fen=shifted(row.amount_fen, rule.value)))
        elif rule.how is How.AMOUNT:
            rows.append(replace(row, amount_fen=rule.value))
        elif rule.how is How.PROPOSED:
            rows.append(replace(row, amount_fen=proposed.get((row.product_id, row.kind), 0)))
    return rows


def applied(base: Entry, changes: Changes, prices: list[PriceEntry]) -> Entry:
    """A proposed renewal as the changes make it; its period and template are already the new ones."""
    return replace(
        base,
        rebate_ppm=rate(changes, base.rebate_ppm),
        base_share=base.base_share if changes.base_share is None else changes.base_share,
        award_ppm=base.award_ppm if changes.award_ppm is None else changes.award_ppm,
        values={**base.values, **changes.values},
        prices=prices,
        violations=[
            replace(row, share_ppm=changes.shares.get(row.code, row.share_ppm)) for row in base.violations
        ],
    )
