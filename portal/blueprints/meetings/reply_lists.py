"""Replies by Excel: the list to fill in, what a filled one would change, and taking it."""

import base64
import binascii
from collections import Counter
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField

from portal.blueprints.meetings import bp
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.meetings import reply_lists
from portal.domain.meetings.models import Invitation, Meeting
from portal.domain.meetings.reply_lists import LODGES, SAID, SPEC, Fate, Line, state_of
from portal.domain.tabular import Table, read_table
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, refuse, render, say, submit
from portal.web.meetings import meeting_or_404
from portal.web.requests import ROW

_MOST_BYTES = 512 * 1024
_COLUMNS = (
    Column("经销商编码"),
    Column("经销商名称", width=34),
    Column("回执", width=10),
    Column("人数", "whole", 8),
    Column("姓名"),
    Column("职务"),
    Column("手机", width=16),
    Column("住宿", width=10),
    Column("车次或航班", width=18),
    Column("备注", width=24),
    Column("名单版本", width=24),
)


class FileForm(FlaskForm):
    """A filled list."""

    file = FileField(_l("File"))


@bp.get(f"/<{ROW}:id>/replies.xlsx")
@requires(P.MEETINGS_WRITE)
def reply_sheet(id: int) -> ResponseReturnValue:
    """The invited whose replies the user takes, a row for each person, to be filled in."""
    meeting, me = meeting_or_404(id), actor()
    rows = [row for one in reply_lists.asked_of(db.session(), meeting, me) for row in _rows(one)]
    number = meeting.number
    record_export(me, "meeting_replies", count=len(rows), wanted={"meeting": number})
    return workbook("回执", _COLUMNS, rows, f"回执-{number}.xlsx")


def _rows(one: Invitation) -> list[tuple[Any, ...]]:
    head = (one.distributor.code, one.distributor.name)
    reply, persons = (SAID[one.reply], one.persons) if one.reply else ("", None)
    tail = (one.note, state_of(one))
    named = reply_lists.guests_of(one) or [None]
    return [
        (
            *head, reply, persons,
            *((g.name, g.title, g.phone, LODGES[g.lodging], g.train) if g else ("", "", "", "", "")), *tail,
        )
        for g in named
    ]  # fmt: skip


@bp.route(f"/<{ROW}:id>/replies/import", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def import_replies(id: int) -> ResponseReturnValue:
    """Look at what a filled list would change; looked at, it is taken whole."""
    meeting, form = meeting_or_404(id), FileForm()
    if request.method == "GET" or not form.validate():
        return _page(meeting, form)
    try:
        data, name = _handed_in(form)
        table = read_table(data, name, SPEC)
        if "do" in request.form:
            done = submit(form, lambda: (reply_lists.take(db.session(), actor(), meeting, table),))
            if done is not None:
                said = ngettext("%(num)s reply has been taken.", "%(num)s replies have been taken.", done[0])
                flash(said)
                return leave(url_for("meetings.replies", id=id))
            return _page(meeting_or_404(id), form)
        return _page(meeting, form, table, data, name)
    except DomainError as error:
        db.session.rollback()
        refuse(form, error)
        return _page(meeting_or_404(id), form)


def _handed_in(form: FileForm) -> tuple[bytes, str]:
    """The file, or what the preview carries of it: it is kept nowhere else."""
    if form.file.data:
        data, name = form.file.data.read(_MOST_BYTES + 1), form.file.data.filename or ""
    else:
        name = request.form.get("name", "")[:120]
        try:
            data = base64.b64decode(request.form.get("kept", ""), validate=True)
        except (binascii.Error, ValueError):
            data = b""
    if not data:
        raise DomainError("Choose a file.", "file")
    if len(data) > _MOST_BYTES:
        raise DomainError(
            "The file is too large. Hand in the list as it was downloaded, without pictures.", "file"
        )
    return data, name


def _page(
    meeting: Meeting, form: FileForm, table: Table | None = None, data: bytes = b"", name: str = ""
) -> ResponseReturnValue:
    lines: list[Line] = []
    if table is not None:
        lines = reply_lists.plan(db.session(), meeting, actor(), table)
    counts = Counter(one.fate for one in lines)
    return render(
        "meetings/import_replies.html",
        form=form,
        meeting=meeting,
        is_read=table is not None,
        lines=[one for one in lines if one.fate is not Fate.SAME],
        new=counts[Fate.NEW],
        same=counts[Fate.SAME],
        bad=counts[Fate.REFUSED] + counts[Fate.STALE],
        refusals={one.code: say(one.refusal) for one in lines if one.refusal},
        carried=base64.b64encode(data).decode(),
        filename=name,
    )
