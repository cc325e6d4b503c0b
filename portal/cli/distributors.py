"""flask distributors …"""

from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from portal.cli.importing import carry_out, import_options, user_of
from portal.domain.distributors import importing
from portal.domain.distributors.importing import DealerCourse, DealerReport
from portal.domain.distributors.models import Channel, Level
from portal.domain.tabular import Table
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.dealer_lists import assumptions, stand_ins

group = AppGroup("distributors", help="The register of distributors.")


@group.command("import")
@import_options
@click.option("--owner", metavar="USERNAME", help="Owner of every new record whose row names none.")
@click.option("--create-regions", is_flag=True, help="Make offices that do not exist below the head office.")
@click.option(
    "--level", metavar="LEVEL", help="Level of new records whose row gives none (二批, retailer …)."
)
@click.option("--channel", metavar="CHANNEL", help="Channel of new records whose row gives none (代理 …).")
def import_file(
    owner: str | None, create_regions: bool, level: str | None, channel: str | None, **asked: Any
) -> None:
    """Import the dealer list FILE (CSV or Excel).

    Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read,
    or the database did not take it: the thousands of rows before stay, and it can be run again.
    """

    def course_of(actor: User | None, table: Table) -> DealerCourse:
        owning, defaults = user_of(owner), _defaults(level, channel)
        writes = not asked["dry_run"]
        return DealerCourse(db.session(), actor, table, owning, create_regions, defaults, writes=writes)

    carry_out(importing.SPEC, course_of, more=_offices, **asked)


def _defaults(level: str | None, channel: str | None) -> importing.Defaults:
    """What new records are where the list does not say; in any word that a list may use."""
    usual = importing.Defaults()
    return importing.Defaults(
        Level(importing.word_of("level", level)) if level else usual.level,
        Channel(importing.word_of("channel", channel)) if channel else usual.channel,
    )


def _offices(report: DealerReport) -> list[str]:
    """What the list says nothing about, and the offices that it names."""
    lines = [*assumptions(report), *stand_ins(report)]
    if report.regions_missing:
        names = "、".join(f"{name} ({count})" for name, count in report.regions_missing.items())
        lines.append(_("Offices that do not exist: %(names)s. --create-regions creates them.", names=names))
    if report.regions_created:
        lines.append(_("Offices created: %(names)s", names="、".join(report.regions_created)))
    return lines
