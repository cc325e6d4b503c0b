"""Awards as finance sees them: a code and a sum; whom one is for, only its payer opens."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import AwardBackForm, PayForm
from portal.blueprints.violations.loading import case_of, done, unkept
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.payments.making import How
from portal.domain.price_protection.violations import awards as domain
from portal.domain.price_protection.violations import ending
from portal.domain.price_protection.violations.models import Award
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE
from portal.web.tables import as_id
from portal.web.vault import vault


@bp.get("/awards/")
@requires(P.PAYMENTS_MAKE)
def awards() -> ResponseReturnValue:
    """What is to be paid, by code; and what who asks paid, to look at and to take back."""
    session = db.session()
    found = session.scalars(domain.payable(actor())).all()
    sums = domain.amounts(session, found)
    return render(
        "violations/awards.html",
        rows=[(one, sums[one.id], domain.pay_by(one)) for one in found],
        paid=session.scalars(domain.paid(actor())).all(),
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
    if award.paid_on is not None:
        return leave(url_for("violations.award", award_code=award_code))
    return _opened(award, PayForm(formdata=None, data=_new(award)))


def _new(award: Award) -> dict[str, object]:
    return {"paid_on": today(), "turn": domain.turn(db.session(), award), "tax": 0}


@bp.post("/awards/<award_code>/pay")
@requires(P.PAYMENTS_MAKE)
def pay_award(award_code: str) -> ResponseReturnValue:
    """Record that the award was paid; sent twice it answers as it did first."""
    award, form = _mine(award_code), PayForm()
    if form.validate():
        said = How(form.paid_on.data, reference=form.reference.data or "", tax_fen=form.tax.data or 0)
        at_turn = as_id(form.turn.data or "")
        if submit(form, lambda: domain.pay(db.session(), actor(), award, said, at_turn=at_turn)):
            flash(_("%(code)s is paid.", code=award.code))
            return leave(url_for("violations.award", award_code=award_code))
    # What was refused stays as it was typed, with whom it is for: that is one more look, and on record.
    return _opened(award, form)


@bp.get("/awards/<award_code>")
@requires(P.PAYMENTS_MAKE)
def award(award_code: str) -> ResponseReturnValue:
    """A payment as its payer made it, without whom it was for; one that stands may be taken back."""
    found = _mine(award_code)
    domain.require_payer(found, actor())
    return _shown(found, None, None)


@bp.post("/awards/<award_code>/take-back")
@requires(P.PAYMENTS_MAKE)
def take_award_back(award_code: str) -> ResponseReturnValue:
    """Take the payment back: it was recorded by mistake, or the bank returned it; it is to be paid again."""
    found, form = _mine(award_code), AwardBackForm()
    domain.require_payer(found, actor())
    at_turn = as_id(form.turn.data or "") or 0  # without a number it is of no payment
    if form.validate() and submit(
        form,
        lambda: (domain.take_back(db.session(), actor(), found, form.why.data, at_turn=at_turn), True),
    ):
        flash(_("The payment of %(code)s is taken back; it is to be paid again.", code=found.code))
        return leave(url_for("violations.awards"))
    return _shown(found, form, None)


def _opened(award: Award, form: PayForm) -> ResponseReturnValue:
    """The form with whom to pay; the look is on record."""
    payee = submit(None, lambda: domain.see_payee(db.session(), vault(), actor(), award))
    return _shown(award, form, payee)


def _shown(
    award: Award, form: PayForm | AwardBackForm | None, payee: domain.Payee | None
) -> ResponseReturnValue:
    session = db.session()
    taking_back = form if isinstance(form, AwardBackForm) else AwardBackForm(formdata=None)
    taking_back.turn.data = domain.turn(session, award)  # of the payment that the page shows
    return unkept(
        render(
            "violations/award.html",
            form=form,
            taking_back=taking_back,
            award=award,
            payee=payee,
            made=domain.payment(session, award),
            amount_fen=domain.amount(session, award),
        )
    )


def _mine(award_code: str) -> Award:
    """An award to pay in the user's offices, or that the user paid; 404 for any other."""
    session = db.session()
    for awards in (domain.payable(actor()), domain.paid(actor())):
        if (found := session.scalar(awards.where(Award.code == award_code))) is not None:
            return found
    abort(404)
