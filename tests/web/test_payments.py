"""Paying on screen: two looks, once; numbers that come later; what comes back; vouchers that balance."""

import html
import io
import re
from datetime import timedelta
from itertools import groupby

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.payments.models import ClawbackSettlement, Payout, PayoutList, Repayment
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.clock import on_day
from tests.domain.test_payments import BANK, JULY, JUNE, MAY, PayWorld
from tests.web.sheets import rows_of

ROOT = "/funds/payments"


@pytest.fixture
def world(session, make) -> PayWorld:
    return PayWorld(session, make)


@pytest.fixture
def signed(world):
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, MAY, 1_000_000)
    return agreement


@pytest.fixture
def finance(world, sign_in):
    with on_day(JUNE):
        yield sign_in(world.finance)


def fields(page) -> dict[str, list[str]]:
    """The hidden values of the form that pays, as the second look wrote them."""
    found: dict[str, list[str]] = {}
    form = page.text.split('action="/funds/payments/new"')[-1]
    for tag in re.findall(r"<input[^>]*hidden[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            found.setdefault(name[1], []).append(value[1])
    return found


def looked_at(finance, **said):
    """The second look at everything that is payable."""
    first = finance.get(f"{ROOT}/new?all=1")
    sent = fields(first) | {"paid_on": ["2026-06-03"], "do": ["check"], **{k: [v] for k, v in said.items()}}
    return finance.post(f"{ROOT}/new", data=sent)


def test_a_list_is_looked_at_twice_and_paid_once_however_often_it_is_sent(finance, session, world, signed):
    second = looked_at(finance)
    assert second.status_code == 200
    assert "叁佰元整" in second.text and "300.00" in second.text
    assert session.scalar(sa.select(sa.func.count(Payout.id))) == 0
    sent = fields(second) | {"do": ["pay"]}
    answers = [finance.post(f"{ROOT}/new", data=sent) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.location for answer in answers} == {f"{ROOT}/lists/1"}
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Payout.id))) == 1
    assert world.balance(signed, A.CREDIT_NOTE) == -30_000


def test_of_two_second_looks_at_the_same_sums_one_pays(finance, session, world, signed):
    mine, other = looked_at(finance), looked_at(finance)
    assert finance.post(f"{ROOT}/new", data=fields(mine) | {"do": ["pay"]}).status_code == 303
    refused = finance.post(f"{ROOT}/new", data=fields(other) | {"do": ["pay"]})
    assert refused.status_code == 422
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(PayoutList.id))) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"sums": ["1.0"]},
        {"sums": ["30000.1"]},
        {"sums": ["x"]},
        {"sums": []},
        {"item": ["999999.base."]},
        {"item": ["1.award.C1"]},
        {"item": ["../1"]},
        {"paid_on": ["2099-01-01"]},
        {"means": ["cash"]},
    ],
)
def test_what_was_not_looked_at_is_not_paid(finance, session, world, signed, forged):
    sent = fields(looked_at(finance)) | {"do": ["pay"]} | forged
    assert finance.post(f"{ROOT}/new", data=sent).status_code == 422
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Payout.id))) == 0


def test_another_means_without_consent_is_refused_before_the_second_look(finance, session, signed):
    refused = looked_at(finance, means="goods")
    assert refused.status_code == 422
    assert "consented in writing" in refused.text or "书面同意" in refused.text
    assert looked_at(finance, means="goods", note="2026年6月1日书面同意货补").status_code == 200


def test_the_bank_list_holds_the_transfers_that_stand(finance, session, world, signed):
    looked = looked_at(finance, means="money", note="同意改为转账")
    listed = finance.post(f"{ROOT}/new", data=fields(looked) | {"do": ["pay"]}).location
    rows = rows_of(finance.get(f"{listed}/export"))
    assert list(rows[1][1:5]) == [BANK["bank_account_name"], BANK["bank_account"], BANK["bank_name"], 300]
    payout = session.scalars(sa.select(Payout)).one()
    finance.post(f"{ROOT}/{payout.id}/correct", data={"reason": "银行退票，账号有误"})
    assert len(rows_of(finance.get(f"{listed}/export"))) == 1
    assert world.balance(signed, A.BASE) == 30_000


