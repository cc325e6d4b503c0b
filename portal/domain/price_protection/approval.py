"""Approving: everything is checked, the paper is made outside any transaction, then kept with the approval (P1, P8)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.electronic_seals import services as seals
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData, payload_sha256
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.defaults import COLUMNS
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import Agreement, AgreementPaper, Status
from portal.domain.price_protection.payload import payload
from portal.domain.price_protection.problems import Problem, obstacles, problems_of
from portal.domain.price_protection.steps import hold, require_approver
from portal.domain.price_protection.trail.beginning import begin
from portal.domain.users.models import User

# No 0 O 1 I L: a code is read aloud and typed from paper. 14 characters of 31 are 69 bits.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 14


class Blocked(DomainError):
    """The agreement cannot be approved: `problems` lists every reason."""

    def __init__(self, found: list[Problem]) -> None:
        first = found[0]
        super().__init__(first.msgid, **first.params)
        self.problems = found


class Printed(Protocol):
    """What a renderer gives back."""

    @property
    def pdf(self) -> bytes:
        """The finished paper."""

    @property
    def pages(self) -> int:
        """How many pages it has."""

    @property
    def seal(self) -> seals.Made | None:
        """The electronic seal that it carries; None where it has none."""

    @property
    def unsealed_because(self) -> tuple[str, dict[str, Any]] | None:
        """Why it should carry one and does not: msgid and params; None where none was wanted, or it has it."""


@dataclass(frozen=True)
class Frozen:
    """All that the original is printed from; plain values, so that no transaction is needed to print it."""

    agreement_id: int
    distributor_id: int
    version: int
    number: str
    paper_no: int
    code: str
    made_at: datetime
    template_text: str
    payload: AgreementPaperData
    sha256: str


Renderer = Callable[[Frozen], Printed]


def approve(
    session: Session, actor: User, agreement: Agreement, *, seen_sha256: str, render: Renderer
) -> AgreementPaper:
    """Approve what was read and keep its paper, byte for byte; the caller commits.

    `seen_sha256` is the hash of the data that the approver was shown. The transaction is ended while `render`
    works and another one begun for the decision, in which everything is checked again: of two approvals that
    protect one product on one day, one is refused. Raises Blocked with every reason, or DomainError.
    """
    frozen = freeze(session, actor, agreement, seen_sha256=seen_sha256)
    session.rollback()
    printed = render(frozen)
    return keep(session, actor, agreement, frozen, printed)


def freeze(session: Session, actor: User, agreement: Agreement, *, seen_sha256: str) -> Frozen:
    """Check that this may be approved as it stands, and take down what is printed."""
    data = _approvable(session, actor, agreement, seen_sha256)
    return Frozen(
        agreement_id=agreement.id,
        distributor_id=agreement.distributor_id,
        version=agreement.version,
        number=agreement.number,
        paper_no=_next_paper_no(session, agreement),
        code=new_code(),
        made_at=now().replace(microsecond=0),
        template_text=agreement.template.text,
        payload=data,
        sha256=payload_sha256(data),
    )


def new_code() -> str:
    """An unguessable code for a paper, without characters that look like others."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def shown_sha256(session: Session, agreement: Agreement) -> str:
    """The hash of the agreement's data as it stands, to be handed back with the decision."""
    return payload_sha256(payload(session, agreement))


def keep(
    session: Session, actor: User, agreement: Agreement, frozen: Frozen, printed: Printed
) -> AgreementPaper:
    """Approve what was frozen, with the paper printed from it; everything is checked again. The caller commits."""
    hold_distributor(session, frozen.distributor_id)
    hold(session, agreement)
    if agreement.version != frozen.version:
        raise DomainError(
            "%(number)s has changed since you opened it. Please read it again.", number=frozen.number
        )
    data = _approvable(session, actor, agreement, frozen.sha256, holds=True)
    document = documents.store(
        session,
        printed.pdf,
        filename=f"{frozen.number}-{frozen.paper_no}.pdf" if frozen.paper_no > 1 else f"{frozen.number}.pdf",
        by=actor,
        media_type="application/pdf",
    )
    if printed.seal is not None:
        seals.record(session, actor, document, printed.seal)
    paper = AgreementPaper(
        agreement_id=agreement.id,
        no=frozen.paper_no,
        code=frozen.code,
        document_id=document.id,
        pages=printed.pages,
        payload=dict(data),
        payload_sha256=frozen.sha256,
        made_at=frozen.made_at,
        made_by_id=actor.id,
    )
    session.add(paper)
    _freeze_terms(session, agreement, data)
    agreement.move_to(Status.APPROVED)
    agreement.updated_at = now()
    session.flush()
    begin(session, paper)
    session.expire(agreement, ["papers"])
    note(
        session,
        actor,
        agreement,
        "approved",
        paper=paper.no,
        pages=paper.pages,
        template=f"{agreement.template.key} {agreement.template.version}",
        payload_sha256=frozen.sha256,
        document_sha256=document.sha256,
        **seal_params(printed),
    )
    return paper


def seal_params(printed: Printed) -> dict[str, Any]:
    """What an approval's step says of the electronic seal; nothing where none was wanted."""
    if printed.seal is not None:
        return {"seal": printed.seal.certificate.subject, "seal_sha256": printed.seal.certificate.sha256}
    if printed.unsealed_because is not None:
        msgid, params = printed.unsealed_because
        return {"unsealed_because": msgid, "unsealed_params": params}
    return {}


def _approvable(
    session: Session, actor: User, agreement: Agreement, seen_sha256: str, *, holds: bool = False
) -> AgreementPaperData:
    if agreement.status is not Status.SUBMITTED:
        raise DomainError(
            "%(number)s has moved on in the meantime; this step is no longer possible.",
            number=agreement.number,
        )
    require_approver(session, actor, agreement)
    if holds:
        products = [row.product_id for row in agreement.terms[0].prices if row.kind.needs_approval]
        valid_approvals(session, products, agreement.effective_on, holds=True)
    data = payload(session, agreement)
    found = [*problems_of(agreement, data), *obstacles(session, agreement)]
    if found:
        raise Blocked(found)
    if payload_sha256(data) != seen_sha256:
        raise DomainError(
            "%(number)s has changed since you opened it. Please read it again.", number=agreement.number
        )
    return data


def _freeze_terms(session: Session, agreement: Agreement, data: AgreementPaperData) -> None:
    """Write down what holds from now on, whatever settings and register say later (P1)."""
    terms = agreement.terms[0]
    terms.values = audit.plain({name: value for name, value in data["values"].items() if name not in COLUMNS})
    ids = [row.get("approval_id") for row in data["prices"]]
    for price, approval_id in zip(sorted(terms.prices, key=lambda row: row.no), ids, strict=True):
        price.approval_id = int(approval_id) if approval_id is not None else None


def _next_paper_no(session: Session, agreement: Agreement) -> int:
    last = session.scalar(
        sa.select(sa.func.max(AgreementPaper.no)).where(AgreementPaper.agreement_id == agreement.id)
    )
    return (last or 0) + 1
