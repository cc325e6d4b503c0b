"""What a quarter's statement says of an agreement: every figure from the ledger, none from anywhere else (10.1).

A line belongs to the quarter by its booking day, so what was entered after a quarter had been closed stands in the
next statement, and one statement's closing sum is the next one's opening sum.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import today
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.papers.registry_statement import BOUGHT, DEDUCTED, RELEASED, RESTORED, RETURNED
from portal.domain.papers.statement import StatementData, check_statement
from portal.domain.papers.values import Raw
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.funds.accruing import SOURCE as PURCHASE
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.funds.deducting import SOURCE as DEDUCTION
from portal.domain.price_protection.funds.models import FundDeduction, FundHold, FundRelease
from portal.domain.price_protection.funds.quarters import Calendar, Quarter
from portal.domain.price_protection.funds.releasing import SOURCE as RELEASE
from portal.domain.price_protection.funds.releasing import quarter_of_agreement
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.settings import services as settings

A, T = AccountKind, TransferKind
_debit, _credit, _mirrored = aliased(Account), aliased(Account), aliased(Transfer)
_BASE = {T.ACCRUE_BASE: 1, T.REVERSE_BASE: -1, T.CLAW_BACK_BASE: -1}
_KINDS = {T.RELEASE: RELEASED, T.DEDUCT: DEDUCTED, T.RESTORE: RESTORED}
_LONGEST_DOCUMENT = 40  # characters of 单据号 on paper
# What of an agreement's original stands in its statements as it stood there.
_FROZEN = (
    "manufacturer_name",
    "manufacturer_contact",
    "manufacturer_phone",
    "release_method",
    "statement_objection_days",
)


@dataclass(frozen=True)
class Moved:
    """A transfer that a statement tells of; of a correction, `kind` is that of what it takes back, `sign` -1."""

    no: int
    kind: TransferKind
    on: date
    fund: int  # how it changed the fund of any quarter
    base: int  # how it changed what the base rebate came to
    source: str
    source_id: int
    sign: int


@dataclass
class Line:
    """A line of the statement on its way: what one document, release or decision moved on one day."""

    on: date
    no: int
    kind: str
    source: str
    source_id: int
    fund_fen: int = 0
    base_fen: int = 0
    # A purchase's or a return's; None for the rest.
    amount_fen: int | None = None
    document: str = ""
    is_correction: bool = False


def statement_data(
    session: Session,
    agreement: Agreement,
    name: str,
    *,
    number: str,
    prepared_by: str,
    reviewed_by: str,
    release: FundRelease | None,
    account: dict[str, Raw | None] | None = None,
) -> StatementData:
    """The payload of a statement as the books stand now; DomainError when its sums do not follow (§5).

    `account` is the second part's figures, None where it is not printed.
    """
    quarter = _stated_quarter(session, agreement, name)
    frozen = frozen_values(session, agreement.id, quarter.last_on)
    within = list(movements(session, agreement.id, quarter))
    lines = _lines(session, within)
    opening = opening_fen(session, agreement.id, quarter.first_on)
    suspended, cases = _suspended(session, agreement.id, quarter)
    balance = opening
    rows: list[dict[str, Raw | None]] = []
    for line in lines:
        balance += line.fund_fen
        rows.append(_row(line, balance))
    values: dict[str, Raw | None] = {key: frozen.get(key) for key in _FROZEN}
    values |= {
        "statement_number": number,
        "agreement_number": agreement.number,
        "distributor_name": agreement.distributor.name,
        "distributor_uscc": agreement.distributor.uscc or frozen.get("distributor_uscc"),
        "quarter": name,
        "quarter_from": quarter.first_on.isoformat(),
        "quarter_to": quarter.last_on.isoformat(),
        "opening_figures": opening,
        "accrued_figures": _sum(within, T.ACCRUE_FUND),
        "reversed_figures": -_sum(within, T.REVERSE_FUND),
        "forfeited_figures": -_sum(within, T.DEDUCT),
        "restored_figures": _sum(within, T.RESTORE),
        "released_figures": -_sum(within, T.RELEASE),
        "closing_figures": balance,
        "suspended_figures": suspended,
        "base_paid_figures": sum(one.base for one in within),
        "release_figures": release.amount_fen if release else 0,
        "interest_figures": release.interest_fen if release else 0,
        "release_due_on": (
            quarter.last_on + timedelta(days=int(frozen.get("release_days") or 0))
        ).isoformat(),
        "suspension_cases": "、".join(cases),
        "statement_reply_days": settings.values(session, agreement.region).get("statement_reply_days"),
        "statement_on": today().isoformat(),
        "prepared_by": prepared_by,
        "reviewed_by": reviewed_by,
        **(account or {}),
    }
    data = StatementData(values=values, lines=rows, account=account is not None)
    check_statement(data)
    return data


def _stated_quarter(session: Session, agreement: Agreement, name: str) -> Quarter:
    """The days that a statement tells of: from the day after the last one's, so that none is told twice or never."""
    quarter = quarter_of_agreement(session, agreement.id, name)
    before = session.execute(
        sa.select(Statement.quarter, Statement.payload["values"]["quarter_to"].as_string())
        .where(Statement.agreement_id == agreement.id, Statement.quarter < name)
        .order_by(Statement.quarter.desc())
        .limit(1)
    ).first()
    if before is None:
        return quarter
    told, following = date.fromisoformat(before[1]), date.fromisoformat(before[1]) + timedelta(days=1)
    is_next = Calendar().following(Calendar().named(before[0])) == Calendar().named(name)
    return replace(quarter, first_on=following) if is_next or told >= quarter.first_on else quarter


