"""The demo's pile of scans: one agreement whole but for a page whose code a hand covers, one with a page missing."""

import tempfile
from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session

from portal.db import today
from portal.demo.deeds import on
from portal.domain.documents import services as documents
from portal.domain.price_protection.models import Agreement, AgreementPaper, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import reading, uploading
from portal.domain.price_protection.scans.models import FileState, PageKind
from portal.domain.regions import services as regions
from portal.domain.users.models import User
from portal.scanning.codes import marks_on
from portal.scanning.pictures import Pages, preview

_COVERED = 2


def load(session: Session, people: dict[str, User]) -> None:
    """Upload and read what came back yesterday of the approved agreements, through the same services as the pages."""
    approved = session.scalars(
        sa.select(Agreement).where(Agreement.status == Status.APPROVED).order_by(Agreement.id).limit(2)
    ).all()
    papers = [paper for paper in map(current_paper, approved) if paper is not None]
    if len(papers) < 2:
        return
    whole, holed = papers
    pictures = [
        _covered(picture) if number == _COVERED else picture for number, picture in _pages(session, whole)
    ] + [picture for number, picture in _pages(session, holed) if number != _COVERED]
    scan = BytesIO()
    pictures[0].save(scan, "PDF", save_all=True, append_images=pictures[1:], resolution=150, quality=60)
    scan.seek(0)
    with on(today() - timedelta(days=1)):
        director = people["director"]
        pile = uploading.begin(session, director, regions.head_office(session))
        file = uploading.add_file(session, director, pile, scan, "签回协议-示例.pdf")
        for number, picture in enumerate(pictures, 1):
            marks = [(mark.code, mark.page) for mark in marks_on(picture)]
            reading.keep_page(
                session,
                director,
                file,
                number,
                kind=PageKind.READ if marks else PageKind.UNREAD,
                marks=marks,
                preview=preview(picture, 0),
            )
        file.state, file.pages = FileState.READ, len(pictures)
        session.commit()


def _pages(session: Session, paper: AgreementPaper) -> Iterable[tuple[int, Image.Image]]:
    """The pages of an original as a scanner sees them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original.pdf"
        path.write_bytes(documents.content(session, paper.document))
        pages = Pages(path)
        for number in range(1, pages.count + 1):
            picture = pages.picture(number)
            yield number, picture.resize((1240, 1754), Image.Resampling.BOX)
        pages.close()


def _covered(picture: Image.Image) -> Image.Image:
    """The page with something lying on its code."""
    width, height = picture.size
    picture.paste(150, (width * 7 // 10, height * 17 // 20, width, height))
    return picture
