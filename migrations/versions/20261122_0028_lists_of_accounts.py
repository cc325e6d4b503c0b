"""Lists of accounts that finance hands in for a quarter.

Revision: 0028, after 0027
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('handed_in_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('mapping', sa.JSON(), nullable=False),
    sa.Column('headings', sa.JSON(), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('applied_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_account_import_by_id_user_account')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_account_import_document_id_document')),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_account_import_job_id_job'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_import'))
    )
    with op.batch_alter_table('account_import', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_import_by_id'), ['by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_import_job_id'), ['job_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('account_import', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_import_job_id'))
        batch_op.drop_index(batch_op.f('ix_account_import_by_id'))

    op.drop_table('account_import')
