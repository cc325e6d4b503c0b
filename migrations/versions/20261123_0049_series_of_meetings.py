"""Meetings that come again belong together (M1).

Revision: 0049, after 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # The first one's id. No foreign key: SQLite adds none to a table without building it anew, with its triggers.
    op.add_column("meeting", sa.Column("series_id", KEY, nullable=True))
    op.create_index("ix_meeting_series_id", "meeting", ["series_id"])


def downgrade() -> None:
    op.drop_index("ix_meeting_series_id", "meeting")
    op.drop_column("meeting", "series_id")
