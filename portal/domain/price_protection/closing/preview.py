"""What closing a quarter would give each agreement, and what it would not, before anybody decides (P3, 4.3, 4.4).

Nothing is written. A quarter is each agreement's own: 2026Q3 by the calendar that its original says (1.4).
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.papers.statement import ACCOUNT
from portal.domain.price_protection.closing import gathering
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.closing.gathering import Basis
from portal.domain.price_protection.funds.quarters import Calendar, Quarter
from portal.domain.price_protection.funds.releasing import interest
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.receivables import standing
from portal.domain.price_protection.receivables.standing import Printing, Receivable
from portal.domain.settings import services as settings


class Outcome(StrEnum):
    """What an agreement gets of a quarter that is closed now."""

    RELEASE = "release"
    NOTHING = "nothing"  # its fund is empty; it is closed and stated all the same
    HELD = "held"  # a case holds the fund back; it is closed and stated all the same
    EARLIER = "earlier"  # a quarter before it had a fund and is not closed: that one comes first
    RUNNING = "running"  # by its own calendar the quarter has not ended
    CLOSED = "closed"  # it was closed before, and its fund released
    WAITING = "waiting"  # it was closed and stated before, and a case still holds its fund back
    DUE = "due"  # it was closed before while a case held it back, and no case does any more


# What a proposal closes.
CLOSING = (Outcome.RELEASE, Outcome.NOTHING, Outcome.HELD)
# What has its statement.
_DONE = (Outcome.CLOSED, Outcome.WAITING, Outcome.DUE)


# Where the account stands in what is said of a row.
_ACCOUNT = 4


@dataclass(frozen=True)
class Row:
    """One agreement: its sums in fen; interest as it would be if it were released today."""

    agreement_id: int
    number: str
    distributor_id: int
    distributor: str
    region_id: int
    office: str
    outcome: Outcome
    last_on: date
    due_on: date
    fund_fen: int
    interest_fen: int
    cases: tuple[str, ...] = ()
    # Lines of the quarter that were entered after its last day.
    late_lines: int = 0
    # Lines of its days that wait for a paper to come back: closed without them, they go into the next quarter.
    waiting_lines: int = 0
    # What its fund was released with when the quarter was closed, interest apart; 0 while a case holds it back.
    released_fen: int = 0
    # The first quarter that must be closed before this one; empty unless the outcome is EARLIER.
    earlier: str = ""
    # Whether its statement gets the second part; None where the company prints none.
    printing: Printing | None = None
    account: Receivable | None = None
    # All lines of its statement.
    lines: int = 0

    @property
    def said(self) -> list[Any]:
        """What two people agree on of it; interest runs on to the day of the release."""
        account = self.account.said if self.account else None
        return [self.agreement_id, str(self.outcome), self.fund_fen, list(self.cases), account, self.lines]

    def differs(self, said: Sequence[Any]) -> bool:
        """Whether anything is another than was agreed on; `said` is a row as a proposal keeps it.

        What was proposed before lines were compared says nothing of them.
        """
        return self.said[: len(said)] != list(said)

    def gives_other(self, said: Sequence[Any]) -> bool:
        """The part of it that decides whether the fund is released: never what goods are owed for (4.4).

        Lines that came later count where they leave the fund as it was too: the statement would print them with the
        base rebate that they bring or take, and nobody would have seen it.
        """
        here = self.said
        return here[:_ACCOUNT] != list(said[:_ACCOUNT]) or (
            here[_ACCOUNT + 1 : len(said)] != list(said[_ACCOUNT + 1 :])
        )


@dataclass(frozen=True)
class Totals:
    """Of an office, or of all: how many agreements, and what they get and do not, in fen."""

    office: str
    agreements: int = 0
    release_fen: int = 0
    interest_fen: int = 0
    held_fen: int = 0
    held: int = 0
    nothing: int = 0
    waiting: int = 0  # not to be closed now: still running, or an earlier quarter first
    closed: int = 0
    released_fen: int = 0  # by the closes of the quarter that are done


def digest(rows: Sequence[Row]) -> str:
    """The hash of what a preview says, hexadecimal: of what would be closed, whatever it is called today."""
    return digest_of([row.said for row in rows if row.outcome in CLOSING])


def digest_of(said: Sequence[Sequence[Any]]) -> str:
    """The same of rows as a proposal keeps them."""
    text = json.dumps(sorted(said, key=lambda row: int(row[0])), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def preview(
    session: Session, name: str, region_id: int, agreement_ids: Collection[int] | None = None
) -> list[Row]:
    """What closing the quarter in an office and those below it would do, by office and number.

    Listed is every agreement in force on a day of its quarter, and every other whose fund of it holds something.
    """
    Calendar().named(name)  # DomainError for what is no quarter
    ids = gathering.scope(region_id, agreement_ids)
    base = gathering.agreements(session, name, ids)
    quarters = {one.id: one.quarter for one in base}
    funds = gathering.funds(session, ids)
    holds = gathering.holds(session, name, ids)
    released = gathering.released(session, name, ids)
    closed = gathering.closed(session, ids)
    lines = gathering.lines(session, ids, quarters)
    late = gathering.late(session, name, ids, quarters)
    waiting = gathering.waiting(session, ids, quarters)
    names = case_names(session, {part for parts in holds.values() for part in parts})
    second = SecondParts(session, name, ids)
    found = []
    for one in base:
        quarter, fund_fen = one.quarter, funds[one.id].get(name, 0)
        is_in_force = one.effective_on <= quarter.last_on and one.ends_on >= quarter.first_on
        if not (is_in_force or fund_fen or name in closed[one.id]):
            continue
        earlier = _earlier(name, funds[one.id], closed[one.id])
        outcome = _outcome(
            quarter, funds[one.id], closed[one.id], earlier, one.id in released, one.id in holds
        )
        found.append(
            Row(
                agreement_id=one.id,
                number=one.number,
                distributor_id=one.distributor_id,
                distributor=one.distributor,
                region_id=one.region_id,
                office=one.office,
                outcome=outcome,
                last_on=quarter.last_on,
                due_on=quarter.last_on + timedelta(days=one.release_days),
                fund_fen=fund_fen,
                interest_fen=interest(fund_fen, one.interest_ppm, quarter.last_on, today())
                if outcome in (Outcome.RELEASE, Outcome.DUE)
                else 0,
                cases=tuple(sorted(names[part] for part in holds.get(one.id, ()))),
                released_fen=released.get(one.id, 0),
                late_lines=late.get(one.id, 0),
                waiting_lines=waiting.get(one.id, 0),
                earlier=earlier if outcome is Outcome.EARLIER else "",
                printing=second.printing(one) if outcome not in _DONE else None,
                account=second.printed(one) if outcome not in _DONE else None,
                lines=lines.get(one.id, 0),
            )
        )
    return found


def _earlier(name: str, funds: dict[str, int], closed: frozenset[str]) -> str:
    """The first quarter before this one that had a fund, or lines, and is not closed; empty when there is none.

    Also where nothing is left of it: its lines have their statement before the next one's (10.1).
    """
    return min((part for part in funds if part < name and part not in closed), default="")


class SecondParts:
    """The accounts that the statements of a quarter would print, where the company prints any."""

    def __init__(self, session: Session, name: str, ids: sa.Select[int]) -> None:
        self._is_on = settings.prints(session, ACCOUNT)
        whose = sa.select(Agreement.distributor_id).where(Agreement.id.in_(ids))
        self._accounts = standing.accounts(session, name, whose) if self._is_on else {}

    def printing(self, one: Basis) -> Printing | None:
        """Whether an agreement's statement gets the second part; None where none is printed at all."""
        if not self._is_on:
            return None
        account = self._accounts.get(one.distributor_id)
        if account is None:
            return Printing.MISSING
        if account.place.agreement_id != one.id:
            return Printing.ELSEWHERE
        return Printing.PRINTED if account.is_equal else Printing.UNEQUAL

    def printed(self, one: Basis) -> Receivable | None:
        """What it would print."""
        if self.printing(one) is Printing.PRINTED:
            return self._accounts[one.distributor_id]
        return None


