"""The link of an invitation dies when it is withdrawn (M1).

Revision: 0048, after 0047
"""

import sqlalchemy as sa
from alembic import op

from portal.guarding import keep_but, release

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_KEPT = (("id", "meeting_id", "distributor_id", "invited_at"), [("meeting_id", "distributor_id")])


def upgrade() -> None:
    release({"meeting_invitation": True})
    with op.batch_alter_table("meeting_invitation") as batch_op:
        batch_op.add_column(sa.Column("link_version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("meeting_invitation") as batch_op:
        batch_op.alter_column("link_version", existing_type=sa.Integer(), server_default=None)
    keep_but("meeting_invitation", *_KEPT)


def downgrade() -> None:
    release({"meeting_invitation": True})
    with op.batch_alter_table("meeting_invitation") as batch_op:
        batch_op.drop_column("link_version")
    keep_but("meeting_invitation", *_KEPT)
