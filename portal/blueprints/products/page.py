"""The page of one product."""

from flask import Response

from portal.blueprints.products.forms import ApprovalForm
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.price_protection import price_approvals, products
from portal.domain.price_protection.models import PriceKind, Product
from portal.extensions import db
from portal.web.access import actor
from portal.web.audit_words import tell
from portal.web.htmx import render


def product_page(product: Product, form: ApprovalForm) -> Response:
    """The record's page; with the approval's form as it was refused."""
    me = actor()
    valid = {
        kind
        for kind in PriceKind
        for approval in product.approvals
        if approval.kind is kind
        and price_approvals.approval_state(approval) is price_approvals.ApprovalState.VALID
    }
    return render(
        "products/detail.html",
        form=form,
        product=product,
        prices={price.kind: price.amount_fen for price in product.prices},
        kinds=list(PriceKind),
        valid=valid,
        approvals=[(approval, price_approvals.approval_state(approval)) for approval in product.approvals],
        named_by=products.agreements_naming(db.session, product),
        events=tell(db.session, me, db.session.scalars(audit.history(product)).all()),
        may_write=me.can(P.PRODUCTS_WRITE),
        may_approve=me.can(P.PRICES_APPROVE),
    )
