"""Which agreement protects a purchase, on which terms and in which quarter; or why none does (P2, 1.6, S 2.1)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.asked_once import once
from portal.domain.price_protection.funds.models import QuarterClose
from portal.domain.price_protection.funds.quarters import Calendar, Quarter, calendar_of
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementPrice,
    AgreementTerms,
    Amendment,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.purchases.models import Unprotected

# What binds both parties, on the days of its term.
IN_FORCE = (Status.SIGNED, Status.TERMINATED)
# What an amendment says of the rebate; other changes leave accruals as they are.
_OF_REBATE = frozenset({"rebate_rate", "base_share"})


class Terms(NamedTuple):
    """What a purchase's rebate is reckoned by, from a day on."""

    id: int
    effective_on: date
    rebate_ppm: int
    base_share: int
    products: frozenset[int]


@dataclass(frozen=True)
class Protection:
    """An agreement with all its terms, as accrual needs it; `terms` in the order of their numbers.

    From `open_from` on it is not known yet what holds: an approved amendment, or a notice, has not come back. It is
    approved before its day, so nothing of its days has accrued by then.
    """

    agreement_id: int
    status: Status
    effective_on: date
    ends_on: date
    terms: tuple[Terms, ...]
    calendar: Calendar
    closed: frozenset[str]
    open_from: date = date.max

    def terms_on(self, on: date) -> Terms:
        """The terms of a day; of several from one day the later number counts (S 3.1)."""
        return next((one for one in reversed(self.terms) if one.effective_on <= on), self.terms[0])

    def quarter_for(self, on: date, today: date) -> tuple[Quarter, date]:
        """The quarter that a line of this day goes into and its accounting day: a closed one never changes.

        That of today is closed already where the agreement ended in it: then it is the next one.
        """
        quarter = self.calendar.of(on)
        if str(quarter) not in self.closed:
            return quarter, on
        quarter = self.calendar.of(today)
        while str(quarter) in self.closed:
            quarter = self.calendar.following(quarter)
        return quarter, today


def protections(session: Session, distributor_ids: Collection[int]) -> dict[int, list[Protection]]:
    """The agreements of these distributors from approval on, by distributor, the latest first; seven statements."""
    agreements = session.execute(
        sa.select(
            Agreement.id,
            Agreement.distributor_id,
            Agreement.status,
            Agreement.effective_on,
            Agreement.ends_on,
        )
        .where(
            Agreement.distributor_id.in_(distributor_ids),
            Agreement.status.in_((Status.APPROVED, *IN_FORCE)),
        )
        .order_by(Agreement.effective_on.desc(), Agreement.id.desc())
    ).all()
    ids = [row.id for row in agreements]
    terms = _terms(session, ids)
    closed: dict[int, set[str]] = defaultdict(set)
    for agreement_id, quarter in session.execute(
        sa.select(QuarterClose.agreement_id, QuarterClose.quarter).where(QuarterClose.agreement_id.in_(ids))
    ):
        closed[agreement_id].add(quarter)
    starts = _quarter_starts(session, ids)
    open_from = _open_from(session, ids)
    found: dict[int, list[Protection]] = defaultdict(list)
    for row in agreements:
        if row.id not in terms:
            continue
        found[row.distributor_id].append(
            Protection(
                agreement_id=row.id,
                status=row.status,
                effective_on=row.effective_on,
                ends_on=row.ends_on,
                terms=tuple(terms[row.id]),
                calendar=calendar_of(starts.get(row.id)),
                closed=frozenset(closed[row.id]),
                open_from=open_from.get(row.id, date.max),
            )
        )
    return dict(found)


def is_of_rebate(says: Mapping[str, Any]) -> bool:
    """Whether purchases from an amendment's day on accrue otherwise by it: rate, split or products are to be others."""
    return "prices" in says or bool(_OF_REBATE & says.get("values", {}).keys())


def _open_from(session: Session, agreement_ids: list[int]) -> dict[int, date]:
    """From which day it hangs on an approved paper that has not come back what, and whether, a line accrues."""
    found: dict[int, date] = {}
    for agreement_id, effective_on, says in session.execute(
        sa.select(Amendment.agreement_id, Amendment.effective_on, Amendment.says).where(
            Amendment.agreement_id.in_(agreement_ids), Amendment.status == DeedStatus.APPROVED
        )
    ):
        values = says.get("values", {})
        if is_of_rebate(says):
            found[agreement_id] = effective_on
        elif "expires_on" in values:
            last = date.fromisoformat(str(values["expires_on"]))
            found[agreement_id] = max(effective_on, last + timedelta(days=1))
    for agreement_id, terminates_on in session.execute(
        sa.select(Termination.agreement_id, Termination.terminates_on).where(
            Termination.agreement_id.in_(agreement_ids), Termination.status == DeedStatus.APPROVED
        )
    ):
        first = terminates_on + timedelta(days=1)
        found[agreement_id] = min(found.get(agreement_id, date.max), first)
    return found


