"""What distributors owe back for returned goods: the list, until when, and booking what came back (9.1)."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import new_key, said_key
from portal.blueprints.payments.forms import CollectForm, ServedForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import collecting, queries, settling
from portal.domain.price_protection.payments.collecting import Received
from portal.domain.price_protection.payments.models import ClawbackSettlement
from portal.domain.price_protection.payments.queries import OwedBack
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import number


@bp.get("/owed")
@requires(P.FUNDS_READ)
def owed() -> ResponseReturnValue:
    """Who owes how much back, due when; and what came back last."""
    me = actor()
    found = queries.owed_back(db.session, me, region_id=number("region"))
    return render(
        "payments/owed.html",
        rows=found,
        total_fen=sum(one.amount_fen for one in found),
        region_id=number("region"),
        offices=agreements.regions_of(db.session, me),
        repayments=db.session.execute(queries.repayment_rows(me).limit(20)).all(),
        may_pay=me.can(P.PAYMENTS_MAKE),
    )


def _agreement(id: int) -> Agreement:
    statement = queries.agreements_visible_to(actor(), P.PAYMENTS_MAKE).where(Agreement.id == id)
    return db.session.scalar(statement) or abort(404)


@bp.route(f"/owed/<{ROW}:id>", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def collect(id: int) -> ResponseReturnValue:
    """Book what the distributor gave back, or that it received the statement of what it owes."""
    agreement = _agreement(id)
    says_served = request.form.get("do") == "served"
    paying = CollectForm(
        None if says_served else request.form or None, data={"key": new_key(), "received_on": today()}
    )
    settlements = db.session.scalars(
        settling.settlements_visible_to(actor()).where(ClawbackSettlement.agreement_id == id).limit(5)
    ).all()
    number = settlements[0].number if settlements else ""
    served = ServedForm(request.form if says_served else None, data={"served_on": today(), "number": number})
    form = served if says_served else paying
    if request.method == "POST" and form.validate():
        if says_served:
            done = submit(
                served,
                lambda: collecting.serve(
                    db.session, actor(), agreement, served.served_on.data, served.number.data or ""
                ),
            )
        else:
            said = Received(
                paying.amount.data,
                paying.means.data,
                paying.received_on.data,
                paying.reference.data or "",
                paying.note.data or "",
            )
            done = submit(
                paying, lambda: collecting.collect(db.session, actor(), agreement, said, key=said_key())
            )
        if done is not None:
            flash(
                _("The statement is noted; the days run.") if says_served else _("The repayment is booked.")
            )
            return leave(url_for("payments.owed"))
    return render(
        "payments/collect.html",
        form=form,
        paying=paying,
        served=served,
        agreement=agreement,
        settlements=settlements,
        owed=_owed(id),
        repayments=db.session.execute(queries.repayment_rows(actor(), id).limit(20)).all(),
    )


def _owed(id: int) -> OwedBack | None:
    found = queries.owed_back(db.session, actor(), P.PAYMENTS_MAKE)
    return next((one for one in found if one.agreement_id == id), None)
