"""A pile of scans as the access table and the count of queries ask for it."""

from sqlalchemy.orm import Session

from portal.domain.documents import services as documents
from portal.domain.price_protection.models import AgreementPaper
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def pile_of(session: Session, region: Region, by: User, paper: AgreementPaper) -> dict[str, int]:
    """A pile with a page that was read, one that was not, and one put aside."""
    pile = ScanPile(region_id=region.id, by_id=by.id)
    document = documents.store(session, b"%PDF-1.7 fictional pile", filename="pile.pdf", by=by)
    session.add(pile)
    session.flush()
    file = ScanFile(
        pile_id=pile.id, no=1, filename="pile.pdf", document_id=document.id, state=FileState.READ, pages=2
    )
    session.add_all([file, ScanReturn(pile_id=pile.id, agreement_id=paper.agreement_id, is_due=True)])
    session.flush()
    pages = [more_page(session, file, paper, no) for no in (1, 2)]
    return {"pile": pile.id, "scan_file": file.id, "scan_page": pages[1]}


def more_page(session: Session, file: ScanFile, paper: AgreementPaper, no: int) -> int:
    """One more page: an odd one with its code, an even one without."""
    picture = documents.store(session, b"\xff\xd8\xff fictional", filename="page.jpg", by=None)
    page = ScanPage(
        pile_id=file.pile_id,
        file_id=file.id,
        no=no,
        kind=PageKind.READ if no % 2 else PageKind.UNREAD,
        preview_id=picture.id,
    )
    session.add(page)
    session.flush()
    if no % 2:
        session.add(ScanMark(page_id=page.id, code=paper.code, page_no=1, paper_id=paper.id))
    return page.id
