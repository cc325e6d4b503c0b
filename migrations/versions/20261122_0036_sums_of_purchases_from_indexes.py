"""The sums of purchases and of what they accrued are read from indexes that hold the figures.

Revision: 0036, after 0035
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_PURCHASE = "ix_purchase_distributor_id_purchased_on"
_ACCRUAL = "ix_accrual_agreement_id_quarter"


def upgrade() -> None:
    op.drop_index(_PURCHASE, table_name="purchase")
    op.create_index(_PURCHASE, "purchase", ["distributor_id", "purchased_on", "amount_fen"])
    op.drop_index(_ACCRUAL, table_name="accrual")
    op.create_index(
        _ACCRUAL, "accrual", ["agreement_id", "quarter", "rebate_fen", "base_fen", "fund_fen"]
    )


def downgrade() -> None:
    op.drop_index(_ACCRUAL, table_name="accrual")
    op.create_index(_ACCRUAL, "accrual", ["agreement_id", "quarter"])
    op.drop_index(_PURCHASE, table_name="purchase")
    op.create_index(_PURCHASE, "purchase", ["distributor_id", "purchased_on"])
