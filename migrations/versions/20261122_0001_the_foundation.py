"""the foundation.

Revision: 0001, after 
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('document_blob',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', 'no', name=op.f('pk_document_blob'))
    )
    op.create_table('number_sequence',
    sa.Column('series', sa.String(length=40), nullable=False),
    sa.Column('last', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('series', name=op.f('pk_number_sequence'))
    )
    op.create_table('paper_template',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('version', sa.String(length=20), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('stored_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_template')),
    sa.UniqueConstraint('key', 'version', name=op.f('uq_paper_template_key_version'))
    )
    op.create_table('product',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('unit', sa.String(length=10), nullable=False),
    sa.Column('discontinued_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product')),
    sa.UniqueConstraint('code', name=op.f('uq_product_code'))
    )
    op.create_table('region',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('path', sa.String(length=200), nullable=False),
    sa.Column('signing_place', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['parent_id'], ['region.id'], name=op.f('fk_region_parent_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_region')),
    sa.UniqueConstraint('code', name=op.f('uq_region_code')),
    sa.UniqueConstraint('parent_id', 'name', name=op.f('uq_region_parent_id_name'))
    )
    with op.batch_alter_table('region', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_region_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_region_path'), ['path'], unique=False)

    op.create_table('sign_in_throttle',
    sa.Column('key', sa.String(length=100), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('window_ends_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_sign_in_throttle'))
    )
    op.create_table('user_account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('username', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('is_password_temporary', sa.Boolean(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('deactivated_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_account')),
    sa.UniqueConstraint('username', name=op.f('uq_user_account_username'))
    )
    op.create_table('audit_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('subject', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('params', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['user_account.id'], name=op.f('fk_audit_event_actor_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_audit_event_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_event_action'), ['action'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_region_id'), ['region_id'], unique=False)
        batch_op.create_index('ix_audit_event_subject', ['subject', 'subject_id'], unique=False)

    op.create_table('document',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('stored_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('stored_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['stored_by_id'], ['user_account.id'], name=op.f('fk_document_stored_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document'))
    )
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_sha256'), ['sha256'], unique=False)

    op.create_table('price_approval',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('suggested_retail', 'suggested_resale', 'maximum_retail', 'minimum_resale', name='pricekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('territory', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=False),
    sa.Column('entered_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entered_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('revoked_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('revoked_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint('(revoked_at IS NULL) = (revoked_by_id IS NULL)', name=op.f('ck_price_approval_revoked_by_somebody')),
    sa.CheckConstraint('valid_from <= valid_until', name=op.f('ck_price_approval_validity_in_order')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user_account.id'], name=op.f('fk_price_approval_entered_by_id_user_account')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_price_approval_product_id_product')),
    sa.ForeignKeyConstraint(['revoked_by_id'], ['user_account.id'], name=op.f('fk_price_approval_revoked_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_approval'))
    )
    with op.batch_alter_table('price_approval', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_price_approval_product_id'), ['product_id'], unique=False)
        batch_op.create_index('uq_price_approval_number_in_force', ['number', 'product_id', 'kind'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('product_price',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('suggested_retail', 'suggested_resale', 'maximum_retail', 'minimum_resale', name='pricekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_product_price_amount_positive')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_product_price_product_id_product')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product_price')),
    sa.UniqueConstraint('product_id', 'kind', name=op.f('uq_product_price_product_id_kind'))
    )
    with op.batch_alter_table('product_price', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_product_price_product_id'), ['product_id'], unique=False)

    op.create_table('setting',
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('changed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['user_account.id'], name=op.f('fk_setting_changed_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_setting_region_id_region')),
    sa.PrimaryKeyConstraint('region_id', 'key', name=op.f('pk_setting'))
    )
    op.create_table('sign_in',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address', sa.String(length=60), nullable=False),
    sa.Column('began_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_sign_in_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_in_token_hash'))
    )
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_user_id'), ['user_id'], unique=False)

    op.create_table('template_release',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('released_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('released_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['released_by_id'], ['user_account.id'], name=op.f('fk_template_release_released_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_template_release_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_release')),
    sa.UniqueConstraint('template_id', name=op.f('uq_template_release_template_id'))
    )
    op.create_table('territory',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_territory_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_territory')),
    sa.UniqueConstraint('region_id', 'name', name=op.f('uq_territory_region_id_name'))
    )
    with op.batch_alter_table('territory', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_territory_region_id'), ['region_id'], unique=False)

    op.create_table('user_grant',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('role', sa.Enum('administrator', 'executive', 'regional_manager', 'salesperson', 'finance', 'counsel', 'trainer', 'investigator', 'auditor', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('granted_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('granted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['granted_by_id'], ['user_account.id'], name=op.f('fk_user_grant_granted_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_user_grant_region_id_region')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_user_grant_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_grant')),
    sa.UniqueConstraint('user_id', 'role', 'region_id', name=op.f('uq_user_grant_user_id_role_region_id'))
    )
    with op.batch_alter_table('user_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_grant_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_grant_user_id'), ['user_id'], unique=False)

    op.create_table('distributor',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('code_key', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('short_name', sa.String(length=40), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('name_key', sa.String(length=100), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('legal_rep', sa.String(length=40), nullable=False),
    sa.Column('level', sa.Enum('general', 'second_tier', 'retailer', name='level', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('channel', sa.Enum('direct', 'agent', 'distributor', 'e_commerce', name='channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('standing', sa.Enum('prospect', 'active', 'suspended', 'eliminating', 'eliminated', name='standing', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('territory_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('province', sa.String(length=40), nullable=False),
    sa.Column('city', sa.String(length=40), nullable=False),
    sa.Column('address', sa.String(length=120), nullable=False),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('email', sa.String(length=120), nullable=False),
    sa.Column('founded_on', sa.Date(), nullable=True),
    sa.Column('staff', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('vehicles', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('outlets', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('brands', sa.String(length=300), nullable=False),
    sa.Column('bank_account_name', sa.String(length=100), nullable=False),
    sa.Column('bank_name', sa.String(length=60), nullable=False),
    sa.Column('bank_account', sa.String(length=40), nullable=False),
    sa.Column('credit_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('credit_limit_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deposit_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('invoice_title', sa.String(length=100), nullable=False),
    sa.Column('invoice_address_phone', sa.String(length=200), nullable=False),
    sa.Column('invoice_bank', sa.String(length=200), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("code <> ''", name=op.f('ck_distributor_code_given')),
    sa.CheckConstraint("name <> ''", name=op.f('ck_distributor_name_given')),
    sa.CheckConstraint('deposit_fen >= 0 AND credit_limit_fen >= 0', name=op.f('ck_distributor_sums_not_negative')),
    sa.CheckConstraint('parent_id IS NULL OR parent_id <> id', name=op.f('ck_distributor_not_its_own_parent')),
    sa.ForeignKeyConstraint(['owner_id'], ['user_account.id'], name=op.f('fk_distributor_owner_id_user_account')),
    sa.ForeignKeyConstraint(['parent_id'], ['distributor.id'], name=op.f('fk_distributor_parent_id_distributor')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_distributor_region_id_region')),
    sa.ForeignKeyConstraint(['territory_id'], ['territory.id'], name=op.f('fk_distributor_territory_id_territory')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_distributor')),
    sa.UniqueConstraint('code_key', name=op.f('uq_distributor_code_key'))
    )
    with op.batch_alter_table('distributor', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_distributor_name_key'), ['name_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_distributor_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_distributor_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_distributor_region_id'), ['region_id'], unique=False)
        batch_op.create_index('ix_distributor_region_id_code', ['region_id', 'code'], unique=False)
        batch_op.create_index(batch_op.f('ix_distributor_standing'), ['standing'], unique=False)
        batch_op.create_index(batch_op.f('ix_distributor_uscc'), ['uscc'], unique=False)

    op.create_table('distributor_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('handed_in_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('applied_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_distributor_import_by_id_user_account')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_distributor_import_document_id_document')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_distributor_import'))
    )
    with op.batch_alter_table('distributor_import', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_distributor_import_by_id'), ['by_id'], unique=False)

    op.create_table('agreement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.Enum('draft', 'submitted', 'approved', 'signed', 'terminated', 'void', name='status', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('follows_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('effective_on < expires_on', name=op.f('ck_agreement_term_in_order')),
    sa.ForeignKeyConstraint(['author_id'], ['user_account.id'], name=op.f('fk_agreement_author_id_user_account')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_agreement_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['follows_id'], ['agreement.id'], name=op.f('fk_agreement_follows_id_agreement')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_agreement_region_id_region')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_agreement_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement')),
    sa.UniqueConstraint('number', name=op.f('uq_agreement_number'))
    )
    with op.batch_alter_table('agreement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_author_id'), ['author_id'], unique=False)
        batch_op.create_index('ix_agreement_distributor_id_status', ['distributor_id', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_ends_on'), ['ends_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_region_id'), ['region_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_status'), ['status'], unique=False)

    op.create_table('contact',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=60), nullable=False),
    sa.Column('email', sa.String(length=120), nullable=False),
    sa.Column('birthday', sa.String(length=20), nullable=False),
    sa.Column('personality', sa.String(length=200), nullable=False),
    sa.Column('preferences', sa.String(length=200), nullable=False),
    sa.Column('is_primary', sa.Boolean(), nullable=False),
    sa.Column('ended_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(ended_at IS NULL AND name <> '') OR (ended_at IS NOT NULL AND name = '' AND title = '' AND phone = '' AND email = '' AND birthday = '' AND personality = '' AND preferences = '')", name=op.f('ck_contact_erased_wholly_or_named')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_contact_distributor_id_distributor')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact'))
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_distributor_id'), ['distributor_id'], unique=False)

    op.create_table('distributor_document',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('filed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_distributor_document_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_distributor_document_document_id_document')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['user_account.id'], name=op.f('fk_distributor_document_filed_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_distributor_document'))
    )
    with op.batch_alter_table('distributor_document', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_distributor_document_distributor_id'), ['distributor_id'], unique=False)

    op.create_table('distributor_phone',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('display', sa.String(length=60), nullable=False),
    sa.Column('digits', sa.String(length=40), nullable=False),
    sa.Column('extension', sa.String(length=12), nullable=False),
    sa.Column('label', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_distributor_phone_distributor_id_distributor')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_distributor_phone'))
    )
    with op.batch_alter_table('distributor_phone', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_distributor_phone_distributor_id'), ['distributor_id'], unique=False)

    op.create_table('licence',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('ended_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_licence_distributor_id_distributor')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_licence'))
    )
    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_licence_distributor_id'), ['distributor_id'], unique=False)

    op.create_table('near_same',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('raised_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('settled_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('verdict', sa.Enum('different', 'same', name='verdict', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('settled_why', sa.String(length=300), nullable=False),
    sa.CheckConstraint('(settled_at IS NULL) = (verdict IS NULL)', name=op.f('ck_near_same_settled_with_a_verdict')),
    sa.CheckConstraint('distributor_id <> other_id', name=op.f('ck_near_same_two_records')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_near_same_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['other_id'], ['distributor.id'], name=op.f('fk_near_same_other_id_distributor')),
    sa.ForeignKeyConstraint(['settled_by_id'], ['user_account.id'], name=op.f('fk_near_same_settled_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_near_same')),
    sa.UniqueConstraint('distributor_id', 'other_id', name=op.f('uq_near_same_distributor_id_other_id'))
    )
    with op.batch_alter_table('near_same', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_near_same_distributor_id'), ['distributor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_near_same_other_id'), ['other_id'], unique=False)

    op.create_table('agreement_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('params', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_event_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_agreement_event_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_event'))
    )
    with op.batch_alter_table('agreement_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_event_agreement_id'), ['agreement_id'], unique=False)

    op.create_table('agreement_paper',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('payload_sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_paper_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_agreement_paper_document_id_document')),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_agreement_paper_made_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_paper')),
    sa.UniqueConstraint('agreement_id', 'no', name=op.f('uq_agreement_paper_agreement_id_no')),
    sa.UniqueConstraint('code', name=op.f('uq_agreement_paper_code'))
    )
    with op.batch_alter_table('agreement_paper', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_paper_agreement_id'), ['agreement_id'], unique=False)

    op.create_table('agreement_scan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('filed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_scan_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_agreement_scan_document_id_document')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['user_account.id'], name=op.f('fk_agreement_scan_filed_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_scan'))
    )
    with op.batch_alter_table('agreement_scan', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_scan_agreement_id'), ['agreement_id'], unique=False)

    op.create_table('agreement_terms',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agreement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('rebate_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('base_share', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.CheckConstraint('award_ppm >= 0 AND award_ppm <= 1000000', name=op.f('ck_agreement_terms_award_in_range')),
    sa.CheckConstraint('base_share >= 0 AND base_share <= 100', name=op.f('ck_agreement_terms_base_share_in_range')),
    sa.CheckConstraint('rebate_ppm > 0 AND rebate_ppm <= 1000000', name=op.f('ck_agreement_terms_rebate_in_range')),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_terms_agreement_id_agreement')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_terms')),
    sa.UniqueConstraint('agreement_id', 'no', name=op.f('uq_agreement_terms_agreement_id_no'))
    )
    with op.batch_alter_table('agreement_terms', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_terms_agreement_id'), ['agreement_id'], unique=False)

    op.create_table('agreement_price',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('terms_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('suggested_retail', 'suggested_resale', 'maximum_retail', 'minimum_resale', name='pricekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('amount_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('approval_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_agreement_price_amount_positive')),
    sa.ForeignKeyConstraint(['approval_id'], ['price_approval.id'], name=op.f('fk_agreement_price_approval_id_price_approval')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_agreement_price_product_id_product')),
    sa.ForeignKeyConstraint(['terms_id'], ['agreement_terms.id'], name=op.f('fk_agreement_price_terms_id_agreement_terms')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_price')),
    sa.UniqueConstraint('terms_id', 'product_id', 'kind', name=op.f('uq_agreement_price_terms_id_product_id_kind'))
    )
    with op.batch_alter_table('agreement_price', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_price_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_agreement_price_terms_id'), ['terms_id'], unique=False)

    op.create_table('agreement_violation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('terms_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('kind_en', sa.String(length=60), nullable=False),
    sa.Column('definition', sa.String(length=300), nullable=False),
    sa.Column('definition_en', sa.String(length=600), nullable=False),
    sa.Column('share_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('share_ppm >= 0 AND share_ppm <= 1000000', name=op.f('ck_agreement_violation_share_in_range')),
    sa.ForeignKeyConstraint(['terms_id'], ['agreement_terms.id'], name=op.f('fk_agreement_violation_terms_id_agreement_terms')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_violation')),
    sa.UniqueConstraint('terms_id', 'code', name=op.f('uq_agreement_violation_terms_id_code'))
    )
    with op.batch_alter_table('agreement_violation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_violation_terms_id'), ['terms_id'], unique=False)


    search_and_guards()


def downgrade() -> None:
    op.execute("DROP TABLE distributor_search")
    with op.batch_alter_table('agreement_violation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_violation_terms_id'))

    op.drop_table('agreement_violation')
    with op.batch_alter_table('agreement_price', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_price_terms_id'))
        batch_op.drop_index(batch_op.f('ix_agreement_price_product_id'))

    op.drop_table('agreement_price')
    with op.batch_alter_table('agreement_terms', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_terms_agreement_id'))

    op.drop_table('agreement_terms')
    with op.batch_alter_table('agreement_scan', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_scan_agreement_id'))

    op.drop_table('agreement_scan')
    with op.batch_alter_table('agreement_paper', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_paper_agreement_id'))

    op.drop_table('agreement_paper')
    with op.batch_alter_table('agreement_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_event_agreement_id'))

    op.drop_table('agreement_event')
    with op.batch_alter_table('near_same', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_near_same_other_id'))
        batch_op.drop_index(batch_op.f('ix_near_same_distributor_id'))

    op.drop_table('near_same')
    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_licence_distributor_id'))

    op.drop_table('licence')
    with op.batch_alter_table('distributor_phone', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distributor_phone_distributor_id'))

    op.drop_table('distributor_phone')
    with op.batch_alter_table('distributor_document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distributor_document_distributor_id'))

    op.drop_table('distributor_document')
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_distributor_id'))

    op.drop_table('contact')
    with op.batch_alter_table('agreement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_status'))
        batch_op.drop_index(batch_op.f('ix_agreement_region_id'))
        batch_op.drop_index(batch_op.f('ix_agreement_ends_on'))
        batch_op.drop_index('ix_agreement_distributor_id_status')
        batch_op.drop_index(batch_op.f('ix_agreement_author_id'))

    op.drop_table('agreement')
    with op.batch_alter_table('distributor_import', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distributor_import_by_id'))

    op.drop_table('distributor_import')
    with op.batch_alter_table('distributor', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distributor_uscc'))
        batch_op.drop_index(batch_op.f('ix_distributor_standing'))
        batch_op.drop_index('ix_distributor_region_id_code')
        batch_op.drop_index(batch_op.f('ix_distributor_region_id'))
        batch_op.drop_index(batch_op.f('ix_distributor_parent_id'))
        batch_op.drop_index(batch_op.f('ix_distributor_owner_id'))
        batch_op.drop_index(batch_op.f('ix_distributor_name_key'))

    op.drop_table('distributor')
    with op.batch_alter_table('user_grant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_grant_user_id'))
        batch_op.drop_index(batch_op.f('ix_user_grant_region_id'))

    op.drop_table('user_grant')
    with op.batch_alter_table('territory', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_territory_region_id'))

    op.drop_table('territory')
    op.drop_table('template_release')
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_user_id'))

    op.drop_table('sign_in')
    op.drop_table('setting')
    with op.batch_alter_table('product_price', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_product_price_product_id'))

    op.drop_table('product_price')
    with op.batch_alter_table('price_approval', schema=None) as batch_op:
        batch_op.drop_index('uq_price_approval_number_in_force', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_price_approval_product_id'))

    op.drop_table('price_approval')
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_document_sha256'))

    op.drop_table('document')
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_event_subject')
        batch_op.drop_index(batch_op.f('ix_audit_event_region_id'))
        batch_op.drop_index(batch_op.f('ix_audit_event_at'))
        batch_op.drop_index(batch_op.f('ix_audit_event_actor_id'))
        batch_op.drop_index(batch_op.f('ix_audit_event_action'))

    op.drop_table('audit_event')
    op.drop_table('user_account')
    op.drop_table('sign_in_throttle')
    with op.batch_alter_table('region', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_region_path'))
        batch_op.drop_index(batch_op.f('ix_region_parent_id'))

    op.drop_table('region')
    op.drop_table('product')
    op.drop_table('paper_template')
    op.drop_table('number_sequence')
    op.drop_table('document_blob')


GUARDED = ("audit_event", "agreement_event", "template_release")


def search_and_guards() -> None:
    """What the models cannot say: the full-text table, and the triggers that keep records from being changed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE distributor_search (id BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_distributor_search_tokens ON distributor_search USING gin (tokens)")
        op.execute(
            "CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% keeps what was written', TG_TABLE_NAME; END $$"
        )
        for table in GUARDED:
            op.execute(
                f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION portal_refuse_change()"
            )
        return
    op.execute("CREATE VIRTUAL TABLE distributor_search USING fts5(tokens, tokenize='ascii', prefix='1 2 3')")
    for table in GUARDED:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
            )
        # INSERT OR REPLACE would pass a DELETE trigger by where recursive triggers are off.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
            f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
        )
