"""The rooms of a meeting's hotel, and who sleeps there from when until when (M1).

Revision: 0047, after 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_GUESTS = ("is_lady", "lodges_from", "lodges_until")


def upgrade() -> None:
    op.create_table(
        "meeting_room_kind",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(12), nullable=False),
        sa.Column("beds", sa.Integer(), nullable=False),
        sa.Column("rooms", sa.String(300), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_meeting_room_kind_name_given")),
        sa.CheckConstraint("beds > 0", name=op.f("ck_meeting_room_kind_some_beds")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_room_kind_meeting_id_meeting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_room_kind")),
        sa.UniqueConstraint("meeting_id", "name", name=op.f("uq_meeting_room_kind_meeting_id_name")),
    )
    op.add_column("meeting_guest", sa.Column("is_lady", sa.Boolean(), nullable=True))
    op.add_column("meeting_guest", sa.Column("lodges_from", sa.Date(), nullable=True))
    op.add_column("meeting_guest", sa.Column("lodges_until", sa.Date(), nullable=True))


def downgrade() -> None:
    for name in OF_GUESTS:
        op.drop_column("meeting_guest", name)
    op.drop_table("meeting_room_kind")
