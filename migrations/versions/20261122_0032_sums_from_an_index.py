"""The sums of books are read from an index that holds nothing else.

Revision: 0032, after 0031
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transfer_sums", "transfer", ["book_id", "debit_id", "credit_id", "kind", "amount_fen"]
    )


def downgrade() -> None:
    op.drop_index("ix_transfer_sums", table_name="transfer")
