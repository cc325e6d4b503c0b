"""The demo: it loads into an empty database, once, and every kind of page has something to show."""

from datetime import date, datetime, time

import pytest
import sqlalchemy as sa

from portal.cli import demo
from portal.db import CHINA, clock_at
from portal.demo import scans
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import todos
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement, StatementReply, Verdict
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.overview import overview
from portal.domain.price_protection.payments.models import Payout
from portal.domain.price_protection.phases import Phase
from portal.domain.users.models import User
from portal.domain.users.services import DEMO_PASSWORD
from tests.domain.agreement_world import FakePrint, fake_render
from tests.domain.deed_world import fake_deed_render


@pytest.fixture
def load(app, monkeypatch):
    """`flask demo` with papers that take no time to print."""
    monkeypatch.setattr(demo, "original", fake_render)
    monkeypatch.setattr(demo, "deed_original", fake_deed_render)
    monkeypatch.setattr(demo, "render_statement", lambda data, *_text, **_said: FakePrint(b"%PDF-1.7 x", 1))
    monkeypatch.setattr(
        scans, "load", lambda _session, _people: None
    )  # it reads pages that were really printed
    return lambda *arguments: app.test_cli_runner().invoke(args=["demo", *arguments])


def person(session, username):
    session.rollback()
    return session.scalars(sa.select(User).where(User.username == username)).one()


def rows(session):
    session.rollback()
    return [
        session.scalar(sa.select(sa.func.count()).select_from(table))
        for table in (User, Distributor, Agreement, AuditEvent)
    ]


def test_the_demo_has_something_for_every_page_and_loads_once(app, session, load):
    first = load()
    assert first.exit_code == 0, first.output
    assert DEMO_PASSWORD in first.output

    manager, sales = person(session, "manager-hz"), person(session, "sales-hz")
    assert todos.awaiting_my_approval(session, manager)
    assert todos.to_print_or_sign(session, sales)
    assert todos.sent_back_to(session, sales)
    admin = person(session, "admin")
    phases = dict(overview(session, admin).phases)
    assert set(phases) >= {
        Phase.DRAFT,
        Phase.AWAITING_APPROVAL,
        Phase.AWAITING_SIGNATURE,
        Phase.EFFECTIVE,
        Phase.EXPIRED,
        Phase.TERMINATED,
        Phase.VOID,
    }
    owners = session.scalars(sa.select(User).where(User.id.in_(sa.select(Distributor.owner_id)))).all()
    ending = [todo for owner in owners for todo in todos.expiring(session, owner)]
    assert {todo.params["stage"] for todo in ending} == {7, 30, 90}
    assert any(todos.scan_missing(session, owner) for owner in owners)
    standings = set(session.scalars(sa.select(Distributor.standing).distinct()))
    assert standings >= {Standing.ACTIVE, Standing.SUSPENDED, Standing.ELIMINATING, Standing.PROSPECT}

    # The quarter that ended last: one region closed, with a deduction and a fund held back; one to confirm.
    session.rollback()
    stages = session.execute(sa.select(Proposal.stage, sa.func.count()).group_by(Proposal.stage)).all()
    assert dict(stages) == {Stage.DONE: 3, Stage.PROPOSED: 1}
    assert all(one.document_id for one in session.scalars(sa.select(Statement)))
    assert not any(one.left_out for one in session.scalars(sa.select(Proposal)))
    assert session.scalar(sa.select(sa.func.count()).where(Transfer.kind == TransferKind.CLAW_BACK_FUND))
    assert session.scalar(sa.select(sa.func.count()).where(Statement.suspended_fen > 0))
    assert session.scalar(sa.select(sa.func.count()).where(Transfer.kind == TransferKind.DEDUCT))
    assert session.scalar(sa.select(sa.func.count()).select_from(Payout)) > 20
    replies = session.execute(sa.select(StatementReply.fund, sa.func.count()).group_by(StatementReply.fund))
    assert {row[0] for row in replies} == {Verdict.AGREED, Verdict.OBJECTED}
    session.rollback()
    assert app.test_cli_runner().invoke(args=["ledger", "verify"]).exit_code == 0

    before = rows(session)
    for arguments in ((), ("--if-first-start",)):
        again = load(*arguments)
        assert again.exit_code == 0, again.output
        assert rows(session) == before

    # All is set up: nobody is asked for that.
    for username in ("admin", "manager-hz", "counsel"):
        entered = app.test_client()
        with entered.session_transaction() as cookie:
            cookie["language"] = "en"
        entered.post("/login", data={"username": username, "password": DEMO_PASSWORD})
        answer = entered.get("/")
        assert answer.status_code == 200
        assert "Set up first" not in answer.text


def test_a_database_with_users_of_its_own_is_left_alone(session, make, load):
    make.user(Role.ADMINISTRATOR)
    before = rows(session)
    answer = load()
    assert answer.exit_code == 1
    assert "users of its own" in answer.output
    assert rows(session) == before
    assert load("--if-first-start").exit_code == 0
    assert rows(session) == before
    assert session.scalar(sa.select(sa.func.count()).where(Agreement.status == Status.SIGNED)) == 0


@pytest.mark.parametrize("day", [date(2026, 10, 2), date(2026, 12, 31), date(2027, 1, 1)])
def test_the_demo_loads_on_any_day(day, app, session, load):
    with clock_at(datetime.combine(day, time(11), CHINA)):
        answer = load()
    assert answer.exit_code == 0, answer.output
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Statement)) > 15
    assert app.test_cli_runner().invoke(args=["ledger", "verify"]).exit_code == 0
