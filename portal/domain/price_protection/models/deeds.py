"""What changes or ends a signed agreement: amendments 补充协议 and notices of termination 终止通知 (P1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.price_protection.models.agreements import Agreement
from portal.domain.templates.models import Template
from portal.domain.users.models import User


class DeedStatus(StrEnum):
    """Where a deed stands; an amendment ends signed, a notice served."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SIGNED = "signed"
    SERVED = "served"
    VOID = "void"


# Every legal move; what is not here is refused (tested as a table).
DEED_MOVES: dict[DeedStatus, frozenset[DeedStatus]] = {
    DeedStatus.DRAFT: frozenset({DeedStatus.SUBMITTED, DeedStatus.VOID}),
    DeedStatus.SUBMITTED: frozenset({DeedStatus.DRAFT, DeedStatus.APPROVED}),
    DeedStatus.APPROVED: frozenset({DeedStatus.SIGNED, DeedStatus.SERVED, DeedStatus.DRAFT, DeedStatus.VOID}),
    DeedStatus.SIGNED: frozenset(),
    DeedStatus.SERVED: frozenset(),
    DeedStatus.VOID: frozenset(),
}
# Of each kind an agreement has one of these at a time.
OPEN = (DeedStatus.DRAFT, DeedStatus.SUBMITTED, DeedStatus.APPROVED)
_IS_OPEN = sa.text("status IN ('draft', 'submitted', 'approved')")
_IS_NOT_VOID = sa.text("status <> 'void'")


class Ground(StrEnum):
    """终止依据: the clause that a notice relies on (PLACEHOLDERS 3)."""

    NOTICE = "notice"
    BREACH = "breach"
    INSOLVENCY = "insolvency"
    FORCE_MAJEURE = "force_majeure"

    @property
    def is_rescission(self) -> bool:
        """Whether the notice rescinds (解除) with its service, rather than end after a period of notice."""
        return self in (Ground.BREACH, Ground.INSOLVENCY)


class Sender(StrEnum):
    """Which party gives notice."""

    MANUFACTURER = "manufacturer"
    DISTRIBUTOR = "distributor"


class Service(StrEnum):
    """How a notice was served; the agreement asks for a courier (16.1)."""

    COURIER = "courier"
    IN_PERSON = "in_person"
    REFUSED = "refused"


class Deed:
    """What amendments and notices have in common; the status is what the last step left."""

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"))
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    # Besides the author: the ids of whoever changed what it says.
    writers: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    submitted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    status: Mapped[DeedStatus] = mapped_column(enum_type(DeedStatus), default=DeedStatus.DRAFT, index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    @declared_attr
    def agreement(cls) -> Mapped[Agreement]:
        """The agreement that it changes or ends."""
        return relationship(Agreement)

    @declared_attr
    def template(cls) -> Mapped[Template]:
        """The text it is printed on."""
        return relationship(Template)

    @declared_attr
    def author(cls) -> Mapped[User]:
        """Who drafted it."""
        return relationship(User, foreign_keys=[cls.author_id])  # type: ignore[list-item]

    @property
    def title(self) -> str:
        """What it is called wherever one agreement's deeds are told apart."""
        raise NotImplementedError

    def move_to(self, status: DeedStatus) -> None:
        """Take the next legal status; raises DomainError for a move that DEED_MOVES does not know."""
        if status not in DEED_MOVES[self.status]:
            raise DomainError(
                "%(number)s has moved on in the meantime; this step is no longer possible.",
                number=self.title,
            )
        self.status = status


class Amendment(Deed, Base):
    """补充协议: what it changes, from which day; on signing it becomes the agreement's next terms."""

    __tablename__ = "amendment"
    __table_args__ = (
        # A void one leaves no gap: the next takes its number.
        sa.Index(
            "uq_amendment_no_in_force", "agreement_id", "no", unique=True,
            sqlite_where=_IS_NOT_VOID, postgresql_where=_IS_NOT_VOID,
        ),
        sa.Index(
            "uq_amendment_open", "agreement_id", unique=True,
            sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN,
        ),
        sa.CheckConstraint("no > 0", name="no_positive"),
        sa.CheckConstraint("(status = 'signed') = (signed_on IS NOT NULL)", name="signed_on_a_day"),
    )  # fmt: skip

    no: Mapped[int] = mapped_column(sa.Integer)
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(100))
    # The terms that are to be others, by name; prices and violations as whole lists (see `amending.Says`).
    says: Mapped[dict[str, Any]] = mapped_column(default=dict)
    signed_on: Mapped[date | None]
    # Counsel read it where it touches prices, violations or territory: who, when, and what was read.
    counsel_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    counsel_at: Mapped[datetime | None]
    counsel_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    price_change_id: Mapped[int | None] = mapped_column(sa.ForeignKey("price_change.id"), index=True)
    # As it was submitted or last decided on: the hash of its data, to which lists are bound, and both texts.
    sha256: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    changes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # Why the last decision about the whole list left it out: {"msgid", "params"}.
    refusal: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    counsel: Mapped[User | None] = relationship(foreign_keys=[counsel_id])
    papers: Mapped[list["DeedPaper"]] = relationship(order_by="DeedPaper.no.desc()")
    scans: Mapped[list["DeedScan"]] = relationship(order_by="DeedScan.filed_at.desc()")

    __mapper_args__ = {"version_id_col": Deed.version}  # noqa: RUF012

    @property
    def title(self) -> str:
        """Its number as files and lists carry it: PPA-2026-000123-S1."""
        return f"{self.agreement.number}-S{self.no}"


