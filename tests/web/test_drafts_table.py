"""Drafts go out as a table and come back changed: every row is answered, nothing bad is written."""

import io

import openpyxl
import pytest

from portal.domain.access.roles import Role
from portal.domain.price_protection.models import Agreement, PriceKind, Status
from tests.domain.agreement_world import AgreementWorld

PAGE = "/agreements/batches/drafts"


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def taken_out(client):
    """The table as its head and rows."""
    file = client.get(PAGE + "/export")
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_data())).active
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    return head, [dict(zip(head, row, strict=True)) for row in rows]


def handed_in(client, head, rows):
    """Hand the rows in and follow to the answers; their address and the page."""
    book = openpyxl.Workbook()
    book.active.append(head)
    for row in rows:
        book.active.append([row.get(name) for name in head])
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    answer = client.post(PAGE, data={"file": (data, "drafts.xlsx")})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    address = client.get(answer.location).location
    return address, client.get(address).get_data(as_text=True)


def again(session, agreement):
    session.rollback()
    session.expire_all()
    return session.get(Agreement, agreement.id)


def test_a_table_that_nobody_changed_changes_nothing(world, session, sign_in):
    draft = world.draft()
    client = sign_in(world.author)
    head, rows = taken_out(client)
    assert [row["Agreement number"] for row in rows] == [draft.number]
    address, page = handed_in(client, head, rows)
    assert "There is nothing to change." in page
    assert client.post(address + "/apply").status_code == 422
    assert again(session, draft).version == draft.version


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_rates_and_prices_come_back_changed(world, session, sign_in, language):
    other = world.add_product()
    draft = world.draft(
        prices=[(world.product, PriceKind.SUGGESTED_RETAIL, 2850), (other, PriceKind.SUGGESTED_RESALE, 990)]
    )
    client = sign_in(world.author, language=language)
    head, rows = taken_out(client)
    rate, price, kind, code = head[5], head[11], head[10], head[8]
    for row in rows:
        row[rate] = "4.5%"
    rows[0][price] = 29.9
    rows[1][price] = "删除"
    rows.append({**rows[0], code: other.code, kind: "suggested_retail", price: "12.30"})
    address, page = handed_in(client, head, rows)
    assert "29.90" in page
    assert again(session, draft).terms[0].rebate_ppm == 30_000
    done = client.post(address + "/apply")
    assert done.status_code == 303
    changed = again(session, draft)
    assert changed.terms[0].rebate_ppm == 45_000
    assert {(row.product_id, row.kind, row.amount_fen) for row in changed.terms[0].prices} == {
        (world.product.id, PriceKind.SUGGESTED_RETAIL, 2990),
        (other.id, PriceKind.SUGGESTED_RETAIL, 1230),
    }
    assert changed.events[0].kind == "edited"
    # Handed in once more it changes nothing, although the version has risen.
    assert client.post(address + "/apply").status_code == 303
    assert again(session, draft).version == changed.version


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("Unit price", 28.505, "at most two decimals"),
        ("Unit price", "-3", "must not be negative"),
        ("Unit price", 0, "above 0"),
        ("Product code", "XX-999", "no product with the code"),
        ("Kind of price", "Hauspreis", "no kind of price"),
        ("Rebate rate", "130%", "between 0 and 100"),
        ("Version of the draft", 99, "changed after this table was taken out"),
        ("Agreement number", "PPA-1999-000001", "no agreement"),
        ("Last day", "2020-01-01", "after the first day"),
    ],
)
def test_a_bad_row_is_refused_with_its_column_and_the_others_go_on(
    world, session, sign_in, column, value, said
):
    bad, good = world.draft(), world.draft()
    client = sign_in(world.author)
    head, rows = taken_out(client)
    for row in rows:
        row["Base share of 100"] = 70
    rows[0][column] = value
    address, page = handed_in(client, head, rows)
    assert said in page and column in page
    client.post(address + "/apply")
    assert again(session, bad).terms[0].base_share == 60
    assert again(session, good).terms[0].base_share == 70


def test_what_is_no_draft_any_more_is_not_changed(world, session, sign_in):
    draft = world.draft()
    client = sign_in(world.author)
    head, rows = taken_out(client)
    rows[0]["Unit price"] = 31
    address, page = handed_in(client, head, rows)
    draft.status = Status.SUBMITTED
    session.commit()
    answer = client.post(address + "/apply")
    page = client.get(client.get(answer.location).location).get_data(as_text=True)
    assert "no longer a draft" in page
    assert again(session, draft).terms[0].prices[0].amount_fen == 2850


def test_a_table_of_other_offices_changes_nothing(world, session, sign_in):
    draft = world.draft()
    head, rows = taken_out(sign_in(world.author))
    rows[0]["Unit price"] = 31
    stranger = world.make.user(Role.SALESPERSON, world.make.region("示例别区"))
    client = sign_in(stranger)
    assert taken_out(client)[1] == []
    _address, page = handed_in(client, head, rows)
    assert "no agreement" in page
    assert again(session, draft).terms[0].prices[0].amount_fen == 2850


def test_excels_own_percent_and_one_changed_row_of_several_are_the_change_that_was_meant(
    world, session, sign_in
):
    other = world.add_product()
    draft = world.draft(
        prices=[(world.product, PriceKind.SUGGESTED_RETAIL, 2850), (other, PriceKind.SUGGESTED_RESALE, 990)]
    )
    client = sign_in(world.author)
    book = openpyxl.load_workbook(io.BytesIO(client.get(PAGE + "/export").get_data()))
    cell = book.active.cell(3, 6)
    assert book.active.cell(1, 6).value == "Rebate rate"
    cell.value, cell.number_format = 0.045, "0.00%"

    def upload():
        file = io.BytesIO()
        book.save(file)
        file.seek(0)
        answer = client.post(PAGE, data={"file": (file, "drafts.xlsx")})
        address = client.get(answer.location).location
        return address, client.get(address).get_data(as_text=True)

    address, page = upload()
    assert "<ins>4.50%</ins>" in page and draft.distributor.name in page
    # Two rows that change it differently are one refusal, which can be taken out.
    first = book.active.cell(2, 6)
    first.value, first.number_format = 0.05, '0.0"%"'
    assert "0.05 can be read in two ways" in upload()[1]
    first.number_format = "0%"
    address, page = upload()
    assert page.count("Row 2 of the same agreement changes this to something else.") == 1
    taken = openpyxl.load_workbook(io.BytesIO(client.get(address + "/refused.xlsx").data)).active
    assert [row[:4] for row in taken.iter_rows(min_row=2, values_only=True)] == [
        (3, draft.number, draft.distributor.name, "Rebate rate")
    ]
