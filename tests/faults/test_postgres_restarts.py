"""PostgreSQL restarted under a request, or asking to try again: an answer in words, or the work done once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor
from portal.domain.users.models import User
from portal.extensions import db
from tests.conftest import _migrated
from tests.faults.test_database_faults import FROM_HERE, TYPED, count, sent_again
from tests.postgres import PostgresServer
from tests.web.test_distributors_record import opened

SignIn = Callable[..., FlaskClient]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that may be stopped: the other tests' one goes on."""
    with PostgresServer() as own:
        yield own


@pytest.fixture(scope="module")
def template(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    _migrated(server.create_database("template_restarts"), tmp_path_factory.mktemp("restarts"))
    return "template_restarts"


@pytest.fixture
def database_url(server: PostgresServer, template: str) -> Iterator[str]:
    """A fresh database on that server; SQLite has no server to restart."""
    yield server.create_database("portal_restarts", template=template)
    server.drop_database("portal_restarts")


def at_statement(app: Flask, words: str, act: Callable[[], None]) -> None:
    """Do something right after the first statement that begins with these words."""
    left = [act]

    def ran(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if left and statement.lstrip().startswith(words):
            left.pop()()

    with app.app_context():
        event.listen(db.engine, "after_cursor_execute", ran)


def restart(server: PostgresServer) -> Callable[[], None]:
    def act() -> None:
        server.halt()
        server.resume()

    return act


def test_a_restart_between_two_requests_is_not_noticed(
    session: Session, server: PostgresServer, clerk: User, sign_in: SignIn
) -> None:
    browser = sign_in(clerk)
    assert browser.get("/distributors/").status_code == 200
    session.close()
    restart(server)()
    assert browser.get("/distributors/").status_code == 200


def test_a_restart_in_the_middle_of_looking_asks_to_try_again(
    app: Flask,
    session: Session,
    server: PostgresServer,
    distributor: Distributor,
    clerk: User,
    sign_in: SignIn,
) -> None:
    browser = sign_in(clerk)
    session.close()
    at_statement(app, "SELECT distributor.", restart(server))
    broken = browser.get(f"/distributors/{distributor.id}")
    assert broken.status_code == 503
    assert "Try again in a minute" in broken.text
    assert browser.get(f"/distributors/{distributor.id}").status_code == 200


def test_a_restart_in_the_middle_of_saving_saves_nothing_and_keeps_what_was_typed(
    app: Flask, session: Session, server: PostgresServer, clerk: User, sign_in: SignIn
) -> None:
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | TYPED
    before = count(session, AuditEvent)
    session.close()
    at_statement(app, "INSERT INTO distributor ", restart(server))
    broken = browser.post("/distributors/new", data=form, headers=FROM_HERE)
    assert broken.status_code == 503
    assert "Check whether your change is there" in broken.text
    assert (count(session, Distributor), count(session, AuditEvent)) == (0, before)
    assert sent_again(browser, broken).status_code == 303
    assert count(session, Distributor) == 1


def test_a_stopped_server_is_told_and_found_again_without_a_restart_of_the_portal(
    app: Flask, session: Session, server: PostgresServer, clerk: User, sign_in: SignIn, tmp_path: Path
) -> None:
    browser = sign_in(clerk, language="zh_CN")
    session.close()
    server.halt()
    try:
        assert browser.get("/healthz").status_code == 200
        assert browser.get("/readyz").status_code == 503
        for path in ("/", "/login", "/distributors/new"):
            gone = browser.get(path)
            assert (gone.status_code, gone.headers["Retry-After"]) == (503, "30"), path
            assert "与数据库的连接中断，请一分钟后重试" in gone.text
        file = tmp_path / "名录.csv"
        file.write_text("编码,名称\nA1,示例一号\n")
        result = app.test_cli_runner().invoke(args=["distributors", "import", str(file)])
        assert (result.exit_code, result.stdout) == (2, "")
        assert "与数据库的连接中断" in result.stderr
    finally:
        server.resume()
    assert browser.get("/readyz").status_code == 200
    assert browser.get("/distributors/").status_code == 200


def refuse_at_first(session: Session, times: int, code: str) -> None:
    """PostgreSQL aborts the first transactions that write a distributor; a sequence counts on regardless."""
    session.execute(sa.text("CREATE SEQUENCE tried"))
    session.execute(
        sa.text(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('tried') <= {times} THEN RAISE EXCEPTION 'try again' USING ERRCODE = '{code}'; END IF;"
            " RETURN NEW; END $$"
        )
    )
    session.execute(
        sa.text("CREATE TRIGGER refuse BEFORE INSERT ON distributor FOR EACH ROW EXECUTE FUNCTION refuse()")
    )
    session.commit()


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_postgresql_asks_to_try_again_is_done_once(
    session: Session, clerk: User, sign_in: SignIn, code: str
) -> None:
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | TYPED
    before = count(session, AuditEvent)
    refuse_at_first(session, 2, code)
    assert browser.post("/distributors/new", data=form).status_code == 303
    assert count(session, Distributor) == 1
    assert count(session, AuditEvent) == before + 1


def test_what_stays_in_conflict_is_told_after_three_tries(
    session: Session, clerk: User, sign_in: SignIn
) -> None:
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | TYPED
    refuse_at_first(session, 3, "40001")
    busy = browser.post("/distributors/new", data=form, headers=FROM_HERE)
    assert busy.status_code == 503
    assert "Nothing of yours was saved" in busy.text
    assert count(session, Distributor) == 0
    assert session.scalar(sa.text("SELECT last_value FROM tried")) == 3
    session.rollback()
    assert sent_again(browser, busy).status_code == 303
