"""Where a user of the portal is reached: what invitations to meetings say (M1).

Revision: 0039, after 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("phone", sa.String(60), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("user_account", "phone")
