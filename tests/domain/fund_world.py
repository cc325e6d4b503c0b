"""What tests of the fund start from: a signed agreement from the year's first day, purchases, and a clock."""

from datetime import date, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.purchases.booking import Booked, Line, book
from portal.domain.price_protection.purchases.models import Accrual, Purchase
from portal.domain.price_protection.purchases.waiting import accrue_waiting
from portal.domain.users.models import User
from tests.domain.agreement_world import AgreementWorld
from tests.domain.clock import on_day
from tests.factories import Factory

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


class FundWorld(AgreementWorld):
    """An office with an agreement in force through 2026: rebate 5 %, split 60 : 40; each call commits."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)
        self.finance: User = make.user(Role.FINANCE)
        self._lines = count(1)

    def in_force(self, distributor: Distributor | None = None, **said: Any) -> Agreement:
        """An agreement that was signed on the day before its first."""
        terms = {"effective_on": FIRST, "expires_on": LAST, "rebate_ppm": 50_000, "base_share": 60, **said}
        with on_day(terms["effective_on"] - timedelta(days=1)):
            return self.signed(distributor, **terms)

    def line(self, agreement: Agreement, on: date, fen: int, **said: Any) -> Line:
        return Line(
            **{
                "document_number": f"JH-{next(self._lines):05d}",
                "line_no": 1,
                "distributor_id": agreement.distributor_id,
                "product_id": self.product.id,
                "purchased_on": on,
                "amount_fen": fen,
                **said,
            }
        )

    def book(self, *lines: Line, on: date | None = None) -> Booked:
        """Enter lines on a day: the latest of theirs where none is named."""
        with on_day(on or max(line.purchased_on for line in lines)):
            done = book(self.session, self.finance, lines)
            self.session.commit()
        return done

    def buy(
        self, agreement: Agreement, on: date, fen: int, *, entered_on: date | None = None, **said: Any
    ) -> Purchase:
        """One purchase, which must not be refused."""
        return self._one(self.book(self.line(agreement, on, fen, **said), on=entered_on))

    def give_back(
        self, bought: Purchase, on: date, fen: int, *, entered_on: date | None = None, **said: Any
    ) -> Purchase:
        """Return goods of a line for so much (positive fen)."""
        line = Line(
            **{
                "document_number": f"TH-{next(self._lines):05d}",
                "line_no": 1,
                "distributor_id": bought.distributor_id,
                "product_id": bought.product_id,
                "purchased_on": on,
                "amount_fen": -fen,
                "returns": (bought.document_number, bought.line_no),
                **said,
            }
        )
        return self._one(self.book(line, on=entered_on))

    def _one(self, booked: Booked) -> Purchase:
        found = booked.lines[0]
        if isinstance(found, DomainError):
            raise found
        return found

    def accrue_waiting(self, distributor_id: int, most: int = 10_000) -> int:
        """Look again at what accrued nothing, as the job after a signing does; how many lines accrued."""
        waiting = sa.select(Purchase).where(
            Purchase.distributor_id == distributor_id,
            ~sa.exists().where(Accrual.purchase_id == Purchase.id),
        )
        return accrue_waiting(self.session, waiting, limit=most).accrued

    def balance(self, agreement: Agreement, kind: AccountKind, part: str = "") -> int:
        """What an account contains, in fen."""
        self.session.rollback()
        return ledger.balances(self.session, [agreement.id]).get(agreement.id, {}).get((kind, part), 0)

    def accrual(self, purchase: Purchase) -> Accrual:
        return self.session.scalars(sa.select(Accrual).where(Accrual.purchase_id == purchase.id)).one()
