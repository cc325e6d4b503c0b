"""Forms of signing in and of the own account."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from portal.web.fields import OwnPhoneField


class SignInForm(FlaskForm):
    """Name and password."""

    username = StringField(_l("Sign-in name"), validators=[InputRequired(_l("Enter your sign-in name."))])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])


class PhoneForm(FlaskForm):
    """Where I am reached."""

    phone = OwnPhoneField(_l("Phone"))


class PasswordForm(FlaskForm):
    """A new password for oneself."""

    current = PasswordField(_l("Current password"), validators=[InputRequired(_l("Enter your password."))])
    password = PasswordField(_l("New password"), validators=[InputRequired(_l("Enter a new password."))])
    again = PasswordField(
        _l("Repeat the new password"), validators=[InputRequired(_l("Enter the new password again."))]
    )
