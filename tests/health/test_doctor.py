"""Every check against what it must notice: a table of broken states, and the state that is in order."""

import json
import shutil
import zoneinfo
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysqlite3
import pytest
import sqlalchemy as sa

from portal import config
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.regions import services as regions
from portal.extensions import db
from portal.health import configuration, database, examine, machine, queue
from portal.health.findings import Check, State, ok
from portal.health.here import here
from portal.jobs.health import QueueHealth
from portal.printing import health as printing

GOOD = {
    "BASE_URL": "https://portal.example.com",
    "PROXIES": 1,
    "SECRET_KEY": "k" * 48,
    "SESSION_COOKIE_SECURE": True,
    "ASSETS": "cdn",
}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def place(app):
    """A place where everything is in order."""
    instance = app.config["INSTANCE"]
    instance.chmod(0o700)
    with app.app_context():
        found = here(is_thorough=True)
    found = replace(found, config={**app.config, **GOOD})
    if found.database_file:
        found.database_file.chmod(0o600)
    return found


def states(look, place):
    return [finding.state for finding in look(place)]


def troubles(look, place):
    """What a check finds besides what is in order."""
    return [
        (f.state, f.text % f.params if f.params else f.text) for f in look(place) if f.state is not State.OK
    ]


def only(look, place, state, part):
    """Exactly one trouble of this state, whose words hold `part`; it says what to do."""
    found = troubles(look, place)
    assert len(found) == 1, found
    assert found[0][0] is state
    assert part in found[0][1], found
    assert all(f.todo for f in look(place) if f.state is not State.OK)


@pytest.mark.parametrize(
    "look",
    [
        *(database.database, machine.letters, machine.libraries, machine.clock),
        *(configuration.secrets, configuration.settings, configuration.pages),
    ],
)
def test_in_order_a_check_says_so(place, look):
    found = states(look, place)
    assert found and set(found) == {State.OK}


# --- Settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "state", "part"),
    [
        ({"BASE_URL": "", "PROXIES": 0}, State.WARNING, "not set"),
        ({"BASE_URL": "portal.example.com", "PROXIES": 0}, State.FAILED, "is not an address"),
        ({"BASE_URL": "ftp://portal.example.com", "PROXIES": 0}, State.FAILED, "is not an address"),
        ({"BASE_URL": "https://portal.example.com?x=1"}, State.FAILED, "is not an address"),
        ({"BASE_URL": "http://127.0.0.1:8000", "PROXIES": 0}, State.WARNING, "this machine only"),
        ({"BASE_URL": "http://localhost", "PROXIES": 0}, State.WARNING, "this machine only"),
        ({"BASE_URL": "http://[::1]:8000", "PROXIES": 0}, State.WARNING, "this machine only"),
        ({"BASE_URL": "http://portal.example.com"}, State.WARNING, "not encrypted"),
        ({"SESSION_COOKIE_SECURE": False}, State.FAILED, "Cookies"),
        ({"PROXIES": 0}, State.WARNING, "PORTAL_PROXIES is 0"),
        ({"PROXIES": -1}, State.FAILED, "no number of proxies"),
        ({"PROXIES": 40}, State.FAILED, "no number of proxies"),
        ({"ASSETS": "cnd"}, State.FAILED, "cdn and local"),
    ],
)
def test_settings_that_contradict_are_named(place, said, state, part):
    only(configuration.settings, replace(place, config={**place.config, **said}), state, part)


def test_a_trusted_proxy_in_front_of_nothing_is_named(place):
    place = replace(place, config={**place.config, "BASE_URL": "http://127.0.0.1:8000"})
    found = [text for _state, text in troubles(configuration.settings, place)]
    assert len(found) == 2 and "pretend another address" in found[1]


# --- Secrets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "short", "k" * 31])
def test_a_short_key_is_named(place, key):
    place = replace(place, config={**place.config, "SECRET_KEY": key})
    only(configuration.secrets, place, State.FAILED, "can be forged")


def test_a_key_that_the_portal_makes_itself_is_long_enough_and_closed(tmp_path, monkeypatch):
    monkeypatch.delenv("PORTAL_SECRET_KEY", raising=False)
    assert len(config.secret_key(tmp_path)) >= 32
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("mode", "is_trouble"), [(0o644, True), (0o640, True), (0o600, False), (0o400, False)]
)
def test_a_key_that_others_can_read_is_named(place, mode, is_trouble):
    path = place.instance / "secret_key"
    path.write_text("x" * 48)
    path.chmod(mode)
    assert [state for state, _text in troubles(configuration.secrets, place)] == [State.FAILED] * is_trouble


