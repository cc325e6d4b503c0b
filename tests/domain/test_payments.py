"""What is owed is paid whole and once, less what is set off; what was paid is taken back by its mirror only."""

import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission as P
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.ledger import verify
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import proving
from portal.domain.price_protection.funds import deducting, releasing
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import (
    awards,
    collecting,
    correcting,
    making,
    marking,
    noting,
    queries,
    todos,
)
from portal.domain.price_protection.payments.collecting import Received
from portal.domain.price_protection.payments.making import How, Payee, Seen
from portal.domain.price_protection.payments.models import (
    Mark,
    Means,
    Payout,
    PayoutKind,
    PayoutList,
    Repayment,
)
from portal.domain.price_protection.payments.payable import Item, Wanted, payable, set_off
from portal.domain.price_protection.payments.queries import PaidFilter
from portal.domain.users.models import User
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld

K = PayoutKind
MAY, JUNE, JULY = date(2026, 5, 12), date(2026, 6, 3), date(2026, 7, 10)
BANK = {
    "bank_account_name": "湖州示例商贸有限公司",
    "bank_name": "示例银行湖州支行",
    "bank_account": "6222020000000001",
}


class PayWorld(FundWorld):
    """As the fund's, with payments; each call commits."""

    def owed(self, agreement: Agreement | None = None, **said: Any) -> list[Item]:
        self.session.rollback()
        wanted = Wanted(agreement_id=agreement.id if agreement else None, **said)
        return payable(self.session, self.finance, wanted, P.PAYMENTS_MAKE)

    def pay(self, items: Sequence[Item], on: date, key: str = "k1", **said: Any) -> PayoutList:
        with on_day(on):
            seen = [Seen.of(item) for item in items]
            made = making.pay(self.session, self.finance, seen, How(paid_on=on, **said), key=key)
            self.session.commit()
        return made

    def collect(
        self, agreement: Agreement, fen: int, on: date, key: str = "r1", means: Means = Means.MONEY
    ) -> Repayment:
        with on_day(on):
            made = collecting.collect(
                self.session, self.finance, agreement, Received(fen, means, on), key=key
            )
            self.session.commit()
        return made

    def correct(self, payment: Payout | Repayment, reason: str = "银行退票", on: date = JULY) -> None:
        with on_day(on):
            correcting.correct(self.session, self.finance, payment, reason)
            self.session.commit()

    def release(self, agreement: Agreement, quarter: str, on: date) -> None:
        with on_day(on):
            releasing.release(self.session, self.finance, agreement.id, quarter)
            self.session.commit()

    def is_whole(self) -> None:
        self.session.rollback()
        self.session.expire_all()
        verify.verify(self.session, b"k" * 32)
        proving.prove(self.session)


@pytest.fixture
def world(session, make) -> PayWorld:
    return PayWorld(session, make)


@pytest.fixture
def signed(world) -> Agreement:
    return world.in_force(world.add_distributor(**BANK))


