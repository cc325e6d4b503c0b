"""Minutes, tasks and commendations through the pages and on paper."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import inviting
from portal.domain.meetings.commending import services
from portal.domain.meetings.minutes import writing
from portal.domain.meetings.minutes.models import Minutes, Task, TaskState
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld
from tests.web.test_meeting_papers import poppler, text_of


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def test_minutes_are_written_issued_and_printed_with_their_tasks(world, session, sign_in):
    meeting = world.plan()
    first, second = world.invite(meeting, world.dealers(2))
    (guest,) = world.coming(first, "示例甲")
    world.arrive(guest, on=START)
    tab, absent, doer = f"/meetings/{meeting.id}/minutes", second.distributor.name, world.sales.id
    given_at = f"/meetings/{meeting.id}/tasks/new"
    client = sign_in(world.manager)
    session.rollback()
    with clock_at(END):
        assert "示例政策宣贯" in client.get(f"{tab}/edit").text
        typed = {
            "seen": "0",
            "blocks-0-topic": "示例政策宣贯",
            "blocks-0-text": "示例内容一二三",
            "decisions": "示例决议甲\n示例决议乙",
        }
        assert client.post(f"{tab}/edit", data=typed).status_code == 303
        late = client.post(f"{tab}/edit", data=typed | {"decisions": "示例另一份"})
        assert late.status_code == 422 and "示例另一份" in late.text
        due = (END + timedelta(days=9)).date().isoformat()
        task = {"what": "示例任务甲", "doer_id": str(doer), "due_on": due, "distributor_id": "0"}
        assert client.post(given_at, data=task | {"what": ""}).status_code == 422
        assert client.post(given_at, data=task).status_code == 303
        draft = text_of(client.get(f"{tab}.pdf"))
        assert "草稿" in draft
        assert client.post(f"{tab}/issue?seen=1.1").status_code == 303
        issued = text_of(client.get(f"{tab}.pdf"))
        assert "草稿" not in issued
        for said in ("会议纪要", "应到经销商2家", "实到1家", absent, "2.示例决议乙", "示例任务甲"):
            assert said in issued
    session.rollback()
    assert session.scalars(sa.select(Minutes)).one().issued_at is not None


def test_a_task_is_done_on_its_page_by_whom_it_was_given(world, session, sign_in):
    meeting = world.plan()
    session.add(
        task := Task(
            meeting_id=meeting.id, no=1, what="示例任务", doer_id=world.sales.id, due_on=END.date(),
            given_by_id=world.manager.id,
        )
    )  # fmt: skip
    session.commit()
    page = f"/meetings/tasks/{task.id}"
    client = sign_in(world.sales)
    session.rollback()
    refused = client.post(f"{page}/done", data={"note": ""})
    assert refused.status_code == 422
    assert client.post(f"{page}/done", data={"note": "示例已办妥"}).status_code == 303
    assert "示例已办妥" in client.get(page).text
    assert "示例任务" not in client.get("/meetings/tasks").text
    assert "示例任务" in client.get("/meetings/tasks?state=done").text
    session.rollback()
    assert session.scalar(sa.select(Task.state)) is TaskState.DONE


def test_certificates_are_landscape_sheets_one_for_each(world, session, make, sign_in):
    meeting, dealers = world.plan(), world.dealers(2)
    ids = [str(one.id) for one in dealers]
    names = [one.name for one in dealers]
    tab = f"/meetings/{meeting.id}/commendations"
    client = sign_in(world.manager)
    session.rollback()
    with clock_at(BEFORE):
        assert client.get(f"/meetings/{meeting.id}/certificates.pdf").status_code == 409
        said = {"id": ids, "honour": "年度优秀经销商", "reason": "示例业绩突出"}
        assert client.post(tab, data=said).status_code == 303
        answer = client.get(f"/meetings/{meeting.id}/certificates.pdf")
        told = text_of(answer)
        assert all(name in told for name in names) and told.count("二〇二六年六月十二日") == 2
        info = poppler("pdfinfo", answer.data, "-").decode()
        assert "Pages:           2" in info and "841.89 x 595.276" in info
    session.rollback()
    given = services.of_meeting(session, meeting)
    taken = f"{tab}/{given[0].id}/take-back"
    session.rollback()
    assert client.post(taken, data={"reason": ""}).status_code == 409
    assert client.post(taken, data={"reason": "示例违规属实"}).status_code == 303
    assert "示例违规属实" in client.get(tab).text
    trainer = sign_in(make.user(Role.TRAINER, world.office))
    assert trainer.get(f"{tab}/candidates").status_code == 403


def test_another_office_reads_what_was_issued_and_of_its_own(world, session, make, sign_in):
    other = make.region("示例宁波办事处")
    theirs = make.distributor(other, make.user(Role.SALESPERSON, other))
    meeting = world.plan()
    tab = f"/meetings/{meeting.id}/minutes"
    (ours,) = world.dealers(1)
    with clock_at(BEFORE):
        inviting.invite(session, make.user(Role.REGIONAL_MANAGER, make.head_office()), meeting, [theirs.id])
        session.commit()
    world.invite(meeting, [ours])
    with clock_at(END):
        said = writing.Said([writing.Block("示例议题", "", "示例内容")], ["示例决议"])
        draft = writing.write(session, world.manager, meeting, said, seen="0")
        session.commit()
        reader, host = sign_in(theirs.owner), sign_in(world.manager)
        assert "示例决议" not in reader.get(tab).text and reader.get(f"{tab}.pdf").status_code == 404
        assert host.post(f"{tab}/issue?seen=1.0").status_code == 409
        session.rollback()
        assert host.post(f"{tab}/issue?seen={writing.mark(draft)}").status_code == 303
        assert ours.name in host.get(tab).text
        page = reader.get(tab).text
        assert "示例决议" in page and ours.name not in page
        assert ours.name not in text_of(reader.get(f"{tab}.pdf"))
