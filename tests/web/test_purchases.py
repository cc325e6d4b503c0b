"""Purchases on the page: entering, returning, finding, and what a line's page tells."""

import re
from datetime import date

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Standing
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.fund_world import FundWorld
from tests.web.sheets import rows_of

MAY = date(2026, 5, 6)


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def clerk(make, world, sign_in):
    """Somebody who enters purchases of the world's office."""
    return sign_in(make.user(Role.FINANCE, world.region))


def document(world: FundWorld, number: str, *amounts: str, day: str = "2026-05-06") -> dict[str, str]:
    """A form as it is sent."""
    form = {"document_number": number, "purchased_on": day}
    for place, amount in enumerate(amounts):
        form |= {
            f"lines-{place}-line_no": str(place + 1),
            f"lines-{place}-product_id": str(world.product.id),
            f"lines-{place}-amount": amount,
            f"lines-{place}-codes": f"box-{number}-{place}",
        }
    return form


def send(client, agreement, form):
    return client.post(f"/purchases/new?distributor={agreement.distributor_id}", data=form)


def lines(session) -> list[Purchase]:
    session.rollback()
    return list(session.scalars(sa.select(Purchase).order_by(Purchase.id)))


def test_enter_in_a_field_takes_no_line_away_and_books_nothing(world, clerk, session):
    agreement = world.in_force()
    page = clerk.get(f"/purchases/new?distributor={agreement.distributor_id}").text
    # Enter presses the first button of a form: that is not the one which takes the first line away.
    assert re.search(r"data-onwards.*?<button[^>]*value=\"([^\"]+)\"", page, re.S)[1] == "stay"
    answer = send(clerk, agreement, document(world, "JH-1", "100.00", "200.00") | {"do": "stay"})
    assert answer.status_code == 200
    assert [f'value="{amount}"' in answer.text for amount in ("JH-1", "100.00", "200.00")] == [True] * 3
    assert lines(session) == []


def test_who_has_no_distributors_is_told_so_and_not_that_none_matches(make, sign_in):
    client = sign_in(make.user(Role.FINANCE, make.region("空办事处")), language="zh")
    assert "还没有经销商" in client.get("/purchases/new").text
    assert "没有符合条件的经销商" in client.get("/purchases/new?q=示例").text


def test_a_form_sent_twice_books_once(world, clerk, session):
    agreement = world.in_force()
    form = document(world, "ＪＨ-1", "18,240.00", "１００．５０")
    for _ in range(2):
        assert send(clerk, agreement, form).status_code == 303
    assert [(one.key_text, one.amount_fen) for one in map(Shown, lines(session))] == [
        ("JH-1-1", 1_824_000),
        ("JH-1-2", 10_050),
    ]
    assert session.scalar(sa.select(sa.func.count()).select_from(Transfer)) == 4


class Shown:
    """A line as it is told apart."""

    def __init__(self, row: Purchase) -> None:
        self.key_text, self.amount_fen = f"{row.document_number}-{row.line_no}", row.amount_fen


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9999999", "", "1;DROP"])
def test_a_forged_line_number_is_refused(world, clerk, session, number):
    agreement = world.in_force()
    form = document(world, "JH-1", "10.00") | {"lines-0-line_no": number}
    assert send(clerk, agreement, form).status_code == 422
    assert lines(session) == []


