"""flask backup and flask restore."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from alembic import command as alembic
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.engine import Connection

from portal.backup.format import Archive, Manifest
from portal.backup.restoring import restore as put_back
from portal.backup.writing import write
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.extensions import db
from portal.web.speaking import both

FAILED = 2
Result = TypeVar("Result")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-keys", is_flag=True, help="Put the secret key of the instance folder in as well.")
@with_appcontext
def backup(file: Path, with_keys: bool) -> None:
    """Write everything the database holds, documents included, into the new FILE; the portal may be in use.

    FILE fits SQLite and PostgreSQL alike. It holds personal data: only its owner may read it.
    Exit 2: nothing was written.
    """
    keys = current_app.config["INSTANCE"] if with_keys else None
    made = _refusing(lambda: write(db.engine, file, head=_heads()[0], keys_of=keys))
    click.echo(
        both(
            N_("%(file)s: %(tables)s tables, %(rows)s rows, %(size)s MB, version %(revision)s."),
            **_facts(made, file),
        )
    )
    if with_keys and not made.keys:
        click.echo(both(N_("No key is in it: the key comes from PORTAL_SECRET_KEY. Keep it yourself.")))
    elif not made.keys:
        click.echo(both(N_("The secret key is not in it; --with-keys puts it in.")))


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Lose what the database holds now.")
@click.option("--with-keys", is_flag=True, help="Put the keys of the file into the instance folder as well.")
@click.option("--check", is_flag=True, help="Only verify the file; the database is not touched.")
@with_appcontext
def restore(file: Path, replace: bool, with_keys: bool, check: bool) -> None:
    """Put a backup into an empty database, SQLite or PostgreSQL, whichever it was made from. Stop the server first.

    All of it is put back or nothing. Every sign-in ends. Exit 2: nothing was changed.
    """
    if check:
        made = _refusing(lambda: _verified(file))
        click.echo(
            both(
                N_(
                    "%(file)s is whole: %(tables)s tables, %(rows)s rows, version %(revision)s, of %(made_at)s."
                ),
                **_facts(made, file),
            )
        )
        return
    keys = current_app.config["INSTANCE"] if with_keys else None
    total = _refusing(lambda: _opened(file)).rows
    with click.progressbar(length=total, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        made = _refusing(
            lambda: put_back(
                db.engine,
                file,
                migrate=_migrate,
                revisions=_revisions(),
                replace=replace,
                keys_to=keys,
                progress=bar.update,
            )
        )
    click.echo(
        both(
            N_(
                "%(file)s of %(made_at)s is put back: %(tables)s tables, %(rows)s rows. Everybody signs in again."
            ),
            **_facts(made, file),
        )
    )


def _facts(made: Manifest, file: Path) -> dict[str, Any]:
    return {
        "file": file,
        "tables": len(made.members),
        "rows": f"{made.rows:,}",
        "size": f"{file.stat().st_size / 1_000_000:,.1f}",
        "revision": made.revision,
        "made_at": made.made_at,
    }


def _refusing(work: Callable[[], Result]) -> Result:
    """The result of the work; a refusal, or a disk that is full, is told in both languages."""
    try:
        return work()
    except DomainError as error:
        click.echo(both(error.msgid, **error.params), err=True)
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().split("\n")[0]
        click.echo(both(N_("The database does not answer: %(reason)s"), reason=reason), err=True)
    except OSError as error:
        click.echo(both(N_("The file cannot be read or written: %(reason)s"), reason=error), err=True)
    sys.exit(FAILED)


def _opened(file: Path) -> Manifest:
    with Archive(file) as archive:
        return archive.manifest


def _verified(file: Path) -> Manifest:
    with Archive(file) as archive:
        archive.verify()
        return archive.manifest


def _config() -> Any:
    return current_app.extensions["migrate"].migrate.get_config()


def _heads() -> list[str]:
    return list(ScriptDirectory.from_config(_config()).get_heads())


def _revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _migrate(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    alembic.upgrade(config, revision)
