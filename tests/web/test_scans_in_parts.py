"""A pile of hundreds of pages: bad pages first, a part at a time, figures of the whole pile on every page."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.blueprints.scans import parts
from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, AgreementPaper
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import filing
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import Stage
from tests.domain.agreement_world import PDF, AgreementWorld
from tests.factories import Factory
from tests.scanning.piles import pile_of
from tests.web.test_queries import counted

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def world(session: Session, make: Factory) -> AgreementWorld:
    return AgreementWorld(session, make)


def printed(world: AgreementWorld, pages: int = 2) -> tuple[Agreement, AgreementPaper]:
    agreement = world.approved()
    paper = current_paper(agreement)
    assert paper is not None
    paper.pages = pages
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()
    return agreement, paper


def test_three_hundred_pages_are_a_page_at_a_time_and_cost_no_more_questions(
    app: Flask, world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    printed(world)
    large, small = pile_of(world, *[None] * 300), pile_of(world, *[None] * 4)
    client = sign_in(world.author)

    def shown(address: str) -> tuple[str, int]:
        client.get(address)
        with counted(app) as statements:
            page = client.get(address).text
        return page, len(statements)

    _page, few = shown(f"/agreements/scans/{small.id}")
    page, many = shown(f"/agreements/scans/{large.id}")
    assert many <= few
    assert "300 pages read" in page and "300 to be placed by hand" in page
    pictures = re.findall(r"<img [^>]+>", page)
    assert len(pictures) == parts.FIRST_PICTURES and all('loading="lazy"' in one for one in pictures)
    seen: set[str] = set()
    for number in range(1, 6):
        address = f"/agreements/scans/{large.id}?show=unplaced&page={number}"
        page, count = shown(address)
        found = set(re.findall(r'<img src="([^"]+)"', page))
        assert len(found) == 60 and not found & seen and count <= few
        assert "300 pages read" in page and f"{number * 60 - 59}–{number * 60} of 300" in page
        assert "Not back yet" not in page.partition("</nav>\n")[2].partition("<h2")[2]
        seen |= found
    assert len(seen) == 300
    beyond = shown(f"/agreements/scans/{large.id}?show=unplaced&page=99")[0]
    assert "241–300 of 300" in beyond
    assert "300 to be placed by hand" in shown(f"/agreements/scans/{large.id}?show=nonsense")[0]
    assert "Nothing of this kind" in shown(f"/agreements/scans/{large.id}?show=old_version")[0]


def test_of_more_than_one_page_only_what_is_on_it_is_filed_unless_all_are_asked_for(
    world: AgreementWorld, session: Session, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "ALONE", 2)
    papers = [printed(world, pages=1)[1] for _turn in range(3)]
    pile = pile_of(world, *((paper, 1) for paper in papers))
    page = sign_in(world.author).get(f"/agreements/scans/{pile.id}").text
    rows = [int(row) for row in re.findall(r'name="row" value="(\d+)"', page)]
    assert len(rows) == 2 and "Record and file all 3, also those on other pages" in page
    groups = groups_of(session, world.author, pile)
    (other,) = {group.return_id for group in groups} - set(rows)
    job = filing.ask_filing(session, world.author, pile, today(), {}, only=rows)
    assert (job.total, job.params["stay"]) == (2, [other])
    session.rollback()
    assert filing.ask_filing(session, world.author, pile, today(), {}).total == 3
    session.rollback()
    with pytest.raises(DomainError, match="moved on"):
        filing.ask_filing(session, world.author, pile, today(), {}, only=[0])


def test_a_scan_filed_while_the_original_is_out_is_said_wherever_one_looks(
    world: AgreementWorld, session: Session, sign_in: SignIn
) -> None:
    agreement, paper = printed(world)
    trail = of_paper(session, paper)
    trail.sealed_copies = trail.sent_copies = 2
    trail.expected_copies, trail.sealed_on, trail.sent_on, trail.stage = 1, today(), today(), Stage.SENT
    pile = pile_of(world)
    steps.sign(session, world.author, agreement, today(), [("scan.pdf", PDF)])
    session.commit()
    client = sign_in(world.author, language="zh-CN")
    said = "扫描件已归档，原件未寄回"
    for address in (
        f"/agreements/{agreement.id}/",
        "/papers/out",
        f"/agreements/scans/{pile.id}",
        f"/agreements/scans/{pile.id}/reminders",
    ):
        assert said in client.get(address).text, address
    told = client.get(f"/agreements/scans/{pile.id}/reminders").text
    values = paper.payload["values"]
    assert values["distributor_contact"] in told and values["distributor_phone"] in told
    out = client.get("/papers/out").text
    assert values["distributor_contact"] in out and values["distributor_phone"] in out
