"""The outbox: mails are written with the business change, sent by a worker, tried again, given up by a person.

A worker that dies between the server's word and its own note sends once more after the lease: SMTP knows no other
way. The Message-ID stays the same, so that whoever gets it twice, and their mail program, sees that it is one.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.mail.models import Mail, MailServer, MailState, Security
from portal.domain.mail.sending import Connection, Letter, NotSent, Way
from portal.domain.regions import services as regions
from portal.domain.text import clean
from portal.domain.users.models import User
from portal.later import later

aead = later("cryptography.hazmat.primitives.ciphers.aead")
exceptions = later("cryptography.exceptions")

LEASE = timedelta(minutes=5)
# How long after a failure it is tried again; whom nobody took after the last, a person looks after.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
MOST_TRIES = len(PAUSES) + 1
AT_ONCE = 50
KEPT = timedelta(days=365)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,198}[A-Za-z0-9])?")
_NONCE = 12


@dataclass(frozen=True)
class ServerFacts:
    """A mail server as somebody typed it; `password` None keeps the one that is there."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str | None = None
    sender: str = ""
    sender_name: str = ""
    outside: str = ""


def is_address(text: str) -> bool:
    """Whether mail can go there."""
    return len(text) <= 200 and _ADDRESS.fullmatch(text) is not None


def server(session: Session) -> MailServer | None:
    """The mail server as it is set up."""
    return session.get(MailServer, 1)


def may_change(session: Session, user: User) -> bool:
    """Whether the user sets the mail server up: administrators of the head office."""
    return user.can(Permission.SETTINGS_WRITE, regions.head_office(session))


def change_server(
    session: Session, actor: User, facts: ServerFacts, *, key: bytes, seen_version: int
) -> MailServer:
    """Set the mail server up; the password is sealed under `key`. The caller commits.

    A password is kept only while it goes to the same server as the same user: changed, it is asked for again.
    """
    head = lock(session, regions.head_office(session))
    if not actor.can(Permission.SETTINGS_WRITE, head):
        raise DomainError(N_("Only administrators of the head office set the mail server up."))
    made = session.get(MailServer, 1)
    if seen_version != (made.version if made else 0):
        raise Stale(N_("Somebody else changed this a moment ago. Check it again."))
    said = _checked(facts)
    row = made or MailServer(id=1)
    before = _told(row) if made else {}
    is_same = made is not None and (made.host, made.username) == (said.host, said.username)
    if said.password:
        row.sealed_password = _sealed(key, said.password)
    elif not said.username:
        row.sealed_password = None
    elif not is_same and row.sealed_password is not None:
        raise DomainError(N_("Enter the password again: it goes to another server or user."), "password")
    row.host, row.port, row.security, row.username = said.host, said.port, said.security, said.username
    row.sender, row.sender_name, row.outside = said.sender, said.sender_name, said.outside
    row.changed_at, row.changed_by_id = now(), actor.id
    if made is None:
        session.add(row)
    session.flush()
    differing = audit.changes(before, _told(row))
    if said.password:
        differing["password"] = ["•", "•"]
    if differing:
        audit.record(session, actor, "settings.mail_changed", head, region_id=head.id, changes=differing)
    return row


def _checked(facts: ServerFacts) -> ServerFacts:
    host, sender = clean(facts.host), clean(facts.sender)
    if host and not _HOST.fullmatch(host):
        raise DomainError(N_("Enter the server's name, as in smtp.example.com."), "host")
    if not 0 < facts.port < 65536:
        raise DomainError(N_("Enter a port from 1 to 65535."), "port")
    if (host or sender) and not is_address(sender):
        raise DomainError(N_("Enter the address that mails come from."), "sender")
    outside = clean(facts.outside).rstrip("/")
    if outside:
        parts = urlsplit(outside)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
            raise DomainError(N_("Enter the whole address, as in https://reply.example.com."), "outside")
    return ServerFacts(
        host=host,
        port=facts.port,
        security=facts.security,
        username=clean(facts.username)[:200],
        password=facts.password,
        sender=sender,
        sender_name=clean(facts.sender_name)[:80],
        outside=outside[:200],
    )


def _told(row: MailServer) -> dict[str, object]:
    names = ("host", "port", "security", "username", "sender", "sender_name", "outside")
    return {name: getattr(row, name) for name in names}


def _sealed(key: bytes, password: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    sealed: bytes = aead.AESGCM(_password_key(key)).encrypt(nonce, password.encode(), b"mail password")
    return nonce + sealed


def _password_key(key: bytes) -> bytes:
    return hmac.digest(key, b"portal: mail server", "sha256")


def way(row: MailServer, key: bytes) -> Way:
    """How mails leave by this server; DomainError where the password was sealed under another key."""
    password = ""
    if row.sealed_password is not None:
        nonce, sealed = row.sealed_password[:_NONCE], row.sealed_password[_NONCE:]
        try:
            password = aead.AESGCM(_password_key(key)).decrypt(nonce, sealed, b"mail password").decode()
        except (exceptions.InvalidTag, ValueError):
            raise DomainError(
                N_("The mail server's password cannot be read with this portal's key. Enter it again.")
            ) from None
    return Way(row.host, row.port, row.security, row.username, password, row.sender, row.sender_name)


def is_ready(session: Session) -> bool:
    """Whether mails can go out."""
    row = server(session)
    return row is not None and bool(row.host and row.sender)


def new_message_id(sender: str) -> str:
    """An id for a mail that is written once and stays with it however often it is tried."""
    return f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2] or 'portal.invalid'}>"


