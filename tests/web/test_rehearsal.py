"""The pages of every day are rehearsed before the workers are forked: all that they make for good, and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats

from portal.db import in_a_hurry
from portal.domain.access.roles import Permission, Role
from portal.domain.users import queries
from portal.extensions import db
from portal.web.rehearsal import PAGES, SIGN_IN, rehearse
from tests.factories import Factory


def engine_of(app: Flask) -> sa.Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def statements(app: Flask) -> Any:
    """(text, whether it was compiled anew) of every statement from here on."""
    engine, seen = engine_of(app), []

    def listen(_connection: Any, _cursor: Any, text: str, _values: Any, context: Any, _many: bool) -> None:
        seen.append((text, getattr(context, "cache_hit", None) is CacheStats.CACHE_MISS))

    event.listen(engine, "before_cursor_execute", listen)
    yield seen
    event.remove(engine, "before_cursor_execute", listen)


def test_what_was_rehearsed_is_ready_and_nothing_was_written(
    app: Flask, make: Factory, statements: list[tuple[str, bool]]
) -> None:
    office = make.head_office()
    make.distributor(office, make.user(Role.EXECUTIVE, office))
    engine = engine_of(app)
    engine.clear_compiled_cache()
    statements.clear()

    assert rehearse(app) == list(PAGES)
    assert {text.split()[0] for text, _ in statements} <= {"SELECT", "WITH", "BEGIN", "PRAGMA"}
    assert sum(is_new for _, is_new in statements) > 20
    assert isinstance(engine.pool, sa.QueuePool)
    assert (engine.pool.checkedin(), engine.pool.checkedout()) == (0, 0)

    # What stands for many requests and was made of parts of others has another name the second time.
    first = sum(is_new for _, is_new in statements)
    statements.clear()
    assert rehearse(app) == list(PAGES)
    assert sum(is_new for _, is_new in statements) < first / 5


def test_an_empty_portal_rehearses_what_is_everybodys(app: Flask, make: Factory) -> None:
    assert rehearse(app) == [SIGN_IN]
    office = make.head_office()
    make.user(Role.EXECUTIVE, office)
    assert rehearse(app) == [page for page in PAGES if "{" not in page]


def test_the_pages_are_shown_to_whoever_sees_most(app: Flask, make: Factory) -> None:
    top = make.head_office()
    below = make.region("示例东区", top)
    assert queries.widest_holder(make.session, Permission.AGREEMENTS_APPROVE) is None
    manager = make.user(Role.REGIONAL_MANAGER, below)
    make.user(Role.AUDITOR, top)
    assert queries.widest_holder(make.session, Permission.AGREEMENTS_APPROVE) == manager
    director = make.user(Role.EXECUTIVE, top)
    make.user(Role.EXECUTIVE, top)
    assert queries.widest_holder(make.session, Permission.AGREEMENTS_APPROVE) == director


@pytest.mark.parametrize("content", [None, b"", b"no database" * 1000])
def test_a_database_that_is_not_there_or_not_ready_holds_nobody_up(
    make_app: Callable[..., Flask], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "elsewhere.sqlite3"
    if content is not None:
        file.write_bytes(content)
    app = make_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{file}")
    start = time.monotonic()
    assert rehearse(app) == []
    assert time.monotonic() - start < 2
    assert file.exists() == (content is not None)


def test_a_server_that_does_not_answer_holds_nobody_up(make_app: Callable[..., Flask]) -> None:
    app = make_app(SQLALCHEMY_DATABASE_URI="postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert rehearse(app) == []


def test_who_is_in_a_hurry_waits_for_locks_two_seconds(app: Flask) -> None:
    engine = engine_of(app)

    def patience() -> int:
        engine.dispose()
        told = "PRAGMA busy_timeout" if engine.dialect.name == "sqlite" else "SHOW lock_timeout"
        with engine.connect() as connection:
            found = str(connection.scalar(sa.text(told)))
        return int(found.removesuffix("s")) if found.endswith("s") else int(found) // 1000

    with in_a_hurry():
        assert patience() == 2
    assert patience() == 20
