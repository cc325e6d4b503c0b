"""The pages of products and of price approvals."""

from datetime import timedelta

import pytest

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.price_protection import price_approvals
from portal.domain.price_protection.models import PriceApproval, PriceKind, Product, ProductPrice
from tests.web.sheets import rows_of

SHAMPOO = {
    "code": "XH-200",
    "name": "示例洗发露200毫升",
    "unit": "瓶",
    "price_suggested_retail": "28.5",
}


@pytest.fixture
def product(session):
    made = Product(code="XH-200", name="示例洗发露200毫升", unit="瓶")
    made.prices = [
        ProductPrice(kind=PriceKind.SUGGESTED_RETAIL, amount_fen=2850),
        ProductPrice(kind=PriceKind.MINIMUM_RESALE, amount_fen=1900),
    ]
    session.add(made)
    session.commit()
    return made


@pytest.fixture
def admin(make, sign_in):
    return sign_in(make.user(Role.ADMINISTRATOR, username="boss"))


@pytest.fixture
def counsel(make, sign_in):
    return sign_in(make.user(Role.COUNSEL, username="counsel", name="示例法务"))


@pytest.mark.parametrize("typed", ["28.5", "２８．５", "¥28.50", " 28.50元 "])
def test_a_price_is_read_as_people_type_it(session, admin, typed):
    saved = admin.post("/products/new", data=SHAMPOO | {"price_suggested_retail": typed})
    assert saved.status_code == 303
    session.rollback()
    made = session.query(Product).one()
    assert saved.location == f"/products/{made.id}"
    assert [(price.kind, price.amount_fen) for price in made.prices] == [(PriceKind.SUGGESTED_RETAIL, 2850)]
    assert "28.50" in admin.get(saved.location).text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"price_suggested_retail": "0"}, "The price must be greater than 0."),
        ({"price_suggested_retail": "28.505"}, "at most two decimals"),
        ({"name": "示例\U0001f9f4"}, "cannot be printed"),
        ({"code": ""}, "Enter a code for the product."),
    ],
)
def test_a_refused_form_keeps_every_entry(session, admin, changes, says):
    refused = admin.post("/products/new", data=SHAMPOO | changes)
    assert refused.status_code == 422
    assert says in refused.text
    for name, value in (SHAMPOO | changes).items():
        assert value == "" or f'value="{value}"' in refused.text, name
    session.rollback()
    assert session.query(Product).count() == 0


def test_the_second_of_two_people_sees_both_versions_and_loses_nothing(session, admin, product):
    form = SHAMPOO | {"version": str(product.version), "price_minimum_resale": "19"}
    admin.post(f"/products/{product.id}/edit", data=form | {"name": "示例洗发露（新）200毫升"})
    told = admin.post(f"/products/{product.id}/edit", data=form | {"name": "示例洗发露升级200毫升"})
    assert told.status_code == 422
    assert "Somebody else saved this product" in told.text
    assert "示例洗发露（新）200毫升" in told.text
    assert 'value="示例洗发露升级200毫升"' in told.text
    session.expire_all()
    assert f'value="{product.version}"' in told.text
    again = form | {"name": "示例洗发露升级200毫升", "version": str(product.version)}
    assert admin.post(f"/products/{product.id}/edit", data=again).status_code == 303
    session.rollback()
    assert session.get(Product, product.id, populate_existing=True).name == "示例洗发露升级200毫升"


def test_discontinued_products_leave_the_list_but_not_the_record(session, admin, product):
    assert admin.post(f"/products/{product.id}/discontinue", data={"reason": " "}).status_code == 409
    assert admin.post(f"/products/{product.id}/discontinue", data={"reason": "换代"}).status_code == 303
    assert "XH-200" not in admin.get("/products/").text
    assert "XH-200" in admin.get("/products/?state=discontinued").text
    assert "换代" in admin.get(f"/products/{product.id}").text
    admin.post(f"/products/{product.id}/resume")
    assert "XH-200" in admin.get("/products/").text


def test_the_export_is_what_the_list_shows_with_sums_as_numbers(session, admin, product):
    session.add(Product(code="=1+1", name="示例香皂", unit="块"))
    session.commit()
    rows = rows_of(admin.get("/products/export?q=示例&sort=code&dir=desc"))
    assert [row[0] for row in rows[1:]] == ["XH-200", "=1+1"]
    assert rows[1][4] == 28.5


def entered(**changes):
    given = {
        "number": "法核2026-018",
        "kind": "minimum_resale",
        "valid_from": today().strftime("%Y年%m月%d日"),
        "valid_until": str(today() + timedelta(days=30)),
    }
    return given | changes


def test_counsel_enters_an_approval_and_the_price_is_binding_from_then_on(session, counsel, product):
    page = f"/products/{product.id}"
    assert "not offered: no valid approval" in counsel.get(page).text
    saved = counsel.post(f"{page}/approvals", data=entered())
    assert (saved.status_code, saved.location) == (303, f"{page}#approvals")
    shown = counsel.get(page).text
    assert "法核2026-018" in shown and "binding, approved" in shown
    session.rollback()
    approval = session.query(PriceApproval).one()
    revoke = f"{page}/approvals/{approval.id}/revoke"
    assert counsel.post(revoke, data={"reason": ""}).status_code == 409
    assert counsel.post(revoke, data={"reason": "市场份额上升"}).status_code == 303
    shown = counsel.get(page).text
    assert "市场份额上升" in shown and "not offered: no valid approval" in shown


def test_a_refused_approval_shows_why_beside_its_field(session, counsel, product):
    refused = counsel.post(f"/products/{product.id}/approvals", data=entered(valid_until="2020-01-01"))
    assert refused.status_code == 422
    assert "ends before it begins" in refused.text
    assert 'value="2020-01-01"' in refused.text


def test_nobody_but_counsel_enters_approvals(session, make, sign_in, admin, product):
    local = sign_in(make.user(Role.COUNSEL, make.region()))
    for browser in (admin, local, sign_in(make.user(Role.EXECUTIVE))):
        assert browser.post(f"/products/{product.id}/approvals", data=entered()).status_code == 403
        assert "Enter an approval" not in browser.get(f"/products/{product.id}").text
    session.rollback()
    assert session.query(PriceApproval).count() == 0


def test_an_approval_is_revoked_through_its_own_product_only(session, counsel, product):
    other = Product(code="B", name="示例皂", unit="块")
    session.add(other)
    session.commit()
    counsel.post(f"/products/{product.id}/approvals", data=entered())
    session.rollback()
    approval = session.query(PriceApproval).one()
    wrong = counsel.post(f"/products/{other.id}/approvals/{approval.id}/revoke", data={"reason": "x"})
    assert wrong.status_code == 404
    session.rollback()
    session.refresh(approval)
    assert price_approvals.approval_state(approval) is price_approvals.ApprovalState.VALID


def test_who_may_not_write_sees_no_deed_and_cannot_do_one(make, sign_in, product):
    browser = sign_in(make.user(Role.SALESPERSON, make.region()))
    page = browser.get(f"/products/{product.id}")
    assert page.status_code == 200 and "Discontinue" not in page.text
    assert browser.get(f"/products/{product.id}/edit").status_code == 403
    assert browser.post("/products/new", data=SHAMPOO).status_code == 403
    assert sign_in(make.user(Role.TRAINER)).get("/products/").status_code == 403
