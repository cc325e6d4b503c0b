"""Parcels as a list, one parcel, and the list that the courier takes."""

from typing import Any

import sqlalchemy as sa
from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import DeliverForm, ParcelForm
from portal.blueprints.papers.loading import parcel_of
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.price_protection.trail import posting, registers
from portal.domain.price_protection.trail.models import Parcel
from portal.domain.price_protection.trail.originals import known
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import ids, page_of, sorting


def _narrowed() -> dict[str, str]:
    state = request.args.get("state", "")
    return {
        "q": request.args.get("q", "").strip()[:80],
        "state": state if state in registers.PARCEL_STATES else "",
    }


@bp.get("/parcels/")
@requires(P.AGREEMENTS_READ)
def parcels() -> ResponseReturnValue:
    """The parcels, the newest first."""
    me, narrowed = actor(), _narrowed()
    page = page_of(
        db.session,
        registers.parcel_rows(db.session, me, **narrowed),
        sorts=registers.PARCEL_SORTS,
        default="number",
        descending=True,
        tie=Parcel.id.desc(),
    )
    return render(
        "papers/parcels.html",
        fragment="papers/_parcels.html",
        page=page,
        contents=registers.contents_of(db.session, [row.id for row in page.rows]),
        states=registers.PARCEL_STATES,
        may_handle=me.can(P.PAPERS_HANDLE),
        for_courier=db.session.scalar(sa.select(sa.func.count()).select_from(_for_courier(me).subquery())),
        **narrowed,
    )


def _for_courier(me: User) -> sa.Select[Any]:
    """The ticked parcels, or those of the view; where it is not narrowed to others, what waits for a courier."""
    narrowed = _narrowed()
    if ticked := ids():
        return registers.parcel_rows(db.session, me, **narrowed).where(
            Parcel.cancelled_at.is_(None), Parcel.id.in_(ticked)
        )
    state = narrowed["state"] or "open"
    rows = registers.parcel_rows(db.session, me, q=narrowed["q"], state=state)
    return rows.where(Parcel.cancelled_at.is_(None), Parcel.is_by_hand.is_(False))


# The heads that couriers' own lists for many parcels have: Chinese, whoever takes the file out.
_COURIERS_HEADS = (
    ("客户订单号", 18),
    ("收件人", 12),
    ("收件电话", 18),
    ("收件公司", 34),
    ("收件详细地址", 44),
    ("托寄物", 14),
    ("件数", 6),
    ("备注", 40),
    ("快递公司", 12),
    ("运单号", 20),
    ("寄件日期", 12),
    ("寄件人", 12),
    ("寄件电话", 18),
    ("寄件公司", 30),
    ("寄件地址", 40),
)


@bp.get("/parcels/export")
@requires(P.PAPERS_HANDLE)
def export_parcels() -> ResponseReturnValue:
    """The ticked parcels, or what is to be sent, in the form that couriers take; their numbers come back in it."""
    me, narrowed = actor(), _narrowed()
    statement = _for_courier(me)
    order = sorting(registers.PARCEL_SORTS, default="number")
    rows = db.session.execute(order.apply(statement, registers.PARCEL_SORTS, tie=Parcel.id)).all()
    contents = registers.contents_of(db.session, [row.id for row in rows])
    sender = settings.values(db.session, me.home or regions.head_office(db.session))
    cells = [_line(row, contents.get(row.id, []), sender) for row in rows]
    record_export(me, "parcels", count=len(rows), wanted=narrowed)
    columns = [
        Column(head, "whole" if head == "件数" else "date" if head == "寄件日期" else "text", width)
        for head, width in _COURIERS_HEADS
    ]
    return workbook("寄件清单", columns, cells, f"寄件清单 {today()}.xlsx")


def _line(row: Any, inside: list[tuple[str, int]], sender: dict[str, Any]) -> list[Any]:
    return [
        row.number,
        row.recipient,
        row.phone,
        row.distributor_name,
        row.address,
        "合同文件",
        1,
        "；".join(f"{number}×{copies}" for number, copies in inside),
        row.courier,
        row.tracking,
        row.sent_on,
        sender.get("manufacturer_contact"),
        sender.get("manufacturer_phone"),
        sender.get("manufacturer_name"),
        sender.get("manufacturer_address"),
    ]


@bp.get(f"/parcels/<{ROW}:id>/")
@requires(P.AGREEMENTS_READ)
def parcel(id: int) -> ResponseReturnValue:
    """One parcel: what is in it, where it goes, and where it is."""
    found = parcel_of(id)
    return _page(found, ParcelForm(formdata=None, obj=found))


@bp.post(f"/parcels/<{ROW}:id>/change")
@requires(P.PAPERS_HANDLE)
def change_parcel(id: int) -> ResponseReturnValue:
    """Say otherwise where a parcel goes, or by which courier and number."""
    found, form = parcel_of(id, P.PAPERS_HANDLE), ParcelForm()
    if form.validate():

        def work() -> bool:
            said = posting.Address(
                form.recipient.data or "",
                form.phone.data or "",
                form.address.data or "",
                form.courier.data or "",
                form.tracking.data or "",
                bool(form.is_by_hand.data),
            )
            posting.change(db.session, actor(), found, said)
            return True

        if submit(form, work):
            return _back(found, _("%(number)s is changed.", number=found.number))
    return _page(found, form)


def _page(found: Parcel, form: ParcelForm) -> ResponseReturnValue:
    me = actor()
    originals = known(db.session, [row.trail for row in found.rows])
    return render(
        "papers/parcel.html",
        form=form,
        parcel=found,
        rows=list(zip(found.rows, originals, strict=True)),
        to_serve=[row for row in originals if not row.comes_back and not row.is_concluded],
        may_handle=me.can(P.PAPERS_HANDLE, found.region),
        couriers=(*posting.COURIERS, posting.IN_PERSON),
        day=today(),
        events=tell(db.session, me, db.session.scalars(audit.history(found)).all()),
    )


@bp.post(f"/parcels/<{ROW}:id>/deliver")
@requires(P.PAPERS_HANDLE)
def deliver(id: int) -> ResponseReturnValue:
    """Record that a parcel arrived."""
    found = parcel_of(id, P.PAPERS_HANDLE)
    form = DeliverForm()
    day = form.delivered_on.data if form.validate() and form.delivered_on.data else today()
    submit(None, lambda: posting.deliver(db.session, actor(), found, day) or True)
    return _back(found, _("%(number)s was delivered.", number=found.number))


@bp.post(f"/parcels/<{ROW}:id>/cancel")
@requires(P.PAPERS_HANDLE)
def cancel(id: int) -> ResponseReturnValue:
    """Unpack a parcel, take an undelivered one back, or write a lost one off."""
    found, reason = parcel_of(id, P.PAPERS_HANDLE), request.form.get("reason", "")
    is_lost = request.form.get("lost") == "1"
    submit(None, lambda: posting.cancel(db.session, actor(), found, reason, is_lost=is_lost) or True)
    return _back(found, _("%(number)s is cancelled.", number=found.number))


def _back(found: Parcel, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for("papers.parcel", id=found.id))
