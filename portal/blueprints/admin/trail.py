"""操作日志: who did what to which record, before and after."""

from dataclasses import replace
from datetime import date
from itertools import groupby

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal.blueprints.admin import bp
from portal.db import today
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.audit import queries
from portal.domain.audit.models import AuditEvent
from portal.domain.audit.queries import TrailFilter
from portal.domain.errors import DomainError
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_subjects import SUBJECTS, known_by, named
from portal.web.audit_words import ACTIONS, Told, action_word, tell
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import render
from portal.web.tables import number, page_of

SORTS = {"at": AuditEvent.at}
# A longer trail is taken out a period at a time.
LARGEST_EXPORT = 20_000


def _day(name: str) -> date | None:
    """A day of the address as people write it; what is none narrows nothing."""
    try:
        return text.date_on(request.args.get(name, ""))
    except DomainError:
        return None


def _filter() -> TrailFilter:
    action, subject = request.args.get("action", ""), request.args.get("subject", "")
    return TrailFilter(
        actor_id=number("actor"),
        action=action if action in ACTIONS or action in {name.split(".")[0] for name in ACTIONS} else "",
        subject=subject if subject in SUBJECTS else "",
        subject_id=number("subject_id"),
        since=_day("since"),
        until=_day("until"),
        record=request.args.get("record", "").strip()[:80],
    )


@bp.get("/audit")
@requires(P.AUDIT_READ)
def audit_trail() -> ResponseReturnValue:
    """The trail of the user's regions, newest first."""
    me, wanted = actor(), _filter()
    statement = queries.narrowed(queries.trail_visible_to(me), wanted, known_by()).options(
        joinedload(AuditEvent.actor)
    )
    page = page_of(
        db.session, statement, sorts=SORTS, default="at", tie=AuditEvent.id.desc(), descending=True
    )
    events = [row[0] for row in page.rows]
    return render(
        "admin/trail.html",
        fragment="admin/_trail.html",
        page=replace(
            page, rows=list(zip(tell(db.session, me, events), named(db.session, events), strict=True))
        ),
        wanted=wanted,
        typed=request.args,
        actors=list(db.session.execute(queries.actors(me))),
        actions=_actions(),
        about=_about(wanted),
        most=LARGEST_EXPORT,
    )


def _actions() -> list[tuple[str, list[tuple[str, str]]]]:
    """The choices of actions, under the word for what they are done to."""
    subjects = {"user": "user_account", "template": "paper_template"}
    groups: dict[str, list[tuple[str, str]]] = {}
    for prefix, actions in groupby(sorted(ACTIONS), key=lambda action: action.split(".")[0]):
        table = subjects.get(prefix, prefix)
        if prefix in ("settings", "numbering"):
            word = _("Settings")
        else:
            word = str(SUBJECTS[table].word) if table in SUBJECTS else _("Other")
        single = [(action, action_word(action)) for action in actions]
        every = [(prefix, _("%(kind)s: everything", kind=word))] if len(single) > 1 else []
        groups.setdefault(word, []).extend(every + single)
    return list(groups.items())


def _about(wanted: TrailFilter) -> str:
    """The one record that the trail is narrowed to, in words."""
    if not wanted.subject or wanted.subject_id is None:
        return ""
    event = AuditEvent(subject=wanted.subject, subject_id=wanted.subject_id, action="", params={})
    found = named(db.session, [event])[0]
    return f"{found.kind} {found.name}"


@bp.get("/audit/export")
@requires(P.AUDIT_READ)
def export_trail() -> ResponseReturnValue:
    """The current view as an Excel file: the newest events first, at most twenty thousand."""
    me, wanted = actor(), _filter()
    statement = queries.narrowed(queries.trail_visible_to(me), wanted, known_by()).options(
        joinedload(AuditEvent.actor)
    )
    statement = statement.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(LARGEST_EXPORT)
    events = list(db.session.scalars(statement))
    rows = [
        (told.at, told.who, told.title, subject.kind, subject.name, _details(told))
        for told, subject in zip(tell(db.session, me, events), named(db.session, events), strict=True)
    ]
    record_export(me, "audit", count=len(rows), wanted={k: str(v) for k, v in vars(wanted).items() if v})
    columns = [
        Column(_("When"), "moment", 18),
        Column(_("Who"), width=16),
        Column(_("What was done"), width=22),
        Column(_("Kind of record"), width=14),
        Column(_("Record"), width=34),
        Column(_("Details"), width=80),
    ]
    return workbook(_("Audit trail"), columns, rows, f"{_('Audit trail')} {today()}.xlsx")


def _details(told: Told) -> str:
    changes = (f"{label}: {before} → {after}" for label, before, after in told.changes)
    return "; ".join(part for part in (told.text, *changes) if part)
