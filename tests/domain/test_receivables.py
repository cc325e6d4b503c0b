"""往来账: entered once a version, compared with the ledger and the quarter before, printed as it was confirmed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission as P
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError, Stale
from portal.domain.papers.statement import check_statement
from portal.domain.price_protection.closing import executing, printing, proposing
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import making
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.receivables import entering, queries
from portal.domain.price_protection.receivables.entering import Said
from portal.domain.price_protection.receivables.models import AccountFigures
from portal.domain.price_protection.receivables.queries import State
from portal.domain.price_protection.receivables.standing import Printing, following, previous
from portal.domain.settings import services as settings
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.factories import Factory

JULY, AUGUST, SEPTEMBER = date(2026, 7, 6), date(2026, 8, 20), date(2026, 9, 3)
JANUARY = date(2027, 1, 8)
# 20,000.00 + 200,000.00 − 10,000.00 − 171,200.00 − rebates − 380.00
SAID = Said(
    opening_fen=2_000_000,
    goods_fen=20_000_000,
    returns_fen=1_000_000,
    payments_fen=17_120_000,
    other_fen=-38_000,
    due_fen=500_000,
    note="运费折让380.00元",
)


class AccountWorld(CloseWorld):
    """As the close's; each call commits."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)
        self._keys = iter(f"k{no}" for no in range(99))

    def enter(
        self,
        agreement: Agreement,
        said: Said = SAID,
        name: str = "2026Q3",
        on: date = OCTOBER,
        by: Any = None,
        **more: Any,
    ) -> AccountFigures | None:
        self.session.rollback()
        with on_day(on):
            made = entering.enter(self.session, by or self.finance, agreement.distributor, name, said, **more)
            self.session.commit()
        return made

    def credit(self, agreement: Agreement, on: date) -> int:
        """Pay all that is owed as the agreement says: by credit note against goods."""
        self.session.rollback()
        with on_day(on):
            items = payable(self.session, self.finance, Wanted(agreement_id=agreement.id), P.PAYMENTS_MAKE)
            seen = [Seen.of(item) for item in items]
            making.pay(self.session, self.finance, seen, How(paid_on=on), key=next(self._keys))
            self.session.commit()
        return sum(item.to_pay_fen for item in items)

    def listed(self, agreement: Agreement, name: str = "2026Q3", on: date = OCTOBER) -> queries.Listed:
        self.session.rollback()
        with on_day(on):
            found = queries.one_of(self.session, self.finance, name, agreement.distributor_id)
        assert found is not None
        return found


@pytest.fixture
def world(session, make) -> AccountWorld:
    return AccountWorld(session, make)


def printed(statement) -> dict[str, Any]:
    return {
        name.removeprefix("account_").removesuffix("_figures"): value
        for name, value in statement.payload["values"].items()
        if name.startswith("account_")
    }


def test_names_of_the_quarters_beside_one():
    assert (previous("2026Q1"), previous("2026Q3")) == ("2025Q4", "2026Q2")
    assert (following("2026Q4"), following("2026Q1")) == ("2027Q1", "2026Q2")


def test_an_account_is_printed_with_the_ledgers_rebates_and_a_closing_sum_that_follows(world):
    agreement, bare = world.in_force(), world.in_force()
    world.buy(agreement, JULY, 11_400_000)  # base rebate: 3 % of it
    assert world.credit(agreement, AUGUST) == 342_000
    world.enter(agreement)
    rows = world.preview()
    assert rows[agreement.id].printing is Printing.PRINTED
    assert rows[bare.id].printing is Printing.MISSING and rows[bare.id].account is None
    world.close()
    statement = world.statement(agreement)
    assert statement.payload["account"] is True
    said = printed(statement)
    assert {
        key: said[key] for key in ("opening", "goods", "returns", "payments", "rebates", "other", "due")
    } == {
        "opening": 2_000_000,
        "goods": 20_000_000,
        "returns": 1_000_000,
        "payments": 17_120_000,
        "rebates": 342_000,
        "other": -38_000,
        "due": 500_000,
    }
    assert said["closing"] == 3_500_000
    assert said["other_note"] == "运费折让380.00元"
    text = printing.frozen(statement).template_text
    assert "option-account" in text
    assert world.statement(bare).payload["account"] is False
    assert not printed(world.statement(bare))


