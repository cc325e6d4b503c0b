"""A distributor's account of a quarter is kept as it was entered each time, never changed.

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

from portal.guarding import keep_whole, release

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_CLOSING = "opening_fen + goods_fen - returns_fen - payments_fen - rebates_fen + other_fen"


def upgrade() -> None:
    with op.batch_alter_table("account_figures") as batch_op:
        # Rows that nobody could enter yet: the first of each quarter.
        batch_op.add_column(sa.Column("no", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("reason", sa.String(200), nullable=False, server_default=""))
        batch_op.drop_constraint(op.f("uq_account_figures_distributor_id_quarter"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_account_figures_distributor_id_quarter_no"), ["distributor_id", "quarter", "no"]
        )
        batch_op.create_check_constraint(
            op.f("ck_account_figures_due_within_the_closing"), f"due_fen = 0 OR due_fen <= {_CLOSING}"
        )
        batch_op.create_check_constraint(
            op.f("ck_account_figures_other_says_what"), "other_fen = 0 OR note <> ''"
        )
    with op.batch_alter_table("account_figures") as batch_op:
        batch_op.alter_column("no", existing_type=sa.Integer(), server_default=None)
        batch_op.alter_column("reason", existing_type=sa.String(200), server_default=None)
    keep_whole("account_figures", [("distributor_id", "quarter", "no")])


def downgrade() -> None:
    release({"account_figures": False})
    # What holds is the last of each quarter; an older portal knows one only.
    op.execute(
        "DELETE FROM account_figures WHERE EXISTS (SELECT 1 FROM account_figures later "
        "WHERE later.distributor_id = account_figures.distributor_id "
        "AND later.quarter = account_figures.quarter AND later.no > account_figures.no)"
    )
    with op.batch_alter_table("account_figures") as batch_op:
        batch_op.drop_constraint(op.f("ck_account_figures_other_says_what"), type_="check")
        batch_op.drop_constraint(op.f("ck_account_figures_due_within_the_closing"), type_="check")
        batch_op.drop_constraint(op.f("uq_account_figures_distributor_id_quarter_no"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_account_figures_distributor_id_quarter"), ["distributor_id", "quarter"]
        )
        batch_op.drop_column("reason")
        batch_op.drop_column("no")
