"""What of the accounts is told to whom: whether a deduction was awarded says something of the report (P5, 6.2)."""

from collections.abc import Mapping

from flask_babel import gettext as _

from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.services import Place
from portal.web.access import actor
from portal.web.words import word

_TAKEN = (AccountKind.AWARD, AccountKind.UNAWARDED)


def _is_told() -> bool:
    """Finance, who pays, and auditors see awards apart; to all others a deduction is a deduction."""
    return actor().can(P.PAYMENTS_MAKE) or actor().can(P.AUDIT_READ)


def shown(balances: Mapping[Place, int]) -> dict[Place, int]:
    """The balances as this user sees them, by account."""
    if _is_told():
        return dict(balances)
    found: dict[Place, int] = {}
    for (kind, part), fen in balances.items():
        place = (AccountKind.UNAWARDED if kind in _TAKEN else kind, part)
        found[place] = found.get(place, 0) + fen
    return found


def account_word(kind: AccountKind) -> str:
    """What this user reads for an account."""
    if kind in _TAKEN and not _is_told():
        return _("Taken by decisions")
    return word(kind)
