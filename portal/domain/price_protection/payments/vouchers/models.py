"""凭证 that were taken out for the company's books: each is written once, with the transfers that it books."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.users.models import User


class Grouping(StrEnum):
    """What one voucher holds."""

    SINGLE = "single"  # one payment, or what was booked of one kind for one agreement on one day
    DAY = "day"  # all that was booked of one kind on one day, by customer


class VoucherFile(Base):
    """凭证文件: what one person took out in one go; `content` are its entries as they were, compressed.

    `key` is the form's: sent twice, it is taken once. The days are those that were asked for.
    """

    __tablename__ = "voucher_file"
    __table_args__ = (sa.CheckConstraint("first_on <= last_on", name="days_in_order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    only_payments: Mapped[bool]
    grouping: Mapped[Grouping] = mapped_column(enum_type(Grouping))
    vouchers: Mapped[int]
    entries: Mapped[int]
    # Of the transfers so many came late: their day lies before the days asked for.
    late: Mapped[int]
    # Debits, which equal the credits.
    amount_fen: Mapped[int]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now, index=True)

    by: Mapped[User] = relationship()


class VoucherOffice(Base):
    """An office whose movements a file took: whose days it took, a later movement of them is late."""

    __tablename__ = "voucher_office"
    __table_args__ = (sa.UniqueConstraint("file_id", "region_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("voucher_file.id"))
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)


class Voucher(Base):
    """凭证: `no` runs on through all files of an accounting month (2026-09), so none comes twice."""

    __tablename__ = "voucher"
    __table_args__ = (sa.UniqueConstraint("month", "no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("voucher_file.id"), index=True)
    month: Mapped[str] = mapped_column(sa.String(7))
    no: Mapped[int]
    booked_on: Mapped[date]


class VoucherTransfer(Base):
    """A transfer stands in one voucher, so no file takes it a second time."""

    __tablename__ = "voucher_transfer"

    id: Mapped[int] = mapped_column(primary_key=True)
    voucher_id: Mapped[int] = mapped_column(sa.ForeignKey("voucher.id"), index=True)
    transfer_id: Mapped[int] = mapped_column(sa.ForeignKey("transfer.id"), unique=True)
