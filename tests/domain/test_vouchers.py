"""Vouchers are taken out once, numbered on through their month, and the same whenever they are fetched again."""

from collections import Counter
from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.funds import deducting
from portal.domain.price_protection.payments import awards, making, marking
from portal.domain.price_protection.payments.making import How
from portal.domain.price_protection.payments.models import Mark, Payout, PayoutKind
from portal.domain.price_protection.payments.vouchers import subjects, taking
from portal.domain.price_protection.payments.vouchers.models import Grouping, Voucher, VoucherFile
from portal.domain.price_protection.payments.vouchers.movements import Asked
from portal.domain.price_protection.proving import vouchers
from tests.domain.fund_world import on_day
from tests.domain.test_payments import BANK, JULY, JUNE, MAY, PayWorld

MAYS = Asked(date(2026, 5, 1), date(2026, 5, 31), only_payments=False)
JUNES = Asked(date(2026, 6, 1), date(2026, 6, 30), only_payments=False)


@pytest.fixture
def world(session, make) -> PayWorld:
    return PayWorld(session, make)


@pytest.fixture
def signed(world):
    return world.in_force(world.add_distributor(**BANK))


def take(world, asked, key="v1", on=JULY, actor=None) -> VoucherFile:
    with on_day(on):
        made = taking.take(world.session, actor or world.finance, asked, key=key)
        world.session.commit()
    return made


def numbers(world) -> list[tuple[str, int]]:
    world.session.rollback()
    return [
        (month, no)
        for month, no in world.session.execute(
            sa.select(Voucher.month, Voucher.no).order_by(Voucher.month, Voucher.no)
        )
    ]


def test_a_month_goes_on_through_its_files_and_none_holds_what_another_held(world, signed):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    first = take(world, MAYS)
    world.buy(signed, date(2026, 5, 20), 500_000, entered_on=date(2026, 5, 20))
    second = take(world, MAYS, "v2")
    assert (first.vouchers, second.vouchers) == (2, 2)
    assert numbers(world) == [("2026-05", no) for no in (1, 2, 3, 4)]
    held = [{entry.label for entry in taking.content(one).entries} for one in (first, second)]
    assert held[0] and not held[0] & held[1]
    with pytest.raises(DomainError, match="new"):
        take(world, MAYS, "v3")
    world.is_whole()


def test_sent_twice_it_is_one_file_and_for_other_days_it_is_refused(world, signed):
    world.buy(signed, MAY, 1_000_000)
    assert take(world, MAYS).id == take(world, MAYS).id
    with pytest.raises(DomainError, match="other content"):
        take(world, JUNES)
    world.session.rollback()
    assert len(world.session.scalars(sa.select(VoucherFile)).all()) == 1


def test_a_file_stays_as_it_was_when_names_and_subjects_change(world, signed):
    world.buy(signed, MAY, 1_000_000)
    made = take(world, MAYS)
    before = taking.content(made)
    signed.distributor.name = "改名后的商贸有限公司"
    world.finance.name = "改名的人"
    with on_day(JULY):
        new = {A.BASE: subjects.Subject("99", "99", "别的科目")}
        subjects.change_subjects(world.session, world.finance, subjects.SUBJECTS | new)
    world.session.commit()
    world.session.expire_all()
    assert taking.content(world.session.get_one(VoucherFile, made.id)) == before


def test_what_comes_after_its_month_was_taken_out_goes_into_the_next_file_and_says_so(world, signed):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    take(world, MAYS)
    # Paid on the last of May and entered in June.
    with on_day(JUNE):
        seen = [making.Seen.of(item) for item in world.owed(signed)]
        making.pay(world.session, world.finance, seen, How(paid_on=date(2026, 5, 31)), key="late")
        world.session.commit()
    world.buy(signed, JUNE, 200_000, entered_on=JUNE)
    with on_day(JULY):
        assert taking.preview(world.session, world.finance, JUNES).late == 1
    entries = taking.content(take(world, JUNES, "v2")).entries
    late = [one for one in entries if one.late_on]
    assert {(one.day, one.late_on) for one in late} == {(JUNES.first_on, date(2026, 5, 31))}
    assert sum(one.debit_fen for one in late) == 30_000
    # May keeps its numbers: they are in the company's books already.
    assert Counter(month for month, _ in numbers(world)) == {"2026-05": 2, "2026-06": 3}
    world.is_whole()


