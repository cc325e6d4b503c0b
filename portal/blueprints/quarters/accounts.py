"""往来账 of a quarter: whose are entered, and entering one; the statement's second part is printed from them."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import InputRequired, Length

from portal.blueprints.quarters import bp
from portal.blueprints.quarters.listing import NAME, asked_name, asked_region, page_of_rows
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.papers.statement import ACCOUNT
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.funds.quarters import Quarter
from portal.domain.price_protection.payments.models import Means
from portal.domain.price_protection.receivables import entering, queries
from portal.domain.price_protection.receivables.entering import MOST_NOTE, MOST_REASON, Said
from portal.domain.price_protection.receivables.models import AccountFigures
from portal.domain.price_protection.receivables.queries import Listed, State
from portal.domain.settings import services as settings
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.closing_words import ACCOUNT_SUMS
from portal.web.excel import Column, record_export, workbook
from portal.web.fields import AmountField, LineField, LinesField, SignedAmountField
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import chosen
from portal.web.words import WORDS

_WANTED = _l("Enter the sum, 0 where there is none.")


class AccountForm(FlaskForm):
    """An account as finance's books have it; rebates are the ledger's and are not typed."""

    seen_no = HiddenField()
    opening = SignedAmountField(_l("Receivable at the beginning"), [InputRequired(_WANTED)])
    goods = AmountField(_l("Goods invoiced"), [InputRequired(_WANTED)])
    returns = AmountField(_l("Goods returned"), [InputRequired(_WANTED)])
    payments = AmountField(_l("Payments received"), [InputRequired(_WANTED)])
    other = SignedAmountField(_l("Other items"))
    note = LineField(_l("What the other items are"), [Length(max=MOST_NOTE)])
    closing = SignedAmountField(_l("Receivable at the end"))
    due = AmountField(_l("of which due"), [InputRequired(_WANTED)])
    reason = LinesField(_l("Why it is corrected"), [Length(max=MOST_REASON)])

    def said(self) -> Said:
        """What was typed."""
        return Said(
            opening_fen=self.opening.data,
            goods_fen=self.goods.data,
            returns_fen=self.returns.data,
            payments_fen=self.payments.data,
            other_fen=self.other.data or 0,
            due_fen=self.due.data,
            note=self.note.data or "",
            closing_fen=self.closing.data,
        )

    @property
    def no(self) -> int:
        """The number of the row that it showed; -1 for a forged one, which no row has."""
        said = str(self.seen_no.data or "")
        return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else -1


def _narrowed(rows: list[Listed]) -> list[Listed]:
    q, state = request.args.get("q", "").strip().casefold()[:80], chosen(State, "state")
    return [
        row
        for row in rows
        if (state is None or row.state is state)
        and (not q or q in row.code.casefold() or q in row.name.casefold())
    ]


@bp.get(f"/<{NAME}:name>/accounts")
@requires(P.FUNDS_READ)
def accounts(name: str) -> ResponseReturnValue:
    """Every distributor that had an agreement in the quarter, with its account or without."""
    name, me, region = asked_name(name), actor(), asked_region()
    rows = queries.listed(db.session(), name, queries.of_office(me, region.id))
    return render(
        "quarters/accounts.html",
        fragment="quarters/_accounts.html",
        name=name,
        region=region,
        page=page_of_rows(_narrowed(rows)),
        total=len(rows),
        entered=sum(row.account is not None for row in rows),
        offices=agreements.regions_of(db.session, me),
        states=[(str(one), WORDS[one]) for one in State],
        is_printed=settings.prints(db.session(), ACCOUNT),
        may_write=me.can(P.ACCOUNTS_WRITE),
    )


@bp.get(f"/<{NAME}:name>/accounts/export")
@requires(P.FUNDS_READ)
def export_accounts(name: str) -> ResponseReturnValue:
    """The accounts as they are narrowed, as an Excel file that can be filled in and imported."""
    name, me = asked_name(name), actor()
    rows = _narrowed(queries.listed(db.session(), name, queries.of_office(me, asked_region().id)))
    record_export(me, "accounts", count=len(rows), wanted={"quarter": name})
    columns = [
        Column(_("Quarter"), width=10),
        Column(_("Distributor code"), width=16),
        Column(_("Distributor"), width=34),
        Column(_("Office"), width=16),
        Column(_("Receivable at the beginning"), "money"),
        Column(_("Goods invoiced"), "money"),
        Column(_("Goods returned"), "money"),
        Column(_("Payments received"), "money"),
        Column(_("Rebates credited against goods"), "money"),
        Column(_("Other items"), "money"),
        Column(_("What the other items are"), width=30),
        Column(_("Receivable at the end"), "money"),
        Column(_("of which due"), "money"),
        Column(_("State"), width=18),
    ]
    title = _("Account reconciliation")
    return workbook(title, columns, (_cells(name, row) for row in rows), f"{title} {name}.xlsx")


def _cells(name: str, row: Listed) -> tuple[object, ...]:
    head = (name, row.code, row.name, row.office)
    if row.account is None:
        blank = (None, None, None)
        rebates = row.ledger.rebates_fen
        return (*head, row.last_fen, *blank, rebates, None, "", None, None, WORDS[row.state])
    one = row.account.entry
    return (
        *head, one.opening_fen, one.goods_fen, one.returns_fen, one.payments_fen, one.rebates_fen, one.other_fen,
        one.note, one.closing_fen, one.due_fen, WORDS[row.state],
    )  # fmt: skip


def credited_url(code: str, quarter: Quarter) -> str:
    """The payments behind the rebates of an account."""
    return url_for(
        "payments.paid",
        q=code,
        means=str(Means.CREDIT_NOTE),
        **{"from": quarter.first_on.isoformat(), "until": quarter.last_on.isoformat()},
    )


def _found(name: str, distributor_id: int) -> Listed:
    """The distributor's line; 404 outside the user's offices and without an agreement in the quarter."""
    return queries.one_of(db.session(), actor(), name, distributor_id) or abort(404)


@bp.get(f"/<{NAME}:name>/accounts/<{ROW}:id>")
@requires(P.FUNDS_READ)
def account(name: str, id: int) -> ResponseReturnValue:
    """One account: its sums, what the ledger and the quarter before say, and everything that was entered for it."""
    name = asked_name(name)
    found = _found(name, id)
    return render(
        "quarters/account.html",
        name=name,
        row=found,
        entries=queries.entries(db.session(), name, id),
        sums=ACCOUNT_SUMS,
        credited_url=credited_url(found.code, found.quarter),
        is_printed=settings.prints(db.session(), ACCOUNT),
        may_write=_may_write(id),
    )


@bp.route(f"/<{NAME}:name>/accounts/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.ACCOUNTS_WRITE)
def edit_account(name: str, id: int) -> ResponseReturnValue:
    """Enter an account, or correct one that a statement was made with; nothing that was entered is changed."""
    name = asked_name(name)
    found, distributor = _found(name, id), db.session.get_one(Distributor, id)
    if not _may_write(id):
        abort(404)
    entry = found.account.entry if found.account else None
    form = AccountForm(data=_shown(found, entry))
    if form.validate_on_submit():
        done = submit(form, lambda: (_enter(form, distributor, name),))
        if done is not None:
            flash(_("The account is kept.") if done[0] else _("Nothing was changed."))
            return leave(url_for(".account", name=name, id=id))
    return render(
        "quarters/account_form.html", form=form, name=name, row=found, entry=entry, most_note=MOST_NOTE
    )


def _enter(form: AccountForm, distributor: Distributor, name: str) -> AccountFigures | None:
    return entering.enter(
        db.session(),
        actor(),
        distributor,
        name,
        form.said(),
        reason=form.reason.data or "",
        seen_no=form.no,
    )


def _shown(found: Listed, entry: AccountFigures | None) -> dict[str, object]:
    if entry is None:
        return {"seen_no": 0, "opening": found.last_fen}
    names = ("opening", "goods", "returns", "payments", "other", "due")
    return {
        "seen_no": entry.no,
        "note": entry.note,
        **{name: getattr(entry, f"{name}_fen") for name in names},
    }


def _may_write(distributor_id: int) -> bool:
    return actor().can(P.ACCOUNTS_WRITE, db.session.get_one(Distributor, distributor_id).region)
