"""Payouts, repayments, what is noted of them later, and their corrections: each row is written once."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.chain import facts
from portal.domain.price_protection.models import Agreement
from portal.domain.users.models import User


class PayoutKind(StrEnum):
    """What is paid: the account of the agreement's book that it is taken from."""

    BASE = "base"
    RELEASED = "released"
    INTEREST = "interest"
    AWARD = "award"
    UNAWARDED = "unawarded"

    @property
    def account(self) -> AccountKind:
        """The account that owes it."""
        return _ACCOUNTS[self]

    @property
    def is_rebate(self) -> bool:
        """Whether it is a rebate: what clause 9.1 lets be set off, and what takes a red-letter invoice."""
        return self in (PayoutKind.BASE, PayoutKind.RELEASED)

    @property
    def is_of_a_case(self) -> bool:
        """Whether it comes from a decision; its part names the case."""
        return self in (PayoutKind.AWARD, PayoutKind.UNAWARDED)


_ACCOUNTS = {
    PayoutKind.BASE: AccountKind.BASE,
    PayoutKind.RELEASED: AccountKind.RELEASED,
    PayoutKind.INTEREST: AccountKind.INTEREST_DUE,
    PayoutKind.AWARD: AccountKind.AWARD,
    PayoutKind.UNAWARDED: AccountKind.UNAWARDED,
}


class Means(StrEnum):
    """How it is paid; the ledger's account of the same name."""

    MONEY = "money"
    CREDIT_NOTE = "credit_note"
    GOODS = "goods"

    @property
    def account(self) -> AccountKind:
        """The account that gives it."""
        return AccountKind(self.value)


class Mark(StrEnum):
    """What is noted of a payout, at once or later, once each."""

    INVOICE = "invoice"  # 红字发票号码
    REFERENCE = "reference"  # 银行流水号, or the number of the credit note or of the delivery


class PayoutList(Base):
    """付款单: payouts that one person made in one go. `key` is the form's: sent twice, it is made once."""

    __tablename__ = "payout_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    # Of what was asked for, so that the key never stands for something else.
    asked: Mapped[str] = mapped_column(sa.String(64))
    paid_on: Mapped[date]
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    made_by: Mapped[User] = relationship()
    payouts: Mapped[list["Payout"]] = relationship(back_populates="payment_list", order_by="Payout.id")


