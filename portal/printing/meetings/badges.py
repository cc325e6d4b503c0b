"""胸卡 and 桌卡: a guest's name as large as it can be, the company, the place, and the code that the door scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.domain.meetings.expected import Expected
from portal.printing.fitting import Fitted, fit
from portal.printing.job import Code
from portal.printing.meetings.facts import MeetingFacts, printed

# In mm, as meeting.css has them. A badge is 90 × 54; ten fill an A4 sheet but for the margins with the cut marks.
WIDTH, HEIGHT = 90.0, 54.0
_COLUMNS, _ON_A_PAGE = 2, 10
_LEFT, _TOP = 15.0, 13.5
_CODE_LEFT, _CODE_TOP, _CODE_SIDE = 68.0, 32.0, 18.0


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose badge or card it is, and the text of its code."""

    who: Expected
    token: str


@dataclass(frozen=True, slots=True)
class _Badge:
    left: float
    top: float
    name: Fitted
    company: Fitted
    post: Fitted
    seat: str


def badges(meeting: MeetingFacts, people: Sequence[Bearer], *, made_at: datetime) -> bytes:
    """Print badges, ten a sheet with cut marks. Outside any transaction."""
    pages: list[list[_Badge]] = []
    codes = []
    for index, one in enumerate(people):
        row, column = divmod(index % _ON_A_PAGE, _COLUMNS)
        left, top = _LEFT + column * WIDTH, _TOP + row * HEIGHT
        if index % _ON_A_PAGE == 0:
            pages.append([])
        who = one.who
        pages[-1].append(
            _Badge(
                left,
                top,
                name=fit(who.name, 82, 20, largest=48, smallest=9),
                company=fit(who.company, 60, 10.5, largest=12, smallest=5.5),
                post=fit(who.title, 60, 4.5, largest=9.5, smallest=4.5),
                seat=_seat(who),
            )
        )
        codes.append(Code(len(pages), one.token, left + _CODE_LEFT, top + _CODE_TOP, _CODE_SIDE))
    pdf, _pages = printed(
        "meeting_badges.html",
        "胸卡",
        meeting,
        made_at=made_at,
        codes=codes,
        pages=pages,
        heading=fit(meeting.title, 82, 6.5, largest=10, smallest=5),
        across=[_LEFT + column * WIDTH for column in range(_COLUMNS + 1)],
        down=[_TOP + row * HEIGHT for row in range(_ON_A_PAGE // _COLUMNS + 1)],
    )
    return pdf


@dataclass(frozen=True, slots=True)
class _Card:
    name: Fitted
    company: Fitted
    seat: str


def table_cards(meeting: MeetingFacts, people: Sequence[Bearer], *, made_at: datetime) -> bytes:
    """Print table cards, one an A4 sheet that is folded to a tent. Outside any transaction."""
    cards = [
        _Card(
            name=fit(one.who.name, 237, 62, largest=150, smallest=30),
            company=fit(one.who.company, 257, 18, largest=36, smallest=12),
            seat=_seat(one.who),
        )
        for one in people
    ]
    codes = [Code(page, one.token, 271.0, 184.0, 16.0) for page, one in enumerate(people, 1)]
    pdf, _pages = printed("meeting_cards.html", "桌卡", meeting, made_at=made_at, codes=codes, cards=cards)
    return pdf


def _seat(who: Expected) -> str:
    said = (("桌次", who.table_no), ("座位", who.seat_no))
    return "　".join(f"{label} {place}" for label, place in said if place)
