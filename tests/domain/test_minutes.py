"""Minutes stay as they were issued, and what somebody undertook is tracked until it is done (M1)."""

from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError, Stale
from portal.domain.meetings.minutes import tasks, writing
from portal.domain.meetings.minutes.models import Task, TaskDeed, TaskRecord, TaskState
from portal.domain.meetings.minutes.tasks import TaskFilter
from portal.domain.meetings.minutes.writing import Block, Said
from portal.printing.meetings.certificates import chinese_date
from portal.printing.meetings.minutes import chinese_count
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld

DAY = timedelta(days=1)
SAID = Said([Block("示例政策宣贯", "示例主讲", "示例内容")], ["示例决议一", "", "示例决议二"], "主持", "记录")


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def write(world, meeting, said=SAID, *, seen="0", on=END):
    with clock_at(on):
        made = writing.write(world.session, world.manager, meeting, said, seen=seen)
        world.session.commit()
    return made


def issue(world, meeting):
    with clock_at(END + DAY):
        made = writing.issue(
            world.session,
            world.manager,
            meeting,
            seen=writing.mark(writing.versions(world.session, meeting)[-1]),
        )
        world.session.commit()
    return made


def give(world, meeting, *, due_on=(END + 7 * DAY).date(), what="示例任务", **said) -> Task:
    with clock_at(END):
        made = tasks.give(
            world.session, world.manager, meeting, what=what, doer=world.sales, due_on=due_on, **said
        )
        world.session.commit()
    return made


def test_minutes_begin_with_the_agenda(world):
    meeting = world.plan()
    begun = writing.proposed(meeting, None, world.sales)
    assert [one.topic for one in begun.blocks] == ["示例政策宣贯", "示例表彰"]
    assert (begun.chaired_by, begun.taken_by) == (world.manager.name, world.sales.name)


def test_issued_minutes_tell_who_was_there_and_what_is_to_be_done(world):
    meeting = world.plan()
    first, second = world.invite(meeting, world.dealers(2))
    (guest,) = world.coming(first, "示例甲")
    world.arrive(guest, on=START)
    write(world, meeting)
    task = give(world, meeting)
    made = issue(world, meeting)
    assert made.figures == {"invited": 2, "companies": 1, "people": 1, "absent": [second.distributor.name]}
    assert made.decisions == ["示例决议一", "示例决议二"]
    assert [(one["no"], one["what"], one["who"]) for one in made.tasks] == [(1, task.what, world.sales.name)]


def test_what_was_issued_stays_and_a_correction_is_another_version(world, session):
    meeting = world.plan()
    write(world, meeting)
    first = issue(world, meeting)
    with pytest.raises(DomainError, match="no draft"):
        issue(world, meeting)
    session.rollback()
    second = write(world, meeting, Said([Block("示例更正", "", "示例")], []), seen=writing.mark(first))
    assert second.no == 2 and first.blocks[0]["topic"] == "示例政策宣贯"
    for change in ("UPDATE meeting_minutes SET decisions = '[]' WHERE no = 1", "DELETE FROM meeting_minutes"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(change))
        session.rollback()


def test_who_wrote_meanwhile_is_not_overwritten_unseen(world, session):
    meeting = world.plan()
    first = write(world, meeting)
    seen = writing.mark(first)
    write(world, meeting, Said([Block("示例二")], ["甲"]), seen=seen)
    with pytest.raises(Stale):
        write(world, meeting, Said([Block("示例三")], ["乙"]), seen=seen)


def test_there_are_no_minutes_before_the_meeting_nor_of_nothing(world, session):
    meeting = world.plan()
    with pytest.raises(DomainError, match="not begun"):
        write(world, meeting, on=BEFORE)
    session.rollback()
    write(world, meeting, Said([Block("示例议题")], []))
    with pytest.raises(DomainError, match="say nothing"):
        issue(world, meeting)


def test_only_who_holds_the_meeting_writes(world, session, make):
    meeting = world.plan()
    for user in (make.user(Role.AUDITOR, world.office), make.user(Role.REGIONAL_MANAGER, make.region())):
        with clock_at(END), pytest.raises(DomainError, match="hold no meetings"):
            writing.write(session, user, meeting, SAID, seen="0")
        session.rollback()


LEGAL = {
    (TaskState.OPEN, TaskDeed.DONE): TaskState.DONE,
    (TaskState.OPEN, TaskDeed.DROPPED): TaskState.DROPPED,
    (TaskState.OPEN, TaskDeed.MOVED): TaskState.OPEN,
    (TaskState.DONE, TaskDeed.REOPENED): TaskState.OPEN,
    (TaskState.DROPPED, TaskDeed.REOPENED): TaskState.OPEN,
}


