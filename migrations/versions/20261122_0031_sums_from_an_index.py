"""The sums of books are read from an index that holds nothing else.

Revision: 0031, after 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transfer_sums", "transfer", ["book_id", "debit_id", "credit_id", "kind", "amount_fen"]
    )


def downgrade() -> None:
    op.drop_index("ix_transfer_sums", table_name="transfer")
