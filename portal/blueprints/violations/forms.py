"""The forms of violation cases."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import HiddenField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations.awards import Why
from portal.domain.price_protection.violations.models import HearingKind, TakingBackGround
from portal.domain.price_protection.violations.reporters import DECLARED, Source
from portal.web.fields import AmountField, DateOnField, LineField, RateField, WholeField
from portal.web.words import WORDS

_DAY = [InputRequired(_l("Enter the day."))]
_NEEDED = [InputRequired(_l("Fill in this field."))]


class Ticks(SelectMultipleField):
    """Several choices, each with a box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ReportForm(FlaskForm):
    """What is reported, and by whom; who says so is sealed when it is saved."""

    accused = LineField(_l("Number of the agreement, or code or name of the distributor"), _NEEDED)
    act_on = DateOnField(_l("Day of the act"), _DAY)
    place = LineField(_l("Place of the act"), _NEEDED)
    kinds = Ticks(_l("Kind of violation"))
    product = LineField(_l("Product code, only for a report about an approved price"))
    story = TextAreaField(_l("What was seen"), _NEEDED)
    files = MultipleFileField(_l("Evidence"))
    source = SelectField(
        _l("Who reports"),
        choices=[
            SelectChoice(one.value, WORDS[one])
            for one in (Source.OUTSIDE, Source.DISTRIBUTOR, Source.EMPLOYEE)
        ],
    )
    reporter_distributor = LineField(_l("Code or name of the reporting distributor"))
    name = LineField(_l("Name of the reporter"))
    phone = LineField(_l("Phone of the reporter"))
    account = LineField(_l("Account for an award"))
    uscc = LineField(_l("Credit code, if the reporter has a company"))


class PeopleForm(FlaskForm):
    """Who investigates."""

    people = Ticks(_l("Investigators"), coerce=int)


class OpenForm(FlaskForm):
    """Who answers for the case."""

    contact = LineField(_l("Contact for the case"), _NEEDED)
    phone = LineField(_l("Telephone"), _NEEDED)


class EvidenceForm(FlaskForm):
    """Further evidence."""

    files = MultipleFileField(_l("Evidence"))


class DescribeForm(FlaskForm):
    """A piece of evidence in redacted words."""

    name = LineField(_l("Kind of evidence"), _NEEDED)
    summary = TextAreaField(_l("What it shows"), _NEEDED)
    proves = LineField(_l("What it proves"), _NEEDED)


class NoticeForm(FlaskForm):
    """What the notice says."""

    act_time = LineField(_l("Time, to the day or the third of a month"), _NEEDED)
    act_place = LineField(_l("Place, to the county or market"), _NEEDED)
    act_facts = TextAreaField(_l("Facts"), _NEEDED)
    evidence = Ticks(_l("Evidence that the accused may inspect"), coerce=int)


class HearingForm(FlaskForm):
    """What the accused did in its defence."""

    kind = SelectField(
        _l("What the accused did"), choices=[SelectChoice(one.value, WORDS[one]) for one in HearingKind]
    )
    on = DateOnField(_l("On"), _DAY)
    points = TextAreaField(_l("What was said, point by point"))


class ExtendForm(FlaskForm):
    """By how many days the decision is put off."""

    days = WholeField(_l("Days"), _NEEDED)
    reason = LineField(_l("Reason"), _NEEDED)


class WithdrawalForm(FlaskForm):
    """Why a case is withdrawn."""

    ground = SelectField(_l("Ground"), choices=[])


class DecisionForm(FlaskForm):
    """The decision; proven or not."""

    outcome = SelectField(
        _l("Outcome"),
        choices=[
            SelectChoice("proven", _l("The violation is proven")),
            SelectChoice("not", _l("It is not proven")),
        ],
    )
    found_facts = TextAreaField(_l("Facts found"), _NEEDED)
    findings = Ticks(_l("Evidence that the decision rests on"), coerce=int)
    reasons = TextAreaField(_l("Reasons, and answers to every point of the defence"), _NEEDED)
    defence_points = TextAreaField(_l("Points of the defence"))
    share = RateField(_l("Share of the fund that is deducted"))
    mitigation = LineField(_l("Why the share is lower than annex 2"))


class AppealForm(FlaskForm):
    """An appeal that came."""

    received_on = DateOnField(_l("Received on"), _DAY)
    points = TextAreaField(_l("What it asks for and why"), _NEEDED)


class AnswerForm(FlaskForm):
    """The answer to an appeal."""

    findings = TextAreaField(_l("Facts found on review"), _NEEDED)
    reasons = TextAreaField(_l("Answers to every point of the appeal"), _NEEDED)
    kept = AmountField(_l("What is kept of the deduction, in yuan"), _NEEDED)
    members = Ticks(_l("Who hears the appeal with you"), coerce=int)


class TakeBackForm(FlaskForm):
    """Why a decision is taken back, and the paper that says so."""

    ground = SelectField(
        _l("Ground"), choices=[SelectChoice(one.value, WORDS[one]) for one in TakingBackGround]
    )
    said = LineField(_l("Which judgment, or which opinion of counsel?"), _NEEDED)
    file = FileField(_l("The judgment or the opinion"))


class SendForm(FlaskForm):
    """By which courier a paper went."""

    courier_company = LineField(_l("Courier"), _NEEDED)
    courier_number = LineField(_l("Courier's number"), _NEEDED)


class ServeForm(FlaskForm):
    """When and how a paper arrived."""

    served_on = DateOnField(_l("Signed for or refused on"), _DAY)
    how = SelectField(_l("How"), choices=[SelectChoice(one.value, WORDS[one]) for one in Service])


class SourceForm(FlaskForm):
    """What was learnt of the reporter later."""

    name = LineField(_l("Name of the reporter"))
    phone = LineField(_l("Phone of the reporter"))
    account = LineField(_l("Account for an award"))


class ExclusionForm(FlaskForm):
    """Why the reporter may receive no award."""

    ground = SelectField(
        _l("Ground"),
        choices=[
            SelectChoice("", _l("None, an award may be paid")),
            *(SelectChoice(one.value, WORDS[one]) for one in DECLARED),
        ],
    )
    reason = LineField(_l("Reason"))


class PayerForm(FlaskForm):
    """Who pays an award."""

    payer = SelectField(_l("Payer"), coerce=int)


class PayForm(FlaskForm):
    """When an award was paid, under which number, and what was withheld of it."""

    # Which payment of the award it is: sent twice, it is recorded once.
    turn = HiddenField()
    paid_on = DateOnField(_l("Paid on"), _DAY)
    reference = LineField(
        _l("Bank or document number"),
        [InputRequired(_l("Enter the number that the bank or the document bears."))],
    )
    tax = AmountField(_l("Tax withheld (yuan)"), [Optional()])


class AwardBackForm(FlaskForm):
    """Why the payment of an award is taken back; chosen, so that nothing is told of whom it was for."""

    # Which payment of the award it is: a later one is not taken back by a form of an earlier one.
    turn = HiddenField()
    why = SelectField(
        _l("Why"),
        coerce=Why,
        choices=[
            (Why.MISTAKE.value, _l("Recorded by mistake: nothing was paid")),
            (Why.RETURNED.value, _l("The bank returned it")),
        ],
    )
