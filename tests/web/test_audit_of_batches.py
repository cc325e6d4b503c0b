"""What the audit trail tells of changes in bulk: the terms themselves, and of a list only what differs."""

import pytest

from portal.domain.audit.models import AuditEvent
from portal.web.audit_bulk import bulk_changes
from portal.web.audit_texts import changes


@pytest.fixture
def in_english(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def test_bulk_changes_are_told_term_by_term(in_english) -> None:
    before = {"rebate_add_ppm": -5000, "base_share": 60, "expires_on": "2027-12-31"}
    after = {
        "rebate_add_ppm": 5000,
        "base_share": 60,
        "prices": [["percent", 30_000, 10, None, "suggested_retail"], ["amount", 2850, 1, 7, None]],
        "shares": {"跨区销售": 500_000},
    }
    assert bulk_changes(before, after) == (
        ("Last day", "2027-12-31", "—"),
        ("Rebate rate up or down", "−0.5%", "+0.5%"),
        (
            "Prices",
            "—",
            "All products Suggested retail price +3%, rounded to steps of 0.10, product no. 7 28.50",
        ),
        ("Share for “跨区销售” (%)", "—", "50%"),
    )
    event = AuditEvent(
        action="batch.row_changed", params={"before": {}, "after": {"base_share": 55}, "number": "X"}
    )
    assert changes(event) == (("Base share of the rebate", "—", "55"),)


def test_of_two_price_lists_only_what_differs_is_told(in_english) -> None:
    kept = ["P-1", "suggested_retail", 2850]
    prices = [[kept, ["P-2", "suggested_retail", 900]], [kept, ["P-2", "suggested_retail", 950]]]
    event = AuditEvent(action="agreement.edited", params={"changes": {"prices": prices}})
    assert changes(event) == (
        ("Prices", "P-2 Suggested retail price 9.00", "P-2 Suggested retail price 9.50"),
    )
