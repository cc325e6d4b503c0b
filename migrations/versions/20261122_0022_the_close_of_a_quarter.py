"""The close of a quarter: what two people agreed on, statements, what came back of them, and accounts.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, refuse_to_lose, release

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('quarter_proposal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stage', sa.Enum('proposed', 'confirmed', 'done', 'withdrawn', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('agreements', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('release_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('proposed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('proposed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('confirmed_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('done_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.CheckConstraint("(stage = 'done') = (done_at IS NOT NULL)", name=op.f('ck_quarter_proposal_done_at_an_instant')),
    sa.CheckConstraint("stage NOT IN ('confirmed', 'done') OR confirmed_at IS NOT NULL", name=op.f('ck_quarter_proposal_done_when_confirmed')),
    sa.CheckConstraint('(confirmed_by_id IS NULL) = (confirmed_at IS NULL)', name=op.f('ck_quarter_proposal_confirmed_at_an_instant')),
    sa.CheckConstraint('confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id', name=op.f('ck_quarter_proposal_two_people')),
    sa.ForeignKeyConstraint(['confirmed_by_id'], ['user_account.id'], name=op.f('fk_quarter_proposal_confirmed_by_id_user_account')),
    sa.ForeignKeyConstraint(['proposed_by_id'], ['user_account.id'], name=op.f('fk_quarter_proposal_proposed_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_quarter_proposal_region_id_region')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['user_account.id'], name=op.f('fk_quarter_proposal_withdrawn_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarter_proposal'))
    )
    with op.batch_alter_table('quarter_proposal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_quarter_proposal_quarter'), ['quarter'], unique=False)
        batch_op.create_index(batch_op.f('ix_quarter_proposal_region_id'), ['region_id'], unique=False)
        batch_op.create_index('uq_quarter_proposal_open', ['quarter', 'region_id'], unique=True, sqlite_where=sa.text("stage IN ('proposed', 'confirmed')"), postgresql_where=sa.text("stage IN ('proposed', 'confirmed')"))

    op.create_table('account_figures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('opening_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('goods_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('returns_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payments_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rebates_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('note', sa.String(length=100), nullable=False),
    sa.Column('entered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entered_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('goods_fen >= 0 AND returns_fen >= 0 AND payments_fen >= 0 AND rebates_fen >= 0 AND due_fen >= 0', name=op.f('ck_account_figures_sums_not_negative')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_account_figures_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user_account.id'], name=op.f('fk_account_figures_entered_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_figures')),
    sa.UniqueConstraint('distributor_id', 'quarter', name=op.f('uq_account_figures_distributor_id_quarter'))
    )
    with op.batch_alter_table('account_figures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_figures_quarter'), ['quarter'], unique=False)

    op.create_table('statement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('proposal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('release_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('closing_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('suspended_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('release_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('interest_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('payload_sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('prepared_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reviewed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('pages', sa.Integer(), nullable=True),
    sa.Column('delivered_on', sa.Date(), nullable=True),
    sa.CheckConstraint('(document_id IS NULL) = (pages IS NULL)', name=op.f('ck_statement_printed_with_pages')),
    sa.CheckConstraint('prepared_by_id <> reviewed_by_id', name=op.f('ck_statement_two_people')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_statement_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_statement_document_id_document')),
    sa.ForeignKeyConstraint(['prepared_by_id'], ['user_account.id'], name=op.f('fk_statement_prepared_by_id_user_account')),
    sa.ForeignKeyConstraint(['proposal_id'], ['quarter_proposal.id'], name=op.f('fk_statement_proposal_id_quarter_proposal')),
    sa.ForeignKeyConstraint(['release_id'], ['fund_release.id'], name=op.f('fk_statement_release_id_fund_release')),
    sa.ForeignKeyConstraint(['reviewed_by_id'], ['user_account.id'], name=op.f('fk_statement_reviewed_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_statement_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement')),
    sa.UniqueConstraint('agreement_id', 'quarter', name=op.f('uq_statement_agreement_id_quarter')),
    sa.UniqueConstraint('code', name=op.f('uq_statement_code')),
    sa.UniqueConstraint('number', name=op.f('uq_statement_number'))
    )
    with op.batch_alter_table('statement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_statement_proposal_id'), ['proposal_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_statement_quarter'), ['quarter'], unique=False)

    op.create_table('statement_reply',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('statement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('fund', sa.Enum('agreed', 'objected', name='verdict', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('fund_objection', sa.String(length=300), nullable=False),
    sa.Column('account', sa.Enum('agreed', 'objected', name='account_verdict', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('account_objection', sa.String(length=300), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entered_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('answer', sa.String(length=500), nullable=False),
    sa.Column('answered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(account IS NOT NULL AND account = 'objected') = (account_objection <> '')", name=op.f('ck_statement_reply_account_objection_says_what')),
    sa.CheckConstraint("(answered_on IS NULL) = (answer = '')", name=op.f('ck_statement_reply_answered_in_words')),
    sa.CheckConstraint("(fund = 'objected') = (fund_objection <> '')", name=op.f('ck_statement_reply_fund_objection_says_what')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['user_account.id'], name=op.f('fk_statement_reply_answered_by_id_user_account')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_statement_reply_document_id_document')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user_account.id'], name=op.f('fk_statement_reply_entered_by_id_user_account')),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_statement_reply_statement_id_statement')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_reply'))
    )
    with op.batch_alter_table('statement_reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_statement_reply_statement_id'), ['statement_id'], unique=False)

    # PostgreSQL compares JSON as text only.
    text = "::text" if op.get_bind().dialect.name == "postgresql" else ""
    proposed = ("quarter", "region_id", f"rows{text}", "sha256", "agreements", "release_fen", "proposed_by_id", "proposed_at")
    keep_but("quarter_proposal", ("id", *proposed))
    said = (
        "proposal_id", "agreement_id", "quarter", "number", "code", "template_id", "release_id", "issued_on", "due_on",
        "closing_fen", "suspended_fen", "release_fen", "interest_fen", f"payload{text}", "payload_sha256", "made_at",
        "prepared_by_id", "reviewed_by_id",
    )  # fmt: skip
    keep_but("statement", ("id", *said), [("agreement_id", "quarter"), ("number",), ("code",)])
    ticked = ("statement_id", "received_on", "fund", "fund_objection", "account", "account_objection", "document_id",
              "entered_by_id", "entered_at")  # fmt: skip
    keep_but("statement_reply", ("id", *ticked))


def downgrade() -> None:
    refuse_to_lose("statement")
    release({"quarter_proposal": True, "statement": True, "statement_reply": True})
    with op.batch_alter_table('statement_reply', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_statement_reply_statement_id'))

    op.drop_table('statement_reply')
    with op.batch_alter_table('statement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_statement_quarter'))
        batch_op.drop_index(batch_op.f('ix_statement_proposal_id'))

    op.drop_table('statement')
    with op.batch_alter_table('account_figures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_figures_quarter'))

    op.drop_table('account_figures')
    with op.batch_alter_table('quarter_proposal', schema=None) as batch_op:
        batch_op.drop_index('uq_quarter_proposal_open', sqlite_where=sa.text("stage IN ('proposed', 'confirmed')"), postgresql_where=sa.text("stage IN ('proposed', 'confirmed')"))
        batch_op.drop_index(batch_op.f('ix_quarter_proposal_region_id'))
        batch_op.drop_index(batch_op.f('ix_quarter_proposal_quarter'))

    op.drop_table('quarter_proposal')
