"""E-mail: the server that mails leave through, and the outbox (M1).

Revision: 0046, after 0045
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, refuse_to_lose, release

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = portal.db.UtcDateTime(timezone=True)
_KEPT = ("id", "message_id", "meeting_id", "about_id", "sequence", "method", "created_at", "created_by_id")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "mail_server",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", _one_of("security", "starttls", "tls", "none"), nullable=False),
        sa.Column("username", sa.String(200), nullable=False),
        sa.Column("sealed_password", sa.LargeBinary(), nullable=True),
        sa.Column("sender", sa.String(200), nullable=False),
        sa.Column("sender_name", sa.String(80), nullable=False),
        sa.Column("outside", sa.String(200), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by_id", _WHOLE, nullable=True),
        sa.Column("version", _WHOLE, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_server_only_one")),
        sa.CheckConstraint("port > 0 AND port < 65536", name=op.f("ck_mail_server_port_of_tcp")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["user_account.id"], name=op.f("fk_mail_server_changed_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_server")),
    )
    op.create_table(
        "mail",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("message_id", sa.String(120), nullable=False),
        sa.Column("meeting_id", _WHOLE, nullable=False),
        sa.Column("about_id", _WHOLE, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("ics", sa.Text(), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("told_sha256", sa.String(64), nullable=False),
        sa.Column(
            "state", _one_of("mailstate", "queued", "sending", "sent", "failed", "given_up"), nullable=False
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "trouble",
            _one_of(
                "trouble", "unreachable", "encryption", "sign_in", "sender", "recipient", "later", "refused"
            ),
            nullable=True,
        ),
        sa.Column("said", sa.String(300), nullable=False),
        sa.Column("next_try_at", _AT, nullable=False),
        sa.Column("leased_until", _AT, nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by_id", _WHOLE, nullable=False),
        sa.Column("sent_at", _AT, nullable=True),
        sa.Column("erased_at", _AT, nullable=True),
        sa.CheckConstraint("tries >= 0 AND sequence >= 0", name=op.f("ck_mail_counts_not_negative")),
        sa.CheckConstraint(
            "(state = 'sending') = (leased_until IS NOT NULL)", name=op.f("ck_mail_leased_while_sending")
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_mail_sent_at_a_time")),
        sa.CheckConstraint(
            "erased_at IS NULL OR (recipient = '' AND text = '' AND html = '' AND ics = '' AND said = '')",
            name=op.f("ck_mail_erased_wholly"),
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_mail_meeting_id_meeting")),
        sa.ForeignKeyConstraint(
            ["about_id"], ["meeting_invitation.id"], name=op.f("fk_mail_about_id_meeting_invitation")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_mail_created_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mail_message_id")),
        sa.UniqueConstraint("about_id", "sequence", name=op.f("uq_mail_about_id_sequence")),
    )
    op.create_index("ix_mail_state_next_try_at", "mail", ["state", "next_try_at"])
    op.create_index(op.f("ix_mail_meeting_id"), "mail", ["meeting_id"])
    keep_but("mail", _KEPT, [("message_id",), ("about_id", "sequence")])


def downgrade() -> None:
    refuse_to_lose("mail")
    release({"mail": True})
    op.drop_index(op.f("ix_mail_meeting_id"), "mail")
    op.drop_index("ix_mail_state_next_try_at", "mail")
    op.drop_table("mail")
    op.drop_table("mail_server")
