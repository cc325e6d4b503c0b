"""Importing 往来账: by row, once, each refused row with its column and a reason that says what to do."""

import json
from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.price_protection.receivables.importing import ACCOUNTS, AccountCourse
from portal.domain.price_protection.receivables.models import AccountFigures
from tests.domain.close_world import OCTOBER
from tests.domain.test_receivables import AccountWorld

pytestmark = pytest.mark.on_day(OCTOBER)

HEAD = "客户编码,客户名称,期初余额,本期发货,本期退货,本期回款,返利,其他,说明,期末余额,其中已到期"
GOOD = {
    "opening": '"20,000.00"',
    "goods": "200000",
    "returns": "10000",
    "payments": "171200.00",
    "rebates": "",
    "other": "-380",
    "note": "运费折让380.00元",
    "closing": "38420.00",
    "due": "5000",
}


@pytest.fixture
def world(session, make) -> AccountWorld:
    return AccountWorld(session, make)


def row(agreement, **said: str) -> str:
    code = said.pop("code", agreement.distributor.code)
    return ",".join((code, said.pop("name", ""), *(GOOD | said).values()))


def run(world, *rows: str, head: str = HEAD, writes: bool = True, by=None, name: str = "2026Q3"):
    table = ACCOUNTS.read("\n".join((head, *rows)).encode("gb18030"), "往来.csv")
    course = AccountCourse(world.session, by or world.finance, table, name, writes=writes)
    for _told in course.chunks():
        if writes:
            world.session.commit()
    world.session.rollback()
    return course.report


def kept(session) -> list[AccountFigures]:
    session.rollback()
    return list(session.scalars(sa.select(AccountFigures).order_by(AccountFigures.id)))


def test_a_list_is_taken_once_and_a_changed_row_is_a_new_version(world, session):
    first, second = world.in_force(), world.in_force()
    rows = [row(first), row(second, opening="-500", goods="0", payments="0", returns="0", other="", note="",
                            closing="-500.00", due="0")]  # fmt: skip
    plan = run(world, *rows, writes=False)
    assert (plan.created, plan.refused) == (2, 0) and kept(session) == []
    done = run(world, *rows)
    assert (done.created, done.unchanged, done.refused) == (2, 0, 0)
    assert [(one.closing_fen, one.no) for one in kept(session)] == [(3_842_000, 1), (-50_000, 1)]
    again = run(world, *rows)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    changed = run(world, row(first, goods="200001", closing="38421"), rows[1])
    assert (changed.updated, changed.unchanged) == (1, 1)
    assert [one.no for one in kept(session)] == [1, 1, 2]
    assert session.scalar(
        sa.select(sa.func.count()).where(AuditEvent.action == "account.entered").select_from(AuditEvent)
    ) == len(kept(session))


@pytest.mark.parametrize(
    ("said", "column", "words"),
    [
        ({"code": "D-不存在"}, "客户编码", "There is no distributor"),
        ({"code": "", "name": "没有这一家"}, "客户编码", "no distributor called"),
        ({"goods": "200000.005"}, "本期发货", "at most two decimals"),
        ({"goods": "￥200000"}, "本期发货", "currency sign"),
        ({"payments": "171200元"}, "本期回款", "currency sign"),
        ({"returns": "2026-07-01"}, "本期退货", ""),
        ({"opening": "七月一日"}, "期初余额", ""),
        ({"opening": ""}, "期初余额", "The sum is missing"),
        ({"returns": ""}, "本期退货", "The sum is missing"),
        ({"goods": "", "returns": "", "payments": "", "due": ""}, "本期发货", "Nothing is filled in"),
        ({"goods": "-1"}, "本期发货", "no minus"),
        ({"closing": "38420.01"}, "期末余额", "do not add up"),
        ({"rebates": "100"}, "返利", "not %(said)s"),
        ({"note": ""}, "说明", "Say what the other items are"),
        ({"due": "38420.01"}, "其中已到期", "cannot be more"),
        ({"opening": "99999999999999"}, "期初余额", ""),
    ],
)
def test_a_bad_row_is_refused_by_its_column_and_the_good_one_beside_it_is_taken(
    world, session, said, column, words
):
    bad, good = world.in_force(), world.in_force()
    report = run(world, row(bad, **said), row(good))
    assert (report.refused, report.created) == (1, 1)
    assert {(one.row, str(one.column)) for one in report.refusals} == {(2, column)}
    assert words in report.refusals[0].reason
    assert [one.distributor_id for one in kept(session)] == [good.distributor_id]


