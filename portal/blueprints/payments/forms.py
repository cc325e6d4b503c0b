"""Forms for paying, for what is noted of payments, and for what comes back."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from portal.domain.price_protection.payments.models import Mark, Means
from portal.domain.price_protection.payments.vouchers.models import Grouping
from portal.web.fields import AmountField, DateOnField, LineField
from portal.web.words import WORDS

_DAY = _l("Enter the day.")


def _means(value: str | None) -> Means | None:
    return Means(value) if value else None


class PayForm(FlaskForm):
    """Which means, which day."""

    key = HiddenField()
    means = SelectField(
        _l("Means"),
        coerce=_means,
        choices=[("", _l("As each agreement says")), *((means.value, WORDS[means]) for means in Means)],
    )
    paid_on = DateOnField(_l("Day of payment"), [InputRequired(_DAY)])
    reference = LineField(_l("Bank or document number"), [Length(max=60)])
    note = LineField(_l("Consent or note"), [Length(max=200)])


class MarkForm(FlaskForm):
    """A number that is noted, or mended."""

    what = HiddenField()
    # The number that holds, where a typing error in it is mended.
    instead_of = HiddenField()
    value = LineField(_l("Number"), [InputRequired(_l("Enter the number.")), Length(max=60)])

    @property
    def mark(self) -> Mark | None:
        """Which of them it is."""
        return Mark(self.what.data) if self.what.data in set(Mark) else None


class SaysNothing(FlaskForm):
    """A form whose fields are the rows of a list."""


class NumbersForm(FlaskForm):
    """The list of numbers that comes back."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class CollectForm(FlaskForm):
    """Money that came back."""

    key = HiddenField()
    amount = AmountField(_l("Amount (yuan)"), [InputRequired(_l("Enter the amount."))])
    means = SelectField(
        _l("How it came back"),
        coerce=Means,
        choices=[
            (Means.MONEY.value, _l("Bank transfer")),
            (Means.CREDIT_NOTE.value, _l("Off the refund for returned goods")),
        ],
    )
    received_on = DateOnField(_l("Day received"), [InputRequired(_DAY)])
    reference = LineField(_l("Bank or document number"), [Length(max=60)])
    note = LineField(_l("Note"), [Length(max=200)])


class ServedForm(FlaskForm):
    """The distributor received the statement of what it owes."""

    served_on = DateOnField(_l("Statement received on"), [InputRequired(_DAY)])
    number = LineField(_l("Statement or courier number"), [Length(max=200)])


class SettleForm(FlaskForm):
    """The settlement of what is owed back."""

    pay_to = LineField(
        _l("Account to pay to"), [InputRequired(_l("Enter the account to pay to.")), Length(max=120)]
    )


class UseForm(FlaskForm):
    """Use of a deduction that nobody was awarded."""

    key = HiddenField()
    amount = AmountField(_l("Amount (yuan)"), [InputRequired(_l("Enter the amount."))])
    payee = LineField(_l("Payee"), [InputRequired(_l("Enter to whom it is paid.")), Length(max=100)])
    bank_name = LineField(_l("Bank"), [Length(max=60)])
    bank_account = LineField(_l("Account number"), [Length(max=40)])
    paid_on = DateOnField(_l("Day of payment"), [InputRequired(_DAY)])
    reference = LineField(_l("Bank or document number"), [Length(max=60)])
    note = LineField(_l("Used for"), [InputRequired(_l("Enter for what it is used.")), Length(max=200)])


class VoucherForm(FlaskForm):
    """Which days, what of them, and what one voucher holds."""

    class Meta:
        csrf = False

    first_on = DateOnField(_l("From day"))
    last_on = DateOnField(_l("Until day"))
    what = SelectField(
        _l("Bookings"),
        choices=[("payments", _l("Payments and repayments only")), ("all", _l("Everything that was booked"))],
    )
    grouping = SelectField(
        _l("One voucher for"),
        coerce=Grouping,
        choices=[
            (Grouping.SINGLE.value, _l("each payment or booking")),
            (Grouping.DAY.value, _l("all of a day, by customer")),
        ],
        default=Grouping.SINGLE,
    )
