"""The amendments of a price change are decided on as a list: hashes as submitted, spot checks, refusals that stay.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

COLUMNS = (
    ('amendment', 'sha256', sa.String(length=64), ''),
    ('amendment', 'changes', sa.JSON(), '[]'),
    ('amendment', 'refusal', sa.JSON(), '{}'),
    ('price_change', 'refused', sa.JSON(), '[]'),
)


def upgrade() -> None:
    op.create_table('amendment_check',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amendment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('drawn_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looked_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('looked_sha256', sa.String(length=64), nullable=False),
    sa.CheckConstraint("(looked_at IS NULL) = (looked_sha256 = '')", name=op.f('ck_amendment_check_looked_at_something')),
    sa.ForeignKeyConstraint(['amendment_id'], ['amendment.id'], name=op.f('fk_amendment_check_amendment_id_amendment')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_amendment_check_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_amendment_check')),
    sa.UniqueConstraint('amendment_id', 'user_id', name=op.f('uq_amendment_check_amendment_id_user_id'))
    )
    with op.batch_alter_table('amendment_check', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_amendment_check_user_id'), ['user_id'], unique=False)

    for table, column, kind, empty in COLUMNS:
        # Without a batch: SQLite would write the table anew.
        op.add_column(table, sa.Column(column, kind, server_default=empty, nullable=False))
    _keep_what_was_refused()


def _keep_what_was_refused() -> None:
    """What a task refused stood in its result, which is forgotten after a month."""
    job = sa.table('job', sa.column('id'), sa.column('kind'), sa.column('params', sa.JSON()), sa.column('result', sa.JSON()))
    change = sa.table('price_change', sa.column('id'), sa.column('refused', sa.JSON()))
    found: dict[int, list[object]] = {}
    done = sa.select(job.c.params, job.c.result).where(job.c.kind == 'agreements.price_change').order_by(job.c.id)
    for params, result in op.get_bind().execute(done).all():
        found.setdefault(params['change_id'], []).extend((result or {}).get('refused', []))
    for change_id, refused in found.items():
        op.get_bind().execute(sa.update(change).where(change.c.id == change_id).values(refused=refused))


def downgrade() -> None:
    for table, column, _kind, _empty in COLUMNS:
        op.drop_column(table, column)
    op.drop_table('amendment_check')
