"""A number noted of a payment is mended by a new entry; the old one stays.

Revision: 0033, after 0032
"""

import sqlalchemy as sa
from alembic import op

from portal.guarding import keep_whole, release

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OLD, _NEW = "uq_payout_mark_payout_id_what", "uq_payout_mark_payout_id_what_no"


def upgrade() -> None:
    release({"payout_mark": False})
    with op.batch_alter_table("payout_mark") as batch_op:
        batch_op.add_column(sa.Column("no", _WHOLE, nullable=False, server_default="1"))
        batch_op.drop_constraint(op.f(_OLD), type_="unique")
        batch_op.create_unique_constraint(op.f(_NEW), ["payout_id", "what", "no"])
    with op.batch_alter_table("payout_mark") as batch_op:
        batch_op.alter_column("no", existing_type=_WHOLE, server_default=None)
    keep_whole("payout_mark", [("payout_id", "what", "no")])


def downgrade() -> None:
    release({"payout_mark": False})
    # What holds is the last of each; an older portal knows one only.
    op.execute(
        "DELETE FROM payout_mark WHERE EXISTS (SELECT 1 FROM payout_mark later WHERE "
        "later.payout_id = payout_mark.payout_id AND later.what = payout_mark.what AND later.no > payout_mark.no)"
    )
    with op.batch_alter_table("payout_mark") as batch_op:
        batch_op.drop_constraint(op.f(_NEW), type_="unique")
        batch_op.create_unique_constraint(op.f(_OLD), ["payout_id", "what"])
        batch_op.drop_column("no")
    keep_whole("payout_mark", [("payout_id", "what")])
