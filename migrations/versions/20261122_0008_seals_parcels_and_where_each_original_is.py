"""Seal applications, parcels, and where each printed original stands.

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('seal_application',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seal', sa.Enum('contract_seal', 'company_seal', 'legal_rep_seal', name='seal', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_across_pages', sa.Boolean(), nullable=False),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('status', sa.Enum('asked', 'granted', 'sealed', 'refused', 'withdrawn', name='sealstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('asked_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('sealed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sealed_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(status = 'sealed') = (sealed_at IS NOT NULL)", name=op.f('ck_seal_application_sealed_at_a_moment')),
    sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id OR status = 'withdrawn'", name=op.f('ck_seal_application_decided_by_another')),
    sa.CheckConstraint('(decided_by_id IS NULL) = (decided_at IS NULL)', name=op.f('ck_seal_application_decided_by_somebody')),
    sa.CheckConstraint('(sealed_by_id IS NULL) = (sealed_at IS NULL)', name=op.f('ck_seal_application_sealed_by_somebody')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['user_account.id'], name=op.f('fk_seal_application_asked_by_id_user_account')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['user_account.id'], name=op.f('fk_seal_application_decided_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_seal_application_region_id_region')),
    sa.ForeignKeyConstraint(['sealed_by_id'], ['user_account.id'], name=op.f('fk_seal_application_sealed_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_application')),
    sa.UniqueConstraint('number', name=op.f('uq_seal_application_number'))
    )
    with op.batch_alter_table('seal_application', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_seal_application_asked_by_id'), ['asked_by_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_seal_application_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_seal_application_status'), ['status'], unique=False)

    op.create_table('parcel',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recipient', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=60), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('courier', sa.String(length=40), nullable=False),
    sa.Column('tracking', sa.String(length=40), nullable=False),
    sa.Column('is_by_hand', sa.Boolean(), nullable=False),
    sa.Column('packed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('packed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sent_on', sa.Date(), nullable=True),
    sa.Column('sent_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('delivered_on', sa.Date(), nullable=True),
    sa.Column('delivered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('cancelled_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cancelled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('cancelled_reason', sa.String(length=500), nullable=False),
    sa.Column('is_lost', sa.Boolean(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(cancelled_at IS NULL) = (cancelled_by_id IS NULL) AND (cancelled_at IS NULL) = (cancelled_reason = '')", name=op.f('ck_parcel_cancelled_by_somebody')),
    sa.CheckConstraint("sent_on IS NULL OR is_by_hand OR (courier <> '' AND tracking <> '')", name=op.f('ck_parcel_sent_with_a_number')),
    sa.CheckConstraint('(delivered_on IS NULL) = (delivered_by_id IS NULL)', name=op.f('ck_parcel_delivered_by_somebody')),
    sa.CheckConstraint('(sent_on IS NULL) = (sent_by_id IS NULL)', name=op.f('ck_parcel_sent_by_somebody')),
    sa.CheckConstraint('delivered_on IS NULL OR (sent_on IS NOT NULL AND delivered_on >= sent_on)', name=op.f('ck_parcel_sent_first')),
    sa.ForeignKeyConstraint(['cancelled_by_id'], ['user_account.id'], name=op.f('fk_parcel_cancelled_by_id_user_account')),
    sa.ForeignKeyConstraint(['delivered_by_id'], ['user_account.id'], name=op.f('fk_parcel_delivered_by_id_user_account')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_parcel_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['packed_by_id'], ['user_account.id'], name=op.f('fk_parcel_packed_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_parcel_region_id_region')),
    sa.ForeignKeyConstraint(['sent_by_id'], ['user_account.id'], name=op.f('fk_parcel_sent_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parcel')),
    sa.UniqueConstraint('number', name=op.f('uq_parcel_number'))
    )
    with op.batch_alter_table('parcel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_parcel_distributor_id'), ['distributor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_parcel_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_parcel_sent_on'), ['sent_on'], unique=False)
        batch_op.create_index('uq_parcel_tracking_in_use', ['tracking'], unique=True, sqlite_where=sa.text("tracking <> '' AND cancelled_at IS NULL"), postgresql_where=sa.text("tracking <> '' AND cancelled_at IS NULL"))

    op.create_table('paper_trail',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stage', sa.Enum('not_asked', 'seal_asked', 'to_seal', 'in_hand', 'packed', 'out', 'back', 'filed', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('sealed_copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sent_copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('expected_copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('back_copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed_on', sa.Date(), nullable=True),
    sa.Column('sent_on', sa.Date(), nullable=True),
    sa.Column('back_on', sa.Date(), nullable=True),
    sa.Column('filed_on', sa.Date(), nullable=True),
    sa.Column('cabinet', sa.String(length=40), nullable=False),
    sa.Column('application_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('parcel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(filed_on IS NULL) = (cabinet = '')", name=op.f('ck_paper_trail_filed_somewhere')),
    sa.CheckConstraint('back_copies <= sent_copies', name=op.f('ck_paper_trail_back_after_sent')),
    sa.CheckConstraint('sealed_copies >= 0 AND sent_copies >= 0 AND expected_copies >= 0 AND back_copies >= 0', name=op.f('ck_paper_trail_copies_not_negative')),
    sa.CheckConstraint('sent_copies <= sealed_copies', name=op.f('ck_paper_trail_sent_after_sealed')),
    sa.ForeignKeyConstraint(['application_id'], ['seal_application.id'], name=op.f('fk_paper_trail_application_id_seal_application')),
    sa.ForeignKeyConstraint(['paper_id'], ['agreement_paper.id'], name=op.f('fk_paper_trail_paper_id_agreement_paper')),
    sa.ForeignKeyConstraint(['parcel_id'], ['parcel.id'], name=op.f('fk_paper_trail_parcel_id_parcel')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_trail')),
    sa.UniqueConstraint('paper_id', name=op.f('uq_paper_trail_paper_id'))
    )
    with op.batch_alter_table('paper_trail', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_trail_cabinet'), ['cabinet'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_trail_sent_on'), ['sent_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_trail_stage'), ['stage'], unique=False)

    op.create_table('parcel_row',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('parcel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('expected', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('copies > 0 AND expected >= 0 AND expected <= copies', name=op.f('ck_parcel_row_copies_in_range')),
    sa.ForeignKeyConstraint(['paper_id'], ['agreement_paper.id'], name=op.f('fk_parcel_row_paper_id_agreement_paper')),
    sa.ForeignKeyConstraint(['parcel_id'], ['parcel.id'], name=op.f('fk_parcel_row_parcel_id_parcel')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parcel_row')),
    sa.UniqueConstraint('parcel_id', 'paper_id', name=op.f('uq_parcel_row_parcel_id_paper_id'))
    )
    with op.batch_alter_table('parcel_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_parcel_row_paper_id'), ['paper_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_parcel_row_parcel_id'), ['parcel_id'], unique=False)

    op.create_table('seal_application_row',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('application_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('copies', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('left_out_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('left_out_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('left_out_reason', sa.String(length=500), nullable=False),
    sa.CheckConstraint("(left_out_at IS NULL) = (left_out_by_id IS NULL) AND (left_out_at IS NULL) = (left_out_reason = '')", name=op.f('ck_seal_application_row_left_out_by_somebody')),
    sa.CheckConstraint('copies > 0', name=op.f('ck_seal_application_row_copies_positive')),
    sa.ForeignKeyConstraint(['application_id'], ['seal_application.id'], name=op.f('fk_seal_application_row_application_id_seal_application')),
    sa.ForeignKeyConstraint(['left_out_by_id'], ['user_account.id'], name=op.f('fk_seal_application_row_left_out_by_id_user_account')),
    sa.ForeignKeyConstraint(['paper_id'], ['agreement_paper.id'], name=op.f('fk_seal_application_row_paper_id_agreement_paper')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_application_row')),
    sa.UniqueConstraint('application_id', 'paper_id', name=op.f('uq_seal_application_row_application_id_paper_id'))
    )
    with op.batch_alter_table('seal_application_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_seal_application_row_application_id'), ['application_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_seal_application_row_paper_id'), ['paper_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('seal_application_row', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_seal_application_row_paper_id'))
        batch_op.drop_index(batch_op.f('ix_seal_application_row_application_id'))

    op.drop_table('seal_application_row')
    with op.batch_alter_table('parcel_row', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_parcel_row_parcel_id'))
        batch_op.drop_index(batch_op.f('ix_parcel_row_paper_id'))

    op.drop_table('parcel_row')
    with op.batch_alter_table('paper_trail', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_paper_trail_stage'))
        batch_op.drop_index(batch_op.f('ix_paper_trail_sent_on'))
        batch_op.drop_index(batch_op.f('ix_paper_trail_cabinet'))

    op.drop_table('paper_trail')
    with op.batch_alter_table('parcel', schema=None) as batch_op:
        batch_op.drop_index('uq_parcel_tracking_in_use', sqlite_where=sa.text("tracking <> '' AND cancelled_at IS NULL"), postgresql_where=sa.text("tracking <> '' AND cancelled_at IS NULL"))
        batch_op.drop_index(batch_op.f('ix_parcel_sent_on'))
        batch_op.drop_index(batch_op.f('ix_parcel_region_id'))
        batch_op.drop_index(batch_op.f('ix_parcel_distributor_id'))

    op.drop_table('parcel')
    with op.batch_alter_table('seal_application', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_seal_application_status'))
        batch_op.drop_index(batch_op.f('ix_seal_application_region_id'))
        batch_op.drop_index(batch_op.f('ix_seal_application_asked_by_id'))

    op.drop_table('seal_application')
