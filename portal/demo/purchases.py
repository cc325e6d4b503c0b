"""The demo's purchases: three quarters of fictional deliveries, some returns, some lines that nothing protects."""

import random
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.agenda import Agenda
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPrice,
    AgreementTerms,
    Product,
    Status,
)
from portal.domain.price_protection.purchases.booking import book
from portal.domain.price_protection.purchases.entries import Line
from portal.domain.users.models import User

DAYS = 270  # the first was so long ago
_EVERY = 17  # days between two deliveries to one distributor


class Purchases:
    """Enters purchases through the service that the pages use, month by month, by the finance clerk."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._finance = people["finance"]
        self._chance = random.Random(20_260_101)  # noqa: S311 - the same every time
        self._number = 0

    def load(self, agenda: Agenda) -> int:
        """Enter them all, each month's after what was to be done by then; returns how many lines there are."""
        lines = [*self._protected(), *self._unprotected()]
        lines += self._returns(lines)
        lines.sort(key=lambda line: (line.purchased_on, line.amount_fen < 0, line.key))
        by_month: dict[tuple[int, int], list[Line]] = {}
        for line in lines:
            by_month.setdefault((line.purchased_on.year, line.purchased_on.month), []).append(line)
        for of_month in by_month.values():
            last = max(line.purchased_on for line in of_month)
            agenda.up_to(last)
            with clock_at(datetime.combine(last, time(17, 30), CHINA)):
                book(self._session, self._finance, of_month)
                self._session.commit()
        return len(lines)

    def _protected(self) -> list[Line]:
        """Deliveries under the agreements that are or were in force."""
        since = today() - timedelta(days=DAYS)
        found = []
        for agreement in self._session.scalars(
            sa.select(Agreement)
            .where(Agreement.status.in_((Status.SIGNED, Status.TERMINATED)), Agreement.ends_on >= since)
            .order_by(Agreement.id)
        ):
            products = self._products(agreement.id)
            day = max(since, agreement.effective_on) + timedelta(days=agreement.id % _EVERY)
            while day <= min(agreement.ends_on, today()):
                found += self._document(agreement.distributor_id, products, day)
                day += timedelta(days=_EVERY + self._chance.randrange(8))
        return found

    def _unprotected(self) -> list[Line]:
        """Deliveries that accrue nothing: the agreement is not signed yet, or there is none."""
        product = list(self._session.scalars(sa.select(Product.id).order_by(Product.code).limit(1)))
        waiting = self._session.scalars(
            sa.select(Agreement).where(Agreement.status == Status.APPROVED).order_by(Agreement.id).limit(3)
        ).all()
        found = []
        for agreement in waiting:
            if agreement.effective_on <= today():
                found += self._document(agreement.distributor_id, self._products(agreement.id), today())
        nobody = self._session.scalars(
            sa.select(Distributor.id)
            .where(
                Distributor.standing == Standing.ACTIVE,
                ~sa.exists().where(Agreement.distributor_id == Distributor.id),
            )
            .order_by(Distributor.id)
            .limit(4)
        ).all()
        for place, distributor_id in enumerate(nobody):
            found += self._document(distributor_id, product, today() - timedelta(days=5 + 20 * place))
        return found

    def _returns(self, lines: list[Line]) -> list[Line]:
        """Part of every fortieth line comes back three weeks later, a round sum of 18,240.00 among them."""
        found = []
        for place, line in enumerate(lines[::40]):
            on = line.purchased_on + timedelta(days=21)
            fen = 1_824_000 if line.amount_fen >= 1_824_000 else line.amount_fen // 2
            if on <= today():
                found.append(
                    Line(
                        document_number=f"TH{on:%Y%m}-{place + 1:04d}",
                        line_no=1,
                        distributor_id=line.distributor_id,
                        product_id=line.product_id,
                        purchased_on=on,
                        amount_fen=-fen,
                        returns=line.key,
                        codes=line.codes[:1],
                        note="示例退货",
                    )
                )
        return found

    def _products(self, agreement_id: int) -> list[int]:
        return list(
            self._session.scalars(
                sa.select(AgreementPrice.product_id)
                .distinct()
                .join(AgreementTerms, AgreementTerms.id == AgreementPrice.terms_id)
                .where(AgreementTerms.agreement_id == agreement_id)
                .order_by(AgreementPrice.product_id)
            )
        )

    def _document(self, distributor_id: int, products: list[int], on: date) -> list[Line]:
        self._number += 1
        chosen = self._chance.sample(products, min(len(products), 1 + self._chance.randrange(3)))
        return [
            Line(
                document_number=f"JH{on:%Y%m}-{self._number:04d}",
                line_no=place,
                distributor_id=distributor_id,
                product_id=product_id,
                purchased_on=on,
                amount_fen=(cartons := 20 + self._chance.randrange(180)) * 15_200,
                quantity_milli=cartons * 1000,
                codes=(f"SL{self._number:05d}{place}",),
            )
            for place, product_id in enumerate(chosen, 1)
        ]
