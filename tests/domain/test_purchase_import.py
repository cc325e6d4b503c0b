"""Importing purchases: once by document and line, each refused row with a reason that says what to do."""

import io
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import xlsxwriter

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Standing
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.purchases import importing
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.fund_world import FundWorld

HEAD = "单据号,行号,经销商编码,产品编码,进货日期,数量,金额,原单据号,原行号,批号"


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def agreement(world):
    return world.in_force()


def row(world, agreement, **said: str) -> str:
    cells = {
        "document": "JH-1",
        "line": "1",
        "distributor": agreement.distributor.code,
        "product": world.product.code,
        "day": "2026-05-06",
        "quantity": "",
        "amount": "1000.00",
        "returns": "",
        "returns_line": "",
        "codes": "",
        **said,
    }
    return ",".join(f'"{cell}"' for cell in cells.values())


def run(session, actor, *rows: str, head: str = HEAD, writes: bool = True, encoding: str = "utf-8"):
    table = importing.PURCHASES.read("\n".join((head, *rows)).encode(encoding), "list.csv")
    course = importing.PurchaseCourse(session, actor, table, writes=writes)
    for _told in course.chunks():
        if writes:
            session.commit()
    session.rollback()
    return course.report


def why(report) -> list[tuple[int, str, str]]:
    return [(one.row, str(one.column), str(DomainError(one.reason, **one.params))) for one in report.refusals]


