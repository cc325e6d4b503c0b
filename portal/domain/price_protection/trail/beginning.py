"""The trail of an original begins with its approval, and a notice's goes on with its service (P1b)."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import AgreementPaper, DeedPaper
from portal.domain.price_protection.trail.models import AnyPaper, PaperKind, PaperTrail, Stage


def begin(session: Session, paper: AnyPaper) -> PaperTrail:
    """Give a paper that was just made its place among the originals."""
    if isinstance(paper, AgreementPaper):
        agreement, number, kind = paper.agreement, paper.agreement.number, PaperKind.AGREEMENT
    elif isinstance(paper, Statement):
        agreement, number, kind = paper.agreement, paper.number, PaperKind.STATEMENT
    else:
        agreement, number = paper.deed.agreement, paper.deed.title
        kind = PaperKind.AMENDMENT if paper.amendment_id else PaperKind.NOTICE
    trail = PaperTrail(
        kind=kind,
        agreement_id=agreement.id,
        agreement_paper=paper if isinstance(paper, AgreementPaper) else None,
        deed_paper=paper if isinstance(paper, DeedPaper) else None,
        statement=paper if isinstance(paper, Statement) else None,
        number=number,
        stage=Stage.NONE,
        sealed_copies=0,
        sent_copies=0,
        expected_copies=0,
        back_copies=0,
        cabinet="",
    )
    session.add(trail)
    session.flush()
    return trail


def is_of(paper: AnyPaper) -> sa.ColumnElement[bool]:
    """Whether a trail is this paper's."""
    if isinstance(paper, AgreementPaper):
        return PaperTrail.paper_id == paper.id
    if isinstance(paper, Statement):
        return PaperTrail.statement_id == paper.id
    return PaperTrail.deed_paper_id == paper.id


def of_paper(session: Session, paper: AnyPaper) -> PaperTrail:
    """The trail of a paper."""
    statement = sa.select(PaperTrail).where(is_of(paper))
    # Both belong to where it stands, and a page asks for all of it at once.
    return session.scalars(
        statement.options(joinedload(PaperTrail.application), joinedload(PaperTrail.parcel))
    ).one()


def recalled(session: Session, paper: AgreementPaper | DeedPaper) -> None:
    """A paper was superseded: of the copies that went out, each is to come back, to be destroyed."""
    trail = of_paper(session, paper)
    trail.expected_copies = trail.sent_copies
    trail.settle()


def arrived(session: Session, paper: DeedPaper, served_on: date) -> None:
    """A notice was served: nothing more is out, and its proof of service can be filed."""
    trail = of_paper(session, paper)
    trail.back_on = served_on
    trail.settle()
