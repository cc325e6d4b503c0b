"""Purchase lines, the codes on their goods, and what each accrued (P2)."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.importing.models import HandedIn
from portal.domain.ledger.chain import facts
from portal.domain.price_protection.models import Agreement, Product
from portal.domain.users.models import User


class Unprotected(StrEnum):
    """Why a purchase accrues nothing."""

    NO_AGREEMENT = "no_agreement"  # the distributor has none, or none that was approved
    # One covers day and product, but has not come back signed; or an amendment, or a notice, of these days has not.
    NOT_SIGNED = "not_signed"
    BEFORE_TERM = "before_term"
    AFTER_TERM = "after_term"
    NOT_COVERED = "not_covered"  # in force on the day, without this product in annex 1
    RETURN = "return"  # a return of a line that accrued nothing


class Purchase(Base):
    """进货: a dated line of a document; a return is a negative line that names the one it returns.

    What it says never changes (triggers): a wrong line is returned in full and entered again. `amount_fen` is the
    purchase amount of clause 1.2, `quantity_milli` thousandths of the product's unit.
    """

    __tablename__ = "purchase"
    __table_args__ = (
        sa.UniqueConstraint("document_number", "line_no"),
        sa.CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        sa.CheckConstraint("(returns_id IS NULL) = (amount_fen > 0)", name="returns_are_negative"),
        sa.CheckConstraint("line_no > 0", name="line_no_positive"),
        sa.CheckConstraint("quantity_milli IS NULL OR quantity_milli > 0", name="quantity_positive"),
        # With the figures, so that the sums of a list are read from the index alone.
        sa.Index("ix_purchase_distributor_id_purchased_on", "distributor_id", "purchased_on", "amount_fen"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    document_number: Mapped[str] = mapped_column(sa.String(40))
    line_no: Mapped[int] = mapped_column(sa.Integer)
    purchased_on: Mapped[date] = mapped_column(index=True)
    quantity_milli: Mapped[int | None]
    amount_fen: Mapped[int]
    returns_id: Mapped[int | None] = mapped_column(sa.ForeignKey("purchase.id"), index=True)
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    # None where the command entered it.
    entered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)
    # Why nothing accrued, as it was found last; None once it did.
    unprotected: Mapped[Unprotected | None] = mapped_column(enum_type(Unprotected), index=True)

    distributor: Mapped[Distributor] = relationship()
    product: Mapped[Product] = relationship()
    returns: Mapped["Purchase | None"] = relationship(remote_side=[id])
    entered_by: Mapped[User | None] = relationship()
    codes: Mapped[list["PurchaseCode"]] = relationship(order_by="PurchaseCode.id")
    accrual: Mapped["Accrual | None"] = relationship(back_populates="purchase")

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        return facts(
            self.document_number,
            self.line_no,
            self.distributor_id,
            self.product_id,
            self.purchased_on,
            self.quantity_milli,
            self.amount_fen,
            self.returns_id,
        )


class PurchaseImport(HandedIn):
    """A list of purchases handed in; `accrued` counts the lines that accrued when it was imported."""

    __tablename__ = "purchase_import"

    # None where the command imported it as the system.
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    # Heading → field, where that was chosen by hand.
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    accrued: Mapped[int] = mapped_column(default=0)


class PurchaseCode(Base):
    """批号/箱码 on the goods of a line: typing one shows who bought it, when, and for which territory."""

    __tablename__ = "purchase_code"
    __table_args__ = (sa.UniqueConstraint("purchase_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    purchase_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase.id"))
    code: Mapped[str] = mapped_column(sa.String(60), index=True)


def accrual_facts(line_facts: str, row: Mapping[str, Any]) -> str:
    """The hash of what a line said and of what it accrued."""
    return facts(
        line_facts,
        *(
            row[name]
            for name in (
                "agreement_id",
                "terms_id",
                "quarter",
                "booked_on",
                "base_fen",
                "fund_fen",
                "book_no",
            )
        ),
    )


class Accrual(Base):
    """What one line accrued, once: rebate = base + fund, negative for a return, in fen (3.1, 9.1).

    `quarter` is the one whose fund it went into or came out of; `booked_on` its accounting day, later than the
    line's own where that quarter had been closed.
    """

    __tablename__ = "accrual"
    __table_args__ = (
        sa.CheckConstraint("base_fen + fund_fen = rebate_fen", name="parts_make_the_whole"),
        sa.Index(
            "ix_accrual_agreement_id_quarter",
            "agreement_id",
            "quarter",
            "rebate_fen",
            "base_fen",
            "fund_fen",
        ),
        sa.Index("ix_accrual_agreement_id_booked_on", "agreement_id", "booked_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purchase_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase.id"), unique=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    terms_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_terms.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6))
    booked_on: Mapped[date]
    rebate_fen: Mapped[int]
    base_fen: Mapped[int]
    fund_fen: Mapped[int]
    # Up to here the book had come when it was booked: what a later deduction took it into account for.
    book_no: Mapped[int]
    # `accrual_facts` of this row: a line that is too small to move a fen stands in no transfer. None before 0024.
    facts: Mapped[str | None] = mapped_column(sa.String(64))
    at: Mapped[datetime] = mapped_column(default=now)

    purchase: Mapped[Purchase] = relationship(back_populates="accrual")
    agreement: Mapped[Agreement] = relationship()
