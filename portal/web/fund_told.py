"""What of the accounts is told to whom: whether a deduction was awarded says something of the report (P5, 6.2)."""

import re

import sqlalchemy as sa
from flask import g
from flask_babel import gettext as _

from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds.behind import TAKEN
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.price_protection.violations import codes
from portal.domain.price_protection.violations.models import Case
from portal.extensions import db
from portal.web.access import actor
from portal.web.words import word

_CASE = re.compile(r"C[0-9]{1,15}")


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
    return _case(part)[0] if _CASE.fullmatch(part) else part


def part_key(part: str) -> str:
    """What an address calls a part of an account: a case by its code."""
    return _case(part)[1] if _CASE.fullmatch(part) else part


def part_of(said: str) -> str:
    """The part of an account that an address names; empty for what names none, a case's row among them."""
    if not re.fullmatch(codes.PATTERN, said):
        return "" if _CASE.fullmatch(said) else said
    id_ = db.session.scalar(sa.select(Case.id).where(Case.code == said))
    return case_part(id_) if id_ is not None else ""


def _case(part: str) -> tuple[str, str]:
    known: dict[str, tuple[str, str]] = g.setdefault("names_of_cases", {})
    if part not in known:
        row = db.session.execute(sa.select(Case.number, Case.code).where(Case.id == int(part[1:]))).first()
        known[part] = (row.number or _("a case"), row.code) if row else (_("a case"), "")
    return known[part]
