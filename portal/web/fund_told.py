"""What of the accounts is told to whom: whether a deduction was awarded says something of the report (P5, 6.2)."""

import re

import sqlalchemy as sa
from flask import g
from flask_babel import gettext as _

from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds.behind import TAKEN
from portal.domain.price_protection.violations.models import Case
from portal.extensions import db
from portal.web.access import actor
from portal.web.words import word


def is_told() -> bool:
    """Finance, who pays, and auditors see awards apart; to all others a deduction is a deduction."""
    return actor().can(P.PAYMENTS_MAKE) or actor().can(P.AUDIT_READ)


def account_word(kind: AccountKind) -> str:
    """What this user reads for an account."""
    return _("Taken by decisions") if kind in TAKEN and not is_told() else word(kind)


def part_word(part: str) -> str:
    """What a part of an account is called: a quarter as it is, a case by its public number.

    The row's own number would count reports that were never opened.
    """
    found = re.fullmatch(r"C([0-9]+)", part)
    if found is None:
        return part
    known: dict[str, str] = g.setdefault("numbers_of_cases", {})
    if part not in known:
        number = db.session.scalar(sa.select(Case.number).where(Case.id == int(found[1])))
        known[part] = number or _("a case")
    return known[part]
