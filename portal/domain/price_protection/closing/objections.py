"""What can be ticked on a statement and objected to: its sums and lines, by the numbers that they have on it (4.3)."""

from dataclasses import asdict, dataclass
from typing import Any

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement, Verdict
from portal.domain.text import clean

OBJECTION, MOST_POINTS = 300, 60
# The sums of a statement by their numbers on it.
SUMS = {
    "1.1": "opening",
    "1.2": "accrued",
    "1.3": "reversed",
    "1.4": "forfeited",
    "1.5": "restored",
    "1.6": "released",
    "1.7": "closing",
    "1.8": "base_paid",
    "2.1": "release",
}


@dataclass(frozen=True, slots=True)
class Point:
    """A sum (1.3) or a line (12) that is objected to, and what the distributor has instead, in fen."""

    item: str
    claimed_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Ticked:
    """What stands on a statement that came back: either part agreed to or objected to, and in which words."""

    fund: Verdict
    fund_objection: str = ""
    account: Verdict | None = None
    account_objection: str = ""
    points: tuple[Point, ...] = ()

    def kept(self) -> dict[str, Any]:
        """As a pile keeps it until it is filed."""
        return asdict(self) | {"points": []}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Ticked | None":
        """What a pile kept; None where nothing was said."""
        if not kept:
            return None
        account = Verdict(kept["account"]) if kept["account"] else None
        return cls(Verdict(kept["fund"]), kept["fund_objection"], account, kept["account_objection"])


def stated_fen(statement: Statement, item: str) -> int | None:
    """What a sum (1.3) or a line (12) of a statement says, in fen; None where it has no such item."""
    if item in SUMS:
        return int(statement.payload["values"].get(f"{SUMS[item]}_figures") or 0)
    lines = statement.payload["lines"]
    if not (item.isascii() and item.isdigit() and 1 <= int(item) <= len(lines)):
        return None
    return int(lines[int(item) - 1]["fund_figures"] or 0)


def checked(statement: Statement, said: Ticked) -> Ticked:
    """The answer in clean words, each objection with its own; DomainError names what is missing."""
    fund = _objection(said.fund, said.fund_objection, "fund_objection")
    if said.account is not None and not statement.has_account:
        raise DomainError(N_("This statement has no account to answer to."), field="account")
    account = _objection(said.account, said.account_objection, "account_objection")
    points = said.points if said.fund is Verdict.OBJECTED else ()
    items = [point.item for point in points]
    for point in points:
        if stated_fen(statement, point.item) is None:
            raise DomainError(
                N_(
                    "The statement has no item %(item)s: enter 1.1 to 2.1 for a sum, 1 to %(lines)s for a line."
                ),
                field="points",
                item=point.item,
                lines=len(statement.payload["lines"]),
            )
    if len(set(items)) < len(items):
        raise DomainError(N_("The same item stands there twice."), field="points")
    if len(items) > MOST_POINTS:
        raise DomainError(
            N_("At most %(most)s items; say the rest in words."), field="points", most=MOST_POINTS
        )
    return Ticked(said.fund, fund, said.account, account, tuple(points))


def _objection(verdict: Verdict | None, text: str, field: str) -> str:
    if verdict is not Verdict.OBJECTED:
        return ""
    text = clean(text)
    if not text:
        raise DomainError(N_("Enter what is objected to, and the sums."), field=field)
    if len(text) > OBJECTION:
        raise DomainError("At most %(limit)s characters.", field=field, limit=OBJECTION)
    return text
