"""Forms of users and offices."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.domain.access.roles import Role
from portal.web.fields import LineField, OwnPhoneField
from portal.web.words import WORDS

ROLES = [SelectChoice(role.value, WORDS[role]) for role in Role]


class NamesForm(FlaskForm):
    """Who a user is."""

    name = LineField(
        lazy_pgettext("person", "Name"),
        [InputRequired(_l("Enter the user's name as it appears on documents."))],
    )
    username = LineField(_l("Sign-in name"), [InputRequired(_l("Enter a sign-in name for the user."))])
    phone = OwnPhoneField(_l("Phone"))


class GrantForm(FlaskForm):
    """A role in an office and all below it."""

    role = SelectField(_l("Role"), choices=ROLES)
    region_id = SelectField(_l("Office and all below it"), coerce=int)


class PasswordForm(FlaskForm):
    """A first password; left empty, one is made."""

    password = PasswordField(_l("Password"))


class UserForm(NamesForm, GrantForm, PasswordForm):
    """A new user."""


class RegionForm(FlaskForm):
    """An office."""

    name = LineField(_l("Office name"), [InputRequired(_l("Enter a name for the office."))])
    signing_place = LineField(_l("Place of signing"))


class NewRegionForm(RegionForm):
    """A new office."""

    code = LineField(_l("Office code"), [InputRequired(_l("Enter a code for the office."))])
    parent_id = SelectField(_l("Parent office"), coerce=int)