def test_a_key_that_comes_with_another_content_is_refused_and_books_nothing(world, clerk, session):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "10.00"))
    answer = send(clerk, agreement, document(world, "JH-1", "11.00", "5.00"))
    assert answer.status_code == 422
    assert len(lines(session)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines-0-amount": "0"}, "zero"),
        ({"lines-0-amount": "1,23"}, "1,23"),
        ({"lines-0-amount": "1.234"}, "two decimals"),
        ({"lines-0-amount": "-5"}, "must not be negative"),
        ({"lines-0-product_id": ""}, "Choose a product from the list"),
        ({"lines-0-quantity": "0"}, "is no quantity"),
        ({"purchased_on": "2999-01-01"}, "The year 2999 in 2999-01-01 cannot be right"),
        ({"purchased_on": "2026/2/30"}, "There is no such day as 2026/2/30"),
        ({"document_number": ""}, "Enter the number of the document"),
        ({"lines-1-line_no": "1", "lines-1-product_id": "P", "lines-1-amount": "3"}, "stands twice"),
        pytest.param({"lines-0-amount": "￥1,234.00"}, "currency sign (¥)", id="currency sign in front"),
        pytest.param({"lines-0-amount": "1234元"}, "currency sign (元)", id="currency word behind"),
        pytest.param({"lines-0-amount": "$99"}, "currency sign ($)", id="foreign currency"),
        pytest.param({"lines-0-amount": "1e5"}, "scientific", id="scientific notation"),
        pytest.param({"lines-0-product_id": "999999"}, "Choose a product", id="unknown product"),
        pytest.param({"lines-0-product_id": "x"}, "Choose a product", id="forged product"),
        pytest.param({"purchased_on": "46148"}, "cannot be read as a date", id="date as Excel serial"),
        pytest.param({"purchased_on": "五月初"}, "cannot be read as a date", id="date as free text"),
        pytest.param({"purchased_on": ""}, "Enter the date", id="no date"),
        pytest.param({"purchased_on": "1999-12-31"}, "lies before", id="a day long ago"),
        pytest.param({"document_number": "J" * 41}, "40 characters", id="forged long document number"),
    ],
)
def test_what_a_form_says_wrongly_is_refused_with_what_to_do(world, clerk, session, change, said):
    agreement = world.in_force()
    change = {name: value.replace("P", str(world.product.id)) for name, value in change.items()}
    answer = send(clerk, agreement, document(world, "JH-1", "10.00") | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert lines(session) == []


def test_an_unknown_distributor_and_one_of_another_office_are_not_found(world, make, clerk, session):
    agreement = world.in_force()
    form = document(world, "JH-1", "10.00")
    assert clerk.post("/purchases/new?distributor=999999", data=form).status_code == 404
    elsewhere = make.distributor(make.region(), make.user(Role.REGIONAL_MANAGER))
    assert clerk.post(f"/purchases/new?distributor={elsewhere.id}", data=form).status_code == 404
    assert clerk.get(f"/purchases/new?distributor={agreement.distributor_id}").status_code == 200
    assert lines(session) == []


def test_an_eliminated_distributor_only_returns_and_the_page_says_so(world, clerk, session):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "100.00"))
    bought = lines(session)[0]
    agreement.distributor.standing = Standing.ELIMINATED
    session.commit()
    refused = send(clerk, agreement, document(world, "JH-2", "10.00"))
    assert (refused.status_code, "only returns can be entered" in refused.text) == (422, True)
    assert "Only returns" in clerk.get(f"/purchases/new?q={agreement.distributor.code}").text
    page = clerk.get(f"/purchases/new?distributor={agreement.distributor_id}", follow_redirects=True)
    assert "only returns can be entered" in page.text
    back = {"document_number": "TH-1", "line_no": "1", "purchased_on": "2026-06-01", "amount": "30.00"}
    assert clerk.post(f"/purchases/{bought.id}/return", data=back).status_code == 303
    assert [one.amount_fen for one in lines(session)] == [10_000, -3_000]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"amount": "100.01"}, "Only 100.00 yuan", id="above the purchase"),
        pytest.param({"amount": "0"}, "zero", id="zero"),
        pytest.param({"amount": "-5"}, "must not be negative", id="negative"),
        pytest.param({"amount": "￥5"}, "currency sign", id="currency sign"),
        pytest.param({"purchased_on": "2026-05-05"}, "not before its purchase", id="before the purchase"),
        pytest.param({"purchased_on": "2999-01-01"}, "2999", id="in the future"),
        pytest.param({"purchased_on": "46148"}, "cannot be read as a date", id="Excel serial"),
        pytest.param({"document_number": "JH-1"}, "other content", id="the key of the purchase itself"),
    ],
)
def test_a_bad_return_is_refused_and_books_nothing(world, clerk, session, change, said):
    send(clerk, world.in_force(), document(world, "JH-1", "100.00"))
    bought = lines(session)[0]
    form = {"document_number": "TH-1", "line_no": "1", "purchased_on": "2026-06-01", "amount": "5.00"}
    answer = clerk.post(f"/purchases/{bought.id}/return", data=form | change)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert len(lines(session)) == 1


def test_a_key_of_another_distributor_is_refused_without_telling_what_it_bought(world, clerk, session):
    mine, other = world.in_force(), world.in_force()
    send(clerk, other, document(world, "JH-1", "1,234.56"))
    answer = send(clerk, mine, document(world, "JH-1", "10.00"))
    assert answer.status_code == 422
    assert "another distributor" in answer.text
    assert "1,234.56" not in answer.text
    assert len(lines(session)) == 1


def test_a_purchase_of_tomorrow_is_refused(world, clerk, session):
    agreement = world.in_force()
    tomorrow = date.fromordinal(today().toordinal() + 1).isoformat()
    answer = send(clerk, agreement, document(world, "JH-1", "10.00", day=tomorrow))
    assert answer.status_code == 422
    assert tomorrow in answer.text


