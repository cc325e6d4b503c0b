"""An import leaves the search as the register's own services would."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors import importing, search
from portal.domain.distributors.models import Distributor
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
    importing.apply(session, admin, importing.read(csv_text(HEAD, *rows).encode(), "名录.csv"), owner=admin)
    session.commit()
    written = search_rows(session)
    assert len(written) == 2

    search.index(session, session.scalars(sa.select(Distributor.id)))
    assert search_rows(session) == written


def search_rows(session: Session) -> list[Any]:
    key = "id" if session.get_bind().dialect.name == "postgresql" else "rowid"
    rows = session.execute(sa.text(f"SELECT {key}, tokens FROM distributor_search ORDER BY 1"))
    return [tuple(row) for row in rows]