def test_a_frozen_account_that_does_not_add_up_is_not_printed(world):
    agreement = world.in_force()
    world.enter(agreement)
    world.close()
    data = printing.frozen(world.statement(agreement)).data
    check_statement(data)
    for name, fen in (("account_closing_figures", 1), ("account_due_figures", 99_999_999)):
        with pytest.raises(DomainError, match="do not follow"):
            check_statement({**data, "values": data["values"] | {name: fen}})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"goods_fen": -1}, "goods"),
        ({"returns_fen": -1}, "returns"),
        ({"payments_fen": -1}, "payments"),
        ({"due_fen": -1}, "due"),
        ({"due_fen": 3_842_001}, "due"),  # the closing sum is 38,420.00
        ({"note": ""}, "note"),
        ({"note": "字" * 61}, "note"),
        ({"closing_fen": 3_842_001}, "closing"),
        ({"rebates_fen": 1}, "rebates"),
        ({"opening_fen": 10**15 + 1}, "opening"),
    ],
)
def test_what_does_not_add_up_is_refused_by_its_field(world, change, field):
    agreement = world.in_force()
    with pytest.raises(DomainError) as refusal:
        world.enter(agreement, replace(SAID, **change))
    assert refusal.value.field == field
    world.session.rollback()
    assert world.enter(agreement, replace(SAID, closing_fen=3_842_000, rebates_fen=0)) is not None


def test_a_prepayment_is_negative_and_nothing_of_it_is_due(world):
    agreement = world.in_force()
    prepaid = Said(opening_fen=-500_000, goods_fen=100_000, payments_fen=600_000)
    with pytest.raises(DomainError):
        world.enter(agreement, replace(prepaid, due_fen=1))
    made = world.enter(agreement, prepaid)
    assert made is not None and made.closing_fen == -1_000_000
    world.close()
    said = printed(world.statement(agreement))
    assert (said["opening"], said["closing"], said["due"], said["other_note"]) == (
        -500_000,
        -1_000_000,
        0,
        "",
    )


def test_the_same_again_changes_nothing_and_another_becomes_the_one_that_holds(world, session):
    agreement = world.in_force()
    first = world.enter(agreement)
    assert first is not None and first.no == 1
    assert world.enter(agreement) is None
    with pytest.raises(Stale):
        world.enter(agreement, replace(SAID, goods_fen=1), seen_no=0)
    second = world.enter(agreement, replace(SAID, goods_fen=30_000_000), seen_no=1)
    assert second is not None and (second.no, second.reason) == (2, "")
    assert session.scalar(sa.select(sa.func.count()).select_from(AccountFigures)) == 2
    account = world.listed(agreement).account
    assert account is not None and account.entry.no == 2
    told = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "account.entered")).all()
    assert [event.params["closing_fen"] for event in told] == [3_842_000, 13_842_000]


def test_an_opening_sum_that_is_not_the_last_closing_one_is_said(world):
    agreement = world.in_force()
    world.enter(agreement, Said(opening_fen=0, goods_fen=2_000_000), "2026Q2", on=JULY)
    world.enter(agreement)
    assert world.listed(agreement).state is State.ENTERED
    world.enter(agreement, replace(SAID, opening_fen=1_900_000))
    found = world.listed(agreement)
    assert found.state is State.GAP and found.account is not None and found.account.gap_fen == -100_000
    # It is said, not refused: the books may be right.
    assert world.preview()[agreement.id].printing is Printing.PRINTED


def test_rebates_booked_later_leave_the_account_out_until_it_is_entered_again(world):
    agreement = world.in_force()
    world.buy(agreement, JULY, 11_400_000)
    world.enter(agreement)
    world.credit(agreement, SEPTEMBER)
    assert world.preview()[agreement.id].printing is Printing.UNEQUAL
    assert world.listed(agreement).state is State.UNEQUAL
    made = world.enter(agreement)
    assert made is not None and made.rebates_fen == 342_000
    assert world.preview()[agreement.id].printing is Printing.PRINTED


def test_what_changed_after_the_confirmation_leaves_the_account_out_and_never_the_fund(world):
    agreement = world.in_force()
    world.buy(agreement, JULY, 11_400_000)
    world.enter(agreement)
    proposal = world.propose()
    world.confirm(proposal)
    with pytest.raises(DomainError, match="was confirmed and is being done"):
        world.enter(agreement, replace(SAID, goods_fen=1, payments_fen=1, due_fen=0))
    world.session.rollback()
    world.credit(agreement, SEPTEMBER)
    assert world.execute(proposal) == []
    statement = world.statement(agreement)
    assert statement.release_fen == 228_000 and statement.payload["account"] is False
    with pytest.raises(DomainError, match="was made without this account"):
        world.enter(agreement)


def test_what_changes_between_proposal_and_confirmation_must_be_proposed_again(world):
    agreement = world.in_force()
    world.enter(agreement)
    proposal = world.propose()
    world.enter(agreement, replace(SAID, goods_fen=30_000_000))
    with pytest.raises(DomainError, match="changed since it was proposed"):
        world.confirm(proposal)
    world.session.rollback()
    row = world.preview()[agreement.id]
    assert [one[0].agreement_id for one in proposing.changes(proposal, [row]) if one[0]] == [agreement.id]


