"""Who comes when the seats of a meeting are taken waits: one more kind of reply, and since when (M1).

Revision: 0040, after 0039
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, release

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_INVITATION = (("id", "meeting_id", "distributor_id", "invited_at"), [("meeting_id", "distributor_id")])
_GUEST = (("id", "meeting_id", "is_walk_in", "added_at"), [])
_TABLES = {"meeting_invitation": _INVITATION, "meeting_guest": _GUEST}


def upgrade() -> None:
    release(dict.fromkeys(_TABLES, True))
    with op.batch_alter_table("meeting_invitation") as batch_op:
        batch_op.add_column(sa.Column("waiting_since", portal.db.UtcDateTime(timezone=True), nullable=True))
        _allow(batch_op, "'coming', 'waiting', 'declined'")
        batch_op.create_check_constraint(
            op.f("ck_meeting_invitation_waits_since_a_time"),
            "(COALESCE(reply, '') = 'waiting') = (waiting_since IS NOT NULL)",
        )
    with op.batch_alter_table("meeting_guest") as batch_op:
        batch_op.add_column(sa.Column("is_waiting", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("meeting_guest") as batch_op:
        batch_op.alter_column("is_waiting", existing_type=sa.Boolean(), server_default=None)
    _guard()


def downgrade() -> None:
    waiting = op.get_bind().scalar(sa.text("SELECT count(*) FROM meeting_invitation WHERE reply = 'waiting'"))
    if waiting:
        raise RuntimeError(
            f"{waiting} distributors are on a waiting list, which the earlier version does not know. Give them "
            "a place or take them off the list first."
        )
    release(dict.fromkeys(_TABLES, True))
    with op.batch_alter_table("meeting_guest") as batch_op:
        batch_op.drop_column("is_waiting")
    with op.batch_alter_table("meeting_invitation") as batch_op:
        batch_op.drop_constraint(op.f("ck_meeting_invitation_waits_since_a_time"), type_="check")
        _allow(batch_op, "'coming', 'declined'")
        batch_op.drop_column("waiting_since")
    _guard()


def _allow(batch_op, replies: str) -> None:
    name = op.f("ck_meeting_invitation_reply")
    batch_op.drop_constraint(name, type_="check")
    batch_op.create_check_constraint(name, f"reply IN ({replies})")


def _guard() -> None:
    for table, (kept, keys) in _TABLES.items():
        keep_but(table, kept, keys)
