"""The workbench tells hosts what meetings lack, and owners whom to ask, to brief, and what they undertook (M1)."""

from datetime import timedelta

import pytest

from portal.db import CHINA, clock_at
from portal.domain.meetings import planning, todos
from portal.domain.meetings.minutes import tasks, writing
from portal.domain.meetings.minutes.models import TaskDeed
from portal.domain.meetings.minutes.writing import Block, Said
from tests.domain.policy_world import AFTER, END, START, PolicyWorld

DAY = timedelta(days=1)


@pytest.fixture
def world(session, make) -> PolicyWorld:
    return PolicyWorld(session, make)


def waiting(world, user, at) -> list[tuple[str, str]]:
    with clock_at(at):
        return [(one.kind, one.endpoint) for one in todos.todos(world.session, user)]


def test_owners_ask_those_who_said_nothing_in_the_last_three_days(world):
    meeting = world.plan()
    first, second = world.invite(meeting, world.dealers(2))
    asks = ("Replies to a meeting", "meetings.replies")
    assert waiting(world, world.sales, START - 4 * DAY) == []
    assert waiting(world, world.sales, START - 2 * DAY) == [asks]
    assert waiting(world, world.manager, START - 2 * DAY) == []
    for asked in (first, second):
        world.coming(asked, "示例甲")
    assert waiting(world, world.sales, START - 2 * DAY) == []


def test_the_host_sees_what_a_near_meeting_lacks(world):
    meeting = world.plan(agenda=())
    assert waiting(world, world.manager, START - 8 * DAY) == []
    assert waiting(world, world.manager, START - 5 * DAY) == [("A meeting is near", "meetings.audience")]
    (asked,) = world.invite(meeting, world.dealers(1))
    world.coming(asked, "示例甲")
    assert waiting(world, world.manager, START - 5 * DAY) == [("A meeting is near", "meetings.edit")]
    with clock_at(START - 5 * DAY):
        planning.call_off(world.session, world.manager, meeting, "示例原因说明")
        world.session.commit()
    assert waiting(world, world.manager, START - 5 * DAY) == []


def test_minutes_are_due_two_working_days_after_the_meeting(world, session):
    meeting = world.plan()
    world.invite(meeting, world.dealers(1))
    with clock_at(END):
        (todo,) = todos.todos(session, world.manager)
    # The meeting is on a Friday.
    assert (todo.endpoint, todo.due_on) == ("minutes.of_meeting", END.astimezone(CHINA).date() + 4 * DAY)
    with clock_at(END):
        said = Said([Block("示例议题", "", "示例")], [])
        writing.write(session, world.manager, meeting, said, seen="0")
        writing.issue(
            session, world.manager, meeting, seen=writing.mark(writing.versions(session, meeting)[-1])
        )
        session.commit()
    assert waiting(world, world.manager, END) == []


def test_a_task_waits_for_its_doer_until_it_is_done(world, session):
    meeting = world.plan()
    with clock_at(END):
        task = tasks.give(
            session, world.manager, meeting, what="示例任务", doer=world.sales, due_on=END.date()
        )
        session.commit()
        (todo,) = todos.todos(session, world.sales)
        assert (todo.endpoint, todo.args, todo.due_on) == ("minutes.task", {"id": task.id}, END.date())
        tasks.do(session, world.sales, task, TaskDeed.DONE, "示例")
        session.commit()
    assert waiting(world, world.sales, END) == []


def test_owners_brief_absentees_and_newcomers_and_managers_release(world, session):
    policy, showing, (came, absent) = world.presented(came=1, absent=1)
    world.acknowledge(showing)
    # Another one, of which everybody knows, waits for nobody.
    other = world.draft(title="示例另一项政策")
    world.present(world.tie(other, showing.meeting))
    for dealer in (came, absent):
        world.brief(other, dealer)
    world.release(other)
    briefs = ("Briefing of absentees", "policies.detail")
    releases = ("Policy ready to take effect", "policies.release")

    def of_policies(user, at=AFTER):
        return [one for one in waiting(world, user, at) if one[1].startswith("policies")]

    assert of_policies(world.sales) == [briefs] and of_policies(world.manager) == []
    world.brief(policy, absent)
    assert of_policies(world.sales) == [] and of_policies(world.manager) == [releases]
    world.release(policy)
    assert of_policies(world.manager) == []
    world.dealers(1)
    # The newcomer is to be told of both.
    assert of_policies(world.sales) == [briefs, briefs]
