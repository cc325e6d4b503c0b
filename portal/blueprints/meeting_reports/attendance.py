"""One meeting's attendance: on screen and as an Excel file."""

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext

from portal.blueprints.meeting_reports import bp
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import afterwards, attended, costs
from portal.domain.meetings.attended import Attended, Presence, Report
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.queries import state_of
from portal.extensions import db
from portal.printing.meetings.facts import facts_of
from portal.printing.meetings.report import Spending, attendance_report
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.files import shown
from portal.web.htmx import render
from portal.web.meetings import may_hold, meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import PER_PAGE, Page, chosen, number
from portal.web.words import word

_LATE = "late"
MOST_ROWS = 2_000


def _shown(report: Report) -> tuple[str, list[Attended]]:
    """What the address narrows the list to, and those who are left."""
    if request.args.get("state") == _LATE:
        return _LATE, [one for one in report.rows if one.is_late]
    state = chosen(Presence, "state")
    return state or "", [one for one in report.rows if state is None or one.presence is state]


def bill_of(meeting: Meeting, report: Report) -> costs.Bill:
    """What the meeting cost, for those who came."""
    companies = report.sums.came
    return costs.bill(db.session, meeting, persons=report.arrived, companies=companies)


@bp.get(f"/<{ROW}:id>/attendance")
@requires(P.MEETINGS_READ)
def attendance(id: int) -> ResponseReturnValue:
    """Who was invited and what became of it, by distributor, office and owner; what it cost, for who may see that."""
    meeting, me = meeting_or_404(id), actor()
    report = attended.report(db.session, meeting, me)
    state, rows = _shown(report)
    here = min(max(number("page") or 1, 1), max(1, -(-len(rows) // PER_PAGE)))
    start = (here - 1) * PER_PAGE
    return render(
        "meeting_reports/attendance.html",
        fragment="meeting_reports/_attended.html",
        meeting=meeting,
        report=report,
        state=state,
        is_before=_is_before(meeting, report),
        held=state_of(meeting, is_invited_to=bool(report.rows)),
        page=Page(rows[start : start + PER_PAGE], len(rows), here, PER_PAGE, "office", False),
        by_office=attended.by_office(report.rows),
        by_owner=attended.by_owner(report.rows),
        may_hold=may_hold(meeting),
        may_correct=may_hold(meeting) and afterwards.is_open(meeting),
        bill=bill_of(meeting, report) if costs.may_see(me, meeting) else None,
    )


@bp.get(f"/<{ROW}:id>/attendance/export")
@requires(P.MEETINGS_READ)
def export_attendance(id: int) -> ResponseReturnValue:
    """The list as it is narrowed, as an Excel file."""
    meeting, me = meeting_or_404(id), actor()
    report = attended.report(db.session, meeting, me)
    state, rows = _shown(report)
    title, made = pgettext("meeting", "Attendance"), meeting.number
    record_export(me, "attendance", count=len(rows), wanted={"meeting": made, "state": state})
    return _workbook(title, rows, f"{title} {made}.xlsx")


def _workbook(title: str, rows: list[Attended], filename: str) -> Response:
    columns = [
        Column(_("Office"), width=16),
        Column(_("Code"), width=14),
        Column(_("Distributor"), width=34),
        Column(_("Owner"), width=12),
        Column(pgettext("meeting", "Reply"), width=12),
        Column(pgettext("meeting", "Announced"), "whole", 8),
        Column(pgettext("meeting", "Arrived"), "whole", 8),
        Column(_("First arrival"), "moment", 18),
        Column(pgettext("attendance", "Late"), "whole", 8),
        Column(pgettext("attendance", "Left early"), "whole", 8),
        Column(_("Substitutes"), "whole", 8),
        Column(_("Walk-ins"), "whole", 8),
        Column(pgettext("meeting", "Attendance"), width=18),
    ]
    cells = [
        (
            one.office,
            one.code,
            one.name,
            one.owner,
            word(one.reply) if one.reply else "",
            one.announced,
            one.present.arrived,
            one.present.first_at,
            one.present.late,
            one.present.left_early,
            one.present.substitutes,
            one.present.walk_ins,
            word(one.presence),
        )
        for one in rows
    ]
    return workbook(title, columns, cells, filename)


@bp.get(f"/<{ROW}:id>/attendance-report.pdf")
@requires(P.MEETINGS_READ)
def report_pdf(id: int) -> ResponseReturnValue:
    """到会报告; with its costs where the address asks for them and the user may see them."""
    meeting, me = meeting_or_404(id), actor()
    report = attended.report(db.session, meeting, me)
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off, so nothing is printed for it any more."))
    if _is_before(meeting, report):
        raise DomainError(N_("The meeting has not begun, so there is no attendance to report yet."))
    if len(report.rows) > MOST_ROWS:
        raise DomainError(
            N_(
                "A report has at most %(most)s distributors; these are %(count)s. Export them to Excel instead."
            ),
            most=MOST_ROWS,
            count=len(report.rows),
        )
    facts, spending = facts_of(meeting), None
    if "costs" in request.args and costs.may_see(me, meeting):
        bill = bill_of(meeting, report)
        spending = Spending(
            bill.by_kind, bill.total_fen, bill.budget_fen, bill.per_person_fen, bill.per_company_fen
        )
    db.session.rollback()
    pdf = attendance_report(facts, report, spending, made_at=now())
    return shown(pdf, "application/pdf", f"到会报告-{facts.number}.pdf")


def _is_before(meeting: Meeting, report: Report) -> bool:
    """Whether nobody can have stayed away yet."""
    return meeting.starts_at > now() and not report.arrived
