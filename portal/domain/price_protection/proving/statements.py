"""Proving statements: what each says is what the books say of its days, counted again by other code (10.1)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.papers.statement import statement_sha256
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.funds.models import FundRelease, QuarterClose

T, A = TransferKind, AccountKind
_AT_ONCE = 200
# Which figure of a statement a transfer of the fund counts for, and with which sign; a correction for what it mirrors.
_FIGURES = {
    T.ACCRUE_FUND: ("accrued_figures", 1),
    T.REVERSE_FUND: ("reversed_figures", -1),
    T.DEDUCT: ("forfeited_figures", -1),
    T.RESTORE: ("restored_figures", 1),
    T.RELEASE: ("released_figures", -1),
}
_BASE = {T.ACCRUE_BASE: 1, T.REVERSE_BASE: -1, T.CLAW_BACK_BASE: -1}
_CHANGED = N_("Statement %(number)s was changed after it was made.")
_WRONG = N_("Statement %(number)s says another sum than the books: %(name)s.")


class _Moved(NamedTuple):
    on: date
    kind: TransferKind  # of a correction, of what it takes back
    fund: int
    base: int


def prove(session: Session) -> int:
    """Count every statement again; returns how many; raises Break for the first that says something else."""
    last = count = 0
    while True:
        rows = session.execute(
            sa.select(Statement, FundRelease.amount_fen, FundRelease.interest_fen, QuarterClose.id)
            .outerjoin(
                FundRelease,
                sa.and_(
                    FundRelease.id == Statement.release_id,
                    FundRelease.agreement_id == Statement.agreement_id,
                    FundRelease.quarter == Statement.quarter,
                ),
            )
            .outerjoin(
                QuarterClose,
                sa.and_(
                    QuarterClose.agreement_id == Statement.agreement_id,
                    QuarterClose.quarter == Statement.quarter,
                ),
            )
            .where(Statement.id > last)
            .order_by(Statement.id)
            .limit(_AT_ONCE)
            .execution_options(populate_existing=True)
        ).all()
        if not rows:
            return count
        moved = _moved(session, [row[0].agreement_id for row in rows])
        for statement, release_fen, interest_fen, closed in rows:
            if closed is None:
                raise Break(
                    N_("Statement %(number)s tells of a quarter that is not closed."), number=statement.number
                )
            _kept(statement, (release_fen or 0, interest_fen or 0))
            _counted(statement, moved.get(statement.agreement_id, []))
        last, count = rows[-1][0].id, count + len(rows)


def _kept(statement: Statement, released: tuple[int, int]) -> None:
    """What stands beside the payload is what the payload says, and that is what it was."""
    values = statement.payload["values"]
    said: dict[str, Any] = {
        "statement_number": statement.number,
        "quarter": statement.quarter,
        "closing_figures": statement.closing_fen,
        "suspended_figures": statement.suspended_fen,
        "release_figures": statement.release_fen,
        "interest_figures": statement.interest_fen,
        "release_due_on": statement.due_on.isoformat(),
        "statement_on": statement.issued_on.isoformat(),
    }
    if statement_sha256(statement.data) != statement.payload_sha256 or any(
        values.get(name) != value for name, value in said.items()
    ):
        raise Break(_CHANGED, number=statement.number)
    if (statement.release_fen, statement.interest_fen) != released:
        raise Break(_WRONG, number=statement.number, name="release_figures")


def _counted(statement: Statement, moved: Sequence[_Moved]) -> None:
    values = statement.payload["values"]
    first_on, last_on = (date.fromisoformat(str(values[name])) for name in ("quarter_from", "quarter_to"))
    within = [one for one in moved if first_on <= one.on <= last_on]
    said: Counter[str] = Counter()
    for one in within:
        name, sign = _FIGURES.get(one.kind, ("", 0))
        said[name] += sign * one.fund
    opening = sum(one.fund for one in moved if one.on < first_on)
    wanted = {
        "opening_figures": opening,
        **{name: said[name] for name, _ in _FIGURES.values()},
        "closing_figures": opening + sum(one.fund for one in within),
        "base_paid_figures": sum(one.base for one in within),
    }
    for name, fen in wanted.items():
        if int(values.get(name) or 0) != fen:
            raise Break(_WRONG, number=statement.number, name=name)
    if sum(int(line["fund_figures"] or 0) for line in statement.payload["lines"]) != sum(
        one.fund for one in within
    ):
        raise Break(_WRONG, number=statement.number, name="fund_figures")


def _moved(session: Session, agreement_ids: Sequence[int]) -> dict[int, list[_Moved]]:
    """What moved the funds, or what the base rebate came to, by agreement."""
    found: dict[int, list[_Moved]] = defaultdict(list)
    for agreement_id, moved in _transfers(session, agreement_ids):
        found[agreement_id].append(moved)
    return found


def _transfers(session: Session, agreement_ids: Sequence[int]) -> Iterator[tuple[int, _Moved]]:
    debit, credit, mirrored = aliased(Account), aliased(Account), aliased(Transfer)
    for row in session.execute(
        sa.select(
            Book.agreement_id,
            Transfer.booked_on,
            Transfer.kind,
            mirrored.kind.label("mirrored"),
            debit.kind.label("from_kind"),
            credit.kind.label("to_kind"),
            Transfer.amount_fen,
        )
        .join(Book, Book.id == Transfer.book_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(mirrored, mirrored.id == Transfer.reverses_id)
        .where(Book.agreement_id.in_(agreement_ids))
    ):
        kind, sign = row.mirrored or row.kind, -1 if row.kind is T.CORRECT else 1
        fund = row.amount_fen * ((row.to_kind is A.FUND) - (row.from_kind is A.FUND))
        base = row.amount_fen * sign * _BASE.get(kind, 0)
        if fund or base:
            yield row.agreement_id, _Moved(row.booked_on, kind, fund, base)
