"""Distributors have a grade that a person sets.

Revision: 0011, after 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In one statement, which both databases know: SQLite would otherwise write the whole register anew for the CHECK.
    op.execute(
        "ALTER TABLE distributor ADD COLUMN grade VARCHAR(40)"
        " CONSTRAINT ck_distributor_grade CHECK (grade IN ('A', 'B', 'C'))"
    )


def downgrade() -> None:
    op.drop_column("distributor", "grade")
