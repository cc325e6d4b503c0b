"""寄出: packing sealed originals, one parcel a company, and handing parcels to their courier."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import PackForm, SendForm
from portal.blueprints.papers.loading import apart, copies_of, picked
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.trail import packing, posting, registers
from portal.domain.price_protection.trail.models import Parcel
from portal.domain.price_protection.trail.originals import MOST_AT_ONCE
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.tables import ids


@bp.route("/pack", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def pack() -> ResponseReturnValue:
    """Pack the chosen originals; what is not sealed is listed with its reason."""
    form, found = PackForm(), picked()
    ready, others = apart(found, {row.id: row.why_not_pack() for row in found})
    if request.method == "POST" and form.validate():
        made = submit(
            form,
            lambda: packing.pack(
                db.session,
                actor(),
                copies_of(found),
                courier=form.courier.data or "",
                expected=form.expected.data,
                is_added=form.is_added.data,
            ),
        )
        if made is not None:
            flash(ngettext("%(num)s parcel is packed.", "%(num)s parcels are packed.", len(made)))
            return leave(url_for("papers.parcels", state="open"))
    still_open = packing.open_parcels(db.session, [row.id for row in ready])
    if request.method == "GET":
        form.is_added.data = bool(still_open)
    companies = {(row.agreement.distributor_id, row.agreement.region_id) for row in ready}
    return render(
        "papers/pack.html",
        form=form,
        ready=ready,
        others=[(row, say(reason)) for row, reason in others],
        copies={row.id: request.form.get(f"copies-{row.id}", row.copies_in_hand) for row in ready},
        parcel_count=len(companies),
        still_open=still_open,
        couriers=(*posting.COURIERS, posting.IN_PERSON),
    )


def _picked_parcels() -> list[Parcel]:
    """The parcels that were ticked, or with `all=1` every packed one of the address's filter."""
    reach = registers.parcels_visible_to(actor(), P.PAPERS_HANDLE)
    if request.method == "GET" and request.args.get("all") == "1":
        rows = registers.parcel_rows(
            db.session, actor(), q=request.args.get("q", "").strip()[:80], state="open"
        )
        wanted = rows.with_only_columns(Parcel.id).order_by(None).limit(MOST_AT_ONCE)
        statement = reach.where(Parcel.id.in_(db.session.scalars(wanted).all()))
    else:
        statement = reach.where(Parcel.id.in_(ids()))
    return list(db.session.scalars(statement.order_by(Parcel.number)))


@bp.route("/send", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def send() -> ResponseReturnValue:
    """Record that parcels were handed over; each needs its courier's number, typed here or given before."""
    form = SendForm(data={"sent_on": today()})
    found = _picked_parcels()
    ready = [parcel for parcel in found if parcel.is_open]
    typed = {parcel.id: request.form.get(f"tracking-{parcel.id}", parcel.tracking) for parcel in ready}
    by_hand = {parcel.id for parcel in ready if f"by-hand-{parcel.id}" in request.form}
    if request.method == "POST" and ready and form.validate():

        def work() -> bool:
            posting.send_all(
                db.session,
                actor(),
                ready,
                form.sent_on.data,
                courier=form.courier.data or "",
                tracking=typed,
                by_hand=by_hand,
            )
            return True

        if submit(form, work):
            flash(ngettext("%(num)s parcel is on its way.", "%(num)s parcels are on their way.", len(ready)))
            return leave(url_for("papers.parcels", state="sent"))
    return render(
        "papers/send.html",
        form=form,
        ready=ready,
        typed=typed,
        by_hand=by_hand,
        unnumbered=_unnumbered(form, ready, typed, by_hand),
        others=[parcel for parcel in found if not parcel.is_open],
        contents=registers.contents_of(db.session, [parcel.id for parcel in ready]),
        couriers=(*posting.COURIERS, posting.IN_PERSON),
    )


def _unnumbered(form: SendForm, ready: list[Parcel], typed: dict[int, str], by_hand: set[int]) -> set[int]:
    """After a refusal, the parcels that still lack their courier or its number as the form stands."""
    if request.method != "POST":
        return set()
    said = form.courier.data or ""
    found = set()
    for parcel in ready:
        is_blank = not parcel.courier and not typed[parcel.id].strip()
        is_handed = parcel.is_by_hand or parcel.id in by_hand or (posting.is_by_hand(said) and is_blank)
        courier = parcel.courier or ("" if posting.is_by_hand(said) else said.strip())
        if not is_handed and not (courier and typed[parcel.id].strip()):
            found.add(parcel.id)
    return found
