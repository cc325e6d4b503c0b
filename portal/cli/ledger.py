"""flask ledger …"""

import json
import sys

import click
from flask import current_app
from flask.cli import AppGroup

from portal.domain.i18n import N_
from portal.domain.price_protection.proving.examining import examine
from portal.extensions import db
from portal.web.speaking import both

group = AppGroup("ledger", help="The books of the price-protection fund.")


@group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(as_json: bool) -> None:
    """Look at every transfer, account and seal, and recompute whatever is kept; print the first break.

    Exit 0: everything holds; 1: something does not.
    """
    session = db.session()
    found = examine(session, current_app.config["LEDGER_KEY"].encode())
    session.commit()
    session.refresh(found)
    session.expunge(found)
    session.rollback()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "whole": found.is_whole,
                    "books": found.books,
                    "transfers": found.transfers,
                    "milliseconds": found.took_ms,
                    "break": (found.break_msgid % found.break_params) if found.break_msgid else None,
                },
                ensure_ascii=False,
            )
        )
    elif found.is_whole:
        told = N_("The books are whole: %(books)s books, %(transfers)s transfers, %(seconds)s s.")
        click.echo(
            both(told, books=found.books, transfers=found.transfers, seconds=f"{found.took_ms / 1000:.1f}")
        )
    else:
        click.echo(both(found.break_msgid, **found.break_params), err=True)
    sys.exit(0 if found.is_whole else 1)
