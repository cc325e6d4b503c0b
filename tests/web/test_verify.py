"""What a phone shows that scanned the code of a page."""

from datetime import timedelta

import pytest
import time_machine

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.price_protection import steps
from tests.domain.agreement_world import AgreementWorld


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


@pytest.fixture
def paper(world):
    return world.signed().papers[0]


def test_the_approved_paper_is_shown_with_all_that_proves_it(world, paper, sign_in):
    page = sign_in(world.author).get(f"/verify/{paper.code}?p=2").text
    agreement = paper.agreement
    for shown in (
        "The approved paper, in force",
        agreement.number,
        agreement.distributor.name,
        "2 of 6",
        "price-protection.zh 1.0.0",
        world.manager.name,
        paper.document.sha256,
        paper.payload_sha256,
    ):
        assert shown in page


def test_a_page_that_does_not_belong_is_said_to_be_so(world, paper, sign_in):
    page = sign_in(world.author).get(f"/verify/{paper.code}?p=7").text
    assert "This page does not belong to the document" in page and "has no page 7" in page
    assert "The approved paper" not in page


def test_a_paper_that_nobody_signed_is_not_said_to_be_in_force(world, make, sign_in):
    paper = world.approved().papers[0]
    for user in (world.author, make.user(Role.SALESPERSON, make.region())):
        page = sign_in(user).get(f"/verify/{paper.code}?p=2").text
        assert "The approved paper, not signed yet" in page and "in force" not in page


def test_a_signed_paper_says_to_everyone_when_it_begins(world, make, sign_in):
    begins = today() + timedelta(days=40)
    paper = world.signed(effective_on=begins, expires_on=begins + timedelta(days=364)).papers[0]
    for user in (world.author, make.user(Role.SALESPERSON, make.region())):
        page = sign_in(user).get(f"/verify/{paper.code}").text
        assert "The approved paper, not in force yet" in page and begins.isoformat() in page


def test_a_withdrawn_paper_is_superseded_and_says_why(world, sign_in):
    agreement = world.approved()
    paper = agreement.papers[0]
    steps.withdraw_approval(world.session, world.manager, agreement, "价格有误")
    world.session.commit()
    page = sign_in(world.author).get(f"/verify/{paper.code}").text
    assert "Superseded" in page and "approval was withdrawn" in page


def test_an_expired_paper_is_superseded(world, paper, sign_in):
    with time_machine.travel(now() + timedelta(days=400)):
        page = sign_in(world.author).get(f"/verify/{paper.code}").text
    assert "Superseded" in page and "has expired" in page


def test_an_unknown_code_gets_one_answer_whatever_is_asked(world, paper, sign_in):
    with time_machine.travel("2026-11-22T09:02:00+08:00", tick=False):
        browser = sign_in(world.author)
        answers = {
            browser.get(path).text.split("<main")[1]
            for path in ("/verify/ABCDEFGH", "/verify/ABCDEFGH?p=3", f"/verify/{'9' * 400}")
        }
    assert len(answers) == 1
    assert "Unknown document" in answers.pop()


def test_the_finder_from_another_office_learns_whether_it_holds_and_no_more(world, paper, make, sign_in):
    agreement = paper.agreement
    for user in (make.user(Role.SALESPERSON, make.region()), make.user(Role.TRAINER)):
        page = sign_in(user).get(f"/verify/{paper.code}?p=2").text
        assert "The approved paper, in force" in page
        assert agreement.number in page and agreement.region.name in page
        for hidden in (
            agreement.distributor.name,
            paper.document.sha256,
            paper.payload_sha256,
            world.manager.name,
            f"/agreements/{agreement.id}",
        ):
            assert hidden not in page


def test_nobody_is_told_anything_before_signing_in(client, paper):
    asked = client.get(f"/verify/{paper.code}?p=2")
    assert asked.status_code == 303
    assert asked.location == f"/login?next=/verify/{paper.code}?p%3D2"


def test_a_code_typed_from_the_paper_leads_to_its_answer(world, paper, sign_in):
    browser = sign_in(world.author)
    typed = f"{paper.code[:5].lower()} {paper.code[5:]}"
    found = browser.get("/verify/", query_string={"code": typed})
    assert (found.status_code, found.location) == (303, f"/verify/{paper.code}")
    assert browser.get("/verify/").status_code == 200


def test_an_answer_is_never_taken_from_a_cache(world, paper, sign_in):
    answer = sign_in(world.author).get(f"/verify/{paper.code}")
    assert answer.headers["Cache-Control"] == "no-store"
