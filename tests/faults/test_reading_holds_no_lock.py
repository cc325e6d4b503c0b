"""While a large upload is read, everybody else writes on (SQLite has one lock for all who write)."""

from io import BytesIO
from typing import Any

import pytest
from pysqlite3 import dbapi2 as sqlite3

from portal.blueprints.papers import numbers
from portal.domain.documents import services as documents
from portal.domain.price_protection.sheets import services as sheets
from tests.domain.agreement_world import AgreementWorld


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def lines(*rows: str) -> tuple[BytesIO, str]:
    return BytesIO("\n".join(rows).encode()), "示例.csv"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("place", "name", "address", "data"),
    [
        (
            sheets,
            "read_table",
            "/agreements/batches/drafts",
            {"file": lines("协议编号,草稿版本,单价", "X,1,2")},
        ),
        (
            numbers,
            "read_table",
            "/papers/parcels/numbers",
            {"file": lines("客户订单号,运单号", "X,SF1234567"), "sent_on": "2026-01-05"},
        ),
        (
            documents,
            "media_type_of",
            "/agreements/scans/new",
            {"files": [(BytesIO(b"%PDF-1.7 abc"), "示例.pdf")]},
        ),
    ],
    ids=["drafts", "courier", "scans"],
)
def test_reading_an_upload_holds_no_lock(
    world, app, sign_in, monkeypatch, place, name, address, data
) -> None:
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    read, told = getattr(place, name), []

    def looked(*given: Any) -> Any:
        other = sqlite3.connect(path, timeout=0.2)
        try:
            other.execute("BEGIN IMMEDIATE")
            told.append("free")
        except sqlite3.OperationalError as error:
            told.append(str(error))
        finally:
            other.close()
        return read(*given)

    monkeypatch.setattr(place, name, looked)
    sign_in(world.author).post(address, data={"region": str(world.region.id), **data})
    assert told and set(told) == {"free"}
