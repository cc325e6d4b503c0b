"""Products, their proposed prices, and counsel's approvals of binding ones."""

from datetime import date, timedelta

import pytest
import time_machine

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.price_protection import price_approvals, products
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.models import PriceKind, Product
from portal.domain.price_protection.price_approvals import ApprovalState
from portal.domain.price_protection.products import ProductFacts, ProductFilter

RETAIL, RESALE = PriceKind.SUGGESTED_RETAIL, PriceKind.SUGGESTED_RESALE
FLOOR, CEILING = PriceKind.MINIMUM_RESALE, PriceKind.MAXIMUM_RETAIL


def facts(**changes) -> ProductFacts:
    given = {"code": "XH-200", "name": "示例洗发露200毫升", "unit": "瓶", "prices": {RETAIL: 2850}}
    return ProductFacts(**(given | changes))


@pytest.fixture
def boss(make):
    return make.user(Role.ADMINISTRATOR, username="boss")


@pytest.fixture
def counsel(make):
    return make.user(Role.COUNSEL, username="counsel")


def entered(session, counsel, product, **changes):
    given = {
        "number": "法核2026-018",
        "kind": FLOOR,
        "valid_from": today(),
        "valid_until": today() + timedelta(days=30),
    }
    return price_approvals.enter_approval(session, counsel, product, **(given | changes))


def test_a_product_is_proposed_with_each_of_its_prices_until_it_is_discontinued(session, boss):
    product = products.create_product(session, boss, facts(prices={RETAIL: 2850, RESALE: 2000, FLOOR: 1900}))
    products.create_product(session, boss, facts(code="AA-1", prices={RETAIL: 100}))
    rows = products.proposed_rows(session)
    assert [(row.product.code, row.kind, row.amount_fen) for row in rows] == [
        ("AA-1", RETAIL, 100),
        ("XH-200", RETAIL, 2850),
        ("XH-200", RESALE, 2000),
        ("XH-200", FLOOR, 1900),
    ]
    products.discontinue(session, boss, product, reason="换代")
    assert [row.product.code for row in products.proposed_rows(session)] == ["AA-1"]
    products.resume(session, boss, product)
    assert len(products.proposed_rows(session)) == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": " "}, "code"),
        ({"name": ""}, "name"),
        ({"unit": ""}, "unit"),
        ({"unit": "一二三四五六七八九十百"}, "unit"),
        ({"name": "示例\U0001f9f4洗发露"}, "name"),
        ({"name": "名" * 81}, "name"),
        ({"prices": {RETAIL: 0}}, "price_suggested_retail"),
        ({"prices": {RETAIL: -1}}, "price_suggested_retail"),
        ({"prices": {FLOOR: 10**16}}, "price_minimum_resale"),
    ],
)
def test_what_the_paper_cannot_carry_is_refused_beside_its_field(session, boss, changes, field):
    with pytest.raises(DomainError) as refusal:
        products.create_product(session, boss, facts(**changes))
    assert refusal.value.field == field


def test_rare_characters_of_names_are_taken(session, boss):
    product = products.create_product(session, boss, facts(name="喆堃龑𠮷牌酱油500毫升"))
    assert product.name == "喆堃龑𠮷牌酱油500毫升"


def test_a_code_is_taken_whatever_its_case(session, boss):
    products.create_product(session, boss, facts(code="xh-200"))
    with pytest.raises(DomainError, match="XH-200 is taken"):
        products.create_product(session, boss, facts(code="XH-200"))


def test_a_price_alone_makes_a_form_stale_and_leaves_its_trace(session, boss):
    product = products.create_product(session, boss, facts())
    seen = product.version
    products.edit_product(session, boss, product, facts(prices={RETAIL: 2900}), seen_version=seen)
    assert product.version == seen + 1
    with pytest.raises(Stale):
        products.edit_product(session, boss, product, facts(name="别的名字"), seen_version=seen)
    assert product.name == "示例洗发露200毫升"
    event = session.scalars(audit.history(product)).first()
    assert event.params == {"changes": {"price_suggested_retail": [2850, 2900]}}


def test_saving_a_product_unchanged_changes_nothing(session, boss):
    product = products.create_product(session, boss, facts())
    seen = product.version
    products.edit_product(session, boss, product, facts(), seen_version=seen)
    assert product.version == seen
    assert len(session.scalars(audit.history(product)).all()) == 1


def test_a_price_left_out_is_taken_back(session, boss):
    product = products.create_product(session, boss, facts(prices={RETAIL: 2850, RESALE: 2000}))
    products.edit_product(session, boss, product, facts(prices={RESALE: 2000}), seen_version=product.version)
    session.flush()
    session.refresh(product)
    assert [price.kind for price in product.prices] == [RESALE]


