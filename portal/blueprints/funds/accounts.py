"""The accounts in words for finance people, what stands on them, and whether the books were whole last time."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.funds import bp
from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import LEGAL, AccountKind
from portal.domain.ledger.examinations import last_examination
from portal.domain.price_protection.funds import queries
from portal.domain.price_protection.funds.behind import TAKEN, balances_told_to_all
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fund_told import account_word, is_told
from portal.web.fund_words import MEANINGS
from portal.web.htmx import render


@bp.get("/accounts")
@requires(P.FUNDS_READ)
def accounts() -> ResponseReturnValue:
    """Every kind of account: what it holds, which transfers move it, and its sum over what the user may see."""
    found = last_examination(db.session)
    totals = _totals()
    return render(
        "funds/accounts.html",
        rows=[
            {
                "kind": kind,
                "meaning": MEANINGS[kind],
                "grows": [
                    one for one, (debits, credits) in LEGAL.items() if kind in _growing(kind, debits, credits)
                ],
                "falls": [
                    one for one, (debits, credits) in LEGAL.items() if kind in _growing(kind, credits, debits)
                ],
                "fen": totals.get(kind, 0),
            }
            for kind in AccountKind
            if kind not in (*TAKEN, AccountKind.TAX) or kind is AccountKind.UNAWARDED or is_told()
        ],
        account_word=account_word,
        found=found,
        broken=_(found.break_msgid, **found.break_params) if found and found.break_msgid else "",
    )


def _totals() -> dict[AccountKind, int]:
    """What all accounts of a kind hold together, as this user may be told of them, in fen."""
    if is_told():
        return queries.totals(db.session, actor())
    found: dict[AccountKind, int] = {}
    for (kind, _part), fen in balances_told_to_all(db.session(), queries.books_visible_to(actor())).items():
        found[kind] = found.get(kind, 0) + fen
    return found


def _growing(
    kind: AccountKind, debits: frozenset[AccountKind], credits: frozenset[AccountKind]
) -> frozenset[AccountKind]:
    return debits if kind.is_debit else credits
