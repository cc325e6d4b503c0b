"""Jobs, their finished parts and the workers; an import's task and its columns.

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('job_worker',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('started_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('beat_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_job_worker'))
    )
    op.create_table('job',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('params', sa.JSON(), nullable=False),
    sa.Column('state', sa.Enum('queued', 'running', 'done', 'failed', 'cancelled', name='jobstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('asked_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('sent_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('started_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cancel_asked_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cancel_asked_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('crashes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('worker', sa.String(length=80), nullable=False),
    sa.Column('leased_until', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('done', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.Column('error_params', sa.JSON(), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('expires_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'running') = (leased_until IS NOT NULL)", name=op.f('ck_job_leased_while_running')),
    sa.CheckConstraint("(state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)", name=op.f('ck_job_ended_at_an_instant')),
    sa.CheckConstraint('done >= 0 AND total >= 0 AND attempts >= 0 AND crashes >= 0', name=op.f('ck_job_counts_not_negative')),
    sa.ForeignKeyConstraint(['cancel_asked_by_id'], ['user_account.id'], name=op.f('fk_job_cancel_asked_by_id_user_account')),
    sa.ForeignKeyConstraint(['owner_id'], ['user_account.id'], name=op.f('fk_job_owner_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_job_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job'))
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_state'), ['state'], unique=False)

    op.create_table('job_step',
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_job_step_job_id_job')),
    sa.PrimaryKeyConstraint('job_id', 'no', name=op.f('pk_job_step'))
    )
    with op.batch_alter_table('distributor_import', schema=None) as batch_op:
        batch_op.add_column(sa.Column('headings', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index(batch_op.f('ix_distributor_import_job_id'), ['job_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_distributor_import_job_id_job'), 'job', ['job_id'], ['id'], ondelete='SET NULL')

    # Only the rows there are need it; the models give the value themselves.
    with op.batch_alter_table('distributor_import', schema=None) as batch_op:
        batch_op.alter_column('headings', existing_type=sa.JSON(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('distributor_import', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_distributor_import_job_id_job'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_distributor_import_job_id'))
        batch_op.drop_column('job_id')
        batch_op.drop_column('headings')

    op.drop_table('job_step')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_state'))
        batch_op.drop_index(batch_op.f('ix_job_region_id'))
        batch_op.drop_index(batch_op.f('ix_job_owner_id'))
        batch_op.drop_index(batch_op.f('ix_job_expires_at'))

    op.drop_table('job')
    op.drop_table('job_worker')