@pytest.fixture
def in_effect(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The cases whose decision is in effect."""
    cases: set[str] = set()
    for module in (making, correcting):
        monkeypatch.setattr(module, "award_is_payable", lambda _session, part: part in cases)
    return cases


def test_base_rebate_is_payable_at_once_as_the_agreement_says(world, signed):
    world.buy(signed, MAY, 1_824_000)
    (item,) = world.owed(signed)
    assert (item.kind, item.amount_fen, item.to_pay_fen, item.agreed) == (
        K.BASE,
        54_720,
        54_720,
        Means.CREDIT_NOTE,
    )
    assert item.due_on == date(2026, 5, 15)  # three working days after 12 May
    made = world.pay([item], JUNE)
    assert made.number == "FK-2026-000001"
    (payout,) = made.payouts
    assert (payout.number, payout.means, payout.paid_fen) == ("FK-2026-000001-1", Means.CREDIT_NOTE, 54_720)
    assert world.owed(signed) == []
    assert world.balance(signed, A.CREDIT_NOTE) == -54_720
    world.is_whole()


def test_released_fund_and_interest_are_paid_by_quarter(world, session):
    signed = world.in_force(world.add_distributor(**BANK), values={"fund_interest_rate": 36_500})
    world.buy(signed, MAY, 1_000_000)
    world.release(signed, "2026Q2", JULY)
    items = world.owed(signed)
    assert [(one.kind, one.part, one.amount_fen) for one in items] == [
        (K.BASE, "", 30_000),
        (K.RELEASED, "2026Q2", 20_000),
        (K.INTEREST, "2026Q2", 20),
    ]
    assert [one.agreed for one in items] == [Means.CREDIT_NOTE, Means.MONEY, Means.MONEY]
    made = world.pay(items, JULY)
    assert [one.bank_account for one in made.payouts] == ["", BANK["bank_account"], BANK["bank_account"]]
    assert (world.balance(signed, A.MONEY), world.balance(signed, A.CREDIT_NOTE)) == (-20_020, -30_000)
    world.is_whole()


def test_what_is_owed_back_is_set_off_against_rebates_and_never_against_interest(world):
    signed = world.in_force(world.add_distributor(**BANK), values={"fund_interest_rate": 36_500})
    bought = world.buy(signed, MAY, 1_000_000)
    world.release(signed, "2026Q2", JULY)
    world.pay(world.owed(signed), JULY)
    world.give_back(bought, date(2026, 7, 12), 1_000_000)  # 30,000 base and 20,000 fund are owed back
    world.buy(signed, date(2026, 7, 13), 200_000)  # 6,000 base
    (item,) = world.owed(signed)
    assert (item.owed_back_fen, item.amount_fen, item.offset_fen, item.to_pay_fen) == (
        50_000,
        6_000,
        6_000,
        0,
    )
    made = world.pay([item], date(2026, 7, 14), key="k2")
    assert made.payouts[0].paid_fen == 0
    assert world.balance(signed, A.CLAWBACK) == 44_000
    world.collect(signed, 40_000, date(2026, 7, 20))
    assert world.balance(signed, A.CLAWBACK) == 4_000
    world.is_whole()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((K.BASE, K.RELEASED, K.INTEREST)), st.integers(1, 10**9)),
        min_size=1,
        max_size=9,
    ),
    st.integers(0, 3 * 10**9),
)
def test_paid_and_set_off_are_what_was_payable(sums, owed_back):
    items = [
        Item(1, "PPA-1", 1, "D", "示例", 1, kind, str(no), fen, Means.MONEY, "", "", "", None, owed_back)
        for no, (kind, fen) in enumerate(sums)
    ]
    done = set_off(items)
    assert [one.amount_fen for one in done] == [one.to_pay_fen + one.offset_fen for one in done]
    assert all(one.to_pay_fen >= 0 and one.offset_fen >= 0 for one in done)
    assert all(one.offset_fen == 0 for one in done if one.kind is K.INTEREST)
    rebates = sum(one.amount_fen for one in done if one.kind.is_rebate)
    assert sum(one.offset_fen for one in done) == min(owed_back, rebates)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_bought_returned_paid_repaid_and_taken_back_the_books_are_whole(world, signed, seed):
    """Random courses: paid + set off = what was payable, nothing negative, and the proof agrees."""
    chance, day, lines = random.Random(seed), date(2026, 5, 1), []
    for step in range(25):
        day = min(date(2026, 6, 28), date.fromordinal(day.toordinal() + chance.randint(0, 3)))
        deed = chance.choice(("buy", "buy", "back", "pay", "pay", "repay", "correct"))
        if deed == "buy":
            lines.append([world.buy(signed, day, chance.randint(1, 999_999)), None])
            lines[-1][1] = lines[-1][0].amount_fen
        elif deed == "back" and lines:
            line = chance.choice(lines)
            fen = chance.randint(0, line[1])
            if fen:
                world.give_back(line[0], day, fen)
                line[1] -= fen
        elif deed == "pay" and (items := world.owed(signed)):
            before = world.balance(signed, A.BASE), world.balance(signed, A.CLAWBACK)
            (payout,) = world.pay(items, day, key=f"pay-{step}").payouts
            assert payout.paid_fen + payout.offset_fen == before[0]
            assert payout.offset_fen == min(before)
            assert world.balance(signed, A.BASE) == 0
        elif deed == "repay" and (owed := world.balance(signed, A.CLAWBACK)):
            world.collect(signed, chance.randint(1, owed), day, key=f"repay-{step}")
        elif deed == "correct":
            model = chance.choice((Payout, Repayment))
            found = world.session.scalars(
                sa.select(model).where(~model.correction.has()).order_by(model.id.desc()).limit(1)
            ).first()
            if found is not None:
                world.correct(found, on=day)
    assert world.balance(signed, A.BASE) >= 0 and world.balance(signed, A.CLAWBACK) >= 0
    world.is_whole()


def test_a_list_sent_twice_is_paid_once_and_its_key_stands_for_nothing_else(world, session, signed):
    world.buy(signed, MAY, 1_000_000)
    items = world.owed(signed)
    first = world.pay(items, JUNE)
    again = world.pay(items, JUNE)
    assert (first.id, session.scalar(sa.select(sa.func.count(Payout.id)))) == (again.id, 1)
    with pytest.raises(DomainError, match="sent before with other content"):
        world.pay(items, MAY)


def test_of_two_who_pay_the_same_one_wins(world, signed):
    world.buy(signed, MAY, 1_000_000)
    seen = world.owed(signed)
    world.pay(seen, JUNE, key="first")
    with pytest.raises(DomainError, match="no longer what you looked at"):
        world.pay(seen, JUNE, key="second")
    world.session.rollback()
    assert world.balance(signed, A.CREDIT_NOTE) == -30_000


def test_a_sum_that_grew_since_it_was_looked_at_is_looked_at_again(world, signed):
    world.buy(signed, MAY, 1_000_000)
    seen = world.owed(signed)
    world.buy(signed, MAY, 1_000)
    with pytest.raises(DomainError, match="no longer what you looked at"):
        world.pay(seen, JUNE)


def test_a_forged_offset_or_sum_is_refused(world, signed):
    world.buy(signed, MAY, 1_000_000)
    (item,) = world.owed(signed)
    for forged in (
        replace(item, amount_fen=1),
        replace(item, offset_fen=100),
        replace(item, kind=K.RELEASED),
    ):
        with pytest.raises(DomainError):
            world.pay([forged], JUNE, key=f"{forged.amount_fen}{forged.kind}")
        world.session.rollback()


@pytest.mark.parametrize(
    ("kind", "means", "note", "word"),
    [
        (K.RELEASED, Means.CREDIT_NOTE, "经销商书面同意", "cannot be set off against goods"),
        (K.RELEASED, Means.GOODS, "", "consented in writing"),
        (K.RELEASED, Means.GOODS, "2026年7月1日书面同意货补", None),
        (K.RELEASED, Means.MONEY, "", None),
        (K.BASE, Means.GOODS, "", "consented in writing"),
        (K.BASE, Means.GOODS, "2026年7月1日书面同意货补", None),
        (K.BASE, Means.MONEY, "同意", "consented in writing"),
        (K.BASE, Means.MONEY, "同意改为转账", None),
        (K.BASE, Means.CREDIT_NOTE, "", None),
    ],
)
def test_means(world, signed, kind, means, note, word):
    world.buy(signed, MAY, 1_000_000)
    world.release(signed, "2026Q2", JULY)
    items = [item for item in world.owed(signed) if item.kind is kind]
    if word is None:
        (payout,) = world.pay(items, JULY, means=means, note=note).payouts
        assert (payout.means, abs(world.balance(signed, means.account))) == (means, items[0].amount_fen)
        world.is_whole()
    else:
        with pytest.raises(DomainError, match=word):
            world.pay(items, JULY, means=means, note=note)


def test_money_goes_only_where_the_register_says(world):
    signed = world.in_force(world.add_distributor())
    world.buy(signed, MAY, 1_000_000)
    (item,) = world.owed(signed)
    assert item.lacks_account
    with pytest.raises(DomainError, match="which bank account"):
        world.pay([item], JUNE, means=Means.MONEY, note="同意改为转账")


@pytest.mark.parametrize(
    ("on", "word"), [(date(2026, 6, 4), "yet to come"), (date(2025, 12, 31), "takes effect")]
)
def test_the_day_of_payment_lies_between_the_agreement_and_today(world, signed, on, word):
    world.buy(signed, MAY, 1_000_000)
    with on_day(JUNE), pytest.raises(DomainError, match=word):
        making.pay(
            world.session, world.finance, list(map(Seen.of, world.owed(signed))), How(paid_on=on), key="k"
        )


def test_only_who_pays_for_the_office_pays(world, make, signed):
    world.buy(signed, MAY, 1_000_000)
    items = world.owed(signed)
    for nobody in (world.manager, world.author):
        with on_day(JUNE), pytest.raises(DomainError):
            making.pay(
                world.session, nobody, list(map(Seen.of, items)), How(paid_on=JUNE), key=f"{nobody.id}"
            )
        world.session.rollback()


def test_a_payment_is_taken_back_by_its_mirror_once_with_a_reason(world, session, signed):
    bought = world.buy(signed, MAY, 1_000_000)
    world.pay(world.owed(signed), JUNE)
    world.give_back(bought, JUNE, 500_000)
    world.buy(signed, JUNE, 1_000_000)
    (payout,) = world.pay(world.owed(signed), JUNE, key="k2").payouts
    assert (payout.offset_fen, payout.paid_fen) == (15_000, 15_000)
    with pytest.raises(DomainError, match="Enter why"):
        world.correct(payout, "  ")
    session.rollback()
    world.correct(payout)
    assert (world.balance(signed, A.BASE), world.balance(signed, A.CLAWBACK)) == (30_000, 15_000)
    with pytest.raises(DomainError, match="already"):
        world.correct(payout)
    session.rollback()
    assert session.scalar(sa.select(Payout.amount_fen).where(Payout.id == payout.id)) == 30_000
    world.is_whole()
    assert world.pay(world.owed(signed), JULY, key="k3").payouts[0].paid_fen == 15_000


def test_a_repayment_is_at_most_what_is_owed_and_once(world, session, signed):
    bought = world.buy(signed, MAY, 1_000_000)
    world.pay(world.owed(signed), JUNE)
    world.give_back(bought, JUNE, 1_000_000)
    for fen, means in ((0, Means.MONEY), (-5, Means.MONEY), (30_001, Means.MONEY), (1, Means.GOODS)):
        with pytest.raises(DomainError):
            world.collect(signed, fen, JUNE, means=means)
        session.rollback()
    first = world.collect(signed, 10_000, JUNE)
    assert (first.number, world.collect(signed, 10_000, JUNE).id) == ("SK-2026-000001", first.id)
    with pytest.raises(DomainError, match="other content"):
        world.collect(signed, 20_000, JUNE)
    session.rollback()
    assert world.balance(signed, A.CLAWBACK) == 20_000
    world.correct(first)
    assert world.balance(signed, A.CLAWBACK) == 30_000
    world.is_whole()


def test_the_days_to_repay_run_from_the_receipt_of_the_statement(world, session, signed):
    bought = world.buy(signed, MAY, 1_000_000)
    with on_day(JUNE), pytest.raises(DomainError, match="owes nothing back"):
        collecting.serve(session, world.finance, signed, JUNE)
    world.pay(world.owed(signed), JUNE)
    world.give_back(bought, JUNE, 1_000_000)
    with on_day(date(2026, 6, 20)):
        made = collecting.serve(session, world.finance, signed, date(2026, 6, 18))
        again = collecting.serve(session, world.finance, signed, date(2026, 6, 18))
    assert (made.id, made.amount_fen, made.due_on) == (again.id, 30_000, date(2026, 7, 3))


def test_an_invoice_is_noted_once_and_of_one_distributor(world, session, signed):
    other = world.in_force(world.add_distributor(**BANK))
    for agreement in (signed, other):
        world.buy(agreement, MAY, 1_000_000)
    first, second = world.pay([*world.owed(signed), *world.owed(other)], JUNE).payouts
    assert first.lacks_invoice
    for text in ("", "1234567", "1234567A", "123456789"):
        with pytest.raises(DomainError, match="invoice number"):
            marking.mark(session, world.finance, first, Mark.INVOICE, text)
    marking.mark(session, world.finance, first, Mark.INVOICE, " ２６33 2000 0000 0000 0001 ")
    session.commit()
    session.expire_all()
    assert (first.invoice, first.lacks_invoice) == ("26332000000000000001", False)
    marking.mark(session, world.finance, first, Mark.INVOICE, "26332000000000000001")
    with pytest.raises(DomainError, match="typing error"):
        marking.mark(session, world.finance, first, Mark.INVOICE, "26332000000000000002")
    with pytest.raises(DomainError, match="another distributor"):
        marking.mark(session, world.finance, second, Mark.INVOICE, "26332000000000000001")
    noted = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "payout.invoice_noted")).all()
    assert len(noted) == 1


def test_a_typing_error_in_a_number_is_mended_and_the_old_entry_stays(world, session, signed):
    other = world.in_force(world.add_distributor(**BANK))
    for agreement in (signed, other):
        world.buy(agreement, MAY, 1_000_000)
    first, second = world.pay([*world.owed(signed), *world.owed(other)], JUNE).payouts
    wrong, right = "26332000000000000001", "26332000000000000002"
    marking.mark(session, world.finance, first, Mark.INVOICE, wrong)
    marking.mark(session, world.finance, first, Mark.REFERENCE, "SF-1")
    for stale in ("", right, "26332000000000000003"):
        with pytest.raises(DomainError, match="typing error"):
            marking.mark(session, world.finance, first, Mark.INVOICE, right, instead_of=stale)
    with pytest.raises(DomainError, match="invoice number has"):
        marking.mark(session, world.finance, first, Mark.INVOICE, "12", instead_of=wrong)
    marking.mark(session, world.finance, first, Mark.INVOICE, right, instead_of=wrong)
    marking.mark(session, world.finance, first, Mark.INVOICE, right, instead_of=wrong)  # sent twice
    session.commit()
    session.expire_all()
    assert (first.invoice, first.reference) == (right, "SF-1")
    assert [one.value for one in first.marks if one.what is Mark.INVOICE] == [wrong, right]
    rows = session.execute(queries.paid_rows(world.finance, PaidFilter(agreement_id=signed.id))).all()
    assert [(row.invoice, row.reference) for row in rows] == [(right, "SF-1")]
    mended = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "payout.invoice_mended")).one()
    assert wrong in str(mended.params) and right in str(mended.params)
    # The number that was wrong is free: it is another distributor's.
    marking.mark(session, world.finance, second, Mark.INVOICE, wrong)
    with pytest.raises(DomainError, match="another distributor"):
        marking.mark(session, world.finance, second, Mark.INVOICE, right, instead_of=wrong)
    session.rollback()
    world.is_whole()


def test_numbers_of_many_payments_are_noted_row_by_row(world, session, make, signed):
    other = world.in_force(world.add_distributor(**BANK))
    for agreement in (signed, other):
        world.buy(agreement, MAY, 1_000_000)
    first, second = world.pay([*world.owed(signed), *world.owed(other)], JUNE).payouts
    one, two = "26332000000000000001", "26332000000000000002"
    answers = noting.note(
        session,
        world.finance,
        [
            noting.Entry(2, first.number.lower(), one),
            noting.Entry(3, second.number, one),  # another distributor's
            noting.Entry(4, "FK-2026-999999-1", two),
            noting.Entry(5, second.number, two, "x" * 61),  # of both none
            noting.Entry(6, second.number, two, "SF-2"),
            noting.Entry(7, second.number, two),
            noting.Entry(8, first.number, two),
        ],
    )
    session.commit()
    refused = noting.Outcome.REFUSED
    assert [answer.outcome for answer in answers] == [
        noting.Outcome.NOTED,
        refused,
        refused,
        refused,
        noting.Outcome.NOTED,
        noting.Outcome.UNCHANGED,
        refused,
    ]
    session.expire_all()
    assert (first.invoice, second.invoice, second.reference) == (one, two, "SF-2")
    elsewhere = make.user(Role.FINANCE, make.region())
    assert noting.note(session, elsewhere, [noting.Entry(1, first.number, one)])[0].outcome is refused


def test_those_without_account_are_told_apart_and_all_of_them_are_named(world, session):
    holes = [world.in_force(world.add_distributor()) for _ in range(2)]
    known = world.in_force(world.add_distributor(**BANK))
    for agreement in (*holes, known):
        world.buy(agreement, MAY, 1_000_000)
        world.release(agreement, "2026Q2", JULY)
    wanted = {"kind": K.RELEASED}
    assert {item.agreement_id for item in world.owed(has_account=False, **wanted)} == {
        one.id for one in holes
    }
    assert {item.agreement_id for item in world.owed(has_account=True, **wanted)} == {known.id}
    assert len(world.owed(**wanted)) == 3
    with pytest.raises(DomainError, match="which bank account") as refused:
        world.pay(world.owed(**wanted), JULY)
    assert all(one.distributor.code in refused.value.params["names"] for one in holes)
    assert known.distributor.code not in refused.value.params["names"]
    session.rollback()
    asked = [one for one in todos.todos(session, world.author) if one.endpoint == "distributors.edit"]
    assert {one.args["id"] for one in asked} == {one.distributor_id for one in holes}
    assert [one for one in todos.todos(session, world.finance) if one.endpoint == "distributors.edit"] == []


def decided(world: PayWorld, agreement: Agreement, award_ppm: int = 600_000) -> None:
    world.buy(agreement, MAY, 1_000_000)
    with on_day(JUNE):
        deducting.deduct(world.session, world.manager, agreement.id, "2026Q2", 7, 1_000_000, award_ppm)
        world.session.commit()


def from_case(
    world: PayWorld, agreement: Agreement, kind: K, fen: int, note: str = "", payee: str = "", key: str = "c"
) -> Payout:
    with on_day(JULY):
        how = How(JULY, note=note)
        made = making.pay_from_case(
            world.session, world.finance, agreement, kind, "C7", fen, how, key=key, payee=Payee(payee)
        )
        world.session.commit()
    return made.payouts[0]


def use(world: PayWorld, agreement: Agreement, fen: int, note: str, payee: str, key: str = "c") -> Payout:
    return from_case(world, agreement, K.UNAWARDED, fen, note, payee, key)


def test_an_award_waits_until_its_decision_is_in_effect_and_names_nobody(world, session, signed, in_effect):
    decided(world, signed)
    with pytest.raises(DomainError, match="not in effect"):
        from_case(world, signed, K.AWARD, 12_000)
    session.rollback()
    in_effect.add("C7")
    with pytest.raises(DomainError, match="no longer what you looked at"):
        from_case(world, signed, K.AWARD, 11_999)
    session.rollback()
    with pytest.raises(ValueError, match="not kept"):
        from_case(world, signed, K.AWARD, 12_000, payee="某人")
    payout = from_case(world, signed, K.AWARD, 12_000)
    assert (payout.payee, payout.bank_account, world.balance(signed, A.AWARD, "C7")) == ("", "", 0)
    assert session.execute(queries.paid_rows(world.finance, PaidFilter())).all() == []
    world.is_whole()


def test_what_was_not_awarded_serves_a_purpose_that_is_told(world, session, signed, in_effect):
    decided(world, signed)
    said = ("经销商培训场地", "示例培训中心")
    with pytest.raises(DomainError, match="not in effect"):
        use(world, signed, 5_000, *said)
    session.rollback()
    in_effect.add("C7")
    for fen, note, payee in ((8_001, *said), (0, *said), (5_000, "", said[1]), (5_000, said[0], "")):
        with pytest.raises(DomainError):
            use(world, signed, fen, note, payee)
        session.rollback()
    payout = use(world, signed, 5_000, *said)
    assert use(world, signed, 5_000, *said).id == payout.id
    assert (payout.note, world.balance(signed, A.UNAWARDED, "C7")) == (said[0], 3_000)
    use(world, signed, 3_000, "市场维护", "示例广告社", key="c2")
    world.is_whole()
    in_effect.clear()
    with pytest.raises(DomainError, match="no longer in effect"):
        world.correct(payout)


def test_no_case_is_in_effect_that_is_not_there(session):
    assert not any(awards.award_is_payable(session, part) for part in ("C7", "C", "7x", ""))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("payout", "amount_fen", 30_001),
        ("payout", "payee", "'别人'"),
        ("payout", "means", "'goods'"),
        ("payout", "paid_on", "'2026-06-02'"),
        ("repayment", "amount_fen", 1),
        ("repayment", "means", "'credit_note'"),
    ],
)
def test_payments_stay_as_they_were_written(world, session, signed, table, column, value):
    bought = world.buy(signed, MAY, 1_000_000)
    world.pay(world.owed(signed), JUNE)
    world.give_back(bought, JUNE, 1_000_000)
    world.collect(signed, 30_000, JUNE)
    world.is_whole()
    for statement in (f"UPDATE {table} SET {column} = {value}", f"DELETE FROM {table}"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()
    _without_guard(session, table)
    session.execute(sa.text(f"UPDATE {table} SET {column} = {value}"))
    with pytest.raises(verify.Break):
        proving.prove(session)
    session.rollback()


def _without_guard(session: Any, table: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    else:
        session.execute(sa.text(f"DROP TRIGGER {table}_no_update"))


def test_a_correction_without_its_row_is_found(world, session, signed):
    world.buy(signed, MAY, 1_000_000)
    world.pay(world.owed(signed), JUNE)
    transfer = session.scalars(sa.select(Transfer).where(Transfer.source == "payout")).one()
    with on_day(JUNE):
        held = making.ledger.hold(session, signed.id)
        making.ledger.reverse(held, world.finance, transfer, "forged")
    with pytest.raises(verify.Break, match="taken back"):
        proving.prove(session)
    session.rollback()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_at_once_pay_the_same_sums_once(world, session, signed):
    """The first has not committed yet: the second waits for the book, looks again, and is refused."""
    world.buy(signed, MAY, 1_000_000)
    seen = [Seen.of(item) for item in world.owed(signed)]
    waiting: list[str] = []
    with on_day(JUNE), session.get_bind().engine.connect() as connection, Session(connection) as other:
        clerk = other.get_one(User, world.finance.id)
        making.pay(session, world.finance, seen, How(paid_on=JUNE), key="first")

        def pay() -> None:
            try:
                with on_day(JUNE):
                    making.pay(other, clerk, seen, How(paid_on=JUNE), key="second")
                    other.commit()
            except DomainError as refusal:
                waiting.append(refusal.msgid)

        thread = threading.Thread(target=pay)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()  # it waits for the book
        session.commit()
        thread.join(20)
    assert len(waiting) == 1 and "no longer what you looked at" in waiting[0]
    assert world.balance(signed, A.CREDIT_NOTE) == -30_000


def test_a_payment_is_not_earlier_than_the_last_booking_that_it_consists_of(world, session):
    signed = world.in_force(world.add_distributor(**BANK), values={"fund_interest_rate": 36_500})
    bought = world.buy(signed, MAY, 1_000_000)
    world.buy(signed, date(2026, 5, 20), 100_000)
    world.release(signed, "2026Q2", JULY)
    for kind, last_on in ((K.BASE, date(2026, 5, 20)), (K.RELEASED, JULY), (K.INTEREST, JULY)):
        items = [item for item in world.owed(signed) if item.kind is kind]
        early = date.fromordinal(last_on.toordinal() - 1)
        with on_day(JULY), pytest.raises(DomainError, match="booked as late as") as refused:
            making.pay(session, world.finance, list(map(Seen.of, items)), How(paid_on=early), key="e")
        assert refused.value.params["day"] == last_on.isoformat()
        session.rollback()
        with on_day(JULY):
            making.pay(session, world.finance, list(map(Seen.of, items)), How(paid_on=last_on), key=f"{kind}")
            session.commit()
    # What is set off was not owed back before the goods came back.
    world.give_back(bought, date(2026, 7, 12), 1_000_000)
    world.buy(signed, date(2026, 7, 11), 100_000, entered_on=date(2026, 7, 13))
    seen = list(map(Seen.of, world.owed(signed)))
    for on, word in ((date(2026, 7, 11), "booked as late as"), (date(2026, 7, 12), None)):
        with on_day(date(2026, 7, 13)):
            if word is None:
                making.pay(session, world.finance, seen, How(paid_on=on), key="set-off")
            else:
                with pytest.raises(DomainError, match=word):
                    making.pay(session, world.finance, seen, How(paid_on=on), key="set-off")
                session.rollback()


def test_a_repayment_is_not_earlier_than_what_it_gives_back(world, session, signed):
    first, second = (world.buy(signed, MAY, 1_000_000) for _ in range(2))
    world.pay(world.owed(signed), JUNE)
    world.give_back(first, date(2026, 6, 10), 1_000_000)
    world.give_back(second, date(2026, 6, 20), 1_000_000)
    with on_day(JULY):
        for day, fen in ((9, 1), (10, 30_001), (19, 60_000)):
            with pytest.raises(DomainError, match="So much was owed back from"):
                said = Received(fen, Means.MONEY, date(2026, 6, day))
                collecting.collect(session, world.finance, signed, said, key="r")
            session.rollback()
        with pytest.raises(DomainError, match="Nothing was owed back before"):
            collecting.serve(session, world.finance, signed, date(2026, 6, 9))
        session.rollback()
        for day, fen in ((10, 30_000), (20, 30_000)):
            said = Received(fen, Means.MONEY, date(2026, 6, day))
            collecting.collect(session, world.finance, signed, said, key=f"r{day}")
            session.commit()
    assert world.balance(signed, A.CLAWBACK) == 0


def test_a_sum_taken_back_is_due_on_its_old_day(world, session, signed):
    due = date(2026, 5, 15)  # three working days after 12 May
    world.buy(signed, MAY, 1_000_000)
    (first,) = world.pay(world.owed(signed), JUNE, key="a").payouts
    world.buy(signed, JUNE, 500_000)
    (second,) = world.pay(world.owed(signed), date(2026, 6, 9), key="b").payouts
    world.correct(second)
    (item,) = world.owed(signed)
    assert (item.amount_fen, item.due_on) == (15_000, date(2026, 6, 8))
    world.pay([item], JULY, key="c")
    world.correct(first, "付错了账户", on=date(2026, 7, 20))
    (item,) = world.owed(signed)
    assert (item.amount_fen, item.due_on) == (30_000, due)
    # It may be told that it was paid on its real day, before it was taken back.
    world.session.rollback()
    with on_day(date(2026, 7, 21)):
        making.pay(session, world.finance, [Seen.of(item)], How(paid_on=JUNE), key="d")
        session.commit()
    assert world.owed(signed) == []
    world.is_whole()


def test_a_form_s_key_is_its_sender_s_own_and_never_the_portal_s(world, session, make, signed, in_effect):
    other = make.user(Role.FINANCE)
    for no, key in enumerate(("award:1:1", "case_award:1", "k"), 1):
        world.buy(signed, MAY, 1_000_000)
        made = world.pay(world.owed(signed), JUNE, key=key)
        assert made.number == f"FK-2026-{2 * no - 1:06d}" and made.key.startswith("form:")
        world.buy(signed, MAY, 1_000)
        with on_day(JUNE):
            seen = [Seen.of(item) for item in world.owed(signed)]
            again = making.pay(session, other, seen, How(paid_on=JUNE), key=key)
            assert (again.id, again.made_by_id) != (made.id, made.made_by_id)
            session.rollback()
        world.pay(world.owed(signed), JUNE, key=f"{key}-rest")
    for nothing in ("", "  ", "x" * 41):
        with on_day(JUNE), pytest.raises(DomainError, match="portal gave out"):
            making.pay(session, world.finance, [], How(paid_on=JUNE), key=nothing)
    decided(world, signed)
    in_effect.add("C7")
    with on_day(JULY):
        how = How(JULY, note="经销商培训场地")
        made = making.pay_from_case(
            session, world.finance, signed, K.UNAWARDED, "C7", 100, how, key="award:7:1", payee=Payee("示例")
        )
        assert made.key.startswith("form:")
