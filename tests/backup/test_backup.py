"""Backups: what a file holds, what it refuses, and that the same file restores onto either database."""

import hashlib
import json
import random
import threading
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_migrate import upgrade

from portal import create_app
from portal.backup import format
from portal.backup.format import MANIFEST, Archive, Unreadable, kind_of
from portal.backup.writing import write
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.tables import every_table
from portal.extensions import db
from tests.web.access_rows import rows_of_region


@pytest.fixture
def full(session, make):
    """A database with a row of every kind: two regions, an agreement, papers, files of several pieces."""
    north = make.region("示例北区")
    owner = make.user(Role.SALESPERSON, north, username="owner", name="林晓𠮷")
    # A record that stands before the one that it points to, as no order of the table could put it.
    child = make.distributor(north, owner, name="示例下级商贸有限公司")
    parent = make.distributor(north, owner, name="示例上级“特殊”商贸\\有限公司")
    child.parent_id = parent.id
    child.longitude, child.latitude = 120.155071, 30.274084999999997
    documents.store(session, bytes(range(256)) * 10_000, filename="大文件 扫描.pdf", by=owner)
    settings.change(session, None, regions.head_office(session), {"release_days": 20})
    session.commit()
    rows_of_region(session, make, north)
    return session


@pytest.fixture
def backup(app, tmp_path):
    def run(*args, name="portal.backup"):
        return app.test_cli_runner().invoke(args=["backup", str(tmp_path / name), *args])

    return run


@pytest.fixture
def onto(request, tmp_path):
    """A new, empty database of the kind asked for, with an application on it."""
    made = []

    def make(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / 'onto.sqlite3'}"
        else:
            server = request.getfixturevalue("postgres")
            url = server.create_database("portal_onto")
        app = create_app(
            SQLALCHEMY_DATABASE_URI=url,
            INSTANCE=tmp_path / "instance-onto",
            SECRET_KEY="test",
            ASSETS="local",
        )
        made.append((app, kind))
        return app

    yield make
    for app, kind in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        if kind == "postgresql":
            request.getfixturevalue("postgres").drop_database("portal_onto")


def contents(engine):
    """Every row of every table, as the file keeps them."""
    with engine.connect().execution_options(portal_deferred=True) as connection:
        return {
            table.name: [
                dict(row._mapping)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in every_table()
        }


def engine_of(app):
    with app.app_context():
        return db.engine


def test_every_table_of_a_migrated_database_is_in_the_file_or_made_from_it(app, session):
    names = set(sa.inspect(session.connection()).get_table_names())
    derived = {name for name in names if name.startswith("distributor_search")} | {"alembic_version"}
    assert names - derived == {table.name for table in every_table()}


def test_every_column_has_a_kind_that_the_file_knows():
    for table in every_table():
        for column in table.columns:
            assert kind_of(column)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_same_file_restores_onto_either_database(app, full, backup, onto, tmp_path, kind):
    saved = backup()
    assert saved.exit_code == 0, saved.output
    assert (tmp_path / "portal.backup").stat().st_mode & 0o777 == 0o600
    target = onto(kind)
    put_back = target.test_cli_runner().invoke(args=["restore", str(tmp_path / "portal.backup")])
    assert put_back.exit_code == 0, put_back.output

    before, after = contents(engine_of(app)), contents(engine_of(target))
    told = after["audit_event"].pop()
    assert (told["action"], told["actor_id"]) == ("database.restored", None)
    for row in before["sign_in"] + after["sign_in"]:
        row.pop("ended_at")
    assert {name: len(rows) for name, rows in after.items()} == {n: len(rows) for n, rows in before.items()}
    assert after == before
    assert sum(map(len, after.values())) > 30

    with target.app_context():
        # The triggers guard again, the full-text table finds, and new rows get ids of their own.
        db.session.execute(sa.text("UPDATE sign_in SET address = 'x'"))
        with pytest.raises(sa.exc.DatabaseError, match="keeps what was written"):
            db.session.execute(sa.text("UPDATE audit_event SET action = 'x'"))
        db.session.rollback()
        found = db.session.scalars(search.matching(db.session, "上级")).all()
        assert [db.session.get(Distributor, id).name for id in found] == ["示例上级“特殊”商贸\\有限公司"]
        region = regions.add_region(
            db.session, code="NEU", name="示例新区", parent=regions.head_office(db.session)
        )
        db.session.commit()
        assert region.id == max(row["id"] for row in before["region"]) + 1
        # Foreign keys bind at once again.
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(sa.text("UPDATE distributor SET region_id = 999999"))
        db.session.rollback()
        assert db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))


