"""Published rates, and the interest that was booked for a payment: rows are written once."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.ledger.chain import facts
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.models import Payout
from portal.domain.users.models import User


class LprRate(Base):
    """一年期LPR as it was published on a day; of one day's rows the highest `no` counts, those before it stay."""

    __tablename__ = "lpr_rate"
    __table_args__ = (
        sa.UniqueConstraint("published_on", "no"),
        sa.CheckConstraint("rate_ppm > 0 AND rate_ppm < 200000", name="rate_in_range"),
        sa.CheckConstraint("source <> ''", name="source_is_said"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    published_on: Mapped[date]
    no: Mapped[int] = mapped_column(sa.Integer)
    rate_ppm: Mapped[int]
    source: Mapped[str] = mapped_column(sa.String(200))
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)

    entered_by: Mapped[User] = relationship()


class LateInterest(Base):
    """逾期利息 of a payment, once: what finance confirmed, in fen; `claims` lays the calculation open.

    A claim is {"principal_fen", "from_on", "to_on", "share_ppm", "ground", "fen"}. It is owed in `part` of the
    account of interest, the quarter in which the payment was made.
    """

    __tablename__ = "late_interest"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    payout_id: Mapped[int] = mapped_column(sa.ForeignKey("payout.id"), unique=True)
    part: Mapped[str] = mapped_column(sa.String(20))
    amount_fen: Mapped[int]
    claims: Mapped[list[Any]]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    agreement: Mapped[Agreement] = relationship()
    payout: Mapped[Payout] = relationship()
    by: Mapped[User] = relationship()

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        said = [
            str(one[name])
            for one in self.claims
            for name in ("principal_fen", "from_on", "to_on", "share_ppm", "ground", "fen")
        ]
        return facts(self.agreement_id, self.payout_id, self.part, self.amount_fen, *said)
