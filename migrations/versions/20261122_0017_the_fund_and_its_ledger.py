"""The fund: purchases and what they accrue, quarters and releases, and the ledger under them.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, refuse_to_lose, release

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('ledger_seal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('heads', sa.JSON(), nullable=False),
    sa.Column('hmac', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_seal')),
    sa.UniqueConstraint('day', name=op.f('uq_ledger_seal_day'))
    )
    op.create_table('ledger_verification',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('transfers', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('books', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('took_ms', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('break_msgid', sa.String(length=200), nullable=False),
    sa.Column('break_params', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_verification'))
    )
    op.create_table('purchase',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_number', sa.String(length=40), nullable=False),
    sa.Column('line_no', sa.Integer(), nullable=False),
    sa.Column('purchased_on', sa.Date(), nullable=False),
    sa.Column('quantity_milli', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('returns_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('entered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entered_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('unprotected', sa.Enum('no_agreement', 'not_signed', 'before_term', 'after_term', 'not_covered', 'return', name='unprotected', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.CheckConstraint('(returns_id IS NULL) = (amount_fen > 0)', name=op.f('ck_purchase_returns_are_negative')),
    sa.CheckConstraint('amount_fen <> 0', name=op.f('ck_purchase_amount_not_zero')),
    sa.CheckConstraint('line_no > 0', name=op.f('ck_purchase_line_no_positive')),
    sa.CheckConstraint('quantity_milli IS NULL OR quantity_milli > 0', name=op.f('ck_purchase_quantity_positive')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_purchase_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user_account.id'], name=op.f('fk_purchase_entered_by_id_user_account')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_purchase_product_id_product')),
    sa.ForeignKeyConstraint(['returns_id'], ['purchase.id'], name=op.f('fk_purchase_returns_id_purchase')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purchase')),
    sa.UniqueConstraint('document_number', 'line_no', name=op.f('uq_purchase_document_number_line_no'))
    )
    with op.batch_alter_table('purchase', schema=None) as batch_op:
        batch_op.create_index('ix_purchase_distributor_id_purchased_on', ['distributor_id', 'purchased_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_purchase_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_purchase_purchased_on'), ['purchased_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_purchase_returns_id'), ['returns_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_purchase_unprotected'), ['unprotected'], unique=False)

    op.create_table('fund_deduction',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('case_part', sa.String(length=20), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('base_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount_fen >= 0 AND amount_fen <= base_fen', name=op.f('ck_fund_deduction_at_most_the_base')),
    sa.CheckConstraint('award_ppm >= 0 AND award_ppm <= 1000000', name=op.f('ck_fund_deduction_award_in_range')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_fund_deduction_agreement_id_agreement')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fund_deduction')),
    sa.UniqueConstraint('agreement_id', 'quarter', 'case_part', name=op.f('uq_fund_deduction_agreement_id_quarter_case_part'))
    )
    op.create_table('fund_hold',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('case_part', sa.String(length=20), nullable=False),
    sa.Column('since_on', sa.Date(), nullable=False),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_fund_hold_agreement_id_agreement')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fund_hold')),
    sa.UniqueConstraint('agreement_id', 'quarter', 'case_part', name=op.f('uq_fund_hold_agreement_id_quarter_case_part'))
    )
    op.create_table('fund_release',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('interest_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('released_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('amount_fen >= 0 AND interest_fen >= 0', name=op.f('ck_fund_release_sums_not_negative')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_fund_release_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_fund_release_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fund_release')),
    sa.UniqueConstraint('agreement_id', 'quarter', name=op.f('uq_fund_release_agreement_id_quarter'))
    )
    with op.batch_alter_table('fund_release', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fund_release_quarter'), ['quarter'], unique=False)

    op.create_table('ledger_book',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_ledger_book_agreement_id_agreement')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_book')),
    sa.UniqueConstraint('agreement_id', name=op.f('uq_ledger_book_agreement_id'))
    )
    op.create_table('purchase_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purchase_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['purchase_id'], ['purchase.id'], name=op.f('fk_purchase_code_purchase_id_purchase')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purchase_code')),
    sa.UniqueConstraint('purchase_id', 'code', name=op.f('uq_purchase_code_purchase_id_code'))
    )
    with op.batch_alter_table('purchase_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_purchase_code_code'), ['code'], unique=False)

    op.create_table('quarter_close',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_quarter_close_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_quarter_close_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarter_close')),
    sa.UniqueConstraint('agreement_id', 'quarter', name=op.f('uq_quarter_close_agreement_id_quarter'))
    )
    with op.batch_alter_table('quarter_close', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_quarter_close_quarter'), ['quarter'], unique=False)

    op.create_table('accrual',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purchase_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('terms_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('rebate_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('base_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fund_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('base_fen + fund_fen = rebate_fen', name=op.f('ck_accrual_parts_make_the_whole')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_accrual_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['purchase_id'], ['purchase.id'], name=op.f('fk_accrual_purchase_id_purchase')),
    sa.ForeignKeyConstraint(['terms_id'], ['agreement_terms.id'], name=op.f('fk_accrual_terms_id_agreement_terms')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accrual')),
    sa.UniqueConstraint('purchase_id', name=op.f('uq_accrual_purchase_id'))
    )
    with op.batch_alter_table('accrual', schema=None) as batch_op:
        batch_op.create_index('ix_accrual_agreement_id_booked_on', ['agreement_id', 'booked_on'], unique=False)
        batch_op.create_index('ix_accrual_agreement_id_quarter', ['agreement_id', 'quarter'], unique=False)

    op.create_table('deduction_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('deduction_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('purchase_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('base_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('base_fen >= 0 AND amount_fen >= 0', name=op.f('ck_deduction_change_sums_not_negative')),
    sa.ForeignKeyConstraint(['deduction_id'], ['fund_deduction.id'], name=op.f('fk_deduction_change_deduction_id_fund_deduction')),
    sa.ForeignKeyConstraint(['purchase_id'], ['purchase.id'], name=op.f('fk_deduction_change_purchase_id_purchase')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deduction_change')),
    sa.UniqueConstraint('deduction_id', 'no', name=op.f('uq_deduction_change_deduction_id_no'))
    )
    op.create_table('ledger_account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('rebate', 'base', 'fund', 'released', 'award', 'unawarded', 'clawback', 'borne', 'interest', 'interest_due', 'money', 'credit_note', 'goods', name='accountkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('part', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['book_id'], ['ledger_book.id'], name=op.f('fk_ledger_account_book_id_ledger_book')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_account')),
    sa.UniqueConstraint('book_id', 'kind', 'part', name=op.f('uq_ledger_account_book_id_kind_part'))
    )
    op.create_table('transfer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('accrue_base', 'accrue_fund', 'reverse_base', 'reverse_fund', 'reverse_deduction', 'claw_back_base', 'claw_back_fund', 'release', 'interest', 'deduct', 'restore', 'pay', 'offset', 'collect', 'correct', name='transferkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('debit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('source', sa.String(length=30), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reverses_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts', sa.String(length=64), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_transfer_amount_positive')),
    sa.CheckConstraint('debit_id <> credit_id', name=op.f('ck_transfer_two_accounts')),
    sa.ForeignKeyConstraint(['book_id'], ['ledger_book.id'], name=op.f('fk_transfer_book_id_ledger_book')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_transfer_by_id_user_account')),
    sa.ForeignKeyConstraint(['credit_id'], ['ledger_account.id'], name=op.f('fk_transfer_credit_id_ledger_account')),
    sa.ForeignKeyConstraint(['debit_id'], ['ledger_account.id'], name=op.f('fk_transfer_debit_id_ledger_account')),
    sa.ForeignKeyConstraint(['reverses_id'], ['transfer.id'], name=op.f('fk_transfer_reverses_id_transfer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer')),
    sa.UniqueConstraint('book_id', 'no', name=op.f('uq_transfer_book_id_no')),
    sa.UniqueConstraint('key', name=op.f('uq_transfer_key')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_transfer_reverses_id'))
    )
    with op.batch_alter_table('transfer', schema=None) as batch_op:
        batch_op.create_index('ix_transfer_book_id_booked_on', ['book_id', 'booked_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_transfer_credit_id'), ['credit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_transfer_debit_id'), ['debit_id'], unique=False)
        batch_op.create_index('ix_transfer_source_source_id', ['source', 'source_id'], unique=False)
    guard()


def guard() -> None:
    """Money that was booked stays as it was booked; what corrects it is another row."""
    keep_but("ledger_book", ("id", "agreement_id"), [("agreement_id",)])
    keep_whole("ledger_account", [("book_id", "kind", "part")])
    keep_whole("transfer", [("key",), ("book_id", "no")])
    keep_whole("ledger_seal", [("day",)])
    keep_whole("ledger_verification")
    keep_but(
        "purchase",
        (
            "id", "distributor_id", "product_id", "document_number", "line_no", "purchased_on",
            "quantity_milli", "amount_fen", "returns_id", "note", "entered_by_id", "entered_at",
        ),
        [("document_number", "line_no")],
    )  # fmt: skip
    keep_whole("purchase_code", [("purchase_id", "code")])
    keep_whole("accrual", [("purchase_id",)])
    keep_whole("quarter_close", [("agreement_id", "quarter")])
    keep_whole("fund_release", [("agreement_id", "quarter")])
    keep_but(
        "fund_hold",
        ("id", "agreement_id", "quarter", "case_part", "since_on"),
        [("agreement_id", "quarter", "case_part")],
    )
    keep_whole("fund_deduction", [("agreement_id", "quarter", "case_part")])
    keep_whole("deduction_change", [("deduction_id", "no")])


def downgrade() -> None:
    refuse_to_lose("purchase")
    refuse_to_lose("transfer")
    partly = {"ledger_book", "purchase", "fund_hold"}
    guarded = (
        "ledger_book", "ledger_account", "transfer", "ledger_seal", "ledger_verification", "purchase",
        "purchase_code", "accrual", "quarter_close", "fund_release", "fund_hold", "fund_deduction",
        "deduction_change",
    )  # fmt: skip
    release({table: table in partly for table in guarded})
    with op.batch_alter_table('transfer', schema=None) as batch_op:
        batch_op.drop_index('ix_transfer_source_source_id')
        batch_op.drop_index(batch_op.f('ix_transfer_debit_id'))
        batch_op.drop_index(batch_op.f('ix_transfer_credit_id'))
        batch_op.drop_index('ix_transfer_book_id_booked_on')

    op.drop_table('transfer')
    op.drop_table('ledger_account')
    op.drop_table('deduction_change')
    with op.batch_alter_table('accrual', schema=None) as batch_op:
        batch_op.drop_index('ix_accrual_agreement_id_quarter')
        batch_op.drop_index('ix_accrual_agreement_id_booked_on')

    op.drop_table('accrual')
    with op.batch_alter_table('quarter_close', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_quarter_close_quarter'))

    op.drop_table('quarter_close')
    with op.batch_alter_table('purchase_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_purchase_code_code'))

    op.drop_table('purchase_code')
    op.drop_table('ledger_book')
    with op.batch_alter_table('fund_release', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_fund_release_quarter'))

    op.drop_table('fund_release')
    op.drop_table('fund_hold')
    op.drop_table('fund_deduction')
    with op.batch_alter_table('purchase', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_purchase_unprotected'))
        batch_op.drop_index(batch_op.f('ix_purchase_returns_id'))
        batch_op.drop_index(batch_op.f('ix_purchase_purchased_on'))
        batch_op.drop_index(batch_op.f('ix_purchase_product_id'))
        batch_op.drop_index('ix_purchase_distributor_id_purchased_on')

    op.drop_table('purchase')
    op.drop_table('ledger_verification')
    op.drop_table('ledger_seal')
