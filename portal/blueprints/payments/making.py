"""Paying in two looks: which means and day, then what goes out, with its sums in words; and the list that was made."""

from collections.abc import Sequence

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import code_of, key_of, new_key, picked, said_key
from portal.blueprints.payments.forms import PayForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.money import daxie
from portal.domain.price_protection.payments import making, queries
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.models import Means, Payout, PayoutList
from portal.domain.price_protection.payments.payable import Item
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.fund_told import part_word
from portal.web.htmx import leave, refuse, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id
from portal.web.words import word


@bp.route("/new", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def new() -> ResponseReturnValue:
    """First the means and the day, then the second look, then it is paid: what was looked at, or nothing."""
    form = PayForm(data={"paid_on": today(), "key": new_key()})
    if request.method == "POST" and form.validate():
        if request.form.get("do") == "pay":
            seen = _seen()
            made = submit(form, lambda: making.pay(db.session, actor(), seen, _how(form), key=said_key()))
            if made is not None:
                flash(
                    ngettext(
                        "%(number)s is booked: %(num)s payment.",
                        "%(number)s is booked: %(num)s payments.",
                        len(seen),
                        number=made.number,
                    )
                )
                return leave(url_for("payments.payment_list", id=made.id))
        elif request.form.get("do") == "check":
            items = picked()
            if request.form.get("leave_out") == "1":
                items = [item for item in items if not _is_hole(item, form.means.data)]
            if _may_go_out(form, items):
                return _second_look(form, items)
    items = picked()
    return render(
        "payments/new.html",
        form=form,
        items=items,
        code_of=code_of,
        totals=_totals(items, None),
        to_pay=sum(item.to_pay_fen for item in items),
        offset=sum(item.offset_fen for item in items),
        holes=[item for item in items if _is_hole(item, form.means.data)],
        may_enter=actor().can(P.DISTRIBUTORS_WRITE),
        most=making.MOST,
    )


def _is_hole(item: Item, means: Means | None) -> bool:
    """Whether money is to go to an account that the register does not name."""
    return item.lacks_account and bool(item.to_pay_fen) and (means or item.agreed) is Means.MONEY


def _how(form: PayForm) -> How:
    return How(
        paid_on=form.paid_on.data,
        means=form.means.data,
        note=form.note.data or "",
        reference=form.reference.data or "",
    )


def _may_go_out(form: PayForm, items: Sequence[Item]) -> bool:
    """Whether all of it may go out by these means, on this day; what may not is said on the form."""
    try:
        making.check(db.session, items, _how(form))
    except DomainError as error:
        refuse(form, error)
        return False
    return True


def _second_look(form: PayForm, items: Sequence[Item]) -> ResponseReturnValue:
    to_pay = sum(item.to_pay_fen for item in items)
    return render(
        "payments/check.html",
        form=form,
        items=items,
        code_of=code_of,
        means_of=lambda item: form.means.data or item.agreed,
        totals=_totals(items, form.means.data),
        offset=sum(item.offset_fen for item in items),
        to_pay=to_pay,
        words=daxie(to_pay),
    )


def _totals(items: Sequence[Item], means: Means | None) -> list[tuple[Means, int, int, str]]:
    """By means: how many sums, how much, in words."""
    found = []
    for one in Means:
        fens = [item.to_pay_fen for item in items if (means or item.agreed) is one]
        if fens:
            found.append((one, len(fens), sum(fens), daxie(sum(fens))))
    return found


def _seen() -> list[Seen]:
    """The sums as the second look showed them; one that is written otherwise names nothing and is refused."""
    found = []
    for code, sums in zip(request.form.getlist("item"), request.form.getlist("sums"), strict=False):
        key, (amount, _dot, offset) = key_of(code), sums.partition(".")
        amount_fen, offset_fen = as_id(amount), as_id(offset)
        if key is None or amount_fen is None or offset_fen is None:
            return []
        found.append(Seen(key, amount_fen, offset_fen))
    return found


@bp.get(f"/lists/<{ROW}:id>")
@requires(P.FUNDS_READ)
def payment_list(id: int) -> ResponseReturnValue:
    """What one person paid in one go, with its sums; the part of other offices is not shown."""
    found, payouts = _list(id)
    standing = [one for one in payouts if one.correction is None]
    return render(
        "payments/list.html",
        found=found,
        payouts=payouts,
        totals=[
            (means, len(mine), sum(mine), daxie(sum(mine)))
            for means in Means
            if (mine := [one.paid_fen for one in standing if one.means is means])
        ],
        by_bank=any(one.means is Means.MONEY and one.paid_fen for one in standing),
        lacking=sum(one.lacks_invoice for one in payouts),
    )


def _list(id: int) -> tuple[PayoutList, Sequence[Payout]]:
    me = actor()
    found = db.session.scalar(queries.lists_visible_to(me).where(PayoutList.id == id)) or abort(404)
    statement = queries.payouts_visible_to(me).where(Payout.list_id == id).order_by(Payout.id)
    return found, db.session.scalars(statement).unique().all()


@bp.get(f"/lists/<{ROW}:id>/export")
@requires(P.PAYMENTS_MAKE)
def export_list(id: int) -> ResponseReturnValue:
    """The bank transfers of a list as the bank takes them: whom, which account, how much, what for."""
    found, payouts = _list(id)
    rows = [
        (
            no,
            one.payee,
            one.bank_account,
            one.bank_name,
            one.paid_fen,
            f"{word(one.kind)} {part_word(one.part)}".strip(),
            one.number,
            one.agreement.distributor.code,
        )
        for no, one in enumerate(
            (one for one in payouts if one.means is Means.MONEY and one.paid_fen and one.correction is None),
            1,
        )
    ]
    name = f"{_('Bank list')} {found.number}"
    record_export(actor(), "bank_list", count=len(rows), wanted={"list": found.number})
    columns = [
        Column(_("No."), "whole", 6),
        Column(_("Account name"), width=34),
        Column(_("Account number"), width=26),
        Column(_("Bank"), width=30),
        Column(_("Amount (yuan)"), "money"),
        Column(_("What for"), width=24),
        Column(_("Payment number"), width=20),
        Column(_("Distributor code")),
    ]
    return workbook(_("Bank list"), columns, rows, f"{name}.xlsx")
