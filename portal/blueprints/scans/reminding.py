"""催收清单: what is still to be brought back, by owner: as a page that prints well, and in Excel."""

from datetime import date
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.blueprints.scans import bp
from portal.blueprints.scans.loading import address, readable
from portal.db import CHINA, today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.scans import grouping
from portal.domain.price_protection.scans.groups import Group, Outcome, What
from portal.domain.price_protection.scans.reminders import Reminder, reminders
from portal.domain.price_protection.trail.calling import NOBODY, Call, calls
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.requests import ROW

_KINDS = {
    What.AGREEMENT: _l("Agreement"),
    What.AMENDMENT: _l("Amendment"),
    What.NOTICE: _l("Notice of termination"),
    What.STATEMENT: _l("Fund statement"),
}


def why(group: Group) -> str:
    """What is to be brought back of a paper, in words."""
    if group.what is What.NOTICE:
        return _("The signed receipt of the notice, or what proves its service")
    if group.outcome is Outcome.INCOMPLETE:
        return _("Missing: page %(pages)s of %(all)s", pages=numbers(group.missing), all=group.pages)
    if group.outcome is Outcome.OLD_VERSION:
        return _("The signed paper is an old version: sign the one in force")
    if group.outcome is Outcome.FILED:
        return _("Its scan is filed; the original is not back")
    return _("Not back yet")


def kind(group: Group) -> str:
    """What came back, or did not, in a word."""
    return str(_KINDS[group.what])


def numbers(pages: list[int]) -> str:
    """Pages in a row, as they are said aloud: 2、4."""
    return _(", ").join(str(page) for page in pages)


def _reminders(pile_id: int) -> tuple[Any, list[Reminder]]:
    pile = readable(pile_id)
    return pile, reminders(grouping.groups_of(db.session, actor(), pile))


@bp.get(f"/<{ROW}:pile_id>/reminders")
@requires(P.AGREEMENTS_READ)
def remind(pile_id: int) -> ResponseReturnValue:
    """The list by owner, to be printed or sent."""
    pile, found = _reminders(pile_id)
    return render(
        "scans/reminders.html",
        pile=pile,
        reminders=found,
        calls=_calls(found),
        days=days_out,
        count=sum(len(one.groups) for one in found),
        why=why,
        kind=kind,
        address=address,
        on=today(),
    )


@bp.get(f"/<{ROW}:pile_id>/reminders.xlsx")
@requires(P.AGREEMENTS_READ)
def remind_excel(pile_id: int) -> Response:
    """The same as an Excel file, a row a paper."""
    pile, found = _reminders(pile_id)
    called = _calls(found)
    columns = [
        Column(_("Owner")),
        Column(_("Number"), width=22),
        Column(_("Kind")),
        Column(_("Distributor"), width=30),
        Column(_("Contact")),
        Column(_("Phone"), width=18),
        Column(_("Office")),
        Column(_("What is missing"), width=36),
        Column(_("Out since"), "date"),
        Column(_("Days out"), "whole"),
        Column(_("Courier")),
        Column(_("Courier's number"), width=20),
        Column(_("Approved on"), "date"),
    ]
    rows: list[tuple[Any, ...]] = [
        (
            one.owner,
            group.number,
            kind(group),
            group.distributor,
            called.get(group.distributor_id, NOBODY).contact,
            called.get(group.distributor_id, NOBODY).phone,
            group.region,
            why(group),
            group.out_since,
            days_out(group),
            group.courier,
            group.tracking,
            _day(group),
        )
        for one in found
        for group in one.groups
    ]
    name = pile.region.name
    record_export(actor(), "scan_reminders", count=len(rows), wanted={"office": name})
    return workbook(_("Reminder list"), columns, rows, f"{_('Reminder list')}-{today()}.xlsx")


def _calls(found: list[Reminder]) -> dict[int, Call]:
    """Whom to phone, by distributor."""
    return calls(db.session, {group.distributor_id for one in found for group in one.groups})


def days_out(group: Group) -> int | None:
    """For how many days its original has been out, if it is."""
    return (today() - group.out_since).days if group.out_since is not None else None


def _day(group: Group) -> date | None:
    return group.approved_at.astimezone(CHINA).date() if group.approved_at else None
