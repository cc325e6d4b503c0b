"""The search box finds what stands on papers of the fund, and only for who may see it."""

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.payments.models import ClawbackSettlement, Mark, Payout, PayoutMark
from portal.domain.price_protection.payments.vouchers.models import Voucher, VoucherFile
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from portal.domain.price_protection.violations.models import Case
from tests.web.access_rows import rows_of_region


@pytest.fixture
def found(session, make):
    """An office with one of each, and the numbers by which they are found."""
    office = make.region("示例东区")
    rows = rows_of_region(session, make, office)
    payout = session.get_one(Payout, rows["payout"])
    bought = Purchase(
        distributor_id=rows["distributor"],
        product_id=rows["product"],
        document_number="JH202607-0008",
        line_no=1,
        purchased_on=today(),
        amount_fen=1_000,
        entered_by_id=payout.made_by_id,
        unprotected=Unprotected.NO_AGREEMENT,
    )
    session.add(bought)
    session.flush()
    session.add(
        PayoutMark(
            payout_id=payout.id, what=Mark.INVOICE, value="26332000000000009999", by_id=payout.made_by_id
        )
    )
    session.get_one(Distributor, rows["distributor"]).name = "示例一号日化有限公司"
    numbers = {
        "/purchases/": "ＪＨ202607-0008",
        "/funds/quarters/statements/": session.get_one(Statement, rows["statement"]).number,
        "/violations/": session.get_one(Case, rows["case"]).number,
        "/funds/payments/": payout.number,
        "/funds/payments/settlements/": session.get_one(ClawbackSettlement, rows["settlement"]).number,
        "/funds/payments/vouchers/": session.get_one(VoucherFile, rows["voucher_file"]).number,
    }
    ids = {
        "/purchases/": bought.id,
        "/funds/quarters/statements/": rows["statement"],
        "/violations/": rows["case_code"],
        "/funds/payments/": payout.id,
        "/funds/payments/settlements/": rows["settlement"],
        "/funds/payments/vouchers/": rows["voucher_file"],
    }
    session.commit()
    return office, numbers, ids


def test_a_number_opens_its_document(found, make, sign_in):
    office, numbers, ids = found
    finance = sign_in(make.user(Role.FINANCE, office))
    for place, number in numbers.items():
        answer = finance.get("/search", query_string={"q": number})
        assert answer.status_code == 303, (place, number)
        assert answer.location.rstrip("/") == f"{place}{ids[place]}", number
    line = finance.get("/search", query_string={"q": "jh202607-0008-1"})
    assert line.location == f"/purchases/{ids['/purchases/']}"
    invoice = finance.get("/search", query_string={"q": "26332000000000009999"})
    assert invoice.location == f"/funds/payments/{ids['/funds/payments/']}"
    part = finance.get("/search/suggestions", query_string={"q": "202607-0008"}).json["hits"]
    assert [hit["url"] for hit in part] == [f"/purchases/{ids['/purchases/']}"]


def test_a_voucher_is_found_by_its_month_and_number(found, make, sign_in, session):
    office, _numbers, ids = found
    file_id = ids["/funds/payments/vouchers/"]
    session.add(Voucher(file_id=file_id, month="2026-09", no=12, booked_on=today()))
    session.commit()
    for words in ("记-2026-09-0012", "2026-09-12"):
        answer = sign_in(make.user(Role.FINANCE, office)).get("/search", query_string={"q": words})
        assert answer.location and answer.location.startswith(f"/funds/payments/vouchers/{file_id}?"), words
    seller = sign_in(make.user(Role.SALESPERSON, office)).get("/search?q=2026-09-12")
    assert seller.status_code == 200 and "/vouchers/" not in seller.text


def test_nobody_finds_what_he_may_not_see(found, make, sign_in, session):
    office, numbers, ids = found
    case = session.scalars(sa.select(Case).where(Case.code == ids["/violations/"])).one()
    case.notified_on = None
    session.commit()
    stranger = make.user(Role.REGIONAL_MANAGER, make.region("示例西区"))
    trainer, seller = make.user(Role.TRAINER, office), make.user(Role.SALESPERSON, office)
    for user, hidden in (
        (stranger, set(numbers)),
        (trainer, set(numbers)),
        # Not before the notice was served; vouchers are for who pays.
        (seller, {"/violations/", "/funds/payments/vouchers/"}),
    ):
        browser = sign_in(user)
        for place in hidden:
            answer = browser.get("/search", query_string={"q": numbers[place]})
            assert answer.status_code == 200 and f"{place}{ids[place]}" not in answer.text, (user.name, place)


def test_words_that_name_companies_ask_for_no_documents(found, make, sign_in):
    office, _numbers, _ids = found
    page = sign_in(make.user(Role.FINANCE, office)).get("/search?q=示例").text
    assert "Statements" not in page.split("<main")[1]
