"""The page of one payment: what it paid to whom, its numbers that come later, and taking it back."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.forms import MarkForm
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.money import daxie
from portal.domain.price_protection.interest import booking
from portal.domain.price_protection.payments import correcting, marking, queries
from portal.domain.price_protection.payments.models import Mark, Payout, Repayment
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


def _payout(id: int) -> Payout:
    statement = queries.payouts_visible_to(actor()).where(Payout.id == id)
    return db.session.scalars(statement).unique().one_or_none() or abort(404)


def _repayment(id: int) -> Repayment:
    statement = queries.repayments_visible_to(actor()).where(Repayment.id == id)
    return db.session.scalars(statement).unique().one_or_none() or abort(404)


@bp.get(f"/<{ROW}:id>")
@requires(P.FUNDS_READ)
def detail(id: int) -> ResponseReturnValue:
    """A payment with its sums, its numbers, and what happened to it."""
    return _page(_payout(id), MarkForm(formdata=None))


def _page(payout: Payout, form: MarkForm) -> ResponseReturnValue:
    me = actor()
    return render(
        "payments/detail.html",
        form=form,
        p=payout,
        words=daxie(payout.paid_fen),
        late_fen=interest.amount_fen if (interest := booking.booked_for(db.session(), payout.id)) else None,
        may_pay=me.can(P.PAYMENTS_MAKE, payout.agreement.region),
        events=tell(db.session, me, db.session.scalars(audit.history(payout)).all()),
    )


@bp.post(f"/<{ROW}:id>/note")
@requires(P.PAYMENTS_MAKE)
def note(id: int) -> ResponseReturnValue:
    """Note the red-letter invoice or the bank's number, or mend a typing error in it."""
    payout, form = _payable(id), MarkForm()
    what = form.mark or Mark.INVOICE
    if form.validate():
        done = submit(
            form,
            lambda: marking.mark(
                db.session,
                actor(),
                payout,
                what,
                form.value.data or "",
                instead_of=form.instead_of.data or "",
            ),
        )
        if done is not None:
            flash(
                _("The invoice number is entered.") if what is Mark.INVOICE else _("The number is entered.")
            )
            return leave(url_for("payments.detail", id=id))
    return _page(_payout(id), form)


@bp.post(f"/<{ROW}:id>/correct")
@requires(P.PAYMENTS_MAKE)
def correct(id: int) -> ResponseReturnValue:
    """Take the payment back by its mirror; the sum is payable again."""
    payout = _payable(id)
    submit(None, lambda: correcting.correct(db.session, actor(), payout, request.form.get("reason", "")))
    flash(_("%(number)s is taken back; the sum is payable again.", number=payout.number))
    return leave(url_for("payments.detail", id=id))


def _payable(id: int) -> Payout:
    payout = _payout(id)
    if not actor().can(P.PAYMENTS_MAKE, payout.agreement.region):
        abort(403)
    return payout


@bp.get(f"/repayments/<{ROW}:id>")
@requires(P.FUNDS_READ)
def repayment(id: int) -> ResponseReturnValue:
    """What a distributor gave back."""
    found, me = _repayment(id), actor()
    return render(
        "payments/repayment.html",
        p=found,
        words=daxie(found.amount_fen),
        may_pay=me.can(P.PAYMENTS_MAKE, found.agreement.region),
        events=tell(db.session, me, db.session.scalars(audit.history(found)).all()),
    )


@bp.post(f"/repayments/<{ROW}:id>/correct")
@requires(P.PAYMENTS_MAKE)
def correct_repayment(id: int) -> ResponseReturnValue:
    """Take a repayment back: the distributor owes it again."""
    found = _repayment(id)
    if not actor().can(P.PAYMENTS_MAKE, found.agreement.region):
        abort(403)
    submit(None, lambda: correcting.correct(db.session, actor(), found, request.form.get("reason", "")))
    flash(_("%(number)s is taken back; the distributor owes it again.", number=found.number))
    return leave(url_for("payments.repayment", id=id))
