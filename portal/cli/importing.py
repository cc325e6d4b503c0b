"""What the commands that import a file have in common: on whose behalf, how far it is, what came of it."""

import json
import sys
from contextlib import nullcontext
from typing import Any

import click
import sqlalchemy as sa
from flask_babel import gettext as _

from portal.domain.distributors.importing import ImportReport
from portal.domain.errors import DomainError
from portal.domain.tabular import Spec, Table
from portal.domain.users.models import User
from portal.domain.users.services import normal_username
from portal.extensions import db
from portal.web.importing import assumptions, column, reason, remark, stand_ins

REFUSED, UNREADABLE = 1, 2


def user_of(username: str | None) -> User | None:
    """The active user of this sign-in name."""
    if username is None:
        return None
    found = db.session.scalar(
        sa.select(User).where(User.username == normal_username(username), User.deactivated_at.is_(None))
    )
    if found is None:
        raise DomainError("There is no active user %(name)s.", name=username)
    return found


def mapping_of(columns: tuple[str, ...], spec: Spec) -> dict[str, str]:
    """Which field each of the headings is; an unknown field is refused with those there are."""
    fields = [known.field for known in spec.columns]
    mapping = {}
    for pair in columns:
        heading, _equals, field = pair.rpartition("=")
        if not heading or (field and field not in fields):
            raise DomainError(
                "%(pair)s is not HEADING=FIELD. Fields: %(fields)s", pair=pair, fields=", ".join(fields)
            )
        mapping[heading] = field
    return mapping


def progress_of(table: Table) -> Any:
    """A bar on the terminal for files that take a while."""
    if table.count < 2_000 or not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(length=table.count, file=sys.stderr)


def as_json_text(report: ImportReport) -> str:
    """The report as one JSON object."""
    several = len(report.sheets) > 1
    return json.dumps(
        {
            "read": report.read,
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "refused": report.refused,
            "refusals": [
                {
                    **({"sheet": refusal.sheet} if several else {}),
                    "row": refusal.row,
                    "column": column(refusal),
                    "reason": reason(refusal),
                }
                for refusal in report.refusals
            ],
        },
        ensure_ascii=False,
    )


def as_text(report: ImportReport, table: Table) -> str:
    """The report in the reader's words."""
    several = len(report.sheets) > 1
    lines = [
        _(
            "%(read)s rows read: %(created)s created, %(updated)s updated, %(unchanged)s unchanged,"
            " %(refused)s refused.",
            read=report.read,
            created=report.created,
            updated=report.updated,
            unchanged=report.unchanged,
            refused=report.refused,
        )
    ]
    if not report.is_applied:
        lines.append(_("Nothing has been imported yet; this is a preview."))
    for refusal in report.refusals:
        facts = {"row": refusal.row, "column": column(refusal), "reason": reason(refusal)}
        lines.append(
            _("%(sheet)s, row %(row)s, %(column)s: %(reason)s", sheet=refusal.sheet, **facts)
            if several
            else _("Row %(row)s, %(column)s: %(reason)s", **facts)
        )
    for flag in report.flags:
        lines.append(
            _("%(sheet)s, row %(row)s: %(remark)s", sheet=flag.sheet, row=flag.row, remark=remark(flag))
            if several
            else _("Row %(row)s: %(remark)s", row=flag.row, remark=remark(flag))
        )
    lines += [*assumptions(report), *stand_ins(report)]
    if report.regions_missing:
        names = "、".join(f"{name} ({count})" for name, count in report.regions_missing.items())
        lines.append(_("Offices that do not exist: %(names)s. --create-regions creates them.", names=names))
    if report.regions_created:
        lines.append(_("Offices created: %(names)s", names="、".join(report.regions_created)))
    if report.totals:
        rows = "、".join(f"{sheet} {row}" if several else str(row) for sheet, row in report.totals)
        lines.append(_("Total rows left out: %(rows)s", rows=rows))
    if report.unknown_columns:
        lines.append(_("Columns not read: %(columns)s", columns="、".join(report.unknown_columns)))
    if report.sheets_ignored:
        lines.append(
            _("Sheets not read: %(sheets)s", sheets="、".join(name for name, _why in report.sheets_ignored))
        )
    return "\n".join(lines)
