"""A pile of scans without pictures: its pages say at once what a machine would have read."""

from io import BytesIO

from portal.domain.price_protection.models import AgreementPaper, DeedPaper
from portal.domain.price_protection.scans import reading, uploading
from portal.domain.price_protection.scans.models import FileState, PageKind, ScanPile
from tests.domain.agreement_world import AgreementWorld


def pile_of(world: AgreementWorld, *marks: tuple[AgreementPaper | DeedPaper, int] | None) -> ScanPile:
    """A pile whose pages say this; None is a page that says nothing."""
    session = world.session
    pile = uploading.begin(session, world.author, world.region)
    file = uploading.add_file(session, world.author, pile, BytesIO(b"%PDF-1.7 " + bytes(pile.id)), "scan.pdf")
    for no, mark in enumerate(marks, 1):
        said = [(mark[0].code, mark[1])] if mark else []
        kind = PageKind.READ if mark else PageKind.UNREAD
        reading.keep_page(session, world.author, file, no, kind=kind, marks=said, preview=b"\xff\xd8\xff")
    file.state = FileState.READ
    session.commit()
    return pile
