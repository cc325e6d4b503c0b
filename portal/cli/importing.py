"""What the commands that import a file have in common: options, on whose behalf, how far it is, what came of it.

Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read, or the database did
not take it: the thousands of rows before stay, and it can be run again.
"""

import json
import logging
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from portal.db import Trouble, is_for_another_try, trouble_of
from portal.domain.errors import DomainError
from portal.domain.importing.course import Course
from portal.domain.importing.report import ImportReport
from portal.domain.tabular import Spec, Table, read_table
from portal.domain.users.models import User
from portal.domain.users.services import normal_username
from portal.extensions import db
from portal.web import troubles
from portal.web.htmx import say
from portal.web.importing import column, reason, remark

REFUSED, UNREADABLE = 1, 2
_TRIES = 3
CourseT = TypeVar("CourseT", bound=Course[Any, Any])
_OPTIONS = (
    click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing."),
    click.option("--as", "actor", metavar="USERNAME", help="Import as this user, within their offices."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="HEADING=FIELD",
        help="Which field a column is, where that is not clear; nothing behind = leaves it out.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)


def import_options(command: Callable[..., None]) -> Callable[..., None]:
    """The file and the options of every import; `carry_out` takes them as they come."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def carry_out(
    spec: Spec,
    course_of: Callable[[User | None, Table], CourseT],
    *,
    file: Path,
    dry_run: bool,
    actor: str | None,
    columns: tuple[str, ...],
    as_json: bool,
    keep: Callable[[User | None, bytes, CourseT], object] = lambda _actor, _data, _course: None,
    more: Callable[[Any], list[str]] = lambda _report: [],
) -> None:
    """Import the file, or say what importing it would do, and end the process with what came of it.

    `course_of` gives the course for whoever imports; `keep` writes down the result; `more` is what the report of this
    kind of list has to say besides.
    """

    def through(data: bytes) -> CourseT:
        table = read_table(data, file.name, spec, mapping_of(columns, spec))
        acting = user_of(actor)
        with progress_of(table) as bar:
            course = course_of(acting, table)
            for _told in course.chunks(tells=False):
                if not dry_run:
                    db.session.commit()  # others may write in between; run again, it goes on from there
                if bar is not None:
                    bar.update(course.report.read - bar.pos)
        if dry_run:
            db.session.rollback()
        else:
            course.rest()
            keep(acting, data, course)
            db.session.commit()
        return course

    try:
        data = file.read_bytes()
        course = again_if_crossed(lambda: through(data))
    except DomainError as error:
        db.session.rollback()
        click.echo(say(error), err=True)
        sys.exit(UNREADABLE)
    except (SQLAlchemyError, OSError) as error:
        # Somebody imports the same lines at this moment, and goes on doing so.
        crossed = isinstance(error, DBAPIError) and is_for_another_try(error)
        trouble = Trouble.BUSY if crossed else trouble_of(error)
        if trouble is None:
            raise
        db.session.close()
        click.echo(troubles.words(trouble, is_writing=not dry_run), err=True)
        sys.exit(UNREADABLE)
    report = course.report
    click.echo(as_json_text(report) if as_json else as_text(report, more(report)))
    sys.exit(REFUSED if report.refused else 0)


def again_if_crossed(work: Callable[[], CourseT]) -> CourseT:
    """Do the work, and from its beginning again where another transaction of PostgreSQL came in its way.

    What it had committed by then is found as unchanged.
    """
    for _turn in range(_TRIES - 1):
        try:
            return work()
        except DBAPIError as error:
            db.session.rollback()
            if not is_for_another_try(error):
                raise
            logging.getLogger(__name__).info("import begun again: %s", error.orig)
    return work()


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


def as_text(report: ImportReport, more: list[str]) -> str:
    """The report in the reader's words, with what else there is to say."""
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
    lines += more
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
