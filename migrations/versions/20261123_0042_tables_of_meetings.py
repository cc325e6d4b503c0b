"""Tables of a meeting's hall, and where materials are given out (M1).

Revision: 0042, after 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "meeting_table",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_meeting_table_name_given")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_meeting_table_some_seats")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_table_meeting_id_meeting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_table")),
        sa.UniqueConstraint("meeting_id", "name", name=op.f("uq_meeting_table_meeting_id_name")),
    )
    op.add_column("meeting", sa.Column("pack_desks", sa.String(600), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("meeting", "pack_desks")
    op.drop_table("meeting_table")
