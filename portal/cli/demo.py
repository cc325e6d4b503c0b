"""flask demo."""

from datetime import timedelta

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from portal.db import clock_at, now, today
from portal.demo.agenda import Agenda
from portal.demo.batches import Batches
from portal.demo.cases import Cases
from portal.demo.contracts import Contracts
from portal.demo.meetings import Meetings
from portal.demo.payments import Payments
from portal.demo.people import PEOPLE, load
from portal.demo.policies import Policies
from portal.demo.proceedings import Proceedings
from portal.demo.purchases import DAYS, Purchases
from portal.demo.quarters import Quarters
from portal.demo.register import Register
from portal.demo.statements import Statements
from portal.demo.trail import Trails
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from portal.later import later
from portal.printing import pool
from portal.printing.statements import render_statement
from portal.web.papers import deed_original, original
from portal.web.vault import vault

scans = later("portal.demo.scans")  # what reads pictures is heavy


@click.command("demo")
@click.option("--if-first-start", is_flag=True, help="Do nothing, quietly, where there is a user already.")
@with_appcontext
def command(if_first_start: bool) -> None:
    """Load fictional offices, users, distributors and agreements into an empty database; print the sign-ins."""
    if db.session.scalar(sa.select(sa.func.count()).select_from(User)):
        if users.demo_sign_ins(db.session):
            if not if_first_start:
                click.echo("The demo is loaded already. 演示数据已经载入。")
            _print_sign_ins()
        elif not if_first_start:
            raise click.ClickException(
                "This database has users of its own: the demo goes into an empty one only. "
                "Name another folder with PORTAL_INSTANCE."
            )
        return
    password_hash = users.hash_password(users.DEMO_PASSWORD)
    with clock_at(now() - timedelta(days=910)):
        offices, people = load(db.session, password_hash)
    distributors = Register(db.session, offices, people).load()
    db.session.commit()
    contracts = Contracts(db.session, people, original, deed_original)
    contracts.load(distributors)
    Batches(db.session, people).load()
    Trails(db.session, people).load()
    scans.load(db.session, people)
    agenda, paid = Agenda(), Payments(db.session, people)
    cases = Cases(db.session(), people, vault())
    since = today() - timedelta(days=DAYS)
    quarters = Quarters(db.session(), offices, people, render_statement)
    for course in (
        *cases.courses(),
        quarters.course(since),
        quarters.proposed(),
        paid.course(since),
    ):
        agenda.add(course)
    bought = Purchases(db.session, people).load(agenda)
    agenda.up_to(today())
    Statements(db.session(), people).load()
    Meetings(db.session(), people).load()
    Policies(db.session(), people).load()
    Proceedings(db.session(), people).load()
    cases.sweep()
    pool.close()
    click.echo(
        f"{len(distributors)} distributors, {contracts.written} agreements, {bought} purchase lines, "
        f"{paid.made} payments."
    )
    _print_sign_ins()


def _print_sign_ins() -> None:
    """The demo's sign-ins, one a line; every one has the same password."""
    click.echo(f"Sign-ins (password {users.DEMO_PASSWORD} 演示账号，密码同此):")
    for person in PEOPLE:
        click.echo(f"  {person.username:<16}{person.name}  {person.role.value}, {person.office}")
