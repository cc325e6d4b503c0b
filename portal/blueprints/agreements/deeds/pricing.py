"""One price change for many agreements: chosen in the list, previewed, made by a task, decided together."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.batches.forms import HOWS, shown_ppm, value_of
from portal.blueprints.agreements.forms import NEEDED, printed_line
from portal.blueprints.agreements.listing import NARROWING, asked_filter
from portal.db import today
from portal.domain import text
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.money import figures
from portal.domain.price_protection import queries
from portal.domain.price_protection.batches.changes import How, PriceRule
from portal.domain.price_protection.deeds import price_reckoning, pricing
from portal.domain.price_protection.deeds.deciding import Check
from portal.domain.price_protection.deeds.price_exceptions import Because, Otherwise, exceptions
from portal.domain.price_protection.defaults import next_month
from portal.domain.price_protection.models import Agreement, Amendment, PriceChange, PriceKind, Status
from portal.extensions import db
from portal.jobs import start
from portal.web.access import actor, requires
from portal.web.fields import AmountField, DateOnField
from portal.web.htmx import leave, refuse, render, say, submit
from portal.web.tables import as_id, ids
from portal.web.words import word

_SHOWN = 200
# So many amendments are made while somebody waits for the page.
_SMALL = 12


class PriceChangeForm(FlaskForm):
    """What changes, from when, and why; the reason is printed in every amendment."""

    effective_on = DateOnField(_l("Takes effect on"), validators=[InputRequired(NEEDED)])
    reason = printed_line("amendment_reason", _l("Reason of the change"))
    product_id = SelectField(_l("Product"), coerce=lambda value: int(value) if value else None)
    kind = SelectField(_l("Kind of price"), coerce=lambda value: PriceKind(value) if value else None)
    how = SelectField(_l("Change"), coerce=How)
    value = StringField(_l("By how much"), [Length(max=20)])
    step = AmountField(_l("Rounded to steps of"))

    def rule(self) -> PriceRule:
        """What the form says as a rule; DomainError for a value that is none."""
        how, typed = self.how.data, text.clean(self.value.data or "")
        value = value_of(how, typed) if typed else 0
        return PriceRule(how, value, self.step.data or 1, self.product_id.data, self.kind.data)

    def said(self) -> str:
        """The rule and its day in a text: prices that were typed into a preview belong to these alone."""
        return json.dumps([*pricing.as_json(self.rule()).values(), str(self.effective_on.data)])


@bp.route("/prices", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def change_prices() -> ResponseReturnValue:
    """The rule and what it does to each chosen agreement; then the task that makes their amendments."""
    chosen = _chosen()
    form = PriceChangeForm(data={"effective_on": next_month(), "how": How.PERCENT, "step": 1})
    _dress(form)
    do = request.form.get("do", "") if request.method == "POST" else ""
    rows: list[price_reckoning.Row] = []
    out = {id for id in map(as_id, request.form.getlist("out")) if id is not None}
    own: dict[int, dict[tuple[int, PriceKind], int]] = {}
    if do and form.validate():
        try:
            rows = price_reckoning.preview(
                db.session, actor(), chosen[:_SHOWN], form.rule(), form.effective_on.data
            )
            if request.form.get("ruled", form.said()) == form.said():
                own = _exceptions(rows)
            elif do == "make":
                raise DomainError(N_("The change is another now. Check the preview below, then go on."))
            if own:
                rows = price_reckoning.preview(
                    db.session, actor(), chosen[:_SHOWN], form.rule(), form.effective_on.data, own
                )
        except DomainError as error:
            refuse(form, _field_of(error))
    if do == "make" and not form.errors:
        kept = [id for id in chosen if id not in out]
        job_id = submit(form, lambda: _begun(form, kept, own, out & set(chosen)))
        if job_id is not None:
            start(job_id, here=len(kept) <= _SMALL)
            return leave(url_for("jobs.detail", job_id=job_id))
    return render(
        "agreements/pricing/change.html",
        form=form,
        chosen=chosen,
        rows=rows,
        rule_said=_rule_said(form.rule()) if rows else "",
        moved=_moved(rows, out),
        ready=sum(row.refusal is None and row.agreement.id not in out for row in rows),
        out=out,
        own=own,
        shown=_SHOWN,
        here=request.full_path.rstrip("?"),
        kind_word=word,
    )


def _exceptions(rows: list[price_reckoning.Row]) -> dict[int, dict[tuple[int, PriceKind], int]]:
    """The prices that were typed otherwise than the rule makes them; DomainError for what is no price."""
    found: dict[int, dict[tuple[int, PriceKind], int]] = {}
    for row in rows:
        for line in row.lines:
            typed = request.form.get(f"price-{row.agreement.id}-{line.product_id}-{line.kind}", "").strip()
            if not typed:
                continue
            try:
                fen = text.amount_fen(typed)
            except DomainError as error:
                said = {"number": row.agreement.number, "product": line.product, "reason": say(error)}
                raise DomainError(N_("%(number)s, %(product)s: %(reason)s"), **said) from error
            if fen != line.after:
                found.setdefault(row.agreement.id, {})[line.product_id, line.kind] = fen
    return found


def _begun(
    form: PriceChangeForm, chosen: list[int], own: dict[int, dict[tuple[int, PriceKind], int]], out: set[int]
) -> int:
    try:
        return pricing.begin(
            db.session,
            actor(),
            chosen,
            form.rule(),
            effective_on=form.effective_on.data,
            reason=form.reason.data or "",
            title=_("%(count)s agreements", count=f"{len(chosen):,}"),
            exceptions=own,
            left_out=out,
        ).id
    except DomainError as error:
        raise _field_of(error) from error


def _field_of(error: DomainError) -> DomainError:
    """A refusal beside the field of this form."""
    field = (error.field or "").removeprefix("prices-0-") or "value"
    return DomainError(error.msgid, field=field, **error.params)


def _dress(form: PriceChangeForm) -> None:
    form.product_id.choices = [("", _("All products")), *queries.product_choices(db.session)]
    form.kind.choices = [("", _("All kinds")), *((kind.value, word(kind)) for kind in PriceKind)]
    form.how.choices = [(how.value, str(said)) for how, said in HOWS.items()]


def _chosen() -> list[int]:
    """The agreements that were ticked, or all signed ones that the list showed, as far as this user writes them."""
    me = actor()
    if ticked := ids():
        statement = price_reckoning.chosen(me, ticked)
        return list(db.session.scalars(statement.with_only_columns(Agreement.id)))
    if not any(request.args.get(name) for name in (*NARROWING, "all")):
        return []
    statement = queries.agreement_rows(db.session, me, asked_filter()).where(
        Agreement.region_id.in_(visible(me, P.AGREEMENTS_WRITE)),
        Agreement.status == Status.SIGNED,
        Agreement.ends_on >= today(),
    )
    return list(db.session.scalars(statement.with_only_columns(Agreement.id).order_by(Agreement.number)))


def _moved(rows: list[price_reckoning.Row], out: set[int]) -> dict[str, int]:
    """How many prices the preview raises and lowers, and how many of them were rounded."""
    lines = [
        line for row in rows if row.refusal is None and row.agreement.id not in out for line in row.lines
    ]
    moves = [line.after - line.before for line in lines if line.after is not None]
    return {
        "up": sum(move > 0 for move in moves),
        "down": sum(move < 0 for move in moves),
        "rounded": sum(line.is_rounded for line in lines),
    }


def rule_says(change: PriceChange) -> str:
    """What changes, in words, with the prices that are excepted."""
    said = _rule_said(pricing.rule_of(change))
    if excepted := sum(map(len, pricing.exceptions_of(change).values())):
        said = _(", ").join((said, ngettext("%(num)s price excepted", "%(num)s prices excepted", excepted)))
    return said


def _rule_said(rule: PriceRule) -> str:
    """A rule in words: which prices, up or down by how much or to what, and how it is rounded."""
    parts: list[Any] = [
        queries.product_names(db.session, [rule.product_id])[rule.product_id]
        if rule.product_id
        else _("All products"),
        word(rule.kind) if rule.kind else _("All kinds"),
    ]
    if rule.how is How.PERCENT:
        share = shown_ppm(abs(rule.value)).lstrip("+")
        parts.append(
            _("up by %(share)s%%", share=share) if rule.value > 0 else _("down by %(share)s%%", share=share)
        )
        step = figures(rule.step_fen)
        parts.append(_("rounded half up to whole steps of ¥%(step)s", step=step))
    elif rule.how is How.DIFFERENCE:
        amount = figures(abs(rule.value))
        parts.append(
            _("up by ¥%(amount)s", amount=amount)
            if rule.value > 0
            else _("down by ¥%(amount)s", amount=amount)
        )
    elif rule.how is How.AMOUNT:
        parts += [HOWS[rule.how], f"¥{figures(rule.value)}"]
    else:
        parts.append(HOWS[rule.how])
    return _(", ").join(map(str, parts))


def otherwise_of(deed: Amendment) -> list[str]:
    """In what an amendment of a price change is an exception, in words."""
    found = exceptions(db.session, [deed]).get(deed.id, [])
    names = queries.product_names(db.session, [one.product_id for one in found if one.product_id])
    return [_otherwise(one, names) for one in found]


def otherwise_said(checks: Sequence[Check]) -> dict[int, list[str]]:
    """In what each of these amendments is an exception, in words, by amendment."""
    found = [one for check in checks for one in check.exceptions]
    names = queries.product_names(db.session, [one.product_id for one in found if one.product_id])
    return {check.amendment.id: [_otherwise(one, names) for one in check.exceptions] for check in checks}


def _otherwise(one: Otherwise, names: Mapping[int, str]) -> str:
    if one.because is Because.BY_HAND or one.product_id is None or one.kind is None:
        return _("changed by hand: its day, reason or further terms are not those of the price change")
    said = {"product": names.get(one.product_id, "—"), "kind": word(one.kind)}
    if one.because is Because.DROPPED:
        return _("price taken out: %(product)s, %(kind)s", **said)
    said["price"] = figures(one.said_fen or 0)
    if one.because is Because.ADDED or one.ruled_fen is None:
        return _("price added: %(product)s, %(kind)s ¥%(price)s", **said)
    said["ruled"] = figures(one.ruled_fen)
    return _("other price: %(product)s, %(kind)s ¥%(price)s instead of ¥%(ruled)s", **said)