def test_a_row_beyond_every_limit_is_put_back_and_a_line_longer_than_was_said_is_refused(
    app, full, backup, onto, tmp_path, monkeypatch
):
    monkeypatch.setattr(format, "LONGEST_LINE", 100)
    assert backup().exit_code == 0
    path = tmp_path / "portal.backup"
    with format.Archive(path) as archive:
        longest = {member.table: member.longest for member in archive.manifest.members}
    assert longest["document_blob"] > 100 * 100, "the test needs a row that is too long"
    target = onto("sqlite")
    put_back = target.test_cli_runner().invoke(args=["restore", str(path)])
    assert put_back.exit_code == 0, put_back.output
    assert contents(engine_of(target))["document_blob"] == contents(engine_of(app))["document_blob"]

    # Files of earlier versions say nothing of their lines: the fixed limit holds for them.
    monkeypatch.setattr(format.Writing, "longest", property(lambda self: 0, lambda self, value: None), False)
    assert backup(name="old.backup").exit_code == 0
    old = str(tmp_path / "old.backup")
    refused = target.test_cli_runner().invoke(args=["restore", old, "--replace"])
    assert refused.exit_code == 2, refused.output
    assert "cannot be read" in refused.output


def test_a_backup_taken_during_writes_is_one_moment(app, full, make, tmp_path):
    """Two rows are always written together; no file may hold one without the other."""
    stop, written = threading.Event(), []

    def keep_writing():
        with app.app_context():
            office = regions.head_office(db.session)
            while not stop.is_set():
                settings.change(
                    db.session, None, office, {"release_days": 10 + len(written) % 40, "cure_days": 10}
                )
                settings.change(db.session, None, office, {"cure_days": 11})
                db.session.commit()
                written.append(1)
            db.session.remove()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        engine = engine_of(app)
        with app.app_context():
            head = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
            db.session.remove()
        for turn in range(4):
            path = tmp_path / f"{turn}.backup"
            write(engine, path, head=head)
            with Archive(path) as archive:
                archive.verify()
                members = {member.table: member for member in archive.manifest.members}
                said = {row["key"]: row["value"] for row in archive.rows(members["setting"])}
                events = [
                    row["params"]["changes"]
                    for row in archive.rows(members["audit_event"])
                    if row["action"] == "settings.changed"
                ]
            held = {}
            for changes in events:
                held |= {key: after for key, (_before, after) in changes.items()}
            assert held == said
    finally:
        stop.set()
        writer.join(20)
    assert written


