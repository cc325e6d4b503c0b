"""The forms of the register."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, Field, HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from portal.blueprints.distributors.fields import FactField, TelephonesField
from portal.domain.distributors import services
from portal.domain.distributors.contacts import Erasure
from portal.domain.distributors.facts import (
    BY_NAME,
    CONTACT_BY_NAME,
    LICENCE_BY_NAME,
    OTHER_LABELS,
    Fact,
    code_of,
)
from portal.domain.distributors.models import Channel, Grade, Level, Standing, Verdict
from portal.web.fields import LineField, LinesField
from portal.web.words import WORDS

# What a form offers: the last two stand at the end of a case (D4), which this form does not decide.
STANDINGS = (Standing.PROSPECT, Standing.ACTIVE, Standing.SUSPENDED)


def _fact(name: str, **kwargs: Any) -> Field:
    return FactField(BY_NAME[name], **kwargs)


def _of_contact(name: str, **kwargs: Any) -> Field:
    return FactField(CONTACT_BY_NAME[name], **kwargs)


@dataclass(frozen=True)
class Slot:
    """Where a field stands in the form, how wide it is, and what is said below it."""

    name: str
    size: str = ""
    help: Any = ""
    # What the box does beside taking text: read at once, offer suppliers, follow the office.
    does: str = ""


@dataclass(frozen=True)
class Group:
    """Fields under one heading; `new_only` ones are asked for only when a record is made."""

    id: str
    title: Any
    slots: tuple[Slot, ...]
    new_only: frozenset[str] = frozenset()


READ = "read"
# Said beside a grade; no fact of the record itself.
GRADE_WHY = "grade_why"

GROUPS: tuple[Group, ...] = (
    Group(
        "identity",
        _l("Identity"),
        (
            Slot("name", help=_l("As on the business licence"), does=READ),
            Slot("short_name", help=_l("What the office calls it")),
            Slot("uscc", help=_l("18 characters; often misread: 8 and B, 0 and D, 2 and Z"), does=READ),
            Slot("legal_rep", help=_l("For a sole proprietor, the person who runs it"), does=READ),
            Slot("level", "f2"),
            Slot("channel", "f2"),
            Slot("standing", "f2"),
            Slot("grade"),
            Slot(GRADE_WHY, help=_l("Kept in the history of the record, beside who said so and when")),
            Slot(
                "parent",
                help=_l("Type a code or name; leave empty if we supply it directly"),
                does="suppliers",
            ),
            Slot("founded_on", does=READ),
            Slot("name_en", help=_l("For bilingual agreements")),
            Slot("code", help=_l("Left empty, the next number of the series is given"), does=READ),
        ),
    ),
    Group(
        "place",
        _l("Office and address"),
        (
            Slot("region_id", "f2", does="office"),
            Slot("owner_id", "f2", help=_l("One user is responsible for the distributor")),
            Slot("territory", "f2", help=_l("Where it may sell; a new name creates a new territory")),
            Slot("province", does=READ),
            Slot("city", does=READ),
            Slot("address", "f6", help=_l("As on the licence, or where notices should go"), does=READ),
        ),
    ),
    Group(
        "contact",
        _l("How to reach them"),
        (
            Slot(
                "phones",
                "f6",
                help=_l("Paste several at once as they are in the list; names in brackets are kept"),
                does=READ,
            ),
            Slot("contact_name", "f2", does=READ),
            Slot("contact_title", "f2"),
            Slot("contact_phone", "f2", does=READ),
            Slot("email", help=_l("Notices are sent here"), does=READ),
            Slot("contact_birthday", help=_l("With or without the year"), does=READ),
            Slot("contact_personality"),
            Slot("contact_preferences", help=_l("Only what matters for business")),
        ),
        new_only=frozenset(
            "contact_" + name for name in ("name", "title", "phone", "birthday", "personality", "preferences")
        ),
    ),
    Group(
        "business",
        _l("Business"),
        (
            Slot("staff", "f2", does=READ),
            Slot("vehicles", "f2", does=READ),
            Slot("outlets", "f2", does=READ),
            Slot("brands", "f6", help=_l("Separated by commas"), does=READ),
        ),
    ),
    Group(
        "settlement",
        _l("Settlement"),
        (
            Slot("bank_account_name", "f2", help=_l("Usually the full name"), does=READ),
            Slot("bank_name", "f2", does=READ),
            Slot("bank_account", "f2", does=READ),
            Slot("credit_days", "f2", help=_l("0 means cash on delivery"), does=READ),
            Slot("credit_limit_fen", "f2", help=_l("In yuan"), does=READ),
            Slot("deposit_fen", "f2", help=_l("In yuan"), does=READ),
            Slot("invoice_title", "f6", help=_l("Where it differs from the full name"), does=READ),
            Slot("invoice_address_phone", does=READ),
            Slot("invoice_bank", does=READ),
        ),
    ),
    Group("remarks", _l("Note"), (Slot("note", "f6"),)),
)
SLOTS: dict[str, Slot] = {slot.name: slot for group in GROUPS for slot in group.slots}


class DistributorForm(FlaskForm):
    """A record's own facts, to make one or to change one."""

    name = _fact("name", validators=[InputRequired(_l("Enter the full name, as on the business licence."))])
    short_name = _fact("short_name")
    uscc = _fact("uscc")
    legal_rep = _fact("legal_rep")
    level = SelectField(_l("Level"), choices=[(level.value, WORDS[level]) for level in Level])
    grade = SelectField(
        _l("Grade"),
        choices=[("", _l("not graded yet")), *((grade.value, WORDS[grade]) for grade in Grade)],
    )
    grade_why = LineField(_l("Why this grade"), validators=[Length(max=services.GRADE_WHY_LIMIT)])
    channel = SelectField(_l("Channel"), choices=[(channel.value, WORDS[channel]) for channel in Channel])
    standing = SelectField(_l("Standing"))
    parent = LineField(_l("Supplier"))
    founded_on = _fact("founded_on")
    name_en = _fact("name_en")
    code = FactField(Fact("code", OTHER_LABELS["code"], code_of))
    region_id = SelectField(_l("Office"), coerce=int, validate_choice=False)
    owner_id = SelectField(_l("Owner"), coerce=int, validate_choice=False)
    territory = LineField(_l("Territory"))
    province = _fact("province")
    city = _fact("city")
    address = _fact("address")
    phones = TelephonesField(_l("Telephones"))
    email = _fact("email")
    contact_name = _of_contact("name", label=_l("Main contact"))
    contact_title = _of_contact("title")
    contact_phone = _of_contact("phone", label=_l("Contact's telephone"))
    contact_birthday = _of_contact("birthday")
    contact_personality = _of_contact("personality")
    contact_preferences = _of_contact("preferences")
    staff = _fact("staff")
    vehicles = _fact("vehicles")
    outlets = _fact("outlets")
    brands = _fact("brands")
    bank_account_name = _fact("bank_account_name")
    bank_name = _fact("bank_name")
    bank_account = _fact("bank_account")
    credit_days = _fact("credit_days")
    credit_limit_fen = _fact("credit_limit_fen")
    deposit_fen = _fact("deposit_fen")
    invoice_title = _fact("invoice_title")
    invoice_address_phone = _fact("invoice_address_phone")
    invoice_bank = _fact("invoice_bank")
    note = _fact("note")

    accepted = BooleanField(_l("Similar records"))
    seen = HiddenField()
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])
    opened = HiddenField()


