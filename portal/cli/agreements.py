"""flask agreements …"""

import sys
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup

from portal.domain.documents import services as documents
from portal.domain.price_protection import queries
from portal.domain.price_protection.payload import current_paper
from portal.extensions import db
from portal.printing.joining import join

group = AppGroup("agreements", help="Price-protection agreements.")


@group.command("print")
@click.argument("numbers", metavar="NUMBER…", nargs=-1, required=True)
@click.option(
    "--out", "target", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write."
)
def print_(numbers: tuple[str, ...], target: Path) -> None:
    """Put the approved originals of these agreements into one PDF, in this order, for the printer.

    Exits 2, and writes nothing, when a number is unknown or its agreement has no approved original.
    """
    originals: list[bytes] = []
    for number in dict.fromkeys(numbers):
        agreement = queries.by_number(db.session, number)
        if agreement is None:
            _refuse(f"There is no agreement {number}.")
        paper = current_paper(agreement)
        if paper is None:
            _refuse(f"{number} has no approved original.")
        originals.append(documents.content(db.session, paper.document))
    joined, pages = join(originals)
    target.write_bytes(joined)
    click.echo(f"{target}: {len(originals)} agreements, {pages} pages")


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)
