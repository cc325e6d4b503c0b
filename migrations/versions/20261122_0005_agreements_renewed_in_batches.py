"""Agreements renewed in batches: what is chosen, changed, drafted and spot-checked together.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agreement_batch',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chosen_by', sa.JSON(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('changes_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['user_account.id'], name=op.f('fk_agreement_batch_owner_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_agreement_batch_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_batch'))
    )
    with op.batch_alter_table('agreement_batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_batch_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_batch_region_id'), ['region_id'], unique=False)

    op.create_table('agreement_batch_row',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('earlier_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('left_out_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('left_out_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('left_out_reason', sa.String(length=200), nullable=False),
    sa.Column('exceptions', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('trouble', sa.Enum('none', 'holes', 'blocked', name='trouble', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('weight', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('checked_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('checked_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('refusal', sa.JSON(), nullable=False),
    sa.CheckConstraint("(left_out_at IS NULL) = (left_out_by_id IS NULL) AND (left_out_at IS NULL) = (left_out_reason = '')", name=op.f('ck_agreement_batch_row_left_out_by_somebody')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_batch_row_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['batch_id'], ['agreement_batch.id'], name=op.f('fk_agreement_batch_row_batch_id_agreement_batch')),
    sa.ForeignKeyConstraint(['earlier_id'], ['agreement.id'], name=op.f('fk_agreement_batch_row_earlier_id_agreement')),
    sa.ForeignKeyConstraint(['left_out_by_id'], ['user_account.id'], name=op.f('fk_agreement_batch_row_left_out_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_batch_row')),
    sa.UniqueConstraint('agreement_id', name=op.f('uq_agreement_batch_row_agreement_id')),
    sa.UniqueConstraint('batch_id', 'earlier_id', name=op.f('uq_agreement_batch_row_batch_id_earlier_id'))
    )
    with op.batch_alter_table('agreement_batch_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_batch_row_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_batch_row_earlier_id'), ['earlier_id'], unique=False)

    op.create_table('agreement_batch_check',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('row_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_drawn', sa.Boolean(), nullable=False),
    sa.Column('drawn_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looked_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('looked_sha256', sa.String(length=64), nullable=False),
    sa.CheckConstraint("(looked_at IS NULL) = (looked_sha256 = '')", name=op.f('ck_agreement_batch_check_looked_at_something')),
    sa.ForeignKeyConstraint(['row_id'], ['agreement_batch_row.id'], name=op.f('fk_agreement_batch_check_row_id_agreement_batch_row')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_agreement_batch_check_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_batch_check')),
    sa.UniqueConstraint('row_id', 'user_id', name=op.f('uq_agreement_batch_check_row_id_user_id'))
    )
    with op.batch_alter_table('agreement_batch_check', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_batch_check_user_id'), ['user_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('agreement_batch_check', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_batch_check_user_id'))

    op.drop_table('agreement_batch_check')
    with op.batch_alter_table('agreement_batch_row', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_batch_row_earlier_id'))
        batch_op.drop_index(batch_op.f('ix_agreement_batch_row_batch_id'))

    op.drop_table('agreement_batch_row')
    with op.batch_alter_table('agreement_batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_batch_region_id'))
        batch_op.drop_index(batch_op.f('ix_agreement_batch_owner_id'))

    op.drop_table('agreement_batch')
