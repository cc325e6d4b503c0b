"""Attendance over the year: by distributor, by office, by owner; on screen and as an Excel file."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext
from markupsafe import Markup

from portal.blueprints.meeting_reports import bp
from portal.blueprints.meeting_reports.periods import wanted_period
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Level
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.meetings import evidence, over_time, queries
from portal.domain.meetings.evidence import Fact
from portal.domain.meetings.models import MeetingKind
from portal.domain.meetings.over_time import ONLY, Dealer, Wanted
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.grades import grade_choices, wanted_grade
from portal.web.htmx import render
from portal.web.tables import PER_PAGE, REMEMBERED_FROM, Page, chosen, number, remembered, sorting
from portal.web.words import badge_of, tone, word

# What the list is sorted by; equals stay in the order of their codes.
_SORTS: dict[str, Callable[[Dealer], Any]] = {
    "code": lambda one: one.code_key,
    "name": lambda one: one.name,
    "office": lambda one: one.office_path,
    "invited": lambda one: one.sums.invited,
    "came": lambda one: one.sums.came,
    "rate": lambda one: one.sums.rate_ppm or 0,
    "no_shows": lambda one: one.sums.no_shows,
    "last": lambda one: one.last_on.isoformat() if one.last_on else "",
}
# So many meetings stand beside the figures; the file has all of them.
_COLUMNS = 6
MOST_EXPORTED = 20_000
_AT_ONCE = 500


def _wanted() -> Wanted:
    only = request.args.get("only", "")
    return Wanted(
        period=wanted_period(),
        kind=chosen(MeetingKind, "kind"),
        dealers=DistributorFilter(
            q=request.args.get("q", "").strip()[:80],
            region_id=number("region"),
            level=chosen(Level, "level"),
            grade=wanted_grade(),
            owner_id=number("owner"),
        ),
        only=only if only in ONLY else "",
    )


def _found(me: User, wanted: Wanted) -> list[Dealer]:
    """The distributors with their figures; of very many they may be half a minute old while one pages and sorts."""
    found: list[Dealer] = remembered(
        db.session(),
        lambda: over_time.dealers(db.session(), me, wanted),
        key=("attendance", tuple(me.paths(P.MEETINGS_READ)), wanted),
        when=lambda dealers: len(dealers) >= REMEMBERED_FROM,
    )
    order = sorting(_SORTS, default="rate")
    return sorted(found, key=_SORTS[order.key], reverse=order.is_descending)


def _page(found: Sequence[Dealer]) -> Page:
    order = sorting(_SORTS, default="rate")
    here = min(max(number("page") or 1, 1), max(1, -(-len(found) // PER_PAGE)))
    start = (here - 1) * PER_PAGE
    return Page(found[start : start + PER_PAGE], len(found), here, PER_PAGE, order.key, order.is_descending)


def _columns(facts: dict[int, list[Fact]]) -> list[Fact]:
    """The latest of these meetings, the earliest of them first; each by one of its facts."""
    held = {fact.meeting_id: fact for of in facts.values() for fact in of}
    return sorted(held.values(), key=lambda one: (one.on, one.meeting_id))[-_COLUMNS:]


@bp.get("/year")
@requires(P.MEETINGS_READ)
def year() -> ResponseReturnValue:
    """Who kept how many invitations in the period, the lowest rate first; with the latest meetings one by one."""
    me, wanted = actor(), _wanted()
    found = _found(me, wanted)
    page = _page(found)
    facts = evidence.facts_of(db.session, [one.id for one in page.rows], wanted.period)
    if wanted.kind is not None:
        facts = {id: [fact for fact in of if fact.kind is wanted.kind] for id, of in facts.items()}
    return render(
        "meeting_reports/year.html",
        fragment="meeting_reports/_year.html",
        page=page,
        columns=_columns(facts),
        facts={id: {fact.meeting_id: fact for fact in of} for id, of in facts.items()},
        sums=over_time.sum_of(found),
        held=over_time.meetings_in(db.session, me, wanted),
        by_office=over_time.by_office(found),
        by_owner=over_time.by_owner(found),
        wanted=wanted,
        kinds=list(MeetingKind),
        levels=list(Level),
        grades=grade_choices(),
        owners=[(one.id, one.name) for one in queries.owners(db.session, me, P.MEETINGS_READ)],
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_READ))
        ],
        is_narrowed=wanted.dealers != DistributorFilter() or bool(wanted.only) or wanted.kind is not None,
        most=MOST_EXPORTED,
    )


@bp.get("/year/export")
@requires(P.MEETINGS_READ)
def export_year() -> ResponseReturnValue:
    """The list as it is narrowed and sorted, with every meeting of the period as a column."""
    me, wanted = actor(), _wanted()
    found = _found(me, wanted)[:MOST_EXPORTED]
    said = {key: value for key, value in vars(wanted.dealers).items() if value not in (None, "")}
    period = f"{wanted.period.first_on} – {wanted.period.last_on}"
    record_export(
        me, "attendance", count=len(found),
        wanted={**said, "kind": wanted.kind or "", "only": wanted.only, "period": period},
    )  # fmt: skip
    held = evidence.meetings_of(db.session, [one.id for one in found], wanted.period, wanted.kind)
    columns = [
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Owner"), width=12),
        Column(_("Level"), width=12),
        Column(_("Grade"), width=8),
        Column(pgettext("meeting", "Invited"), "whole", 8),
        Column(pgettext("meeting", "Came"), "whole", 8),
        Column(_("Rate"), "percent", 8),
        Column(_("No-shows"), "whole", 8),
        Column(pgettext("meeting", "Absent"), "whole", 8),
        Column(pgettext("meeting", "Excused"), "whole", 8),
        Column(_("Came last on"), "date", 12),
        *(Column(f"{on} {number} {title}", width=12) for _id, on, number, title in held),
    ]
    title = _("Attendance over the year")
    rows = _rows(found, [id for id, *_rest in held], wanted)
    return workbook(title, columns, rows, f"{title} {period}.xlsx")


def _rows(found: Sequence[Dealer], held: Sequence[int], wanted: Wanted) -> Iterator[list[Any]]:
    """Some hundred distributors at a time: the facts of all of them at once would not fit a worker."""
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        facts = evidence.facts_of(db.session, [one.id for one in some], wanted.period)
        for one in some:
            kept = {fact.meeting_id: told(fact) for fact in facts[one.id]}
            sums = one.sums
            yield [
                one.code, one.name, one.office, one.owner, word(one.level),
                word(one.grade) if one.grade else "",
                sums.invited, sums.came, sums.rate_ppm, sums.no_shows, sums.absent, sums.excused, one.last_on,
                *(kept.get(id, "") for id in held),
            ]  # fmt: skip


def told(fact: Fact) -> str:
    """What became of an invitation, in a word that fits a narrow column."""
    if fact.is_late:
        return pgettext("attendance", "Late")
    return pgettext("attendance", "Left early") if fact.left_early else word(fact.presence)


@bp.app_template_global("badge_of_attendance")
def badge_of_attendance(fact: Fact) -> Markup:
    """The same in its colour and shape."""
    return badge_of(told(fact), "warn" if fact.is_late or fact.left_early else tone(fact.presence))
