"""签到表: who is expected, with room to sign, and blank rows for whoever nobody expected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from portal.domain.meetings.expected import Expected
from portal.domain.meetings.sheets import Order, SheetPage
from portal.printing.fitting import Fitted, fit
from portal.printing.job import Code
from portal.printing.meetings.facts import MeetingFacts, printed

BLANK_ROWS = 10
# All in mm, as meeting.css has them: what a page holds below its title block and heads, and what takes how much.
_FIRST_PAGE, _PAGE = 225.0, 243.0
_ROW, _GROUP = 10.0, 7.0
_TEXT = 8.8
_CODE_LEFT, _CODE_TOP, _CODE_SIDE = 181.0, 10.0, 17.0
_WALK_INS = "现场登记：名单上没有的来宾请填写"


@dataclass(frozen=True, slots=True)
class _Row:
    no: int
    company: Fitted
    name: Fitted
    post: Fitted
    tail: str


@dataclass(slots=True)
class _Page:
    left: float
    groups: list[tuple[str, list[_Row]]] = field(default_factory=list)


def sign_in_sheet(
    meeting: MeetingFacts,
    people: Sequence[Expected],
    *,
    order: Order,
    is_part: bool,
    code: Callable[[SheetPage], str],
    made_at: datetime,
) -> bytes:
    """Print the sheet; `people` come office by office, `is_part` says that those of other offices are left out.

    It lies open on a desk, so of a telephone it shows the last four digits. `code` signs what a page's QR code says.
    Outside any transaction.
    """
    pages = _paged(_groups(people, order))
    codes = [
        Code(
            no,
            code(SheetPage(meeting.id, made_at, no, len(pages), order)),
            _CODE_LEFT,
            _CODE_TOP,
            _CODE_SIDE,
        )
        for no in range(1, len(pages) + 1)
    ]
    pdf, count = printed(
        "meeting_sign_in.html",
        "签到表",
        meeting,
        made_at=made_at,
        codes=codes,
        pages=[page.groups for page in pages],
        people=len(people),
        nameless=sum(not one.name for one in people),
        is_part=is_part,
        by_pinyin=order is Order.PINYIN,
        heading=fit(meeting.title, 160, 9, largest=16, smallest=8),
        where=fit(f"地点：{meeting.where}", 160, 7, largest=10.5, smallest=5) if meeting.where else None,
    )
    if count != len(pages):
        raise RuntimeError(f"A sign-in sheet of {len(pages)} pages was laid out as {count}.")
    return pdf


def _groups(people: Sequence[Expected], order: Order) -> list[tuple[str, list[Expected]]]:
    if order is Order.OFFICE:
        groups = [
            (office or "其他来宾", list(of)) for office, of in groupby(people, key=lambda one: one.office)
        ]
    else:
        known = sorted(
            (one for one in people if one.name), key=lambda one: (_letter(one), one.sound, one.name)
        )
        groups = [(letter, list(of)) for letter, of in groupby(known, key=_letter)]
        if unnamed := [one for one in people if not one.name]:
            groups.append(("姓名未报", unnamed))
    return [*groups, (_WALK_INS, [Expected(company="")] * BLANK_ROWS)]


def _letter(one: Expected) -> str:
    first = one.sound[:1].upper()
    return first if "A" <= first <= "Z" else "#"


def _paged(groups: list[tuple[str, list[Expected]]]) -> list[_Page]:
    """Deal the rows out; a group that goes on says so, and no head stands alone at the foot."""
    page = _Page(_FIRST_PAGE)
    pages, no = [page], 0
    for head, people in groups:
        is_shown = False
        for place, one in enumerate(people):
            no += 1
            if page.left < _ROW + (0 if is_shown else _GROUP):
                page, is_shown = _Page(_PAGE), False
                pages.append(page)
            if not is_shown:
                page.groups.append((f"{head}（续）" if place else head, []))
                page.left -= _GROUP
                is_shown = True
            page.groups[-1][1].append(_row(no, one))
            page.left -= _ROW
    return pages


def _row(no: int, one: Expected) -> _Row:
    return _Row(
        no,
        fit(one.company, 55, _TEXT, largest=10, smallest=5),
        fit(one.name, 24, _TEXT, largest=12, smallest=5),
        fit(one.title, 21, _TEXT, largest=9.5, smallest=5),
        one.phone_tail,
    )
