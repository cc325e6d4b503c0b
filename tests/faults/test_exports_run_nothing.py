"""What people typed leaves the portal as text: no cell of any export is a formula, whatever it begins with."""

import io
import zipfile
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Guest
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement, Product
from portal.domain.price_protection.payments.models import Means, Payout, PayoutKind, PayoutList
from portal.domain.users.models import Grant, User
from tests.domain.agreement_world import AgreementWorld
from tests.domain.tabular_files import csv_text
from tests.factories import Factory
from tests.faults.test_hostile_files import hand_in
from tests.web.access_rows import rows_of_region, voucher_file
from tests.web.sheets import rows_of
from tests.web.test_access import address
from tests.web.test_queries import pages

SignIn = Callable[..., FlaskClient]
# Excel runs what begins with one of these; in a CSV also after a tab or a carriage return.
LIVE = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "=cmd|'/C calc'!A0",
    "{=1+1}",
    "http://evil.example/",
    "'=1+1",
)


@pytest.fixture
def boss(make: Factory, session: Session) -> User:
    """Somebody who may take out everything."""
    made = make.user(Role.ADMINISTRATOR, make.head_office(), name="=1+1")
    for role in (Role.EXECUTIVE, Role.FINANCE):
        session.add(Grant(user_id=made.id, role=role, region_id=made.grants[0].region_id))
    session.commit()
    session.refresh(made)
    return made


@pytest.fixture(autouse=True)
def quick_printer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.printing.pool.render", lambda job: (b"%PDF-1.7 " + job.html.encode(), 6))


# Every route that hands out a workbook; `test_nothing_else_hands_out_a_workbook` finds one that is missing here.
EXPORTS = {
    "accounts.import_refused",
    "accounts.import_template",
    "admin.export_trail",
    "admin.export_users",
    "agreements.export",
    "batches.drafts_export",
    "batches.drafts_refused",
    "batches.export",
    "distributors.export",
    "distributors.import_refused",
    "distributors.import_template",
    "funds.export",
    "meeting_places.room_workbook",
    "meeting_reports.export_attendance",
    "meeting_reports.export_year",
    "meetings.reply_sheet",
    "papers.export",
    "papers.export_out",
    "papers.export_parcels",
    "payments.export",
    "payments.export_invoices",
    "payments.export_list",
    "payments.export_paid",
    "payments.export_vouchers",
    "products.export",
    "purchases.export",
    "purchases.import_refused",
    "purchases.import_template",
    "quarters.export",
    "quarters.export_accounts",
    "quarters.export_register",
    "quarters.finance",
    "scans.remind_excel",
    "violations.export",
}
# They answer only where a file was handed in and rows of it were refused.
OF_REFUSED = {
    "accounts.import_refused",
    "batches.drafts_refused",
    "distributors.import_refused",
    "purchases.import_refused",
}
SHEET = "spreadsheetml.sheet"


def _paid(session: Session, boss: User) -> int:
    """A payment whose payee, bank and note would run."""
    session.rollback()
    agreement = session.scalars(sa.select(Agreement).limit(1)).one()
    made = PayoutList(number="=1+1", key="k", asked="", paid_on=today(), made_by_id=boss.id)
    session.add(made)
    session.flush()
    said = {"payee": LIVE[0], "bank_name": LIVE[3], "bank_account": LIVE[1], "note": LIVE[2]}
    session.add(
        Payout(
            number="@SUM(1)",
            list_id=made.id,
            agreement_id=agreement.id,
            kind=PayoutKind.BASE,
            amount_fen=100,
            means=Means.MONEY,
            paid_on=today(),
            made_by_id=boss.id,
            **said,
        )
    )
    session.commit()
    return made.id


def _named_alive(session: Session, make: Factory, boss: User) -> dict[str, int | str]:
    """An office and a distributor whose names would run, with a close, a statement, a pile of scans and so on."""
    rows = rows_of_region(session, make, make.region("=1+1"), by=boss)
    session.get_one(Distributor, rows["distributor"]).name = LIVE[0]
    guest = session.get_one(Guest, rows["meeting_guest"])
    guest.name, guest.train, guest.title = LIVE[0], LIVE[1], LIVE[3]
    session.commit()
    return rows


