"""What the books say, within the regions of who asks."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.models import Agreement
from portal.domain.users.models import User


def books_visible_to(user: User) -> sa.Select[int]:
    """Ids of the books of agreements in the user's regions, as a Select for `.in_()`."""
    return (
        sa.select(Book.id)
        .join(Agreement, Agreement.id == Book.agreement_id)
        .where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))
    )


def totals(session: Session, user: User) -> dict[AccountKind, int]:
    """What all accounts of a kind hold together in the books that the user may see, in fen."""
    books = books_visible_to(user)
    found: dict[AccountKind, int] = dict.fromkeys(AccountKind, 0)
    for side, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        for kind, fen in session.execute(
            sa.select(Account.kind, sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .join(Transfer, side == Account.id)
            .where(Transfer.book_id.in_(books))
            .group_by(Account.kind)
        ):
            found[kind] += fen * (sign if kind.is_debit else -sign)
    return found
