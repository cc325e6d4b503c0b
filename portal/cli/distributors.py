"""flask distributors …"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from portal.db import trouble_of
from portal.domain.distributors import importing
from portal.domain.distributors.models import Channel, Level
from portal.domain.errors import DomainError
from portal.domain.tabular import Table
from portal.domain.users.models import User
from portal.domain.users.services import normal_username
from portal.extensions import db
from portal.web import troubles
from portal.web.htmx import say
from portal.web.importing import assumptions, column, reason, remark, stand_ins

REFUSED, UNREADABLE = 1, 2

group = AppGroup("distributors", help="The register of distributors.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--owner", metavar="USERNAME", help="Owner of every new record whose row names none.")
@click.option("--create-regions", is_flag=True, help="Make offices that do not exist below the head office.")
@click.option(
    "--level", metavar="LEVEL", help="Level of new records whose row gives none (二批, retailer …)."
)
@click.option("--channel", metavar="CHANNEL", help="Channel of new records whose row gives none (代理 …).")
@click.option("--as", "actor", metavar="USERNAME", help="Import as this user, within their offices.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADING=FIELD",
    help="Which field a column is, where that is not clear; nothing behind = leaves it out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_file(
    file: Path,
    dry_run: bool,
    owner: str | None,
    create_regions: bool,
    level: str | None,
    channel: str | None,
    actor: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Import the dealer list FILE (CSV or Excel).

    Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read,
    or the database did not take it: the thousands of rows before stay, and it can be run again.
    """
    try:
        table = importing.read(file.read_bytes(), file.name, _mapping(columns))
        acting, owning = _user(actor), _user(owner)
        with _progress(table) as bar:

            def done(rows: int) -> None:
                if not dry_run:
                    db.session.commit()  # others may write in between; run again, it goes on from there
                if bar is not None:
                    bar.update(rows - bar.pos)

            report = (importing.plan if dry_run else importing.apply)(
                db.session(),
                acting,
                table,
                owner=owning,
                create_regions=create_regions,
                defaults=_defaults(level, channel),
                progress=done,
            )
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    except DomainError as error:
        db.session.rollback()
        click.echo(say(error), err=True)
        sys.exit(UNREADABLE)
    except (SQLAlchemyError, OSError) as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        db.session.close()
        click.echo(troubles.words(trouble, is_writing=not dry_run), err=True)
        sys.exit(UNREADABLE)
    click.echo(_as_json(report) if as_json else _as_text(report, table))
    sys.exit(REFUSED if report.refused else 0)


def _user(username: str | None) -> User | None:
    """The active user of this sign-in name."""
    if username is None:
        return None
    found = db.session.scalar(
        sa.select(User).where(User.username == normal_username(username), User.deactivated_at.is_(None))
    )
    if found is None:
        raise DomainError("There is no active user %(name)s.", name=username)
    return found


def _defaults(level: str | None, channel: str | None) -> importing.Defaults:
    """What new records are where the list does not say; in any word that a list may use."""
    usual = importing.Defaults()
    return importing.Defaults(
        Level(importing.word_of("level", level)) if level else usual.level,
        Channel(importing.word_of("channel", channel)) if channel else usual.channel,
    )


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    """Which field each of the headings is; an unknown field is refused with those there are."""
    fields = [known.field for known in importing.SPEC.columns]
    mapping = {}
    for pair in columns:
        heading, _equals, field = pair.rpartition("=")
        if not heading or (field and field not in fields):
            raise DomainError(
                "%(pair)s is not HEADING=FIELD. Fields: %(fields)s", pair=pair, fields=", ".join(fields)
            )
        mapping[heading] = field
    return mapping


def _progress(table: Table) -> Any:
    """A bar on the terminal for files that take a while."""
    if table.count < 2_000 or not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(length=table.count, file=sys.stderr)


def _as_json(report: importing.ImportReport) -> str:
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


def _as_text(report: importing.ImportReport, table: Table) -> str:
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
