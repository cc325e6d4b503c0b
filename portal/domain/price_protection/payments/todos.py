"""What waits for whoever pays: sums to be paid, invoices to be entered, money to be given back."""

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission as P
from portal.domain.i18n import N_
from portal.domain.price_protection.payments import queries
from portal.domain.price_protection.payments.models import Means
from portal.domain.price_protection.payments.payable import Item, Wanted, payable
from portal.domain.todos import Todo
from portal.domain.users.models import User

# More distributors than these without account are one line that leads to their list.
_MOST_LINES = 4


def todos(session: Session, user: User) -> Iterator[Todo]:
    """One line for all that is to be paid, due on the earliest day; one for invoices; one for what is owed back."""
    if user.can(P.DISTRIBUTORS_WRITE) and user.can(P.FUNDS_READ):
        yield from _accounts_to_enter(session, user)
    if not user.can(P.PAYMENTS_MAKE):
        return
    items = payable(session, user, Wanted(), P.PAYMENTS_MAKE)
    if items:
        yield Todo(
            kind=N_("Payment"),
            title=N_("Payments to make: %(count)s sums to %(distributors)s distributors"),
            verb=N_("Look at what is payable"),
            endpoint="payments.index",
            params={"count": len(items), "distributors": len({item.distributor_id for item in items})},
            due_on=_first_due(items),
            amount_fen=sum(item.to_pay_fen for item in items),
            group="fund",
        )
    lacking = sa.select(sa.func.count()).select_from(
        queries.paid_rows(user, queries.PaidFilter(state=queries.NO_INVOICE)).order_by(None).subquery()
    )
    if count := session.scalar(lacking):
        yield Todo(
            kind=N_("Invoice"),
            title=N_("%(count)s payments have no red-letter invoice number yet"),
            verb=N_("Enter invoice numbers"),
            endpoint="payments.invoices",
            params={"count": count},
            group="fund",
        )
    owed = queries.owed_back(session, user, P.PAYMENTS_MAKE)
    if owed:
        yield Todo(
            kind=N_("Owed back"),
            title=N_("%(count)s distributors owe back for returned goods"),
            verb=N_("Look at what is owed back"),
            endpoint="payments.owed",
            params={"count": len(owed)},
            due_on=owed[0].due_on,
            amount_fen=sum(one.amount_fen for one in owed),
            group="fund",
        )


def _accounts_to_enter(session: Session, user: User) -> Iterator[Todo]:
    """Whoever keeps the register enters the account, whoever pays does not: two people stand behind a transfer."""
    items = [
        item
        for item in payable(session, user, Wanted(has_account=False), P.FUNDS_READ)
        if item.to_pay_fen and item.agreed is Means.MONEY
    ]
    owed: dict[int, list[Item]] = {}
    for item in items:
        owed.setdefault(item.distributor_id, []).append(item)
    if len(owed) > _MOST_LINES:
        yield Todo(
            kind=N_("Account"),
            title=N_("%(count)s distributors are to be paid and have no bank account in the register"),
            verb=N_("Enter the accounts"),
            endpoint="payments.index",
            args={"account": "without"},
            params={"count": len(owed)},
            due_on=_first_due(items),
            amount_fen=sum(item.to_pay_fen for item in items),
            group="fund",
        )
        return
    for distributor_id, mine in owed.items():
        yield Todo(
            kind=N_("Account"),
            title=N_("%(name)s is to be paid and has no bank account in the register"),
            verb=N_("Enter the account"),
            endpoint="distributors.edit",
            args={"id": distributor_id},
            params={"name": mine[0].distributor},
            due_on=_first_due(mine),
            amount_fen=sum(item.to_pay_fen for item in mine),
            group="fund",
        )


def _first_due(items: list[Item]) -> date | None:
    return min((item.due_on for item in items if item.due_on is not None), default=None)
