"""Quarters closed, funds released and held back, and what decisions took: each row is written once (P3, P4)."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.ledger.chain import facts
from portal.domain.price_protection.models import Agreement


class QuarterClose(Base):
    """An agreement's quarter is closed: what is dated in it and comes later is booked in an open one."""

    __tablename__ = "quarter_close"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "quarter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6), index=True)
    closed_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    agreement: Mapped[Agreement] = relationship()


class FundRelease(Base):
    """释放: the fund that a quarter gathered goes to the distributor, once per agreement and quarter (4.3)."""

    __tablename__ = "fund_release"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "quarter"),
        sa.CheckConstraint("amount_fen >= 0 AND interest_fen >= 0", name="sums_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6), index=True)
    amount_fen: Mapped[int]
    interest_fen: Mapped[int] = mapped_column(default=0)
    released_on: Mapped[date]
    due_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    agreement: Mapped[Agreement] = relationship()

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        return facts(
            self.agreement_id,
            self.quarter,
            self.amount_fen,
            self.interest_fen,
            self.released_on,
            self.due_on,
            self.by_id,
        )


class FundHold(Base):
    """暂停释放: a case whose notice was served holds the fund of one quarter until the case has ended (4.4)."""

    __tablename__ = "fund_hold"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "quarter", "case_part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6))
    # The case as the ledger's accounts name it (`case_part`): C and its id.
    case_part: Mapped[str] = mapped_column(sa.String(20))
    since_on: Mapped[date]
    lifted_on: Mapped[date | None]


class FundDeduction(Base):
    """扣减: what a decision took of the fund that the quarter concerned held on its day (8.1, 8.2).

    `base_fen` is the unreleased fund on that day, `book_no` how far the book had come: what accrued later is safe.
    `award_ppm` is the share of it that goes to the reporter, 0 where nobody is awarded.
    """

    __tablename__ = "fund_deduction"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "quarter", "case_part"),
        sa.CheckConstraint("amount_fen >= 0 AND amount_fen <= base_fen", name="at_most_the_base"),
        sa.CheckConstraint("award_ppm >= 0 AND award_ppm <= 1000000", name="award_in_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    quarter: Mapped[str] = mapped_column(sa.String(6))
    case_part: Mapped[str] = mapped_column(sa.String(20))
    decided_on: Mapped[date]
    base_fen: Mapped[int]
    amount_fen: Mapped[int]
    award_ppm: Mapped[int]
    book_no: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)

    changes: Mapped[list["DeductionChange"]] = relationship(order_by="DeductionChange.no")

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        return facts(
            self.agreement_id,
            self.quarter,
            self.case_part,
            self.decided_on,
            self.base_fen,
            self.amount_fen,
            self.award_ppm,
            self.book_no,
        )


class DeductionChange(Base):
    """A deduction became smaller: by a return of goods it was taken for (9.1), or by restoring it (8.4).

    `base_fen` and `amount_fen` are what is left of base and deduction after it.
    """

    __tablename__ = "deduction_change"
    __table_args__ = (
        sa.UniqueConstraint("deduction_id", "no"),
        sa.CheckConstraint("base_fen >= 0 AND amount_fen >= 0", name="sums_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    deduction_id: Mapped[int] = mapped_column(sa.ForeignKey("fund_deduction.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    # The return; None where it was restored.
    purchase_id: Mapped[int | None] = mapped_column(sa.ForeignKey("purchase.id"), unique=False)
    base_fen: Mapped[int]
    amount_fen: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
