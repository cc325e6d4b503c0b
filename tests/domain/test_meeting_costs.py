"""What a meeting cost: written once, reversed in sight, divided to the fen (M1)."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.meetings import afterwards, costs
from portal.domain.meetings.costs import MOST_FEN, Spent
from portal.domain.meetings.models import Attendance, Cost, CostKind, Guest, Invitation, Meeting
from portal.domain.money import per_head
from portal.domain.users.models import User
from portal.extensions import db
from tests.domain.meeting_world import DAY, END, START, MeetingWorld

AFTER = END + timedelta(days=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def spend(world: MeetingWorld, meeting, fen: int, *, kind=CostKind.VENUE, key="k1", note="", on=DAY) -> Cost:
    with clock_at(AFTER):
        made = costs.enter(world.session, world.manager, meeting, Spent(kind, fen, on, note), key=key)
        world.session.commit()
    return made


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    entered=st.lists(
        st.tuples(st.sampled_from(CostKind), st.integers(1, MOST_FEN), st.booleans()), min_size=1, max_size=12
    ),
    budget=st.none() | st.integers(0, MOST_FEN),
    persons=st.integers(0, 500),
)
def test_a_bill_adds_up_whatever_was_entered_and_taken_back(entered, budget, persons):
    rows = []
    for no, (kind, fen, is_reversed) in enumerate(entered, 1):
        rows.append(Cost(id=no, kind=kind, amount_fen=fen))
        if is_reversed:
            rows.append(Cost(id=100 + no, kind=kind, amount_fen=-fen, reverses_id=no))
    bill = costs.made_up(rows, budget, persons=persons, companies=0)
    stands = [(kind, fen) for kind, fen, is_reversed in entered if not is_reversed]
    assert bill.total_fen == sum(fen for _kind, fen in stands)
    assert sum(fen for _kind, fen in bill.by_kind) == bill.total_fen
    sums = {kind: sum(of for one, of in stands if one is kind) for kind in CostKind}
    assert dict(bill.by_kind) == {kind: sums[kind] for kind in CostKind if sums[kind]}
    assert bill.left_fen == (None if budget is None else budget - bill.total_fen)
    assert bill.per_company_fen is None
    assert (bill.per_person_fen is None) == (persons == 0)


@given(st.integers(-MOST_FEN, MOST_FEN), st.integers(1, 100_000))
def test_per_head_is_the_nearest_fen_half_up(fen, heads):
    each = per_head(fen, heads)
    assert each is not None
    assert abs(each * heads - fen) * 2 <= heads
    assert per_head(-fen, heads) == -each


def test_what_was_entered_stands_and_is_reversed_once_with_a_reason(world, session):
    meeting = world.plan(budget_fen=10_000)
    cost = spend(world, meeting, 12_345)
    with clock_at(AFTER):
        with pytest.raises(DomainError, match="why it is taken back"):
            costs.reverse(session, world.manager, cost, " ")
        session.rollback()
        back = costs.reverse(session, world.manager, cost, "示例重复登记")
        assert costs.reverse(session, world.manager, cost, "示例再点一次") is back
        session.commit()
        with pytest.raises(DomainError, match="takes another entry back"):
            costs.reverse(session, world.manager, back, "示例再冲")
        session.rollback()
        bill = costs.bill(session, meeting, persons=3, companies=2)
    assert (bill.total_fen, bill.left_fen, bill.by_kind, bill.reversed_ids) == (0, 10_000, [], {cost.id})
    assert [row.amount_fen for row in bill.rows] == [12_345, -12_345]
    actions = session.scalars(
        sa.select(AuditEvent.action)
        .where(AuditEvent.action.startswith("meeting.cost"))
        .order_by(AuditEvent.id)
    ).all()
    assert actions == ["meeting.cost_entered", "meeting.cost_reversed"]


def test_a_form_sent_twice_is_one_cost_and_never_another_one(world, session):
    meeting = world.plan()
    assert spend(world, meeting, 500) is spend(world, meeting, 500)
    with pytest.raises(DomainError, match="sent before"):
        spend(world, meeting, 501)
    session.rollback()
    assert session.scalars(sa.select(Cost.amount_fen)).all() == [500]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"fen": 0}, "amount"),
        ({"fen": -1}, "amount"),
        ({"fen": MOST_FEN + 1}, "amount"),
        ({"fen": 1, "on": AFTER.date() + timedelta(days=1)}, "paid_on"),
        ({"fen": 1, "kind": CostKind.OTHER}, "note"),
    ],
)
def test_what_cannot_have_been_paid_is_refused_at_its_field(world, said, field):
    with pytest.raises(DomainError) as refused:
        spend(world, world.plan(), **said)
    assert refused.value.field == field


def test_only_who_holds_the_meeting_enters_and_who_reads_money_sees(world, session, make):
    meeting = world.plan()
    cost = spend(world, meeting, 500)
    elsewhere = make.user(Role.REGIONAL_MANAGER, make.region())
    auditor, finance, trainer = (
        make.user(role, world.office) for role in (Role.AUDITOR, Role.FINANCE, Role.TRAINER)
    )
    admin = make.user(Role.ADMINISTRATOR, world.office)
    for user, sees in (
        (world.manager, True), (world.sales, True), (auditor, True), (finance, True), (trainer, True),
        (admin, False), (elsewhere, False),
    ):  # fmt: skip
        assert costs.may_see(user, meeting) == sees
    for user in (elsewhere, auditor, finance, admin):
        with clock_at(AFTER):
            with pytest.raises(DomainError, match="hold no meetings"):
                costs.enter(session, user, meeting, Spent(CostKind.MEALS, 1, DAY), key="x")
            session.rollback()
            with pytest.raises(DomainError, match="hold no meetings"):
                costs.reverse(session, user, cost, "示例冲销")
            session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meeting_cost SET amount_fen = 1",
        "DELETE FROM meeting_cost",
        "INSERT INTO meeting_cost (meeting_id, kind, amount_fen, paid_on, note, reverses_id, key, entered_at, "
        "entered_by_id) SELECT meeting_id, kind, amount_fen, paid_on, note, NULL, key, entered_at, entered_by_id "
        "FROM meeting_cost",
        "INSERT INTO meeting_cost (meeting_id, kind, amount_fen, paid_on, note, reverses_id, key, entered_at, "
        "entered_by_id) SELECT meeting_id, kind, -amount_fen, paid_on, '', id, 'other', entered_at, entered_by_id "
        "FROM meeting_cost",
    ],
)
def test_the_database_keeps_costs_as_they_were_written(world, session, statement):
    spend(world, world.plan(), 500)
    with pytest.raises(DatabaseError):
        session.execute(sa.text(statement))
    session.rollback()
    assert session.scalars(sa.select(Cost.amount_fen)).all() == [500]


def at_once(app, work) -> list[str]:
    """Do this work in four threads at the same moment, each in a transaction of its own; what was refused."""
    gate, refused = threading.Barrier(4), []

    def run(no: int) -> None:
        with app.app_context(), Session(db.engine) as session, clock_at(AFTER):
            gate.wait(30)
            try:
                work(session, no)
                session.commit()
            except DomainError as error:
                session.rollback()
                refused.append(error.msgid)

    threads = [threading.Thread(target=run, args=(no,)) for no in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def test_one_form_sent_at_once_is_one_cost_and_is_reversed_once(world, session, app):
    meeting_id, manager_id = world.plan().id, world.manager.id
    session.close()

    def enter(its, _no) -> None:
        spent = Spent(CostKind.MEALS, 700, DAY)
        costs.enter(its, its.get_one(User, manager_id), its.get_one(Meeting, meeting_id), spent, key="same")

    assert at_once(app, enter) == []
    cost_id = session.scalars(sa.select(Cost.id)).one()
    session.close()

    def reverse(its, no) -> None:
        costs.reverse(its, its.get_one(User, manager_id), its.get_one(Cost, cost_id), f"示例重复{no}")

    assert at_once(app, reverse) == []
    assert session.scalars(sa.select(Cost.amount_fen).order_by(Cost.id)).all() == [700, -700]


def test_two_people_who_enter_the_same_guest_at_once_enter_one_arrival(world, session, app):
    (invitation,) = world.invite(world.plan(), world.dealers(1))
    invitation_id, manager_id = invitation.id, world.manager.id
    session.close()

    def enter(its, no) -> None:
        afterwards.enter(
            its, its.get_one(User, manager_id), its.get_one(Invitation, invitation_id), None,
            name="示例甲", at=START, reason="示例业务员确认", key=f"after:{no}",
        )  # fmt: skip

    assert at_once(app, enter) == ["%(name)s is checked in already."] * 3
    assert len(session.scalars(sa.select(Guest)).all()) == 1
    assert len(session.scalars(sa.select(Attendance)).all()) == 1
