"""flask agreements …"""

import io
import sys
from pathlib import Path
from typing import NoReturn

import click
import pikepdf
from flask.cli import AppGroup

from portal.domain.documents import services as documents
from portal.domain.price_protection import queries
from portal.domain.price_protection.payload import current_paper
from portal.extensions import db

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
    pages = _merge(originals, target)
    click.echo(f"{target}: {len(originals)} agreements, {pages} pages")


def _merge(originals: list[bytes], target: Path) -> int:
    """Write the pages of all files into one; gives their number."""
    with pikepdf.new() as merged:
        for original in originals:
            with pikepdf.open(io.BytesIO(original)) as part:
                merged.pages.extend(part.pages)
        count = len(merged.pages)
        merged.remove_unreferenced_resources()
        merged.save(target)
    return count


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)
