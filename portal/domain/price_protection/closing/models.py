"""What two people agreed on for a quarter, and the statement that each agreement got of it (P3, 4.3, 10.1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
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
    # When it reached the distributor: from this day on 10.1 counts the days to object.
    delivered_on: Mapped[date | None]

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


class Verdict(StrEnum):
    """What a distributor ticked on a statement's returned scan."""

    AGREED = "agreed"  # 核对无误
    OBJECTED = "objected"  # 有异议


class StatementReply(Base):
    """What came back signed: both answers as they were ticked, each for itself (4.3 of the statement).

    A later reply counts in an earlier one's place; none is changed. `answer` is the written reply to an objection
    (4.2 of the statement), due within `statement_reply_days`.
    """

    __tablename__ = "statement_reply"
    __table_args__ = (
        sa.CheckConstraint("(fund = 'objected') = (fund_objection <> '')", name="fund_objection_says_what"),
        sa.CheckConstraint(
            "(account IS NOT NULL AND account = 'objected') = (account_objection <> '')",
            name="account_objection_says_what",
        ),
        sa.CheckConstraint("(answered_on IS NULL) = (answer = '')", name="answered_in_words"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    received_on: Mapped[date]
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
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    statement: Mapped[Statement] = relationship(back_populates="replies")
    document: Mapped[Document | None] = relationship()
    entered_by: Mapped[User] = relationship(foreign_keys=[entered_by_id])

    @property
    def has_objection(self) -> bool:
        """Whether either part is objected to."""
        return Verdict.OBJECTED in (self.fund, self.account)
