"""files that jobs make.

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('job_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pieces', sa.Integer(), nullable=False),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('expires_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_job_file_job_id_job')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job_file'))
    )
    with op.batch_alter_table('job_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_file_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_file_job_id'), ['job_id'], unique=False)

    op.create_table('job_file_piece',
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['job_file.id'], name=op.f('fk_job_file_piece_file_id_job_file')),
    sa.PrimaryKeyConstraint('file_id', 'no', name=op.f('pk_job_file_piece'))
    )


def downgrade() -> None:
    op.drop_table('job_file_piece')
    with op.batch_alter_table('job_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_file_job_id'))
        batch_op.drop_index(batch_op.f('ix_job_file_expires_at'))

    op.drop_table('job_file')
