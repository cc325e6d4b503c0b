"""The database busy, gone, full or restarted: told calmly, nothing half-written, well again by itself."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor, DistributorDocument
from portal.domain.documents.models import Blob
from portal.domain.users.models import User
from portal.extensions import db
from tests.factories import Factory
from tests.web.test_distributors_record import entries, opened

SignIn = Callable[..., FlaskClient]
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"name": "湖州样板商贸有限公司", "address": "虚构路 51 号\r\n二楼 <后门>"}


def on_connect(app: Flask, statement: str) -> None:
    """Run a statement on every connection from now on, after the portal's own."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()

        @event.listens_for(db.engine, "connect")
        def said(connection: Any, _record: Any) -> None:
            connection.cursor().execute(statement)
            if db_is_postgres(app):
                connection.commit()


def db_is_postgres(app: Flask) -> bool:
    return "postgres" in app.config["SQLALCHEMY_DATABASE_URI"]


@contextmanager
def held_by_another_process(app: Flask, distributor: Distributor) -> Iterator[None]:
    """The database's only writer (SQLite), or the row and the table (PostgreSQL), held by somebody else."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if db_is_postgres(app):
        with psycopg.connect(url.replace("+psycopg", "")) as other:
            other.execute("LOCK TABLE distributor, sign_in_throttle IN SHARE ROW EXCLUSIVE MODE")
            yield
        return
    code = (
        "import sys, pysqlite3; c = pysqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read(1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, url.removeprefix("sqlite:///")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        yield
        holder.communicate(b"x")


def count(session: Session, model: Any) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def sent_again(browser: FlaskClient, answer: TestResponse) -> TestResponse:
    """Press the button of the page that kept what was typed."""
    action = answer.text.split('id="again" action="')[1].split('"')[0]
    data = {name: unescape(value) for name, value in entries(answer.text).items()}
    return browser.post(unescape(action), data=data, headers=FROM_HERE)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Nothing of yours was saved"), ("zh_CN", "本次内容尚未保存")]
)
def test_a_locked_database_is_told_calmly_and_keeps_what_was_typed(
    app: Flask,
    session: Session,
    distributor: Distributor,
    clerk: User,
    sign_in: SignIn,
    language: str,
    words: str,
) -> None:
    browser = sign_in(clerk, language=language)
    form = opened(browser, "/distributors/new") | TYPED
    on_connect(app, "SET lock_timeout = '100ms'" if db_is_postgres(app) else "PRAGMA busy_timeout = 100")
    before = count(session, AuditEvent)
    session.rollback()
    with held_by_another_process(app, distributor):
        busy = browser.post("/distributors/new", data=form, headers=FROM_HERE)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
        assert words in busy.text and clerk.name in busy.text
        assert browser.get(f"/distributors/{distributor.id}").status_code == 200
        assert browser.get("/readyz").status_code == 200
        # What htmx asks from an open form leaves the form where it is.
        beside = browser.post("/distributors/new", data=form, headers={"HX-Request": "true"})
        assert (beside.status_code, beside.headers["HX-Retarget"]) == (503, "#notices")
        assert words in beside.text and "<html" not in beside.text
    assert (count(session, Distributor), count(session, AuditEvent)) == (1, before)
    made = sent_again(browser, busy)
    assert made.status_code == 303
    assert count(session, Distributor) == 2
    row = session.scalars(sa.select(Distributor).where(Distributor.name == TYPED["name"])).one()
    assert row.address == "虚构路 51 号 二楼 <后门>"


def test_a_sign_in_while_the_database_is_locked_gives_no_password_back(
    app: Flask, distributor: Distributor, client: FlaskClient, session: Session
) -> None:
    session.rollback()
    on_connect(app, "SET lock_timeout = '100ms'" if db_is_postgres(app) else "PRAGMA busy_timeout = 100")
    with held_by_another_process(app, distributor):
        secret = {"username": "somebody", "password": "geheim-geheim"}
        busy = client.post("/login", data=secret, headers=FROM_HERE)
    assert busy.status_code == 503
    assert "geheim" not in busy.text and 'id="again"' not in busy.text


def test_an_import_by_command_says_that_the_database_is_locked(
    app: Flask, session: Session, distributor: Distributor, tmp_path: Path, make: Factory
) -> None:
    make.user(Role.ADMINISTRATOR)
    file = tmp_path / "名录.csv"
    file.write_text("编码,名称\nA1,示例一号\n")
    session.rollback()
    on_connect(app, "SET lock_timeout = '100ms'" if db_is_postgres(app) else "PRAGMA busy_timeout = 100")
    with held_by_another_process(app, distributor):
        result = app.test_cli_runner().invoke(args=["distributors", "import", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "本次内容尚未保存" in result.stderr and "Traceback" not in result.stderr
    assert count(session, Distributor) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("loss", ["removed", "replaced by nothing readable"])
def test_a_database_file_that_is_gone_is_missed_and_found_again(
    app: Flask, session: Session, clerk: User, sign_in: SignIn, loss: str
) -> None:
    """An open connection would write on into a file without a name, as if all were well."""
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | TYPED
    session.close()
    file = Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    # What stands in the log beside the file belongs to it.
    plain = pysqlite3.connect(str(file))
    assert plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    plain.close()
    aside = file.rename(file.with_name("aside"))
    if loss != "removed":
        file.mkdir()
    assert browser.get("/healthz").status_code == 200
    ready = browser.get("/readyz")
    assert ready.status_code == 503
    for path in ("/", "/distributors/", "/login"):
        gone = browser.get(path)
        assert (gone.status_code, gone.headers["Retry-After"]) == (503, "30"), path
        assert "connection to the database was lost" in gone.text
    gone = browser.post("/distributors/new", data=form, headers=FROM_HERE)
    assert gone.status_code == 503
    assert "Check whether your change is there" in gone.text
    if loss == "removed":
        assert not file.exists(), "an empty database was made in its place"
    else:
        file.rmdir()
    aside.rename(file)
    assert browser.get("/readyz").status_code == 200
    assert count(session, Distributor) == 0
    assert sent_again(browser, gone).status_code == 303
    assert count(session, Distributor) == 1


def test_an_import_by_command_says_that_the_database_is_gone(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "名录.csv"
    file.write_text("编码,名称\nA1,示例一号\n")
    nowhere = make_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/no/such/folder/portal.sqlite3")
    result = nowhere.test_cli_runner().invoke(args=["distributors", "import", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "与数据库的连接中断" in result.stderr


# ---- Full --------------------------------------------------------------------------------------------------------


@contextmanager
def full(app: Flask, session: Session) -> Iterator[None]:
    """No page may be added to SQLite's file; PostgreSQL says what it says of a full disk when a row is added."""
    session.rollback()
    if db_is_postgres(app):
        session.execute(
            sa.text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
                " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
            )
        )
        for table in ("document_blob", "audit_event"):
            session.execute(
                sa.text(
                    f"CREATE TRIGGER full_ BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
                )
            )
        session.commit()
        yield
        session.execute(sa.text("DROP FUNCTION refuse() CASCADE"))
        session.commit()
        return
    pages = session.scalar(sa.text("PRAGMA page_count"))
    session.rollback()
    on_connect(app, f"PRAGMA max_page_count = {pages}")
    yield
    on_connect(app, "PRAGMA max_page_count = 1000000")


