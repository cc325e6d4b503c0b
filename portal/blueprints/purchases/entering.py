"""Entering a document of purchases, and returning goods of a line."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.purchases import bp
from portal.blueprints.purchases.forms import PurchaseForm, ReturnForm
from portal.blueprints.purchases.loading import writable
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError
from portal.domain.price_protection.purchases import entering, queries, reading
from portal.domain.price_protection.purchases.booking import Booked
from portal.domain.price_protection.purchases.checking import document_of, eliminated
from portal.domain.price_protection.purchases.entries import Line
from portal.domain.price_protection.purchases.models import Purchase
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import as_id, number

_FOUND = 20
# The refusals' fields, as the rows of the form call them; the others stand above the lines.
_OF_ROW = {"product": "product_id", "amount": "amount", "quantity": "quantity", "codes": "codes"} | {
    "line_no": "line_no"
}


@bp.route("/new", methods=["GET", "POST"])
@requires(P.PURCHASES_WRITE)
def new() -> ResponseReturnValue:
    """A document: first whose it is, then its lines; the same document sent twice is booked once."""
    distributor_id = number("distributor")
    if distributor_id is None:
        return _choose()
    distributor = db.session.scalar(
        queries.buyers(db.session, actor()).where(Distributor.id == distributor_id)
    )
    if distributor is None:
        abort(404)
    if distributor.standing is Standing.ELIMINATED and request.method == "GET":
        flash(say(eliminated(distributor.name)), "warning")
        return leave(url_for(".index", distributor=distributor.id))
    form = PurchaseForm()
    form.offer(queries.product_choices(db.session))
    do = request.form.get("do", "")
    if do:
        _change_lines(form, do)
    elif form.validate_on_submit():
        done = submit(form, lambda: _enter(form, distributor))
        if done is not None:
            _tell(done)
            return leave(_way_on(done, distributor))
    return render(
        "purchases/form.html", form=form if not do else None, f=form, d=distributor, today=today().isoformat()
    )


def _choose() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:80]
    return render(
        "purchases/choose.html",
        fragment="purchases/_buyers.html",
        q=words,
        found=db.session.scalars(queries.buyers(db.session, actor(), words).limit(_FOUND)).all(),
        most=_FOUND,
    )


def _change_lines(form: PurchaseForm, do: str) -> None:
    """What a line's button asked: `add-line`, or `remove-N`; Enter in a field asks for neither."""
    if do == "add-line":
        form.add_line()
    elif (place := as_id(do.removeprefix("remove-"))) is not None:
        form.remove_line(place)
    form.offer(queries.product_choices(db.session))


def _enter(form: PurchaseForm, distributor: Distributor) -> Booked:
    rows = [(place, row) for place, row in enumerate(form.lines) if not row.form.is_blank]
    try:
        lines = [_line(form, row.form, distributor, place) for place, row in rows]
        return entering.enter(db.session, actor(), distributor, lines)
    except entering.Refused as refusal:
        place = rows[refusal.row][0]
        field = _OF_ROW.get(refusal.field or "")
        raise DomainError(
            refusal.msgid, field=f"lines-{place}-{field}" if field else refusal.field, **refusal.params
        ) from None


def _line(form: PurchaseForm, row: object, distributor: Distributor, place: int) -> Line:
    said = {
        name: getattr(row, name).data for name in ("line_no", "product_id", "quantity", "amount", "codes")
    }
    for name, text in (
        ("line_no", "Enter the number of the line."),
        ("product_id", "Choose a product from the list."),
        ("amount", "Enter the amount."),
    ):
        if said[name] is None:
            raise DomainError(text, field=f"lines-{place}-{name}")
    return Line(
        document_number=document_of(form.document_number.data or ""),
        line_no=said["line_no"],
        distributor_id=distributor.id,
        product_id=said["product_id"],
        purchased_on=form.purchased_on.data,  # type: ignore[arg-type]
        amount_fen=said["amount"],
        quantity_milli=said["quantity"],
        codes=reading.codes(said["codes"] or ""),
        note=form.note.data or "",
    )


def _tell(done: Booked) -> None:
    if done.more_codes:
        count = len(done.more_codes)
        flash(
            ngettext(
                "Codes were added to %(num)s line that was entered before.",
                "Codes were added to %(num)s lines that were entered before.",
                count,
            )
        )
    if not done.created:
        if not done.more_codes:
            flash(_("This document was entered before; nothing was booked again."))
        return
    count, left = len(done.created), len(done.created) - done.accrued
    flash(ngettext("%(num)s line has been entered.", "%(num)s lines have been entered.", count))
    if left:
        flash(
            ngettext(
                "%(num)s of them is not protected by an agreement and accrued nothing: its page says why.",
                "%(num)s of them are not protected by an agreement and accrued nothing: their pages say why.",
                left,
            )
        )


def _way_on(done: Booked, distributor: Distributor) -> str:
    made = [line for line in done.lines if isinstance(line, Purchase)]
    if len(made) == 1:
        return url_for(".detail", id=made[0].id)
    return url_for(".index", distributor=distributor.id, q=made[0].document_number)


@bp.route(f"/<{ROW}:id>/return", methods=["GET", "POST"])
@requires(P.PURCHASES_WRITE)
def give_back(id: int) -> ResponseReturnValue:
    """Goods of this line come back; what it accrued for them is taken back with it (9.1)."""
    bought = writable(id)
    if bought.returns_id is not None:
        return leave(url_for(".detail", id=bought.returns_id))
    form = ReturnForm(data={"line_no": 1})
    if form.validate_on_submit():
        done = submit(form, lambda: _give_back(form, bought))
        if done is not None:
            _tell(done)
            made = done.lines[0]
            assert isinstance(made, Purchase)
            return leave(url_for(".detail", id=made.id))
    return render(
        "purchases/return.html",
        form=form,
        p=bought,
        left=queries.left_to_return(db.session, bought),
        today=today().isoformat(),
    )


def _give_back(form: ReturnForm, bought: Purchase) -> Booked:
    line = Line(
        document_number=document_of(form.document_number.data or ""),
        line_no=form.line_no.data or 0,
        distributor_id=bought.distributor_id,
        product_id=bought.product_id,
        purchased_on=form.purchased_on.data,  # type: ignore[arg-type]
        amount_fen=-(form.amount.data or 0),
        quantity_milli=form.quantity.data,
        returns=(bought.document_number, bought.line_no),
        codes=reading.codes(form.codes.data or ""),
        note=form.note.data or "",
    )
    return entering.enter(db.session, actor(), bought.distributor, [line])