def test_what_no_file_ever_covered_is_not_dragged_in(world, signed):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    world.buy(signed, JUNE, 200_000, entered_on=JUNE)
    entries = taking.content(take(world, JUNES)).entries
    assert not [one for one in entries if one.late_on]
    assert sum(one.debit_fen for one in entries) == 200_000 // 20


def test_payments_alone_leave_the_rest_for_a_later_file(world, signed):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    world.pay(world.owed(signed), MAY)
    only = Asked(MAYS.first_on, MAYS.last_on)
    paid = taking.content(take(world, only)).entries
    rest = taking.content(take(world, MAYS, "v2")).entries
    assert {one.kind for one in paid} == {"pay"} and {one.kind for one in rest} == {
        "accrue_base",
        "accrue_fund",
    }
    world.is_whole()


def test_the_invoice_stands_in_the_rows_of_its_payment(world, signed):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    world.pay(world.owed(signed), MAY)
    payout = world.session.scalars(sa.select(Payout)).one()
    with on_day(JULY):
        assert taking.preview(world.session, world.finance, MAYS).lacking_invoice == 1
        marking.mark(world.session, world.finance, payout, Mark.INVOICE, "26332000000000000001")
        world.session.commit()
        assert taking.preview(world.session, world.finance, MAYS).lacking_invoice == 0
    said = {(one.kind, one.document, one.invoice) for one in taking.content(take(world, MAYS)).entries}
    assert ("pay", payout.number, "26332000000000000001") in said


def test_summed_by_day_there_is_one_voucher_a_day_and_kind_by_customer(world, signed):
    other = world.in_force(world.add_distributor(**BANK))
    for agreement in (signed, other):
        world.buy(agreement, MAY, 1_000_000, entered_on=MAY)
        world.buy(agreement, MAY, 300_000, entered_on=MAY)
    by_day = Asked(MAYS.first_on, MAYS.last_on, only_payments=False, grouping=Grouping.DAY)
    made = take(world, by_day)
    entries = taking.content(made).entries
    assert made.vouchers == 2  # base and fund
    assert len(entries) == 8  # of two customers, a debit and a credit
    assert {one.code for one in entries} == {signed.distributor.code, other.distributor.code}
    world.is_whole()


def test_an_award_s_account_names_no_customer_and_its_payment_nobody(world, signed, monkeypatch):
    monkeypatch.setattr(awards, "_gates", [lambda session, part: True])
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    with on_day(JUNE):
        deducting.deduct(world.session, world.manager, signed.id, "2026Q2", 7, 1_000_000, 1_000_000)
        how = How(paid_on=JUNE)
        making.pay_from_case(
            world.session, world.finance, signed, PayoutKind.AWARD, "C7", 20_000, how, key="award:1:1"
        )
        world.session.commit()
    entries = taking.content(take(world, Asked(MAYS.first_on, JUNES.last_on, only_payments=False))).entries
    of_award = [one for one in entries if one.account is A.AWARD]
    assert {one.kind for one in of_award} == {"deduct", "pay"}
    assert {(one.code, one.distributor, one.part) for one in of_award} == {("", "", "")}
    paid = [one for one in entries if one.kind == "pay"]
    assert {(one.code, one.distributor, one.agreement) for one in paid} == {("", "", "")}
    assert sum(one.debit_fen - one.credit_fen for one in of_award) == 0


def test_each_office_takes_out_its_own(world, signed, make, session):
    elsewhere = make.user(Role.FINANCE, make.region("示例北区"))
    session.commit()
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    with pytest.raises(DomainError, match="new"):
        take(world, MAYS, actor=elsewhere)
    session.rollback()
    made = take(world, MAYS)
    seen = session.scalars(taking.files_visible_to(elsewhere)).all()
    assert made not in seen and session.scalars(taking.files_visible_to(world.finance)).all() == [made]
    (month, first, last), *_ = taking.numbers(session, made)
    assert (month, first, last) == ("2026-05", 1, 2)
    assert not session.execute(taking.numbered(elsewhere, month, 1)).all()
    assert session.execute(taking.numbered(world.finance, month, 1)).one().number == made.number


def test_the_proof_finds_a_voucher_that_says_something_else(world, signed, monkeypatch):
    world.buy(signed, MAY, 1_000_000, entered_on=MAY)
    made = take(world, MAYS)
    content = taking.content(made)
    wrong = [content.entries[0]._replace(debit_fen=content.entries[0].debit_fen + 1), *content.entries[1:]]
    monkeypatch.setattr(vouchers, "content", lambda _: taking.Content(content.by, wrong))
    with pytest.raises(Break, match="Voucher 记-2026-05-0001"):
        world.is_whole()
