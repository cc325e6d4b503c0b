"""What two people agreed on for a quarter, and the statement that each agreement got of it (P3, 4.3, 10.1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
from portal.domain.papers.statement import StatementData
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template
from portal.domain.users.models import User


class Stage(StrEnum):
    """How far the close of a quarter has come."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"  # its releases are being made, or wait to be
    DONE = "done"
    WITHDRAWN = "withdrawn"


_IS_OPEN = sa.text("stage IN ('proposed', 'confirmed')")


class Proposal(Base):
    """One person proposed what a quarter releases in an office, another confirmed just that; then it is done.

    `rows` is what was seen, by agreement: [id, outcome, fund in fen, cases]; `sha256` is made of them, and only what
    still is so when its turn comes is released.
    """

    __tablename__ = "quarter_proposal"
    __table_args__ = (
        sa.CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name="two_people"),
        sa.CheckConstraint("(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name="confirmed_at_an_instant"),
        sa.CheckConstraint(
            "stage NOT IN ('confirmed', 'done') OR confirmed_at IS NOT NULL", name="done_when_confirmed"
        ),
        sa.CheckConstraint("(stage = 'done') = (done_at IS NOT NULL)", name="done_at_an_instant"),
        sa.Index(
            "uq_quarter_proposal_open", "quarter", "region_id", unique=True,
            sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    quarter: Mapped[str] = mapped_column(sa.String(6), index=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    stage: Mapped[Stage] = mapped_column(enum_type(Stage), default=Stage.PROPOSED)
    rows: Mapped[list[Any]]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    agreements: Mapped[int]
    release_fen: Mapped[int]
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    confirmed_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    done_at: Mapped[datetime | None]
    # The task that does it, or did last; tasks are forgotten after a month, so it is no foreign key.
    job_id: Mapped[int | None]
    # What the run left out because it was another by then, by agreement: see `executing.Left`.
    left_out: Mapped[list[Any]] = mapped_column(default=list)

    region: Mapped[Region] = relationship()
    proposed_by: Mapped[User] = relationship(foreign_keys=[proposed_by_id])
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.stage in (Stage.PROPOSED, Stage.CONFIRMED)


class Statement(Base):
    """季度基金对账单: one per agreement and quarter, frozen when the quarter was closed; printed once, kept for ever.

    `document_id` and `pages` are empty until it is printed. `release_id` is the release that it tells of; None where
    a case held it back.
    """

    __tablename__ = "statement"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "quarter"),
        sa.CheckConstraint("prepared_by_id <> reviewed_by_id", name="two_people"),
        sa.CheckConstraint("(document_id IS NULL) = (pages IS NULL)", name="printed_with_pages"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(sa.ForeignKey("quarter_proposal.id"), index=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6), index=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_template.id"))
    release_id: Mapped[int | None] = mapped_column(sa.ForeignKey("fund_release.id"))
    issued_on: Mapped[date]
    due_on: Mapped[date]
    # Sums of the payload that lists and the finance table show, in fen.
    closing_fen: Mapped[int]
    suspended_fen: Mapped[int]
    release_fen: Mapped[int]
    interest_fen: Mapped[int]
    # What is printed (`papers.statement`), and its hash in canonical JSON.
    payload: Mapped[dict[str, Any]]
    payload_sha256: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(default=now)
    prepared_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    reviewed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    pages: Mapped[int | None] = mapped_column(sa.Integer)
    # When it reached the distributor, as the newest of `deliveries` says, and the last of the days to object (10.1).
    delivered_on: Mapped[date | None]
    objections_until: Mapped[date | None]

    agreement: Mapped[Agreement] = relationship()
    proposal: Mapped[Proposal] = relationship()
    template: Mapped[Template] = relationship()
    release: Mapped[FundRelease | None] = relationship()
    document: Mapped[Document | None] = relationship()
    prepared_by: Mapped[User] = relationship(foreign_keys=[prepared_by_id])
    reviewed_by: Mapped[User] = relationship(foreign_keys=[reviewed_by_id])
    replies: Mapped[list["StatementReply"]] = relationship(
        back_populates="statement", order_by="StatementReply.id.desc()"
    )
    deliveries: Mapped[list["StatementDelivery"]] = relationship(order_by="StatementDelivery.id.desc()")
    scans: Mapped[list["StatementScan"]] = relationship(order_by="StatementScan.id.desc()")

    # Among the originals (trail): of a statement there is one paper only, which nothing supersedes.
    no = 1
    withdrawn_at = None

    @property
    def data(self) -> StatementData:
        """What it says, as it is hashed and printed."""
        kept = self.payload
        return StatementData(values=kept["values"], lines=kept["lines"], account=kept["account"])

    @property
    def has_account(self) -> bool:
        """Whether its second part, 往来账, is printed, so that it is answered as well."""
        return bool(self.payload.get("account"))


class Way(StrEnum):
    """How a statement reached the distributor (16.1); a courier's parcel counts on the day it is taken or refused."""

    COURIER = "courier"
    REFUSED = "refused"
    IN_PERSON = "in_person"
    EMAIL = "email"


class StatementDelivery(Base):
    """When and how a statement reached the distributor, as somebody said it; the newest one counts.

    Without a day: what was said before is taken back, for the `reason`.
    """

    __tablename__ = "statement_delivery"
    __table_args__ = (
        sa.CheckConstraint("(delivered_on IS NULL) = (way IS NULL)", name="delivered_somehow"),
        sa.CheckConstraint("delivered_on IS NOT NULL OR reason <> ''", name="taken_back_for_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    delivered_on: Mapped[date | None]
    way: Mapped[Way | None] = mapped_column(enum_type(Way))
    # Courier and number, who took it, or the address that it was mailed to.
    note: Mapped[str] = mapped_column(sa.String(100), default="")
    # Why another day than was said before.
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # The parcel that it was in, if one was.
    parcel_id: Mapped[int | None] = mapped_column(sa.ForeignKey("parcel.id"))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    by: Mapped[User] = relationship()


class StatementScan(Base):
    """The sealed copy as it came back."""

    __tablename__ = "statement_scan"

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    filed_at: Mapped[datetime] = mapped_column(default=now)
    filed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)
    filed_by: Mapped[User] = relationship()


class Verdict(StrEnum):
    """What a distributor ticked on a statement's returned scan."""

    AGREED = "agreed"  # 核对无误
    OBJECTED = "objected"  # 有异议


class ReplyWay(StrEnum):
    """How an answer came."""

    COPY = "sealed_copy"  # 盖章的对账单
    LETTER = "letter"
    EMAIL = "email"


class Finding(StrEnum):
    """What the company answers to an objection."""

    RIGHT = "objection_right"
    PARTLY = "objection_partly_right"
    WRONG = "objection_wrong"


class StatementReply(Base):
    """What the distributor said to a statement: both answers as ticked, each for itself (4.3 of the statement).

    A later reply counts in an earlier one's place; none is changed. `answer` is the written reply to an objection
    (4.2 of the statement), due within `statement_reply_days`; written once.
    """

    __tablename__ = "statement_reply"
    __table_args__ = (
        sa.CheckConstraint("(fund = 'objected') = (fund_objection <> '')", name="fund_objection_says_what"),
        sa.CheckConstraint(
            "(account IS NOT NULL AND account = 'objected') = (account_objection <> '')",
            name="account_objection_says_what",
        ),
        sa.CheckConstraint("(answered_on IS NULL) = (answer = '')", name="answered_in_words"),
        sa.CheckConstraint("(answered_on IS NULL) = (finding IS NULL)", name="answered_with_a_finding"),
        sa.CheckConstraint("(answered_on IS NULL) = (answered_by_id IS NULL)", name="answered_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    received_on: Mapped[date]
    way: Mapped[ReplyWay] = mapped_column(
        enum_type(ReplyWay), default=ReplyWay.COPY, server_default="sealed_copy"
    )
    # 经办人: who signed for the distributor.
    said_by: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")
    fund: Mapped[Verdict] = mapped_column(enum_type(Verdict))
    fund_objection: Mapped[str] = mapped_column(sa.String(300), default="")
    # None where the statement has no second part, or nothing was ticked in it.
    account: Mapped[Verdict | None] = mapped_column(enum_type(Verdict, "account_verdict"))
    account_objection: Mapped[str] = mapped_column(sa.String(300), default="")
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)
    answered_on: Mapped[date | None]
    answer: Mapped[str] = mapped_column(sa.String(500), default="")
    finding: Mapped[Finding | None] = mapped_column(enum_type(Finding))
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    # The last day for that answer; None where nothing was objected to.
    answer_by: Mapped[date | None]

    statement: Mapped[Statement] = relationship(back_populates="replies")
    document: Mapped[Document | None] = relationship()
    entered_by: Mapped[User] = relationship(foreign_keys=[entered_by_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])
    points: Mapped[list["ObjectionPoint"]] = relationship(order_by="ObjectionPoint.id")

    @property
    def has_objection(self) -> bool:
        """Whether either part is objected to."""
        return Verdict.OBJECTED in (self.fund, self.account)

    @property
    def is_open(self) -> bool:
        """Whether it objects and waits for the company's answer."""
        return self.has_objection and self.answered_on is None


class ObjectionPoint(Base):
    """A sum (1.3) or a line (12) of a statement that is objected to, as it stands there and as the distributor has it.

    `stated_fen` is copied from the frozen statement; `claimed_fen` is None where nothing was said.
    """

    __tablename__ = "objection_point"
    __table_args__ = (sa.UniqueConstraint("reply_id", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reply_id: Mapped[int] = mapped_column(sa.ForeignKey("statement_reply.id"))
    item: Mapped[str] = mapped_column(sa.String(10))
    stated_fen: Mapped[int]
    claimed_fen: Mapped[int | None]
