"""The page of one line: what it accrued and how, where that went, what was returned of it."""

from flask.typing import ResponseReturnValue

from portal.blueprints.purchases import bp
from portal.blueprints.purchases.listing import quantity
from portal.blueprints.purchases.loading import readable
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.price_protection.purchases import queries
from portal.domain.price_protection.purchases.closed import elsewhere
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.fund_told import account_word, is_told, part_word
from portal.web.htmx import render
from portal.web.purchase_words import WHY_UNPROTECTED
from portal.web.requests import ROW


@bp.get(f"/<{ROW}:id>")
@requires(P.PURCHASES_READ)
def detail(id: int) -> ResponseReturnValue:
    """The line with its accrual, step by step."""
    purchase = readable(id)
    me = actor()
    is_return = purchase.returns_id is not None
    return render(
        "purchases/detail.html",
        p=purchase,
        why=WHY_UNPROTECTED[purchase.unprotected] if purchase.unprotected else "",
        quantity=quantity(purchase.quantity_milli),
        elsewhere=elsewhere(db.session(), [id]).get(id) if purchase.accrual else None,
        how=queries.arithmetic(db.session, purchase),
        transfers=queries.transfers_of(db.session, purchase, is_told=is_told()),
        is_told=is_told(),
        account_word=account_word,
        part_word=part_word,
        returns=[] if is_return else queries.returns_of(db.session, purchase),
        left=0 if is_return else queries.left_to_return(db.session, purchase),
        may_return=not is_return and me.can(P.PURCHASES_WRITE, purchase.distributor.region),
        events=tell(db.session, me, db.session.scalars(audit.history(purchase)).all()),
    )
