"""What meetings cost, row by row, never changed (M1).

Revision: 0041, after 0040
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_whole, refuse_to_lose, release

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "meeting_cost",
        sa.Column("id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("kind", sa.Enum("venue", "meals", "lodging", "travel", "materials", "gifts", "other", name="costkind", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("amount_fen", BIG, nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("reverses_id", BIG, nullable=True),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("entered_at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("entered_by_id", BIG, nullable=False),
        sa.CheckConstraint("(reverses_id IS NULL AND amount_fen > 0) OR (reverses_id IS NOT NULL AND amount_fen < 0 AND note <> '')", name=op.f("ck_meeting_cost_spent_or_reversed_with_a_reason")),
        sa.CheckConstraint("reverses_id <> id", name=op.f("ck_meeting_cost_reverses_another")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["user_account.id"], name=op.f("fk_meeting_cost_entered_by_id_user_account")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_cost_meeting_id_meeting")),
        sa.ForeignKeyConstraint(["reverses_id"], ["meeting_cost.id"], name=op.f("fk_meeting_cost_reverses_id_meeting_cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_cost")),
        sa.UniqueConstraint("key", name=op.f("uq_meeting_cost_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_meeting_cost_reverses_id")),
    )
    op.create_index(op.f("ix_meeting_cost_meeting_id"), "meeting_cost", ["meeting_id"])
    keep_whole("meeting_cost", [("key",), ("reverses_id",)])


def downgrade() -> None:
    refuse_to_lose("meeting_cost")
    release({"meeting_cost": False})
    op.drop_table("meeting_cost")