class Payout(Base):
    """付款: what an account owed was paid, less what was set off and withheld: `paid_fen` = amount − offset − tax.

    In fen. Payee and bank account are those of the day. A mistake is corrected by the mirror of its transfers, never
    by change.
    """

    __tablename__ = "payout"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.CheckConstraint("offset_fen >= 0 AND offset_fen <= amount_fen", name="offset_within_the_amount"),
        sa.CheckConstraint("offset_fen = 0 OR kind IN ('base', 'released')", name="only_rebates_are_set_off"),
        sa.CheckConstraint("(kind = 'base') = (part = '')", name="part_by_kind"),
        sa.CheckConstraint("tax_fen >= 0 AND tax_fen < amount_fen", name="tax_within_the_amount"),
        sa.CheckConstraint("tax_fen = 0 OR kind = 'award'", name="only_awards_are_taxed"),
        sa.Index("ix_payout_agreement_id_kind", "agreement_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("payout_list.id"), index=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    kind: Mapped[PayoutKind] = mapped_column(enum_type(PayoutKind))
    part: Mapped[str] = mapped_column(sa.String(20), default="")
    amount_fen: Mapped[int]
    offset_fen: Mapped[int] = mapped_column(default=0)
    # What was withheld of an award for the tax office (8.3).
    tax_fen: Mapped[int] = mapped_column(default=0)
    means: Mapped[Means] = mapped_column(enum_type(Means))
    paid_on: Mapped[date] = mapped_column(index=True)
    # Empty for an award: whom it goes to is sealed in its case.
    payee: Mapped[str] = mapped_column(sa.String(100), default="")
    bank_name: Mapped[str] = mapped_column(sa.String(60), default="")
    bank_account: Mapped[str] = mapped_column(sa.String(40), default="")
    # Why by other means than agreed; of what was awarded to nobody, what it was used for (8.2).
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    agreement: Mapped[Agreement] = relationship()
    payment_list: Mapped[PayoutList] = relationship(back_populates="payouts")
    made_by: Mapped[User] = relationship()
    marks: Mapped[list["PayoutMark"]] = relationship(order_by="PayoutMark.id")
    correction: Mapped["PaymentCorrection | None"] = relationship(back_populates="payout")

    @property
    def paid_fen(self) -> int:
        """What went out."""
        return self.amount_fen - self.offset_fen - self.tax_fen

    @property
    def invoice(self) -> str:
        """The number of the red-letter invoice, empty until it is known."""
        return self._marked(Mark.INVOICE)

    @property
    def reference(self) -> str:
        """The bank's or the document's number, empty until it is known."""
        return self._marked(Mark.REFERENCE)

    @property
    def lacks_invoice(self) -> bool:
        """Whether its red-letter invoice is still to be entered."""
        return self.kind.is_rebate and self.correction is None and not self.invoice

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        return facts(
            self.number,
            self.agreement_id,
            self.kind.value,
            self.part,
            self.amount_fen,
            self.offset_fen,
            self.means.value,
            self.paid_on,
            self.payee,
            self.bank_name,
            self.bank_account,
            self.note,
            self.made_by_id,
            *([self.tax_fen] if self.tax_fen else []),
        )

    def _marked(self, what: Mark) -> str:
        return next((one.value for one in reversed(self.marks) if one.what is what), "")


class PayoutMark(Base):
    """The invoice or the reference of a payout as it was entered; the last one of its kind holds, the others stay."""

    __tablename__ = "payout_mark"
    __table_args__ = (
        sa.UniqueConstraint("payout_id", "what", "no"),
        sa.Index("ix_payout_mark_value", "value"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payout_id: Mapped[int] = mapped_column(sa.ForeignKey("payout.id"))
    what: Mapped[Mark] = mapped_column(enum_type(Mark))
    no: Mapped[int] = mapped_column(default=1)
    value: Mapped[str] = mapped_column(sa.String(60))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class Repayment(Base):
    """收款: a distributor gave back what it owed for returned goods, by bank or off the refund (9.1)."""

    __tablename__ = "repayment"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.CheckConstraint("means <> 'goods'", name="not_in_goods"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    # The form's: sent twice, it is collected once.
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    amount_fen: Mapped[int]
    means: Mapped[Means] = mapped_column(enum_type(Means))
    received_on: Mapped[date] = mapped_column(index=True)
    reference: Mapped[str] = mapped_column(sa.String(60), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    agreement: Mapped[Agreement] = relationship()
    made_by: Mapped[User] = relationship()
    correction: Mapped["PaymentCorrection | None"] = relationship(back_populates="repayment")

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it."""
        return facts(
            self.number,
            self.agreement_id,
            self.amount_fen,
            self.means.value,
            self.received_on,
            self.reference,
            self.note,
            self.made_by_id,
        )


class PaymentCorrection(Base):
    """A payout or a repayment was taken back, whole, by the mirror of its transfers."""

    __tablename__ = "payment_correction"
    __table_args__ = (sa.CheckConstraint("(payout_id IS NULL) <> (repayment_id IS NULL)", name="of_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    payout_id: Mapped[int | None] = mapped_column(sa.ForeignKey("payout.id"), unique=True)
    repayment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("repayment.id"), unique=True)
    reason: Mapped[str] = mapped_column(sa.String(200))
    corrected_on: Mapped[date]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    by: Mapped[User] = relationship()
    payout: Mapped[Payout | None] = relationship(back_populates="correction")
    repayment: Mapped[Repayment | None] = relationship(back_populates="correction")


class ClawbackNotice(Base):
    """结算单 received: from this day the distributor has the agreement's days to give back so much (9.1)."""

    __tablename__ = "clawback_notice"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.Index("ix_clawback_notice_agreement_id", "agreement_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    received_on: Mapped[date]
    due_on: Mapped[date]
    # What it owed then, all together, and how far its book had come.
    amount_fen: Mapped[int]
    book_no: Mapped[int]
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class ClawbackSettlement(Base):
    """追回结算单: what was owed back on a day, as it was written for the distributor; `payload` is all it prints."""

    __tablename__ = "clawback_settlement"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    issued_on: Mapped[date]
    amount_fen: Mapped[int]
    # Within so many days of its receipt it is to be paid.
    days: Mapped[int] = mapped_column(sa.Integer)
    book_no: Mapped[int]
    payload: Mapped[dict[str, Any]]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    agreement: Mapped[Agreement] = relationship()
    by: Mapped[User] = relationship()


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
