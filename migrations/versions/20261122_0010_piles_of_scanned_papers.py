"""Piles of scanned papers: files, pages, what each page is of, and what came back of what was due.

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('scan_pile',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_scan_pile_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_scan_pile_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_pile'))
    )
    with op.batch_alter_table('scan_pile', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scan_pile_by_id'), ['by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_scan_pile_region_id'), ['region_id'], unique=False)

    op.create_table('scan_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'read', 'refused', name='filestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=True),
    sa.Column('refusal', sa.String(length=300), nullable=False),
    sa.Column('refusal_params', sa.JSON(), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(state = 'refused') = (refusal <> '')", name=op.f('ck_scan_file_refused_for_a_reason')),
    sa.CheckConstraint("document_id IS NOT NULL OR state = 'refused'", name=op.f('ck_scan_file_kept_unless_refused')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_scan_file_document_id_document')),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_scan_file_job_id_job'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['pile_id'], ['scan_pile.id'], name=op.f('fk_scan_file_pile_id_scan_pile')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_file')),
    sa.UniqueConstraint('pile_id', 'no', name=op.f('uq_scan_file_pile_id_no'))
    )
    with op.batch_alter_table('scan_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scan_file_job_id'), ['job_id'], unique=False)

    op.create_table('scan_page',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('read', 'unread', 'blank', 'broken', name='pagekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('quarter_turns', sa.Integer(), nullable=False),
    sa.Column('preview_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('set_aside_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('set_aside_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('(set_aside_at IS NULL) = (set_aside_by_id IS NULL)', name=op.f('ck_scan_page_set_aside_by_somebody')),
    sa.CheckConstraint('quarter_turns >= 0 AND quarter_turns <= 3', name=op.f('ck_scan_page_quarter_turns_in_range')),
    sa.ForeignKeyConstraint(['file_id'], ['scan_file.id'], name=op.f('fk_scan_page_file_id_scan_file')),
    sa.ForeignKeyConstraint(['pile_id'], ['scan_pile.id'], name=op.f('fk_scan_page_pile_id_scan_pile')),
    sa.ForeignKeyConstraint(['preview_id'], ['document.id'], name=op.f('fk_scan_page_preview_id_document')),
    sa.ForeignKeyConstraint(['set_aside_by_id'], ['user_account.id'], name=op.f('fk_scan_page_set_aside_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_page')),
    sa.UniqueConstraint('file_id', 'no', name=op.f('uq_scan_page_file_id_no'))
    )
    with op.batch_alter_table('scan_page', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scan_page_pile_id'), ['pile_id'], unique=False)

    op.create_table('scan_return',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_due', sa.Boolean(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('filed_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('refusal', sa.String(length=300), nullable=False),
    sa.Column('refusal_params', sa.JSON(), nullable=False),
    sa.CheckConstraint('(filed_at IS NULL) = (filed_by_id IS NULL)', name=op.f('ck_scan_return_filed_by_somebody')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_scan_return_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['user_account.id'], name=op.f('fk_scan_return_filed_by_id_user_account')),
    sa.ForeignKeyConstraint(['pile_id'], ['scan_pile.id'], name=op.f('fk_scan_return_pile_id_scan_pile')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_return')),
    sa.UniqueConstraint('pile_id', 'agreement_id', name=op.f('uq_scan_return_pile_id_agreement_id'))
    )
    with op.batch_alter_table('scan_return', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scan_return_agreement_id'), ['agreement_id'], unique=False)

    op.create_table('scan_mark',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('page_no', sa.Integer(), nullable=False),
    sa.Column('paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('placed_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('placed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)', name=op.f('ck_scan_mark_withdrawn_by_somebody')),
    sa.CheckConstraint('page_no > 0', name=op.f('ck_scan_mark_page_no_positive')),
    sa.ForeignKeyConstraint(['page_id'], ['scan_page.id'], name=op.f('fk_scan_mark_page_id_scan_page')),
    sa.ForeignKeyConstraint(['paper_id'], ['agreement_paper.id'], name=op.f('fk_scan_mark_paper_id_agreement_paper')),
    sa.ForeignKeyConstraint(['placed_by_id'], ['user_account.id'], name=op.f('fk_scan_mark_placed_by_id_user_account')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['user_account.id'], name=op.f('fk_scan_mark_withdrawn_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_mark'))
    )
    with op.batch_alter_table('scan_mark', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scan_mark_page_id'), ['page_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_scan_mark_paper_id'), ['paper_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('scan_mark', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_mark_paper_id'))
        batch_op.drop_index(batch_op.f('ix_scan_mark_page_id'))

    op.drop_table('scan_mark')
    with op.batch_alter_table('scan_return', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_return_agreement_id'))

    op.drop_table('scan_return')
    with op.batch_alter_table('scan_page', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_page_pile_id'))

    op.drop_table('scan_page')
    with op.batch_alter_table('scan_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_file_job_id'))

    op.drop_table('scan_file')
    with op.batch_alter_table('scan_pile', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scan_pile_region_id'))
        batch_op.drop_index(batch_op.f('ix_scan_pile_by_id'))

    op.drop_table('scan_pile')
