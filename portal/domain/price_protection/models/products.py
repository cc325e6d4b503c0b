"""Products, the prices proposed for them, and counsel's approvals of binding ones (P1, P6, P8)."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.users.models import User


class PriceKind(StrEnum):
    """价格种类: decides the effect under article 2; the last two bind only with counsel's approval (P6, P8)."""

    SUGGESTED_RETAIL = "suggested_retail"
    SUGGESTED_RESALE = "suggested_resale"
    MAXIMUM_RETAIL = "maximum_retail"
    MINIMUM_RESALE = "minimum_resale"

    @property
    def needs_approval(self) -> bool:
        """Whether this kind may be agreed only under a valid approval number (PLACEHOLDERS 4.1)."""
        return self in (PriceKind.MAXIMUM_RETAIL, PriceKind.MINIMUM_RESALE)


class Product(Base):
    """A product that agreements protect."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    name_en: Mapped[str] = mapped_column(sa.String(120), default="")
    unit: Mapped[str] = mapped_column(sa.String(10))
    discontinued_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1)

    prices: Mapped[list["ProductPrice"]] = relationship(
        back_populates="product", cascade="all, delete-orphan", order_by="ProductPrice.kind"
    )
    approvals: Mapped[list["PriceApproval"]] = relationship(
        back_populates="product", order_by="PriceApproval.valid_until.desc()"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ProductPrice(Base):
    """The price that a new agreement proposes for a product, by kind."""

    __tablename__ = "product_price"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "kind"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    kind: Mapped[PriceKind] = mapped_column(enum_type(PriceKind))
    amount_fen: Mapped[int]

    product: Mapped[Product] = relationship(back_populates="prices")


class PriceApproval(Base):
    """法务核准: counsel's approval of a binding price for one product and kind, with number and validity (P6)."""

    __tablename__ = "price_approval"
    __table_args__ = (
        # One that was revoked, because it was mistyped say, does not stand in the way of its number.
        sa.Index(
            "uq_price_approval_number_in_force",
            "number",
            "product_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.CheckConstraint("valid_from <= valid_until", name="validity_in_order"),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    kind: Mapped[PriceKind] = mapped_column(enum_type(PriceKind))
    territory: Mapped[str] = mapped_column(sa.String(200), default="")
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    revoked_reason: Mapped[str] = mapped_column(sa.String(200), default="")

    product: Mapped[Product] = relationship(back_populates="approvals")
    entered_by: Mapped[User] = relationship(foreign_keys=[entered_by_id])
    revoked_by: Mapped[User | None] = relationship(foreign_keys=[revoked_by_id])
