"""The words of e-mail: where a mail is, why it did not go out and what to do about it, how a server is reached."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.domain.mail.models import MailState, Security, Trouble

MAIL_WORDS = (
    (Security.STARTTLS, _l("STARTTLS (usually port 587)")),
    (Security.TLS, _l("TLS from the start (usually port 465)")),
    (Security.NONE, _l("No encryption (only within the own network)")),
    (MailState.QUEUED, lazy_pgettext("mail", "Waiting")),
    (MailState.SENDING, lazy_pgettext("mail", "On its way")),
    (MailState.SENT, lazy_pgettext("mail", "Sent")),
    (MailState.FAILED, lazy_pgettext("mail", "Not sent")),
    (MailState.GIVEN_UP, lazy_pgettext("mail", "Given up")),
    (Trouble.UNREACHABLE, _l("The mail server does not answer. An administrator checks its name and port.")),
    (
        Trouble.ENCRYPTION,
        _l(
            "The mail server's encryption was not accepted. An administrator checks the kind and its certificate."
        ),
    ),
    (Trouble.SIGN_IN, _l("The mail server refuses user or password. An administrator enters them again.")),
    (
        Trouble.SENDER,
        _l("The mail server does not let this sender send. An administrator checks the address."),
    ),
    (Trouble.RECIPIENT, _l("The mail server does not take this address. Ask the dealer for the right one.")),
    (Trouble.LATER, _l("The mail server put it off. It is tried again by itself.")),
    (Trouble.REFUSED, _l("The mail server refuses the mail. Its own words say why.")),
)
MAIL_TONES = (
    (MailState.QUEUED, "wait"),
    (MailState.SENDING, "wait"),
    (MailState.SENT, "ok"),
    (MailState.FAILED, "bad"),
    (MailState.GIVEN_UP, ""),
)
MAIL_LABELS: dict[str, object] = {
    "host": _l("Mail server"),
    "port": _l("Port"),
    "security": _l("Encryption"),
    "username": _l("User at the mail server"),
    "password": _l("Password"),
    "sender": _l("Sender's address"),
    "sender_name": _l("Sender's name"),
    "outside": _l("Address for guests outside"),
}
