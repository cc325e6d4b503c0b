"""The forms of amendments and notices."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    MultipleFileField,
    RadioField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length

from portal.blueprints.agreements.forms import NEEDED, PriceRow, TermChoice, TermField, printed_line
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.values import Choice
from portal.domain.price_protection.models import Ground, Sender, Service
from portal.web.fields import AmountField, DateOnField, LineField, RateField, WholeField
from portal.web.words import word


class AmendmentForm(FlaskForm):
    """What an amendment may change, filled with what the agreement says; `build` adds the further terms."""

    version = HiddenField()
    amendment_effective_on = DateOnField(_l("Takes effect on"), validators=[InputRequired(NEEDED)])
    amendment_reason = printed_line("amendment_reason", _l("Reason of the change"))
    rebate_rate = RateField(_l("Rebate rate (%)"))
    base_share = WholeField(_l("Base share of the rebate (out of 100)"))
    award_share = RateField(_l("Award to the reporter (%)"))
    expires_on = DateOnField(_l("Last day"))
    territory_description = printed_line("territory_description", _l("Territory in words"))
    prices = FieldList(FormField(PriceRow), max_entries=200)

    # Rows propose approvals by this day.
    @property
    def effective_on(self) -> Any:
        """The field of the day from which the new prices hold."""
        return self.amendment_effective_on

    @property
    def terms(self) -> list[Any]:
        """The fields of the further terms."""
        return [field for field in self if isinstance(field, TermField | TermChoice)]

    def violation(self, code: str) -> tuple[Any, Any]:
        """The tick of a kind of violation and its share."""
        return self[f"violation-{code}"], self[f"share-{code}"]


def build(
    terms: list[Placeholder], violations: list[str], *, formdata: Any, data: dict[str, Any]
) -> AmendmentForm:
    """The form for one agreement's text, filled with what was sent or else with `data`."""
    fields: dict[str, Any] = {
        entry.name: (TermChoice if isinstance(entry.kind, Choice) else TermField)(_l(entry.label), entry)
        for entry in terms
    }
    for code in violations:
        fields[f"violation-{code}"] = BooleanField(_l("Kind of violation"))
        fields[f"share-{code}"] = RateField(_l("Share deducted"))
    made: AmendmentForm = type("AgreementsAmendmentForm", (AmendmentForm,), fields)(
        formdata=formdata, data=data
    )
    return made


class NoticeForm(FlaskForm):
    """A notice of termination as it is drafted."""

    version = HiddenField()
    sender = RadioField(_l("Who gives notice"), coerce=Sender)
    ground = RadioField(_l("Ground"), coerce=Ground)
    reason = TextAreaField(
        _l("Facts and reasons"), validators=[InputRequired(_l("Enter the reason.")), Length(max=500)]
    )
    notice_on = DateOnField(_l("Date of the notice"), validators=[InputRequired(NEEDED)])
    expected_on = DateOnField(_l("Expected to be served on"), validators=[InputRequired(NEEDED)])
    terminates_on = DateOnField(_l("Day of the termination"), validators=[InputRequired(NEEDED)])
    demanded_on = DateOnField(_l("Breach demanded in writing to be put right on"))
    balance_on = DateOnField(_l("Day of the provisional figures"), validators=[InputRequired(NEEDED)])
    fund_balance_fen = AmountField(_l("Fund not released yet"))
    fund_suspended_fen = AmountField(_l("Fund kept for open cases"))
    clawback_fen = AmountField(_l("Returns still to be reversed"))
    due_debt_fen = AmountField(_l("Due, undisputed debts"))
    open_cases = printed_line("open_cases", _l("Open cases"))
    handover_on = DateOnField(_l("Last day of the handover"), validators=[InputRequired(NEEDED)])
    handover_items = printed_line("handover_items", _l("What is handed over"))
    is_downstream_supplied = BooleanField(_l("Its downstream customers have a new supplier"))
    is_reconciled = BooleanField(
        _l("The sums above, the zeros too, agree with the books; payments and returns were checked")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sender.choices = [(one.value, word(one)) for one in Sender]
        self.ground.choices = [(one.value, word(one)) for one in Ground]


class ServiceForm(FlaskForm):
    """When and how a notice was served, with what proves it."""

    served_on = DateOnField(_l("Served on"), validators=[InputRequired(NEEDED)])
    how = RadioField(_l("How"), coerce=Service)
    note = LineField(_l("Courier and number, or who received it"), [Length(max=100)])
    scans = MultipleFileField(_l("Proof of service"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.how.choices = [(one.value, word(one)) for one in Service]
