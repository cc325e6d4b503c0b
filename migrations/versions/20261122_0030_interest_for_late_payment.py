"""Interest for what is paid late or put back: published rates, what was confirmed, and a kind of transfer of its own.

Revision: 0030, after 0029
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_whole, refuse_to_lose, release

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BEFORE = (
    "accrue_base", "accrue_fund", "reverse_base", "reverse_fund", "reverse_deduction", "claw_back_base",
    "claw_back_fund", "release", "interest", "deduct", "restore", "pay", "offset", "collect", "correct",
)  # fmt: skip
KINDS = (*BEFORE[:9], "late_interest", *BEFORE[9:])


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "lpr_rate",
        sa.Column("id", number, nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("rate_ppm", number, nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("entered_by_id", number, nullable=False),
        sa.Column("entered_at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate_ppm > 0 AND rate_ppm < 200000", name=op.f("ck_lpr_rate_rate_in_range")),
        sa.CheckConstraint("source <> ''", name=op.f("ck_lpr_rate_source_is_said")),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["user_account.id"], name=op.f("fk_lpr_rate_entered_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lpr_rate")),
        sa.UniqueConstraint("published_on", "no", name=op.f("uq_lpr_rate_published_on_no")),
    )
    op.create_table(
        "late_interest",
        sa.Column("id", number, nullable=False),
        sa.Column("agreement_id", number, nullable=False),
        sa.Column("payout_id", number, nullable=False),
        sa.Column("part", sa.String(20), nullable=False),
        sa.Column("amount_fen", number, nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("by_id", number, nullable=False),
        sa.Column("at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_late_interest_amount_positive")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_late_interest_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_late_interest_payout_id_payout")),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_late_interest_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_interest")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_late_interest_payout_id")),
    )
    op.create_index(op.f("ix_late_interest_agreement_id"), "late_interest", ["agreement_id"])
    keep_whole("lpr_rate", [("published_on", "no")])
    keep_whole("late_interest", [("payout_id",)])
    _allow(KINDS)


def downgrade() -> None:
    refuse_to_lose("late_interest")
    _allow(BEFORE)
    release({"late_interest": False, "lpr_rate": False})
    op.drop_index(op.f("ix_late_interest_agreement_id"), "late_interest")
    op.drop_table("late_interest")
    op.drop_table("lpr_rate")


def _allow(kinds: tuple[str, ...]) -> None:
    """Let transfers be of these kinds; the guards come off a table that SQLite rebuilds, and on again."""
    release({"transfer": False})
    said = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("transfer") as batch_op:
        batch_op.drop_constraint(op.f("ck_transfer_transferkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_transfer_transferkind"), f"kind IN ({said})")
    keep_whole("transfer", [("key",), ("book_id", "no"), ("reverses_id",)])
