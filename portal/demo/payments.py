"""The demo's payments: part of what is payable is paid, one payment taken back, one distributor owes back."""

from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.agenda import Course
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import collecting, correcting, making, marking
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.models import Mark
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.purchases.booking import book
from portal.domain.price_protection.purchases.entries import Line
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.users.models import User

_PAID = 12
_TH = "TH-DEMO-{:02d}"


class Payments:
    """Pays through the services that the pages use, as the finance clerk."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session, self._finance = session, people["finance"]
        self.made = 0

    def course(self) -> Course:
        """Pay some of it three weeks ago, take one payment back, and let goods come back that were paid for."""
        day = today() - timedelta(days=21)
        yield day
        items = payable(self._session, self._finance, Wanted(), Permission.PAYMENTS_MAKE)[:_PAID]
        if len(items) < 4:
            return
        with clock_at(datetime.combine(day, time(16), CHINA)):
            made = making.pay(
                self._session, self._finance, [Seen.of(item) for item in items], How(paid_on=day), key="demo"
            )
            for no, payout in enumerate(made.payouts[:3], 1):
                marking.mark(self._session, self._finance, payout, Mark.INVOICE, f"2633200000000000{no:04d}")
            self._session.commit()
        self.made = len(made.payouts)
        yield day + timedelta(days=2)
        with clock_at(datetime.combine(day + timedelta(days=2), time(9, 30), CHINA)):
            correcting.correct(self._session, self._finance, made.payouts[3], "冲减的货款单号有误，重新办理")
            self._session.commit()
        yield today() - timedelta(days=1)
        self._give_back(made.payouts[0].agreement_id)

    def _give_back(self, agreement_id: int) -> None:
        """Goods whose rebate was paid come back: what cannot be set off is owed."""
        agreement = self._session.get_one(Agreement, agreement_id)
        bought = self._session.scalars(
            sa.select(Purchase)
            .join(Accrual, Accrual.purchase_id == Purchase.id)
            .where(
                Accrual.agreement_id == agreement_id,
                Purchase.amount_fen > 0,
                ~sa.exists().where(sa.orm.aliased(Purchase).returns_id == Purchase.id),
            )
            .order_by(Purchase.id)
        ).all()
        lines = [
            Line(
                document_number=_TH.format(no),
                line_no=1,
                distributor_id=line.distributor_id,
                product_id=line.product_id,
                purchased_on=today() - timedelta(days=4),
                amount_fen=-line.amount_fen,
                returns=(line.document_number, line.line_no),
                note="示例退货",
            )
            for no, line in enumerate(bought[:3], 1)
        ]
        book(self._session, self._finance, lines)
        self._session.commit()
        try:
            collecting.serve(
                self._session, self._finance, agreement, today() - timedelta(days=1), "示例结算单"
            )
            self._session.commit()
        except DomainError:
            # Its next base rebates cover what came back.
            self._session.rollback()
