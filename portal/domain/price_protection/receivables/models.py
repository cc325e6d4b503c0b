"""What finance said of a distributor's account, each time it did: rows are written once."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.distributors.models import Distributor
from portal.domain.importing.models import HandedIn
from portal.domain.users.models import User

_CLOSING = "opening_fen + goods_fen - returns_fen - payments_fen - rebates_fen + other_fen"


class AccountFigures(Base):
    """往来账 of a distributor and quarter, in fen; the row with the highest `no` holds, those before it stay.

    期末 is never kept: it follows. `rebates_fen` is what the ledger said when this was entered. With a `reason` it
    corrects what a statement was made with: that statement stays, the next one carries the difference.
    """

    __tablename__ = "account_figures"
    __table_args__ = (
        sa.UniqueConstraint("distributor_id", "quarter", "no"),
        sa.CheckConstraint(
            "goods_fen >= 0 AND returns_fen >= 0 AND payments_fen >= 0 AND rebates_fen >= 0 AND due_fen >= 0",
            name="sums_not_negative",
        ),
        sa.CheckConstraint(f"due_fen = 0 OR due_fen <= {_CLOSING}", name="due_within_the_closing"),
        sa.CheckConstraint("other_fen = 0 OR note <> ''", name="other_says_what"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6), index=True)
    no: Mapped[int] = mapped_column(sa.Integer)
    opening_fen: Mapped[int]
    goods_fen: Mapped[int]
    returns_fen: Mapped[int]
    payments_fen: Mapped[int]
    rebates_fen: Mapped[int]
    other_fen: Mapped[int]
    due_fen: Mapped[int]
    note: Mapped[str] = mapped_column(sa.String(100), default="")
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # None where the command entered it for the system.
    entered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)

    distributor: Mapped[Distributor] = relationship()
    entered_by: Mapped[User | None] = relationship()

    @property
    def closing_fen(self) -> int:
        """期末应收, which follows from the others; negative is a prepayment."""
        return (
            self.opening_fen
            + self.goods_fen
            - self.returns_fen
            - self.payments_fen
            - self.rebates_fen
            + self.other_fen
        )


class AccountImport(HandedIn, Base):
    """A list of accounts handed in for a quarter."""

    __tablename__ = "account_import"

    quarter: Mapped[str] = mapped_column(sa.String(6), default="")
    # None where the command imported it as the system.
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    # Heading → field, where that was chosen by hand.
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
