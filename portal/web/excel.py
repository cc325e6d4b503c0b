"""Lists as Excel files: real dates and sums, codes and long numbers as text, nothing that runs."""

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from flask import Response, send_file

from portal.db import CHINA, begin_reading
from portal.domain.audit import services as audit
from portal.domain.users.models import User
from portal.extensions import db
from portal.later import later

xlsxwriter = later("xlsxwriter")

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS = {
    "text": "@",
    "money": "#,##0.00",
    "percent": "0.####%",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True)
class Column:
    """One column: fen, ppm and dates become cells that Excel reckons with, all else is text."""

    head: str
    kind: Literal["text", "whole", "money", "percent", "date", "moment"] = "text"
    # In characters of Excel's standard font; a hanzi takes two.
    width: int = 14


def workbook(
    sheet: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    filename: str,
    *,
    made_at: datetime | None = None,
    total: Sequence[Any] = (),
) -> Response:
    """One sheet with a head that stays in sight, sent as a download; `rows` are in the order of `columns`.

    `total` is a row of values below them, which sorting and filtering leave where it is. With `made_at` it is the
    same file, byte for byte, whenever it is fetched.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    if made_at is not None:
        book.set_properties({"created": made_at.astimezone(UTC)})
    page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", sheet)[:31])
    head = book.add_format(
        {"bold": True, "bg_color": "#F2F5F0", "bottom": 1, "text_wrap": True, "valign": "top"}
    )
    for place, column in enumerate(columns):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.head, head)
    last, usual = 0, _formats(book)
    for last, row in enumerate(rows, 1):
        _write(page, last, columns, row, usual)
    if total:
        _write(page, last + 1, columns, total, _formats(book, bold=True, top=1))
    page.freeze_panes(1, 0)
    if last:
        page.autofilter(0, 0, last, len(columns) - 1)
    book.close()
    file.seek(0)
    return send_file(file, mimetype=MEDIA_TYPE, as_attachment=True, download_name=filename, max_age=0)


def _formats(book: Any, **look: Any) -> dict[str, Any]:
    return {kind: book.add_format({"num_format": shape, **look}) for kind, shape in _FORMATS.items()}


def _write(
    page: Any, line: int, columns: Sequence[Column], row: Sequence[Any], formats: dict[str, Any]
) -> None:
    for place, (column, value) in enumerate(zip(columns, row, strict=True)):
        if value is None or value == "":
            continue
        if column.kind == "money":
            page.write_number(line, place, value / 100, formats["money"])
        elif column.kind == "percent":
            page.write_number(line, place, value / 1_000_000, formats["percent"])
        elif column.kind == "whole":
            page.write_number(line, place, value)
        elif isinstance(value, datetime):
            page.write_datetime(line, place, value.astimezone(CHINA).replace(tzinfo=None), formats["moment"])
        elif isinstance(value, date):
            page.write_datetime(line, place, value, formats["date"])
        else:
            page.write_string(line, place, str(value)[:32_767], formats["text"])


def record_export(actor: User, what: str, *, count: int, wanted: dict[str, Any]) -> None:
    """Audit that a list was taken out: who, which, narrowed to what, how many rows.

    Call it when the rows have been read: it ends the reading transaction and writes in one of its own.
    """
    db.session.rollback()
    begin_reading(False)
    home = actor.home
    audit.record(
        db.session,
        actor,
        "list.exported",
        actor,
        region_id=home.id if home else None,
        what=what,
        count=count,
        wanted={key: value for key, value in wanted.items() if value not in (None, "")},
    )
    db.session.commit()