@pytest.mark.parametrize(
    ("typed", "found"),
    [("xh", ["XH-200"]), ("洗发", ["XH-200"]), ("shampoo", ["XH-200"]), ("示例 皂", ["ZA_1"]), ("%", [])],
)
def test_a_product_is_found_by_code_name_and_english_name(session, boss, typed, found):
    products.create_product(session, boss, facts(name_en="Example shampoo"))
    products.create_product(session, boss, facts(code="ZA_1", name="示例香皂"))
    rows = session.scalars(products.products(ProductFilter(typed)).order_by(Product.code)).all()
    assert [product.code for product in rows] == found


def test_only_counsel_of_the_head_office_enters_and_revokes_approvals(session, make, boss, counsel):
    product = products.create_product(session, boss, facts())
    local = make.user(Role.COUNSEL, make.region())
    for other in (boss, local, make.user(Role.EXECUTIVE)):
        with pytest.raises(DomainError, match="Only counsel"):
            entered(session, other, product)
    approval = entered(session, counsel, product)
    with pytest.raises(DomainError, match="Only counsel"):
        price_approvals.revoke_approval(session, boss, approval, reason="x")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": RETAIL}, "kind"),
        ({"number": ""}, "number"),
        ({"number": "核" * 41}, "number"),
        ({"number": "法核\U0001f9f4"}, "number"),
        ({"valid_from": date(2099, 1, 2), "valid_until": date(2099, 1, 1)}, "valid_until"),
        ({"valid_from": date(2020, 1, 1), "valid_until": date(2020, 12, 31)}, "valid_until"),
    ],
)
def test_an_approval_that_cannot_hold_is_refused(session, boss, counsel, changes, field):
    product = products.create_product(session, boss, facts())
    with pytest.raises(DomainError) as refusal:
        entered(session, counsel, product, **changes)
    assert refusal.value.field == field


def valid(session, product, kind, on):
    return valid_approvals(session, [product.id], on).get((product.id, kind))


def test_an_approval_holds_within_its_validity_and_until_it_is_revoked(session, boss, counsel):
    product = products.create_product(session, boss, facts(prices={FLOOR: 1900}))
    first, last = today() + timedelta(days=10), today() + timedelta(days=20)
    approval = entered(session, counsel, product, valid_from=first, valid_until=last)
    for on, state in (
        (first - timedelta(days=1), ApprovalState.UPCOMING),
        (first, ApprovalState.VALID),
        (last, ApprovalState.VALID),
        (last + timedelta(days=1), ApprovalState.EXPIRED),
    ):
        assert price_approvals.approval_state(approval, on) is state
        expected = approval if state is ApprovalState.VALID else None
        assert valid(session, product, FLOOR, on) is expected
    assert valid(session, product, CEILING, first) is None
    assert [row.approval for row in products.proposed_rows(session, first)] == [approval]
    assert [row.approval for row in products.proposed_rows(session)] == [None]
    price_approvals.revoke_approval(session, counsel, approval, reason="市场份额上升")
    assert price_approvals.approval_state(approval, first) is ApprovalState.REVOKED
    assert valid(session, product, FLOOR, first) is None
    with pytest.raises(DomainError, match="already been revoked"):
        price_approvals.revoke_approval(session, counsel, approval, reason="x")


def test_a_number_covers_a_product_and_kind_once_and_again_after_it_was_revoked(session, boss, counsel):
    product = products.create_product(session, boss, facts())
    other = products.create_product(session, boss, facts(code="B"))
    approval = entered(session, counsel, product)
    entered(session, counsel, other)
    entered(session, counsel, product, kind=CEILING)
    with pytest.raises(DomainError, match="already covers"):
        entered(session, counsel, product)
    price_approvals.revoke_approval(session, counsel, approval, reason="录入有误")
    entered(session, counsel, product)
    session.flush()


def test_an_approval_ends_at_midnight_in_china(session, boss, counsel):
    product = products.create_product(session, boss, facts(prices={FLOOR: 1900}))
    with time_machine.travel("2026-06-30T08:00:00+08:00", tick=False):
        approval = entered(session, counsel, product, valid_until=date(2026, 6, 30))
    with time_machine.travel("2026-06-30T15:59:00+00:00", tick=False):
        assert price_approvals.approval_state(approval) is ApprovalState.VALID
    with time_machine.travel("2026-06-30T16:01:00+00:00", tick=False):
        assert price_approvals.approval_state(approval) is ApprovalState.EXPIRED
