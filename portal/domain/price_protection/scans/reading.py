"""What a reading job writes: one row a page with what it says, in the page's own transaction."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import insert_unless_there
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import AgreementPaper, DeedPaper
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanReturn,
)
from portal.domain.price_protection.trail.models import AnyPaper
from portal.domain.users.models import User


def files_of(session: Session, job_id: int) -> list[tuple[int, Document]]:
    """Ids and contents of the files that a job has still to read, in their order."""
    rows = session.execute(
        sa.select(ScanFile.id, Document)
        .join(Document, Document.id == ScanFile.document_id)
        .where(ScanFile.job_id == job_id, ScanFile.state == FileState.WAITING)
        .order_by(ScanFile.no)
    )
    return [(row[0], row[1]) for row in rows]


def pages_read(session: Session, file_id: int) -> set[int]:
    """The numbers of the pages that an earlier run has read."""
    return set(session.scalars(sa.select(ScanPage.no).where(ScanPage.file_id == file_id)))


def keep_page(
    session: Session,
    owner: User,
    file: ScanFile,
    number: int,
    *,
    kind: PageKind,
    quarter_turns: int = 0,
    marks: Iterable[tuple[str, int]] = (),
    preview: bytes = b"",
) -> ScanPage:
    """Write down a page, what its codes say, and its small picture; what it is of belongs to the pile from then on."""
    page = ScanPage(pile_id=file.pile_id, file_id=file.id, no=number, kind=kind, quarter_turns=quarter_turns)
    if preview:
        page.preview_id = documents.store(
            session, preview, filename=f"{file.no}-{number}.jpg", by=owner, media_type="image/jpeg"
        ).id
    session.add(page)
    session.flush()
    said = [(code, page_no) for code, page_no in marks if page_no > 0]
    papers = papers_by_code(session, {code for code, _page_no in said})
    for code, page_no in said:
        paper = papers.get(code)
        mark = ScanMark(page_id=page.id, code=code, page_no=page_no)
        if paper is not None and page_no <= (paper.pages or 0):
            belongs(mark, paper)
            note_return(session, file.pile_id, paper)
        session.add(mark)
    return page


def belongs(mark: ScanMark, paper: AnyPaper) -> None:
    """Say of a mark which paper it is of."""
    if isinstance(paper, AgreementPaper):
        mark.paper_id = paper.id
    elif isinstance(paper, Statement):
        mark.statement_id = paper.id
    else:
        mark.deed_paper_id = paper.id


def papers_by_code(session: Session, codes: Iterable[str]) -> dict[str, AnyPaper]:
    """The papers of agreements, amendments and notices, and the statements, that bear these check codes."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    own = session.scalars(sa.select(AgreementPaper).where(AgreementPaper.code.in_(wanted)))
    deeds = session.scalars(sa.select(DeedPaper).where(DeedPaper.code.in_(wanted)))
    stated = session.scalars(sa.select(Statement).where(Statement.code.in_(wanted)))
    return {paper.code: paper for paper in (*own, *deeds, *stated)}


def return_of(session: Session, pile_id: int, paper: AnyPaper) -> ScanReturn | None:
    """The pile's row of what a paper is of."""
    return session.scalar(sa.select(ScanReturn).filter_by(pile_id=pile_id, **_ids(paper)))


def is_filed(session: Session, paper: AnyPaper) -> bool:
    """Whether some pile has filed what a paper is of, with the pages known then."""
    filed = sa.select(ScanReturn.id).filter_by(**_ids(paper)).where(ScanReturn.filed_at.is_not(None))
    return session.scalar(filed.limit(1)) is not None


def note_return(session: Session, pile_id: int, paper: AnyPaper) -> None:
    """See to it that the pile knows of the agreement, amendment, notice or statement."""
    if return_of(session, pile_id, paper) is None:
        insert_unless_there(session, ScanReturn, {"pile_id": pile_id, "is_due": False, **_ids(paper)})


def _ids(paper: AnyPaper) -> dict[str, int | None]:
    deed = paper if isinstance(paper, DeedPaper) else None
    return {
        "agreement_id": paper.deed.agreement_id if isinstance(paper, DeedPaper) else paper.agreement_id,
        "amendment_id": deed.amendment_id if deed else None,
        "termination_id": deed.termination_id if deed else None,
        "statement_id": paper.id if isinstance(paper, Statement) else None,
    }
