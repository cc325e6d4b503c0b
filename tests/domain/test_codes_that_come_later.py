"""A line that comes again with codes keeps them, with an event; none is lost in silence (P2)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.importing.report import Action
from portal.domain.price_protection.purchases.codes import trace
from portal.domain.price_protection.purchases.importing.files import PURCHASES
from portal.domain.price_protection.purchases.models import PurchaseCode
from tests.domain.fund_world import FundWorld, on_day
from tests.domain.tabular_files import csv_text

BOUGHT = date(2026, 7, 2)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


def codes_of(session, purchase) -> list[str]:
    session.rollback()
    kept = sa.select(PurchaseCode.code).where(PurchaseCode.purchase_id == purchase.id)
    return list(session.scalars(kept.order_by(PurchaseCode.id)))


def events(session) -> list[AuditEvent]:
    return list(session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "purchase.codes_added")))


def test_codes_that_come_later_are_kept_and_told(world, session):
    agreement = world.in_force()
    line = world.line(agreement, BOUGHT, 1_000_000, codes=("BX-1",))
    bought = world.book(line).lines[0]
    again = {"document_number": line.document_number}
    done = world.book(world.line(agreement, BOUGHT, 1_000_000, codes=("bx-1", "ＢＸ-2", "BX-3"), **again))
    assert (done.created, done.more_codes) == (set(), {bought.id: ["BX-2", "BX-3"]})
    assert codes_of(session, bought) == ["BX-1", "BX-2", "BX-3"]
    assert [one.purchase_id for one in trace(session, world.finance, "BX-3")] == [bought.id]
    (event,) = events(session)
    assert (event.actor_id, event.subject_id, event.params["codes"]) == (
        world.finance.id,
        bought.id,
        ["BX-2", "BX-3"],
    )
    assert event.region_id == agreement.region_id
    # Said again, or with none, nothing is added and nothing is lost.
    for codes in (("BX-2",), ()):
        done = world.book(world.line(agreement, BOUGHT, 1_000_000, codes=codes, **again))
        assert done.more_codes == {}
    assert codes_of(session, bought) == ["BX-1", "BX-2", "BX-3"]
    assert len(events(session)) == 1


def test_with_other_content_no_code_is_added(world, session):
    agreement = world.in_force()
    line = world.line(agreement, BOUGHT, 1_000_000)
    bought = world.book(line).lines[0]
    other = world.line(agreement, BOUGHT, 2_000_000, codes=("BX-9",), document_number=line.document_number)
    assert isinstance(world.book(other).lines[0], DomainError)
    assert codes_of(session, bought) == []
    assert events(session) == []


def test_an_import_tells_which_lines_get_codes_before_and_after(world, session):
    agreement = world.in_force()
    line = world.line(agreement, BOUGHT, 1_000_000)
    bought = world.book(line).lines[0]
    head = ("单据号", "行号", "经销商编码", "产品编码", "日期", "金额", "箱码")
    row = (
        line.document_number, "1", agreement.distributor.code, world.product.code, BOUGHT.isoformat(), "10000.00",
        "BX-7",
    )  # fmt: skip
    session.commit()
    for writes in (False, True):
        table = PURCHASES.read(csv_text(head, row, row).encode(), "示例.csv")
        with on_day(date(2026, 7, 9)):
            course = PURCHASES.course(session, world.finance, table, writes=writes)
            list(course.chunks())
            session.commit()
        report = course.report
        assert report.counts == {Action.UPDATED: 1, Action.UNCHANGED: 1}, [
            one.reason for one in report.refusals
        ]
        assert [change.after for change in report.rows[0].changes if change.name == "codes"] == ["BX-7"]
        assert codes_of(session, bought) == (["BX-7"] if writes else [])
