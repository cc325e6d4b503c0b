"""What of the accounts is told to whom: whether a deduction was awarded says something of the report (P5, 6.2)."""

from flask_babel import gettext as _

from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import AccountKind
from portal.domain.price_protection.funds.behind import TAKEN
from portal.web.access import actor
from portal.web.words import word


def is_told() -> bool:
    """Finance, who pays, and auditors see awards apart; to all others a deduction is a deduction."""
    return actor().can(P.PAYMENTS_MAKE) or actor().can(P.AUDIT_READ)


def account_word(kind: AccountKind) -> str:
    """What this user reads for an account."""
    return _("Taken by decisions") if kind in TAKEN and not is_told() else word(kind)
