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
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import china_day, today
from portal.domain.access.queries import within
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Book
from portal.domain.ledger.sums import net
from portal.domain.papers.statement import ACCOUNT
from portal.domain.price_protection.closing.all_base import quarters_with_lines
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.funds.models import FundHold, FundRelease, QuarterClose
from portal.domain.price_protection.funds.quarters import USUAL, Calendar, Quarter, calendar_of
from portal.domain.price_protection.funds.releasing import interest
from portal.domain.price_protection.models import Agreement, AgreementPaper, AgreementTerms
from portal.domain.price_protection.purchases.models import Accrual, Purchase, Unprotected
from portal.domain.price_protection.receivables import standing
from portal.domain.price_protection.receivables.standing import Printing, Receivable
from portal.domain.regions.models import Region
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

    @property
    def said(self) -> list[Any]:
        """What two people agree on of it; interest runs on to the day of the release."""
        return [*self.said_of_fund, self.account.said if self.account else None]

    @property
    def said_of_fund(self) -> list[Any]:
        """The part of it that decides whether the fund is released: never what goods are owed for (4.4)."""
        return [self.agreement_id, str(self.outcome), self.fund_fen, list(self.cases)]


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
    ids = _scope(region_id, agreement_ids)
    base = [(row, _own_quarter(row, name)) for row in _agreements(session, ids)]
    amended = _amended(session, ids)
    funds = _funds(session, ids)
    holds = _holds(session, name, ids)
    released = {
        agreement_id: fen
        for agreement_id, fen in session.execute(
            sa.select(FundRelease.agreement_id, FundRelease.amount_fen).where(
                FundRelease.agreement_id.in_(ids), FundRelease.quarter == name
            )
        )
    }
    closed = _closed(session, ids)
    late = _late(session, name, ids, {one.id: quarter.last_on for one, quarter in base})
    waiting = _waiting(session, ids, {one.id: quarter for one, quarter in base})
    names = case_names(session, {part for parts in holds.values() for part in parts})
    second = SecondParts(session, name, ids)
    found = []
    for one, quarter in base:
        fund_fen = funds[one.id].get(name, 0)
        is_in_force = one.effective_on <= quarter.last_on and one.ends_on >= quarter.first_on
        if not (is_in_force or fund_fen or name in closed[one.id]):
            continue
        earlier = _earlier(name, funds[one.id], closed[one.id])
        release_days, interest_ppm = _terms_on(one, amended.get(one.id, []), quarter.last_on)
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
                due_on=quarter.last_on + timedelta(days=release_days),
                fund_fen=fund_fen,
                interest_fen=interest(fund_fen, interest_ppm, quarter.last_on, today())
                if outcome in (Outcome.RELEASE, Outcome.DUE)
                else 0,
                cases=tuple(sorted(names[part] for part in holds.get(one.id, ()))),
                released_fen=released.get(one.id, 0),
                late_lines=late.get(one.id, 0),
                waiting_lines=waiting.get(one.id, 0),
                earlier=earlier if outcome is Outcome.EARLIER else "",
                printing=second.printing(one) if outcome not in _DONE else None,
                account=second.printed(one) if outcome not in _DONE else None,
            )
        )
    return found


def _earlier(name: str, funds: dict[str, int], closed: frozenset[str]) -> str:
    """The first quarter before this one that had a fund, or lines, and is not closed; empty when there is none.

    Also where nothing is left of it: its lines have their statement before the next one's (10.1).
    """
    return min((part for part in funds if part < name and part not in closed), default="")


def _own_quarter(one: "_Base", name: str) -> Quarter:
    calendar = calendar_of(one.quarter_starts or USUAL)
    return calendar.own(calendar.named(name), one.effective_on, one.ends_on)


_Amended = tuple[date, int | None, int | None]


def _terms_on(one: "_Base", amended: Sequence[_Amended], on: date) -> tuple[int, int]:
    """Days to release and yearly interest in ppm as the agreement says them on a day."""
    days, ppm = one.release_days, one.interest_ppm
    for since_on, later_days, later_ppm in amended:
        if since_on <= on:
            days, ppm = (
                days if later_days is None else later_days,
                ppm if later_ppm is None else later_ppm,
            )
    return int(days or 0), int(ppm or 0)


def _amended(session: Session, ids: sa.Select[int]) -> dict[int, list[_Amended]]:
    """What amendments say of the same, in the order of their numbers."""
    found: dict[int, list[_Amended]] = defaultdict(list)
    values = AgreementTerms.values
    for agreement_id, *said in session.execute(
        sa.select(
            AgreementTerms.agreement_id,
            AgreementTerms.effective_on,
            values["release_days"].as_integer(),
            values["fund_interest_rate"].as_integer(),
        )
        .where(AgreementTerms.agreement_id.in_(ids), AgreementTerms.no > 0)
        .order_by(AgreementTerms.no)
    ):
        found[agreement_id].append((said[0], said[1], said[2]))
    return found