def test_a_full_disk_refuses_uploads_with_words_and_loses_nothing(
    app: Flask, session: Session, distributor: Distributor, clerk: User, sign_in: SignIn
) -> None:
    browser = sign_in(clerk)
    address, before = f"/distributors/{distributor.id}/documents/new", count(session, AuditEvent)

    def upload() -> TestResponse:
        scan = BytesIO(b"%PDF-1.7 " + bytes(3 * 2**20))
        return browser.post(
            address, data={"title": "执照 <1>", "file": (scan, "执照.pdf")}, headers=FROM_HERE
        )

    with full(app, session):
        refused = upload()
        assert refused.status_code == 507
        assert "storage is full" in refused.text and "existing data is safe" in refused.text
        # The title is kept, the file is asked for again.
        assert unescape(entries(refused.text)["title"]) == "执照 <1>"
        assert (
            "Choose the file 执照.pdf again" in refused.text
            and 'enctype="multipart/form-data"' in refused.text
        )
        assert browser.get(f"/distributors/{distributor.id}").status_code == 200
    assert (count(session, Blob), count(session, DistributorDocument), count(session, AuditEvent)) == (
        0,
        0,
        before,
    )
    assert upload().status_code == 303
    assert count(session, Blob) == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_upload_that_the_disk_does_not_take_is_refused_with_words(
    session: Session, distributor: Distributor, clerk: User, sign_in: SignIn
) -> None:
    """Large uploads rest in a file before any view sees them."""
    browser = sign_in(clerk)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    session.rollback()
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7 '
    body = head + bytes(6 * 2**20) + b"\r\n--b--\r\n"
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 2**20, before[1]))
        refused = browser.post(
            f"/distributors/{distributor.id}/documents/new",
            data=body,
            content_type="multipart/form-data; boundary=b",
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.status_code == 507
    assert "storage is full" in refused.text
    assert count(session, DistributorDocument) == 0
