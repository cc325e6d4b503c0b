"""Two people who import one list at once on PostgreSQL: the command tries again, and never ends in a traceback."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from portal.domain.price_protection.purchases.importing import PurchaseCourse
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.fund_world import FundWorld
from tests.domain.tabular_files import csv_text


class Crossed(Exception):
    """What PostgreSQL says of a key that another transaction took in the meantime."""

    sqlstate = "23505"


@pytest.fixture
def file(session, make, tmp_path):
    world = FundWorld(session, make)
    agreement = world.in_force()
    path = tmp_path / "进货.csv"
    path.write_text(
        csv_text(
            ("单据号", "行号", "经销商编码", "产品编码", "日期", "金额"),
            ("JH-1", "1", agreement.distributor.code, world.product.code, "2026-05-12", "100.00"),
        )
    )
    return path


def run(app, file):
    return app.test_cli_runner().invoke(args=["purchases", "import", str(file)])


def _crossing(monkeypatch, times: int) -> list[int]:
    take, turns = PurchaseCourse.take, []

    def crossed(self, batch):
        found = take(self, batch)
        turns.append(len(batch))
        if len(turns) <= times:
            raise IntegrityError("INSERT INTO purchase", {}, Crossed("duplicate key"))
        return found

    monkeypatch.setattr(PurchaseCourse, "take", crossed)
    return turns


def test_an_import_that_another_one_crossed_is_begun_again(app, session, file, monkeypatch):
    turns = _crossing(monkeypatch, 1)
    result = run(app, file)
    assert result.exit_code == 0, result.output
    assert turns == [1, 1]
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Purchase.id))) == 1


def test_one_that_is_crossed_for_ever_ends_with_words(app, session, file, monkeypatch):
    turns = _crossing(monkeypatch, 99)
    result = run(app, file)
    assert result.exit_code == 2 and len(turns) == 3
    assert isinstance(result.exception, SystemExit) and result.stderr.strip()
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Purchase.id))) == 0
