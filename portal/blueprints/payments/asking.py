"""What an address or a form asks of the lists of payments."""

from datetime import date
from uuid import uuid4

from flask import request

from portal.domain import text
from portal.domain.access.queries import within
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection.payments import queries
from portal.domain.price_protection.payments.models import Means, PayoutKind
from portal.domain.price_protection.payments.payable import TO_DISTRIBUTORS, Item, Key, Wanted, payable
from portal.domain.price_protection.payments.queries import PaidFilter
from portal.extensions import db
from portal.web.access import actor
from portal.web.tables import chosen, number

_ACCOUNT = {"with": True, "without": False}


def day(name: str) -> date | None:
    """A day of the address, None where there is none to be read."""
    try:
        return text.date_on(request.args.get(name, ""))
    except DomainError:
        return None


def wanted() -> Wanted:
    """What the list of payable sums is narrowed to; what the address says wrongly narrows nothing."""
    region_id = number("region")
    return Wanted(
        words=request.args.get("q", "").strip()[:80],
        region=within(region_id) if region_id is not None else None,
        kind=chosen(PayoutKind, "kind"),
        means=chosen(Means, "means"),
        agreement_id=number("agreement"),
        has_account=_ACCOUNT.get(request.args.get("account", "")),
        is_overdue=request.args.get("due") == "overdue",
    )


def paid_filter() -> PaidFilter:
    """What the list of payments is narrowed to."""
    state = request.args.get("state", "")
    return PaidFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        agreement_id=number("agreement"),
        kind=chosen(PayoutKind, "kind"),
        means=chosen(Means, "means"),
        state=state if state in queries.STATES else "",
        first_on=day("from"),
        last_on=day("until"),
    )


def code_of(item: Item) -> str:
    """How a form names a sum: its agreement, kind and part."""
    return f"{item.agreement_id}.{item.kind}.{item.part}"


def key_of(code: str) -> Key | None:
    """The sum that a form names, None where it names none."""
    agreement_id, _, rest = code.partition(".")
    kind, _, part = rest.partition(".")
    if not agreement_id.isdecimal() or len(agreement_id) > 15 or kind not in set(TO_DISTRIBUTORS):
        return None
    return int(agreement_id), PayoutKind(kind), part[:20]


def picked() -> list[Item]:
    """The sums that were ticked, or with `all=1` all that the address's filter leaves; as they stand now."""
    if request.args.get("all") == "1" and "item" not in request.values:
        return payable(db.session, actor(), wanted(), P.PAYMENTS_MAKE)
    keys = {key for code in request.values.getlist("item") if (key := key_of(code)) is not None}
    return payable(db.session, actor(), Wanted(only=keys), P.PAYMENTS_MAKE) if keys else []


def new_key() -> str:
    """What makes a form's payment once, however often it is sent."""
    return uuid4().hex


def said_key() -> str:
    """The key that the form brought; without one it is refused."""
    return request.form.get("key", "")
