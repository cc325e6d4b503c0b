"""The search box: of the own offices only; one hit opens."""

import re
from datetime import timedelta

import pytest

from portal.db import today
from portal.domain.access.roles import Role
from tests.domain.agreement_world import AgreementWorld
from tests.web.access_rows import rows_of_region


@pytest.fixture
def person(make, sign_in):
    north, south = make.region("示例北区"), make.region("示例南区")
    make.north = make.distributor(north, code="N-1", name="示例北方商贸", phones=["13800000051"])
    make.distributor(north, code="N-10", name="示例北方百货")
    make.distributor(south, code="S-1", name="示例南方商贸", phones=["13800000052"])
    return sign_in(make.user(Role.SALESPERSON, north))


def titles(client, words: str) -> list[str]:
    return [hit["title"] for hit in client.get("/search/suggestions", query_string={"q": words}).json["hits"]]


def test_suggestions_are_of_the_own_offices(person):
    assert titles(person, "示例") == ["示例北方商贸", "示例北方百货"]
    assert titles(person, "南方") == []
    assert titles(person, "0052") == []
    assert titles(person, "") == []
    assert titles(person, "!!") == []


def test_the_record_whose_code_was_typed_opens_though_others_begin_so(person, make):
    answer = person.get("/search", query_string={"q": "n-1"})
    assert (answer.status_code, answer.location) == (303, f"/distributors/{make.north.id}")


def test_the_only_hit_opens_and_several_are_listed(person, make):
    assert person.get("/search?q=0051").location == f"/distributors/{make.north.id}"
    listed = person.get("/search", query_string={"q": "北方"})
    assert listed.status_code == 200
    assert "示例北方百货" in listed.get_data(as_text=True)


def test_nothing_found_says_what_can_be_searched(person):
    answer = person.get("/search?q=zzzz")
    assert answer.status_code == 200
    assert "Nothing was found" in answer.get_data(as_text=True)


def test_an_agreement_is_found_by_its_number_in_the_own_office_only(session, make, sign_in):
    north, south = make.region(), make.region()
    own, foreign = rows_of_region(session, make, north), rows_of_region(session, make, south)
    client = sign_in(make.user(Role.REGIONAL_MANAGER, north))
    number = "SELECT number FROM agreement WHERE id = "
    mine = session.connection().exec_driver_sql(number + str(own["agreement"])).scalar_one()
    theirs = session.connection().exec_driver_sql(number + str(foreign["agreement"])).scalar_one()
    session.rollback()
    assert (
        client.get("/search", query_string={"q": mine.lower()}).location == f"/agreements/{own['agreement']}/"
    )
    assert client.get("/search", query_string={"q": theirs}).status_code == 200


def test_who_may_not_read_agreements_finds_none(session, make, sign_in):
    north = make.region()
    rows_of_region(session, make, north)
    client = sign_in(make.user(Role.TRAINER, north))
    assert all("PPA" not in title for title in titles(client, "PPA"))


def test_agreements_are_listed_from_the_newest_and_their_state_is_said_once(session, make, sign_in):
    world = AgreementWorld(session, make)
    partner = world.add_distributor(name="示例湖州商贸有限公司")
    on = today()
    # Written in another order than they begin in.
    middle = world.signed(partner, effective_on=on - timedelta(days=400), expires_on=on - timedelta(days=100))
    newest = world.draft(partner, effective_on=on + timedelta(days=30), expires_on=on + timedelta(days=300))
    oldest = world.signed(partner, effective_on=on - timedelta(days=900), expires_on=on - timedelta(days=500))
    client = sign_in(world.manager)
    page = client.get("/search", query_string={"q": "湖州"}).text
    found = re.findall(r'<tr data-href="/agreements/(\d+)/">(.*?)</tr>', page)
    assert [int(id) for id, _row in found] == [newest.id, middle.id, oldest.id]
    assert [row.count("Draft") + row.count("Expired") for _id, row in found] == [1, 1, 1]
    hits = client.get("/search/suggestions", query_string={"q": "湖州"}).json["hits"]
    assert [hit["note"].split(" · ")[0] for hit in hits[1:]] == ["Draft", "Expired", "Expired"]


def test_the_boxs_own_hint_is_short_so_that_a_phone_shows_it_whole(person):
    page = person.get("/").text
    assert re.search(r'id="find"[^>]*placeholder="Search"', page)
    assert "Code, name, pinyin" in page
