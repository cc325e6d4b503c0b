"""A quarter's accounts as they stand: what finance entered, beside the ledger and the quarter before (§4.13, §5).

An account is the distributor's, a statement the agreement's: of several agreements in a quarter, the one that lasts
longest prints it, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account as LedgerAccount
from portal.domain.ledger.models import Book, Transfer
from portal.domain.money import figures
from portal.domain.papers.values import Quarter as PrintedQuarter
from portal.domain.papers.values import Raw
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.funds.quarters import Calendar, Quarter, calendar_of
from portal.domain.price_protection.models import Agreement, AgreementPaper
from portal.domain.price_protection.receivables.models import AccountFigures

A, T = AccountKind, TransferKind
Distributors = sa.Select[int]


class Printing(StrEnum):
    """Whether a statement has the second part."""

    PRINTED = "printed"
    MISSING = "missing"  # finance has not entered it
    UNEQUAL = "unequal"  # its rebates are no longer the ledger's
    ELSEWHERE = "elsewhere"  # it stands in the statement of the distributor's other agreement


class Place(NamedTuple):
    """Whose statement prints a distributor's account, and the days that it counts."""

    agreement_id: int
    quarter: Quarter


class OfLedger(NamedTuple):
    """What the ledger credited against goods in a quarter, in fen: rebates, and what else changed the receivable
    (interest credited, what was owed back taken off a refund), with its sign."""

    rebates_fen: int
    other_fen: int


class Stated(NamedTuple):
    """An account as a statement was made with it."""

    statement_id: int
    number: str
    closing_fen: int


@dataclass(frozen=True)
class Receivable:
    """An account of a quarter; `last` is the closing sum of the quarter before as finance's books have it now,
    `last_stated` as its statement has it; both None where there is none."""

    entry: AccountFigures
    place: Place
    ledger: OfLedger
    last_fen: int | None = None
    last_stated_fen: int | None = None

    @property
    def is_equal(self) -> bool:
        """Whether its rebates still are those of the ledger; else it is not printed (§5)."""
        return self.entry.rebates_fen == self.ledger.rebates_fen

    @property
    def gap_fen(self) -> int:
        """By how much its opening sum is not the closing one before it."""
        known = [fen for fen in (self.last_fen, self.last_stated_fen) if fen is not None]
        if not known or self.entry.opening_fen in known:
            return 0
        return self.entry.opening_fen - known[0]

    @property
    def carried_fen(self) -> int:
        """What was corrected of the quarter before after its statement: printed among 其他, so that this one opens
        with the sum that the distributor was told."""
        if self.last_fen is None or self.last_stated_fen is None or self.entry.opening_fen != self.last_fen:
            return 0
        return self.last_fen - self.last_stated_fen

    @property
    def closing_fen(self) -> int:
        """期末应收, the same with and without what is carried."""
        return self.entry.closing_fen

    @property
    def opening_fen(self) -> int:
        """期初应收 as it is printed."""
        return self.entry.opening_fen - self.carried_fen

    @property
    def said(self) -> list[Any]:
        """What two people agree on of it."""
        return [self.entry.id, self.opening_fen, self.closing_fen]

    def values(self) -> dict[str, Raw | None]:
        """The paper's placeholders, and whose row they are of."""
        entry, carried = self.entry, self.carried_fen
        told = [entry.note] if entry.note else []
        if carried:
            before = PrintedQuarter().print(previous(str(self.place.quarter)), "zh")
            told.append(f"更正{before}{figures(carried)}元")
        return {
            "account_opening_figures": self.opening_fen,
            "account_goods_figures": entry.goods_fen,
            "account_returns_figures": entry.returns_fen,
            "account_payments_figures": entry.payments_fen,
            "account_rebates_figures": entry.rebates_fen,
            "account_other_figures": entry.other_fen + carried,
            "account_other_note": "；".join(told),
            "account_closing_figures": self.closing_fen,
            "account_due_figures": entry.due_fen,
            "account_entry_id": entry.id,
        }


def previous(name: str) -> str:
    """The quarter before."""
    return str(Calendar().preceding(Calendar().named(name)))


def following(name: str) -> str:
    """The quarter after."""
    return str(Calendar().following(Calendar().named(name)))


def accounts(session: Session, name: str, distributors: Distributors) -> dict[int, Receivable]:
    """The accounts of a quarter that finance entered, by distributor; one statement where there is none."""
    entries = latest(session, name, distributors)
    if not entries:
        return {}
    found = places(session, name, distributors)
    ledger = of_ledger(session, {id_: place.quarter for id_, place in found.items()}, distributors)
    before, stated = (
        latest(session, previous(name), distributors),
        stated_of(session, previous(name), distributors),
    )
    return {
        id_: Receivable(
            entry=entry,
            place=found[id_],
            ledger=ledger.get(id_, OfLedger(0, 0)),
            last_fen=before[id_].closing_fen if id_ in before else None,
            last_stated_fen=stated[id_].closing_fen if id_ in stated else None,
        )
        for id_, entry in entries.items()
        if id_ in found
    }


