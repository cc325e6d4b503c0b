"""Closing a quarter on the pages: looked at, proposed, confirmed by a second person, released, stated, looked up."""

import re
from datetime import date
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.money import figures
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.funds import deducting, suspending
from portal.domain.price_protection.models import Agreement
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.web.sheets import rows_of

pytestmark = pytest.mark.on_day(OCTOBER)

LIST = "/funds/quarters/"
PAGE = f"{LIST}2026Q3"
JULY, AUGUST = date(2026, 7, 6), date(2026, 8, 20)


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


@pytest.fixture
def stated(world, session, sign_in):
    """An agreement with a purchase and a return, closed on the pages by two people; its statement."""
    agreement = world.in_force()
    bought = world.buy(agreement, JULY, 9_120_000)
    back = world.give_back(bought, AUGUST, 1_824_000)
    first, second = sign_in(world.finance), sign_in(world.second)
    seen = re.search(r'name="sha256" value="(\w+)"', first.get(PAGE).text)[1]
    proposed = first.post(f"{PAGE}/propose", data={"sha256": seen})
    assert proposed.status_code == 303
    assert second.get(proposed.location).status_code == 200
    done = second.post(f"{proposed.location}/confirm", data={"sha256": seen})
    assert done.status_code == 303, done.text
    session.rollback()
    return agreement, back, proposed.location, session.scalars(sa.select(Statement)).one()


def test_a_close_goes_from_the_preview_to_the_statement(stated, world, session, sign_in):
    _agreement, back, close, statement = stated
    reader = sign_in(world.author)
    assert statement.number in sign_in(world.second).get(close).text
    # A close of the whole company is not an office's to see; its own statements are.
    assert reader.get(close).status_code == 404
    page = reader.get(PAGE).text
    assert statement.number in page and f"/funds/quarters/statements/{statement.id}" in page
    told = reader.get(f"/funds/quarters/statements/{statement.id}").text
    # 为什么少了 364.80? The line leads to the return, whose page says 18,240.00 × 5 % × 40 %.
    assert "−364.80" in told and f"/purchases/{back.id}" in told
    shown = reader.get(f"/purchases/{back.id}")
    assert shown.status_code == 200 and "18,240.00 × 5% × 40%" in shown.text
    papers = [reader.get(f"/funds/quarters/statements/{statement.id}/paper").data for _ in range(2)]
    assert papers[0] == papers[1] and papers[0].startswith(b"%PDF")
    session.rollback()
    assert session.scalars(sa.select(Proposal)).one().stage is Stage.DONE


def test_the_file_for_the_printer_and_the_table_for_finance(stated, world, sign_in):
    _agreement, _back, close, statement = stated
    finance = sign_in(world.finance)
    pdf = finance.get(f"{close}/statements.pdf")
    assert pdf.data.startswith(b"%PDF") and pdf.mimetype == "application/pdf"
    rows = rows_of(finance.get(f"{close}/finance"))
    assert rows[1][0] == statement.number and rows[1][7] == 1459.2
    # The last row is their sum, as values: held at the end, held back, released, interest, to be paid.
    assert rows[2][0] == "Total" and rows[2][5:10] == rows[1][5:10] and len(rows) == 3
    # It holds the statements of all offices of the close.
    assert sign_in(world.author).get(f"{close}/statements.pdf").status_code == 404


def test_a_closed_quarter_says_first_what_was_given(stated, world, sign_in):
    _agreement, _back, close, _statement = stated
    finance = sign_in(world.finance)
    facts = re.findall(
        r"<dt>([^<]+)</dt><dd[^>]*>(.*?)</dd>", finance.get(close).text.replace("\n", ""), re.S
    )
    assert facts[0] == ("Fund released", "1,459.20") and "To release" not in dict(facts)
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', finance.get(PAGE).text)
    assert heads.index("Fund released") < heads.index("To release")


