"""The agreement, its legal states, and what it says from which day on (P1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.price_protection.models.products import PriceApproval, PriceKind, Product
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template
from portal.domain.users.models import User

if TYPE_CHECKING:
    from portal.domain.price_protection.models.life import AgreementEvent, AgreementPaper, AgreementScan


class Status(StrEnum):
    """Where an agreement stands; whether a signed one is in force follows from its dates."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SIGNED = "signed"
    TERMINATED = "terminated"
    VOID = "void"


# Every legal move; what is not here is refused (tested as a table).
MOVES: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED, Status.VOID}),
    Status.SUBMITTED: frozenset({Status.DRAFT, Status.APPROVED}),
    Status.APPROVED: frozenset({Status.SIGNED, Status.DRAFT, Status.VOID}),
    Status.SIGNED: frozenset({Status.TERMINATED}),
    Status.TERMINATED: frozenset(),
    Status.VOID: frozenset(),
}

# From approval on an agreement holds its products against others, until it is terminated or void.
BINDING = (Status.APPROVED, Status.SIGNED, Status.TERMINATED)


class Agreement(Base):
    """价格保护协议 with one distributor."""

    __tablename__ = "agreement"
    __table_args__ = (
        sa.CheckConstraint("effective_on < expires_on", name="term_in_order"),
        sa.Index("ix_agreement_distributor_id_status", "distributor_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"))
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.DRAFT, index=True)
    effective_on: Mapped[date]
    # The last day as written; `ends_on` is the last day in fact, earlier after a termination.
    expires_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(index=True)
    signed_on: Mapped[date | None]
    # The earlier agreement that this one follows.
    follows_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agreement.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    distributor: Mapped[Distributor] = relationship()
    region: Mapped[Region] = relationship()
    template: Mapped[Template] = relationship()
    author: Mapped[User] = relationship()
    terms: Mapped[list["AgreementTerms"]] = relationship(
        back_populates="agreement", order_by="AgreementTerms.no"
    )
    events: Mapped[list["AgreementEvent"]] = relationship(
        back_populates="agreement", order_by="(AgreementEvent.at.desc(), AgreementEvent.id.desc())"
    )
    papers: Mapped[list["AgreementPaper"]] = relationship(
        back_populates="agreement", order_by="AgreementPaper.no.desc()"
    )
    scans: Mapped[list["AgreementScan"]] = relationship(
        back_populates="agreement", order_by="AgreementScan.filed_at.desc()"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def last_terms(self) -> "AgreementTerms":
        """The terms of its last day: those of an amendment that a termination overtook never hold (S 2.1)."""
        return next((one for one in reversed(self.terms) if one.effective_on <= self.ends_on), self.terms[0])

    def move_to(self, status: Status) -> None:
        """Take the next legal status; raises DomainError for a move that MOVES does not know."""
        if status not in MOVES[self.status]:
            raise DomainError(
                "%(number)s has moved on in the meantime; this step is no longer possible.",
                number=self.number,
            )
        self.status = status


class AgreementTerms(Base):
    """What an agreement says from a day on; no 0 is the agreement itself, an amendment adds the next."""

    __tablename__ = "agreement_terms"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "no"),
        sa.CheckConstraint("rebate_ppm > 0 AND rebate_ppm <= 1000000", name="rebate_in_range"),
        sa.CheckConstraint("base_share >= 0 AND base_share <= 100", name="base_share_in_range"),
        sa.CheckConstraint("award_ppm >= 0 AND award_ppm <= 1000000", name="award_in_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    no: Mapped[int] = mapped_column(sa.Integer, default=0)
    effective_on: Mapped[date]
    rebate_ppm: Mapped[int]
    base_share: Mapped[int]
    award_ppm: Mapped[int] = mapped_column(default=1_000_000)
    # Every other placeholder of the paper by name, typed as the registry says: frozen here at approval (P1).
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)

    agreement: Mapped[Agreement] = relationship(back_populates="terms")
    prices: Mapped[list["AgreementPrice"]] = relationship(
        back_populates="terms", cascade="all, delete-orphan", order_by="AgreementPrice.no"
    )
    violations: Mapped[list["AgreementViolation"]] = relationship(
        back_populates="terms", cascade="all, delete-orphan", order_by="AgreementViolation.no"
    )


class AgreementPrice(Base):
    """A row of annex 1: one product and one kind of price."""

    __tablename__ = "agreement_price"
    __table_args__ = (
        sa.UniqueConstraint("terms_id", "product_id", "kind"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terms_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_terms.id"), index=True)
    no: Mapped[int] = mapped_column(sa.Integer)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    kind: Mapped[PriceKind] = mapped_column(enum_type(PriceKind))
    amount_fen: Mapped[int]
    approval_id: Mapped[int | None] = mapped_column(sa.ForeignKey("price_approval.id"))

    terms: Mapped[AgreementTerms] = relationship(back_populates="prices")
    product: Mapped[Product] = relationship(lazy="joined", innerjoin=True)
    approval: Mapped[PriceApproval | None] = relationship(lazy="joined")


class AgreementViolation(Base):
    """A row of annex 2: a kind of violation in force, in counsel's words, and its share of the fund."""

    __tablename__ = "agreement_violation"
    __table_args__ = (
        sa.UniqueConstraint("terms_id", "code"),
        sa.CheckConstraint("share_ppm >= 0 AND share_ppm <= 1000000", name="share_in_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terms_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_terms.id"), index=True)
    no: Mapped[int] = mapped_column(sa.Integer)
    code: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[str] = mapped_column(sa.String(30))
    kind_en: Mapped[str] = mapped_column(sa.String(60), default="")
    definition: Mapped[str] = mapped_column(sa.String(300))
    definition_en: Mapped[str] = mapped_column(sa.String(600), default="")
    share_ppm: Mapped[int]

    terms: Mapped[AgreementTerms] = relationship(back_populates="violations")
