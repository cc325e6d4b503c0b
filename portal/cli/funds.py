"""flask funds …"""

import json
import sys
from dataclasses import asdict
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from portal.cli.importing import carry_out, import_options
from portal.db import begin_reading
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.models import Job, JobState
from portal.domain.money import figures
from portal.domain.price_protection.closing import executing, proposing
from portal.domain.price_protection.closing.models import Proposal, Stage
from portal.domain.price_protection.closing.preview import CLOSING, Row, preview, totals
from portal.domain.price_protection.receivables.importing import ACCOUNTS, AccountCourse
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.tabular import Table
from portal.domain.users.models import User
from portal.extensions import db
from portal.jobs.running import perform
from portal.web.speaking import both
from portal.web.words import WORDS

group = AppGroup("funds", help="The price-protection fund.")
_DONE, _LEFT, _UNCONFIRMED = 0, 1, 3


@group.command("release")
@click.argument("quarter")
@click.option("--office", metavar="CODE", help="Only this office and those below it.")
@click.option("--preview", "only_preview", is_flag=True, help="Release nothing, whatever was confirmed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def release(quarter: str, office: str | None, only_preview: bool, as_json: bool) -> None:
    """Preview what QUARTER (2026Q3) releases, and do what two people confirmed on the page.

    Exit 0: done, previewed, or nothing to do; 1: something was left out, or another is at it; 2: no such quarter or
    office; 3: something is to be closed and nobody has confirmed it.
    """
    session = db.session()
    quarter = quarter.strip().upper()
    try:
        region = _office(session, office)
        rows = preview(session, quarter, region.id)
    except DomainError as error:
        raise click.UsageError(both(error.msgid, **error.params)) from None
    done: list[dict[str, Any]] = []
    code = _DONE
    if not only_preview:
        confirmed = _confirmed(session, quarter, region)
        session.rollback()
        done = [_do(id_) for id_ in confirmed]
        if any(one["left"] or not one["done"] for one in done):
            code = _LEFT
        elif not done and any(row.outcome in CLOSING for row in rows):
            code = _UNCONFIRMED
    if as_json:
        click.echo(json.dumps(_object(quarter, rows, done, code), ensure_ascii=False, default=str))
    else:
        _say(quarter, rows, done, code)
    sys.exit(code)


@group.command("accounts")
@import_options
@click.option("--quarter", metavar="QUARTER", required=True, help="The quarter of the list (2026Q3).")
def accounts(quarter: str, **asked: Any) -> None:
    """Import the account reconciliations (往来账) of QUARTER from FILE (CSV or Excel).

    Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read, or the database
    did not take it; it can be run again.
    """

    def course_of(actor: User | None, table: Table) -> AccountCourse:
        if actor is not None and not actor.can(Permission.ACCOUNTS_WRITE):
            raise DomainError(
                N_("%(name)s may not enter account reconciliations. Name somebody who may."), name=actor.name
            )
        return AccountCourse(db.session(), actor, table, quarter.upper(), writes=not asked["dry_run"])

    def keep(actor: User | None, data: bytes, course: AccountCourse) -> None:
        ACCOUNTS.keep(db.session(), actor, data, asked["file"].name, course)

    carry_out(ACCOUNTS.spec, course_of, keep=keep, **asked)


def _office(session: Session, code: str | None) -> Region:
    if code is None:
        return regions.head_office(session)
    found = session.scalar(sa.select(Region).where(Region.code == code))
    if found is None:
        raise DomainError(N_("There is no office with the code %(code)s."), code=code)
    return found


def _confirmed(session: Session, quarter: str, region: Region) -> list[int]:
    return list(
        session.scalars(
            sa.select(Proposal.id)
            .join(Region, Region.id == Proposal.region_id)
            .where(
                Proposal.quarter == quarter,
                Proposal.stage == Stage.CONFIRMED,
                Region.path.startswith(region.path),
            )
            .order_by(Proposal.id)
        )
    )


def _do(proposal_id: int) -> dict[str, Any]:
    """Do a confirmed close to its end, in the name of whoever confirmed it; nothing where a worker is at it."""
    begin_reading(False)
    session = db.session()
    proposal = session.get_one(Proposal, proposal_id)
    job = session.get(Job, proposal.job_id) if proposal.job_id else None
    refusal = ""
    if job is None or job.is_over or job.is_lost:
        assert proposal.confirmed_by is not None
        try:
            job = proposing.go_on(session, proposal.confirmed_by, proposal)
        except DomainError as error:  # somebody was faster, or confirms no more for this office
            session.rollback()
            refusal = both(error.msgid, **error.params)
    job_id = job.id if job is not None else 0
    session.commit()
    if not refusal:
        perform(job_id, "command")
    session.expire_all()
    job, proposal = session.get(Job, job_id), session.get_one(Proposal, proposal_id)
    result = job.result if job is not None else {}
    told = {
        "proposal": proposal_id,
        "done": proposal.stage is Stage.DONE,
        "at_work": job is not None and job.state is JobState.RUNNING,
        "reason": refusal or (both(job.error, **job.error_params) if job is not None and job.error else ""),
        "left": [str(one["number"]) for one in (*result.get("left", ()), *result.get("refused", ()))],
        **executing.counts(session, proposal),
    }
    session.rollback()
    return told


def _object(quarter: str, rows: list[Row], done: list[dict[str, Any]], code: int) -> dict[str, Any]:
    whole, offices = totals(rows)
    return {
        "quarter": quarter,
        "exit": code,
        "total": asdict(whole),
        "offices": [asdict(one) for one in offices],
        "agreements": [
            {
                "number": row.number,
                "distributor": row.distributor,
                "office": row.office,
                "outcome": str(row.outcome),
                "fund_fen": row.fund_fen,
                "interest_fen": row.interest_fen,
                "due_on": row.due_on.isoformat(),
                "cases": list(row.cases),
                "late_lines": row.late_lines,
                "waiting_lines": row.waiting_lines,
            }
            for row in rows
        ],
        "done": done,
    }


def _say(quarter: str, rows: list[Row], done: list[dict[str, Any]], code: int) -> None:
    for row in rows:
        parts = [row.number, row.office, row.distributor, str(WORDS[row.outcome]), figures(row.fund_fen)]
        if row.interest_fen:
            parts.append(both(N_("interest %(sum)s"), sum=figures(row.interest_fen)))
        click.echo("  ".join([*parts, *row.cases]))
    whole, _ = totals(rows)
    click.echo(
        both(
            N_("%(quarter)s: %(count)s agreements, ¥%(release)s to release, ¥%(held)s held back by cases."),
            quarter=quarter,
            count=whole.agreements,
            release=figures(whole.release_fen),
            held=figures(whole.held_fen),
        )
    )
    for one in done:
        told = N_(
            "Done: %(stated)s agreements closed, ¥%(release)s released, %(printed)s statements printed."
        )
        click.echo(
            both(told, stated=one["stated"], release=figures(one["release_fen"]), printed=one["printed"])
        )
        if one["at_work"]:
            click.echo(both(N_("A worker is at it now; ask again when it has ended.")), err=True)
        if one["reason"]:
            click.echo(one["reason"], err=True)
        if one["left"]:
            click.echo(both(N_("Left out: %(numbers)s"), numbers="、".join(one["left"])), err=True)
    if code == _UNCONFIRMED:
        click.echo(
            both(
                N_("Nothing was released: propose the close on the page; a second person confirms it there.")
            ),
            err=True,
        )
