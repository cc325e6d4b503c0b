"""flask purchases …"""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from portal.cli.importing import REFUSED, UNREADABLE, as_json_text, as_text, mapping_of, progress_of, user_of
from portal.db import trouble_of
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.purchases import importing
from portal.domain.price_protection.purchases.importing import files
from portal.extensions import db
from portal.web import troubles
from portal.web.htmx import say

group = AppGroup("purchases", help="Purchases and returns.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
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
    file: Path, dry_run: bool, actor: str | None, columns: tuple[str, ...], as_json: bool
) -> None:
    """Import the purchases and returns of FILE (CSV or Excel); what an agreement protects accrues at once.

    Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read, or the database
    did not take it: the thousands of rows before stay, and it can be run again.
    """
    try:
        data = file.read_bytes()
        table = importing.read(data, file.name, mapping_of(columns, importing.SPEC))
        acting = user_of(actor)
        if acting is not None and not acting.can(Permission.PURCHASES_IMPORT):
            raise DomainError("%(name)s may not import purchases. Name somebody who may.", name=acting.name)
        with progress_of(table) as bar:
            course = importing.Course(db.session(), acting, table, writes=not dry_run)
            for _told in course.chunks():
                if not dry_run:
                    db.session.commit()  # others may write in between; run again, it goes on from there
                if bar is not None:
                    bar.update(course.report.read - bar.pos)
        report = course.report
        if dry_run:
            db.session.rollback()
        else:
            files.keep(db.session(), acting, data, file.name, course)
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
    click.echo(as_json_text(report) if as_json else as_text(report, table))
    sys.exit(REFUSED if report.refused else 0)