def _outcome(
    quarter: Quarter,
    funds: dict[str, int],
    closed: frozenset[str],
    earlier: str,
    is_released: bool,
    is_held: bool,
) -> Outcome:
    name = str(quarter)
    if is_released or name in closed:
        if not funds.get(name):
            return Outcome.CLOSED
        return Outcome.WAITING if is_held else Outcome.DUE
    if quarter.last_on >= today():
        return Outcome.RUNNING
    if earlier:
        return Outcome.EARLIER
    if is_held:
        return Outcome.HELD
    return Outcome.RELEASE if funds.get(name) else Outcome.NOTHING


def totals(rows: Sequence[Row]) -> tuple[Totals, list[Totals]]:
    """Of all, and of each office in the order of the rows."""
    by_office: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_office[row.office].append(row)
    return _total("", rows), [_total(office, of_it) for office, of_it in by_office.items()]


def _total(office: str, rows: Sequence[Row]) -> Totals:
    def count(*outcomes: Outcome) -> int:
        return sum(row.outcome in outcomes for row in rows)

    return Totals(
        office=office,
        agreements=len(rows),
        release_fen=sum(row.fund_fen for row in rows if row.outcome is Outcome.RELEASE),
        interest_fen=sum(row.interest_fen for row in rows if row.outcome is Outcome.RELEASE),
        held_fen=sum(row.fund_fen for row in rows if row.outcome is Outcome.HELD),
        held=count(Outcome.HELD),
        nothing=count(Outcome.NOTHING),
        waiting=count(Outcome.EARLIER, Outcome.RUNNING),
        closed=count(Outcome.CLOSED, Outcome.DUE, Outcome.WAITING),
        released_fen=sum(row.released_fen for row in rows),
    )
