"""A payment that is taken back relieves the company of what it bore of it: one more kind of transfer.

Revision: 0037, after 0036
"""

import sqlalchemy as sa
from alembic import op

from portal.guarding import keep_whole, release

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

KINDS_BEFORE = (
    "accrue_base", "accrue_fund", "reverse_base", "reverse_fund", "reverse_deduction", "claw_back_base",
    "claw_back_fund", "release", "interest", "late_interest", "deduct", "restore", "pay", "withhold", "offset",
    "collect", "correct",
)  # fmt: skip
KINDS = (*KINDS_BEFORE[:-1], "relieve", KINDS_BEFORE[-1])


def upgrade() -> None:
    _allow(KINDS)


def downgrade() -> None:
    relieved = op.get_bind().scalar(sa.text("SELECT count(*) FROM transfer WHERE kind = 'relieve'"))
    if relieved:
        raise RuntimeError(
            f"{relieved} transfers are of a kind that the earlier version does not know; the ledger is never "
            "rewritten. Stay on this version, or restore the backup from before the upgrade."
        )
    _allow(KINDS_BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    """Let transfers be of these kinds; the guards come off a table that SQLite rebuilds, and on again."""
    release({"transfer": False})
    listed = ", ".join(f"'{one}'" for one in kinds)
    with op.batch_alter_table("transfer") as batch_op:
        batch_op.drop_constraint(op.f("ck_transfer_transferkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_transfer_transferkind"), f"kind IN ({listed})")
    keep_whole("transfer", [("key",), ("book_id", "no"), ("reverses_id",)])