def due(session: Session, moment: datetime) -> list[int]:
    """The mails that wait to be sent now, also those that a worker died on."""
    waits = sa.and_(Mail.state == MailState.QUEUED, Mail.next_try_at <= moment)
    left = sa.and_(Mail.state == MailState.SENDING, Mail.leased_until < moment)
    statement = sa.select(Mail.id).where(sa.or_(waits, left)).order_by(Mail.next_try_at, Mail.id)
    return list(session.scalars(statement.limit(AT_ONCE)))


def deliver(
    session: Session,
    key: bytes,
    connect: Callable[[Way], Connection] = Connection,
    *,
    goes_on: Callable[[], bool] = lambda: True,
) -> int:
    """Send what is due, each claimed, sent and noted in transactions of its own; gives how many went out.

    Where the server itself is not to be had, the rest waits for the next round.
    """
    ids = due(session, now())
    row = server(session) if ids else None
    if row is None or not row.host:
        session.rollback()
        return 0
    try:
        leaves = way(row, key)
    except DomainError:
        # Said where the server is set up, and by the test mail; nothing of the outbox is lost meanwhile.
        session.rollback()
        return 0
    session.rollback()
    sent = 0
    with connect(leaves) as connection:
        for id_ in ids:
            if not goes_on():
                break
            letter = _claim(session, id_)
            if letter is None:
                continue
            try:
                connection.send(letter)
            except NotSent as trouble:
                _note_trouble(session, id_, trouble)
                if trouble.trouble.value in ("unreachable", "encryption", "sign_in", "sender"):
                    break
            else:
                _note_sent(session, id_)
                sent += 1
    return sent


def _claim(session: Session, id_: int) -> Letter | None:
    mail = lock(session, session.get_one(Mail, id_))
    moment = now()
    is_left = mail.state is MailState.SENDING and mail.leased_until is not None and mail.leased_until < moment
    if not is_left and (mail.state is not MailState.QUEUED or mail.next_try_at > moment):
        session.rollback()
        return None
    newer = sa.exists().where(Mail.about_id == mail.about_id, Mail.sequence > mail.sequence)
    if session.scalar(sa.select(newer)):
        # It was on its way, or tried again, when a later one was written: that one says what holds.
        mail.state, mail.leased_until = MailState.GIVEN_UP, None
        session.commit()
        return None
    mail.state, mail.leased_until, mail.tries = MailState.SENDING, moment + LEASE, mail.tries + 1
    letter = Letter(
        message_id=mail.message_id,
        recipient=mail.recipient,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        at=mail.created_at,
        ics=mail.ics,
        method=mail.method,
    )
    session.commit()
    return letter


def _note_sent(session: Session, id_: int) -> None:
    mail = lock(session, session.get_one(Mail, id_))
    if mail.erased_at is None:
        mail.state, mail.leased_until, mail.sent_at = MailState.SENT, None, now()
        mail.trouble, mail.said = None, ""
    session.commit()


def _note_trouble(session: Session, id_: int, trouble: NotSent) -> None:
    mail = lock(session, session.get_one(Mail, id_))
    mail.leased_until = None
    mail.trouble, mail.said = trouble.trouble, trouble.said
    if trouble.is_final or mail.tries >= MOST_TRIES:
        mail.state = MailState.FAILED
    else:
        mail.state, mail.next_try_at = MailState.QUEUED, now() + PAUSES[mail.tries - 1]
    session.commit()


def try_again(session: Session, mail: Mail) -> None:
    """Send it now, whatever was tried before. The caller has checked who asks, audits and commits."""
    lock(session, mail)
    if mail.state is MailState.SENT or mail.erased_at is not None:
        raise DomainError(N_("This mail has gone out already."))
    if mail.state is not MailState.SENDING:
        mail.state, mail.next_try_at, mail.tries = MailState.QUEUED, now(), 0
    session.flush()


def give_up(session: Session, mail: Mail) -> None:
    """Send it no more. The caller has checked who asks, audits and commits."""
    lock(session, mail)
    if mail.state in (MailState.SENT, MailState.SENDING):
        raise DomainError(N_("This mail has gone out already, or is on its way."))
    mail.state = MailState.GIVEN_UP
    session.flush()


def hold_back(session: Session, *of: sa.ColumnElement[bool]) -> None:
    """Send no more of these invitations that still wait: what they invite to is off."""
    session.execute(
        sa.update(Mail)
        .where(*of, Mail.state == MailState.QUEUED, Mail.method == "REQUEST")
        .values(state=MailState.GIVEN_UP)
    )


def unsent(session: Session) -> dict[MailState, int]:
    """How many mails wait, and how many failed."""
    rows = session.execute(
        sa.select(Mail.state, sa.func.count()).where(Mail.state != MailState.SENT).group_by(Mail.state)
    )
    return {state: count for state, count in rows}


def forget(session: Session) -> int:
    """Erase whom mails went to and what they said a year after they were written; the rows stay."""
    old = sa.and_(
        Mail.created_at < now() - KEPT,
        Mail.erased_at.is_(None),
        Mail.state.in_((MailState.SENT, MailState.FAILED, MailState.GIVEN_UP)),
    )
    done = session.execute(
        sa.update(Mail)
        .where(old)
        .values(recipient="", text="", html="", ics="", said="", erased_at=now())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
