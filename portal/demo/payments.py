"""The demo's payments: part of what is payable is paid, one payment taken back, one distributor owes back."""

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.agenda import Course
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import collecting, correcting, making, marking, settling
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.models import Mark, Payout, PayoutKind
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.payments.vouchers import taking
from portal.domain.price_protection.payments.vouchers.movements import Asked
from portal.domain.price_protection.purchases.booking import book
from portal.domain.price_protection.purchases.entries import Line
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.users.models import User

_PAID = 6
_PAID_AFTER = timedelta(days=14)
_TH = "TH-DEMO-{:02d}"


class Payments:
    """Pays through the services that the pages use, as the finance clerk."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session, self._finance = session, people["finance"]
        self.made = self.made_out = 0

    def course(self, since: date) -> Course:
        """Pay all that is payable two weeks after each quarter; three weeks ago some more, one of it taken back.

        Yesterday goods come back that were paid for.
        """
        last = today() - timedelta(days=21)
        day = Calendar().of(since).last_on + _PAID_AFTER
        while day < last:
            yield day
            self._pay(day)
            day = Calendar().of(day).last_on + _PAID_AFTER
        yield last
        made = self._pay(last, _PAID)
        self._take_out(last)
        if len(made) < 4:
            return
        yield last + timedelta(days=2)
        with clock_at(datetime.combine(last + timedelta(days=2), time(9, 30), CHINA)):
            correcting.correct(self._session, self._finance, made[3], "付款资料有误，重新办理")
            self._session.commit()
        yield today() - timedelta(days=1)
        self._give_back(made[0].agreement_id)

    def _pay(self, day: date, most: int | None = None) -> list[Payout]:
        """Pay so many of the sums that are payable; invoices of all, of the last payments for the first three."""
        items = payable(self._session, self._finance, Wanted(), Permission.PAYMENTS_MAKE)[:most]
        if not items:
            return []
        with clock_at(datetime.combine(day, time(16), CHINA)):
            paid = making.pay(
                self._session,
                self._finance,
                [Seen.of(item) for item in items],
                How(paid_on=day),
                key=f"demo {day}",
            ).payouts
            for payout in paid[: 3 if most else None]:
                if payout.kind in (PayoutKind.BASE, PayoutKind.RELEASED):
                    self.made_out += 1
                    number = f"26332000{self.made_out:012d}"
                    marking.mark(self._session, self._finance, payout, Mark.INVOICE, number)
            self._session.commit()
        self.made += len(paid)
        return list(paid)

    def _take_out(self, day: date) -> None:
        """The month's payments so far go into the company's books."""
        with clock_at(datetime.combine(day, time(17), CHINA)):
            try:
                taking.take(
                    self._session, self._finance, Asked(day.replace(day=1), day), key=f"demo books {day}"
                )
            except DomainError:
                self._session.rollback()  # nothing was payable
                return
            self._session.commit()

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
            settling.settle(
                self._session,
                self._finance,
                agreement,
                "杭州示例日化有限公司，示例银行杭州支行，6200000000000001",
            )
            collecting.serve(
                self._session, self._finance, agreement, today() - timedelta(days=1), "示例结算单"
            )
            self._session.commit()
        except DomainError:
            # Its next base rebates cover what came back.
            self._session.rollback()