def test_the_proposer_does_not_confirm_and_what_changed_is_shown(world, session, sign_in):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    first, second = sign_in(world.finance), sign_in(world.second)
    seen = re.search(r'name="sha256" value="(\w+)"', first.get(PAGE).text)[1]
    close = first.post(f"{PAGE}/propose", data={"sha256": seen}).location
    assert "You proposed it yourself" in first.get(close).text
    refused = first.post(f"{close}/confirm", data={"sha256": seen})
    assert refused.status_code == 422 and "You proposed it yourself" in refused.text
    assert "Confirm the close of 2026Q3" in second.get("/").text
    session.rollback()
    world.buy(agreement, AUGUST, 500_000, entered_on=OCTOBER)
    page = second.get(close).text
    assert "200.00" in page and "300.00" in page and "propose it again" in page
    assert second.post(f"{close}/confirm", data={"sha256": seen}).status_code == 422
    again = first.get(PAGE).text
    assert "Propose again as shown" in again
    assert first.post(f"{close}/withdraw").status_code == 303
    session.rollback()
    assert session.scalars(sa.select(Proposal)).one().stage is Stage.WITHDRAWN


def test_a_second_click_leads_to_the_proposal_that_stands(world, session, sign_in):
    world.buy(world.in_force(), JULY, 1_000_000)
    finance = sign_in(world.finance)
    seen = re.search(r'name="sha256" value="(\w+)"', finance.get(PAGE).text)[1]
    answers = [finance.post(f"{PAGE}/propose", data={"sha256": seen}) for _ in range(2)]
    assert answers[0].location == answers[1].location
    # Nothing has changed: there is nothing to be proposed again.
    assert "Propose again as shown" not in finance.get(PAGE).text
    session.rollback()
    assert session.scalars(sa.select(Proposal.stage)).all() == [Stage.PROPOSED]


def test_who_confirms_reads_what_is_left_out_and_the_others_are_closed(world, session, sign_in):
    late, other = world.in_force(), world.in_force()
    world.buy(late, JULY, 1_000_000)
    world.buy(other, JULY, 2_000_000)
    made = world.propose()
    world.buy(late, AUGUST, 500_000, entered_on=OCTOBER)
    close, second = f"{LIST}close/{made.id}", sign_in(world.second)
    page = second.get(close).text
    assert "1 agreement has changed since it was proposed" in page and late.number in page
    assert second.post(f"{close}/confirm", data={"sha256": made.sha256}).status_code == 303
    page = second.get(close).text
    assert "Left out" in page and late.number in page
    # The page of the quarter says what was released, and of which agreement nothing yet.
    page = sign_in(world.finance).get(PAGE).text
    statement = world.statement(other)
    assert f'/funds/quarters/statements/{statement.id}">400.00</a>' in page
    assert "Propose this close" in page


def test_a_quarter_to_close_waits_on_the_workbench(world, sign_in):
    world.buy(world.in_force(), JULY, 1_000_000)
    assert "Close the quarter 2026Q3" in sign_in(world.finance).get("/").text
    assert "Close the quarter" not in sign_in(world.author).get("/").text


def test_what_a_case_held_back_is_released_from_its_statement(world, session, make, sign_in):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    with on_day(AUGUST):
        suspending.hold_quarter(session, agreement.id, "2026Q3", 77, AUGUST)
        session.commit()
    world.close()
    page = f"/funds/quarters/statements/{world.statement(agreement).id}"
    boss = sign_in(make.user(Role.EXECUTIVE))
    assert "Release now" not in boss.get(page).text
    assert boss.post(f"{page}/release").status_code == 422
    with on_day(date(2026, 10, 20)):
        suspending.lift(session, agreement.id, 77)
        session.commit()
        boss = sign_in(make.user(Role.EXECUTIVE))
        assert "Release now" in boss.get(page).text
        assert boss.post(f"{page}/release").status_code == 303
        assert "200.00" in boss.get(page).text


def test_the_preview_is_narrowed_exported_and_refuses_what_is_no_quarter(world, sign_in):
    agreement = world.in_force()
    world.buy(agreement, JULY, 1_000_000)
    world.in_force()
    reader = sign_in(world.author)
    rows = rows_of(reader.get(f"{PAGE}/export?outcome=release"))
    assert [row[0] for row in rows[1:]] == [agreement.number] and rows[1][4] == 200
    assert reader.get("/funds/quarters/2026Q9").status_code == 404
    assert reader.get("/funds/quarters/").status_code == 200


