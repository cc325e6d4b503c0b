"""The electronic seal on an original that was kept without one: made before the company had a certificate, or when
it could not be opened. The paper's code, pages and data stay; its bytes get the seal behind them (P1, P8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.electronic_seals import services as seals
from portal.domain.electronic_seals.models import ElectronicSeal
from portal.domain.errors import DomainError
from portal.domain.price_protection.deeds import base
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.steps import hold
from portal.domain.users.models import User

AnyPaper = AgreementPaper | DeedPaper
_KINDS: tuple[type[AgreementPaper] | type[DeedPaper], ...] = (AgreementPaper, DeedPaper)

# Papers that somebody still goes by; who holds an ended one holds it as it was.
_AGREEMENTS = (Status.APPROVED, Status.SIGNED)
_DEEDS = (DeedStatus.APPROVED, DeedStatus.SIGNED, DeedStatus.SERVED)


@dataclass(frozen=True)
class Unsealed:
    """All that is sealed; plain values, so that no transaction is needed meanwhile."""

    paper_id: int
    document_id: int
    number: str
    place: str
    pdf: bytes


def is_sealable(paper: AnyPaper | None) -> bool:
    """Whether the paper is one that people go by; who may seal it, and whether it is sealed, is not asked."""
    if paper is None or paper.withdrawn_at is not None:
        return False
    if isinstance(paper, DeedPaper):
        return paper.deed.status in _DEEDS
    return paper.agreement.status in _AGREEMENTS


def begin(session: Session, actor: User | None, paper: AnyPaper) -> Unsealed:
    """Take down what is to be sealed; DomainError when it may not be. No actor: the machine's own administrator."""
    _require(session, actor, paper)
    return Unsealed(
        paper_id=paper.id,
        document_id=paper.document_id,
        number=number_of(paper),
        place=str(paper.payload["values"].get("signing_place") or ""),
        pdf=documents.content(session, paper.document),
    )


def keep(session: Session, actor: User | None, paper: AnyPaper, was: Unsealed, made: seals.Made) -> None:
    """Keep the sealed file as the paper's own, beside the one that it was made from; the caller commits."""
    if isinstance(paper, DeedPaper):
        base.hold(session, paper.deed)
    else:
        hold(session, paper.agreement)
    session.refresh(paper)
    _require(session, actor, paper)
    if paper.document_id != was.document_id or not made.pdf.startswith(was.pdf):
        raise DomainError(
            "%(number)s has changed since you opened it. Please read it again.", number=was.number
        )
    earlier = paper.document
    document = documents.store(
        session, made.pdf, filename=earlier.filename, by=actor, media_type="application/pdf"
    )
    seals.record(session, actor, document, made, earlier=earlier)
    paper.document = document
    session.flush()
    said: dict[str, Any] = {
        "paper": paper.no,
        "seal": made.certificate.subject,
        "seal_sha256": made.certificate.sha256,
        "before_sha256": earlier.sha256,
        "document_sha256": document.sha256,
    }
    if isinstance(paper, DeedPaper):
        base.record(session, actor, paper.deed, "sealed_electronically", **said)
    else:
        note(session, actor, paper.agreement, "sealed_electronically", **said)


def unsealed_since(session: Session, since: datetime) -> Iterator[AnyPaper]:
    """The papers in use that were approved from then on and carry no seal, each read when it is its turn."""
    sealed = sa.select(ElectronicSeal.document_id)
    agreements = (
        sa.select(AgreementPaper.id)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .where(
            AgreementPaper.made_at >= since,
            AgreementPaper.withdrawn_at.is_(None),
            AgreementPaper.document_id.not_in(sealed),
            Agreement.status.in_(_AGREEMENTS),
        )
        .order_by(AgreementPaper.id)
    )
    deeds = (
        sa.select(DeedPaper.id)
        .outerjoin(Amendment, Amendment.id == DeedPaper.amendment_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
        .where(
            DeedPaper.made_at >= since,
            DeedPaper.withdrawn_at.is_(None),
            DeedPaper.document_id.not_in(sealed),
            sa.or_(Amendment.status.in_(_DEEDS), Termination.status.in_(_DEEDS)),
        )
        .order_by(DeedPaper.id)
    )
    for kind, statement in zip(_KINDS, (agreements, deeds), strict=True):
        for paper_id in session.scalars(statement).all():
            paper = _first(session, sa.select(kind).where(kind.id == paper_id))
            if paper is not None:
                yield paper


def original_with(session: Session, hashes: list[str]) -> tuple[AnyPaper, str] | None:
    """The paper that one of these hashes is the file of, as it is kept or was before it was sealed, and which hash.

    The first hash that is known counts.
    """
    found = session.execute(
        sa.select(Document.sha256, Document.id, ElectronicSeal.document_id)
        .outerjoin(ElectronicSeal, ElectronicSeal.earlier_document_id == Document.id)
        .where(Document.sha256.in_(hashes))
    ).all()
    for sha256 in hashes:
        ids = [id for row in found if row[0] == sha256 for id in row[1:] if id is not None]
        for kind in _KINDS:
            paper = _first(session, sa.select(kind).where(kind.document_id.in_(ids)).order_by(kind.id.desc()))
            if paper is not None:
                return paper, sha256
    return None


def paper_of_data(session: Session, sha256: str) -> AnyPaper | None:
    """The newest paper that was printed from the data with this hash; one that holds before one that was withdrawn."""
    for kind in _KINDS:
        paper = _first(
            session,
            sa.select(kind)
            .where(kind.payload_sha256 == sha256)
            .order_by(kind.withdrawn_at.is_not(None), kind.id.desc()),
        )
        if paper is not None:
            return paper
    return None


def _first(session: Session, statement: sa.Select[Any]) -> AnyPaper | None:
    found: AnyPaper | None = session.scalar(statement.limit(1))
    return found


def _require(session: Session, actor: User | None, paper: AnyPaper) -> None:
    agreement = paper.deed.agreement if isinstance(paper, DeedPaper) else paper.agreement
    if actor is not None and not actor.can(Permission.AGREEMENTS_APPROVE, agreement.region):
        raise DomainError("You may not approve agreements of this office.")
    if not is_sealable(paper):
        raise DomainError(
            "%(number)s has no approved original in use that could be sealed.", number=number_of(paper)
        )
    if seals.seal_of(session, paper.document_id) is not None:
        raise DomainError("%(number)s carries its electronic seal already.", number=number_of(paper))


def number_of(paper: AnyPaper) -> str:
    """The number of what the paper is: of the agreement, the amendment or the notice."""
    return paper.deed.title if isinstance(paper, DeedPaper) else paper.agreement.number
