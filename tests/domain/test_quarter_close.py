"""A quarter is closed by two people, once per agreement; what its statement says follows from the books alone (P3)."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.closing import executing, proposing, todos
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.closing.preview import Outcome, digest, totals
from portal.domain.price_protection.funds import deducting, releasing, suspending
from portal.domain.price_protection.funds.models import FundRelease, QuarterClose
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld

A = AccountKind
JUNE, JULY, AUGUST = date(2026, 6, 3), date(2026, 7, 6), date(2026, 8, 20)


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


def values(statement: Statement) -> dict[str, object]:
    return dict(statement.payload["values"])


def sums(statement: Statement) -> dict[str, int]:
    names = ("opening", "accrued", "reversed", "forfeited", "restored", "released", "closing", "suspended",
             "base_paid", "release", "interest")  # fmt: skip
    return {name: statement.payload["values"][f"{name}_figures"] for name in names}


def test_the_preview_says_of_each_agreement_what_it_gets_and_why_not(world, make, session):
    full, empty, held = (world.in_force() for _ in range(3))
    world.buy(full, JULY, 1_824_000)
    world.buy(held, JULY, 1_000_000)
    with on_day(AUGUST):
        suspending.hold_quarter(session, held.id, "2026Q3", 77, AUGUST)
        session.commit()
    world.buy(full, AUGUST, 100_000, entered_on=date(2026, 10, 5))
    rows = world.preview()
    assert {id_: (row.outcome, row.fund_fen) for id_, row in rows.items()} == {
        full.id: (Outcome.RELEASE, 38_480),
        empty.id: (Outcome.NOTHING, 0),
        held.id: (Outcome.HELD, 20_000),
    }
    assert rows[full.id].late_lines == 1 and rows[held.id].late_lines == 0
    assert rows[held.id].cases == ("C77",)
    assert rows[full.id].due_on == date(2026, 10, 15)
    whole, offices = totals(list(rows.values()))
    assert (whole.release_fen, whole.held_fen, whole.nothing, whole.agreements) == (38_480, 20_000, 1, 3)
    assert [one.office for one in offices] == [world.region.name]
    # The day itself belongs to the quarter.
    assert {row.outcome for row in world.preview(on=date(2026, 9, 30)).values()} == {Outcome.RUNNING}


def test_each_agreement_counts_by_its_own_calendar(world):
    usual = world.in_force()
    with_own = world.in_force(values={"quarter_starts": "每年2、5、8、11月1日"})
    world.buy(with_own, date(2026, 10, 3), 1_000_000)
    rows = world.preview()
    assert rows[usual.id].last_on == date(2026, 9, 30)
    assert (rows[with_own.id].outcome, rows[with_own.id].last_on) == (Outcome.RUNNING, date(2026, 10, 31))
    assert world.preview(on=date(2026, 11, 2))[with_own.id].outcome is Outcome.RELEASE


def test_a_quarter_that_still_holds_fund_comes_first(world):
    agreement = world.in_force()
    world.buy(agreement, JUNE, 1_000_000)
    world.buy(agreement, JULY, 1_000_000)
    assert world.preview()[agreement.id].outcome is Outcome.EARLIER
    world.close("2026Q2")
    assert world.preview()[agreement.id].outcome is Outcome.RELEASE


def test_only_a_second_person_confirms_and_only_what_was_proposed(world, make, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    made = world.propose()
    with pytest.raises(DomainError, match="yourself"):
        world.confirm(made, by=world.finance)
    session.rollback()
    with pytest.raises(DomainError, match="may not confirm"):
        world.confirm(made, by=world.author)
    session.rollback()
    world.buy(agreement, AUGUST, 500_000, entered_on=OCTOBER)
    with pytest.raises(DomainError, match="changed since"):
        world.confirm(made)
    session.rollback()
    rows = world.preview()
    assert [(now.fund_fen, said[2]) for now, said in proposing.changes(made, list(rows.values()))] == [
        (30_000, 20_000)
    ]
    again = world.propose()
    session.refresh(made)
    assert made.stage is Stage.WITHDRAWN
    world.confirm(again)
    assert session.scalars(sa.select(FundRelease)).all() == []


def test_the_same_proposed_again_is_the_proposal_that_stands(world, make, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    made = world.propose()
    assert world.propose().id == made.id
    assert session.scalars(sa.select(Proposal)).all() == [made] and made.stage is Stage.PROPOSED


def test_a_line_between_proposal_and_confirmation_leaves_only_its_agreement_out(world, session):
    agreement, other = world.in_force(), world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.buy(other, JULY, 1_000_000)
    made = world.propose()
    world.buy(agreement, AUGUST, 500_000, entered_on=OCTOBER)
    world.confirm(made)
    assert [one["id"] for one in world.execute(made)] == [agreement.id]
    assert world.balance(other, A.RELEASED, "2026Q3") == 20_000
    assert world.balance(agreement, A.FUND, "2026Q3") == 30_000
    rows = world.preview()
    assert (rows[other.id].released_fen, rows[agreement.id].released_fen) == (20_000, 0)
    assert totals(list(rows.values()))[0].released_fen == 20_000
    world.close()
    assert world.balance(agreement, A.RELEASED, "2026Q3") == 30_000


def test_a_line_is_named_with_its_number_where_its_document_has_several(world):
    agreement = world.in_force()
    world.book(
        world.line(agreement, JULY, 1_000_000, document_number="JHX-1", line_no=1),
        world.line(agreement, JULY, 1_000_000, document_number="JHX-1", line_no=2),
        world.line(agreement, AUGUST, 500_000, document_number="JHX-2", line_no=1),
        on=AUGUST,
    )
    world.close()
    lines = world.statement(agreement).payload["lines"]
    assert [line["document"] for line in lines] == ["JHX-1-1", "JHX-1-2", "JHX-2"]


def test_what_changed_after_it_was_confirmed_is_left_out_and_can_be_proposed_again(world, session):
    agreement, other = world.in_force(), world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.buy(other, JULY, 1_000_000)
    made = world.propose()
    world.confirm(made)
    world.buy(agreement, AUGUST, 500_000, entered_on=OCTOBER)
    left = world.execute(made)
    assert [(one["id"], one["confirmed"][2], one["found"][2]) for one in left] == [
        (agreement.id, 20_000, 30_000)
    ]
    assert world.balance(other, A.RELEASED, "2026Q3") == 20_000
    assert world.balance(agreement, A.FUND, "2026Q3") == 30_000
    world.close()
    assert world.balance(agreement, A.RELEASED, "2026Q3") == 30_000
    numbers = session.scalars(sa.select(Statement.number).order_by(Statement.number)).all()
    assert numbers == ["DZ-2026Q3-000001", "DZ-2026Q3-000002"]


def test_lines_that_leave_the_fund_as_it_was_are_not_what_was_confirmed_either(world, session):
    """They would stand in the statement, with their base rebate, and nobody would have seen them."""
    pair, clawed, calm = (world.in_force() for _ in range(3))
    earlier = world.buy(clawed, JUNE, 1_000_000)
    world.close("2026Q2", on=date(2026, 7, 8))
    for agreement in (pair, clawed, calm):
        world.buy(agreement, JULY, 1_000_000)
    made = world.propose()
    world.confirm(made)
    late = world.buy(pair, AUGUST, 500_000, entered_on=OCTOBER)
    with on_day(OCTOBER):
        world.give_back(late, AUGUST, 500_000, entered_on=OCTOBER)
        # Its fund is released: the return takes only base rebate, and is owed for.
        world.give_back(earlier, AUGUST, 100_000, entered_on=OCTOBER)
    left = {one["id"]: one for one in world.execute(made)}
    assert set(left) == {pair.id, clawed.id}
    assert [one["confirmed"][2] == one["found"][2] == 20_000 for one in left.values()] == [True, True]
    assert left[pair.id]["confirmed"][5:] == [1] and left[pair.id]["found"][5:] == [3]
    assert left[clawed.id]["confirmed"][5:] == [1] and left[clawed.id]["found"][5:] == [2]
    assert world.balance(calm, A.RELEASED, "2026Q3") == 20_000
    # As a proposal was kept before lines were compared: what it does not say is not held against it.
    row = world.preview()[pair.id]
    assert row.gives_other(made.rows[0]) and not row.gives_other(made.rows[0][:5])
    again = world.close()
    assert {row[0] for row in again.rows} == {pair.id, clawed.id}
    assert sums(world.statement(clawed))["base_paid"] == 27_000


def test_what_was_left_out_is_released_by_no_file_for_the_printer_made_again(world):
    agreement, other = world.in_force(), world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.buy(other, JULY, 1_000_000)
    made = world.propose()
    world.confirm(made)
    late = world.buy(agreement, AUGUST, 500_000, entered_on=OCTOBER)
    assert [one["id"] for one in world.execute(made)] == [agreement.id]
    # Now it holds what was confirmed once, but by other lines, and the close says that it was left out.
    world.give_back(late, OCTOBER, 500_000)
    assert world.execute(made) == []
    assert world.balance(agreement, A.FUND, "2026Q3") == 20_000
    world.close()
    assert world.balance(agreement, A.RELEASED, "2026Q3") == 20_000


def test_the_task_may_begin_again_from_anywhere(world, session):
    agreements = [world.in_force() for _ in range(4)]
    for agreement in agreements:
        world.buy(agreement, JULY, 1_000_000)
    made = world.propose()
    world.confirm(made)
    with on_day(OCTOBER):
        for said in executing.remaining(session, made)[:2]:
            executing.close_agreement(session, made, said)
            session.commit()
        # Killed within the third: nothing of it stays.
        executing.close_agreement(session, made, executing.remaining(session, made)[0])
        session.rollback()
        for said in made.rows:
            executing.close_agreement(session, made, said)
            session.commit()
        assert executing.remaining(session, made) == []
    released = session.scalars(sa.select(Transfer).where(Transfer.kind == "release")).all()
    assert sorted(one.amount_fen for one in released) == [20_000] * 4
    assert len(session.scalars(sa.select(Statement)).all()) == 4


def test_a_statement_says_what_the_books_say(world, session):
    agreement = world.in_force()
    earlier = world.buy(agreement, JUNE, 1_000_000)
    world.close("2026Q2", on=date(2026, 7, 8))
    bought = world.buy(agreement, JULY, 1_824_000)
    world.give_back(bought, AUGUST, 182_400)
    # Of a purchase whose fund was released: it is owed, and takes nothing of this quarter's fund.
    world.give_back(earlier, AUGUST, 100_000)
    world.close()
    first, second = world.statement(agreement, "2026Q2"), world.statement(agreement)
    assert sums(first) == {
        "opening": 0, "accrued": 20_000, "reversed": 0, "forfeited": 0, "restored": 0, "released": 0,
        "closing": 20_000, "suspended": 0, "base_paid": 30_000, "release": 20_000, "interest": 0,
    }  # fmt: skip
    assert sums(second) == {
        "opening": 20_000, "accrued": 36_480, "reversed": 3_648, "forfeited": 0, "restored": 0,
        "released": 20_000, "closing": 32_832, "suspended": 0, "base_paid": 54_720 - 5_472 - 3_000,
        "release": 32_832, "interest": 0,
    }  # fmt: skip
    assert [
        (line["on"], line["kind"], line["amount_figures"], line["base_figures"], line["fund_figures"],
         line["balance_figures"])
        for line in second.payload["lines"]
    ] == [
        ("2026-07-06", "进货", 1_824_000, 54_720, 36_480, 56_480),
        ("2026-07-08", "释放", None, None, -20_000, 36_480),
        ("2026-08-20", "退货", -182_400, -5_472, -3_648, 32_832),
        ("2026-08-20", "退货", -100_000, -3_000, 0, 32_832),
    ]  # fmt: skip
    assert second.payload["lines"][1]["document"] == first.number
    assert values(second)["prepared_by"] == world.finance.name
    assert values(second)["reviewed_by"] == world.second.name
    assert values(second)["release_due_on"] == "2026-10-15"
    assert values(second)["statement_on"] == "2026-10-08"


def test_what_comes_late_stands_in_the_next_statement_and_closed_ones_never_change(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.close()
    before = world.statement(agreement).payload_sha256
    world.buy(agreement, AUGUST, 500_000, entered_on=date(2026, 10, 20))
    world.close("2026Q4", on=date(2027, 1, 5))
    assert world.statement(agreement).payload_sha256 == before
    last = world.statement(agreement, "2026Q4")
    assert (sums(last)["opening"], sums(last)["released"], sums(last)["accrued"]) == (20_000, 20_000, 10_000)
    # Quarters before the first that was closed are closed with it, though nobody proposed them.
    closed = session.scalars(sa.select(QuarterClose.quarter).order_by(QuarterClose.quarter)).all()
    assert closed == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]


def test_a_case_holds_its_quarter_and_the_deduction_names_the_case_only(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    with on_day(AUGUST):
        suspending.hold_quarter(session, agreement.id, "2026Q3", 77, AUGUST)
        session.commit()
    world.close()
    stated = world.statement(agreement)
    assert (sums(stated)["suspended"], sums(stated)["release"], sums(stated)["closing"]) == (
        20_000,
        0,
        20_000,
    )
    assert values(stated)["suspension_cases"] == "C77"
    assert stated.release_id is None
    with on_day(date(2026, 10, 20)):
        with pytest.raises(DomainError, match="still holds"):
            executing.release_late(session, world.second, agreement, "2026Q3")
        session.rollback()
        assert executing.due(session) == []
        deducting.deduct(session, world.second, agreement.id, "2026Q3", 77, 500_000, 1_000_000)
        suspending.lift(session, agreement.id, 77)
        session.commit()
    assert world.preview(on=date(2026, 10, 20))[agreement.id].outcome is Outcome.DUE
    with on_day(date(2026, 10, 21)):
        assert executing.release_due(session) == 1
        session.commit()
        assert executing.release_due(session) == 0
        with pytest.raises(DomainError, match="already"):
            executing.release_late(session, world.second, agreement, "2026Q3")
        session.rollback()
    assert world.balance(agreement, A.RELEASED, "2026Q3") == 10_000
    world.close("2026Q4", on=date(2027, 1, 5))
    last = world.statement(agreement, "2026Q4")
    assert [(line["kind"], line["document"], line["fund_figures"]) for line in last.payload["lines"]] == [
        ("扣减", "C77", -10_000),
        ("释放", stated.number, -10_000),
    ]
    assert (sums(last)["forfeited"], sums(last)["released"], sums(last)["closing"]) == (10_000, 10_000, 0)


def test_what_an_appeal_gives_back_after_the_release_is_paid_on_once(world, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    with on_day(AUGUST):
        suspending.hold_quarter(session, agreement.id, "2026Q3", 5, AUGUST)
        taken = deducting.deduct(session, world.second, agreement.id, "2026Q3", 5, 500_000, 0)
        suspending.lift(session, agreement.id, 5)
        session.commit()
    world.close()
    with on_day(date(2026, 11, 2)):
        deducting.restore(session, world.second, taken)
        session.commit()
        executing.release_late(session, world.second, agreement, "2026Q3")
        session.commit()
        assert executing.due(session) == []
    assert world.balance(agreement, A.RELEASED, "2026Q3") == 20_000


def test_nobody_proposes_without_counsels_release_of_the_text(session, make):
    world = CloseWorld.__new__(CloseWorld)
    super(CloseWorld, world).__init__(session, make)
    world.head = make.head_office()
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    with pytest.raises(DomainError, match="Counsel has not released"):
        world.propose()


def test_who_may_not_propose_is_refused(world, make, session):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    auditor = make.user(Role.AUDITOR)
    session.commit()
    seen = digest(list(world.preview().values()))
    with on_day(OCTOBER), pytest.raises(DomainError, match="may not propose"):
        proposing.propose(session, auditor, "2026Q3", world.head, seen_sha256=seen)
    session.rollback()
    with on_day(OCTOBER), pytest.raises(DomainError, match="changed since"):
        proposing.propose(session, world.finance, "2026Q3", world.head, seen_sha256="0" * 64)
    session.rollback()
    world.close()
    with pytest.raises(DomainError, match="nothing to close"):
        world.propose()
    with on_day(OCTOBER):
        assert releasing.release(session, world.second, agreement.id, "2026Q3").amount_fen == 20_000


def test_where_all_of_the_rebate_is_base_each_quarter_with_lines_has_its_statement(world, session):
    """No fund is ever posted to, and yet the lines and the base rebate are stated in their turn (10.1)."""
    agreement = world.in_force(base_share=100)
    world.buy(agreement, JUNE, 1_000_000)
    world.buy(agreement, JULY, 2_000_000)
    row = world.preview()[agreement.id]
    assert (row.outcome, row.earlier) == (Outcome.EARLIER, "2026Q2")
    with on_day(OCTOBER):
        waiting = [todo.params["quarter"] for todo in todos.todos(session, world.finance)]
    assert waiting == ["2026Q2", "2026Q3"]
    world.close("2026Q2")
    world.close("2026Q3")
    for name, base in (("2026Q2", 50_000), ("2026Q3", 100_000)):
        said = sums(world.statement(agreement, name))
        assert (said["base_paid"], said["accrued"], said["release"]) == (base, 0, 0), name