def test_an_invoice_is_entered_once_and_leaves_the_list_of_missing_ones(finance, session, world, signed):
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    payout = session.scalars(sa.select(Payout)).one()
    assert payout.number in finance.get(f"{ROOT}/paid?state=no_invoice").text
    page = f"{ROOT}/{payout.id}"
    assert finance.post(f"{page}/note", data={"what": "invoice", "value": "12"}).status_code == 422
    assert (
        finance.post(f"{page}/note", data={"what": "invoice", "value": "26332000000000000001"}).status_code
        == 303
    )
    assert (
        finance.post(f"{page}/note", data={"what": "invoice", "value": "26332000000000000002"}).status_code
        == 422
    )
    assert payout.number not in finance.get(f"{ROOT}/paid?state=no_invoice").text
    assert "26332000000000000001" in finance.get(page).text
    mend = {"what": "invoice", "instead_of": "26332000000000000001", "value": "26332000000000000009"}
    assert finance.post(f"{page}/note", data=mend).status_code == 303
    assert 'name="instead_of" value="26332000000000000009"' in finance.get(page).text


def test_what_is_owed_back_shows_its_day_and_is_collected_once(finance, session, world, signed):
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    bought = session.scalars(sa.select(Purchase)).one()
    world.give_back(bought, JUNE, 1_000_000)
    page = f"{ROOT}/owed/{signed.id}"
    assert finance.post(page, data={"do": "served", "served_on": "2026-06-03"}).status_code == 303
    assert "2026-06-18" in finance.get(f"{ROOT}/owed").text  # fifteen days
    sent = {"do": "collect", "key": "once", "amount": "100.00", "means": "money", "received_on": "2026-06-03"}
    assert [finance.post(page, data=sent).status_code for _ in range(2)] == [303, 303]
    session.rollback()
    assert session.scalars(sa.select(Repayment.amount_fen)).all() == [10_000]
    assert world.balance(signed, A.CLAWBACK) == 20_000
    more = {**sent, "key": "more", "amount": "200.01"}
    assert finance.post(page, data=more).status_code == 422


def figures_that_open(page) -> dict[str, str]:
    """Where each sum of a page leads, by the sum as it stands there."""
    found = re.findall(r'<a href="(/funds/agreements/[^"]+/transfers[^"]*)"[^>]*>([^<]+)</a>', page.text)
    return {said: html.unescape(address) for address, said in found}


def test_every_sum_opens_to_the_transfers_behind_it(finance, session, world, signed):
    payable = figures_that_open(finance.get(f"{ROOT}/"))
    assert set(payable) == {"300.00"}
    assert "together ¥300.00" in finance.get(payable["300.00"]).text
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    bought = session.scalars(sa.select(Purchase)).one()
    world.give_back(bought, JUNE, 1_000_000)
    owed = figures_that_open(finance.get(f"{ROOT}/owed"))
    assert "together ¥300.00" in finance.get(owed["300.00"]).text
    world.buy(signed, JUNE, 2_000_000)
    # 600.00 are payable, 300.00 of it set off, 300.00 go out: the sum set off leads to what is owed back.
    left = figures_that_open(finance.get(f"{ROOT}/"))
    assert set(left) == {"600.00", "300.00"} and "together ¥600.00" in finance.get(left["600.00"]).text
    second = looked_at(finance)
    assert "account=clawback" in second.text
    finance.post(f"{ROOT}/new", data=fields(second) | {"do": ["pay"]})
    session.rollback()
    payout = session.scalars(sa.select(Payout).order_by(Payout.id.desc()).limit(1)).one()
    for page in (f"{ROOT}/{payout.id}", f"{ROOT}/lists/{payout.list_id}"):
        told = figures_that_open(finance.get(page))
        assert set(told) == {"600.00", "300.00"}
        behind = finance.get(told["600.00"]).text
        assert behind.count(f'href="{ROOT}/{payout.id}"') == 2  # what went out, and what was set off
    assert f"source_id={payout.id}" in finance.get(f"{ROOT}/paid").text


def taken_out(finance, key="v1", **said):
    """Where a file of vouchers of May and June is found, once it is taken out."""
    sent = {"first_on": "2026-05-01", "last_on": "2026-06-30", "what": "all", "grouping": "single", **said}
    answer = finance.post(f"{ROOT}/vouchers", data=sent | {"key": key + sent["what"]})
    assert answer.status_code == 303, answer.text
    return answer.location