def test_a_folder_and_a_database_that_others_can_read_are_named(place):
    place.instance.chmod(0o755)
    only(configuration.secrets, place, State.WARNING, "can read")
    if place.database_file:
        place.database_file.chmod(0o644)
        assert len(troubles(configuration.secrets, place)) == 2


def test_the_demos_sign_ins_are_named_where_others_reach_them(place, session, make):
    user = make.user(Role.ADMINISTRATOR, is_demo=True)
    only(configuration.secrets, place, State.WARNING, "whose password everybody knows")
    here = replace(place, config={**place.config, "BASE_URL": "http://127.0.0.1:8000"})
    assert not troubles(configuration.secrets, here)
    user.deactivated_at = datetime.now(UTC)
    session.commit()
    assert not troubles(configuration.secrets, place)


# --- Pages and letters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", configuration._ASSETS)
@pytest.mark.parametrize("how", ["missing", "empty"])
@on_sqlite
def test_a_missing_file_of_the_pages_is_named(place, tmp_path, name, how):
    static = tmp_path / "static"
    shutil.copytree(place.static, static)
    (static / name).unlink()
    if how == "empty":
        (static / name).touch()
    only(configuration.pages, replace(place, static=static), State.FAILED, name)


@on_sqlite
def test_chinese_texts_that_are_not_compiled_are_named(place, tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "_CATALOGUES", tmp_path)
    only(configuration.pages, place, State.FAILED, "messages.mo")


