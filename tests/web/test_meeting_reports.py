"""Attendance and costs through the pages: who sees which figures, what Excel holds, what is refused."""

import re
import subprocess
from datetime import timedelta
from io import BytesIO

import openpyxl
import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings import checking_in
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import Cost, Invitation
from tests.domain.meeting_world import DAY, END, START, MeetingWorld
from tests.web.test_queries import counted

AFTER = END + timedelta(days=1)


@pytest.fixture
def world(session, make) -> MeetingWorld:
    return MeetingWorld(session, make)


def held(world: MeetingWorld):
    """A meeting of three distributors: one came with two of three, one did not show up, one said nothing."""
    meeting = world.plan(budget_fen=100_000)
    asked = world.invite(meeting, world.dealers(3))
    came = world.coming(asked[0], "示例甲", "示例乙", "示例丙")
    world.coming(asked[1], "示例丁")
    world.arrive(came[0], on=START - timedelta(minutes=5))
    world.arrive(came[1], on=START + timedelta(minutes=30))
    return meeting, asked


def sheet(answer) -> list[tuple]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(openpyxl.load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True))


def text_of(page) -> str:
    assert page.status_code == 200, page.text
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def spend(client, meeting, **said):
    page = client.get(f"/meetings/{meeting.id}/costs/new").text
    key = re.search(r'name="key"[^>]*value="([^"]+)"', page)
    assert key is not None
    typed = {"key": key[1], "kind": "venue", "amount": "88.88", "paid_on": "2026-06-12", "note": ""} | said
    return client.post(f"/meetings/{meeting.id}/costs/new", data=typed), typed


def test_the_page_tells_who_came_and_each_number_opens_to_whom_it_counts(world, sign_in):
    meeting, asked = held(world)
    with clock_at(AFTER):
        client = sign_in(world.manager)
        page = client.get(f"/meetings/{meeting.id}/attendance")
        assert "33.3%" in text_of(page)
        only = client.get(f"/meetings/{meeting.id}/attendance?state=no_show").text
        assert asked[1].distributor.name in only and asked[0].distributor.name not in only
        late = client.get(f"/meetings/{meeting.id}/attendance?state=late").text
        assert asked[0].distributor.name not in late  # the first of them came in time
        anything = client.get(f"/meetings/{meeting.id}/attendance?state=%27&page=99").text
        assert all(one.distributor.name in anything for one in asked)


def test_before_the_meeting_nothing_speaks_of_staying_away(world, sign_in):
    meeting = world.plan()
    world.invite(meeting, world.dealers(2))
    with clock_at(START - timedelta(days=1)):
        page = sign_in(world.manager).get(f"/meetings/{meeting.id}/attendance")
    assert "has not begun" in text_of(page) and "No-show" not in text_of(page)


def test_excel_has_the_list_as_it_is_narrowed(world, sign_in):
    meeting, asked = held(world)
    with clock_at(AFTER):
        client = sign_in(world.manager)
        head, *rows = sheet(client.get(f"/meetings/{meeting.id}/attendance/export"))
        assert len(rows) == 3
        (row,) = [row for row in rows if row[1] == asked[0].distributor.code]
        told = dict(zip(head, row, strict=True))
        assert (told["Announced"], told["Arrived"], told["Late"]) == (3, 2, 1)
        assert told["First arrival"].strftime("%H:%M") == "08:55"
        _head, *rows = sheet(client.get(f"/meetings/{meeting.id}/attendance/export?state=no_show"))
        assert [row[2] for row in rows] == [asked[1].distributor.name]


def test_a_cost_is_entered_once_and_divided_among_who_came(world, session, sign_in):
    meeting, _asked = held(world)
    with clock_at(AFTER):
        client = sign_in(world.manager)
        answer, typed = spend(client, meeting, amount="1,000.01")
        assert answer.status_code == 303
        assert client.post(f"/meetings/{meeting.id}/costs/new", data=typed).status_code == 303
        other = client.post(f"/meetings/{meeting.id}/costs/new", data=typed | {"amount": "7"})
        assert other.status_code == 422
        session.rollback()
        assert session.scalars(sa.select(Cost.amount_fen)).all() == [100_001]
        page = text_of(client.get(f"/meetings/{meeting.id}/attendance"))
        assert "500.01" in page  # 1,000.01 for two people, half a fen up
        assert "Over the budget 0.01" in page
        cost_id = session.scalar(sa.select(Cost.id))
        address = f"/meetings/{meeting.id}/costs/{cost_id}/reverse"
        assert client.post(address, data={"reason": ""}).status_code == 409
        assert client.post(address, data={"reason": "示例重复登记"}).status_code == 303
        assert "taken back" in text_of(client.get(f"/meetings/{meeting.id}/attendance"))
        session.rollback()
        assert sum(session.scalars(sa.select(Cost.amount_fen))) == 0


