"""What happens to an agreement: its steps, the paper printed of it, and the signed one that comes back (P1, P1b)."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.documents.models import Document
from portal.domain.price_protection.models.agreements import Agreement
from portal.domain.users.models import User


class AgreementEvent(Base):
    """A step in an agreement's life: who, when and why; the status is what the last step left."""

    __tablename__ = "agreement_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    # created, edited, submitted, sent_back, withdrawn, approved, approval_withdrawn, printed, signed,
    # signing_corrected, too_long, scan_filed, terminated, voided
    kind: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    agreement: Mapped[Agreement] = relationship(back_populates="events")
    by: Mapped[User | None] = relationship()


class AgreementWriter(Base):
    """Whoever wrote in an agreement's terms, alone, by a table or in its batch: none of them approves it (P1)."""

    __tablename__ = "agreement_writer"

    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)


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