class SecondParts:
    """The accounts that the statements of a quarter would print, where the company prints any."""

    def __init__(self, session: Session, name: str, ids: sa.Select[int]) -> None:
        self._is_on = settings.prints(session, ACCOUNT)
        whose = sa.select(Agreement.distributor_id).where(Agreement.id.in_(ids))
        self._accounts = standing.accounts(session, name, whose) if self._is_on else {}

    def printing(self, one: "_Base") -> Printing | None:
        """Whether an agreement's statement gets the second part; None where none is printed at all."""
        if not self._is_on:
            return None
        account = self._accounts.get(one.distributor_id)
        if account is None:
            return Printing.MISSING
        if account.place.agreement_id != one.id:
            return Printing.ELSEWHERE
        return Printing.PRINTED if account.is_equal else Printing.UNEQUAL

    def printed(self, one: "_Base") -> Receivable | None:
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


class _Base(NamedTuple):
    id: int
    number: str
    distributor_id: int
    distributor: str
    region_id: int
    office: str
    effective_on: date
    ends_on: date
    quarter_starts: str | None
    release_days: int | None
    interest_ppm: int | None


def _scope(region_id: int, agreement_ids: Collection[int] | None) -> sa.Select[int]:
    """Ids of the agreements looked at."""
    found = sa.select(Agreement.id).where(
        Agreement.status.in_(IN_FORCE), Agreement.region_id.in_(within(region_id))
    )
    return found if agreement_ids is None else found.where(Agreement.id.in_(agreement_ids))


def _agreements(session: Session, ids: sa.Select[int]) -> list[_Base]:
    said = AgreementPaper.payload["values"]
    rows = session.execute(
        sa.select(
            Agreement.id,
            Agreement.number,
            Agreement.distributor_id,
            Distributor.name,
            Agreement.region_id,
            Region.name,
            Agreement.effective_on,
            Agreement.ends_on,
            said["quarter_starts"].as_string(),
            said["release_days"].as_integer(),
            said["fund_interest_rate"].as_integer(),
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(
            AgreementPaper,
            sa.and_(AgreementPaper.agreement_id == Agreement.id, AgreementPaper.withdrawn_at.is_(None)),
        )
        .where(Agreement.id.in_(ids))
        .order_by(Region.path, Agreement.number)
    )
    return [_Base(*row) for row in rows]


def _funds(session: Session, ids: sa.Select[int]) -> dict[int, dict[str, int]]:
    """What the fund of each quarter holds, by agreement; what ever held something, or had lines all the same."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    sums = net(sa.select(Book.id).where(Book.agreement_id.in_(ids)))
    funds = (
        sa.select(Book.agreement_id, Account.part, sums.c.fen)
        .join(Account, Account.book_id == Book.id)
        .join(sums, sums.c.account_id == Account.id)
        .where(Account.kind == AccountKind.FUND)
    )
    lines = quarters_with_lines(ids).add_columns(sa.literal(0))
    for agreement_id, part, fen in session.execute(sa.union_all(funds, lines)):
        found[agreement_id][part] -= fen
    return found


def _holds(session: Session, name: str, ids: sa.Select[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for agreement_id, part in session.execute(
        sa.select(FundHold.agreement_id, FundHold.case_part).where(
            FundHold.agreement_id.in_(ids), FundHold.quarter == name, FundHold.lifted_on.is_(None)
        )
    ):
        found[agreement_id].append(part)
    return dict(found)


def _closed(session: Session, ids: sa.Select[int]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for agreement_id, quarter in session.execute(
        sa.select(QuarterClose.agreement_id, QuarterClose.quarter).where(QuarterClose.agreement_id.in_(ids))
    ):
        found[agreement_id].add(quarter)
    return defaultdict(frozenset, {id_: frozenset(names) for id_, names in found.items()})


def _late(session: Session, name: str, ids: sa.Select[int], ends: dict[int, date]) -> dict[int, int]:
    """How many lines of the quarter were entered after its last day, by agreement."""
    entered = china_day(Purchase.entered_at)
    found: dict[int, int] = defaultdict(int)
    for agreement_id, day, count in session.execute(
        sa.select(Accrual.agreement_id, entered, sa.func.count())
        .join(Purchase, Purchase.id == Accrual.purchase_id)
        .where(
            Accrual.agreement_id.in_(ids),
            Accrual.quarter == name,
            entered > min(ends.values(), default=date.max).isoformat(),
        )
        .group_by(Accrual.agreement_id, entered)
    ):
        if day > ends.get(agreement_id, date.max).isoformat():
            found[agreement_id] += count
    return found


def _waiting(session: Session, ids: sa.Select[int], quarters: dict[int, Quarter]) -> dict[int, int]:
    """How many lines of the quarter accrue only once a paper has come back, by agreement."""
    found: dict[int, int] = defaultdict(int)
    for agreement_id, on, count in session.execute(
        sa.select(Agreement.id, Purchase.purchased_on, sa.func.count())
        .join(
            Purchase,
            sa.and_(
                Purchase.distributor_id == Agreement.distributor_id,
                Purchase.purchased_on >= Agreement.effective_on,
                Purchase.purchased_on <= Agreement.ends_on,
            ),
        )
        .where(Agreement.id.in_(ids), Purchase.unprotected == Unprotected.NOT_SIGNED)
        .group_by(Agreement.id, Purchase.purchased_on)
    ):
        quarter = quarters.get(agreement_id)
        if quarter is not None and quarter.first_on <= on <= quarter.last_on:
            found[agreement_id] += count
    return found
