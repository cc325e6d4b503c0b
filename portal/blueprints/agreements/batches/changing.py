"""Saying what changes: in all agreements of a batch, or in one of its rows alone."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements.batches import bp, loading, words
from portal.blueprints.agreements.batches.forms import (
    ChangesForm,
    RowForm,
    changes_from,
    data_of,
    dress,
    row_form,
    spoken,
)
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection import defaults, queries, texts
from portal.domain.price_protection.batches import changes as bulk
from portal.domain.price_protection.batches import queries as rows
from portal.domain.price_protection.batches import services
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.batches.reckoning import problem_of
from portal.domain.price_protection.defaults import following_term
from portal.domain.price_protection.models import PriceKind
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id
from portal.web.template_words import name_of
from portal.web.words import word


@bp.route(f"/<{ROW}:id>/changes", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def changes(id: int) -> ResponseReturnValue:
    """What changes in all agreements; saving has every row checked again."""
    batch = loading.writable(id)
    kept, days = bulk.read(batch.changes), _days(batch)
    form = ChangesForm(data={**days.proposed, **data_of(kept), "version": batch.version})
    editions = texts.offered_editions(db.session)
    form.template.choices = [
        ("", _("each on the newest released version of its text")),
        *((f"{row.key}@{row.version}", name_of(row)) for row in editions),
    ]
    if kept.template and kept.template not in {value for value, _label in form.template.choices}:
        form.template.choices.append((kept.template, kept.template))
    do = request.form.get("do", "save") if request.method == "POST" else ""
    if do in ("add-price", "add-term"):
        (form.prices if do == "add-price" else form.terms).append_entry()
    if request.method == "GET":
        for _turn in range(2):
            form.prices.append_entry()
        form.terms.append_entry()
    besides = [rule.product_id for rule in kept.prices if rule.product_id is not None]
    dress(form, queries.product_choices(db.session, besides=besides), _terms())
    if do == "save" and form.validate():
        total = rows.total(db.session, batch)

        def work() -> Any:
            try:
                said = days.unsaid(changes_from(form))
                services.change(db.session, actor(), batch, said, version=as_id(str(form.version.data)) or 0)
            except DomainError as error:
                raise spoken(form, error) from error
            return services.ask(db.session, actor(), batch, services.CHECK, total=total)

        job = submit(form, work)
        if job is not None:
            return loading.on_with(job)
    return render(
        "batches/changes.html", form=form, batch=batch, total=rows.total(db.session, batch), days=days
    )


@dataclass(frozen=True)
class Days:
    """The period that the renewals get by themselves: the day after the old agreements end, for a year.

    Where all end on one day it stands in the form; saved as it stands it is still each one's own, so that an
    agreement that is added later goes on from its own last day.
    """

    # The first and the last of the days on which the agreements of the batch end.
    ends: tuple[date, date] | None
    period: tuple[date, date] | None

    @property
    def proposed(self) -> dict[str, date]:
        """What the form's fields hold before anybody said a day."""
        return {} if self.period is None else {"effective_on": self.period[0], "expires_on": self.period[1]}

    def unsaid(self, said: Changes) -> Changes:
        """What was said, without the days that hold anyhow."""
        if (said.effective_on, said.expires_on) == self.period:
            return replace(said, effective_on=None, expires_on=None)
        return said


def _days(batch: Batch) -> Days:
    ends = rows.last_days(db.session, batch)
    return Days(ends, following_term(ends[0]) if ends is not None and ends[0] == ends[1] else None)


def _terms() -> list[tuple[str, str]]:
    """The further terms that may be said for all: those of the offered texts that are not counsel's own."""
    names: dict[str, None] = {}
    for edition in texts.offered_editions(db.session):
        for entry in defaults.terms_of(edition.paper):
            if entry.name not in defaults.COUNSEL_ONLY and entry.name != "territory_description":
                names.setdefault(entry.name)
    shares = words.violation_kinds()
    return [
        *((f"value {name}", _(PLACEHOLDERS[name].label)) for name in names),
        *((f"violation {code}", _("Share for “%(kind)s” (%%)", kind=kind)) for code, kind in shares.items()),
    ]


