"""Awards as finance sees them: a code and a sum; whom one is for, only its payer opens."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import PayForm
from portal.blueprints.violations.loading import case_of, done, unkept
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import awards as domain
from portal.domain.price_protection.violations import ending
from portal.domain.price_protection.violations.models import Award
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE
from portal.web.vault import vault


@bp.get("/awards/")
@requires(P.PAYMENTS_MAKE)
def awards() -> ResponseReturnValue:
    """What is to be paid, by code."""
    session = db.session()
    found = session.scalars(domain.payable(actor())).all()
    sums = domain.amounts(session, found)
    return render(
        "violations/awards.html",
        rows=[(one, sums[one.id], domain.pay_by(one)) for one in found],
        me=actor(),
    )


@bp.post(f"/<{CASE_CODE}:code>/payer")
@requires(P.CASES_INVESTIGATE)
def name_payer(code: str) -> ResponseReturnValue:
    """Name who pays the award of a case."""
    case = case_of(code, P.CASES_INVESTIGATE)
    award, payer_id = ending.award_of(db.session(), case), request.form.get("payer", type=int)
    payer = next((one for one in domain.payers(db.session(), case) if one.id == payer_id), None)
    if award is None or payer is None:
        case.moved_on()
    return done(
        case, lambda: domain.name_payer(db.session(), actor(), award, payer), _("The payer is named.")
    )


@bp.post("/awards/<award_code>/open")
@requires(P.PAYMENTS_MAKE)
def open_award(award_code: str) -> ResponseReturnValue:
    """Show the named payer whom to pay; the look is on record."""
    award = _mine(award_code)
    payee = submit(None, lambda: domain.see_payee(db.session(), vault(), actor(), award))
    return unkept(_shown(award, PayForm(formdata=None, data={"paid_on": today()}), payee))


@bp.post("/awards/<award_code>/pay")
@requires(P.PAYMENTS_MAKE)
def pay_award(award_code: str) -> ResponseReturnValue:
    """Record that the award was paid."""
    award, form = _mine(award_code), PayForm()
    if form.validate() and submit(
        form, lambda: domain.pay(db.session(), actor(), award, paid_on=form.paid_on.data)
    ):
        flash(_("%(code)s is paid.", code=award.code))
        return leave(url_for("violations.awards"))
    return unkept(_shown(award, form, None))


def _shown(award: Award, form: PayForm, payee: domain.Payee | None):
    return render(
        "violations/award.html",
        form=form,
        award=award,
        payee=payee,
        amount_fen=domain.amount(db.session(), award),
    )


def _mine(award_code: str) -> Award:
    """An award to pay in the user's offices; 404 for any other."""
    return db.session.scalar(domain.payable(actor()).where(Award.code == award_code)) or abort(404)