@on_sqlite
@pytest.mark.parametrize(("how", "part"), [("missing", "is missing"), ("another", "not the one that came")])
def test_another_font_or_none_is_named(place, tmp_path, monkeypatch, how, part):
    fonts = tmp_path / "fonts"
    shutil.copytree(printing.FONTS, fonts)
    face = fonts / printing.FACES[0]
    if how == "missing":
        face.unlink()
    else:
        face.write_bytes(face.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(printing, "FONTS", fonts)
    only(machine.letters, place, State.FAILED, part)


@on_sqlite
@pytest.mark.parametrize(
    ("library", "state"), [("harfbuzz-subset", State.WARNING), ("pango-1.0", State.FAILED)]
)
def test_a_missing_library_is_named_with_its_package(place, monkeypatch, library, state):
    find = printing.ctypes.util.find_library
    monkeypatch.setattr(
        printing.ctypes.util, "find_library", lambda name: None if name == library else find(name)
    )
    only(machine.libraries, place, state, library)
    finding = next(f for f in machine.libraries(place) if f.state is state)
    assert finding.todo % finding.params == f"Install the package {printing._LIBRARIES[library]}."


# --- Clock and disks ----------------------------------------------------------------------------------------------


def test_an_unknown_time_zone_is_named(place, monkeypatch):
    def unknown(key):
        raise zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(machine, "ZoneInfo", unknown)
    only(machine.clock, place, State.FAILED, "Asia/Shanghai is not available")


def moved(monkeypatch, by):
    class Moved(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    monkeypatch.setattr(machine, "datetime", Moved)


@on_sqlite
def test_a_clock_of_long_ago_is_named(place, monkeypatch):
    moved(monkeypatch, -timedelta(days=3650))
    only(machine.clock, place, State.FAILED, "long ago")


@on_postgresql
@pytest.mark.parametrize(
    ("seconds", "state"), [(20, State.WARNING), (-20, State.WARNING), (600, State.FAILED)]
)
def test_clocks_that_differ_are_named(place, monkeypatch, seconds, state):
    moved(monkeypatch, timedelta(seconds=seconds))
    only(machine.clock, place, state, "differ by")


def test_a_trail_from_the_future_is_named(place, session, make):
    event = audit.record(session, None, "region.edited", make.head_office())
    event.at = datetime.now(UTC) + timedelta(hours=1)
    session.commit()
    only(machine.clock, place, State.WARNING, "a clock was put back")


Usage = namedtuple("Usage", "total used free")


@on_sqlite
@pytest.mark.parametrize(
    ("total", "free", "state"),
    [
        (500 * machine.GIB, 200 * machine.GIB, State.OK),
        (500 * machine.GIB, 20 * machine.GIB, State.WARNING),
        (5 * machine.GIB, machine.GIB - 1, State.WARNING),
        (5 * machine.GIB, machine.GIB, State.OK),
        (500 * machine.GIB, 50 * 1024**2, State.FAILED),
    ],
)
def test_a_disk_that_fills_up_is_named(place, monkeypatch, total, free, state):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: Usage(total, total - free, free))
    found = states(machine.disks, place)
    assert found and set(found) == {state}


@on_sqlite
def test_a_folder_that_is_gone_is_named(place, tmp_path):
    gone = replace(place, config={**place.config, "INSTANCE": tmp_path / "gone"})
    assert any("cannot be read" in text for _state, text in troubles(machine.disks, gone))


# --- Database -----------------------------------------------------------------------------------------------------


def executed(place, *statements):
    with place.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@on_sqlite
@pytest.mark.parametrize("content", [b"this is no database, at all" * 400, b""])
def test_a_database_that_is_none_is_named(place, tmp_path, content):
    path = tmp_path / "other.sqlite3"
    path.write_bytes(content)
    engine = sa.create_engine(f"sqlite:///{path}", module=pysqlite3.dbapi2)
    found = troubles(database.database, replace(place, engine=engine))
    engine.dispose()
    assert len(found) == 1 and found[0][0] is State.FAILED
    assert ("The file is damaged" if content else "older version (—)") in found[0][1]


@on_postgresql
def test_a_server_that_is_gone_is_named(place, tmp_path):
    engine = sa.create_engine(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    only(database.database, replace(place, engine=engine), State.FAILED, "does not answer")
    engine.dispose()


@pytest.mark.parametrize(("version", "part"), [("9999", "newer"), (None, "older")])
def test_tables_of_another_version_are_named(place, version, part):
    if version is None:
        executed(place, "DELETE FROM alembic_version")
    else:
        executed(place, f"UPDATE alembic_version SET version_num = '{version}'")
    only(database.database, place, State.FAILED, part)


def test_lost_triggers_are_named(place):
    on_table = " ON audit_event" if place.engine.dialect.name == "postgresql" else ""
    name = "audit_event_is_kept" if on_table else "audit_event_no_delete"
    executed(place, f"DROP TRIGGER {name}{on_table}")
    only(database.database, place, State.FAILED, name)


@on_sqlite
def test_every_guarded_table_of_the_migrations_is_looked_at(place, session):
    triggers = session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    guarded = {name.removesuffix("_no_delete") for name in triggers if name.endswith("_no_delete")}
    assert guarded == {*database.GUARDED, *database.KEPT}


@on_sqlite
def test_a_damaged_file_is_named_when_looked_at_thoroughly(place, session, make):
    for _ in range(300):
        audit.record(session, None, "region.edited", regions.head_office(session), note="x" * 300)
    session.commit()
    session.close()
    place.engine.dispose()
    path = place.database_file
    with pysqlite3.dbapi2.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root, size = (
            connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_event'").fetchone()[0],
            connection.execute("PRAGMA page_size").fetchone()[0],
        )
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * size + 8 : (root - 1) * size + 60] = b"\xff" * 52
    path.write_bytes(content)
    assert any(state is State.FAILED for state, _text in troubles(database.database, place))


@on_sqlite
def test_a_row_that_points_nowhere_is_named(place):
    with pysqlite3.dbapi2.connect(place.database_file) as connection:
        connection.execute(
            "INSERT INTO setting (region_id, key, value, changed_at) VALUES (4711, 'x', '1', '2026-01-01')"
        )
    connection.close()
    only(database.database, place, State.FAILED, "setting points nowhere")


@on_sqlite
def test_a_file_that_cannot_be_written_is_named(place):
    read_only = sa.create_engine(
        f"sqlite:///file:{place.database_file}?mode=ro&uri=true", module=pysqlite3.dbapi2
    )
    found = troubles(database.database, replace(place, engine=read_only))
    read_only.dispose()
    assert any("cannot be written to" in text for _state, text in found)


@on_sqlite
def test_somebody_who_holds_the_write_lock_is_a_warning(place, monkeypatch):
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0)
    with place.engine.connect() as holder:
        holder.exec_driver_sql("SELECT 1")
        only(database.database, place, State.WARNING, "writing for more than")


@on_sqlite
def test_another_journal_or_no_foreign_keys_are_named(place, tmp_path):
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(place.database_file, copy)
    with pysqlite3.dbapi2.connect(copy) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    engine = sa.create_engine(f"sqlite:///{copy}", module=pysqlite3.dbapi2)
    found = " ".join(text for _state, text in troubles(database.database, replace(place, engine=engine)))
    engine.dispose()
    assert "Foreign keys are off" in found and "mode delete instead of WAL" in found


