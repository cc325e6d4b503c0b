"""The forms of a batch: its name, what changes in all of it, what one row changes for itself."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.blueprints.agreements.forms import NEEDED
from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.money import figures
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule
from portal.domain.price_protection.models import PriceKind
from portal.web.fields import (
    AmountField,
    DateOnField,
    LineField,
    LinesField,
    RateField,
    Understood,
    WholeField,
)
from portal.web.words import word

HOWS = {
    How.PERCENT: _l("Up or down by percent"),
    How.DIFFERENCE: _l("Up or down by a sum"),
    How.AMOUNT: _l("New price"),
    How.PROPOSED: _l("The product's default price"),
    How.DROPPED: _l("No longer agreed"),
}


def signed_ppm(entry: str) -> int:
    """Read a signed rate: ``+3``, ``-2.5%``, ``－1``; refuses (DomainError) what `text.rate_ppm` refuses.

    The boxes ask for percent, so a bare 0.5 is half a percent here.
    """
    plain = text.clean(entry).replace("−", "-").replace("－", "-").replace("＋", "+").strip()
    sign = -1 if plain.startswith("-") else 1
    figures = plain.lstrip("+-").strip()
    return sign * int(text.rate_ppm(f"{figures}%" if figures[-1:].isdigit() else figures))


def signed_fen(entry: str) -> int:
    """Read a signed sum of yuan: ``+2``, ``-1.50``, ``－1``; refuses (DomainError) what `text.amount_fen` refuses."""
    plain = text.clean(entry).replace("−", "-").replace("－", "-").replace("＋", "+").strip()
    fen = int(text.amount_fen(plain.lstrip("+-").strip()))
    return -fen if plain.startswith("-") else fen


def shown_fen(fen: int) -> str:
    """A signed sum as it is typed: +2.00, -1.50."""
    return f"{'-' if fen < 0 else '+'}{figures(abs(fen))}"


def value_of(how: How, said: str) -> int:
    """What was typed for a way of changing prices: signed ppm, signed fen, fen, or 0 where nothing is said."""
    if how is How.PERCENT:
        return signed_ppm(said)
    if how is How.DIFFERENCE:
        return signed_fen(said)
    return int(text.amount_fen(said)) if how is How.AMOUNT else 0


def shown_ppm(ppm: int) -> str:
    """A signed rate as it is typed: +3, -2.5."""
    whole, part = divmod(abs(ppm), 10_000)
    return f"{'-' if ppm < 0 else '+'}{whole}.{part:04d}".rstrip("0").rstrip(".")


class PointsField(Understood):
    """Percentage points to be added, signed, in ppm."""

    read = staticmethod(signed_ppm)

    def show(self, value: int) -> str:
        """+0.5."""
        return shown_ppm(value)


class ChoiceForm(FlaskForm):
    """Agreements named by their numbers, beside those that a filter finds."""

    numbers = LinesField(_l("Agreement numbers"))


class NameForm(ChoiceForm):
    """What a batch is called, and what is chosen for it."""

    name = LineField(_l("Name of the batch"), validators=[InputRequired(NEEDED), Length(max=80)])


class RuleRow(Form):
    """A change of prices; one without a way to change is passed over."""

    product_id = SelectField(_l("Product"), coerce=lambda value: int(value) if value else None)
    kind = SelectField(_l("Kind of price"), coerce=lambda value: PriceKind(value) if value else None)
    how = SelectField(_l("Change"), coerce=lambda value: How(value) if value else None)
    value = StringField(_l("By how much"))
    step = AmountField(_l("Rounded to steps of"))


class TermRow(Form):
    """A further term that becomes the same in all agreements; one without a term is passed over."""

    term = SelectField(_l("Term"))
    value = StringField(_l("New value"), validators=[Length(max=2000)])


class ChangesForm(FlaskForm):
    """What changes in all agreements of a batch; what is left empty stays as last year."""

    version = HiddenField()
    template = SelectField(_l("Template"))
    effective_on = DateOnField(_l("First day"))
    expires_on = DateOnField(_l("Last day"))
    rebate_rate = RateField(_l("Rebate rate (%)"))
    rebate_add = PointsField(_l("Or raise the rebate rate by (points)"))
    base_share = WholeField(_l("Base share of the rebate (out of 100)"))
    award_share = RateField(_l("Award to the reporter (%)"))
    prices = FieldList(FormField(RuleRow), max_entries=200)
    terms = FieldList(FormField(TermRow), max_entries=60)


class RowForm(FlaskForm):
    """What one row says otherwise than its batch; `prices_form` adds a field for each of its prices."""

    version = HiddenField()
    effective_on = DateOnField(_l("First day"))
    expires_on = DateOnField(_l("Last day"))
    rebate_rate = RateField(_l("Rebate rate (%)"))
    base_share = WholeField(_l("Base share of the rebate (out of 100)"))
    award_share = RateField(_l("Award to the reporter (%)"))


class LeavingForm(FlaskForm):
    """Why rows are left out."""

    reason = TextAreaField(_l("Reason"), validators=[Length(max=200)])


class ListForm(FlaskForm):
    """The decision about a list or a row of it: bound to what was shown."""

    seen = HiddenField()
    reason = TextAreaField(_l("Reason for sending it back"), validators=[Length(max=500)])


def row_form(prices: list[tuple[str, str]], data: dict[str, Any], **kwargs: Any) -> RowForm:
    """The form of one row; `prices` are (field, label) of each row of its annex 1."""
    fields = {name: AmountField(label) for name, label in prices}
    made = type("PricesForm", (RowForm,), fields)
    form: RowForm = made(data=data, **kwargs)
    return form


def dress(form: ChangesForm, products: list[tuple[int, str]], terms: list[tuple[str, str]]) -> None:
    """Give every row its choices; called again when rows were added."""
    for row in form.prices:
        row.product_id.choices = [("", _("All products")), *products]
        row.kind.choices = [("", _("All kinds")), *((kind.value, word(kind)) for kind in PriceKind)]
        row.how.choices = [("", "—"), *((how.value, str(said)) for how, said in HOWS.items())]
    for row in form.terms:
        row.term.choices = [("", "—"), *terms]


def data_of(changes: Changes) -> dict[str, Any]:
    """What the form shows of the changes that are kept."""
    days = {"effective_on": changes.effective_on, "expires_on": changes.expires_on}
    return {
        "template": changes.template or "",
        # A day that nobody said is left to what is proposed.
        **(days if changes.effective_on or changes.expires_on else {}),
        "rebate_rate": changes.rebate_ppm,
        "rebate_add": changes.rebate_add_ppm,
        "base_share": changes.base_share,
        "award_share": changes.award_ppm,
        "prices": [
            {
                "product_id": rule.product_id,
                "kind": rule.kind,
                "how": rule.how,
                "value": _typed(rule),
                "step": rule.step_fen,
            }
            for rule in changes.prices
        ],
        "terms": [
            *({"term": f"value {name}", "value": str(value)} for name, value in changes.values.items()),
            *(
                {"term": f"violation {code}", "value": shown_ppm(share).lstrip("+")}
                for code, share in changes.shares.items()
            ),
        ],
    }


def _typed(rule: PriceRule) -> str:
    if rule.how is How.PERCENT:
        return shown_ppm(rule.value)
    if rule.how is How.DIFFERENCE:
        return shown_fen(rule.value)
    return figures(rule.value) if rule.how is How.AMOUNT else ""


def changes_from(form: ChangesForm) -> Changes:
    """What the form says; an entry that cannot be read is refused beside its row (DomainError)."""
    values: dict[str, Any] = {}
    shares: dict[str, int] = {}
    for row in form.terms:
        place, _space, name = (row.term.data or "").partition(" ")
        if not name:
            continue
        try:
            if place == "value":
                values[name] = PLACEHOLDERS[name].validate(row.value.data or "")
            else:
                shares[name] = text.rate_ppm(row.value.data or "")
        except DomainError as error:
            raise DomainError(error.msgid, field=f"{row.name}-value", **error.params) from error
    return Changes(
        template=form.template.data or None,
        effective_on=form.effective_on.data,
        expires_on=form.expires_on.data,
        rebate_ppm=form.rebate_rate.data,
        rebate_add_ppm=form.rebate_add.data or None,
        base_share=form.base_share.data,
        award_ppm=form.award_share.data,
        prices=tuple(_rule(row) for row in form.prices if row.how.data),
        values=values,
        shares=shares,
    )


def _rule(row: Any) -> PriceRule:
    how, said = row.how.data, row.value.data or ""
    try:
        value = value_of(how, said)
    except DomainError as error:
        raise DomainError(error.msgid, field=f"{row.name}-value", **error.params) from error
    step = row.step.data if how is How.PERCENT and row.step.data is not None else 1
    return PriceRule(how, value, step, row.product_id.data, row.kind.data)


def spoken(form: ChangesForm, error: DomainError) -> DomainError:
    """A refusal of the domain, which counts price rows without the empty ones, with the field of the form."""
    field = error.field or ""
    if field.startswith("prices-"):
        _prices, place, name = field.split("-", 2)
        said = [row for row in form.prices if row.how.data]
        if int(place) < len(said):
            field = f"{said[int(place)].name}-{name}"
    return DomainError(error.msgid, field=field or None, **error.params)