@pytest.mark.parametrize(
    ("program", "debit", "credit", "voucher"), [("yonyou", 7, 8, 1), ("kingdee", 8, 9, 2)]
)
def test_each_voucher_balances_and_all_bookings_are_in_it(
    finance, session, world, signed, program, debit, credit, voucher
):
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    only = rows_of(finance.get(f"{taken_out(finance, what='payments')}/export?program={program}"))
    assert len(only) == 3
    head, *others = rows_of(finance.get(f"{taken_out(finance)}/export?program={program}"))
    rows = [*only[1:], *others]
    assert head[debit] == "借方金额" and head[credit] == "贷方金额"
    day = {"yonyou": 2, "kingdee": 0}[program]
    months = [(str(row[day])[:7], row[voucher]) for row in rows]
    assert len({one for one, _ in groupby(months)}) == len([*groupby(months)])  # no number comes twice
    for number, entries in groupby(rows, key=lambda row: (str(row[day])[:7], row[voucher])):
        entries = list(entries)
        sums = [sum(row[place] or 0 for row in entries) for place in (debit, credit)]
        assert sums[0] == sums[1] > 0, number
    session.rollback()
    booked = sum(session.scalars(sa.select(Transfer.amount_fen)).all())
    assert round(sum(row[debit] or 0 for row in rows) * 100) == booked


def test_a_file_is_fetched_again_byte_for_byte_and_a_second_click_makes_no_second_one(
    finance, session, world, signed
):
    page = finance.get(f"{ROOT}/vouchers?what=all&first_on=2026-05-01&last_on=2026-06-30&grouping=day")
    assert page.status_code == 200 and "600.00" not in page.text and "300.00" in page.text
    file = taken_out(finance, grouping="day")
    assert taken_out(finance, grouping="day") == file
    first, again = (finance.get(f"{file}/export?program=kingdee").data for _ in range(2))
    assert first == again
    assert "PZ-2026-000001" in finance.get(file).text
    assert file in finance.get(f"{ROOT}/vouchers").text
    other = finance.post(
        f"{ROOT}/vouchers",
        data={
            "first_on": "2026-05-01",
            "last_on": "2026-06-30",
            "what": "all",
            "grouping": "day",
            "key": "2",
        },
    )
    assert other.status_code == 422


def test_a_settlement_is_made_once_and_printed(finance, session, world, signed, monkeypatch):
    monkeypatch.setattr("portal.printing.pool.render", lambda job: (b"%PDF-1.7 " + job.html.encode(), 1))
    bought = session.scalars(sa.select(Purchase)).one()
    world.pay(world.owed(signed), JUNE)
    world.give_back(bought, JUNE, 400_000, entered_on=JUNE)
    page = f"{ROOT}/owed/{signed.id}/settlement"
    assert finance.post(page, data={"pay_to": ""}).status_code == 422
    for _click in range(2):
        assert finance.post(page, data={"pay_to": "示例日化，示例银行，6200"}).status_code == 303
    session.rollback()
    made = session.scalars(sa.select(ClawbackSettlement)).one()
    paper = finance.get(f"{ROOT}/settlements/{made.id}").data.decode()
    assert made.days > 0
    last = (JUNE + timedelta(days=made.days)).isoformat()
    for said in (made.number, "示例日化，示例银行，6200", "120.00", "壹佰贰拾元整", last):
        assert said in paper, said
    assert made.number in finance.get(f"{ROOT}/owed/{signed.id}").text


def test_subjects_are_the_companys_own_and_checked(finance, session, world, signed):
    page = f"{ROOT}/vouchers/subjects"
    assert finance.post(page, data={"yonyou-base": "=1+1"}).status_code == 422
    assert finance.post(page, data={"yonyou-base": "22419901"}).status_code == 303
    rows = rows_of(finance.get(f"{taken_out(finance)}/export"))
    assert "22419901" in {row[5] for row in rows} and "224101" not in {row[5] for row in rows}


def test_the_workbench_tells_whoever_pays(world, session, sign_in, make, signed):
    with on_day(JULY):
        assert "/funds/payments/" in sign_in(world.finance).get("/").text
        assert f'href="{ROOT}/"' not in sign_in(make.user(Role.TRAINER, world.region)).get("/").text