def test_the_code_on_a_statement_says_whose_it_is_and_which_pages_it_has(
    stated, world, session, make, sign_in
):
    _agreement, _back, _close, statement = stated
    reader = sign_in(world.author)
    page = reader.get(f"/verify/{statement.code}?p=1").text
    assert "A statement that we issued" in page and statement.payload_sha256 in page
    assert "Not a page of this statement" in reader.get(f"/verify/{statement.code}?p=9").text
    session.rollback()
    stranger = sign_in(make.user(Role.SALESPERSON, make.region("示例外区")))
    told = stranger.get(f"/verify/{statement.code}").text
    assert statement.number in told and statement.payload_sha256 not in told


def test_a_later_quarter_names_the_earlier_one_that_comes_first(world, session, make, sign_in):
    agreement = world.in_force()
    world.buy(agreement, date(2026, 5, 6), 1_000_000)
    world.buy(agreement, JULY, 1_000_000)
    page = sign_in(world.finance).get(PAGE).text
    assert f"/funds/quarters/2026Q2?region={world.head.id}" in page and "Close 2026Q2 first" in page
    rows = sign_in(world.finance).get("/funds/quarters/").text
    assert "2026Q2" in rows and "2026Q1" in rows
    assert "2025Q4" not in rows  # nothing was in force before the agreement's first day
    assert "Close the quarter 2026Q2" in sign_in(world.finance).get("/").text
    world.close("2026Q2")
    page = sign_in(world.finance).get(PAGE).text
    assert "Close 2026Q2 first" not in page and "Propose this close" in page


def test_a_quarter_without_fund_does_not_wait_once_a_later_one_has_ended(world, sign_in):
    world.buy(world.in_force(), JULY, 1_000_000)
    text = sign_in(world.finance).get("/funds/quarters/").text
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in text.split("<tbody>")[1].split("</tr>")[:-1]]
    assert [" ".join([row[0], *row[4:7]]) for row in rows] == [
        "2026Q4 Running — 0.00",
        "2026Q3 To be closed",
        "2026Q2 No fund held",
        "2026Q1 No fund held",
    ]


def test_every_sum_of_a_statement_opens_to_transfers_that_add_up_to_it(world, session, make, sign_in):
    """Purchases, a return, a deduction, a restoration and an earlier release, each in the quarter that is stated."""
    agreement = world.in_force()
    world.buy(agreement, date(2026, 5, 6), 2_000_000)
    world.close("2026Q2", on=JULY)
    bought = world.buy(agreement, JULY, 9_120_000)
    world.give_back(bought, AUGUST, 1_824_000)
    with on_day(date(2026, 9, 1)):
        taken = deducting.deduct(session, world.manager, agreement.id, "2026Q3", 7, 500_000, 250_000)
        session.commit()
    with on_day(date(2026, 9, 9)):
        deducting.restore(session, world.manager, taken, 10_000)
        session.commit()
    world.close()
    statement = world.statement(agreement)
    said, number = statement.payload["values"], statement.number
    session.rollback()
    reader = sign_in(make.user(Role.REGIONAL_MANAGER, agreement.region))
    page = sign_in(world.finance).get(f"/funds/quarters/statements/{statement.id}").text
    for name, sign in (
        ("opening", 1), ("accrued", 1), ("reversed", -1), ("forfeited", -1), ("restored", 1), ("released", -1),
        ("closing", 1), ("base_paid", 1),
    ):  # fmt: skip
        fen = sign * said[f"{name}_figures"]
        assert fen, name
        address = f"/funds/agreements/{agreement.id}/transfers?statement={statement.id}&amp;figure={name}"
        assert address in page
        for user in (sign_in(world.finance), reader):
            told = user.get(address.replace("&amp;", "&")).text
            assert f"together ¥{figures(fen).replace('-', '−')}" in told and number in told, name
    lines = {line["kind"]: line for line in statement.payload["lines"]}
    for line in lines.values():
        if line["source"] != "purchase":
            source = f"source={line['source']}&amp;source_id={line['source_id']}"
            assert source in page
            told = reader.get(
                f"/funds/agreements/{agreement.id}/transfers?{source.replace('&amp;', '&')}"
            ).text
            assert "How it came about" in told and figures(abs(line["fund_figures"])) in told
    assert len(lines) == 5