class Termination(Deed, Base):
    """终止通知: on which ground and from which day an agreement ends early; it ends once served."""

    __tablename__ = "termination"
    __table_args__ = (
        sa.Index(
            "uq_termination_open", "agreement_id", unique=True,
            sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN,
        ),
        sa.CheckConstraint(
            "fund_balance_fen >= 0 AND fund_suspended_fen >= 0 AND clawback_fen >= 0 AND due_debt_fen >= 0",
            name="sums_not_negative",
        ),
        sa.CheckConstraint("(status = 'served') = (served_on IS NOT NULL)", name="served_on_a_day"),
        sa.CheckConstraint(
            "(first_approver_id IS NULL) = (first_sha256 IS NULL)", name="first_approval_of_something"
        ),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    sender: Mapped[Sender] = mapped_column(enum_type(Sender))
    ground: Mapped[Ground] = mapped_column(enum_type(Ground))
    reason: Mapped[str] = mapped_column(sa.String(500))
    notice_on: Mapped[date]
    expected_on: Mapped[date]
    terminates_on: Mapped[date]
    # The written demand to put a breach right (13.2).
    demanded_on: Mapped[date | None]
    balance_on: Mapped[date]
    fund_balance_fen: Mapped[int] = mapped_column(default=0)
    fund_suspended_fen: Mapped[int] = mapped_column(default=0)
    clawback_fen: Mapped[int] = mapped_column(default=0)
    due_debt_fen: Mapped[int] = mapped_column(default=0)
    open_cases: Mapped[str] = mapped_column(sa.String(200), default="")
    handover_on: Mapped[date]
    handover_items: Mapped[str] = mapped_column(sa.String(300), default="")
    # What the company settles before it sends one; not printed.
    is_downstream_supplied: Mapped[bool] = mapped_column(default=False)
    is_reconciled: Mapped[bool] = mapped_column(default=False)
    # Two persons approve (D4): the first by name, the second makes the paper.
    first_approver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    first_approved_at: Mapped[datetime | None]
    first_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    served_on: Mapped[date | None]
    served_how: Mapped[Service | None] = mapped_column(enum_type(Service))
    served_note: Mapped[str] = mapped_column(sa.String(100), default="")

    first_approver: Mapped[User | None] = relationship(foreign_keys=[first_approver_id])
    papers: Mapped[list["DeedPaper"]] = relationship(order_by="DeedPaper.no.desc()")
    scans: Mapped[list["DeedScan"]] = relationship(order_by="DeedScan.filed_at.desc()")

    __mapper_args__ = {"version_id_col": Deed.version}  # noqa: RUF012

    @property
    def title(self) -> str:
        """The number of the notice."""
        return self.number


class DeedPaper(Base):
    """A deed's paper as approved: made once, kept byte for byte; `code` is what its QR asks /verify/ about."""

    __tablename__ = "deed_paper"
    __table_args__ = (
        sa.UniqueConstraint("amendment_id", "no"),
        sa.UniqueConstraint("termination_id", "no"),
        sa.CheckConstraint("(amendment_id IS NULL) <> (termination_id IS NULL)", name="of_one_deed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    amendment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("amendment.id"))
    termination_id: Mapped[int | None] = mapped_column(sa.ForeignKey("termination.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    pages: Mapped[int] = mapped_column(sa.Integer)
    # What was printed and, for an amendment, what the agreement says with it; and its hash in canonical JSON.
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]

    amendment: Mapped[Amendment | None] = relationship(overlaps="papers")
    termination: Mapped[Termination | None] = relationship(overlaps="papers")
    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)
    made_by: Mapped[User] = relationship()

    @property
    def deed(self) -> Amendment | Termination:
        """The amendment or notice that it is the paper of."""
        found = self.amendment or self.termination
        assert found is not None
        return found


class DeedScan(Base):
    """What came back: the signed amendment, or the proof that a notice was served."""

    __tablename__ = "deed_scan"
    __table_args__ = (
        sa.CheckConstraint("(amendment_id IS NULL) <> (termination_id IS NULL)", name="of_one_deed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    amendment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("amendment.id"), index=True)
    termination_id: Mapped[int | None] = mapped_column(sa.ForeignKey("termination.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    filed_at: Mapped[datetime] = mapped_column(default=now)
    filed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)


class AmendmentCheck(Base):
    """An amendment of a price change drawn by lot for one person to read, and what was read (its hash)."""

    __tablename__ = "amendment_check"
    __table_args__ = (
        sa.UniqueConstraint("amendment_id", "user_id"),
        sa.CheckConstraint("(looked_at IS NULL) = (looked_sha256 = '')", name="looked_at_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    amendment_id: Mapped[int] = mapped_column(sa.ForeignKey("amendment.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    drawn_at: Mapped[datetime] = mapped_column(default=now)
    looked_at: Mapped[datetime | None]
    looked_sha256: Mapped[str] = mapped_column(sa.String(64), default="")


class PriceChange(Base):
    """One decision to change prices in many agreements: each chosen one gets an amendment."""

    __tablename__ = "price_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(100))
    # How: {"percent": ppm} or {"fen": difference}, "kinds": [...], "product_ids": [...] (all when empty).
    rule: Mapped[dict[str, Any]]
    agreement_ids: Mapped[list[Any]]
    # What got no amendment: [agreement's id, number, msgid, params] of each.
    refused: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(default=now)

    author: Mapped[User] = relationship()
