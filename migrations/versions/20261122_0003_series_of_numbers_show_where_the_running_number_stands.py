"""A series of numbers shows where its running number stands: PPA-2026 is PPA-2026-#.

Revision: 0003, after 0002
"""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE number_sequence SET series = series || '-#' WHERE series LIKE 'PPA-____'")


def downgrade() -> None:
    op.execute("UPDATE number_sequence SET series = substr(series, 1, 8) WHERE series LIKE 'PPA-____-#'")
