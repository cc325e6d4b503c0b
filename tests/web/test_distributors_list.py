"""The register as a list and as an Excel file: what the address says, of the own offices only."""

from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Level, NearSame, Standing


@pytest.fixture
def world(make) -> dict[str, Any]:
    north = make.region("示例北区")
    near = make.region("示例近郊", north)
    south = make.region("示例南区")
    owner, other = (
        make.user(Role.SALESPERSON, north, name="甲"),
        make.user(Role.SALESPERSON, north, name="乙"),
    )
    one = make.distributor(north, owner, code="N-1", name="示例甲商贸", level=Level.RETAILER, city="示例甲市")
    two = make.distributor(
        near, other, code="N-2", name="=1+1商贸", standing=Standing.SUSPENDED, phones=["13800000051"]
    )
    make.distributor(south, code="S-1", name="示例南方商贸")
    return {"north": north, "near": near, "owner": owner, "other": other, "one": one, "two": two}


@pytest.fixture
def browser(make, sign_in, world):
    return sign_in(make.user(Role.REGIONAL_MANAGER, world["north"]))


def codes(client, query: str) -> list[str]:
    page = client.get(f"/distributors/?{query}").get_data(as_text=True)
    return [code for code in ("N-1", "N-2", "S-1") if f">{code}<" in page]


def test_the_list_holds_the_own_offices_and_those_below_and_counts_no_other(browser, world):
    assert codes(browser, "") == ["N-1", "N-2"]
    assert "2 in all" in browser.get("/distributors/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=n-2", ["N-2"]),
        ("q=0051", ["N-2"]),
        ("q=南方", []),
        ("level=retailer", ["N-1"]),
        ("standing=suspended", ["N-2"]),
        ("region={near}", ["N-2"]),
        ("region={north}", ["N-1", "N-2"]),
        ("owner={owner}", ["N-1"]),
        ("hint=holes", ["N-1", "N-2"]),
        ("hint=near_same", ["N-1", "N-2"]),
        ("level=retailer&standing=suspended", []),
    ],
)
def test_it_is_narrowed_as_the_address_says(session, browser, world, query, found):
    session.add(NearSame(distributor_id=world["one"].id, other_id=world["two"].id))
    session.commit()
    ids = {name: world[name].id for name in ("near", "north", "owner")}
    assert codes(browser, query.format(**ids)) == found


@pytest.mark.parametrize(
    "query",
    ["level=nonsense", "region=x", "owner=99999999999999999999", "hint=';--", "page=0", "page=-1", "page=zzz",
     "page=999", "sort=password_hash", "dir=sideways", "region=２"],
)  # fmt: skip
def test_what_the_address_says_wrongly_is_passed_over(browser, query):
    assert codes(browser, query) == ["N-1", "N-2"]


def test_it_is_sorted_both_ways_and_unknown_values_come_last(browser):
    def order(query: str) -> list[str]:
        page = browser.get(f"/distributors/?{query}").get_data(as_text=True)
        return sorted(("N-1", "N-2"), key=lambda code: page.index(f">{code}<"))

    assert order("sort=code&dir=asc") == ["N-1", "N-2"]
    assert order("sort=code&dir=desc") == ["N-2", "N-1"]
    assert order("sort=standing&dir=desc") == ["N-2", "N-1"]
    assert order("sort=name&dir=asc") == ["N-2", "N-1"]
    assert order("sort=name&dir=desc") == ["N-1", "N-2"]
    assert order("sort=level&dir=asc") == ["N-2", "N-1"]
    assert order("sort=level&dir=desc") == ["N-1", "N-2"]
    assert order("sort=owner&dir=asc") != order("sort=owner&dir=desc")


def test_htmx_gets_the_list_and_what_tells_of_it_but_the_whole_page_from_its_history(browser):
    part = browser.get("/distributors/?q=n-2", headers={"HX-Request": "true"})
    text = part.get_data(as_text=True)
    assert "<html" not in text
    assert 'id="list"' in text and "1 of 2" in text
    assert "HX-Request" in part.headers["Vary"]
    whole = browser.get(
        "/distributors/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in whole.get_data(as_text=True)


def exported(client, query: str) -> list[tuple[Any, ...]]:
    answer = client.get(f"/distributors/export?{query}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    sheet = load_workbook(BytesIO(answer.data)).active
    return [tuple(row) for row in sheet.iter_rows()]


def test_the_excel_file_holds_the_view_and_runs_nothing(browser, world):
    head, *rows = exported(browser, "standing=suspended")
    cells = {cell.value: row_cell for cell, row_cell in zip(head, rows[0], strict=True)}
    assert len(rows) == 1
    assert cells["Code"].value == "N-2"
    assert (cells["Full name"].value, cells["Full name"].data_type) == ("=1+1商贸", "s")
    assert (cells["Telephones"].value, cells["Telephones"].data_type) == ("13800000051", "s")
    assert (cells["Deposit"].value, cells["Credit limit"].value) == (None, None)
    assert cells["Owner"].value == "乙"


def test_the_ticked_rows_are_exported_and_no_row_of_another_office(browser, session, world):
    strangers = session.scalars(sa.text("SELECT id FROM distributor WHERE code = 'S-1'")).all()
    ids = [world["one"].id, *strangers]
    _head, *rows = exported(browser, "&".join(f"id={i}" for i in ids))
    assert [row[0].value for row in rows] == ["N-1"]


def test_who_took_a_list_out_is_on_record(browser, session, world):
    exported(browser, "q=n-2")
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "list.exported")).one()
    assert event.params == {"what": "distributors", "count": 1, "wanted": {"q": "n-2"}}
    assert event.region_id == world["north"].id


def test_who_may_write_is_told_what_to_do_first(make, sign_in):
    empty = make.region()
    page = sign_in(make.user(Role.REGIONAL_MANAGER, empty)).get("/distributors/").get_data(as_text=True)
    assert "No distributors registered yet" in page
    assert "/distributors/import" in page and "/distributors/new" in page
    reader = sign_in(make.user(Role.AUDITOR, empty)).get("/distributors/").get_data(as_text=True)
    assert "/distributors/new" not in reader