def turned(content: bytes, place: int, bit: int = 0x10) -> bytes:
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no backup":
        path.write_bytes(b"PK\x03\x04 this is something else")
    elif how == "a bit turned":
        with zipfile.ZipFile(path) as archive:
            part = archive.getinfo("tables/document_blob.jsonl")
        path.write_bytes(turned(content, part.header_offset + part.compress_size // 2))
    else:
        rewritten(path, how)


def rewritten(path: Path, how: str) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts[MANIFEST])
    if how == "a row changed":
        parts["tables/region.jsonl"] = parts["tables/region.jsonl"].replace(b"HQ", b"QH")
    elif how == "a part missing":
        del parts["tables/distributor.jsonl"]
    elif how == "a newer version":
        manifest["revision"] = "9999"
    elif how == "another format":
        manifest["format"] = 2
    elif how == "another zip":
        del parts[MANIFEST]
    if MANIFEST in parts:
        parts[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "how",
    [
        *("cut off", "empty", "no backup", "a bit turned", "a row changed", "a part missing"),
        *("a newer version", "another format", "another zip"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_and_the_database_stays(app, full, backup, tmp_path, how):
    assert backup().exit_code == 0
    path = tmp_path / "portal.backup"
    damaged(path, how)
    before = contents(engine_of(app))
    refused = app.test_cli_runner().invoke(args=["restore", str(path), "--replace"])
    assert refused.exit_code == 2, refused.output
    assert contents(engine_of(app)) == before


def test_wherever_a_bit_turns_the_file_is_refused_or_says_the_same(full, backup, tmp_path):
    """A ZIP also holds what nobody reads, such as the hour of a part: with that turned, the rows are still whole."""
    assert backup().exit_code == 0
    path = tmp_path / "portal.backup"
    content = path.read_bytes()
    with Archive(path) as archive:
        whole = archive.manifest
        last = archive._zip.start_dir
    refused = 0
    rng = random.Random(20261122)
    places = [*rng.sample(range(last), 150), *rng.sample(range(last, len(content)), 250)]
    for place in places:
        path.write_bytes(turned(content, place, 1 << rng.randrange(8)))
        try:
            with Archive(path) as archive:
                archive.verify()
                assert archive.manifest == whole, place
        except Unreadable:
            refused += 1
    assert refused > len(places) // 3


def test_a_row_that_points_nowhere_is_refused_and_the_database_stays(app, full, backup, tmp_path):
    """Whole by its checksums, yet it does not hold together: nothing of it stays."""
    assert backup().exit_code == 0
    path = tmp_path / "portal.backup"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts[MANIFEST])
    for member in manifest["members"]:
        if member["table"] == "setting":
            part = "tables/setting.jsonl"
            rows = [json.loads(line) for line in parts[part].splitlines()]
            place = [column["name"] for column in member["columns"]].index("region_id")
            rows[0][place] = 424242
            parts[part] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
            member["sha256"] = hashlib.sha256(parts[part]).hexdigest()
    parts[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    before = contents(engine_of(app))
    refused = app.test_cli_runner().invoke(args=["restore", str(path), "--replace"])
    assert refused.exit_code == 2 and "hold together" in refused.output
    assert contents(engine_of(app)) == before
    with app.app_context():
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(sa.text("UPDATE setting SET region_id = 424242"))
        db.session.rollback()


def test_a_database_that_holds_something_is_replaced_only_when_told(app, full, backup, tmp_path):
    assert backup().exit_code == 0
    before = contents(engine_of(app))
    restore = app.test_cli_runner().invoke
    path = str(tmp_path / "portal.backup")
    refused = restore(args=["restore", path])
    assert refused.exit_code == 2 and "--replace" in refused.output
    assert contents(engine_of(app)) == before
    full.execute(sa.update(Distributor).values(name="改了"))
    full.commit()
    assert restore(args=["restore", path, "--replace"]).exit_code == 0
    assert contents(engine_of(app))["distributor"] == before["distributor"]


def test_a_backup_replaces_no_file_and_leaves_none_half_made(app, full, backup, tmp_path, monkeypatch):
    (tmp_path / "portal.backup").write_text("precious")
    refused = backup()
    assert refused.exit_code == 2 and "exists already" in refused.output
    assert (tmp_path / "portal.backup").read_text() == "precious"

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full_disk)
    refused = backup(name="other.backup")
    assert refused.exit_code == 2 and "No space left" in refused.output
    assert not [path for path in tmp_path.iterdir() if "other.backup" in path.name]


def test_keys_are_in_the_file_only_when_asked_for(app, make_app, full, backup, onto, tmp_path):
    instance = app.config["INSTANCE"]
    (instance / "secret_key").write_text("示例 key".replace("示例 ", "secret-"), encoding="ascii")
    assert backup().exit_code == 0 and backup("--with-keys", name="keys.backup").exit_code == 0
    with Archive(tmp_path / "portal.backup") as archive:
        assert archive.manifest.keys == {}
    target = onto("sqlite")
    other = target.config["INSTANCE"] / "secret_key"
    other.write_text("another")
    runner = target.test_cli_runner()
    assert runner.invoke(args=["restore", str(tmp_path / "keys.backup")]).exit_code == 0
    assert other.read_text() == "another"
    args = ["restore", str(tmp_path / "keys.backup"), "--with-keys", "--replace"]
    assert runner.invoke(args=args).exit_code == 0
    assert other.read_text() == "secret-key" and other.stat().st_mode & 0o777 == 0o600
    kept = [path for path in other.parent.iterdir() if ".before-" in path.name]
    assert [path.read_text() for path in kept] == ["another"]


@pytest.mark.parametrize("name", ["../outside", "portal.sqlite3", "/outside"])
def test_a_file_from_elsewhere_names_no_key_of_its_own(app, full, backup, onto, tmp_path, name):
    """Whole by its checksums, yet its key would be written wherever it likes."""
    path = tmp_path / "portal.backup"
    assert backup().exit_code == 0
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    manifest = json.loads(parts[MANIFEST])
    manifest["keys"] = {name: hashlib.sha256(b"key").hexdigest()}
    parts |= {MANIFEST: json.dumps(manifest).encode(), f"keys/{name}": b"key"}
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    target = onto("sqlite")
    refused = target.test_cli_runner().invoke(args=["restore", str(path), "--with-keys"])
    assert refused.exit_code == 2 and name in refused.output
    assert not (tmp_path / "outside").exists()


def test_a_file_can_be_checked_without_a_restore(app, full, backup, tmp_path):
    assert backup().exit_code == 0
    before = contents(engine_of(app))
    path = tmp_path / "portal.backup"
    checked = app.test_cli_runner().invoke(args=["restore", str(path), "--check"])
    assert checked.exit_code == 0 and "is whole" in checked.output
    rewritten(path, "a row changed")
    assert app.test_cli_runner().invoke(args=["restore", str(path), "--check"]).exit_code == 2
    assert contents(engine_of(app)) == before


def test_a_database_that_is_not_migrated_is_not_backed_up(onto, tmp_path):
    app = onto("sqlite")
    refused = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "x.backup")])
    assert refused.exit_code == 2 and "db upgrade" in refused.output
    with app.app_context():
        upgrade()
    assert app.test_cli_runner().invoke(args=["backup", str(tmp_path / "x.backup")]).exit_code == 0


def test_sign_ins_that_ran_end_with_a_restore(app, full, make, sign_in, backup, tmp_path):
    client = sign_in(make.user(Role.ADMINISTRATOR))
    assert client.get("/").status_code == 200
    assert backup().exit_code == 0
    args = ["restore", str(tmp_path / "portal.backup"), "--replace"]
    assert app.test_cli_runner().invoke(args=args).exit_code == 0
    assert client.get("/").status_code in (302, 303)
    with app.app_context():
        assert db.session.scalar(sa.select(AuditEvent).where(AuditEvent.action == "database.restored"))


def test_what_is_unreadable_is_a_refusal(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"not a zip")
    with pytest.raises(Unreadable):
        Archive(path)
    assert issubclass(Unreadable, DomainError)


def test_a_database_that_is_not_there_is_told_in_words_and_leaves_no_file(make_app, tmp_path):
    gone = make_app(SQLALCHEMY_DATABASE_URI=f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    refused = gone.test_cli_runner().invoke(args=["backup", str(tmp_path / "x.backup")])
    assert refused.exit_code == 2 and "does not answer" in refused.output
    assert not [path for path in tmp_path.iterdir() if "x.backup" in path.name]
