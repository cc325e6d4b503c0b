"""What waits for whoever pays: sums to be paid, invoices to be entered, money to be given back."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission as P
from portal.domain.i18n import N_
from portal.domain.price_protection.payments import queries
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.todos import Todo
from portal.domain.users.models import User


def todos(session: Session, user: User) -> Iterator[Todo]:
    """One line for all that is to be paid, due on the earliest day; one for invoices; one for what is owed back."""
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
            due_on=min((item.due_on for item in items if item.due_on is not None), default=None),
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
            endpoint="payments.paid",
            args={"state": queries.NO_INVOICE},
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
