"""Books, accounts, transfers and seals: rows that are written once (triggers refuse UPDATE and DELETE)."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.ledger.accounts import AccountKind, TransferKind


class Book(Base):
    """The book of one agreement, and the head of its chain: who posts holds this row, so books never wait for
    one another.

    `last_no` and `last_sha256` repeat the last transfer's; `verify` recomputes them.
    """

    __tablename__ = "ledger_book"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), unique=True)
    last_no: Mapped[int] = mapped_column(default=0)
    last_sha256: Mapped[str] = mapped_column(sa.String(64), default="")


class Account(Base):
    """An account of a book; a quarter (2026Q3) or a case is its `part`, empty where there is one only."""

    __tablename__ = "ledger_account"
    __table_args__ = (sa.UniqueConstraint("book_id", "kind", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_book.id"))
    kind: Mapped[AccountKind] = mapped_column(enum_type(AccountKind))
    part: Mapped[str] = mapped_column(sa.String(20), default="")


class Transfer(Base):
    """Money moved from one account to another, in fen: debits one, credits one, and never changes.

    `booked_on` is the accounting day in China, `at` the instant it was written. `key` is the caller's idempotency
    key: what makes "once" true. `source` and `source_id` name the record it follows from.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        sa.UniqueConstraint("book_id", "no"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        sa.Index("ix_transfer_source_source_id", "source", "source_id"),
        sa.Index("ix_transfer_book_id_booked_on", "book_id", "booked_on"),
        # Whole: sums are read from it alone (`ledger.sums`).
        sa.Index("ix_transfer_sums", "book_id", "debit_id", "credit_id", "kind", "amount_fen"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_book.id"))
    no: Mapped[int]
    kind: Mapped[TransferKind] = mapped_column(enum_type(TransferKind))
    debit_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_account.id"), index=True)
    credit_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_account.id"), index=True)
    amount_fen: Mapped[int]
    booked_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    source: Mapped[str] = mapped_column(sa.String(30))
    source_id: Mapped[int]
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("transfer.id"), unique=True)
    # SHA-256 over what the source said when this was posted, so that a changed source shows as well.
    facts: Mapped[str] = mapped_column(sa.String(64))
    # SHA-256 over the transfer before it in its book and all of the above but the id.
    sha256: Mapped[str] = mapped_column(sa.String(64))

    debit: Mapped[Account] = relationship(foreign_keys=[debit_id])
    credit: Mapped[Account] = relationship(foreign_keys=[credit_id])


class Seal(Base):
    """The heads of all chains at the end of a day, under a key kept outside the database."""

    __tablename__ = "ledger_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    # The day of the seal before it, None for the first: one that is gone is missed. A day without a worker has none.
    before_on: Mapped[date | None] = mapped_column(index=True, unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    # The heads as they stood: [[book id, last no, last hash], …] by book; HMAC-SHA-256 over them and both days.
    heads: Mapped[list[Any]]
    hmac: Mapped[str] = mapped_column(sa.String(64))


class Verification(Base):
    """What `verify` found, and when; a page shows the last one."""

    __tablename__ = "ledger_verification"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    transfers: Mapped[int]
    books: Mapped[int]
    took_ms: Mapped[int]
    # The first break in words, empty when the books are whole.
    break_msgid: Mapped[str] = mapped_column(sa.String(200), default="")
    break_params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.break_msgid
