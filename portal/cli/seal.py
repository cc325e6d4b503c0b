"""flask seal …"""

import sys
from datetime import datetime, time
from pathlib import Path
from typing import NoReturn

import click
from flask import current_app
from flask.cli import AppGroup

from portal.db import CHINA, now
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import electronic_sealing
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.extensions import db
from portal.sealing import certificate
from portal.sealing.certificate import SealFiles, SealTrouble
from portal.web import papers
from portal.web.speaking import both

group = AppGroup("seal", help="The company's electronic seal.")


@group.command("new")
def new() -> None:
    """Make a certificate that the company vouches for itself, where PORTAL_SEAL_FILE says.

    Without that setting it comes into the folder of the portal, and what to set is said. A file that is there
    is never replaced. Exit 2: nothing was made.
    """
    instance = Path(current_app.config["INSTANCE"])
    file = current_app.config["SEAL_FILE"] or str(instance / "seal.p12")
    password_file = current_app.config["SEAL_PASSWORD_FILE"] or str(Path(file).with_name("seal-password"))
    said = settings.values(db.session, regions.head_office(db.session))
    db.session.rollback()
    company = str(said.get("manufacturer_name") or "").strip()
    if not company:
        _refuse(
            N_(
                "The company has no name yet: fill it in under Administration, Company and defaults, then try again."
            )
        )
    try:
        made = certificate.make(
            company, str(said.get("manufacturer_uscc") or ""), SealFiles(file, password_file), now()
        )
    except FileExistsError:
        _refuse(
            N_("%(path)s is there already and is not replaced. To renew it, move it away first and keep it."),
            path=file,
        )
    except SealTrouble as trouble:
        _refuse(trouble.msgid, **trouble.params)
    except OSError as error:
        _refuse(
            N_("%(path)s cannot be written: %(reason)s"), path=error.filename or file, reason=error.strerror
        )
    click.echo(
        both(
            N_("Certificate of %(subject)s, valid until %(day)s: %(path)s"),
            subject=made.subject,
            day=f"{made.not_after.astimezone(CHINA):%Y-%m-%d}",
            path=file,
        )
    )
    click.echo(both(N_("Keep a copy of both files apart from the portal; a backup does not contain them.")))
    if not (current_app.config["SEAL_FILE"] and current_app.config["SEAL_PASSWORD_FILE"]):
        click.echo(both(N_("Set this and restart the portal; from then on originals are sealed:")))
        click.echo(f"PORTAL_SEAL_FILE={file}\nPORTAL_SEAL_PASSWORD_FILE={password_file}")


@group.command("originals")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Those approved on this day (in China) or later.",
)
def originals(since: datetime) -> None:
    """Seal the approved originals in use that carry no seal yet.

    Exit 0: all of them carry it now; 1: some could not be sealed, each is named; 2: there is no certificate.
    """
    if papers.seal_files() is None:
        _refuse(N_("Set PORTAL_SEAL_FILE first; “flask seal new” makes a certificate."))
    begins = datetime.combine(since.date(), time(), CHINA)
    done, failed = 0, 0
    for paper in electronic_sealing.unsealed_since(db.session, begins):
        number = electronic_sealing.number_of(paper)
        try:
            papers.seal_later(paper, None)
            db.session.commit()
            done += 1
        except DomainError as error:
            db.session.rollback()
            failed += 1
            click.echo(f"{number}: {both(error.msgid, **error.params)}", err=True)
    click.echo(both(N_("Sealed: %(done)s. Not sealed: %(failed)s."), done=done, failed=failed))
    sys.exit(1 if failed else 0)


def _refuse(msgid: str, **params: object) -> NoReturn:
    click.echo(both(msgid, **params), err=True)
    sys.exit(2)
