"""The tests' own PostgreSQL does what the other tests rely on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from tests import postgres
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def _engine(url: str) -> Engine:
    return create_engine(url)


def test_databases_know_nothing_of_one_another_and_a_template_is_copied(server: PostgresServer) -> None:
    first = _engine(server.create_database("first"))
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE dealer (name text)"))
        connection.execute(text("INSERT INTO dealer VALUES ('示例一号商贸')"))
    first.dispose()

    copy = _engine(server.create_database("copy", template="first"))
    empty = _engine(server.create_database())
    with copy.connect() as connection:
        assert connection.scalar(text("SELECT name FROM dealer")) == "示例一号商贸"
    with empty.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('dealer')")) is None
    copy.dispose()
    empty.dispose()


def test_a_database_of_the_same_name_is_made_anew_even_while_someone_is_connected(
    server: PostgresServer,
) -> None:
    engine = _engine(server.create_database("again"))
    connection = engine.connect()
    connection.execute(text("CREATE TABLE dealer (name text)"))
    connection.commit()
    again = _engine(server.create_database("again"))
    with again.connect() as fresh:
        assert fresh.scalar(text("SELECT to_regclass('dealer')")) is None
    connection.invalidate()
    engine.dispose()
    again.dispose()


def test_chinese_and_rare_characters_keep_their_order_and_length(server: PostgresServer) -> None:
    engine = _engine(server.create_database())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT length('𠮷喆')")) == 2
        assert connection.scalar(text("SELECT lower('ÄB')")) == "äb"
    engine.dispose()


def test_nothing_is_left_when_it_stops() -> None:
    server = PostgresServer().start()
    url = server.create_database("last")
    folder = Path(url.partition("host=")[2])
    assert folder.is_dir()
    server.stop()
    assert not folder.exists()
    server.stop()


def test_it_starts_from_a_checkout_that_others_may_not_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_open_to_all", lambda path: False)
    with PostgresServer() as server:
        engine = _engine(server.create_database())
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW server_encoding")) == "UTF8"
        engine.dispose()
