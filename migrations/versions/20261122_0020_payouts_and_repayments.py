"""Payouts and repayments, what is noted of them, their corrections, and statements received.

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_whole, refuse_to_lose, release

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('payout_list',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('asked', sa.String(length=64), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_payout_list_made_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout_list')),
    sa.UniqueConstraint('key', name=op.f('uq_payout_list_key')),
    sa.UniqueConstraint('number', name=op.f('uq_payout_list_number'))
    )
    op.create_table('clawback_notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_clawback_notice_amount_positive')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_clawback_notice_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_clawback_notice_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clawback_notice'))
    )
    with op.batch_alter_table('clawback_notice', schema=None) as batch_op:
        batch_op.create_index('ix_clawback_notice_agreement_id', ['agreement_id'], unique=False)

    op.create_table('payout',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('base', 'released', 'interest', 'award', 'unawarded', name='payoutkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('part', sa.String(length=20), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('offset_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('means', sa.Enum('money', 'credit_note', 'goods', name='means', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=False),
    sa.Column('payee', sa.String(length=100), nullable=False),
    sa.Column('bank_name', sa.String(length=60), nullable=False),
    sa.Column('bank_account', sa.String(length=40), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'base') = (part = '')", name=op.f('ck_payout_part_by_kind')),
    sa.CheckConstraint("offset_fen = 0 OR kind IN ('base', 'released')", name=op.f('ck_payout_only_rebates_are_set_off')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_payout_amount_positive')),
    sa.CheckConstraint('offset_fen >= 0 AND offset_fen <= amount_fen', name=op.f('ck_payout_offset_within_the_amount')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_payout_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['list_id'], ['payout_list.id'], name=op.f('fk_payout_list_id_payout_list')),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_payout_made_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout')),
    sa.UniqueConstraint('number', name=op.f('uq_payout_number'))
    )
    with op.batch_alter_table('payout', schema=None) as batch_op:
        batch_op.create_index('ix_payout_agreement_id_kind', ['agreement_id', 'kind'], unique=False)
        batch_op.create_index(batch_op.f('ix_payout_list_id'), ['list_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_payout_paid_on'), ['paid_on'], unique=False)

    op.create_table('repayment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('means', sa.Enum('money', 'credit_note', 'goods', name='means', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('reference', sa.String(length=60), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("means <> 'goods'", name=op.f('ck_repayment_not_in_goods')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_repayment_amount_positive')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_repayment_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_repayment_made_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_repayment')),
    sa.UniqueConstraint('key', name=op.f('uq_repayment_key')),
    sa.UniqueConstraint('number', name=op.f('uq_repayment_number'))
    )
    with op.batch_alter_table('repayment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_repayment_agreement_id'), ['agreement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_repayment_received_on'), ['received_on'], unique=False)

    op.create_table('payment_correction',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payout_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('repayment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('corrected_on', sa.Date(), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(payout_id IS NULL) <> (repayment_id IS NULL)', name=op.f('ck_payment_correction_of_one')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_payment_correction_by_id_user_account')),
    sa.ForeignKeyConstraint(['payout_id'], ['payout.id'], name=op.f('fk_payment_correction_payout_id_payout')),
    sa.ForeignKeyConstraint(['repayment_id'], ['repayment.id'], name=op.f('fk_payment_correction_repayment_id_repayment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_correction')),
    sa.UniqueConstraint('payout_id', name=op.f('uq_payment_correction_payout_id')),
    sa.UniqueConstraint('repayment_id', name=op.f('uq_payment_correction_repayment_id'))
    )
    op.create_table('payout_mark',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payout_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('what', sa.Enum('invoice', 'reference', name='mark', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('value', sa.String(length=60), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_payout_mark_by_id_user_account')),
    sa.ForeignKeyConstraint(['payout_id'], ['payout.id'], name=op.f('fk_payout_mark_payout_id_payout')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout_mark')),
    sa.UniqueConstraint('payout_id', 'what', name=op.f('uq_payout_mark_payout_id_what'))
    )
    with op.batch_alter_table('payout_mark', schema=None) as batch_op:
        batch_op.create_index('ix_payout_mark_value', ['value'], unique=False)

    keep_whole("payout_list", [("number",), ("key",)])
    keep_whole("payout", [("number",)])
    keep_whole("payout_mark", [("payout_id", "what")])
    keep_whole("repayment", [("number",), ("key",)])
    keep_whole("payment_correction", [("payout_id",), ("repayment_id",)])
    keep_whole("clawback_notice")



def downgrade() -> None:
    refuse_to_lose("payout")
    refuse_to_lose("repayment")
    release(
        dict.fromkeys(
            ("payout_list", "payout", "payout_mark", "repayment", "payment_correction", "clawback_notice"), False
        )
    )
    with op.batch_alter_table('payout_mark', schema=None) as batch_op:
        batch_op.drop_index('ix_payout_mark_value')

    op.drop_table('payout_mark')
    op.drop_table('payment_correction')
    with op.batch_alter_table('repayment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_repayment_received_on'))
        batch_op.drop_index(batch_op.f('ix_repayment_agreement_id'))

    op.drop_table('repayment')
    with op.batch_alter_table('payout', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_payout_paid_on'))
        batch_op.drop_index(batch_op.f('ix_payout_list_id'))
        batch_op.drop_index('ix_payout_agreement_id_kind')

    op.drop_table('payout')
    with op.batch_alter_table('clawback_notice', schema=None) as batch_op:
        batch_op.drop_index('ix_clawback_notice_agreement_id')

    op.drop_table('clawback_notice')
    op.drop_table('payout_list')
