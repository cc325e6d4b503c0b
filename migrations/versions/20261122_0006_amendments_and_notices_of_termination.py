"""amendments and notices of termination.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('price_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=100), nullable=False),
    sa.Column('rule', sa.JSON(), nullable=False),
    sa.Column('agreement_ids', sa.JSON(), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['user_account.id'], name=op.f('fk_price_change_author_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_price_change_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_change'))
    )
    with op.batch_alter_table('price_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_price_change_author_id'), ['author_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_price_change_region_id'), ['region_id'], unique=False)

    op.create_table('amendment',
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=100), nullable=False),
    sa.Column('says', sa.JSON(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('counsel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('counsel_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('counsel_sha256', sa.String(length=64), nullable=True),
    sa.Column('price_change_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('submitted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.Enum('draft', 'submitted', 'approved', 'signed', 'served', 'void', name='deedstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(status = 'signed') = (signed_on IS NOT NULL)", name=op.f('ck_amendment_signed_on_a_day')),
    sa.CheckConstraint('no > 0', name=op.f('ck_amendment_no_positive')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_amendment_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['author_id'], ['user_account.id'], name=op.f('fk_amendment_author_id_user_account')),
    sa.ForeignKeyConstraint(['counsel_id'], ['user_account.id'], name=op.f('fk_amendment_counsel_id_user_account')),
    sa.ForeignKeyConstraint(['price_change_id'], ['price_change.id'], name=op.f('fk_amendment_price_change_id_price_change')),
    sa.ForeignKeyConstraint(['submitted_by_id'], ['user_account.id'], name=op.f('fk_amendment_submitted_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_amendment_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_amendment'))
    )
    with op.batch_alter_table('amendment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_amendment_agreement_id'), ['agreement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_amendment_author_id'), ['author_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_amendment_price_change_id'), ['price_change_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_amendment_status'), ['status'], unique=False)
        batch_op.create_index('uq_amendment_no_in_force', ['agreement_id', 'no'], unique=True, sqlite_where=sa.text("status <> 'void'"), postgresql_where=sa.text("status <> 'void'"))
        batch_op.create_index('uq_amendment_open', ['agreement_id'], unique=True, sqlite_where=sa.text("status IN ('draft', 'submitted', 'approved')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'approved')"))

    op.create_table('termination',
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('sender', sa.Enum('manufacturer', 'distributor', name='sender', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('ground', sa.Enum('notice', 'breach', 'insolvency', 'force_majeure', name='ground', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('notice_on', sa.Date(), nullable=False),
    sa.Column('expected_on', sa.Date(), nullable=False),
    sa.Column('terminates_on', sa.Date(), nullable=False),
    sa.Column('demanded_on', sa.Date(), nullable=True),
    sa.Column('balance_on', sa.Date(), nullable=False),
    sa.Column('fund_balance_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fund_suspended_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clawback_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_debt_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('open_cases', sa.String(length=200), nullable=False),
    sa.Column('handover_on', sa.Date(), nullable=False),
    sa.Column('handover_items', sa.String(length=300), nullable=False),
    sa.Column('is_downstream_supplied', sa.Boolean(), nullable=False),
    sa.Column('is_reconciled', sa.Boolean(), nullable=False),
    sa.Column('first_approver_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('first_approved_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('first_sha256', sa.String(length=64), nullable=True),
    sa.Column('served_on', sa.Date(), nullable=True),
    sa.Column('served_how', sa.Enum('courier', 'in_person', 'refused', name='service', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('served_note', sa.String(length=100), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('submitted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.Enum('draft', 'submitted', 'approved', 'signed', 'served', 'void', name='deedstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(status = 'served') = (served_on IS NOT NULL)", name=op.f('ck_termination_served_on_a_day')),
    sa.CheckConstraint('(first_approver_id IS NULL) = (first_sha256 IS NULL)', name=op.f('ck_termination_first_approval_of_something')),
    sa.CheckConstraint('fund_balance_fen >= 0 AND fund_suspended_fen >= 0 AND clawback_fen >= 0 AND due_debt_fen >= 0', name=op.f('ck_termination_sums_not_negative')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_termination_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['author_id'], ['user_account.id'], name=op.f('fk_termination_author_id_user_account')),
    sa.ForeignKeyConstraint(['first_approver_id'], ['user_account.id'], name=op.f('fk_termination_first_approver_id_user_account')),
    sa.ForeignKeyConstraint(['submitted_by_id'], ['user_account.id'], name=op.f('fk_termination_submitted_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_termination_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_termination')),
    sa.UniqueConstraint('number', name=op.f('uq_termination_number'))
    )
    with op.batch_alter_table('termination', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_termination_agreement_id'), ['agreement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_termination_author_id'), ['author_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_termination_status'), ['status'], unique=False)
        batch_op.create_index('uq_termination_open', ['agreement_id'], unique=True, sqlite_where=sa.text("status IN ('draft', 'submitted', 'approved')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'approved')"))

    op.create_table('deed_paper',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amendment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('termination_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('payload_sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(amendment_id IS NULL) <> (termination_id IS NULL)', name=op.f('ck_deed_paper_of_one_deed')),
    sa.ForeignKeyConstraint(['amendment_id'], ['amendment.id'], name=op.f('fk_deed_paper_amendment_id_amendment')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_deed_paper_document_id_document')),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_deed_paper_made_by_id_user_account')),
    sa.ForeignKeyConstraint(['termination_id'], ['termination.id'], name=op.f('fk_deed_paper_termination_id_termination')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deed_paper')),
    sa.UniqueConstraint('amendment_id', 'no', name=op.f('uq_deed_paper_amendment_id_no')),
    sa.UniqueConstraint('code', name=op.f('uq_deed_paper_code')),
    sa.UniqueConstraint('termination_id', 'no', name=op.f('uq_deed_paper_termination_id_no'))
    )
    op.create_table('deed_scan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amendment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('termination_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('filed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('(amendment_id IS NULL) <> (termination_id IS NULL)', name=op.f('ck_deed_scan_of_one_deed')),
    sa.ForeignKeyConstraint(['amendment_id'], ['amendment.id'], name=op.f('fk_deed_scan_amendment_id_amendment')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_deed_scan_document_id_document')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['user_account.id'], name=op.f('fk_deed_scan_filed_by_id_user_account')),
    sa.ForeignKeyConstraint(['termination_id'], ['termination.id'], name=op.f('fk_deed_scan_termination_id_termination')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deed_scan'))
    )
    with op.batch_alter_table('deed_scan', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deed_scan_amendment_id'), ['amendment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deed_scan_termination_id'), ['termination_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('deed_scan', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deed_scan_termination_id'))
        batch_op.drop_index(batch_op.f('ix_deed_scan_amendment_id'))

    op.drop_table('deed_scan')
    op.drop_table('deed_paper')
    with op.batch_alter_table('termination', schema=None) as batch_op:
        batch_op.drop_index('uq_termination_open', sqlite_where=sa.text("status IN ('draft', 'submitted', 'approved')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'approved')"))
        batch_op.drop_index(batch_op.f('ix_termination_status'))
        batch_op.drop_index(batch_op.f('ix_termination_author_id'))
        batch_op.drop_index(batch_op.f('ix_termination_agreement_id'))

    op.drop_table('termination')
    with op.batch_alter_table('amendment', schema=None) as batch_op:
        batch_op.drop_index('uq_amendment_open', sqlite_where=sa.text("status IN ('draft', 'submitted', 'approved')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'approved')"))
        batch_op.drop_index('uq_amendment_no_in_force', sqlite_where=sa.text("status <> 'void'"), postgresql_where=sa.text("status <> 'void'"))
        batch_op.drop_index(batch_op.f('ix_amendment_status'))
        batch_op.drop_index(batch_op.f('ix_amendment_price_change_id'))
        batch_op.drop_index(batch_op.f('ix_amendment_author_id'))
        batch_op.drop_index(batch_op.f('ix_amendment_agreement_id'))

    op.drop_table('amendment')
    with op.batch_alter_table('price_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_price_change_region_id'))
        batch_op.drop_index(batch_op.f('ix_price_change_author_id'))

    op.drop_table('price_change')
