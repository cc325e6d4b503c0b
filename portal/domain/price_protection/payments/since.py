"""Since when what an account owes is owed: a payment that was taken back counts as never made (3.2, 4.3, 9.1).

Days are days of booking in Asia/Shanghai, sums fen.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer

T = TransferKind
# What was given out or came back is given for the oldest; anything else that lessens a sum takes of the latest.
_GIVEN = frozenset({T.PAY, T.WITHHOLD, T.OFFSET, T.COLLECT})
Place = tuple[int, AccountKind, str]


class Span(NamedTuple):
    """The days of the bookings that a sum consists of: the oldest that added to it, and the latest of all."""

    oldest_on: date
    latest_on: date


class Move(NamedTuple):
    """A booking of an account: whether it adds to what is owed, and how much."""

    kind: TransferKind
    adds: bool
    amount_fen: int
    booked_on: date


def spans(session: Session, agreements: sa.Select[int], kinds: Collection[AccountKind]) -> dict[Place, Span]:
    """Of each account of these kinds that owes something: the days of what came since it was last paid.

    A payment takes all that there is, so what came after the last one that stands is what is owed now; where an
    older one was taken back, its bookings are looked through one by one.
    """
    last = _last_payments(agreements, kinds)
    added = _days(session, last, Transfer.credit_id, (T.CORRECT,))
    lessened = _days(session, last, Transfer.debit_id, (T.CORRECT, T.PAY, T.WITHHOLD, T.OFFSET))
    found = {
        id_: Span(oldest_on, max(latest_on, lessened.get(id_, (latest_on, latest_on))[1]))
        for id_, (oldest_on, latest_on) in added.items()
    }
    for id_ in _to_look_through(session, last):
        if open_ := still_open(moves(session, id_)):
            found[id_] = Span(min(on for on, _ in open_), max(on for on, _ in open_))
    names = _names(session, list(found))
    return {names[id_]: span for id_, span in found.items()}


def _days(
    session: Session, last: sa.Subquery, side: Any, left_out: Collection[TransferKind]
) -> dict[int, tuple[date, date]]:
    """The first and the last day of what was booked on this side since the last payment, by account."""
    rows = session.execute(
        sa.select(last.c.account_id, sa.func.min(Transfer.booked_on), sa.func.max(Transfer.booked_on))
        .join(last, last.c.account_id == side)
        .where(Transfer.no > last.c.no, Transfer.kind.not_in(left_out))
        .group_by(last.c.account_id)
    )
    return {id_: (first_on, last_on) for id_, first_on, last_on in rows}


def _last_payments(agreements: sa.Select[int], kinds: Collection[AccountKind]) -> sa.Subquery:
    """By account the number of the last payment that stands, 0 where there is none."""
    before, undone = aliased(Transfer), aliased(Transfer)
    return (
        sa.select(Account.id.label("account_id"), sa.func.coalesce(sa.func.max(before.no), 0).label("no"))
        .join(Book, Book.id == Account.book_id)
        .outerjoin(
            before,
            sa.and_(
                before.debit_id == Account.id,
                before.kind.in_((T.PAY, T.WITHHOLD, T.OFFSET)),
                ~sa.exists().where(undone.reverses_id == before.id),
            ),
        )
        .where(Account.kind.in_(kinds), Book.agreement_id.in_(agreements))
        .group_by(Account.id)
        .subquery()
    )


def _to_look_through(session: Session, last: sa.Subquery) -> list[int]:
    """The accounts of which a payment was taken back that is older than the last one that stands."""
    back, taken = aliased(Transfer), aliased(Transfer)
    rows: list[int] = list(
        session.scalars(
            sa.select(last.c.account_id)
            .join(back, sa.and_(back.credit_id == last.c.account_id, back.kind == T.CORRECT))
            .join(taken, taken.id == back.reverses_id)
            .where(taken.no < last.c.no)
            .distinct()
        )
    )
    return rows


def _names(session: Session, ids: list[int]) -> dict[int, Place]:
    found: dict[int, Place] = {}
    for start in range(0, len(ids), 500):
        for id_, agreement_id, kind, part in session.execute(
            sa.select(Account.id, Book.agreement_id, Account.kind, Account.part)
            .join(Book, Book.id == Account.book_id)
            .where(Account.id.in_(ids[start : start + 500]))
        ):
            found[id_] = agreement_id, kind, part
    return found


def moves(session: Session, account_id: int) -> list[Move]:
    """The bookings of an account in their order, without payments that were taken back and without the taking back."""
    undone = aliased(Transfer)
    grows_by_debit = session.scalars(sa.select(Account.kind).where(Account.id == account_id)).one().is_debit
    rows: Iterable[Any] = session.execute(
        sa.select(Transfer.kind, Transfer.debit_id, Transfer.amount_fen, Transfer.booked_on)
        .where(
            sa.or_(Transfer.debit_id == account_id, Transfer.credit_id == account_id),
            Transfer.kind != T.CORRECT,
            ~sa.exists().where(undone.reverses_id == Transfer.id),
        )
        .order_by(Transfer.no)
    )
    return [
        Move(kind, (debit_id == account_id) == grows_by_debit, fen, booked_on)
        for kind, debit_id, fen, booked_on in rows
    ]


def still_open(done: Iterable[Move]) -> list[tuple[date, int]]:
    """What of these bookings is still owed: a payment takes the oldest first, a return the latest."""
    open_: list[tuple[date, int]] = []
    for move in done:
        if move.adds:
            open_.append((move.booked_on, move.amount_fen))
            continue
        left = move.amount_fen
        while left and open_:
            place = 0 if move.kind in _GIVEN else -1
            on, fen = open_[place]
            taken = min(left, fen)
            left -= taken
            if taken == fen:
                open_.pop(place)
            else:
                open_[place] = (on, fen - taken)
    return open_


def owed_so_much(session: Session, place: Place, amount_fen: int) -> date | None:
    """From which day on so much of this account was owed and not given yet; None where it never is."""
    agreement_id, kind, part = place
    account_id = session.scalar(
        sa.select(Account.id)
        .join(Book, Book.id == Account.book_id)
        .where(Book.agreement_id == agreement_id, Account.kind == kind, Account.part == part)
    )
    for on, fen in sorted(still_open(moves(session, account_id))) if account_id is not None else ():
        amount_fen -= fen
        if amount_fen <= 0:
            return on
    return None