def entered(session) -> list[tuple[str, int, int]]:
    return [
        tuple(one)
        for one in session.execute(
            sa.select(Purchase.document_number, Purchase.line_no, Purchase.amount_fen).order_by(Purchase.id)
        )
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_entered_once_and_accrues(world, session, agreement, encoding):
    rows = (
        row(
            world,
            agreement,
            document="TH-1",
            day="2026-06-01",
            amount="-400",
            returns="JH-1",
            returns_line="1",
        ),
        row(world, agreement, document="ＪＨ-1", amount="１,０００.00", quantity="12 箱", codes="b-1、b-2"),
        row(world, agreement, line="2", amount="17.5"),
    )
    first = run(session, world.finance, *rows, encoding=encoding)
    again = run(session, world.finance, *rows, encoding=encoding)
    assert (first.read, first.created, first.refused) == (3, 3, 0)
    assert (again.created, again.unchanged, again.refused) == (0, 3, 0)
    assert sorted(entered(session)) == [("JH-1", 1, 100_000), ("JH-1", 2, 1_750), ("TH-1", 1, -40_000)]
    assert world.balance(agreement, AccountKind.FUND, "2026Q2") == 1_200 + 35
    bought = session.scalars(sa.select(Purchase).where(Purchase.amount_fen == 100_000)).one()
    assert [one.code for one in bought.codes] == ["B-1", "B-2"]
    assert bought.quantity_milli == 12_000


def test_a_preview_writes_nothing_and_says_what_the_import_does(world, session, agreement):
    rows = (
        row(world, agreement),
        row(world, agreement),
        row(world, agreement, amount="2"),
        row(
            world,
            agreement,
            document="TH-1",
            day="2026-06-01",
            amount="-999",
            returns="JH-1",
            returns_line="1",
        ),
        row(
            world, agreement, document="TH-2", day="2026-06-01", amount="-2", returns="JH-1", returns_line="1"
        ),
    )
    told = run(session, world.finance, *rows, writes=False)
    assert entered(session) == []
    done = run(session, world.finance, *rows)
    assert why(told) == why(done)
    assert [(one.created, one.unchanged, one.refused) for one in (told, done)] == [(2, 1, 2)] * 2


def test_an_excel_file_is_read_with_its_dates_and_numbers(world, session, agreement):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet()
    page.write_row(0, 0, HEAD.split(","))
    for place, plain in enumerate((False, True), 1):
        page.write_row(place, 0, [f"JH-{place}", 1, agreement.distributor.code, world.product.code])
        if plain:
            page.write_number(place, 4, 46_148)
        else:
            page.write_datetime(place, 4, date(2026, 5, 6), book.add_format({"num_format": "yyyy-mm-dd"}))
        page.write_number(place, 6, 18_240.5)
    book.close()
    table = importing.PURCHASES.read(file.getvalue(), "list.xlsx")
    course = importing.PurchaseCourse(session, world.finance, table, writes=True)
    list(course.chunks())
    assert entered(session) == [("JH-1", 1, 1_824_050)]
    [(number, column, reason)] = why(course.report)
    assert (number, column) == (3, "进货日期")
    assert "46148" in reason and "2026-05-06" in reason


FUTURE = (today() + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("said", "column", "reason"),
    [
        pytest.param(
            {"day": FUTURE}, "进货日期", f"{FUTURE} is in the future", id="a purchase in the future"
        ),
        pytest.param(
            {"distributor": "D-999"}, "经销商编码", "no distributor D-999", id="unknown distributor"
        ),
        pytest.param({"product": "P-999"}, "产品编码", "no product P-999", id="unknown product"),
        pytest.param({"distributor": ""}, "经销商编码", "distributor is missing", id="no distributor"),
        pytest.param({"document": ""}, "单据号", "document number is missing", id="no document"),
        pytest.param({"line": ""}, "行号", "line number is missing", id="no line"),
        pytest.param({"line": "0"}, "行号", "no line number", id="line zero"),
        pytest.param({"line": "1.5"}, "行号", "no line number", id="half a line"),
        pytest.param({"amount": ""}, "金额", "amount is missing", id="no amount"),
        pytest.param({"amount": "0.00"}, "金额", "zero", id="zero amount"),
        pytest.param({"amount": "￥1,234.00"}, "金额", "currency sign", id="currency sign in front"),
        pytest.param({"amount": "1234元"}, "金额", "currency sign", id="currency word behind"),
        pytest.param({"amount": "$99"}, "金额", "currency sign", id="foreign currency"),
        pytest.param({"amount": "1.234"}, "金额", "two decimals", id="three decimals"),
        pytest.param({"amount": "1,23"}, "金额", "1,23", id="comma that parts no thousands"),
        pytest.param({"amount": "1e5"}, "金额", "scientific", id="scientific notation"),
        pytest.param({"amount": "一千"}, "金额", "cannot be read as a number", id="amount in words"),
        pytest.param({"amount": "99999999999999"}, "金额", "too large", id="amount beyond all sense"),
        pytest.param({"day": "46148"}, "进货日期", "2026-05-06", id="date as Excel serial number"),
        pytest.param({"day": "五月初"}, "进货日期", "cannot be read as a date", id="date as free text"),
        pytest.param({"day": "2026/2/30"}, "进货日期", "no such day", id="a day that there is not"),
        pytest.param({"day": ""}, "进货日期", "date is missing", id="no date"),
        pytest.param({"day": "1999-12-31"}, "进货日期", "lies before", id="a day long ago"),
        pytest.param({"quantity": "0"}, "数量", "no quantity", id="quantity zero"),
        pytest.param({"amount": "-5"}, "原单据号", "document and line", id="negative without its purchase"),
        pytest.param(
            {"amount": "-5", "returns": "JH-0", "returns_line": "1"},
            "原单据号",
            "no line 1 of JH-0",
            id="return of an unknown line",
        ),
        pytest.param(
            {"amount": "-1000.01", "returns": "JH-OLD", "returns_line": "1"},
            "金额",
            "Only 1,000.00 yuan",
            id="return above the purchase",
        ),
        pytest.param(
            {"amount": "5", "returns": "JH-OLD", "returns_line": "1"},
            "金额",
            "negative amount",
            id="return with a positive amount",
        ),
        pytest.param(
            {"amount": "-5", "returns": "JH-OLD"}, "原行号", "Fill in both", id="return without the line"
        ),
        pytest.param(
            {"document": "JH-OLD", "amount": "1000.00", "quantity": "12"},
            "单据号",
            "another quantity",
            id="the same line with another quantity",
        ),
        pytest.param(
            {"document": "JH-OLD", "amount": "1000.01"},
            "单据号",
            "other content",
            id="duplicate line with another amount",
        ),
    ],
)
def test_a_bad_row_is_refused_with_what_to_do_and_the_good_ones_stay(
    world, session, agreement, said, column, reason
):
    world.buy(agreement, date(2026, 5, 1), 100_000, document_number="JH-OLD", line_no=1)
    if said.get("document") == "JH-OLD":
        said = {"day": "2026-05-01", **said}
    bad, good = row(world, agreement, **said), row(world, agreement, document="JH-GOOD")
    report = run(session, world.finance, bad, good)
    assert (report.created, report.refused) == (1, 1)
    [(number, where, told)] = why(report)
    assert (number, where) == (2, column)
    assert reason in told
    assert [one[0] for one in entered(session)] == ["JH-OLD", "JH-GOOD"]


def test_several_faults_of_a_row_are_told_in_one_go(world, session, agreement):
    report = run(session, world.finance, row(world, agreement, amount="￥5", day="soon", product="P-0"))
    assert {column for _, column, _ in why(report)} == {"金额", "进货日期", "产品编码"}
    again = run(session, world.finance, row(world, agreement, amount="-5", day="2026/2/30"))
    assert {column for _, column, _ in why(again)} == {"原单据号", "进货日期"}
    assert report.refused == 1


def test_every_fault_of_a_row_is_told_with_whom_it_is_about(world, session, agreement):
    bad = row(world, agreement, day=FUTURE, amount="0.00", line="0", product="P-999")
    report = run(session, world.finance, bad)
    assert {column for _, column, _ in why(report)} == {"进货日期", "金额", "行号", "产品编码"}
    assert {refusal.name for refusal in report.refusals} == {agreement.distributor.name}


def test_duplicate_lines_of_one_file_with_other_amounts_are_refused_behind_the_first(
    world, session, agreement
):
    rows = (
        row(world, agreement, amount="100.00"),
        row(world, agreement, amount="100.01"),
        row(world, agreement, amount="100.00"),
    )
    report = run(session, world.finance, *rows)
    assert (report.created, report.unchanged, report.refused) == (1, 1, 1)
    assert why(report)[0][:2] == (3, "单据号")
    assert "100.00" in why(report)[0][2]
    assert entered(session) == [("JH-1", 1, 10_000)]


def test_returns_of_one_file_that_together_exceed_the_purchase_stop_at_what_is_left(
    world, session, agreement
):
    back = {"amount": "-600", "returns": "JH-1", "returns_line": "1"}
    rows = (
        row(world, agreement, document="TH-1", **back),
        row(world, agreement, document="TH-2", **back),
        row(world, agreement, amount="1000"),
    )
    report = run(session, world.finance, *rows)
    assert (report.created, report.refused) == (2, 1)
    [(number, column, reason)] = why(report)
    assert (number, column) == (3, "金额")
    assert "Only 400.00 yuan" in reason


@pytest.mark.parametrize("said", ["2026年5月6日", "2026/5/6", "2026.5.6", "20260506", "２０２６-０５-０６"])
def test_a_day_written_plainly_is_read(world, session, agreement, said):
    assert run(session, world.finance, row(world, agreement, day=said)).refused == 0
    assert session.scalars(sa.select(Purchase.purchased_on)).all() == [date(2026, 5, 6)]


def test_a_key_of_another_distributor_is_refused_without_telling_what_it_bought(
    world, session, make, agreement
):
    world.buy(agreement, date(2026, 5, 1), 123_456, document_number="JH-9", line_no=1)
    other = world.in_force()
    for returns in ({}, {"amount": "-5", "returns": "JH-9", "returns_line": "1", "document": "TH-9"}):
        report = run(session, world.finance, row(world, other, **{"document": "JH-9", **returns}))
        assert (report.created, report.refused) == (0, 1)
        told = why(report)[0][2]
        assert "another distributor" in told
        assert not {"1,234.56", "2026-05-01", agreement.distributor.name} & set(told.split())
        assert "1,234.56" not in told
    assert len(entered(session)) == 1


@pytest.mark.parametrize("forged", ["JH" * 30, "\u200b", "1'; DROP TABLE purchase; --", "=1+1", "../JH-1"])
def test_a_forged_document_number_is_text_or_refused_and_never_another_line(
    world, session, agreement, forged
):
    world.buy(agreement, date(2026, 5, 1), 100_000, document_number="JH-1", line_no=1)
    report = run(session, world.finance, row(world, agreement, document=forged, day="2026-05-01"))
    assert report.created + report.refused == 1
    kept = entered(session)
    assert kept[0] == ("JH-1", 1, 100_000)
    assert [one[0] for one in kept[1:]] == ([forged] if report.created else [])


def test_an_eliminated_distributor_returns_but_does_not_buy(world, session, agreement):
    world.buy(agreement, date(2026, 5, 1), 100_000, document_number="JH-OLD")
    agreement.distributor.standing = Standing.ELIMINATED
    session.commit()
    back = row(world, agreement, document="TH-1", amount="-5", returns="JH-OLD", returns_line="1")
    report = run(session, world.finance, row(world, agreement), back)
    assert (report.created, report.refused) == (1, 1)
    assert "eliminated" in why(report)[0][2]


def test_a_distributor_of_another_office_is_unknown(world, session, make, agreement):
    elsewhere = make.user(Role.FINANCE, make.region())
    report = run(session, elsewhere, row(world, agreement))
    assert "in your offices" in why(report)[0][2]
    assert entered(session) == []


def test_a_name_will_do_and_a_name_that_contradicts_its_code_will_not(world, session, agreement):
    head = HEAD.replace("经销商编码", "客户名称")
    other = world.in_force()
    by_name = row(world, agreement, distributor=agreement.distributor.name)
    assert run(session, world.finance, by_name, head=head).created == 1
    head = "客户编码," + head
    both = f"{other.distributor.code}," + row(
        world, agreement, document="JH-2", distributor=agreement.distributor.name
    )
    assert "two distributors" in why(run(session, world.finance, both, head=head))[0][2]


def test_a_file_without_a_needed_column_is_refused_as_a_whole(world, session, agreement):
    with pytest.raises(DomainError, match="no column"):
        run(session, world.finance, "JH-1,1", head="单据号,行号")


def test_an_import_cut_short_goes_on_behind_what_was_done(world, session, agreement, monkeypatch):
    monkeypatch.setattr(importing.course, "CHUNK", 3)
    rows = [row(world, agreement, line=str(no)) for no in range(1, 9)]
    back = row(world, agreement, document="TH-1", amount="-1", returns="JH-1", returns_line="1")
    text = "\n".join((HEAD, back, *rows)).encode()
    told = []
    cut = importing.PurchaseCourse(
        session, world.finance, importing.PURCHASES.read(text, "a.csv"), writes=True
    )
    for one in cut.chunks():
        session.commit()
        told.append(one)
        if len(told) == 2:
            break
    rest = importing.PurchaseCourse(
        session, world.finance, importing.PURCHASES.read(text, "a.csv"), writes=True
    )
    for _ in rest.chunks(told):
        session.commit()
    assert (rest.report.read, rest.report.created, rest.accrued) == (9, 9, 9)
    assert len(entered(session)) == 9
    assert session.scalar(sa.select(sa.func.count()).select_from(Transfer)) == 18