def test_the_page_shows_how_the_fund_was_reckoned_and_the_return_takes_it_back(world, clerk, session):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "20,000.00"))
    bought = lines(session)[0]
    form = {"document_number": "TH-1", "line_no": "1", "purchased_on": "2026-06-01", "amount": "18,240.00"}
    for _ in range(2):
        assert clerk.post(f"/purchases/{bought.id}/return", data=form).status_code == 303
    returned = lines(session)[1]
    assert returned.amount_fen == -1_824_000
    page = clerk.get(f"/purchases/{returned.id}").text
    assert "18,240.00 × 5% × 40%" in page
    assert "−364.80" in page
    assert "18,240.00" in clerk.get(f"/purchases/{bought.id}").text
    form |= {"document_number": "TH-2", "amount": "1,760.01"}
    refused = clerk.post(f"/purchases/{bought.id}/return", data=form)
    assert (refused.status_code, "1,760.00" in refused.text) == (422, True)


def test_the_list_is_narrowed_and_its_sums_follow(world, clerk, session):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "100.00", "50.00"))
    send(clerk, agreement, document(world, "JH-2", "7.77", day="2025-12-31"))
    whole = clerk.get("/purchases/").text
    assert "157.77" in whole
    for query, total, other in (
        ("state=protected", "150.00", "7.77"),
        ("state=before_term", "7.77", "150.00"),
        ("q=jh-2", "7.77", "150.00"),
        ("from=2026-05-06&until=2026-05-06", "150.00", "7.77"),
        ("kind=returns", "", "150.00"),
        ("distributor=999999", "", "150.00"),
    ):
        page = clerk.get(f"/purchases/?{query}").text
        assert total in page and f">{other}<" not in page, query
    rows = rows_of(clerk.get("/purchases/export?sort=document&dir=asc"))
    place = rows[0].index("Agreement number")
    assert [row[place] for row in rows[1:]] == [agreement.number, agreement.number, None]


def test_another_office_sees_neither_the_line_nor_its_document(world, make, clerk, session, sign_in):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "100.00"))
    bought = lines(session)[0]
    elsewhere = sign_in(make.user(Role.FINANCE, make.region(name="远方办事处")))
    assert elsewhere.get(f"/purchases/{bought.id}").status_code == 404
    assert "JH-1-1" not in elsewhere.get("/purchases/?q=JH-1").text
    assert elsewhere.post(f"/purchases/{bought.id}/return", data={}).status_code == 404


def test_a_code_tells_who_bought_and_to_other_offices_the_name_alone(world, make, clerk, session, sign_in):
    agreement = world.in_force(values={"territory_description": "杭州市示例区"})
    send(clerk, agreement, document(world, "JH-1", "100.00"))
    here = clerk.get("/purchases/codes?code=ＢＯＸ-jh-1-0").text
    for told in (agreement.distributor.name, "杭州市示例区", "2026-05-06", "JH-1-1", agreement.number):
        assert told in here
    elsewhere = sign_in(make.user(Role.INVESTIGATOR, make.region(name="远方办事处")))
    there = elsewhere.get("/purchases/codes?code=box-jh-1-0").text
    assert agreement.distributor.name in there
    assert world.region.name in there
    for hidden in ("杭州市示例区", "2026-05-06", "JH-1-1<", agreement.number, world.product.name):
        assert hidden not in there
    assert agreement.distributor.name not in clerk.get("/purchases/codes?code=BOX-JH-1").text


def test_the_start_of_a_code_offers_the_codes_of_the_own_offices(world, make, clerk, session, sign_in):
    send(clerk, world.in_force(), document(world, "JH-1", "100.00", "200.00"))
    page = clerk.get("/purchases/codes?code=box-jh").text
    assert "BOX-JH-1-0" in page and "BOX-JH-1-1" in page
    assert "BOX-JH-1-0" not in clerk.get("/purchases/codes?code=BO").text
    elsewhere = sign_in(make.user(Role.FINANCE, make.region(name="远方办事处")))
    assert "BOX-JH-1-0" not in elsewhere.get("/purchases/codes?code=box-jh").text


def test_the_box_on_top_finds_the_buyer_of_a_code(world, make, clerk, session, sign_in):
    agreement = world.in_force()
    send(clerk, agreement, document(world, "JH-1", "100.00", "200.00"))
    assert "/purchases/codes?code=BOX-JH-1-0" in clerk.get("/search?q=ｂox-jh-1-0").location
    hits = clerk.get("/search/suggestions?q=box-jh-1-1").json["hits"]
    assert agreement.distributor.name in hits[0]["note"]
    assert clerk.get("/search?q=box-jh-1-9").status_code == 200
    trainer = sign_in(make.user(Role.TRAINER))
    assert trainer.get("/search?q=BOX-JH-1-0").status_code == 200