def test_salespeople_read_and_cannot_pay(world, session, sign_in, signed):
    with on_day(JUNE):
        sales = sign_in(world.author)
        assert "300.00" in sales.get(f"{ROOT}/").text
        assert "/payments/new" not in sales.get(f"{ROOT}/").text
        assert sales.get(f"{ROOT}/new?all=1").status_code == 403


def test_a_form_without_its_key_is_refused(finance, session, world, signed):
    sent = fields(looked_at(finance)) | {"do": ["pay"]}
    for key in ([], [""], ["x" * 41]):
        refused = finance.post(f"{ROOT}/new", data=sent | {"key": key})
        assert refused.status_code == 422
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(Payout.id))) == 0


def test_vouchers_open_on_this_month_s_payments(finance, session, world, signed):
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    page = finance.get(f"{ROOT}/vouchers")
    assert page.status_code == 200 and "300.00" in page.text
    assert "form-error" not in page.text and 'role="alert"' not in page.text


def test_a_column_of_invoice_numbers_is_filled_in_and_the_wrong_ones_stay(finance, session, world, signed):
    other = world.in_force(world.add_distributor(**BANK))
    world.buy(other, MAY, 1_000_000)
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    first, second = session.scalars(sa.select(Payout.number).order_by(Payout.id)).all()
    page = finance.get(f"{ROOT}/invoices")
    assert first in page.text and second in page.text
    sent = {"number": [first, second], "invoice": ["26332000000000000001", "12"]}
    refused = finance.post(f"{ROOT}/invoices", data=sent)
    assert refused.status_code in (200, 422)
    assert f'value="{first}"' not in refused.text  # it is entered and no longer in the list
    assert f'value="{second}"' in refused.text and 'value="12"' in refused.text
    sent = {"number": [second], "invoice": ["26332000000000000002"]}
    assert finance.post(f"{ROOT}/invoices", data=sent).status_code == 303
    session.rollback()
    assert {one.invoice for one in session.scalars(sa.select(Payout))} == {
        "26332000000000000001",
        "26332000000000000002",
    }


def test_invoice_numbers_go_out_and_come_back_in_a_file(finance, session, world, signed):
    finance.post(f"{ROOT}/new", data=fields(looked_at(finance)) | {"do": ["pay"]})
    head, row = rows_of(finance.get(f"{ROOT}/invoices/export"))
    assert head[:3] == ("付款编号", "红字发票号码", "银行流水号或单据号") or len(head) == 10
    lines = ["付款编号,红字发票号码", f"{row[0]},26332000000000000001", "FK-0000-1,26332000000000000002"]
    file = io.BytesIO("\n".join(lines).encode("utf-8-sig"))
    answer = finance.post(f"{ROOT}/invoices/file", data={"file": (file, "号码.csv")})
    assert answer.status_code == 200 and "FK-0000-1" in answer.text
    session.rollback()
    assert session.scalars(sa.select(Payout)).one().invoice == "26332000000000000001"
    assert len(rows_of(finance.get(f"{ROOT}/invoices/export"))) == 1


def test_those_without_account_are_left_out_and_the_others_are_paid(finance, session, world, signed):
    hole = world.in_force(world.add_distributor())
    world.buy(hole, MAY, 1_000_000)
    refused = looked_at(finance, means="money", note="同意改为转账")
    assert refused.status_code == 422 and hole.distributor.code in refused.text
    assert 'name="leave_out"' in refused.text  # by these means the account is needed, so it is asked here
    left = looked_at(finance, means="money", note="同意改为转账", leave_out="1")
    assert left.status_code == 200
    assert finance.post(f"{ROOT}/new", data=fields(left) | {"do": ["pay"]}).status_code == 303
    session.rollback()
    assert session.scalars(sa.select(Payout.agreement_id)).all() == [signed.id]
    assert hole.distributor.code in finance.get(f"{ROOT}/?account=without").text
    assert signed.distributor.code not in finance.get(f"{ROOT}/?account=without").text
    alone = looked_at(finance, means="money", note="同意改为转账")
    assert alone.status_code == 422 and hole.distributor.code in alone.text
    assert 'name="leave_out"' not in alone.text  # nothing would be left to pay
