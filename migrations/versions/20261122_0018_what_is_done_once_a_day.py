"""what is done once a day.

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('daily_deed',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.Column('tried_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_daily_deed'))
    )


def downgrade() -> None:
    op.drop_table('daily_deed')