def test_no_export_holds_a_live_formula(
    app: Flask, session: Session, make: Factory, sign_in: SignIn, boss: User
) -> None:
    world = AgreementWorld(session, make)
    for number, text in enumerate(LIVE):
        made = world.add_distributor(code=f"D-{number}", name=text.strip() + "商行")
        for field in ("address", "note", "brands", "short_name", "legal_rep", "bank_name"):
            if hasattr(made, field):
                setattr(made, field, text)
        session.add(Product(code=f"X{number}", name=text, unit="=1", name_en=text))
    world.draft(world.add_distributor(name="=1+1商行"))
    world.signed()
    session.commit()
    browser = sign_in(boss)
    batch = browser.post("/agreements/batches/new?all=1", data={"name": "=1+1", "do": "all"})
    assert batch.status_code == 303
    rows = [("=A1", "", "=1+1"), ("+A2", "", "@SUM(1)"), ("-A3", "", "-2+3")]
    refused = hand_in(browser, csv_text(("编码", "名称", "地址"), *rows).encode(), "=1+1.csv")
    head, row, *_rest = rows_of(browser.get("/agreements/batches/drafts/export"))
    live = [name if name == row[0] else "=1+1" for name in row]
    table = csv_text(
        list(map(str, head)), list(map(str, live)), ("=A1", *["@SUM(1)"] * (len(head) - 1))
    ).encode()
    answered = browser.post("/agreements/batches/drafts", data={"file": (io.BytesIO(table), "=1+1.csv")})
    drafts = browser.get(answered.location).location
    lines = csv_text(
        ("单据号", "行号", "经销商", "产品编码", "日期", "金额", "备注"),
        ("=A1", "1", "=1+1", "@S", "+1", "-2", "=1"),
    )
    sent = {"file": (io.BytesIO(lines.encode()), "=1+1.csv")}
    bought = browser.post("/purchases/import", data=sent).location
    owing = csv_text(
        ("经销商", "期初应收", "发货", "退货", "回款", "已到期", "其他说明"),
        ("=1+1", "@1", "+1", "-2", "=1", "0", "=1"),
    )
    sent = {"file": (io.BytesIO(owing.encode()), "=1+1.csv")}
    accounts = browser.post("/funds/accounts/import", data=sent).location
    listed = _paid(session, boss)
    agreement = session.scalars(sa.select(Agreement).limit(1)).one()
    taken = voucher_file(session, boss, agreement, "=1+1", LIVE[0])
    session.commit()
    others = _named_alive(session, make, boss)
    addresses = {
        "payments.export": "/funds/payments/export",
        "payments.export_paid": "/funds/payments/paid/export",
        "payments.export_invoices": "/funds/payments/invoices/export",
        "payments.export_list": f"/funds/payments/lists/{listed}/export",
        "payments.export_vouchers": f"/funds/payments/vouchers/{taken}/export?program=kingdee",
        "funds.export": "/funds/export",
        "quarters.export": f"/funds/quarters/{Calendar().of(today())}/export",
        "quarters.export_register": "/funds/quarters/2025Q4/statements/export",
        "quarters.finance": address(app, "quarters.finance", others),
        "accounts.import_template": "/funds/accounts/import/template",
        "accounts.import_refused": f"{accounts}/refused",
        "quarters.export_accounts": f"/funds/quarters/{Calendar().of(today())}/accounts/export",
        "purchases.export": "/purchases/export",
        "purchases.import_template": "/purchases/import/template",
        "purchases.import_refused": f"{bought}/refused",
        "scans.remind_excel": address(app, "scans.remind_excel", others),
        "distributors.export": "/distributors/export",
        "agreements.export": "/agreements/export",
        "products.export": "/products/export",
        "admin.export_users": "/admin/users/export",
        "admin.export_trail": "/admin/audit/export",
        "batches.export": batch.location.replace("/changes", "/export"),
        "batches.drafts_export": "/agreements/batches/drafts/export",
        "violations.export": "/violations/export",
        "meeting_reports.export_attendance": address(app, "meeting_reports.export_attendance", others),
        "meeting_reports.export_year": "/meetings/year/export",
        "meeting_places.room_workbook": address(app, "meeting_places.room_workbook", others),
        "meetings.reply_sheet": address(app, "meetings.reply_sheet", others),
        "papers.export": "/papers/export",
        "papers.export_out": "/papers/out/export",
        "papers.export_parcels": "/papers/parcels/export",
        "distributors.import_template": "/distributors/import/template",
        "distributors.import_refused": f"{refused.location}/refused",
        "batches.drafts_refused": f"{drafts}/refused.xlsx",
    }
    assert set(addresses) == EXPORTS
    for place in addresses.values():
        answer = browser.get(place)
        assert rows_of(answer), place
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            sheets = b"".join(book.read(name) for name in book.namelist())
            assert not [
                name
                for name in book.namelist()
                if "external" in name.lower() or ("rels" in name and b"evil" in book.read(name))
            ]
        assert b"<f>" not in sheets and b"<f " not in sheets
        assert b"<hyperlink" not in sheets and b"ddeLink" not in sheets, place
    told = {str(cell) for row in rows_of(browser.get("/distributors/export")) for cell in row}
    assert LIVE[0] in told and "-2+3" in told  # the text itself is whole
    back = rows_of(browser.get(addresses["distributors.import_refused"]))
    assert {"=A1", "=1+1", "@SUM(1)", "-2+3"} <= {str(cell) for row in back for cell in row}


def test_nothing_else_hands_out_a_workbook(
    app: Flask, boss: User, session: Session, make: Factory, sign_in: SignIn
) -> None:
    """Whatever it is called: every page is opened, and what answers with a table is an export and safe as one.

    A CSV has no way to say that a cell is text; an export that comes later must not be one by accident.
    """
    for role in (Role.COUNSEL, Role.REGIONAL_MANAGER, Role.INVESTIGATOR, Role.AUDITOR):
        session.add(Grant(user_id=boss.id, role=role, region_id=boss.grants[0].region_id))
    session.commit()
    rows = rows_of_region(session, make, make.region("示例东区"), by=boss)
    browser, found = sign_in(boss), set()
    for page in pages(app):
        answer = browser.get(address(app, page, rows))
        assert "csv" not in answer.mimetype, page
        if answer.mimetype.endswith(SHEET):
            found.add(page)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"].startswith("attachment")
    assert found | OF_REFUSED == EXPORTS