class ContactForm(FlaskForm):
    """A person at a distributor."""

    name = _of_contact("name", validators=[InputRequired(_l("Enter the contact's name."))])
    title = _of_contact("title")
    phone = _of_contact("phone")
    email = _of_contact("email")
    birthday = _of_contact("birthday")
    personality = _of_contact("personality")
    preferences = _of_contact("preferences")
    is_primary = BooleanField(_l("Main contact: named in agreements"))
    opened = HiddenField()


class ErasureForm(FlaskForm):
    """Why a person's data goes."""

    why = RadioField(
        _l("Reason"),
        choices=[
            (Erasure.LEFT.value, _l("The person has left the company")),
            (Erasure.ASKED.value, _l("At the person's request")),
            (Erasure.NOT_NEEDED.value, _l("The data is no longer needed")),
            (Erasure.MISTAKE.value, _l("It was entered by mistake")),
        ],
        validators=[InputRequired(_l("Choose a reason."))],
    )


class LicenceForm(FlaskForm):
    """A sector licence."""

    kind = FactField(LICENCE_BY_NAME["kind"], validators=[InputRequired(_l("Enter the type of licence."))])
    number = FactField(LICENCE_BY_NAME["number"])
    expires_on = FactField(LICENCE_BY_NAME["expires_on"])
    is_ended = BooleanField(_l("Given up or replaced: no more reminders"))


class DocumentForm(FlaskForm):
    """A file to keep with a distributor."""

    title = LineField(_l("Title"))
    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class WithdrawalForm(FlaskForm):
    """Why a document is taken off the record."""

    why = LineField(_l("Reason"), validators=[InputRequired(_l("Enter why it is being withdrawn."))])


class VerdictForm(FlaskForm):
    """What two records that look alike are."""

    verdict = RadioField(
        _l("These two records are"),
        choices=[
            (Verdict.DIFFERENT.value, _l("Two different companies")),
            (Verdict.SAME.value, _l("The same company, entered twice or as related parties")),
        ],
        validators=[InputRequired(_l("Choose one of the two."))],
    )
    why = LinesField(_l("How we know"))
