"""Products, templates and price-protection agreements (P1, P1b, P8)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.regions.models import Region
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


class Template(Base):
    """One version of a paper's text, kept for ever once an agreement was written on it (P8)."""

    __tablename__ = "paper_template"
    __table_args__ = (sa.UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[str] = mapped_column(sa.String(20))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    text: Mapped[str] = mapped_column(sa.Text)
    stored_at: Mapped[datetime] = mapped_column(default=now)

    release: Mapped["TemplateRelease | None"] = relationship(back_populates="template")


class TemplateRelease(Base):
    """Counsel's release of one text: id, version and sha256 of what was read; without it nothing is approved (P8)."""

    __tablename__ = "template_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"), unique=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    released_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    released_at: Mapped[datetime] = mapped_column(default=now)
    note: Mapped[str] = mapped_column(sa.String(200), default="")

    template: Mapped[Template] = relationship(back_populates="release")
    released_by: Mapped[User] = relationship()


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

    def move_to(self, status: Status) -> None:
        """Take the next legal status; raises DomainError for a move that MOVES does not know."""
        if status not in MOVES[self.status]:
            raise DomainError(
                "%(number)s has moved on meanwhile; this step is not possible any more.", number=self.number
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


class AgreementEvent(Base):
    """A step in an agreement's life: who, when and why; the status is what the last step left."""

    __tablename__ = "agreement_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    # created, edited, submitted, sent_back, withdrawn, approved, approval_withdrawn, printed, signed,
    # scan_filed, terminated, voided
    kind: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    agreement: Mapped[Agreement] = relationship(back_populates="events")
    by: Mapped[User | None] = relationship()


class AgreementPaper(Base):
    """The contract as approved: made once, kept byte for byte; `code` is what its QR asks /verify/ about."""

    __tablename__ = "agreement_paper"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    no: Mapped[int] = mapped_column(sa.Integer)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    pages: Mapped[int] = mapped_column(sa.Integer)
    # The payload printed from, and its hash in canonical JSON.
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]

    agreement: Mapped[Agreement] = relationship(back_populates="papers")
    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)


class AgreementScan(Base):
    """What came back signed and sealed."""

    __tablename__ = "agreement_scan"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    filed_at: Mapped[datetime] = mapped_column(default=now)
    filed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    agreement: Mapped[Agreement] = relationship(back_populates="scans")
    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)


class NumberSequence(Base):
    """The last number given out of one series (PPA, year)."""

    __tablename__ = "number_sequence"

    series: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)
