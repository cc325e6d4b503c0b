"""Writing down electronic seals, and finding them again (P8)."""

from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.documents.models import Document
from portal.domain.electronic_seals.models import ElectronicSeal, SealCertificate
from portal.domain.users.models import User


class CertificateFacts(Protocol):
    """What a certificate says of itself."""

    @property
    def sha256(self) -> str:
        """Its fingerprint."""

    @property
    def subject(self) -> str:
        """Whose it is."""

    @property
    def issuer(self) -> str:
        """Who vouches for it."""

    @property
    def not_before(self) -> datetime:
        """Since when it is valid."""

    @property
    def not_after(self) -> datetime:
        """Until when it is valid."""

    @property
    def der(self) -> bytes:
        """The certificate itself."""


class Made(Protocol):
    """A paper that was just sealed."""

    @property
    def pdf(self) -> bytes:
        """Its bytes with the seal."""

    @property
    def certificate(self) -> CertificateFacts:
        """What it was sealed with."""

    @property
    def at(self) -> datetime:
        """When."""


def record(
    session: Session, actor: User | None, document: Document, made: Made, *, earlier: Document | None = None
) -> ElectronicSeal:
    """Write down that this file carries the seal that was just made; the caller commits."""
    seal = ElectronicSeal(
        document_id=document.id,
        earlier_document_id=earlier.id if earlier is not None else None,
        certificate=_certificate(session, made.certificate),
        sealed_at=made.at,
        by_id=actor.id if actor is not None else None,
    )
    session.add(seal)
    session.flush()
    return seal


def seal_of(session: Session, document_id: int) -> ElectronicSeal | None:
    """The seal that a kept file carries; None where it has none."""
    return session.scalar(sa.select(ElectronicSeal).where(ElectronicSeal.document_id == document_id))


def certificate_by(session: Session, sha256: str) -> SealCertificate | None:
    """The certificate with this fingerprint, when it sealed anything here."""
    return session.scalar(sa.select(SealCertificate).where(SealCertificate.sha256 == sha256))


def _certificate(session: Session, facts: CertificateFacts) -> SealCertificate:
    """The certificate's row. Two first uses at once: the second waits on the fingerprint and takes the first's row."""
    found = certificate_by(session, facts.sha256)
    if found is not None:
        return found
    new = SealCertificate(
        sha256=facts.sha256,
        subject=facts.subject[:200],
        issuer=facts.issuer[:200],
        not_before=facts.not_before,
        not_after=facts.not_after,
        der=facts.der,
    )
    try:
        with session.begin_nested():
            session.add(new)
    except sa.exc.IntegrityError:
        taken = certificate_by(session, facts.sha256)
        if taken is None:
            raise
        return taken
    return new