def opening_fen(session: Session, agreement_id: int, first_on: date) -> int:
    """What the funds of all quarters held together at the first moment of a day."""
    return sum(_funds_before(session, agreement_id, first_on).values())


def _funds_before(session: Session, agreement_id: int, on: date) -> dict[str, int]:
    """What the fund of each quarter held before a day, by its name."""
    found: dict[str, int] = defaultdict(int)
    for side, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        for part, fen in session.execute(
            sa.select(Account.part, sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .join(Book, Book.id == Account.book_id)
            .join(Transfer, side == Account.id)
            .where(Book.agreement_id == agreement_id, Account.kind == A.FUND, Transfer.booked_on < on)
            .group_by(Account.part)
        ):
            found[part] += sign * fen
    return found


def movements(session: Session, agreement_id: int, quarter: Quarter) -> Iterator[Moved]:
    """The transfers of a quarter's days that changed the fund or the base rebate, in the order of their days."""
    return _moved(
        session, agreement_id, Transfer.booked_on >= quarter.first_on, Transfer.booked_on <= quarter.last_on
    )


def afterwards(session: Session, statement: Statement) -> list[Line]:
    """What changed the quarter's fund after its last day and before its release, as lines in the order of the days.

    The paper tells of the quarter's own days, so these stand in the next one's lines; yet the release is the less
    for them, or the more. Without a release they are those until now.
    """
    last_on = date.fromisoformat(str(statement.payload["values"]["quarter_to"]))
    is_of_it = [sa.and_(one.kind == A.FUND, one.part == statement.quarter) for one in (_debit, _credit)]
    released_as = session.scalar(
        sa.select(sa.func.min(Transfer.no))
        .join(Book, Book.id == Transfer.book_id)
        .join(_debit, _debit.id == Transfer.debit_id)
        .where(Book.agreement_id == statement.agreement_id, Transfer.kind == T.RELEASE, is_of_it[0])
    )
    before = sa.true() if released_as is None else Transfer.no < released_as
    wanted = Transfer.booked_on > last_on, sa.or_(*is_of_it), before
    found = _lines(session, list(_moved(session, statement.agreement_id, *wanted)))
    return [line for line in found if line.fund_fen]


def _moved(session: Session, agreement_id: int, *wanted: sa.ColumnElement[bool]) -> Iterator[Moved]:
    for row, from_, to, kind in session.execute(
        sa.select(Transfer, _debit.kind, _credit.kind, _mirrored.kind)
        .join(Book, Book.id == Transfer.book_id)
        .join(_debit, _debit.id == Transfer.debit_id)
        .join(_credit, _credit.id == Transfer.credit_id)
        .outerjoin(_mirrored, _mirrored.id == Transfer.reverses_id)
        .where(Book.agreement_id == agreement_id, *wanted)
        .order_by(Transfer.booked_on, Transfer.no)
    ):
        sign = -1 if row.kind is T.CORRECT else 1
        kind = kind or row.kind
        fund = row.amount_fen * ((to is A.FUND) - (from_ is A.FUND))
        base = row.amount_fen * sign * _BASE.get(kind, 0)
        if fund or base:
            yield Moved(row.no, kind, row.booked_on, fund, base, row.source, row.source_id, sign)


def _sum(moved: Sequence[Moved], kind: TransferKind) -> int:
    return sum(one.fund for one in moved if one.kind is kind)


def _lines(session: Session, moved: Sequence[Moved]) -> list[Line]:
    """One line for each document, release or decision and day, in the order of the days."""
    lines: dict[tuple[str, int, date, bool], Line] = {}
    for one in moved:
        key = one.source, one.source_id, one.on, one.kind is T.RESTORE
        line = lines.setdefault(
            key, Line(one.on, one.no, _KINDS.get(one.kind, BOUGHT), one.source, one.source_id)
        )
        line.fund_fen += one.fund
        line.base_fen += one.base
        line.is_correction = line.is_correction or one.sign < 0
    found = list(lines.values())
    _name_purchases(session, [line for line in found if line.source == PURCHASE])
    _name_releases(session, [line for line in found if line.source == RELEASE])
    _name_deductions(session, [line for line in found if line.source == DEDUCTION])
    return sorted(found, key=lambda line: (line.on, line.no))


def _name_purchases(session: Session, lines: Sequence[Line]) -> None:
    """By its document, and by its line there where the document has several: two may bear the same sum."""
    if not lines:
        return
    other = aliased(Purchase)
    rows = {
        row.id: row
        for row in session.execute(
            sa.select(
                Purchase.id,
                Purchase.document_number,
                Purchase.line_no,
                Purchase.amount_fen,
                sa.exists()
                .where(other.document_number == Purchase.document_number, other.id != Purchase.id)
                .label("has_others"),
            ).where(Purchase.id.in_({line.source_id for line in lines}))
        )
    }
    for line in lines:
        row = rows[line.source_id]
        line.document, line.kind = row.document_number, BOUGHT if row.amount_fen > 0 else RETURNED
        with_line = f"{row.document_number}-{row.line_no}"
        if row.has_others and len(with_line) <= _LONGEST_DOCUMENT:
            line.document = with_line
        line.amount_fen = None if line.is_correction else row.amount_fen


def _name_releases(session: Session, lines: Sequence[Line]) -> None:
    """By the statement that told of the release; by its quarter where the portal made none."""
    if not lines:
        return
    rows = session.execute(
        sa.select(FundRelease.id, FundRelease.quarter, Statement.number)
        .outerjoin(
            Statement,
            sa.and_(
                Statement.agreement_id == FundRelease.agreement_id, Statement.quarter == FundRelease.quarter
            ),
        )
        .where(FundRelease.id.in_({line.source_id for line in lines}))
    )
    names = {row.id: row.number or row.quarter for row in rows}
    for line in lines:
        line.document = names[line.source_id]


def _name_deductions(session: Session, lines: Sequence[Line]) -> None:
    """By the number of the case, and by nothing else of it."""
    if not lines:
        return
    parts = {
        row.id: row.case_part
        for row in session.execute(
            sa.select(FundDeduction.id, FundDeduction.case_part).where(
                FundDeduction.id.in_({line.source_id for line in lines})
            )
        )
    }
    names = case_names(session, set(parts.values()))
    for line in lines:
        line.document = names[parts[line.source_id]]


def _row(line: Line, balance_fen: int) -> dict[str, Raw | None]:
    is_of_goods = line.source == PURCHASE
    return {
        "on": line.on.isoformat(),
        "document": line.document,
        "kind": line.kind,
        "amount_figures": line.amount_fen,
        "base_figures": line.base_fen if is_of_goods else None,
        "fund_figures": line.fund_fen,
        "balance_figures": balance_fen,
        "source": line.source,
        "source_id": line.source_id,
    }


def _suspended(session: Session, agreement_id: int, quarter: Quarter) -> tuple[int, list[str]]:
    """What cases hold back of the closing sum, of whichever quarter, and their numbers."""
    rows = session.execute(
        sa.select(FundHold.quarter, FundHold.case_part).where(
            FundHold.agreement_id == agreement_id, FundHold.lifted_on.is_(None)
        )
    ).all()
    if not rows:
        return 0, []
    funds = _funds_before(session, agreement_id, quarter.last_on + timedelta(days=1))
    held = {row.quarter for row in rows if funds.get(row.quarter)}
    names = case_names(session, {row.case_part for row in rows if row.quarter in held})
    return sum(funds[one] for one in held), sorted(names.values())
