"""Interest for what was paid late or put back: what payments owe, the calculation, and its confirmation (4.3, 8.4)."""

from datetime import timedelta

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.payments import bp
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.interest import booking
from portal.domain.price_protection.interest.owing import Claim, Ground
from portal.domain.price_protection.interest.rates import known_until, rates
from portal.domain.price_protection.interest.reckoning import YEAR_DAYS, Span, exact
from portal.domain.price_protection.payments import queries
from portal.domain.price_protection.payments.models import Payout, PayoutKind
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


@bp.get("/late")
@requires(P.FUNDS_READ)
def late() -> ResponseReturnValue:
    """The payments that owe interest which nobody has confirmed."""
    found = booking.proposed(db.session(), actor())
    return render(
        "payments/late.html",
        rows=found,
        total_fen=sum(one.amount_fen for one in found),
        known_until=known_until(rates(db.session())),
    )


def _payout(id: int) -> Payout:
    statement = queries.payouts_visible_to(actor()).where(
        Payout.id == id, Payout.kind.in_((PayoutKind.BASE, PayoutKind.RELEASED))
    )
    return db.session.scalars(statement).unique().one_or_none() or abort(404)


@bp.get(f"/<{ROW}:id>/interest")
@requires(P.FUNDS_READ)
def late_interest(id: int) -> ResponseReturnValue:
    """The calculation of a payment's interest."""
    return _show(_payout(id), None)


@bp.post(f"/<{ROW}:id>/interest")
@requires(P.PAYMENTS_MAKE)
def confirm_interest(id: int) -> ResponseReturnValue:
    """Confirm the interest as it was seen: it is booked and payable."""
    payout, form, seen = _payout(id), FlaskForm(), as_id(request.form.get("fen", "")) or 0
    if form.validate_on_submit() and submit(
        form, lambda: booking.confirm(db.session(), actor(), payout, seen_fen=seen)
    ):
        flash(_("The interest is booked and payable."))
        return leave(url_for("payments.late_interest", id=id))
    return _show(_payout(id), form)


def _show(payout: Payout, form: FlaskForm | None) -> ResponseReturnValue:
    session = db.session()
    found = booking.of_payout(session, payout)
    return render(
        "payments/late_interest.html",
        form=form,
        p=payout,
        found=found,
        lines=[
            (claim, [(span, _part(claim, span, found)) for span in claim.spans(found.rates)])
            for claim in found.claims
        ],
        ground=Ground,
        year_days=YEAR_DAYS,
        booked=booking.booked_for(session, payout.id),
        may_confirm=actor().can(P.PAYMENTS_MAKE, payout.agreement.region),
    )


def _part(claim: Claim, span: Span, found: booking.Proposed) -> int:
    """A span's share of the interest in fen, for the eye: the sum is rounded once."""
    before = span.first_on - timedelta(days=1)
    return round(exact(claim.principal_fen, before, span.last_on, found.rates, claim.share_ppm))