@on_postgresql
def test_a_database_in_another_encoding_is_named(place, postgres):
    url = sa.make_url(postgres.url("postgres"))
    with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS doctor_latin")
        connection.exec_driver_sql(
            "CREATE DATABASE doctor_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    engine = sa.create_engine(url.set(database="doctor_latin"))
    with engine.connect() as connection:
        finding = next(database._postgres(place, connection))
    engine.dispose()
    postgres.drop_database("doctor_latin")
    assert (finding.state, finding.params) == (State.FAILED, {"encoding": "LATIN1"})


@on_postgresql
def test_counters_that_were_left_behind_are_named(place, session, make):
    for _ in range(2):
        make.user(Role.SALESPERSON)
    assert not troubles(database.database, place)
    executed(place, "SELECT setval('user_account_id_seq', 1)")
    only(database.database, place, State.FAILED, "would collide")


# --- Queue --------------------------------------------------------------------------------------------------------

WELL = QueueHealth(
    is_immediate=False,
    last_beat=datetime.now(UTC) + timedelta(hours=1),
    waiting=0,
    waiting_since=None,
    running=1,
    failed=0,
)
LONG_AGO = datetime.now(UTC) - timedelta(hours=2)


@pytest.mark.parametrize(
    ("changes", "state", "part"),
    [
        ({"fault": "ConnectionError: refused"}, State.FAILED, "refused"),
        ({"last_beat": None}, State.WARNING, "No worker"),
        ({"last_beat": LONG_AGO, "waiting": 3}, State.FAILED, "tasks waiting: 3"),
        ({"waiting": 2, "waiting_since": LONG_AGO}, State.WARNING, "has been waiting since"),
        ({"failed": 4}, State.WARNING, "Failed tasks: 4"),
    ],
)
@on_sqlite
def test_a_queue_that_does_not_get_on_is_named(place, monkeypatch, changes, state, part):
    monkeypatch.setattr(queue, "queue_health", lambda: replace(WELL, **changes))
    only(queue.queue, place, state, part)


@on_sqlite
def test_a_queue_in_order_says_so(place, monkeypatch):
    monkeypatch.setattr(queue, "queue_health", lambda: WELL)
    assert states(queue.queue, place) == [State.OK]


# --- All together -------------------------------------------------------------------------------------------------


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(place):
    def breaks(_place):
        yield ok("first")
        raise RuntimeError("broken check")

    results = examine.examine(
        place, (Check("a", "A", breaks), Check("b", "B", lambda _place: iter([ok("fine")])))
    )
    assert [[f.state for f in result.findings] for result in results] == [
        [State.OK, State.FAILED],
        [State.OK],
    ]
    assert "broken check" in str(results[0].findings[1].params["reason"])
    assert examine.worst(results) is State.FAILED


def test_the_command_says_all_in_both_languages_and_exits_1_when_something_failed(make_app, tmp_path):
    app = make_app(**GOOD)
    with app.app_context():
        db.session.remove()
    app.config["INSTANCE"].chmod(0o700)
    good = app.test_cli_runner().invoke(args=["doctor"])
    assert "failed  故障" not in good.output and good.exit_code == 0, good.output
    assert "Database 数据库" in good.output
    app.config["SECRET_KEY"] = "short"
    bad = app.test_cli_runner().invoke(args=["doctor"])
    assert bad.exit_code == 1 and "failed  故障" in bad.output and "伪造" in bad.output


def test_the_command_gives_json(make_app):
    app = make_app(**{**GOOD, "ASSETS": "nonsense"})
    said = app.test_cli_runner().invoke(args=["doctor", "--json"])
    found = json.loads(said.stdout)
    assert said.exit_code == 1 and found["state"] == "failed"
    assert [check["check"] for check in found["checks"]] == [check.name for check in examine.CHECKS]
    settings = next(check for check in found["checks"] if check["check"] == "settings")
    assert settings["findings"][0]["state"] == "failed"
    assert "nonsense" in settings["findings"][0]["chinese"]


def test_the_checksums_are_those_of_the_fonts_that_ship():
    names = {line.split("  ")[1] for line in (printing.FONTS / "SHA256SUMS").read_text().splitlines()}
    assert names == set(printing.FACES) == {path.name for path in Path(printing.FONTS).glob("*.ttf")}


def test_the_demo_on_the_first_start_without_an_address_is_nothing_to_warn_about(place, make):
    make.user(Role.ADMINISTRATOR, is_demo=True)
    place = replace(place, config={**place.config, "BASE_URL": ""})
    assert not troubles(configuration.secrets, place)
    assert [said.text for said in configuration.secrets(place)] == [
        "The key, folder and database are closed to others; the demo's password is public."
    ]
