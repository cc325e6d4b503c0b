"""What the preview of a close rests on: asked of the database once for all agreements that it looks at."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import china_day
from portal.domain.access.queries import within
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Book
from portal.domain.ledger.sums import contained
from portal.domain.price_protection.closing.all_base import quarters_with_lines
from portal.domain.price_protection.funds.cover import IN_FORCE, Said
from portal.domain.price_protection.funds.models import FundHold, FundRelease, QuarterClose
from portal.domain.price_protection.funds.quarters import Quarter, calendar_of
from portal.domain.price_protection.models import Agreement, AgreementPaper, AgreementTerms
from portal.domain.price_protection.purchases.models import Accrual, Purchase, Unprotected
from portal.domain.regions.models import Region

# Of the terms only what a release asks for: whole papers of a thousand agreements are much to read.
_RELEASING = ("release_days", "fund_interest_rate")


class Basis(NamedTuple):
    """An agreement with its own quarter, and how that is released by the words of its last day (S 2.1)."""

    id: int
    number: str
    distributor_id: int
    distributor: str
    region_id: int
    office: str
    effective_on: date
    ends_on: date
    quarter: Quarter
    release_days: int
    interest_ppm: int


def scope(region_id: int, agreement_ids: Collection[int] | None) -> sa.Select[int]:
    """Ids of the agreements looked at."""
    found = sa.select(Agreement.id).where(
        Agreement.status.in_(IN_FORCE), Agreement.region_id.in_(within(region_id))
    )
    return found if agreement_ids is None else found.where(Agreement.id.in_(agreement_ids))


def agreements(session: Session, name: str, ids: sa.Select[int]) -> list[Basis]:
    """The agreements by office and number; two statements."""
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
            *(said[term].as_integer() for term in _RELEASING),
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
    amended = _amended(session, ids)
    found = []
    for *facts, effective_on, ends_on, starts, days, ppm in rows:
        calendar = calendar_of(starts)
        quarter = calendar.own(calendar.named(name), effective_on, ends_on)
        terms = Said(_terms(days, ppm), tuple(amended.get(facts[0], ()))).on(quarter.last_on)
        days, ppm = (int(terms.get(term, 0)) for term in _RELEASING)
        found.append(Basis._make((*facts, effective_on, ends_on, quarter, days, ppm)))
    return found


def _amended(session: Session, ids: sa.Select[int]) -> dict[int, list[tuple[date, dict[str, Any]]]]:
    """What amendments say of the releasing, in the order of their numbers."""
    found: dict[int, list[tuple[date, dict[str, Any]]]] = defaultdict(list)
    for agreement_id, since_on, days, ppm in session.execute(
        sa.select(
            AgreementTerms.agreement_id,
            AgreementTerms.effective_on,
            *(AgreementTerms.values[term].as_integer() for term in _RELEASING),
        )
        .where(AgreementTerms.agreement_id.in_(ids), AgreementTerms.no > 0)
        .order_by(AgreementTerms.no)
    ):
        found[agreement_id].append((since_on, _terms(days, ppm)))
    return found


def _terms(*said: int | None) -> dict[str, Any]:
    """What is said of them; what is not said stays as it was."""
    return {term: value for term, value in zip(_RELEASING, said, strict=True) if value is not None}


def funds(session: Session, ids: sa.Select[int]) -> dict[int, dict[str, int]]:
    """What the fund of each quarter holds, by agreement; what ever held something, or had lines all the same."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    books = sa.select(Book.id).where(Book.agreement_id.in_(ids))
    for agreement_id, _kind, part, fen in session.execute(contained(books, [AccountKind.FUND])):
        found[agreement_id][part] = -fen
    for agreement_id, part in session.execute(quarters_with_lines(ids)):
        found[agreement_id].setdefault(part, 0)
    return found


def holds(session: Session, name: str, ids: sa.Select[int]) -> dict[int, list[str]]:
    """The cases that hold the quarter back, as accounts name them, by agreement."""
    found: dict[int, list[str]] = defaultdict(list)
    for agreement_id, part in session.execute(
        sa.select(FundHold.agreement_id, FundHold.case_part).where(
            FundHold.agreement_id.in_(ids), FundHold.quarter == name, FundHold.lifted_on.is_(None)
        )
    ):
        found[agreement_id].append(part)
    return dict(found)


def released(session: Session, name: str, ids: sa.Select[int]) -> dict[int, int]:
    """What was released of the quarter, interest apart, by agreement."""
    wanted = FundRelease.agreement_id.in_(ids), FundRelease.quarter == name
    found = session.execute(sa.select(FundRelease.agreement_id, FundRelease.amount_fen).where(*wanted))
    return {agreement_id: fen for agreement_id, fen in found}


def closed(session: Session, ids: sa.Select[int]) -> dict[int, frozenset[str]]:
    """The quarters that are closed, by agreement."""
    found: dict[int, set[str]] = defaultdict(set)
    for agreement_id, quarter in session.execute(
        sa.select(QuarterClose.agreement_id, QuarterClose.quarter).where(QuarterClose.agreement_id.in_(ids))
    ):
        found[agreement_id].add(quarter)
    return defaultdict(frozenset, {id_: frozenset(names) for id_, names in found.items()})


def lines(session: Session, ids: sa.Select[int], quarters: Mapping[int, Quarter]) -> dict[int, int]:
    """How many lines the statement of the quarter has, by agreement; read from an index alone.

    Lines are never changed or taken away: as many of them are the same ones.
    """
    if not quarters:
        return {}
    found: dict[int, int] = defaultdict(int)
    first_on, last_on = (
        min(one.first_on for one in quarters.values()),
        max(one.last_on for one in quarters.values()),
    )
    for agreement_id, on, count in session.execute(
        sa.select(Accrual.agreement_id, Accrual.booked_on, sa.func.count())
        .where(Accrual.agreement_id.in_(ids), Accrual.booked_on.between(first_on, last_on))
        .group_by(Accrual.agreement_id, Accrual.booked_on)
    ):
        quarter = quarters.get(agreement_id)
        if quarter is not None and quarter.first_on <= on <= quarter.last_on:
            found[agreement_id] += count
    return found


def late(session: Session, name: str, ids: sa.Select[int], quarters: Mapping[int, Quarter]) -> dict[int, int]:
    """How many lines of the quarter were entered after its last day, by agreement."""
    entered = china_day(Purchase.entered_at)
    ends = {id_: quarter.last_on.isoformat() for id_, quarter in quarters.items()}
    if not ends:
        return {}
    found: dict[int, int] = defaultdict(int)
    for agreement_id, day, count in session.execute(
        sa.select(Accrual.agreement_id, entered, sa.func.count())
        .join(Purchase, Purchase.id == Accrual.purchase_id)
        .where(
            Accrual.agreement_id.in_(ids),
            Accrual.quarter == name,
            entered > min(ends.values()),
        )
        .group_by(Accrual.agreement_id, entered)
    ):
        last = ends.get(agreement_id)
        if last is not None and day > last:
            found[agreement_id] += count
    return found


def waiting(session: Session, ids: sa.Select[int], quarters: Mapping[int, Quarter]) -> dict[int, int]:
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
