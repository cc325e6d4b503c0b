"""An import leaves the search as the register's own services would."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors import search
from portal.domain.distributors.importing import course
from portal.domain.distributors.models import Distributor
from tests.domain import dealer_imports
from tests.domain.tabular_files import csv_text
from tests.factories import Factory

CODE = "91110000600037341L"
HEAD = (
    "大区",
    "经销商编码",
    "经销商名称",
    "电话",
    "简称",
    "英文名称",
    "联系人",
    "联系人电话",
    "统一社会信用代码",
)


def test_the_import_writes_the_search_rows_that_the_register_would(session: Session, make: Factory) -> None:
    admin = make.user(Role.ADMINISTRATOR)
    make.region("华东大区")
    given = ("0571-8611666/8611999", "重庆商行", "Example One", "示例甲", "138 0000 0001", CODE)
    rows = [
        ("华东大区", "A-1", "重庆示例12号商行", *given),
        ("华东大区", "", "重庆第二示例商行", *([""] * 6)),
    ]
    dealer_imports.apply(
        session, admin, dealer_imports.read(csv_text(HEAD, *rows).encode(), "名录.csv"), owner=admin
    )
    session.commit()
    written = search_rows(session)
    assert len(written) == 2

    search.index(session, session.scalars(sa.select(Distributor.id)))
    assert search_rows(session) == written


def test_a_long_list_is_written_with_more_memory_and_every_row_of_it_is_found(
    session: Session, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "CHUNK", 10)
    admin = make.user(Role.ADMINISTRATOR)
    make.region("华东大区")
    rows = [("华东大区", f"A-{number}", f"示例{number}号商行", *([""] * 6)) for number in range(120)]
    meanwhile: list[tuple[int, int, str]] = []

    def done(_rows: int) -> None:
        meanwhile.append(settings(session))
        session.commit()

    usual = settings(session)
    table = dealer_imports.read(csv_text(HEAD, *rows).encode(), "名录.csv")
    dealer_imports.apply(session, admin, table, owner=admin, progress=done)
    session.commit()

    if session.get_bind().dialect.name == "sqlite":
        cache, checkpoint, _ = usual
        assert {merged for _, _, merged in meanwhile} == {"16"}
        # The first chunk's transaction began before anybody knew how long the list is.
        assert all(kept < 4 * cache < 0 and pages > checkpoint for kept, pages, _ in meanwhile[1:])
        assert settings(session) == (cache, checkpoint, "4")
        session.execute(
            sa.text("INSERT INTO distributor_search (distributor_search) VALUES ('integrity-check')")
        )
        session.commit()
    for number in (0, 4, 5, 59, 119):
        found = search.matching(session, f"{number}号商行")
        assert found is not None
        codes = set(session.scalars(sa.select(Distributor.code).where(Distributor.id.in_(found))))
        assert f"A-{number}" in codes
    assert len(search_rows(session)) == 120


def test_an_import_that_broke_off_is_put_right_by_the_next(session: Session, make: Factory) -> None:
    admin = make.user(Role.ADMINISTRATOR)
    make.region("华东大区")
    search.expect_many(session)
    session.commit()
    rows = [("华东大区", "A-1", "示例一号商行", *([""] * 6))]
    dealer_imports.apply(
        session, admin, dealer_imports.read(csv_text(HEAD, *rows).encode(), "名录.csv"), owner=admin
    )
    session.commit()
    if session.get_bind().dialect.name == "sqlite":
        assert settings(session)[2] == "4"


def settings(session: Session) -> tuple[int, int, str]:
    """Of SQLite: its memory for pages, pages of the log before it is taken over, segments before a merge."""
    if session.get_bind().dialect.name == "postgresql":
        return 0, 0, ""
    kept, pages = (session.scalar(sa.text(f"PRAGMA {name}")) for name in ("cache_size", "wal_autocheckpoint"))
    merged = session.scalar(sa.text("SELECT v FROM distributor_search_config WHERE k = 'automerge'"))
    return kept or 0, pages or 0, str(merged)


def search_rows(session: Session) -> list[Any]:
    key = "id" if session.get_bind().dialect.name == "postgresql" else "rowid"
    rows = session.execute(sa.text(f"SELECT {key}, tokens FROM distributor_search ORDER BY 1"))
    return [tuple(row) for row in rows]
