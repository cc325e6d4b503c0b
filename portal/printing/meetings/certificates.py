"""荣誉证书: a landscape sheet for each distributor that is commended, its name as large as it fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.db import CHINA
from portal.printing.fitting import Fitted, fit
from portal.printing.meetings.facts import MeetingFacts, printed


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who is honoured with what, for which reason."""

    company: str
    honour: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    company: Fitted
    honour: Fitted
    words: Fitted


def certificates(
    meeting: MeetingFacts, sender: str, rows: Sequence[Certificate], *, made_at: datetime
) -> bytes:
    """Print the certificates, one a page. Outside any transaction."""
    giver = sender or meeting.office
    pdf, count = printed(
        "meeting_certificates.html",
        "荣誉证书",
        meeting,
        made_at=made_at,
        sheets=[_sheet(meeting, one) for one in rows],
        giver=fit(giver, 110, 9, largest=16, smallest=8),
        office="" if meeting.is_of_head_office or not sender else meeting.office,
        dated=chinese_date(meeting.starts_at.astimezone(CHINA).date()),
    )
    if count != len(rows):
        raise RuntimeError(f"{len(rows)} certificates were laid out as {count} pages.")
    return pdf


def chinese_date(on: date) -> str:
    """二〇二六年六月十二日: every digit of the year, days and months as they are spoken."""
    digits = "〇一二三四五六七八九"
    year = "".join(digits[int(one)] for one in f"{on.year:04d}")
    return f"{year}年{_spoken(on.month)}月{_spoken(on.day)}日"


def _spoken(number: int) -> str:
    digits = " 一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else digits[tens]) + "十" if tens else "") + (digits[ones] if ones else "")


def _sheet(meeting: MeetingFacts, one: Certificate) -> _Sheet:
    reason = one.reason.rstrip("。；，.;, ")
    why = f"{reason}，" if reason else "业绩突出，合作诚信，"
    return _Sheet(
        company=fit(f"{one.company}：", 217, 17, largest=30, smallest=10),
        honour=fit(one.honour, 217, 26, largest=44, smallest=14),
        words=fit(
            f"　　贵公司{why}在“{meeting.title}”上被授予以下荣誉称号，特发此证，以资鼓励。",
            217,
            33,
            largest=18,
            smallest=8,
        ),
    )
