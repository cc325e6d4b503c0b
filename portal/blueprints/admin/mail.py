"""The mail server, a test of it, what waits to be sent; and whether guests answer from outside."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.blueprints.admin import bp
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.mail import services as mail
from portal.domain.mail.models import MailServer, Security
from portal.domain.mail.sending import Connection, Letter, NotSent
from portal.domain.mail.services import ServerFacts
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.fields import LineField, MailField, WholeField
from portal.web.htmx import leave, refuse, render, submit
from portal.web.mail_words import MAIL_LABELS as LABELS
from portal.web.meeting_keys import portal_secret
from portal.web.words import WORDS


class ServerForm(FlaskForm):
    """A mail server; an empty password keeps the one that is there."""

    version = HiddenField()
    host = LineField(LABELS["host"], [Length(max=200)])
    port = WholeField(LABELS["port"], [InputRequired(_l("Enter a port from 1 to 65535."))], default=587)
    security = SelectField(
        LABELS["security"], choices=[SelectChoice(one.value, WORDS[one]) for one in Security]
    )
    username = LineField(LABELS["username"], [Length(max=200)])
    password = PasswordField(LABELS["password"], [Length(max=200)])
    sender = MailField(LABELS["sender"], [Length(max=200)])
    sender_name = LineField(LABELS["sender_name"], [Length(max=80)])
    outside = LineField(LABELS["outside"], [Length(max=200)])

    @classmethod
    def of(cls, row: MailServer | None) -> "ServerForm":
        """The form as the server is set up; never with its password."""
        if row is None:
            return cls(formdata=None, version="0", security=Security.STARTTLS.value)
        return cls(
            formdata=None,
            version=str(row.version),
            host=row.host,
            port=row.port,
            security=row.security.value,
            username=row.username,
            sender=row.sender,
            sender_name=row.sender_name,
            outside=row.outside,
        )

    @property
    def seen_version(self) -> int:
        """The version that the form showed; none that exists when it was tampered with."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1

    @property
    def facts(self) -> ServerFacts:
        """What was typed, as the domain takes it."""
        return ServerFacts(
            host=self.host.data or "",
            port=self.port.data or 0,
            security=Security(self.security.data),
            username=self.username.data or "",
            password=self.password.data or None,
            sender=self.sender.data or "",
            sender_name=self.sender_name.data or "",
            outside=self.outside.data or "",
        )


class TestForm(FlaskForm):
    """Where a test mail goes."""

    to = MailField(_l("Send a test mail to"), [InputRequired(_l("Enter an address."))])


@bp.get("/mail")
@requires(P.SETTINGS_READ)
def mail_server() -> ResponseReturnValue:
    """How mails leave, and how many have not."""
    return _page(ServerForm.of(mail.server(db.session())), TestForm(formdata=None))


@bp.post("/mail")
@requires(P.SETTINGS_WRITE)
def change_mail_server() -> ResponseReturnValue:
    """Set the mail server up."""
    form = ServerForm()
    if form.validate_on_submit():

        def work() -> object:
            return mail.change_server(
                db.session(), actor(), form.facts, key=portal_secret(), seen_version=form.seen_version
            )

        if submit(form, work) is not None:
            flash(_("The mail server has been set up. Send yourself a test mail."))
            return leave(url_for("admin.mail_server"))
        row = mail.server(db.session())
        form.version.data = str(row.version if row else 0)
    return _page(form, TestForm(formdata=None))


@bp.post("/mail/test")
@requires(P.SETTINGS_WRITE)
def test_mail_server() -> ResponseReturnValue:
    """Send one mail at once, and say what the server said."""
    form = TestForm()
    row = mail.server(db.session())
    if form.validate_on_submit():
        try:
            if row is None or not mail.is_ready(db.session()):
                raise DomainError("Set the mail server up first.")
            if not mail.may_change(db.session(), actor()):
                raise DomainError("Only administrators of the head office set the mail server up.")
            way = mail.way(row, portal_secret())
            text = _("This is a test mail. The portal can send mails.")
            letter = Letter(
                mail.new_message_id(way.sender), form.to.data, _("Test mail"), text, f"<p>{text}</p>", now()
            )
            db.session.rollback()
            with Connection(way) as connection:
                connection.send(letter)
        except DomainError as error:
            refuse(form, error)
        except NotSent as trouble:
            told = _(
                "%(trouble)s The server said: %(said)s", trouble=WORDS[trouble.trouble], said=trouble.said
            )
            form.to.errors = [*form.to.errors, told]
        else:
            flash(
                _("The mail server took the test mail for %(to)s. Look whether it arrives.", to=form.to.data)
            )
            return leave(url_for("admin.mail_server"))
    return _page(ServerForm.of(mail.server(db.session())), form)


def _page(form: ServerForm, test: TestForm) -> ResponseReturnValue:
    row = mail.server(db.session())
    response = render(
        "admin/mail.html",
        form=form,
        test=test,
        server=row,
        has_password=row is not None and row.sealed_password is not None,
        may_change=mail.may_change(db.session(), actor()),
        unsent=mail.unsent(db.session()),
        securities={one: WORDS[one] for one in Security},
    )
    if test.errors or test.form_errors:
        response.status_code = 422
    return response
