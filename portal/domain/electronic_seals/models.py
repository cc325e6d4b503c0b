"""Electronic seals: which files carry one, and the certificates that made them; no key is ever kept here."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now


class SealCertificate(Base):
    """A certificate that sealed something here; a file that it sealed is known by it for good."""

    __tablename__ = "seal_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    subject: Mapped[str] = mapped_column(sa.String(200))
    issuer: Mapped[str] = mapped_column(sa.String(200))
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    der: Mapped[bytes] = mapped_column(sa.LargeBinary)
    first_used_at: Mapped[datetime] = mapped_column(default=now)


class ElectronicSeal(Base):
    """That a kept file was sealed, when and by which certificate.

    `earlier_document_id`: the same paper without its seal, where that had been kept before it was sealed.
    """

    __tablename__ = "electronic_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), unique=True)
    earlier_document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), index=True)
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("seal_certificate.id"))
    sealed_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    certificate: Mapped[SealCertificate] = relationship(lazy="joined", innerjoin=True)
