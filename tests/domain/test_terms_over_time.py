"""What an agreement says of its fund on a day: amended words, and a term that ends within a quarter (1.4, S 2.1)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.closing import todos
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.closing.preview import Outcome
from portal.domain.price_protection.deeds import amending, serving
from portal.domain.price_protection.funds import releasing
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement, Ground, Service
from portal.domain.price_protection.payments.models import Means
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.proving import prove
from portal.domain.price_protection.purchases.models import Unprotected
from tests.domain.clock import on_day
from tests.domain.close_world import CloseWorld
from tests.domain.deed_world import DeedWorld

A = AccountKind
JULY, LAST_DAY = date(2026, 7, 6), date(2026, 8, 15)


class World(CloseWorld, DeedWorld):
    """Agreements in force, amended and ended early, whose quarters are closed."""

    def amend(self, agreement: Agreement, since_on: date, on: date = JULY, **values) -> None:
        with on_day(on):
            self.signed_amendment(agreement, effective_on=since_on, values=values)

    def end(self, agreement: Agreement, last_on: date, *, recorded_on: date | None = None) -> None:
        """A notice of insolvency, served on its day."""
        with on_day(JULY):
            deed = self.approved_notice(
                agreement,
                ground=Ground.INSOLVENCY,
                expected_on=last_on,
                terminates_on=last_on,
                handover_on=last_on,
            )
        with on_day(recorded_on or last_on):
            serving.serve(
                self.session, self.author, deed, served_on=last_on, how=Service.COURIER, note="示例速递SF1"
            )
            self.session.commit()

    def release(self, agreement: Agreement, name: str, on: date) -> FundRelease:
        with on_day(on):
            made = releasing.release(self.session, self.finance, agreement.id, name)
            self.session.commit()
        assert made is not None
        return made

    def stated(self, agreement: Agreement, name: str) -> dict:
        return self.statement(agreement, name).payload["values"]


@pytest.fixture
def world(session, make) -> World:
    return World(session, make)


# ---- amended words


def test_interest_days_and_means_are_those_of_the_quarters_last_day(world, session):
    agreement = world.in_force(values={"fund_interest_rate": 36_500})
    world.buy(agreement, date(2026, 5, 6), 100_000_000)
    world.buy(agreement, JULY, 100_000_000)
    world.amend(
        agreement, date(2026, 9, 1), fund_interest_rate=73_000, release_days=30, release_method="抵付货款"
    )
    earlier = world.release(agreement, "2026Q2", date(2026, 9, 8))
    later = world.release(agreement, "2026Q3", date(2026, 10, 10))
    assert (earlier.interest_fen, earlier.due_on) == (2_000_000 * 70 // 10_000, date(2026, 7, 15))
    assert (later.interest_fen, later.due_on) == (2_000_000 * 10 * 2 // 10_000, date(2026, 10, 30))
    with on_day(date(2026, 10, 10)):
        items = payable(session, world.finance, Wanted(), Permission.PAYMENTS_MAKE)
    means = {(item.kind.value, item.part): item.agreed for item in items}
    assert means["released", "2026Q2"] is Means.MONEY
    assert means["released", "2026Q3"] is Means.CREDIT_NOTE
    prove(session)


def test_the_preview_and_the_statement_say_what_is_released(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 100_000_000)
    world.amend(agreement, date(2026, 9, 1), fund_interest_rate=36_500, release_days=30)
    row = world.preview()[agreement.id]
    world.close()
    said = world.stated(agreement, "2026Q3")
    assert (row.interest_fen, row.due_on) == (2_000_000 * 8 // 10_000, date(2026, 10, 30))
    assert (said["interest_figures"], said["release_due_on"]) == (row.interest_fen, "2026-10-30")


def test_the_days_on_which_quarters_begin_are_not_amended(world):
    agreement = world.in_force()
    with on_day(JULY):
        assert "quarter_starts" not in {one.name for one in amending.amendable(agreement, world.counsel)}
        with pytest.raises(DomainError):
            world.amendment(agreement, values={"quarter_starts": "每年2、5、8、11月1日"})


# ---- a term that ends within a quarter


@pytest.mark.parametrize(
    ("name", "first_on", "last_on"),
    [
        ("2026Q1", date(2026, 2, 10), date(2026, 3, 31)),
        ("2026Q2", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026Q3", date(2026, 7, 1), LAST_DAY),
        ("2026Q4", date(2026, 8, 16), date(2026, 12, 31)),
        ("2027Q1", date(2027, 1, 1), date(2027, 3, 31)),
    ],
)
def test_a_quarter_is_shorter_at_the_ends_of_a_term(name, first_on, last_on):
    calendar = Calendar()
    own = calendar.own(calendar.named(name), date(2026, 2, 10), LAST_DAY)
    assert (str(own), own.first_on, own.last_on) == (name, first_on, last_on)


def test_a_term_that_ends_with_its_quarter_leaves_every_quarter_as_it_is():
    calendar = Calendar()
    for name in ("2026Q3", "2026Q4"):
        quarter = calendar.named(name)
        assert calendar.own(quarter, date(2026, 1, 1), date(2026, 9, 30)) == quarter


def test_what_ends_in_a_quarter_is_closed_stated_and_released_from_the_next_day_on(world, session):
    agreement, goes_on = world.in_force(values={"fund_interest_rate": 36_500}), world.in_force()
    world.buy(agreement, JULY, 100_000_000)
    world.buy(goes_on, JULY, 1_000_000)
    world.end(agreement, LAST_DAY)
    on = date(2026, 8, 25)
    rows = world.preview(on=on)
    assert (rows[agreement.id].outcome, rows[goes_on.id].outcome) == (Outcome.RELEASE, Outcome.RUNNING)
    assert rows[agreement.id].due_on == date(2026, 8, 30)
    world.close(on=on)
    said = world.stated(agreement, "2026Q3")
    assert (said["quarter_from"], said["quarter_to"]) == ("2026-07-01", "2026-08-15")
    assert (said["release_figures"], said["interest_figures"]) == (2_000_000, 2_000_000 * 10 // 10_000)
    assert world.balance(goes_on, A.FUND, "2026Q3") == 20_000
    world.close(on=date(2026, 10, 8))
    assert world.balance(goes_on, A.RELEASED, "2026Q3") == 20_000
    prove(session)


def test_what_comes_after_such_a_close_goes_into_the_next_quarter_and_its_statement(world, session):
    agreement = world.in_force()
    bought = world.buy(agreement, JULY, 1_000_000)
    world.end(agreement, LAST_DAY)
    world.close(on=date(2026, 8, 25))
    late = world.buy(agreement, date(2026, 8, 10), 500_000, entered_on=date(2026, 9, 2))
    world.give_back(bought, date(2026, 9, 3), 1_000_000)
    assert world.accrual(late).quarter == "2026Q4"
    assert world.balance(agreement, A.CLAWBACK) == 20_000
    world.close("2026Q4", on=date(2027, 1, 8))
    said = world.stated(agreement, "2026Q4")
    assert said["quarter_from"] == "2026-08-16"
    assert (said["opening_figures"], said["released_figures"], said["accrued_figures"]) == (
        20_000,
        20_000,
        10_000,
    )
    assert world.balance(agreement, A.RELEASED, "2026Q4") == 10_000
    prove(session)


def test_the_workbench_names_the_quarter_in_which_an_agreement_ended(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    on = date(2026, 8, 20)
    with on_day(on):
        assert list(todos.todos(session, world.finance)) == []
    world.end(agreement, LAST_DAY)
    with on_day(on):
        [told] = todos.todos(session, world.finance)
    assert (told.args, told.params["count"]) == ({"name": "2026Q3"}, 1)
    assert told.due_on is not None and LAST_DAY < told.due_on < date(2026, 9, 15)


def test_the_preview_counts_the_lines_that_wait_for_a_paper(world):
    agreement = world.in_force()
    with on_day(JULY):
        world.approved_amendment(agreement, effective_on=date(2026, 9, 15))
    for day in (14, 16, 30):
        world.buy(agreement, date(2026, 9, day), 1_000_000)
    world.buy(agreement, date(2026, 10, 2), 1_000_000)
    row = world.preview()[agreement.id]
    assert (row.fund_fen, row.waiting_lines) == (20_000, 2)


def test_an_end_that_is_recorded_after_the_close_changes_nothing_of_it(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    with on_day(JULY):
        deed = world.approved_notice(
            agreement,
            ground=Ground.INSOLVENCY,
            expected_on=date(2026, 9, 28),
            terminates_on=date(2026, 9, 28),
            handover_on=date(2026, 9, 28),
        )
    after = world.buy(agreement, date(2026, 9, 29), 1_000_000)
    world.close(on=date(2026, 10, 8))
    with on_day(date(2026, 10, 9)):
        serving.serve(
            session, world.author, deed, served_on=date(2026, 9, 28), how=Service.COURIER, note="示例速递SF1"
        )
        world.accrue_waiting(agreement.distributor_id)
        session.commit()
    session.refresh(after)
    assert after.unprotected is Unprotected.AFTER_TERM
    prove(session)
    world.buy(agreement, date(2026, 9, 20), 500_000, entered_on=date(2026, 10, 20))
    world.close("2026Q4", on=date(2027, 1, 8))
    said = world.stated(agreement, "2026Q4")
    assert (said["quarter_from"], said["opening_figures"], said["accrued_figures"]) == (
        "2026-10-01",
        20_000,
        10_000,
    )
    prove(session)


def test_a_quarter_whose_lines_all_came_back_has_its_statement_before_the_next(world, session):
    agreement = world.in_force()
    bought = world.buy(agreement, date(2026, 5, 6), 1_000_000)
    world.give_back(bought, date(2026, 5, 7), 1_000_000)
    world.buy(agreement, JULY, 1_000_000)
    row = world.preview()[agreement.id]
    assert (row.outcome, row.earlier) == (Outcome.EARLIER, "2026Q2")
    world.close("2026Q2")
    world.close("2026Q3")
    assert session.scalars(sa.select(Statement.quarter).order_by(Statement.quarter)).all() == [
        "2026Q2",
        "2026Q3",
    ]