@bp.get(f"/<{ROW}:id>/rows/<{ROW}:row_id>")
@requires(P.AGREEMENTS_READ)
def row(id: int, row_id: int) -> ResponseReturnValue:
    """One row: what differs from last year, what is to be done, and what it says for itself."""
    batch = loading.readable(id)
    here = loading.row_of(batch, row_id)
    return _page(batch, here, *_form(batch, here))


@bp.post(f"/<{ROW}:id>/rows/<{ROW}:row_id>/own")
@requires(P.AGREEMENTS_WRITE)
def own(id: int, row_id: int) -> ResponseReturnValue:
    """Say what this row changes for itself; it is checked at once."""
    batch = loading.writable(id)
    here = loading.row_of(batch, row_id)
    form, prices = _form(batch, here)
    if form.validate():
        said = _own(form, prices)

        def work() -> bool:
            version = as_id(str(form.version.data)) or 0
            services.except_row(db.session, actor(), batch, here, said, version=version)
            return True

        if submit(form, work):
            flash(_("Saved; the row has been checked again."))
            return leave(url_for(".row", id=id, row_id=row_id))
        batch = loading.writable(id)
        here = loading.row_of(batch, row_id)
    return _page(batch, here, form, prices)


def _page(batch: Batch, here: BatchRow, form: RowForm, prices: "Prices") -> ResponseReturnValue:
    may_write = services.may_write(actor(), batch)
    return render(
        "batches/row.html",
        form=form,
        batch=batch,
        row=here,
        differences=words.row_differences(here.facts),
        problems=[problem_of(said) for said in here.facts.get("problems", ())],
        notices=[problem_of(said) for said in here.facts.get("notices", ())],
        refusal=words.refusal_said(here.refusal),
        stage=rows.stage_of(db.session, batch, actor(), here),
        prices=prices,
        is_checked=here.checked_no == batch.changes_no,
        may_write=may_write,
        may_change=may_write and here.agreement_id is None and here.left_out_at is None,
        changes=words.changes_said(bulk.read(batch.changes)),
    )


# Field of the form → product, kind, label, last year's price and what the batch makes of it, in fen.
Prices = dict[str, tuple[int, PriceKind, str, int, int | None]]


def _form(batch: Batch, here: BatchRow) -> tuple[RowForm, Prices]:
    own = bulk.read(here.exceptions)
    said = {key: after for key, _before, after in here.facts.get("differences", ())}
    before = [(line.product_id, line.kind, line.amount_fen) for line in here.earlier.last_terms.prices]
    names = queries.product_names(db.session, [product for product, _kind, _fen in before])
    prices: Prices = {
        f"price-{product}-{kind}": (
            product,
            kind,
            _("%(product)s, %(kind)s", product=names.get(product, "—"), kind=word(kind)),
            fen,
            said.get(f"price {product} {kind}", fen),
        )
        for product, kind, fen in before
    }
    fixed = {f"price-{rule.product_id}-{rule.kind}": rule.value for rule in own.prices}
    data: dict[str, Any] = {
        "version": batch.version,
        "effective_on": own.effective_on,
        "expires_on": own.expires_on,
        "rebate_rate": own.rebate_ppm,
        "base_share": own.base_share,
        "award_share": own.award_ppm,
        **fixed,
    }
    return row_form([(name, entry[2]) for name, entry in prices.items()], data), prices


def _own(form: RowForm, prices: Prices) -> Changes:
    return Changes(
        effective_on=form.effective_on.data,
        expires_on=form.expires_on.data,
        rebate_ppm=form.rebate_rate.data,
        base_share=form.base_share.data,
        award_ppm=form.award_share.data,
        prices=tuple(
            PriceRule(How.AMOUNT, form[name].data, 1, product, kind)
            for name, (product, kind, *_rest) in prices.items()
            if form[name].data is not None
        ),
    )
