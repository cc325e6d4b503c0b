"""flask distributors …"""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from portal.cli.importing import REFUSED, UNREADABLE, as_json_text, as_text, mapping_of, progress_of, user_of
from portal.db import trouble_of
from portal.domain.distributors import importing
from portal.domain.distributors.models import Channel, Level
from portal.domain.errors import DomainError
from portal.extensions import db
from portal.web import troubles
from portal.web.htmx import say

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
        table = importing.read(file.read_bytes(), file.name, mapping_of(columns, importing.SPEC))
        acting, owning = user_of(actor), user_of(owner)
        with progress_of(table) as bar:

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
    click.echo(as_json_text(report) if as_json else as_text(report, table))
    sys.exit(REFUSED if report.refused else 0)


def _defaults(level: str | None, channel: str | None) -> importing.Defaults:
    """What new records are where the list does not say; in any word that a list may use."""
    usual = importing.Defaults()
    return importing.Defaults(
        Level(importing.word_of("level", level)) if level else usual.level,
        Channel(importing.word_of("channel", channel)) if channel else usual.channel,
    )
