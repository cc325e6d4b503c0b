"""A year's attendance is read from an index of the invitations (M1).

Revision: 0044, after 0043
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

INDEX = "ix_meeting_invitation_distributor_id"


def upgrade() -> None:
    op.drop_index(INDEX, "meeting_invitation")
    op.create_index(INDEX, "meeting_invitation", ["distributor_id", "meeting_id", "reply", "withdrawn_at"])


def downgrade() -> None:
    op.drop_index(INDEX, "meeting_invitation")
    op.create_index(INDEX, "meeting_invitation", ["distributor_id"])