def test_a_correction_leaves_the_statement_and_is_carried_by_the_next(world):
    agreement = world.in_force()
    world.enter(agreement)
    world.close()
    before = world.statement(agreement)
    frozen, sha256 = dict(before.payload), before.payload_sha256
    with pytest.raises(DomainError) as refusal:
        world.enter(agreement, replace(SAID, goods_fen=20_050_000))
    assert refusal.value.field == "reason"
    made = world.enter(agreement, replace(SAID, goods_fen=20_050_000), reason="漏记一张发货单")
    assert made is not None and made.closing_fen == 3_892_000
    after = world.statement(agreement)
    assert (after.payload, after.payload_sha256) == (frozen, sha256)
    assert world.listed(agreement).is_corrected
    # Finance's books open with the corrected sum; the paper with the one that the distributor was told.
    world.enter(agreement, Said(opening_fen=3_892_000, payments_fen=892_000), "2026Q4", on=JANUARY)
    assert world.listed(agreement, "2026Q4", JANUARY).state is State.ENTERED
    world.close("2026Q4", on=JANUARY)
    said = printed(world.statement(agreement, "2026Q4"))
    assert (said["opening"], said["other"], said["closing"]) == (3_842_000, 50_000, 3_000_000)
    assert said["other_note"] == "更正2026年第三季度500.00元"
    with pytest.raises(DomainError, match="Correct that one"):
        world.enter(agreement, SAID, reason="又改回来")


def test_finance_may_put_the_correction_among_the_other_items_itself(world):
    agreement = world.in_force()
    world.enter(agreement)
    world.close()
    world.enter(agreement, replace(SAID, goods_fen=20_050_000), reason="漏记一张发货单")
    world.enter(
        agreement,
        Said(opening_fen=3_842_000, other_fen=50_000, note="补记2026年第三季度发货"),
        "2026Q4",
        on=JANUARY,
    )
    found = world.listed(agreement, "2026Q4", JANUARY)
    assert found.state is State.ENTERED and found.account is not None and found.account.carried_fen == 0
    assert found.account.values()["account_other_figures"] == 50_000


def test_of_two_agreements_the_one_that_lasts_longest_prints_the_account_once(world):
    first = world.in_force(expires_on=date(2026, 8, 31))
    second = world.in_force(first.distributor, effective_on=date(2026, 9, 1))
    world.enter(first)
    rows = world.preview()
    assert rows[first.id].printing is Printing.ELSEWHERE and rows[second.id].printing is Printing.PRINTED
    world.close()
    assert [world.statement(one).payload["account"] for one in (first, second)] == [False, True]


def test_the_setting_of_the_company_leaves_the_part_out(world, make, session):
    agreement = world.in_force()
    world.enter(agreement)
    settings.change(session, make.user(Role.ADMINISTRATOR), world.head, {"option_account": "否"})
    session.commit()
    assert world.preview()[agreement.id].printing is None
    world.close()
    assert world.statement(agreement).payload["account"] is False


def test_a_quarter_that_runs_and_one_without_an_agreement_are_refused(world):
    agreement, late = world.in_force(), world.in_force(effective_on=date(2026, 10, 1))
    with pytest.raises(DomainError, match="lasts until"):
        world.enter(agreement, on=SEPTEMBER)
    with pytest.raises(DomainError, match="no agreement in"):
        world.enter(late)
    with pytest.raises(DomainError):
        world.enter(agreement, name="2026-07")


def test_only_finance_of_the_office_enters_and_a_manager_reads_the_own_region(world, make):
    agreement = world.in_force()
    world.enter(agreement)
    elsewhere = make.region("别处办事处")
    stranger = make.user(Role.FINANCE, region=elsewhere)
    manager = make.user(Role.REGIONAL_MANAGER, region=world.region)
    other = make.user(Role.REGIONAL_MANAGER, region=elsewhere)
    for user in (stranger, manager, other):
        with pytest.raises(DomainError, match="You enter no accounts"):
            world.enter(agreement, replace(SAID, goods_fen=1), by=user)
        world.session.rollback()
    seen = [
        queries.one_of(world.session, user, "2026Q3", agreement.distributor_id) is not None
        for user in (manager, other, stranger)
    ]
    assert seen == [True, False, False]


def test_rows_are_written_once(world, session):
    world.enter(world.in_force())
    for statement in ("UPDATE account_figures SET goods_fen = 1", "DELETE FROM account_figures"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()


def test_what_is_taken_back_and_interest_are_no_rebates(world):
    agreement = world.in_force(values={"release_method": "抵付货款"})
    bought = world.buy(agreement, JULY, 11_400_000)
    world.credit(agreement, AUGUST)
    ledger = world.listed(agreement).ledger
    assert (ledger.rebates_fen, ledger.other_fen) == (342_000, 0)
    assert bought.amount_fen == 11_400_000
    # The fund is credited in the quarter in which it is released, not in that it was gathered in.
    world.close()
    with on_day(OCTOBER):
        assert executing.statement_of(world.session, agreement.id, "2026Q3") is not None
    world.credit(agreement, OCTOBER)
    assert world.listed(agreement).ledger.rebates_fen == 342_000
    assert world.listed(agreement, "2026Q4", JANUARY).ledger.rebates_fen == 228_000
