"""The forms of seals, parcels, returns and cabinets."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.domain.price_protection.trail.models import Seal
from portal.web.fields import DateOnField, LineField, WholeField
from portal.web.words import WORDS

_DAY = _l("Enter the day.")


class AskForm(FlaskForm):
    """Which seal, and what for; the copies stand in the rows."""

    seal = SelectField(_l("Seal"), choices=[SelectChoice(seal.value, WORDS[seal]) for seal in Seal])
    purpose = LineField(
        _l("Purpose"), [InputRequired(_l("Say what the papers are sealed for.")), Length(max=200)]
    )
    is_across_pages = BooleanField(_l("Also across the edges of the pages"))


class PackForm(FlaskForm):
    """By which courier, and how many copies of each come back."""

    courier = LineField(_l("Courier"), [Length(max=40)])
    expected = WholeField(_l("Copies of each that come back"))
    is_added = BooleanField(_l("Add to the parcels that are not sent yet"))


class SendForm(FlaskForm):
    """The day on which parcels were handed over."""

    sent_on = DateOnField(_l("Handed over on"), [InputRequired(_DAY)])
    courier = LineField(_l("Courier"), [Length(max=40)])


class DeliverForm(FlaskForm):
    """The day on which a parcel arrived."""

    delivered_on = DateOnField(_l("Delivered on"), [InputRequired(_DAY)])


class ParcelForm(FlaskForm):
    """To whom a parcel goes, by which courier and under which number."""

    recipient = LineField(_l("Recipient"), [Length(max=40)])
    phone = LineField(_l("Phone"), [Length(max=60)])
    address = LineField(_l("Address"), [Length(max=200)])
    courier = LineField(_l("Courier"), [Length(max=40)])
    tracking = LineField(_l("Courier's number"))
    is_by_hand = BooleanField(_l("Handed over in person, without a courier"))


class NumbersForm(FlaskForm):
    """The courier's list, and what holds for all its rows."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    courier = LineField(_l("Courier, where the list names none"), [Length(max=40)])
    sent_on = DateOnField(_l("Handed over on"))


class BackForm(FlaskForm):
    """The day on which copies came back."""

    back_on = DateOnField(_l("Came back on"), [InputRequired(_DAY)])


class CorrectionForm(FlaskForm):
    """How many copies are really back, and why it was wrong."""

    copies = WholeField(_l("Copies that are back in all"), [InputRequired(_l("Enter a number."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Enter the reason."))])


class CabinetForm(FlaskForm):
    """Where originals are kept."""

    cabinet = LineField(
        _l("Cabinet number"), [InputRequired(_l("Enter the cabinet number.")), Length(max=40)]
    )


class RemindersForm(FlaskForm):
    """After how many days originals that are out are asked after."""

    owner_days = WholeField(_l("Remind the owner after"), [InputRequired(_l("Enter a number."))])
    manager_days = WholeField(_l("Tell the managers after"), [InputRequired(_l("Enter a number."))])
