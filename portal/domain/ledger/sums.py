"""What moved between accounts, added up; read from an index that holds nothing else (`ix_transfer_sums`)."""

from collections.abc import Collection

import sqlalchemy as sa

from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Book, Transfer

Books = sa.Select[int] | Collection[int]


def moved(books: Books) -> sa.CTE:
    """The transfers of these books by their two accounts and kind: book_id, debit_id, credit_id, kind, fen."""
    by = Transfer.book_id, Transfer.debit_id, Transfer.credit_id, Transfer.kind
    # PostgreSQL's sum of a bigint is numeric.
    total = sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger).label("fen")
    return sa.select(*by, total).where(Transfer.book_id.in_(books)).group_by(*by).cte()


def net(books: Books) -> sa.Subquery:
    """What the accounts of these books contain, as their debits less their credits: account_id, fen."""
    sums = moved(books)
    sides = sa.union_all(
        sa.select(sums.c.debit_id.label("account_id"), sums.c.fen.label("fen")),
        sa.select(sums.c.credit_id, -sums.c.fen),
    ).subquery()
    total = sa.cast(sa.func.sum(sides.c.fen), sa.BigInteger).label("fen")
    return sa.select(sides.c.account_id, total).group_by(sides.c.account_id).subquery()


def contained(
    books: Books, kinds: Collection[AccountKind] = (), *, with_empty: bool = True
) -> sa.Select[int, AccountKind, str, int]:
    """The same with their names, of these kinds or of all: agreement_id, kind, part, debits less credits in fen."""
    sums = net(books)
    statement = (
        sa.select(Book.agreement_id, Account.kind, Account.part, sums.c.fen)
        .join(Account, Account.id == sums.c.account_id)
        .join(Book, Book.id == Account.book_id)
    )
    if kinds:
        statement = statement.where(Account.kind.in_(kinds))
    return statement if with_empty else statement.where(sums.c.fen != 0)
