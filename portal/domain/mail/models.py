"""The mail server as it is set up, and the outbox: what is to be sent, how often it was tried, what came of it."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, enum_type, now


class Security(StrEnum):
    """How the way to the mail server is kept from listeners."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailServer(Base):
    """发信服务器: one row, or none while nobody set it up; the password is sealed and never shown."""

    __tablename__ = "mail_server"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="only_one"),
        sa.CheckConstraint("port > 0 AND port < 65536", name="port_of_tcp"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(sa.String(200), default="")
    port: Mapped[int] = mapped_column(sa.Integer, default=587)
    security: Mapped[Security] = mapped_column(enum_type(Security), default=Security.STARTTLS)
    username: Mapped[str] = mapped_column(sa.String(200), default="")
    sealed_password: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    sender: Mapped[str] = mapped_column(sa.String(200), default="")
    sender_name: Mapped[str] = mapped_column(sa.String(80), default="")
    # Where guests outside reach the portal; "" while invitations are not open to the outside.
    outside: Mapped[str] = mapped_column(sa.String(200), default="")
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class MailState(StrEnum):
    """Where a mail is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class Trouble(StrEnum):
    """Why a mail did not go out."""

    UNREACHABLE = "unreachable"
    ENCRYPTION = "encryption"
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    LATER = "later"
    REFUSED = "refused"


class Mail(Base):
    """A mail to one address; whom it went to and what it said are personal data, and can be erased.

    `about_id` and `sequence` name the invitation that it brings and which telling of it this is.
    """

    __tablename__ = "mail"
    __table_args__ = (
        sa.UniqueConstraint("about_id", "sequence"),
        sa.CheckConstraint("tries >= 0 AND sequence >= 0", name="counts_not_negative"),
        sa.CheckConstraint("(state = 'sending') = (leased_until IS NOT NULL)", name="leased_while_sending"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at_a_time"),
        sa.CheckConstraint(
            "erased_at IS NULL OR (recipient = '' AND text = '' AND html = '' AND ics = '' AND said = '')",
            name="erased_wholly",
        ),
        sa.Index("ix_mail_state_next_try_at", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(sa.String(120), unique=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    about_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting_invitation.id"))
    sequence: Mapped[int] = mapped_column(sa.Integer)
    recipient: Mapped[str] = mapped_column(sa.String(200))
    subject: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    html: Mapped[str] = mapped_column(sa.Text, default="")
    ics: Mapped[str] = mapped_column(sa.Text, default="")
    # REQUEST or CANCEL, of RFC 5546; and what of the meeting it told, so that a change is noticed.
    method: Mapped[str] = mapped_column(sa.String(10))
    told_sha256: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[MailState] = mapped_column(enum_type(MailState), default=MailState.QUEUED)
    tries: Mapped[int] = mapped_column(sa.Integer, default=0)
    trouble: Mapped[Trouble | None] = mapped_column(enum_type(Trouble))
    # The server's own words.
    said: Mapped[str] = mapped_column(sa.String(300), default="")
    next_try_at: Mapped[datetime] = mapped_column(default=now)
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    sent_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Whether it may still go out by itself."""
        return self.state in (MailState.QUEUED, MailState.SENDING)