def _terms(session: Session, agreement_ids: list[int]) -> dict[int, list[Terms]]:
    products: dict[int, set[int]] = defaultdict(set)
    for terms_id, product_id in session.execute(
        sa.select(AgreementPrice.terms_id, AgreementPrice.product_id)
        .join(AgreementTerms, AgreementTerms.id == AgreementPrice.terms_id)
        .where(AgreementTerms.agreement_id.in_(agreement_ids))
    ):
        products[terms_id].add(product_id)
    found: dict[int, list[Terms]] = defaultdict(list)
    for row in session.execute(
        sa.select(
            AgreementTerms.agreement_id,
            AgreementTerms.id,
            AgreementTerms.effective_on,
            AgreementTerms.rebate_ppm,
            AgreementTerms.base_share,
        )
        .where(AgreementTerms.agreement_id.in_(agreement_ids))
        .order_by(AgreementTerms.no)
    ):
        found[row.agreement_id].append(
            Terms(row.id, row.effective_on, row.rebate_ppm, row.base_share, frozenset(products[row.id]))
        )
    return found


def _quarter_starts(session: Session, agreement_ids: list[int]) -> dict[int, str]:
    """The first days of the quarters as the originals say them; no amendment changes them."""
    rows = session.execute(
        sa.select(
            AgreementPaper.agreement_id, AgreementPaper.payload["values"]["quarter_starts"].as_string()
        ).where(AgreementPaper.agreement_id.in_(agreement_ids), AgreementPaper.withdrawn_at.is_(None))
    )
    return {agreement_id: said for agreement_id, said in rows if said}


def calendar_of_agreement(session: Session, agreement_id: int) -> Calendar:
    """How an agreement counts its quarters (1.4); the usual way where it has no paper."""
    return calendar_of(frozen_values(session, agreement_id).get("quarter_starts"))


@dataclass(frozen=True)
class Said:
    """What an agreement says, by placeholder: its original as frozen at approval, and what was amended since when."""

    original: dict[str, Any]
    amended: tuple[tuple[date, dict[str, Any]], ...] = ()

    def on(self, day: date) -> dict[str, Any]:
        """What it says on a day; of amendments the later number counts (S 3.1)."""
        values = self.original
        for since_on, changed in self.amended:
            if since_on <= day:
                values = values | changed
        return values


def said_over_time(session: Session, agreement_ids: list[int]) -> dict[int, Said]:
    """What these agreements say from which day on, never a setting of today; two statements."""
    ids = tuple(sorted(agreement_ids))
    return dict(once(session, ("said over time", ids), lambda: _said_over_time(session, ids)))


def _said_over_time(session: Session, agreement_ids: tuple[int, ...]) -> dict[int, Said]:
    amended: dict[int, list[tuple[date, dict[str, Any]]]] = defaultdict(list)
    for agreement_id, since_on, values in session.execute(
        sa.select(AgreementTerms.agreement_id, AgreementTerms.effective_on, AgreementTerms.values)
        .where(AgreementTerms.agreement_id.in_(agreement_ids), AgreementTerms.no > 0)
        .order_by(AgreementTerms.no)
    ):
        amended[agreement_id].append((since_on, values))
    rows = session.execute(
        sa.select(AgreementPaper.agreement_id, AgreementPaper.payload).where(
            AgreementPaper.agreement_id.in_(agreement_ids), AgreementPaper.withdrawn_at.is_(None)
        )
    )
    return {id_: Said(payload["values"], tuple(amended.get(id_, ()))) for id_, payload in rows}


def frozen_values(session: Session, agreement_id: int, on: date | None = None) -> dict[str, Any]:
    """What an agreement says on a day, today where none is named, by placeholder; nothing where it has no paper."""
    said = said_over_time(session, [agreement_id]).get(agreement_id)
    return said.on(on or today()) if said is not None else {}


def covering(candidates: list[Protection], product_id: int, on: date) -> Protection | Unprotected:
    """The agreement that protects a product bought on a day, or why none does: the reason nearest to protection."""
    if not candidates:
        return Unprotected.NO_AGREEMENT
    within = [one for one in candidates if one.effective_on <= on <= one.ends_on]
    for one in within:
        if product_id in one.terms_on(on).products:
            return one if one.status in IN_FORCE and on < one.open_from else Unprotected.NOT_SIGNED
    if within:
        return Unprotected.NOT_COVERED
    if all(one.effective_on > on for one in candidates):
        return Unprotected.BEFORE_TERM
    return Unprotected.AFTER_TERM
