"""A meeting's papers as they come from the printer: names that fit, codes that read, pages that are what they say."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from portal.db import CHINA
from portal.domain.meetings import sheets, tokens
from portal.domain.meetings.expected import Expected, Sender
from portal.domain.meetings.sheets import Order, SheetPage
from portal.domain.text import pinyin
from portal.printing.agreement import RenderedPaper
from portal.printing.fitting import LINE_HEIGHT, MM_PER_POINT, fit
from portal.printing.health import FAMILIES
from portal.printing.meetings.badges import Bearer, badges, table_cards
from portal.printing.meetings.facts import Item, MeetingFacts
from portal.printing.meetings.letters import Addressee, agenda, invitations, pictures
from portal.printing.meetings.sign_in import BLANK_ROWS, sign_in_sheet
from tests.printing.conftest import MADE_AT, picture_of, squeeze, text_of

KEY = b"k" * 32
START = datetime(2026, 6, 12, 9, tzinfo=CHINA)
LATIN = "Alexander Montgomery Smythe Wellingtonia"
UNBROKEN = "Bartholomewalexandermontgomerysmythewell"
LONG = "阿卜杜拉·买买提·艾合买提江·托合提江·示例"
COMPANY = "示例湖州市吴兴区织里镇新世纪日用化学品批发配送贸易有限责任公司"


def meeting(**said: object) -> MeetingFacts:
    usual: dict[str, object] = {
        "id": 7,
        "number": "HY-2026-0007",
        "title": "示例二季度经销商会议",
        "office": "示例杭州办事处",
        "is_of_head_office": False,
        "host": "王示范",
        "host_phone": "",
        "place": "示例酒店三楼",
        "address": "虚构大道100号",
        "starts_at": START,
        "ends_at": START + timedelta(hours=8),
        "reply_by": "2026年6月5日",
        "agenda": (
            Item(START, "示例政策宣贯", "示例主讲"),
            Item(START + timedelta(hours=1), "示例表彰", ""),
        ),
    }
    return MeetingFacts(**(usual | said))  # type: ignore[arg-type]


def people(*names: str, office: str = "示例东办事处", company: str = COMPANY) -> list[Expected]:
    return [
        Expected(
            company=company,
            office=office,
            guest_id=no,
            name=name,
            sound=pinyin(name).full,
            title="示例总经理",
            phone_tail=f"{no:04d}",
            table_no=str(no),
            seat_no="5",
        )
        for no, name in enumerate(names, 1)
    ]


def sheet(who: Sequence[Expected], order: Order = Order.OFFICE, *, is_part: bool = False) -> RenderedPaper:
    pdf = sign_in_sheet(
        meeting(),
        who,
        order=order,
        is_part=is_part,
        code=lambda page: sheets.page_code(KEY, page),
        made_at=MADE_AT,
    )
    return paper(pdf)


def paper(pdf: bytes) -> RenderedPaper:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return RenderedPaper(pdf, len(opened.pages))


def bearers(who: Sequence[Expected]) -> list[Bearer]:
    until = START + timedelta(days=2)
    return [Bearer(one, tokens.token(KEY, 7, one.guest_id or 0, until)) for one in who]


def codes(printed: RenderedPaper, page: int) -> list[str]:
    picture = picture_of(printed, page, 200)
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def test_a_sheet_lists_who_is_expected_and_ends_with_blank_rows_and_each_page_names_itself():
    many = [
        *people(*(f"示例{no}号" for no in range(1, 61))),
        *people(LATIN, UNBROKEN, LONG, "示" * 40, "李😀", office="示例西办事处", company="示" * 100),
        Expected(company="示例未报商贸有限公司", office="示例西办事处"),
    ]
    printed = sheet(many)
    text = squeeze(text_of(printed))
    for said in (
        "示例二季度经销商会议",
        "2026年6月12日（星期五）09:00—17:00",
        "示例酒店三楼（虚构大道100号）",
    ):
        assert said in text
    assert "应到66人，其中1人姓名未报" in text
    places = [
        text.find(name) for name in ("示例1号", "示例60号", squeeze(LATIN), UNBROKEN, "李〓", "示例未报商贸")
    ]
    assert -1 not in places and places == sorted(places)
    assert "66示例未报商贸有限公司" in text
    assert f"{66 + BLANK_ROWS}" in text.split("现场登记")[-1]
    assert "示例东办事处（续）" in text
    for page in range(1, printed.pages + 1):
        assert f"第{page}页共{printed.pages}页" in squeeze(text_of(printed, page))
        assert "手机尾号" in squeeze(text_of(printed, page))
        (code,) = codes(printed, page)
        assert sheets.read_page(KEY, code) == SheetPage(7, MADE_AT, page, printed.pages, Order.OFFICE)
        assert sheets.read_page(b"other" * 8, code) is None


def test_a_sheet_by_pinyin_goes_by_the_sound_of_names():
    printed = sheet(
        [*people("张三", "安示", "李四"), Expected(company="示例未报")], Order.PINYIN, is_part=True
    )
    text = squeeze(text_of(printed))
    places = [text.rfind(said) for said in ("安示", "李四", "张三", "姓名未报", "现场登记")]
    assert places == sorted(places) and -1 not in places
    assert "仅列打印人所管办事处的来宾" in text


@pytest.mark.parametrize("count", [0, 12, 13, 21, 22, 23, 44, 45, 203])
def test_a_sheet_of_any_length_has_the_pages_that_its_codes_say(count: int):
    who = [
        one
        for no in range(count)
        for one in people(
            "示例" * (1 + no % 20), office=f"示例{no // 9}办事处", company="示例" * (1 + no % 50)
        )
    ]
    printed = sheet(who)  # it raises where the layout disagrees with the plan
    assert len(codes(printed, printed.pages)) == 1


def test_the_longest_title_and_place_leave_the_table_where_it_is():
    usual, longest = (
        paper(
            sign_in_sheet(
                facts,
                people("李四"),
                order=Order.OFFICE,
                is_part=True,
                code=lambda page: sheets.page_code(KEY, page),
                made_at=MADE_AT,
            )
        )
        for facts in (meeting(), meeting(title="示例" * 40, place="示例" * 40, address="示例" * 60))
    )
    assert "示例" * 40 in squeeze(text_of(longest))
    # Between the title block and the table nothing is printed, and the table is the same.
    assert picture_of(longest, 1, 100, (12, 46.5, 175, 47.5)).getextrema()[0] > 200
    table = (12, 55, 198, 280)
    assert picture_of(usual, 1, 50, table).tobytes() == picture_of(longest, 1, 50, table).tobytes()


def test_badges_read_back_at_the_door_and_hold_every_letter_of_long_names():
    who = people("李四", LATIN, UNBROKEN, LONG, "示" * 40, "𠮷😀", *(f"示例{no}" for no in range(6)))
    printed = paper(badges(meeting(), bearers(who), made_at=MADE_AT))
    assert printed.pages == 2
    text = squeeze(text_of(printed))
    for said in ("李四", squeeze(LATIN), UNBROKEN, LONG, "示" * 40, "〓", COMPANY, "桌次12座位5"):
        assert said in text, said
    read = [tokens.read(KEY, code, 7, START) for page in (1, 2) for code in codes(printed, page)]
    assert {one.guest_id for one in read if isinstance(one, tokens.Token)} == set(range(1, 13))
    assert len(read) == 12


def test_a_badge_has_its_margins_white_and_marks_to_cut_along():
    printed = paper(badges(meeting(), bearers(people("示" * 40, UNBROKEN)), made_at=MADE_AT))
    # The strips left and right of the letters, inside the first badge and outside all of them.
    for left, right in ((15.5, 18.5), (101.5, 104.5), (106, 108.5), (191.5, 194.5)):
        assert picture_of(printed, 1, 100, (left, 16, right, 66)).getextrema()[0] > 200
    assert picture_of(printed, 1, 200, (13, 5, 17, 10)).getextrema()[0] < 128


def test_a_table_card_says_who_sits_there_on_both_sides():
    printed = paper(table_cards(meeting(), bearers(people("李四", LATIN)), made_at=MADE_AT))
    assert printed.pages == 2
    assert squeeze(text_of(printed, 1)).count(COMPANY) == 2
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        _, _, width, height = (float(edge) for edge in pdf.pages[0].MediaBox)
    assert width > height
    upper, lower = (picture_of(printed, 1, 50, (30, top, 267, top + 95)) for top in (5, 110))
    assert upper.getextrema()[0] < 50 and lower.getextrema()[0] < 50
    (code,) = codes(printed, 2)
    assert isinstance(tokens.read(KEY, code, 7, START), tokens.Token)


def test_an_agenda_goes_day_by_day_until_the_next_item():
    two_days = (
        Item(START, "示例报到", ""),
        Item(START + timedelta(hours=1), "示例宣贯", "示例主讲"),
        Item(START + timedelta(days=1), "示例表彰", "示例经理"),
    )
    text = squeeze(text_of(paper(agenda(
        meeting(agenda=two_days, ends_at=START + timedelta(days=1, hours=3)), made_at=MADE_AT
    ))))  # fmt: skip
    assert "2026年6月12日（星期五）09:00至2026年6月13日（星期六）12:00" in text
    assert "2026年6月12日（星期五）09:00—10:00示例报到10:00示例宣贯示例主讲" in text
    assert "2026年6月13日（星期六）09:00—12:00示例表彰示例经理" in text


def test_an_invitation_says_what_is_known_and_leaves_out_what_is_not():
    to = [Addressee("示例一号商贸有限公司", MADE_AT), Addressee("示例二号商贸有限公司", MADE_AT)]
    sender = Sender("示例日化有限公司", "0571-55550101")
    full = paper(invitations(meeting(), sender, to, made_at=MADE_AT))
    assert full.pages == 2
    text = squeeze(text_of(full, 2))
    for said in (
        "尊敬的示例二号商贸有限公司：",
        "会议地点：示例酒店三楼（虚构大道100号）",
        "09:00—10:00示例政策宣贯（示例主讲）",
        "请于2026年6月5日前（含当日）",
        "联系人：王示范联系电话：0571-55550101",
        "示例日化有限公司示例杭州办事处2026年1月5日",
    ):
        assert said in text, said
    bare = meeting(place="", address="", reply_by="", agenda=())
    text = squeeze(text_of(paper(invitations(bare, Sender(), to[:1], made_at=MADE_AT))))
    for left_out in ("地点", "议程", "期限", "电话", "None"):
        assert left_out not in text
    assert "联系人：王示范" in text


def test_a_long_agenda_leaves_a_letter_on_one_sheet():
    items = tuple(Item(START + timedelta(minutes=10 * no), f"示例议题{no}" * 2, "") for no in range(40))
    printed = paper(
        invitations(meeting(agenda=items), Sender("示例日化"), [Addressee(COMPANY, MADE_AT)], made_at=MADE_AT)
    )
    assert printed.pages == 1
    assert "示例议题39示例议题39。" in squeeze(text_of(printed))


def test_the_same_meeting_gives_the_same_bytes_in_our_letters_only():
    who = people("李四", "李😀")
    made = [
        (
            sheet(who).pdf,
            badges(meeting(), bearers(who), made_at=MADE_AT),
            table_cards(meeting(), bearers(who), made_at=MADE_AT),
            agenda(meeting(), made_at=MADE_AT),
            invitations(meeting(), Sender(), [Addressee(COMPANY, MADE_AT)], made_at=MADE_AT),
        )
        for _time in range(2)
    ]
    assert made[0] == made[1]
    for pdf in made[0]:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            found = {str(part["/FontFamily"]) for part in opened.objects if _is_descriptor(part)}
        assert found and found <= FAMILIES


def _is_descriptor(part: pikepdf.Object) -> bool:
    return isinstance(part, pikepdf.Dictionary) and part.get("/Type") == "/FontDescriptor"


@pytest.mark.parametrize(
    "text", ["李四", LATIN, UNBROKEN, LONG, "示" * 40, "WWWW MMMM " * 4, "示例A座-12/3号" * 4]
)
def test_what_is_fitted_is_as_large_as_it_can_be_and_no_larger_than_its_box(text: str):
    fitted = fit(text, 82, 20, largest=48, smallest=9)
    em = fitted.size_pt * MM_PER_POINT
    assert em * LINE_HEIGHT <= 20
    assert fitted.size_pt > 14  # forty letters are read across a table still
    if len(text) == 2:
        assert fitted.size_pt == 48


def test_a_page_code_that_was_changed_names_no_page():
    code = sheets.page_code(KEY, SheetPage(7, datetime(2026, 6, 1, tzinfo=UTC), 3, 11, Order.PINYIN))
    assert sheets.read_page(KEY, f" {code.lower()} ") is not None
    for no in range(len(code)):
        for letter in "A7":
            if code[no] != letter:
                assert sheets.read_page(KEY, code[:no] + letter + code[no + 1 :]) is None
    for other in ("", "QD", "QD1", code[:-1], code + "A", tokens.token(KEY, 7, 3, START)):
        assert sheets.read_page(KEY, other) is None


LINK = "https://reply.example.com/reply/HZAAAAAAAAAAAIMAAAAAAUKE4QZBQMETDGUER3FJA"


def test_pictures_for_telephones_are_wide_enough_and_their_codes_lead_to_the_reply():
    to = [Addressee(COMPANY, START, LINK), Addressee("示例商贸", START)]
    first, second = (
        Image.open(io.BytesIO(one)) for one in pictures(meeting(), Sender(COMPANY), to, made_at=MADE_AT)
    )
    assert first.width == second.width == 1080 and first.format == "PNG"
    assert first.height > second.height > 1080
    found = zxingcpp.read_barcodes(first.convert("RGB"), formats=zxingcpp.BarcodeFormat.QRCode)
    assert [one.text for one in found] == [LINK]
    # A telephone makes it a third as wide; the code is read off its screen all the same.
    small = first.convert("RGB").resize((360, first.height // 3))
    assert zxingcpp.read_barcodes(small, formats=zxingcpp.BarcodeFormat.QRCode)[0].text == LINK
    assert not zxingcpp.read_barcodes(second.convert("RGB"))


def test_a_picture_ends_where_a_long_agenda_has_been_told_enough():
    items = tuple(Item(START + timedelta(minutes=no), LONG * 4, LONG * 2) for no in range(60))
    (drawn,) = pictures(meeting(agenda=items), Sender(COMPANY), [Addressee(COMPANY, START)], made_at=MADE_AT)
    assert Image.open(io.BytesIO(drawn)).height < 14_000


def test_a_letters_code_stands_on_its_own_letter():
    to = [Addressee(COMPANY, START, f"{LINK}{no}") for no in (2, 3)]
    pdf = invitations(meeting(), Sender(COMPANY), to, made_at=MADE_AT)
    assert [codes(paper(pdf), page) for page in (1, 2)] == [[f"{LINK}2"], [f"{LINK}3"]]
