"""What offices really upload: foreign codes, deeds, iPhone photographs, documents that are no scans, a full disk."""

import errno
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.documents import kinds
from portal.domain.documents import services as documents
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import base, life
from portal.domain.price_protection.models import Agreement, Amendment, DeedStatus, Status, Termination
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from tests.domain.deed_world import DeedWorld
from tests.factories import Factory
from tests.scanning.sheets import A4, jpeg_of, pdf_of, sheet
from tests.web.test_scans import shown, upload

pytestmark = pytest.mark.usefixtures("one_reader")

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def world(session: Session, make: Factory) -> DeedWorld:
    return DeedWorld(session, make)


def pages_of(of: Agreement | Amendment | Termination, *numbers: int) -> list[Image.Image]:
    paper = current_paper(of) if isinstance(of, Agreement) else base.current_paper(of)
    assert paper is not None
    return [sheet(paper.code, number) for number in numbers]


def printed(world: DeedWorld) -> Agreement:
    agreement = world.approved()
    paper = current_paper(agreement)
    assert paper is not None
    paper.pages = 2
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()
    return agreement


def png_of(page: Image.Image) -> bytes:
    out = BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def docx() -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


def archive() -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as packed:
        packed.writestr("scan-1.jpg", b"\xff\xd8\xff")
    return out.getvalue()


def test_a_pile_with_an_amendment_and_a_notice_is_filed_in_one_go(
    world: DeedWorld, session: Session, sign_in: SignIn
) -> None:
    new, before = printed(world), world.signed(scans=[("scan.pdf", b"%PDF-1.7 signed")])
    amendment, notice = world.approved_amendment(before), world.approved_notice(before)
    for deed in (amendment, notice):
        life.record_print(session, world.author, deed, 2)
    session.commit()
    client = sign_in(world.author, language="zh-CN")
    scan = pdf_of(*(page for of in (notice, amendment, new) for page in pages_of(of, 2, 1)))
    pile = upload(client, world, ("一叠.pdf", scan))
    text = shown(client, pile)
    assert "应收回 3，已归档 0，可归档 3，缺页 0，旧版 0，未寄回 0" in text
    assert amendment.title in text and notice.title in text and "补充协议" in text
    session.rollback()
    row = session.scalars(select(ScanReturn.id).where(ScanReturn.termination_id == notice.id)).one()
    address, data = f"/agreements/scans/{pile}/filing", {"signed_on": today().isoformat()}
    # The courier's number is missing: nothing is filed, and what was typed is still there.
    refused = client.post(address, data={**data, f"day-{row}": today().isoformat(), f"how-{row}": "courier"})
    assert refused.status_code == 422 and "请填写快递公司和单号" in refused.text
    assert f'name="day-{row}" value="{today().isoformat()}"' in refused.text
    said = {f"day-{row}": today().isoformat(), f"how-{row}": "in_person", f"note-{row}": "李四签收"}
    assert client.post(address, data={**data, **said}).status_code == 303
    assert "应收回 3，已归档 3，缺页 0，旧版 0，未寄回 0" in shown(client, pile)
    session.rollback()
    session.expire_all()
    assert (new.status, amendment.status, notice.status) == (
        Status.SIGNED,
        DeedStatus.SIGNED,
        DeedStatus.SERVED,
    )
    assert before.status is Status.TERMINATED


def test_foreign_codes_wait_for_somebody_and_pages_of_what_is_filed_are_said_to_be(
    world: DeedWorld, session: Session, sign_in: SignIn
) -> None:
    filed = world.signed(scans=[("scan.pdf", b"%PDF-1.7 signed")])
    client = sign_in(world.author)
    ours = sheet(current_paper(filed).code, 1)
    # A courier's sticker beside our own code says nothing.
    ours.paste(sheet(text="https://courier.example/SF1234567890").crop((700, 1300, *A4)), (100, 60))
    pile = upload(
        client,
        world,
        ("url.png", png_of(sheet(text="https://www.example.com/menu"))),
        ("other.jpg", jpeg_of(sheet(text="https://other.example/verify/ZZZZ2222YYYY33?p=1"))),
        ("ours.png", png_of(ours)),
    )
    text = shown(client, pile)
    assert "Unknown code ZZZZ2222YYYY33" in text and "2 to be placed by hand" in text
    assert "its page 1 lies here as well and is not added" in text
    session.rollback()
    assert len(filed.scans) == 1
    kinds = session.execute(
        select(ScanFile.filename, ScanPage.kind).join(ScanFile, ScanFile.id == ScanPage.file_id)
    )
    assert dict(kinds.all()) == {
        "url.png": PageKind.UNREAD,
        "other.jpg": PageKind.READ,
        "ours.png": PageKind.READ,
    }


HEIC = b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic" + bytes(500)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("IMG_0001.HEIC", HEIC, "Save it as JPG"),
        ("IMG_0002.jpg", HEIC, "Save it as JPG"),
        ("协议.docx", docx(), "not the signed paper"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not the signed paper"),
        ("scans.zip", archive(), "Unpack it"),
        ("scan.exe", b"MZ" + bytes(600), "none of these"),
    ],
)
def test_what_is_no_scan_is_refused_with_what_to_do(name: str, data: bytes, said: str) -> None:
    refused = str(kinds.refusal(data).msgid)
    assert documents.media_type_of(data) not in documents.SCANS, name
    assert said in refused


def test_refused_files_stay_named_in_the_pile(world: DeedWorld, session: Session, sign_in: SignIn) -> None:
    client = sign_in(world.author, language="zh-CN")
    pile = upload(client, world, ("IMG_0001.HEIC", HEIC), ("协议.docx", docx()))
    text = shown(client, pile)
    assert "IMG_0001.HEIC" in text and "兼容性最佳" in text and "协议.docx" in text
    assert session.scalar(select(func.count()).where(ScanFile.state == FileState.REFUSED)) == 2


def test_a_disk_that_fills_up_while_files_arrive_loses_none_that_was_taken(
    world: DeedWorld, session: Session, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = printed(world)
    first, second = (jpeg_of(page) for page in pages_of(agreement, 1, 2))
    client = sign_in(world.author)
    taken = documents.store_file

    def full(session: Session, source: Any, *seen: Any, **facts: Any) -> Any:
        if facts["filename"] == "2.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        return taken(session, source, *seen, **facts)

    with monkeypatch.context() as patched:
        patched.setattr(documents, "store_file", full)
        sent = [(BytesIO(data), name) for name, data in (("1.jpg", first), ("2.jpg", second), ("3.jpg", b""))]
        answer = client.post("/agreements/scans/new", data={"region": str(world.region.id), "files": sent})
    assert answer.status_code == 303
    told = re.sub(r"<[^>]+>", "", client.get(answer.location).text)
    assert "1 of 3 files are kept in this pile" in told and "2.jpg, 3.jpg" in told
    assert "1 file is kept but not read to its end" in told
    pile = session.scalars(select(ScanPile.id)).one()
    # Once there is room, what was kept is read and the rest is sent again into the same pile.
    again = {"files": [(BytesIO(second), "2.jpg")]}
    assert client.post(f"/agreements/scans/{pile}/files", data=again).status_code == 303
    assert "ready to file 1" in shown(client, pile)