def test_books_that_write_what_is_subtracted_with_a_minus_are_understood_where_the_closing_sum_proves_it(
    world, session
):
    """退货 and 回款 stand negative in the export of many books; a list that says no closing sum leaves it open."""
    proved, unproved, taken_back = world.in_force(), world.in_force(), world.in_force()
    report = run(
        world,
        row(proved, returns="-10000", payments="(171200.00)"),
        row(unproved, returns="-10000", closing=""),
        # Returns that really came to less than nothing: the closing sum adds up with the minus.
        row(taken_back, returns="-10000", closing="58420.00"),
    )
    assert (report.created, report.refused) == (1, 2)
    assert [(one.row, str(one.column)) for one in report.refusals] == [(3, "本期退货"), (4, "本期退货")]
    assert "without a minus" in report.refusals[0].reason
    (one,) = kept(session)
    assert (one.returns_fen, one.payments_fen, one.closing_fen) == (1_000_000, 17_120_000, 3_842_000)
    assert run(world, row(proved)).unchanged == 1  # the same account without the minus


def test_two_rows_for_one_distributor_are_one_too_many_in_a_later_chunk_too(world, monkeypatch):
    monkeypatch.setattr("portal.domain.price_protection.receivables.importing.course.CHUNK", 1)
    one, other = world.in_force(), world.in_force()
    rows = [row(one), row(other), row(one, code="", name=one.distributor.name)]
    for writes in (False, True):
        report = run(world, *rows, writes=writes)
        assert (report.created, report.refused) == (2, 1)
        assert report.refusals[0].params == {"row": 2} and report.refusals[0].row == 4


def test_an_import_that_was_cut_short_goes_on_and_still_knows_whom_it_had(world, session, monkeypatch):
    monkeypatch.setattr("portal.domain.price_protection.receivables.importing.course.CHUNK", 1)
    one, other = world.in_force(), world.in_force()
    data = "\n".join((HEAD, row(one), row(other), row(one))).encode()

    def course() -> AccountCourse:
        return AccountCourse(session, world.finance, ACCOUNTS.read(data, "a.csv"), "2026Q3", writes=True)

    begun = course().chunks()
    told = [json.loads(json.dumps(next(begun)))]
    session.commit()
    begun.close()
    rest = course()
    for _told in rest.chunks(told):
        session.commit()
    assert (rest.report.created, rest.report.refused) == (2, 1)
    assert len(kept(session)) == 2


def test_a_row_of_another_quarter_and_one_of_a_quarter_in_words(world):
    agreement = world.in_force()
    head = f"季度,{HEAD}"
    report = run(world, f"2026Q2,{row(agreement)}", head=head)
    assert report.refusals[0].params == {"said": "2026Q2", "quarter": "2026Q3"}
    assert run(world, f"2026-07-01,{row(agreement)}", head=head).refused == 1
    assert run(world, f"2026年第三季度,{row(agreement)}", head=head).created == 1


def test_what_opens_otherwise_is_taken_and_said(world):
    agreement = world.in_force()
    run(world, row(agreement, name=agreement.distributor.name), name="2026Q2")
    report = run(world, row(agreement))
    assert report.created == 1
    assert [(flag.row, flag.params) for flag in report.flags] == [
        (2, {"opening": "20,000.00", "closing": "38,420.00"})
    ]
    assert not run(world, row(agreement, opening="38420", closing="56840")).flags


def test_a_stated_account_takes_a_correction_with_its_reason_only(world, session):
    agreement = world.in_force()
    run(world, row(agreement))
    world.close()
    assert run(world, row(agreement)).unchanged == 1
    corrected = row(agreement, goods="200500", closing="38920")
    report = run(world, corrected)
    assert report.refused == 1 and "stays as it is" in report.refusals[0].reason
    report = run(world, f"{corrected},漏记一张发货单", head=f"{HEAD},更正原因")
    assert report.updated == 1
    assert [one.reason for one in kept(session)] == ["", "漏记一张发货单"]


def test_a_list_reaches_no_further_than_the_offices_of_whoever_hands_it_in(world, make, session):
    agreement = world.in_force()
    stranger = make.user(Role.FINANCE, region=make.region("别处办事处"))
    report = run(world, row(agreement), by=stranger)
    assert report.refused == 1 and "in your offices" in report.refusals[0].reason
    assert kept(session) == []


def test_what_has_no_agreement_or_has_not_ended_is_refused(world):
    late = world.in_force(effective_on=date(2026, 10, 1))
    assert "no agreement in" in run(world, row(late)).refusals[0].reason
    assert "lasts until" in run(world, row(late), name="2026Q4").refusals[0].reason
    with pytest.raises(DomainError):
        run(world, row(late), name="2026年")


def test_a_column_that_lacks_is_named(world):
    with pytest.raises(DomainError) as refusal:
        run(world, "D-1,1,2,3", head="客户编码,期初余额,本期发货,本期回款")
    assert refusal.value.params["wanted"] == "Goods returned"
