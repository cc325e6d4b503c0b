"""Why a purchase accrued nothing, in a word and in a sentence that says what to do."""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.domain.price_protection.purchases.models import Unprotected

PURCHASE_WORDS: tuple[tuple[StrEnum, Any], ...] = (
    (Unprotected.NO_AGREEMENT, _l("No agreement")),
    (Unprotected.NOT_SIGNED, _l("Agreement or its change not back yet")),
    (Unprotected.BEFORE_TERM, _l("Before the agreement’s first day")),
    (Unprotected.AFTER_TERM, _l("After the agreement’s last day")),
    (Unprotected.NOT_COVERED, _l("Product not in the agreement")),
    (Unprotected.RETURN, _l("Return of an unprotected purchase")),
)

# Why a line accrued nothing, and what to do about it.
WHY_UNPROTECTED: dict[Unprotected, Any] = {
    Unprotected.NO_AGREEMENT: _l(
        "It accrued nothing: the distributor has no approved agreement. Once one is signed that covers this day, it "
        "accrues by itself."
    ),
    Unprotected.NOT_SIGNED: _l(
        "It accrued nothing yet: the agreement that covers it, or an approved change or notice that concerns its day, "
        "has not come back. Record the signing or the service, or give the change up; then it accrues by itself."
    ),
    Unprotected.BEFORE_TERM: _l(
        "It accrued nothing: it was bought before the agreement’s first day. An agreement from an earlier day would "
        "cover it."
    ),
    Unprotected.AFTER_TERM: _l(
        "It accrued nothing: it was bought after the agreement’s last day. Renew the agreement; once the new one is "
        "signed and covers this day, it accrues by itself."
    ),
    Unprotected.NOT_COVERED: _l(
        "It accrued nothing: the product is not in annex 1 of the agreement. A signed amendment that takes it in from "
        "an earlier day would cover it."
    ),
    Unprotected.RETURN: _l("It took nothing back: the purchase that it returns accrued nothing."),
}
