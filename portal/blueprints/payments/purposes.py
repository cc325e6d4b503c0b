"""Deductions that nobody was awarded: each waits for the purpose that clause 8.2 names, and is used for it."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import new_key, said_key
from portal.blueprints.payments.forms import UseForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import making, queries
from portal.domain.price_protection.payments.awards import award_is_payable
from portal.domain.price_protection.payments.making import How, Payee
from portal.domain.price_protection.payments.models import PayoutKind
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fund_told import part_key, part_of
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE, ROW


@bp.get("/unawarded")
@requires(P.PAYMENTS_MAKE)
def unawarded() -> ResponseReturnValue:
    """What waits, by case."""
    rows = queries.unawarded(db.session, actor())
    return render(
        "payments/unawarded.html",
        rows=[(row, award_is_payable(db.session, row.case_part)) for row in rows],
        part_key=part_key,
        total_fen=sum(row.amount_fen for row in rows),
    )


@bp.route(f"/unawarded/<{ROW}:id>/<{CASE_CODE}:code>", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def use(id: int, code: str) -> ResponseReturnValue:
    """Pay of one of them for its purpose."""
    agreement = db.session.scalar(
        queries.agreements_visible_to(actor(), P.PAYMENTS_MAKE).where(Agreement.id == id)
    ) or abort(404)
    rows, part = queries.unawarded(db.session, actor()), part_of(code)
    row = next((one for one in rows if (one.agreement_id, one.case_part) == (id, part)), None)
    form = UseForm(data={"key": new_key(), "paid_on": today()})
    if request.method == "POST" and form.validate():
        payee = Payee(form.payee.data or "", form.bank_name.data or "", form.bank_account.data or "")
        how = How(form.paid_on.data, note=form.note.data or "", reference=form.reference.data or "")
        made = submit(
            form,
            lambda: making.pay_from_case(
                db.session,
                actor(),
                agreement,
                PayoutKind.UNAWARDED,
                part,
                form.amount.data,
                how,
                key=said_key(),
                payee=payee,
            ),
        )
        if made is not None:
            flash(_("%(number)s is booked.", number=made.number))
            return leave(url_for("payments.payment_list", id=made.id))
    values = frozen_values(db.session, id)
    return render(
        "payments/use.html",
        form=form,
        row=row,
        purpose=str(values.get("unawarded_use") or ""),
        is_in_effect=award_is_payable(db.session, part),
    )
