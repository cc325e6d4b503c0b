"""Policies on screen and on paper: from the draft to the day on which one is in force, and who may do what."""

import io

import pytest

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.meetings.policies.models import Policy, PolicyState, ToldHow
from tests.domain.policy_world import AFTER, BEFORE, START, PolicyWorld
from tests.web.test_meeting_papers import text_of

PDF = b"%PDF-1.7 fictional"


@pytest.fixture
def world(session, make) -> PolicyWorld:
    return PolicyWorld(session, make)


def test_a_policy_goes_its_way_through_the_pages(world, session, sign_in):
    dealers = world.dealers(2)
    meeting = world.plan()
    for no, asked in enumerate(world.invite(meeting, dealers)):
        (guest,) = world.coming(asked, f"示例来宾{no}")
        if no == 0:
            world.arrive(guest, on=START)
    client, office, meeting_id = sign_in(world.manager), str(world.office.id), meeting.id
    ids, names, seller_name = [one.id for one in dealers], [one.name for one in dealers], world.sales.name
    session.rollback()
    with clock_at(BEFORE):
        typed = {
            "title": "示例返利政策",
            "region_id": office,
            "offices": office,
            "wanted_on": "2026-07-01",
            "replaces_id": "0",
            "body": "示例第一条",
        }
        refused = client.post("/policies/new", data=typed | {"body": ""})
        assert refused.status_code == 422 and "示例返利政策" in refused.text
        made = client.post("/policies/new", data=typed)
        address = made.headers["Location"]
        session.rollback()
        policy = session.query(Policy).one()
        policy_id, number = policy.id, policy.number
        session.rollback()
        tab = f"/meetings/{meeting_id}/policies"
        assert number in client.get(tab).text
        assert client.post(tab, data={"policy_id": str(policy_id)}).status_code == 303
        session.rollback()
        shown_id = policy.showings[0].id
        session.rollback()
    with clock_at(AFTER):
        gone_on = client.post(f"{tab}/{shown_id}/present", data={"at": "10:30"})
        assert gone_on.headers["Location"].endswith(f"{tab}/{shown_id}")
        ticking = client.get(f"{tab}/{shown_id}").text
        assert names[0] in ticking and names[1] not in ticking
        assert client.post(f"{tab}/{shown_id}", data={"all": "1", "how": "sheet"}).status_code == 303
        page = client.get(address).text
        listed = page.split('id="list"')[1].split("</table>")[0]
        assert names[1] in listed and names[0] not in listed
        assert client.get(f"{address}?show=told").text.count(names[0]) >= 1
        early = client.post(f"{address}/release", data={"effective_on": "2026-07-01"})
        assert early.status_code == 422 and names[1] in early.text
        seller = sign_in(world.sales)
        session.rollback()
        brief = f"/policies/{policy_id}/distributors/{ids[1]}"
        said = {"how": "phone", "told_on": AFTER.date().isoformat(), "spoke_with": "示例店主", "note": ""}
        assert seller.post(brief, data=said | {"spoke_with": ""}).status_code == 422
        assert seller.post(brief, data=said).status_code == 303
        again = seller.post(brief, data=said)
        assert again.status_code == 422 and seller_name in again.text
        assert seller.post(f"{address}/release", data={"effective_on": "2026-07-01"}).status_code == 403
        client = sign_in(world.manager)
        session.rollback()
        assert client.post(f"{address}/release", data={"effective_on": "2026-07-01"}).status_code == 303
    session.rollback()
    assert session.get_one(Policy, policy_id).state is PolicyState.RELEASED


def test_its_papers_name_who_signs_and_who_is_to_be_briefed(world, session, sign_in):
    policy, showing, dealers = world.presented(came=1, absent=1)
    world.acknowledge(showing)
    client = sign_in(world.sales)
    sheet = text_of(client.get(f"/meetings/{showing.meeting_id}/policies/{showing.id}/sign.pdf"))
    assert all(one.name in sheet for one in dealers) and "政策签收表" in sheet
    absent = text_of(client.get(f"/policies/{policy.id}/absentees.pdf"))
    assert dealers[1].name in absent and dealers[0].name not in absent and world.sales.name in absent
    assert "示例适用范围" in text_of(client.get(f"/policies/{policy.id}/text.pdf"))
    session.rollback()
    world.brief(policy, dealers[1], how=ToldHow.MAIL)
    done = client.get(f"/policies/{policy.id}/absentees.pdf")
    assert done.status_code == 409


def test_a_pdf_handed_in_is_given_back_as_it_was(world, session, sign_in):
    client = sign_in(world.manager)
    typed = {
        "title": "示例政策",
        "region_id": str(world.office.id),
        "offices": str(world.office.id),
        "wanted_on": "2036-07-01",
        "replaces_id": "0",
        "body": "",
        "file": (io.BytesIO(PDF), "示例.pdf"),
    }
    made = client.post("/policies/new", data=typed)
    assert made.status_code == 303
    assert client.get(made.headers["Location"] + "/text.pdf").data == PDF
    assert client.get(made.headers["Location"] + "/text.pdf?no=7").status_code == 404


def test_who_saved_a_policy_meanwhile_is_not_overwritten_unseen(world, session, sign_in):
    policy = world.draft(wanted_on=AFTER.date().replace(year=2036))
    client = sign_in(world.manager)
    typed = {
        "version": str(policy.version),
        "title": "示例改名",
        "region_id": str(world.office.id),
        "offices": str(world.office.id),
        "wanted_on": "2036-07-01",
        "replaces_id": "0",
        "body": "示例第二稿",
    }
    assert client.post(f"/policies/{policy.id}/edit", data=typed).status_code == 303
    late = client.post(f"/policies/{policy.id}/edit", data=typed | {"body": "示例另一稿"})
    assert late.status_code == 422 and "示例另一稿" in late.text


def test_a_policy_is_seen_where_it_is_for_and_written_where_it_is_issued(world, make, session, sign_in):
    below = make.region(parent=world.office)
    policy = world.draft()
    there, elsewhere = make.user(Role.SALESPERSON, below), make.user(Role.SALESPERSON, make.region())
    assert sign_in(there).get(f"/policies/{policy.id}").status_code == 200
    assert sign_in(there).get(f"/policies/{policy.id}/edit").status_code == 403
    assert sign_in(elsewhere).get(f"/policies/{policy.id}").status_code == 404
