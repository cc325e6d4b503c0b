"""Counsel enters and revokes price approvals."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.products import bp
from portal.blueprints.products.forms import ApprovalForm
from portal.blueprints.products.page import product_page
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import price_approvals
from portal.domain.price_protection.models import PriceKind, Product
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, submit
from portal.web.requests import ROW


@bp.post(f"/<{ROW}:id>/approvals")
@requires(P.PRICES_APPROVE)
def add_approval(id: int) -> ResponseReturnValue:
    """Enter an approval of a binding price."""
    product = db.session.get(Product, id) or abort(404)
    form = ApprovalForm()
    if form.validate_on_submit():
        made = submit(
            form,
            lambda: price_approvals.enter_approval(
                db.session,
                actor(),
                product,
                number=form.number.data or "",
                kind=PriceKind(form.kind.data),
                valid_from=form.valid_from.data,
                valid_until=form.valid_until.data,
                territory=form.territory.data or "",
            ),
        )
        if made is not None:
            flash(_("Approval %(number)s has been entered.", number=made.number))
            return leave(url_for("products.detail", id=id, _anchor="approvals"))
    return product_page(product, form)


@bp.post(f"/<{ROW}:id>/approvals/<{ROW}:approval_id>/revoke")
@requires(P.PRICES_APPROVE)
def revoke_approval(id: int, approval_id: int) -> ResponseReturnValue:
    """Take an approval back, with the reason."""
    product = db.session.get(Product, id) or abort(404)
    approval = price_approvals.approval_of(db.session, product, approval_id) or abort(404)
    reason = request.form.get("reason", "")
    submit(None, lambda: price_approvals.revoke_approval(db.session, actor(), approval, reason=reason))
    flash(_("Approval %(number)s has been revoked.", number=approval.number))
    return leave(url_for("products.detail", id=id, _anchor="approvals"))