@pytest.mark.parametrize(
    "said", [{"amount": "0"}, {"amount": "-5"}, {"amount": "abc"}, {"amount": "1.005"}, {"paid_on": "2026-07-01"},
             {"kind": "bribe"}, {"kind": "other"}, {"key": ""}, {"key": "k"}]
)  # fmt: skip
def test_what_is_no_cost_is_refused_and_what_was_typed_stays(world, session, sign_in, said):
    meeting, _asked = held(world)
    with clock_at(AFTER):
        answer, typed = spend(sign_in(world.manager), meeting, **said)
    assert answer.status_code == 422
    assert typed["amount"] in answer.text
    session.rollback()
    assert session.scalars(sa.select(Cost.id)).all() == []


def test_a_cost_of_another_meeting_is_not_found(world, session, sign_in):
    meeting, _asked = held(world)
    other = world.plan()
    with clock_at(AFTER):
        client = sign_in(world.manager)
        spend(client, meeting, amount="5")
        session.rollback()
        cost_id = session.scalar(sa.select(Cost.id))
        wrong = client.post(f"/meetings/{other.id}/costs/{cost_id}/reverse", data={"reason": "示例冲销"})
    assert wrong.status_code == 404


def test_another_office_sees_neither_costs_nor_other_offices_distributors(world, make, session, sign_in):
    meeting, asked = held(world)
    there = make.region()
    theirs = make.distributor(there, make.user(Role.SALESPERSON, there))
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    with clock_at(AFTER):
        spend(sign_in(world.manager), meeting, amount="1234.56")
        page = sign_in(make.user(Role.REGIONAL_MANAGER, there)).get(f"/meetings/{meeting.id}/attendance").text
    assert theirs.name in page and asked[0].distributor.name not in page
    assert "1,234.56" not in page and 'id="costs"' not in page


def correcting(client, meeting, invitation) -> tuple[str, dict[str, str]]:
    """The page's address and its form as it is proposed."""
    address = f"/meetings/{meeting.id}/attendance/{invitation.id}"
    key = re.search(r'name="key"[^>]*value="([^"]{16,})"', client.get(address).text)
    assert key is not None
    typed = {
        "key": key[1],
        "guest": "",
        "name": "",
        "on": "2026-06-12",
        "at": "9:20",
        "reason": "示例业务员确认",
    }
    return address, typed


def test_the_office_enters_whom_the_door_missed_and_takes_it_back(world, sign_in):
    meeting, asked = held(world)
    missed = asked[1].guests[0]
    with clock_at(AFTER):
        client = sign_in(world.manager)
        address, typed = correcting(client, meeting, asked[1])
        refused = client.post(address, data=typed | {"reason": "", "name": "示例戊"})
        assert refused.status_code == 422 and "示例戊" in refused.text
        assert client.post(address, data=typed | {"guest": "999"}).status_code == 422
        assert client.post(address, data=typed | {"guest": str(missed.id), "at": "22:00"}).status_code == 422
        for _twice in range(2):
            assert client.post(address, data=typed | {"guest": str(missed.id)}).status_code == 303
        page = text_of(client.get(f"/meetings/{meeting.id}/attendance"))
        assert "66.7%" in page
        _address, again = correcting(client, meeting, asked[1])
        back = client.post(
            f"{address}/guests/{missed.id}/take-back", data={"key": again["key"], "reason": "示例认错人"}
        )
        assert back.status_code == 303
        assert "33.3%" in text_of(client.get(f"/meetings/{meeting.id}/attendance"))
        elsewhere = f"/meetings/{meeting.id}/attendance/{asked[0].id}/guests/{missed.id}/take-back"
        assert client.post(elsewhere, data={"key": "k" * 20, "reason": "示例"}).status_code == 404
    with clock_at(END + timedelta(days=31)):
        late = sign_in(world.manager)
        assert 'name="reason"' not in late.get(address).text
        assert late.post(address, data=typed | {"key": "k" * 20, "name": "示例己"}).status_code == 422


def pdf_text(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=answer.data, capture_output=True, check=True, timeout=60
    )
    return "".join(done.stdout.decode().split())


