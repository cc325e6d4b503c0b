"""Originals as a list, and those that are not back yet by owner; each as Excel, the latter as a PDF too."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.papers import bp
from portal.db import now, today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.trail import queries
from portal.domain.price_protection.trail.calling import NOBODY, Call, calls
from portal.domain.price_protection.trail.models import PaperKind, PaperTrail, Stage
from portal.domain.price_protection.trail.out import is_not_back, out_since
from portal.domain.price_protection.trail.reminders import reminders
from portal.extensions import db
from portal.printing.listing import PrintedList, render_list
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.files import shown
from portal.web.htmx import render
from portal.web.originals import wanted
from portal.web.tables import ids, page_of, sorting
from portal.web.trail_words import stage_word
from portal.web.words import word

# A list to hand round: the layout of more takes a reader's patience, and every preview waits behind it.
MOST_ON_PAPER = 500


@bp.get("/")
@requires(P.AGREEMENTS_READ)
def index() -> ResponseReturnValue:
    """Every original and where it stands, with how many stand where."""
    me, narrowed = actor(), wanted()
    counts = queries.stage_counts(db.session, me, narrowed.kind)
    return render(
        "papers/index.html",
        fragment="papers/_table.html",
        page=page_of(
            db.session,
            queries.original_rows(db.session, me, narrowed),
            sorts=queries.SORTS,
            default="number",
            descending=True,
            tie=PaperTrail.id.desc(),
        ),
        wanted=narrowed,
        tabs=[(stage, counts.get(stage, 0)) for stage in Stage],
        kinds=list(PaperKind),
        offices=agreements.regions_of(db.session, me),
        owners=agreements.owners(db.session, me),
        reminders=reminders(db.session),
        may_handle=me.can(P.PAPERS_HANDLE),
        may_ask=me.can(P.AGREEMENTS_WRITE),
    )


_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("number", "text", 18),
    ("kind", "text", 10),
    ("distributor_code", "text", 14),
    ("distributor_name", "text", 34),
    ("region_name", "text", 16),
    ("owner_name", "text", 12),
    ("stage", "text", 14),
    ("sealed_copies", "whole", 8),
    ("sent_copies", "whole", 8),
    ("expected_copies", "whole", 8),
    ("back_copies", "whole", 8),
    ("sealed_on", "date", 12),
    ("sent_on", "date", 12),
    ("days", "whole", 10),
    ("courier", "text", 12),
    ("tracking", "text", 20),
    ("parcel_number", "text", 18),
    ("delivered_on", "date", 12),
    ("back_on", "date", 12),
    ("cabinet", "text", 14),
    ("filed_on", "date", 12),
    ("has_scan", "text", 12),
    ("contact", "text", 12),
    ("phone", "text", 18),
    ("out_since", "date", 12),
    ("way", "text", 16),
)
_OF_CALLS = ("contact", "phone", "out_since", "way")
_OUT = (
    "owner_name", "number", "kind", "distributor_code", "distributor_name", "contact", "phone", "region_name",
    "out_since", "days", "way", "courier", "tracking", "delivered_on", "sent_copies", "expected_copies", "back_copies",
    "has_scan",
)  # fmt: skip


def _heads() -> dict[str, str]:
    return {
        "number": _("Number"),
        "kind": _("Kind of paper"),
        "distributor_code": _("Code"),
        "distributor_name": _("Distributor"),
        "region_name": _("Office"),
        "owner_name": _("Owner"),
        "stage": _("Status"),
        "sealed_copies": _("Copies sealed"),
        "sent_copies": _("Copies sent"),
        "expected_copies": _("Copies to come back"),
        "back_copies": _("Copies back"),
        "sealed_on": _("Sealed on"),
        "sent_on": _("Sent on"),
        "days": _("Days since"),
        "courier": _("Courier"),
        "tracking": _("Courier's number"),
        "parcel_number": _("Parcel"),
        "delivered_on": _("Delivered on"),
        "back_on": _("Came back on"),
        "cabinet": _("Cabinet number"),
        "filed_on": _("Filed on"),
        "has_scan": _("Signed scan"),
        "contact": _("Contact"),
        "phone": _("Phone"),
        "out_since": _("Out since"),
        "way": _("How it went out"),
    }


def _cell(row: Any, name: str, calls: dict[int, Call]) -> Any:
    if name == "kind":
        return word(row.kind)
    if name == "stage":
        return stage_word(row.stage, row.kind)
    if name == "days":
        since = _since(row)
        return (today() - since).days if since is not None else None
    if name == "out_since":
        return _since(row)
    if name == "way":
        return way_of(row)
    if name in ("contact", "phone"):
        return getattr(calls.get(row.distributor_id, NOBODY), name)
    if name == "has_scan":
        return _("filed") if row.has_scan else ""
    return getattr(row, name)


def calls_of(rows: Iterable[Any]) -> dict[int, Call]:
    """Whom to phone about these rows, by distributor."""
    return calls(db.session, {row.distributor_id for row in rows})


def way_of(row: Any) -> str:
    """How an original went out, where no courier says it."""
    if row.stage is Stage.NONE:
        return _("printed, no parcel on record")
    return _("in person") if row.is_by_hand else ""


def _since(row: Any) -> date | None:
    """Since when a row of the list is out, if it is."""
    return out_since(row.sent_on, row.printed_at) if row.stage in (Stage.SENT, Stage.NONE) else None


def _sheet(rows: list[Any], names: tuple[str, ...], what: str, title: str, told: dict[str, Any]) -> Response:
    kinds = {name: (kind, width) for name, kind, width in _COLUMNS}
    heads = _heads()
    calls = calls_of(rows) if "phone" in names else {}
    cells = [[_cell(row, name, calls) for name in names] for row in rows]
    record_export(actor(), what, count=len(rows), wanted=told)
    columns = [Column(heads[name], kinds[name][0], kinds[name][1]) for name in names]  # type: ignore[arg-type]
    return workbook(title, columns, cells, f"{title} {today()}.xlsx")


def _told() -> dict[str, Any]:
    return {key: value for key, value in vars(wanted()).items() if value not in (None, "")}


@bp.get("/export")
@requires(P.AGREEMENTS_READ)
def export() -> ResponseReturnValue:
    """The current view, or the ticked rows of it, as an Excel file; who took it is on record."""
    statement = queries.original_rows(db.session, actor(), wanted())
    if ticked := ids():
        statement = statement.where(PaperTrail.id.in_(ticked))
    order = sorting(queries.SORTS, default="number", descending=True)
    rows = db.session.execute(order.apply(statement, queries.SORTS, tie=PaperTrail.id.desc())).all()
    names = tuple(name for name, _kind, _width in _COLUMNS if name not in _OF_CALLS)
    return _sheet(list(rows), names, "originals", _("Originals"), _told())


def _out_rows() -> list[Any]:
    """What is not back, owner by owner, the longest wait first."""
    statement = queries.original_rows(db.session, actor(), wanted()).where(is_not_back())
    by = (queries.SORTS["owner"], queries.SORTS["sent"], queries.SORTS["number"])
    return list(db.session.execute(statement.order_by(*by)).all())


@bp.get("/out")
@requires(P.AGREEMENTS_READ)
def out() -> ResponseReturnValue:
    """What went out and has not come back, by owner, with the days since and whom to phone."""
    me, narrowed, days = actor(), wanted(), reminders(db.session)
    page = page_of(
        db.session,
        queries.original_rows(db.session, me, narrowed).where(is_not_back()),
        sorts=queries.SORTS,
        default="sent",
        tie=PaperTrail.id,
    )
    return render(
        "papers/out.html",
        fragment="papers/_out.html",
        page=page,
        calls=calls_of(page.rows),
        since=_since,
        way_of=way_of,
        kinds=list(PaperKind),
        by_owner=queries.out_by_owner(db.session, me, narrowed, days.owner_days),
        wanted=narrowed,
        reminders=days,
        offices=agreements.regions_of(db.session, me),
        owners=agreements.owners(db.session, me),
        may_handle=me.can(P.PAPERS_HANDLE),
        may_set=me.can(P.SETTINGS_WRITE),
    )


@bp.get("/out/export")
@requires(P.AGREEMENTS_READ)
def export_out() -> ResponseReturnValue:
    """What is not back as an Excel file, owner by owner; who took it is on record."""
    return _sheet(_out_rows(), _OUT, "originals_out", _("Not back yet"), _told())


def _awaited(row: Any) -> str:
    if row.kind is PaperKind.NOTICE:
        return "送达回执"
    return f"{row.expected_copies}/{row.back_copies}" if row.expected_copies else "—"


def _way_on_paper(row: Any) -> str:
    return "已打印，未登记寄出" if row.stage is Stage.NONE else "当面交付"


@bp.get("/out/list.pdf")
@requires(P.AGREEMENTS_READ)
def print_out() -> ResponseReturnValue:
    """What is not back as a list to phone from, owner by owner; in Chinese, as the papers are."""
    rows = _out_rows()
    if len(rows) > MOST_ON_PAPER:
        raise DomainError(
            N_(
                "On paper the list has at most %(most)s originals; these are %(count)s. Choose one office or one"
                " owner, or take the Excel file."
            ),
            most=MOST_ON_PAPER,
            count=len(rows),
        )
    calls = calls_of(rows)
    paper = PrintedList(
        title="原件未寄回清单",
        facts=(("截至日期", today().isoformat()), ("共计", f"{len(rows)} 份原件")),
        heads=("编号", "经销商", "联系人及电话", "发出日期", "应回/已回", "快递单号"),
        widths=(19, 20, 16, 13, 12, 20),
        groups=tuple(
            (
                f"负责人：{owner}（{sum(row.owner_name == owner for row in rows)} 份）",
                tuple(
                    (
                        row.number,
                        row.distributor_name,
                        f"{calls.get(row.distributor_id, NOBODY).contact} "
                        f"{calls.get(row.distributor_id, NOBODY).phone}".strip()
                        or "未登记",
                        f"{_since(row)} 已{(today() - _since(row)).days}天",
                        _awaited(row) + (" 扫描已归档" if row.has_scan else ""),
                        f"{row.courier or ''} {row.tracking or ''}".strip() or _way_on_paper(row),
                    )
                    for row in rows
                    if row.owner_name == owner
                ),
            )
            for owner in dict.fromkeys(row.owner_name for row in rows)
        ),
    )
    db.session.rollback()
    return shown(render_list(paper, made_at=now()), "application/pdf", f"未寄回清单-{today()}.pdf")
