"""Cases about violations: sealed reporters and evidence, hearing, papers, appeals and awards.

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, release

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('violation_case',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=True),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Enum('reported', 'examined', 'turned_down', 'opened', 'notified', 'decided', 'dismissed', 'withdrawn', 'appealed', 'answered', 'effective', 'overturned', name='state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('act_on', sa.Date(), nullable=False),
    sa.Column('act_mark', sa.String(length=64), nullable=False),
    sa.Column('kind_no', sa.Integer(), nullable=False),
    sa.Column('kind_code', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('definition', sa.String(length=300), nullable=False),
    sa.Column('share_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('approval_number', sa.String(length=40), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=True),
    sa.Column('opened_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('notified_on', sa.Date(), nullable=True),
    sa.Column('extension_days', sa.Integer(), nullable=False),
    sa.Column('extension_reason', sa.String(length=200), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('decider_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decision_served_on', sa.Date(), nullable=True),
    sa.Column('withdrawal', sa.Enum('own', 'lapsed', 'clause_stopped', name='withdrawal', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_because', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(state = 'withdrawn') = (withdrawal IS NOT NULL)", name=op.f('ck_violation_case_withdrawn_for_a_reason')),
    sa.CheckConstraint('(number IS NULL) = (opened_on IS NULL)', name=op.f('ck_violation_case_numbered_when_opened')),
    sa.CheckConstraint('award_ppm >= 0 AND award_ppm <= 1000000', name=op.f('ck_violation_case_award_in_range')),
    sa.CheckConstraint('share_ppm >= 0 AND share_ppm <= 1000000', name=op.f('ck_violation_case_share_in_range')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_violation_case_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['decider_id'], ['user_account.id'], name=op.f('fk_violation_case_decider_id_user_account')),
    sa.ForeignKeyConstraint(['opened_by_id'], ['user_account.id'], name=op.f('fk_violation_case_opened_by_id_user_account')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_violation_case_product_id_product')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_violation_case_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_violation_case')),
    sa.UniqueConstraint('number', name=op.f('uq_violation_case_number'))
    )
    with op.batch_alter_table('violation_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_violation_case_agreement_id'), ['agreement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_case_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_case_state'), ['state'], unique=False)
        batch_op.create_index('uq_violation_case_act', ['agreement_id', 'act_mark'], unique=True, sqlite_where=sa.text("number IS NOT NULL AND (withdrawal IS NULL OR withdrawal = 'lapsed')"), postgresql_where=sa.text("number IS NOT NULL AND (withdrawal IS NULL OR withdrawal = 'lapsed')"))

    op.create_table('case_appeal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('points', sa.String(length=1000), nullable=False),
    sa.Column('entered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entered_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('result', sa.Enum('rejected', 'partly', 'upheld', 'lapsed', name='appealresult', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('kept_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('members', sa.JSON(), nullable=False),
    sa.CheckConstraint('(result IS NULL) = (answered_on IS NULL)', name=op.f('ck_case_appeal_answered_with_a_result')),
    sa.CheckConstraint('kept_fen IS NULL OR kept_fen >= 0', name=op.f('ck_case_appeal_kept_not_negative')),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_appeal_case_id_violation_case')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user_account.id'], name=op.f('fk_case_appeal_entered_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_appeal')),
    sa.UniqueConstraint('case_id', name=op.f('uq_case_appeal_case_id'))
    )
    op.create_table('case_award',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('payer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('paid_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('paid_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_award_case_id_violation_case')),
    sa.ForeignKeyConstraint(['paid_by_id'], ['user_account.id'], name=op.f('fk_case_award_paid_by_id_user_account')),
    sa.ForeignKeyConstraint(['payer_id'], ['user_account.id'], name=op.f('fk_case_award_payer_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_award')),
    sa.UniqueConstraint('case_id', name=op.f('uq_case_award_case_id')),
    sa.UniqueConstraint('code', name=op.f('uq_case_award_code'))
    )
    with op.batch_alter_table('case_award', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_award_payer_id'), ['payer_id'], unique=False)

    op.create_table('case_evidence',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('summary', sa.String(length=300), nullable=False),
    sa.Column('proves', sa.String(length=100), nullable=False),
    sa.Column('disclosed_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_evidence_case_id_violation_case')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_case_evidence_document_id_document')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_evidence')),
    sa.UniqueConstraint('case_id', 'no', name=op.f('uq_case_evidence_case_id_no'))
    )
    op.create_table('case_hearing',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('inspection', 'answer', 'oral_asked', 'oral_held', 'oral_missed', name='hearingkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('points', sa.String(length=1000), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_case_hearing_by_id_user_account')),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_hearing_case_id_violation_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_hearing'))
    )
    with op.batch_alter_table('case_hearing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_hearing_case_id'), ['case_id'], unique=False)

    op.create_table('case_investigator',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('named_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('named_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('left_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_investigator_case_id_violation_case')),
    sa.ForeignKeyConstraint(['named_by_id'], ['user_account.id'], name=op.f('fk_case_investigator_named_by_id_user_account')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_case_investigator_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_investigator')),
    sa.UniqueConstraint('case_id', 'user_id', name=op.f('uq_case_investigator_case_id_user_id'))
    )
    with op.batch_alter_table('case_investigator', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_investigator_user_id'), ['user_id'], unique=False)

    op.create_table('case_paper',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('N', 'D', 'X', 'W', 'R', name='casepaperkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('says', sa.JSON(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('written_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('confirmed_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('dropped_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('issued_on', sa.Date(), nullable=True),
    sa.Column('issued_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('issued_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('courier_company', sa.String(length=40), nullable=False),
    sa.Column('courier_number', sa.String(length=60), nullable=False),
    sa.Column('served_on', sa.Date(), nullable=True),
    sa.Column('served_how', sa.Enum('courier', 'in_person', 'refused', name='service', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.CheckConstraint('(confirmed_by_id IS NULL) = (confirmed_at IS NULL)', name=op.f('ck_case_paper_confirmed_by_somebody')),
    sa.CheckConstraint('issued_on IS NULL OR confirmed_at IS NOT NULL', name=op.f('ck_case_paper_issued_once_confirmed')),
    sa.CheckConstraint('served_on IS NULL OR issued_on IS NOT NULL', name=op.f('ck_case_paper_served_once_issued')),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_paper_case_id_violation_case')),
    sa.ForeignKeyConstraint(['confirmed_by_id'], ['user_account.id'], name=op.f('fk_case_paper_confirmed_by_id_user_account')),
    sa.ForeignKeyConstraint(['issued_by_id'], ['user_account.id'], name=op.f('fk_case_paper_issued_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_case_paper_template_id_paper_template')),
    sa.ForeignKeyConstraint(['written_by_id'], ['user_account.id'], name=op.f('fk_case_paper_written_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_paper'))
    )
    with op.batch_alter_table('case_paper', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_paper_case_id'), ['case_id'], unique=False)

    op.create_table('case_reporter',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['violation_case.id'], name=op.f('fk_case_reporter_case_id_violation_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_reporter')),
    sa.UniqueConstraint('case_id', name=op.f('uq_case_reporter_case_id'))
    )
    op.create_table('evidence_custody',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('evidence_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action', sa.Enum('with_report', 'added', 'seen', 'passed_on', 'described', 'disclosed', name='custodyaction', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_evidence_custody_by_id_user_account')),
    sa.ForeignKeyConstraint(['evidence_id'], ['case_evidence.id'], name=op.f('fk_evidence_custody_evidence_id_case_evidence')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence_custody'))
    )
    with op.batch_alter_table('evidence_custody', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evidence_custody_evidence_id'), ['evidence_id'], unique=False)

    keep_but(
        "violation_case",
        ("id", "agreement_id", "region_id", "act_on", "act_mark", "kind_no", "kind_code", "kind", "definition",
         "share_ppm", "award_ppm", "product_id", "approval_number"),
    )
    keep_but("case_investigator", ("id", "case_id", "user_id", "named_by_id", "named_at"), [("case_id", "user_id")])
    keep_but(
        "case_evidence", ("id", "case_id", "no", "document_id", "key_id", "sealed"), [("case_id", "no")]
    )
    keep_whole("evidence_custody")
    keep_whole("case_hearing")
    keep_but("case_paper", ("id", "case_id", "kind", "sha256", "written_by_id", "written_at"))
    keep_but("case_appeal", ("id", "case_id", "received_on", "points", "entered_by_id", "entered_at"), [("case_id",)])
    keep_but("case_award", ("id", "case_id", "code"), [("case_id",), ("code",)])


def downgrade() -> None:
    whole = ("evidence_custody", "case_hearing")
    partly = (
        "violation_case", "case_investigator", "case_evidence", "case_paper", "case_appeal", "case_award",
    )  # fmt: skip
    release({table: table in partly for table in (*whole, *partly)})
    with op.batch_alter_table('evidence_custody', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_evidence_custody_evidence_id'))

    op.drop_table('evidence_custody')
    op.drop_table('case_reporter')
    with op.batch_alter_table('case_paper', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_case_paper_case_id'))

    op.drop_table('case_paper')
    with op.batch_alter_table('case_investigator', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_case_investigator_user_id'))

    op.drop_table('case_investigator')
    with op.batch_alter_table('case_hearing', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_case_hearing_case_id'))

    op.drop_table('case_hearing')
    op.drop_table('case_evidence')
    with op.batch_alter_table('case_award', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_case_award_payer_id'))

    op.drop_table('case_award')
    op.drop_table('case_appeal')
    with op.batch_alter_table('violation_case', schema=None) as batch_op:
        batch_op.drop_index('uq_violation_case_act', sqlite_where=sa.text("number IS NOT NULL AND (withdrawal IS NULL OR withdrawal = 'lapsed')"), postgresql_where=sa.text("number IS NOT NULL AND (withdrawal IS NULL OR withdrawal = 'lapsed')"))
        batch_op.drop_index(batch_op.f('ix_violation_case_state'))
        batch_op.drop_index(batch_op.f('ix_violation_case_region_id'))
        batch_op.drop_index(batch_op.f('ix_violation_case_agreement_id'))

    op.drop_table('violation_case')
