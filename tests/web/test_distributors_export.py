"""The register as an Excel file: what the list shows, every fact, ids as text."""

from io import BytesIO

import openpyxl
import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import contacts


@pytest.fixture
def clerk(make, office):
    return make.user(Role.SALESPERSON, office, name="示例业务员")


def rows(browser, query=""):
    answer = browser.get(f"/distributors/export{query}")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
    head, *body = [list(row) for row in sheet.iter_rows(values_only=True)]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_the_file_holds_the_facts_of_the_rows_that_the_list_shows(session, make, office, clerk, sign_in):
    made = make.distributor(
        office,
        clerk,
        code="007",
        name="示例甲商行",
        uscc="91330500MA00EX3B4P",
        bank_account="6200000000000051999",
        deposit_fen=500_050,
        invoice_title="=1+1",
        phones=["0572-5555102", "0572-5555103"],
    )
    contacts.add(session, clerk, made, {"name": "李四"})
    session.commit()
    make.distributor(office, clerk, name="示例乙商行")
    make.distributor(make.region("示例西区"), name="示例丙商行")
    browser = sign_in(clerk)
    assert [row["Full name"] for row in rows(browser)] == ["示例甲商行", "示例乙商行"]
    (row,) = rows(browser, "?q=007")
    assert (row["Code"], row["Unified social credit code"]) == ("007", "91330500MA00EX3B4P")
    assert (row["Account number"], row["Deposit"]) == ("6200000000000051999", 5000.5)
    assert (row["Owner"], row["Office"], row["Contact"]) == ("示例业务员", "示例东区", "李四")
    assert row["Telephones"] == "0572-5555102；0572-5555103"
    assert row["Invoice title"] == "=1+1"


def test_who_took_the_list_out_is_on_record(session, make, office, clerk, sign_in):
    make.distributor(office, clerk)
    rows(sign_in(clerk))
    taken = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "list.exported")).one()
    assert (taken.actor_id, taken.params["count"]) == (clerk.id, 1)
