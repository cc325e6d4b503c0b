"""Handing mails to a server over SMTP: what is wrong is told as one of a few troubles, with the server's own words."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from types import TracebackType

from portal.domain.mail.models import Security, Trouble

SECONDS = 20


@dataclass(frozen=True, slots=True)
class Way:
    """How mails leave: the server, who signs in there, who sends."""

    host: str
    port: int
    security: Security
    username: str
    password: str
    sender: str
    sender_name: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to one address; `ics` with its method is an invitation that calendars understand."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str
    at: datetime
    ics: str = ""
    method: str = "REQUEST"


class NotSent(Exception):
    """A letter did not go out; `is_final` where trying again would be refused again."""

    def __init__(self, trouble: Trouble, said: str, *, is_final: bool = False) -> None:
        super().__init__(trouble.value, said)
        self.trouble, self.said, self.is_final = trouble, said[:300], is_final


class Connection:
    """A connection to the server, opened once for as many letters as there are; raises NotSent."""

    def __init__(self, way: Way, *, trusted: ssl.SSLContext | None = None) -> None:
        self._way = way
        self._server: smtplib.SMTP | None = None
        # Certificates are checked: a listener in between is no mail server of ours.
        self._trusted = trusted

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Part from the server; the next letter connects anew."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server = None

    def send(self, letter: Letter) -> None:
        """Hand one letter over."""
        try:
            server = self._open()
            server.send_message(
                message_of(letter, self._way), from_addr=self._way.sender, to_addrs=[letter.recipient]
            )
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            self._forget_it()
            raise NotSent(Trouble.RECIPIENT, _words(said), is_final=code >= 500) from None
        except smtplib.SMTPSenderRefused as error:
            self._forget_it()
            # No fault of this letter: all of them have one sender, and wait until somebody sets it right.
            raise NotSent(Trouble.SENDER, _words(error.smtp_error)) from None
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
            self.close()
            raise NotSent(Trouble.UNREACHABLE, _words(error.smtp_error)) from None
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise NotSent(Trouble.SIGN_IN, _words(error.smtp_error)) from None
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            raise NotSent(
                Trouble.ENCRYPTION if "STARTTLS" in str(error) else Trouble.SIGN_IN, str(error)
            ) from None
        except smtplib.SMTPResponseException as error:
            self.close()
            is_final = error.smtp_code >= 500
            trouble = Trouble.REFUSED if is_final else Trouble.LATER
            raise NotSent(trouble, _words(error.smtp_error), is_final=is_final) from None
        except ssl.SSLError as error:
            self._server = None
            raise NotSent(Trouble.ENCRYPTION, str(error)) from None
        except (OSError, smtplib.SMTPException) as error:
            self._server = None
            raise NotSent(Trouble.UNREACHABLE, str(error) or type(error).__name__) from None
        except (UnicodeError, ValueError) as error:
            # An address that no header holds.
            raise NotSent(Trouble.RECIPIENT, str(error), is_final=True) from None

    def _forget_it(self) -> None:
        """After a refusal the connection is good for the next letter, if the server takes back what was begun."""
        try:
            if self._server is not None:
                self._server.rset()
        except (OSError, smtplib.SMTPException):
            self._server = None

    def _open(self) -> smtplib.SMTP:
        if self._server is None:
            way = self._way
            trusted = self._trusted or ssl.create_default_context()
            if way.security is Security.TLS:
                server: smtplib.SMTP = smtplib.SMTP_SSL(way.host, way.port, timeout=SECONDS, context=trusted)
            else:
                server = smtplib.SMTP(way.host, way.port, timeout=SECONDS)
            if way.security is Security.STARTTLS:
                server.starttls(context=trusted)
            self._server = server
            if way.username:
                try:
                    server.login(way.username, way.password)
                except UnicodeError:
                    self.close()
                    raise NotSent(Trouble.SIGN_IN, "ASCII") from None
        return self._server


def message_of(letter: Letter, way: Way) -> EmailMessage:
    """The letter as a message: text, HTML and the invitation beside one another, the invitation attached too."""
    message = EmailMessage()
    local, _, domain = way.sender.rpartition("@")
    message["From"] = Address(way.sender_name, local, domain)
    local, _, domain = letter.recipient.rpartition("@")
    message["To"] = Address("", local, domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    # Nobody's answering machine is to answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    if letter.ics:
        message.add_alternative(letter.ics, subtype="calendar", params={"method": letter.method})
        message.add_attachment(
            letter.ics.encode(), maintype="application", subtype="ics", filename="invite.ics"
        )
    return message


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