@pytest.mark.parametrize(("state", "deed"), list(product(TaskState, TaskDeed)))
def test_a_task_makes_these_moves_and_no_other(world, session, state, deed):
    task = give(world, world.plan())
    reach = {TaskState.DONE: TaskDeed.DONE, TaskState.DROPPED: TaskDeed.DROPPED}.get(state)
    with clock_at(END):
        if reach:
            tasks.do(session, world.sales, task, reach, "示例")
            session.commit()
        later = (END + 20 * DAY).date()
        if (state, deed) in LEGAL:
            tasks.do(session, world.sales, task, deed, "示例", due_on=later)
            session.commit()
            assert task.state is LEGAL[state, deed]
            assert (task.due_on == later) == (deed is TaskDeed.MOVED)
        else:
            with pytest.raises(DomainError):
                tasks.do(session, world.sales, task, deed, "示例", due_on=later)


def test_a_change_of_the_day_is_on_record(world, session):
    task = give(world, world.plan())
    before = task.due_on
    with clock_at(END):
        for due_on in (None, before, END.date() - DAY):
            with pytest.raises(DomainError) as refused:
                tasks.do(session, world.sales, task, TaskDeed.MOVED, "示例原因", due_on=due_on)
            assert refused.value.field == "due_on"
            session.rollback()
        tasks.do(session, world.sales, task, TaskDeed.MOVED, "示例原因", due_on=before + DAY)
        session.commit()
    record = session.scalars(sa.select(TaskRecord)).one()
    assert (record.due_before_on, record.due_on, record.note) == (before, before + DAY, "示例原因")
    for change in ("UPDATE meeting_task_record SET note = 'x'", "UPDATE meeting_task SET what = 'x'"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(change))
        session.rollback()


def test_tasks_are_found_by_whose_they_are_and_how_they_stand(world, session, make):
    meeting = world.plan()
    late, soon, done = (
        give(world, meeting, what=what, due_on=(END + days * DAY).date())
        for what, days in (("示例逾期", 1), ("示例将到", 30), ("示例已办", 2))
    )
    with clock_at(END + 10 * DAY):
        tasks.do(session, world.sales, done, TaskDeed.DONE, "示例")
        session.commit()

        def shown(user=world.manager, **wanted) -> list[int]:
            return [
                row.id
                for row in session.execute(tasks.task_rows(user, TaskFilter(**wanted)).order_by(Task.due_on))
            ]

        assert shown() == [late.id, soon.id]
        assert shown(state="overdue") == [late.id]
        assert shown(state="done") == [done.id]
        assert len(shown(state="all")) == 3
        assert shown(doer_id=world.manager.id) == []
        assert shown(make.user(Role.SALESPERSON, make.region())) == []


def test_whoever_works_below_is_given_tasks_and_does_them(world, session, make):
    meeting = world.plan()
    below = make.user(Role.SALESPERSON, make.region(parent=world.office))
    stranger = make.user(Role.SALESPERSON, make.region())
    assert below in tasks.possible_doers(session, meeting) and stranger not in tasks.possible_doers(
        session, meeting
    )
    with clock_at(END):
        with pytest.raises(DomainError) as refused:
            tasks.give(session, world.manager, meeting, what="示例", doer=stranger, due_on=END.date())
        assert refused.value.field == "doer_id"
        session.rollback()
        task = tasks.give(session, world.manager, meeting, what="示例", doer=below, due_on=END.date())
        with pytest.raises(DomainError, match="another office"):
            tasks.do(session, stranger, task, TaskDeed.DONE, "示例")
        tasks.do(session, below, task, TaskDeed.DONE, "示例")
    assert task.state is TaskState.DONE


@pytest.mark.parametrize(
    ("said", "field"), [({"what": " "}, "what"), ({"due_on": END.date() - DAY}, "due_on")]
)
def test_a_task_says_what_and_until_when(world, said, field):
    with pytest.raises(DomainError) as refused:
        give(world, world.plan(), **said)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (date(2026, 6, 12), "二〇二六年六月十二日"),
        (date(2027, 10, 30), "二〇二七年十月三十日"),
        (date(2026, 11, 20), "二〇二六年十一月二十日"),
        (date(2026, 1, 1), "二〇二六年一月一日"),
    ],
)
def test_a_date_in_chinese_numerals(on, said):
    assert chinese_date(on) == said


def test_headings_are_counted_in_chinese():
    assert [chinese_count(no) for no in (1, 9, 10, 11, 20, 32)] == [
        "一",
        "九",
        "十",
        "十一",
        "二十",
        "三十二",
    ]
