"""A daily seal names the day of the one before it, so that one that is gone is missed.

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

from portal.guarding import replace_by_none_of

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: a rebuilt table would lose its triggers. Seals made before name none.
    op.add_column("ledger_seal", sa.Column("before_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_ledger_seal_before_on"), "ledger_seal", ["before_on"], unique=True)
    replace_by_none_of("ledger_seal", [("day",), ("before_on",)])


def downgrade() -> None:
    replace_by_none_of("ledger_seal", [("day",)])
    op.drop_index(op.f("ix_ledger_seal_before_on"), "ledger_seal")
    op.drop_column("ledger_seal", "before_on")
