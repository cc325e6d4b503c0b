"""The form in which an agreement is written: what is asked, and every further term of its template."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    MultipleFileField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from portal.domain.errors import DomainError
from portal.domain.money import figures
from portal.domain.papers.fill import validate
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.values import Choice, Figures, Percent, percent
from portal.domain.price_protection.models import PriceKind
from portal.domain.text import clean
from portal.web.fields import (
    AmountField,
    DateOnField,
    LineField,
    PhonesField,
    RateField,
    Understood,
    UsccField,
    WholeField,
)
from portal.web.htmx import say
from portal.web.words import word

NEEDED = _l("This field is required.")


class TermField(Understood):
    """A further term, read and checked as the registry says of its placeholder."""

    def __init__(self, label: Any, placeholder: Placeholder, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.placeholder = placeholder

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the entry; an empty one means the default."""
        if not valuelist:
            return
        self.data = None
        if valuelist[0].strip():
            try:
                self.data = self.placeholder.validate(valuelist[0])
            except DomainError as error:
                raise ValidationError(say(error)) from None

    def show(self, value: Any) -> str:
        """The value as it is typed."""
        kind = self.placeholder.kind
        if isinstance(kind, Percent):
            return percent(int(value), kind.decimals)
        return figures(int(value)) if isinstance(kind, Figures) else str(value)


def printed_line(placeholder: str, label: Any) -> LineField:
    """A line that the paper prints: its length and its letters are refused where they are typed."""

    class PrintedLine(LineField):
        @staticmethod
        def read(raw: str) -> Any:
            return validate(placeholder, clean(raw))

    return PrintedLine(label)


class PriceRow(Form):
    """A row of annex 1; one without a product is passed over."""

    product_id = SelectField(_l("Product"), coerce=lambda value: int(value) if value else None)
    kind = SelectField(_l("Kind of price"), coerce=PriceKind)
    amount = AmountField(_l("Unit price"))


class FactsForm(FlaskForm):
    """The first lines of every form: what party B lacks, asked for right here and kept in the register."""

    distributor_uscc = UsccField(_l("Unified social credit code"))
    distributor_legal_rep = printed_line("distributor_legal_rep", _l("Legal representative or proprietor"))
    distributor_address = printed_line("distributor_address", _l("Address"))
    distributor_contact = printed_line("distributor_contact", _l("Contact"))
    distributor_phone = PhonesField(_l("Telephones"))


FACTS = tuple(name for name in vars(FactsForm) if name.startswith("distributor_"))


class AgreementForm(FactsForm):
    """What is asked in sight; `build` adds the violations and further terms of a template."""

    version = HiddenField()
    template = SelectField(_l("Template"))
    effective_on = DateOnField(_l("First day"), validators=[InputRequired(NEEDED)])
    expires_on = DateOnField(_l("Last day"), validators=[InputRequired(NEEDED)])
    signing_place = printed_line("signing_place", _l("Place of signing"))
    territory_description = printed_line("territory_description", _l("Territory in words"))
    rebate_rate = RateField(_l("Rebate rate (%)"), validators=[InputRequired(NEEDED)])
    base_share = WholeField(_l("Base share of the rebate (out of 100)"), validators=[InputRequired(NEEDED)])
    award_share = RateField(_l("Award to the reporter (%)"), validators=[InputRequired(NEEDED)])
    prices = FieldList(FormField(PriceRow), max_entries=200)
    # Asked only when the credit code typed for party B is another record's too (D1: related parties).
    is_related = BooleanField(_l("The code is correct: these are related parties, and both records stay"))

    @property
    def terms(self) -> list[Any]:
        """The fields of the further terms."""
        return [field for field in self if isinstance(field, TermField | TermChoice)]

    def violation(self, code: str) -> tuple[Any, Any]:
        """The tick of a kind of violation and its share."""
        return self[f"violation-{code}"], self[f"share-{code}"]


class TermChoice(SelectField):
    """A further term that is one of counsel's phrases."""

    def __init__(self, label: Any, placeholder: Placeholder, **kwargs: Any) -> None:
        kind = placeholder.kind
        assert isinstance(kind, Choice)
        super().__init__(label, choices=[(chinese, chinese) for chinese, _english in kind.choices], **kwargs)
        self.placeholder = placeholder
        self.type = "SelectField"  # looks like one


def build(
    terms: list[Placeholder],
    violations: list[str],
    *,
    products: list[tuple[int, str]],
    templates: list[tuple[str, str]],
    formdata: MultiDict[str, str] | None,
    data: dict[str, Any],
) -> AgreementForm:
    """The form of one template, filled with what was sent or else with `data`."""
    fields: dict[str, Any] = {
        entry.name: (TermChoice if isinstance(entry.kind, Choice) else TermField)(_l(entry.label), entry)
        for entry in terms
    }
    for code in violations:
        fields[f"violation-{code}"] = BooleanField(_l("Kind of violation"))
        fields[f"share-{code}"] = RateField(_l("Share deducted"))
    made = type("TemplateForm", (AgreementForm,), fields)
    # FlaskForm's own idea of form data would read a request that is none of this form's.
    form: AgreementForm = made(formdata=formdata, data=data)
    form.template.choices = templates
    dress(form, products)
    return form


def dress(form: AgreementForm, products: list[tuple[int, str]]) -> None:
    """Give every row of annex 1 its choices; called again when rows were added."""
    for row in form.prices:
        row.product_id.choices = [("", ""), *products]
        row.kind.choices = [(kind.value, word(kind)) for kind in PriceKind]


class ReasonForm(FlaskForm):
    """A step that asks why."""

    reason = TextAreaField(_l("Reason"), validators=[InputRequired(_l("Enter the reason.")), Length(max=500)])


class DecisionForm(FlaskForm):
    """Approve what was shown, or send it back with a reason."""

    seen = HiddenField()
    reason = TextAreaField(_l("Reason for sending it back"), validators=[Length(max=500)])


class SigningForm(FlaskForm):
    """The day of the later signature, and the paper as it came back."""

    signed_on = DateOnField(_l("Signed on"), validators=[InputRequired(NEEDED)])
    scans = MultipleFileField(_l("Signed and sealed paper"))


class SigningDateForm(FlaskForm):
    """The right day of the later signature, and why it was recorded wrongly."""

    signed_on = DateOnField(_l("Signed on"), validators=[InputRequired(NEEDED)])
    reason = TextAreaField(_l("Reason"), validators=[InputRequired(_l("Enter the reason.")), Length(max=500)])


class ScanForm(FlaskForm):
    """The paper as it came back, filed after the signing was recorded."""

    scans = MultipleFileField(_l("Signed and sealed paper"))


class PrintForm(FlaskForm):
    """How many copies are printed."""

    copies = IntegerField(_l("Copies"), validators=[NumberRange(1, 99)])