def test_a_release_says_of_which_sums_it_is_made(stated, world, session, make, sign_in):
    agreement, back, _close, statement = stated
    release = (
        f"/funds/agreements/{agreement.id}/transfers?source=fund_release&source_id={statement.release_id}"
    )
    told = sign_in(world.author).get(release).text
    for figure in ("1,824.00", "364.80", "1,459.20"):
        assert figure in told
    # What returns took of it opens to the return, whose page says 18,240.00 × 5 % × 40 %.
    before = re.search(r'href="([^"]*figure=reversed[^"]*)"', told)[1].replace("&amp;", "&")
    assert f"/purchases/{back.id}" in sign_in(world.author).get(before).text
    session.rollback()
    stranger = sign_in(make.user(Role.SALESPERSON, make.region("示例外区")))
    assert stranger.get(release).status_code == 404


def test_an_office_sees_that_its_quarter_is_closed_and_prints_its_own_statements(
    stated, world, session, sign_in
):
    """The close of the whole company is not its to see: what it may see of it stands in the register."""
    _agreement, _back, close, statement = stated
    with on_day(OCTOBER):
        reader = sign_in(world.author)
        row = re.search(
            r"<tr[^>]*>\s*<th scope=.row.><a href=.[^>]*>2026Q3.*?</tr>", reader.get(LIST).text, re.S
        )[0]
        assert "Closed" in row and "To be closed" not in row
        told = reader.get(f"{LIST}statements/{statement.id}").text
        assert close not in told
        register = f"{LIST}2026Q3/statements"
        asked = reader.post(f"{register}/print?q={statement.number}")
        assert asked.status_code == 303, asked.text
        job_id = int(asked.location.rsplit("/", 1)[1])
        file = reader.get(f"{LIST}printed/{job_id}")
        assert file.data.startswith(b"%PDF") and file.mimetype == "application/pdf"
        assert "2026Q3" in unquote(file.headers["Content-Disposition"])
        # Nobody else's, and nothing to print is said.
        assert sign_in(world.finance).get(f"{LIST}printed/{job_id}").status_code == 404
        refused = reader.post(f"{register}/print?q=DZ-0000")
        assert refused.status_code == 303
        assert "None of these statements" in reader.get(refused.location).text


def test_who_lost_an_office_no_longer_reads_what_was_printed_of_it(stated, world, session, sign_in, make):
    agreement, _back, _close, _statement = stated
    reader = sign_in(world.author)
    asked = reader.post(f"{LIST}2026Q3/statements/print")
    job_id = int(asked.location.rsplit("/", 1)[1])
    session.rollback()
    elsewhere = make.region("示例他处")
    session.get_one(Agreement, agreement.id).region_id = elsewhere.id
    session.commit()
    assert reader.get(f"{LIST}printed/{job_id}").status_code == 404


def test_a_return_after_the_quarter_and_before_its_release_is_found_on_the_statement(world, session, sign_in):
    """It lessens the release, and the paper tells only of the quarter's days: the page says why 364.80 are missing."""
    agreement = world.in_force()
    bought = world.buy(agreement, JULY, 9_120_000)
    back = world.give_back(bought, OCTOBER, 1_824_000)
    first, second = sign_in(world.finance), sign_in(world.second)
    seen = re.search(r'name="sha256" value="(\w+)"', first.get(PAGE).text)[1]
    close = first.post(f"{PAGE}/propose", data={"sha256": seen}).location
    assert second.post(f"{close}/confirm", data={"sha256": seen}).status_code == 303
    session.rollback()
    statement = session.scalars(sa.select(Statement)).one()
    said = statement.payload["values"]
    assert (said["closing_figures"], said["release_figures"]) == (182_400, 145_920)
    told = first.get(f"{LIST}statements/{statement.id}").text
    part = told.split('id="afterwards"')[1]
    assert "−364.80" in part and f"/purchases/{back.id}" in part
    # What comes after the release is another matter: it is owed, and changes nothing of it.
    world.give_back(bought, OCTOBER, 100_000)
    again = first.get(f"{LIST}statements/{statement.id}").text
    assert again.split('id="afterwards"')[1].count("data-href") == 1
