"""到会报告: who came and who did not, rates by office and owner, and the costs where they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.db import CHINA
from portal.domain.meetings import attended
from portal.domain.meetings.attended import Attended, Presence, Report, Sums
from portal.domain.meetings.models import CostKind, Reply
from portal.domain.money import figures
from portal.printing.meetings.facts import MeetingFacts, printed

_PRESENCE = {
    Presence.CAME: "到会",
    Presence.NO_SHOW: "爽约",
    Presence.ABSENT: "无故缺席",
    Presence.EXCUSED: "请假",
    Presence.AWAITED: "尚未到会",
}
_REPLY = {Reply.COMING: "参加", Reply.DECLINED: "不参加", Reply.WAITING: "候补"}
_COSTS = {
    CostKind.VENUE: "场地",
    CostKind.MEALS: "餐饮",
    CostKind.LODGING: "住宿",
    CostKind.TRAVEL: "交通",
    CostKind.MATERIALS: "物料印刷",
    CostKind.GIFTS: "礼品奖品",
    CostKind.OTHER: "其他",
}


@dataclass(frozen=True, slots=True)
class Spending:
    """What the meeting cost, in fen, as a paper says it; None where nothing can be said."""

    by_kind: Sequence[tuple[CostKind, int]]
    total_fen: int
    budget_fen: int | None
    per_person_fen: int | None
    per_company_fen: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    company: str
    code: str
    reply: str
    announced: str
    arrived: str
    first: str
    result: str
    note: str


def attendance_report(
    meeting: MeetingFacts, report: Report, spending: Spending | None, *, made_at: datetime
) -> bytes:
    """Print the report, of a meeting under way as it stands so far; outside any transaction."""
    pdf, _pages = printed(
        "meeting_report.html",
        "到会报告",
        meeting,
        made_at=made_at,
        report=report,
        sums=report.sums,
        rate=rate(report.sums),
        by_office=[(name, of, rate(of)) for name, of in attended.by_office(report.rows)],
        by_owner=[(name, of, rate(of)) for name, of in attended.by_owner(report.rows)],
        groups=_groups(report.rows),
        no_shows=_named(report.rows, Presence.NO_SHOW),
        absent=_named(report.rows, Presence.ABSENT),
        spending=_told(spending) if spending is not None else None,
    )
    return pdf


def rate(sums: Sums) -> str:
    """A rate as papers say it: 72.4%."""
    return "—" if sums.rate_ppm is None else f"{sums.rate_ppm / 10_000:.1f}%"


def _groups(rows: Sequence[Attended]) -> list[tuple[str, list[_Row]]]:
    """The rows office by office; they come so."""
    found: list[tuple[int, str, list[_Row]]] = []
    for one in rows:
        if not found or found[-1][0] != one.region_id:
            found.append((one.region_id, one.office, []))
        found[-1][2].append(_row(one))
    return [(office, of) for _id, office, of in found]


def _row(one: Attended) -> _Row:
    seen = one.present
    notes = [
        f"少到{one.announced - seen.arrived}人" if 0 < seen.arrived < one.announced else "",
        f"迟到{seen.late}人" if seen.late else "",
        f"早退{seen.left_early}人" if seen.left_early else "",
        f"代会{seen.substitutes}人" if seen.substitutes else "",
        f"现场登记{seen.walk_ins}人" if seen.walk_ins else "",
    ]
    return _Row(
        company=one.name,
        code=one.code,
        reply="邀请已撤回" if one.is_withdrawn else _REPLY[one.reply] if one.reply else "未回复",
        announced=str(one.announced or ""),
        arrived=str(seen.arrived or ""),
        first=seen.first_at.astimezone(CHINA).strftime("%H:%M") if seen.first_at else "",
        result=_PRESENCE[one.presence],
        note="，".join(note for note in notes if note),
    )


def _named(rows: Sequence[Attended], wanted: Presence) -> str:
    return "、".join(one.name for one in rows if one.presence is wanted)


def _told(spending: Spending) -> list[tuple[str, str]]:
    """The costs as (what, yuan)."""
    rows = [(_COSTS[kind], figures(fen)) for kind, fen in spending.by_kind]
    rows.append(("合计", figures(spending.total_fen)))
    if spending.budget_fen is not None:
        left = spending.budget_fen - spending.total_fen
        rows.append(("预算", figures(spending.budget_fen)))
        rows.append(("超出预算" if left < 0 else "预算剩余", figures(abs(left))))
    if spending.per_person_fen is not None:
        rows.append(("人均费用", figures(spending.per_person_fen)))
    if spending.per_company_fen is not None:
        rows.append(("每家到会经销商费用", figures(spending.per_company_fen)))
    return rows