def latest(session: Session, name: str, distributors: Distributors) -> dict[int, AccountFigures]:
    """What was entered last for a quarter, by distributor."""
    last = (
        sa.select(AccountFigures.distributor_id, sa.func.max(AccountFigures.no).label("no"))
        .where(AccountFigures.quarter == name, AccountFigures.distributor_id.in_(distributors))
        .group_by(AccountFigures.distributor_id)
        .subquery()
    )
    rows = session.scalars(
        sa.select(AccountFigures).join(
            last,
            sa.and_(
                last.c.distributor_id == AccountFigures.distributor_id,
                last.c.no == AccountFigures.no,
                AccountFigures.quarter == name,
            ),
        )
    )
    return {row.distributor_id: row for row in rows}


def places(session: Session, name: str, distributors: Distributors) -> dict[int, Place]:
    """Whose statement prints the account of each distributor that had an agreement on a day of the quarter."""
    around = Calendar().named(name)
    found: dict[int, tuple[date, int, Place]] = {}
    for row in session.execute(
        sa.select(
            Agreement.id,
            Agreement.distributor_id,
            Agreement.effective_on,
            Agreement.ends_on,
            AgreementPaper.payload["values"]["quarter_starts"].as_string().label("starts"),
        )
        .join(
            AgreementPaper,
            sa.and_(AgreementPaper.agreement_id == Agreement.id, AgreementPaper.withdrawn_at.is_(None)),
        )
        .where(
            Agreement.distributor_id.in_(distributors),
            Agreement.status.in_(IN_FORCE),
            Agreement.ends_on >= around.first_on,
        )
    ):
        quarter = calendar_of(row.starts).named(name)
        if row.effective_on > quarter.last_on or row.ends_on < quarter.first_on:
            continue
        this = row.ends_on, row.id, Place(row.id, quarter)
        if row.distributor_id not in found or found[row.distributor_id][:2] < this[:2]:
            found[row.distributor_id] = this
    return {id_: place for id_, (_, _, place) in found.items()}


def of_ledger(
    session: Session, quarters: Mapping[int, Quarter], distributors: Distributors
) -> dict[int, OfLedger]:
    """What credit notes changed of each distributor's receivable in its quarter: as many statements as calendars."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    # Credited against goods is what is paid by credit note; the other way round it is taken back, or collected.
    of_rebates = sa.or_(debit.kind.in_((A.BASE, A.RELEASED)), credit.kind.in_((A.BASE, A.RELEASED)))
    signed = sa.case((credit.kind == A.CREDIT_NOTE, Transfer.amount_fen), else_=-Transfer.amount_fen)
    found: dict[int, OfLedger] = {}
    for days in {(one.first_on, one.last_on) for one in quarters.values()}:
        for id_, rebates, other in session.execute(
            sa.select(
                Agreement.distributor_id,
                sa.cast(sa.func.sum(sa.case((of_rebates, signed), else_=0)), sa.BigInteger),
                sa.cast(sa.func.sum(sa.case((of_rebates, 0), else_=signed)), sa.BigInteger),
            )
            .join(Book, Book.agreement_id == Agreement.id)
            .join(Transfer, Transfer.book_id == Book.id)
            .join(debit, debit.id == Transfer.debit_id)
            .join(credit, credit.id == Transfer.credit_id)
            .where(
                Agreement.distributor_id.in_(distributors),
                sa.or_(debit.kind == A.CREDIT_NOTE, credit.kind == A.CREDIT_NOTE),
                Transfer.booked_on.between(*days),
            )
            .group_by(Agreement.distributor_id)
        ):
            quarter = quarters.get(id_)
            if quarter is not None and (quarter.first_on, quarter.last_on) == days:
                # More taken back than credited is no rebate: it stands among 其他, as the paper takes no minus here.
                found[id_] = OfLedger(max(0, rebates), max(0, -rebates) - other)
    return found


def stated_of(session: Session, name: str, distributors: Distributors) -> dict[int, Stated]:
    """The accounts that statements of a quarter were made with, by distributor."""
    said = Statement.payload
    rows = session.execute(
        sa.select(
            Agreement.distributor_id,
            Statement.id,
            Statement.number,
            said["values"]["account_closing_figures"].as_string(),
        )
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .where(
            Statement.quarter == name,
            Agreement.distributor_id.in_(distributors),
            said["account"].as_boolean(),
        )
    )
    return {row[0]: Stated(row[1], row[2], int(row[3])) for row in rows}