def test_the_report_on_paper_says_what_the_page_says_and_costs_only_to_who_may_see_them(
    world, make, session, sign_in
):
    meeting, asked = held(world)
    there = make.region()
    theirs = make.distributor(there, make.user(Role.SALESPERSON, there))
    session.add(Invitation(meeting_id=meeting.id, distributor_id=theirs.id, invited_by_id=world.manager.id))
    session.commit()
    address = f"/meetings/{meeting.id}/attendance-report.pdf"
    with clock_at(START - timedelta(days=1)):
        assert (
            sign_in(world.manager).get(f"/meetings/{world.plan().id}/attendance-report.pdf").status_code
            == 409
        )
    with clock_at(START + timedelta(hours=1)):
        so_far = pdf_text(sign_in(world.manager).get(address))
        assert "会议尚未结束" in so_far and "尚未到会3家" in so_far and "爽约1家" not in so_far
    with clock_at(AFTER):
        client = sign_in(world.manager)
        spend(client, meeting, amount="1,000.01")
        text = pdf_text(client.get(address))
        assert "应到经销商4家，到会1家，到会率25.0%；爽约1家，无故缺席2家" in text
        assert f"爽约{asked[1].distributor.name}" in text and "迟到1人" in text and "少到1人" in text
        assert "1,000.01" not in text
        with_costs = pdf_text(client.get(f"{address}?costs=1"))
        assert (
            "合计1,000.01" in with_costs and "人均费用500.01" in with_costs and "超出预算0.01" in with_costs
        )
        other = sign_in(make.user(Role.REGIONAL_MANAGER, there))
        text = pdf_text(other.get(f"{address}?costs=1"))
        assert theirs.name in text and asked[0].distributor.name not in text and "1,000.01" not in text


def test_the_year_of_the_office_and_its_file_agree(world, sign_in):
    meeting, asked = held(world)
    with clock_at(AFTER):
        client = sign_in(world.manager)
        page = client.get("/meetings/year?sort=no_shows&dir=desc").text
        places = [page.index(one.distributor.name) for one in asked]
        assert places[1] < min(places[0], places[2])
        head, *rows = sheet(client.get("/meetings/year/export"))
        told = {row[1]: dict(zip(head, row, strict=True)) for row in rows}
        first = told[asked[0].distributor.name]
        assert (first["Invited"], first["Came"], first["Rate"], first["No-shows"]) == (1, 1, 1, 0)
        assert first["Came last on"].date() == DAY
        column = next(name for name in head if meeting.number in name)
        assert [told[one.distributor.name][column] for one in asked] == [
            "Came",
            "No-show",
            "Absent without a word",
        ]
        none = client.get("/meetings/year?year=2025").text
        assert asked[0].distributor.name not in none
        turned = client.get("/meetings/year?from=2026-12-31&until=2026-01-01").text
        assert asked[0].distributor.name in turned
        for said in (
            "from=x",
            "year=99999",
            "year=-1",
            "page=abc",
            "sort=password",
            "kind=x",
            "only=x",
            "grade=Z",
        ):
            assert client.get(f"/meetings/year?{said}").status_code == 200, said


def test_a_distributor_is_told_of_by_its_meetings_and_by_no_other_office(world, make, sign_in):
    meeting, asked = held(world)
    distributor = asked[1].distributor
    with clock_at(AFTER):
        client = sign_in(world.manager)
        for address in (f"/meetings/of/{distributor.id}", f"/distributors/{distributor.id}"):
            page = text_of(client.get(address))
            assert meeting.title in page and "No-show" in page
        stranger = sign_in(make.user(Role.REGIONAL_MANAGER, make.region()))
        assert stranger.get(f"/meetings/of/{distributor.id}").status_code == 404


def test_the_year_asks_no_more_for_many_distributors_than_for_few(world, app, sign_in):
    meeting, _asked = held(world)
    with clock_at(AFTER):
        client = sign_in(world.manager)
        client.get("/meetings/year")
        with counted(app) as few:
            client.get("/meetings/year")
    with clock_at(START - timedelta(days=9)):
        world.invite(meeting, world.dealers(30))
        guest = GuestFacts("示例来客")
        for no, invitation in enumerate(world.session.query(Invitation).all()):
            with clock_at(START):
                checking_in.walk_in(
                    world.session, meeting, guest, By(user=world.manager), key=f"m{no}", invitation=invitation
                )
        world.session.commit()
    with clock_at(AFTER), counted(app) as many:
        client.get("/meetings/year")
    assert len(many) == len(few) <= 14


def test_the_year_reads_invitations_from_their_index(world, session):
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL weighs few rows otherwise")
    from portal.domain.distributors.queries import DistributorFilter
    from portal.domain.meetings import over_time
    from portal.domain.meetings.evidence import year_of

    held(world)
    asked: list[tuple] = []

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        asked.append((statement, parameters))

    engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", note)
    with clock_at(AFTER):
        over_time.dealers(session, world.manager, over_time.Wanted(year_of(DAY), DistributorFilter()))
    sa.event.remove(engine, "before_cursor_execute", note)
    statement, parameters = next(one for one in asked if "outcome" in one[0])
    plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
    told = " | ".join(row[3] for row in plan)
    assert "SCAN meeting_invitation" not in told and "SCAN meeting_attendance" not in told, told
