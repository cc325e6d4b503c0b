"""An accrual keeps the hash of what its line said, also of a line that is too small to move a fen.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: a rebuilt table would lose its triggers.
    op.add_column("accrual", sa.Column("facts", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("accrual", "facts")
