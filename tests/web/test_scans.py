"""Piles of scanned papers: uploaded, read, grouped, placed by hand, filed, and reminded of."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import clock_at, today
from portal.domain.access.roles import Role
from portal.domain.documents import services as documents
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans.models import PageKind, ScanFile, ScanPage, ScanPile, ScanReturn
from portal.domain.users.models import User
from tests.domain.agreement_world import AgreementWorld
from tests.factories import Factory
from tests.scanning.sheets import A4, jpeg_of, pdf_of, sheet

pytestmark = pytest.mark.usefixtures("one_reader")

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def world(session: Session, make: Factory) -> AgreementWorld:
    return AgreementWorld(session, make)


def printed(world: AgreementWorld, **said: object) -> Agreement:
    agreement = world.approved(**said)
    _print(world, agreement)
    return agreement


def _print(world: AgreementWorld, agreement: Agreement) -> None:
    paper = current_paper(agreement)
    assert paper is not None
    paper.pages = 3  # reading twice as many would tell no more
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()


def pages_of(agreement: Agreement, *numbers: int) -> list[Image.Image]:
    paper = current_paper(agreement)
    assert paper is not None
    return [sheet(paper.code, number) for number in numbers or range(1, paper.pages + 1)]


def upload(client: FlaskClient, world: AgreementWorld, *files: tuple[str, bytes]) -> int:
    sent = [(BytesIO(data), name) for name, data in files]
    answer = client.post("/agreements/scans/new", data={"region": str(world.region.id), "files": sent})
    assert answer.status_code == 303, answer.text
    return int(re.search(r"/scans/(\d+)", client.get(answer.location, follow_redirects=True).request.path)[1])


def shown(client: FlaskClient, pile: int) -> str:
    answer = client.get(f"/agreements/scans/{pile}")
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", "", answer.text)


def reminded(client: FlaskClient, pile: int) -> list[tuple[Any, ...]]:
    """The rows of the reminder list in Excel."""
    data = client.get(f"/agreements/scans/{pile}/reminders.xlsx").data
    book = openpyxl.load_workbook(BytesIO(data), read_only=True)
    return list(book.active.iter_rows(min_row=2, values_only=True))


def row_of(session: Session, agreement: Agreement) -> int:
    """What the pile calls it."""
    session.rollback()
    return session.scalars(select(ScanReturn.id).where(ScanReturn.agreement_id == agreement.id)).one()


def test_a_pile_becomes_signed_agreements_and_one_line(
    world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    whole, holed, out = printed(world), printed(world), printed(world)
    stale = printed(world)
    old = pages_of(stale)
    steps.withdraw_approval(session, world.manager, stale, "示例原因")
    steps.submit(session, world.author, stale)
    session.commit()
    world.approve(stale)
    _print(world, stale)
    client = sign_in(world.author, language="zh-CN")
    scan = pdf_of(*reversed(pages_of(whole)), *pages_of(holed, 1, 3), Image.new("L", A4, 255))
    pile = upload(client, world, ("一叠.pdf", scan), ("photo.jpg", jpeg_of(old[0].rotate(90, expand=True))))
    assert "应收回 4，已归档 0，可归档 1，缺页 1，旧版 1，未寄回 1" in shown(client, pile)
    assert "缺第 2 页" in shown(client, pile)

    refused = client.post(f"/agreements/scans/{pile}/filing", data={"signed_on": ""})
    assert refused.status_code == 422
    answer = client.post(f"/agreements/scans/{pile}/filing", data={"signed_on": today().isoformat()})
    assert answer.status_code == 303
    assert "应收回 4，已归档 1，缺页 1，旧版 1，未寄回 1" in shown(client, pile)
    session.rollback()
    session.expire_all()
    assert whole.status is Status.SIGNED and whole.signed_on == today()
    assert holed.status is Status.APPROVED
    [filed] = whole.scans
    assert documents.content(session, filed.document).startswith(b"%PDF-")
    # Placed by hand, the page that was missing makes the next one whole.
    more = client.post(
        f"/agreements/scans/{pile}/files", data={"files": [(BytesIO(jpeg_of(*pages_of(holed, 2))), "2.jpg")]}
    )
    assert more.status_code == 303
    assert "应收回 4，已归档 1，可归档 1，缺页 0，旧版 1，未寄回 1" in shown(client, pile)
    told = client.get(f"/agreements/scans/{pile}/reminders").text
    assert out.number in told and stale.number in told and holed.number not in told
    assert {row[1] for row in reminded(client, pile)} == {out.number, stale.number}


def test_the_excel_of_reminders_says_the_day_in_china(world: AgreementWorld, sign_in: SignIn) -> None:
    with clock_at(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)):  # half past midnight in Shanghai
        printed(world)
    client = sign_in(world.author)
    pile = upload(client, world, ("blank.pdf", pdf_of(Image.new("L", A4, 255))))
    [row] = reminded(client, pile)
    assert row[-1].date() == date(2026, 11, 22)
    assert "2026-11-22" in client.get(f"/agreements/scans/{pile}/reminders").text


def test_what_cannot_be_read_is_shown_and_placed_by_hand(
    world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    agreement = printed(world)
    first, _second, *rest = pages_of(agreement)
    client = sign_in(world.author)
    pile = upload(client, world, ("scan.pdf", pdf_of(first, sheet(seed=1), *rest, sheet(seed=2))))
    page, stray = session.scalars(
        select(ScanPage).where(ScanPage.kind == PageKind.UNREAD).order_by(ScanPage.no)
    )
    text = client.get(f"/agreements/scans/{pile}").text
    assert f"/agreements/scans/{pile}/pages/{page.id}.jpg" in text
    picture = client.get(f"/agreements/scans/{pile}/pages/{page.id}.jpg")
    assert picture.mimetype == "image/jpeg" and Image.open(BytesIO(picture.data)).height == 1200
    address = f"/agreements/scans/{pile}/pages/{page.id}"
    # Its neighbours say where it belongs; the search finds it by a part of the number as well.
    assert f"Page 2 of {agreement.number}" in client.get(address).text
    found = client.get(f"{address}?q={agreement.number[-6:]}", headers={"HX-Request": "true"}).text
    assert agreement.number in found and "<html" not in found
    paper = current_paper(agreement)
    assert client.post(address, data={"paper": paper.code, "page_no": "9"}).status_code == 422
    assert client.post(address, data={"page_no": "2"}).status_code == 422
    placed = client.post(address, data={"paper": paper.code, "page_no": "2"})
    assert placed.location.endswith(f"/pages/{stray.id}")
    assert (
        client.post(f"/agreements/scans/{pile}/pages/{stray.id}", data={"deed": "aside"}).status_code == 303
    )
    assert "ready to file 1" in shown(client, pile)
    client.post(address, data={"deed": "back"})
    assert "pages missing 1" in shown(client, pile)
    client.post(address, data={"paper": paper.code, "page_no": "2"})
    client.post(f"/agreements/scans/{pile}/filing", data={"signed_on": today().isoformat()})
    session.rollback()
    assert session.get(Agreement, agreement.id, populate_existing=True).status is Status.SIGNED
    refused = client.post(address, data={"deed": "back"})
    assert refused.status_code == 422 and "filed with this page" in refused.text


def test_bad_files_are_refused_in_words_and_the_others_go_on(
    world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    agreement = printed(world)
    client = sign_in(world.author)
    scan = pdf_of(*pages_of(agreement))
    pile = upload(
        client,
        world,
        ("renamed.pdf", b"MZ" + bytes(2000)),
        ("empty.pdf", b""),
        ("坏.pdf", scan[:2000]),
        ("good.pdf", scan),
        ("again.pdf", scan),
    )
    text = shown(client, pile)
    for said in (
        "this file is none of these",
        "The file is empty",
        "damaged and cannot be opened",
        "already in this pile: good.pdf",
        "ready to file 1",
    ):
        assert said in text
    broken = session.scalar(select(ScanFile).where(ScanFile.filename == "坏.pdf"))
    kept = client.get(f"/agreements/scans/{pile}/files/{broken.id}")
    assert kept.data == scan[:2000]
    named = kept.headers["Content-Disposition"]
    assert named.isascii() and "%E5%9D%8F" in named


def test_an_exception_has_a_day_of_its_own_and_a_refusal_stays_with_its_agreement(
    world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    one, other = printed(world), printed(world)
    client = sign_in(world.author)
    pile = upload(client, world, ("scan.pdf", pdf_of(*pages_of(one), *pages_of(other))))
    data = {"signed_on": today().isoformat(), f"day-{row_of(session, other)}": "2001-01-01"}
    assert client.post(f"/agreements/scans/{pile}/filing", data=data).status_code == 303
    text = shown(client, pile)
    assert "filed 1" in text and "ready to file 1" in text
    assert "The signing cannot be before the approval" in text
    session.rollback()
    assert session.get(Agreement, one.id, populate_existing=True).status is Status.SIGNED
    assert session.get(Agreement, other.id, populate_existing=True).status is Status.APPROVED


def test_papers_of_other_offices_show_number_and_office_alone(
    world: AgreementWorld, session: Session, make: Factory, sign_in: SignIn
) -> None:
    agreement = printed(world)
    elsewhere = make.region("华南示例大区")
    seller: User = make.user(Role.SALESPERSON, elsewhere)
    client = sign_in(seller)
    sent = [(BytesIO(pdf_of(*pages_of(agreement))), "scan.pdf")]
    client.post("/agreements/scans/new", data={"region": str(elsewhere.id), "files": sent})
    pile = session.scalar(select(ScanPile.id))
    text = shown(client, pile)
    assert agreement.number in text and "华东示例大区" in text
    assert agreement.distributor.name not in text and "ready to file" not in text
    assert sign_in(world.author).get(f"/agreements/scans/{pile}").status_code == 404


def test_pages_of_an_earlier_pile_are_pictured_from_where_they_lie(
    world: AgreementWorld, session: Session, make: Factory, sign_in: SignIn
) -> None:
    holed = printed(world)
    current_paper(holed).pages = 4
    elsewhere = make.region("华南示例大区")
    session.commit()
    sent = [(BytesIO(jpeg_of(*pages_of(holed, 2))), "2.jpg")]
    seller = sign_in(make.user(Role.SALESPERSON, elsewhere))
    seller.post("/agreements/scans/new", data={"region": str(elsewhere.id), "files": sent})
    client = sign_in(world.author)
    earlier = upload(client, world, ("1.jpg", jpeg_of(*pages_of(holed, 1))))
    pile = upload(client, world, ("3.jpg", jpeg_of(*pages_of(holed, 3))))
    page = client.get(f"/agreements/scans/{pile}").text
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert {re.search(r"/scans/(\d+)/", url)[1] for url in pictures} == {str(earlier), str(pile)}
    assert [client.get(url).status_code for url in pictures] == [200, 200]
    assert page.count("This page lies in a pile of another office.") == 1


def test_without_a_file_nothing_begins(world: AgreementWorld, session: Session, sign_in: SignIn) -> None:
    client = sign_in(world.author)
    answer = client.post("/agreements/scans/new", data={"region": str(world.region.id)})
    assert answer.status_code == 422 and "Choose a file" in answer.text
    assert session.scalar(select(ScanPile.id)) is None
    assert client.get("/agreements/scans/").status_code == 200
