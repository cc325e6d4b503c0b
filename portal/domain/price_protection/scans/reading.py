"""What a reading job writes: one row a page with what it says, in the page's own transaction."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.price_protection.models import AgreementPaper
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanReturn,
)
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
    """Write down a page, what its codes say, and its small picture; its agreements belong to the pile from then on."""
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
        is_a_page = paper is not None and page_no <= paper.pages
        mark = ScanMark(page_id=page.id, code=code, page_no=page_no)
        if paper is not None and is_a_page:
            mark.paper_id = paper.id
            note_agreement(session, file.pile_id, paper.agreement_id)
        session.add(mark)
    return page


def papers_by_code(session: Session, codes: Iterable[str]) -> dict[str, AgreementPaper]:
    """The agreements' papers that bear these check codes."""
    found = session.scalars(sa.select(AgreementPaper).where(AgreementPaper.code.in_(sorted(set(codes)))))
    return {paper.code: paper for paper in found}


def note_agreement(session: Session, pile_id: int, agreement_id: int) -> None:
    """See to it that the pile knows of the agreement."""
    known = session.scalar(
        sa.select(ScanReturn.id).where(ScanReturn.pile_id == pile_id, ScanReturn.agreement_id == agreement_id)
    )
    if known is None:
        session.add(ScanReturn(pile_id=pile_id, agreement_id=agreement_id, is_due=False))
        session.flush()
