"""Policies: their versions, the meetings they are presented at, whom they concern and who was told (M1).

Revision: 0043, after 0042
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, refuse_to_lose, release

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

# What is written once, and which columns of what stays never change; by which keys a row is the same one.
WHOLE = {
    "policy_text": [("policy_id", "no")],
    "policy_distributor": [("policy_id", "distributor_id")],
}
KEPT = {
    "policy": (("id", "number", "region_id", "created_at", "created_by_id"), [("number",)]),
    "policy_showing": (("id", "policy_id", "meeting_id"), [("policy_id", "meeting_id")]),
    "policy_telling": (
        ("id", "concerned_id", "turn", "what", "how", "told_on", "showing_id", "noted_at", "noted_by_id", "reason"),
        [("concerned_id", "turn", "what")],
    ),
}



def upgrade() -> None:
    op.create_table('policy',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Enum('draft', 'tied', 'presented', 'released', 'withdrawn', name='policystate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('wanted_on', sa.Date(), nullable=False),
    sa.Column('replaces_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('presented_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=True),
    sa.Column('released_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('released_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_reason', sa.String(length=200), nullable=False),
    sa.Column('superseded_on', sa.Date(), nullable=True),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(effective_on IS NULL) = (released_at IS NULL) AND (effective_on IS NULL) = (released_by_id IS NULL) AND (state <> 'released' OR effective_on IS NOT NULL)", name=op.f('ck_policy_released_for_a_day')),
    sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL) AND (withdrawn_at IS NULL) = (withdrawn_by_id IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_reason = '')", name=op.f('ck_policy_withdrawn_with_a_reason')),
    sa.CheckConstraint("state NOT IN ('presented', 'released') OR presented_at IS NOT NULL", name=op.f('ck_policy_presented_at_a_time')),
    sa.CheckConstraint("title <> ''", name=op.f('ck_policy_title_given')),
    sa.CheckConstraint('replaces_id <> id', name=op.f('ck_policy_replaces_another')),
    sa.ForeignKeyConstraint(['created_by_id'], ['user_account.id'], name=op.f('fk_policy_created_by_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_policy_region_id_region')),
    sa.ForeignKeyConstraint(['released_by_id'], ['user_account.id'], name=op.f('fk_policy_released_by_id_user_account')),
    sa.ForeignKeyConstraint(['replaces_id'], ['policy.id'], name=op.f('fk_policy_replaces_id_policy')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['user_account.id'], name=op.f('fk_policy_withdrawn_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy')),
    sa.UniqueConstraint('number', name=op.f('uq_policy_number'))
    )
    with op.batch_alter_table('policy', schema=None) as batch_op:
        batch_op.create_index('ix_policy_region_id', ['region_id'], unique=False)
        batch_op.create_index('ix_policy_replaces_id', ['replaces_id'], unique=False)

    op.create_table('policy_scope',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_policy_scope_policy_id_policy')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_policy_scope_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_scope')),
    sa.UniqueConstraint('policy_id', 'region_id', name=op.f('uq_policy_scope_policy_id_region_id'))
    )
    with op.batch_alter_table('policy_scope', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_scope_region_id'), ['region_id'], unique=False)

    op.create_table('policy_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('wanted_on', sa.Date(), nullable=False),
    sa.Column('written_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("body <> '' OR document_id IS NOT NULL", name=op.f('ck_policy_text_says_something')),
    sa.CheckConstraint('no > 0', name=op.f('ck_policy_text_no_positive')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_policy_text_document_id_document')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_policy_text_policy_id_policy')),
    sa.ForeignKeyConstraint(['written_by_id'], ['user_account.id'], name=op.f('fk_policy_text_written_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_text')),
    sa.UniqueConstraint('policy_id', 'no', name=op.f('uq_policy_text_policy_id_no'))
    )
    op.create_table('policy_distributor',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('listed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('is_newcomer', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_policy_distributor_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_policy_distributor_policy_id_policy')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_distributor')),
    sa.UniqueConstraint('policy_id', 'distributor_id', name=op.f('uq_policy_distributor_policy_id_distributor_id'))
    )
    with op.batch_alter_table('policy_distributor', schema=None) as batch_op:
        batch_op.create_index('ix_policy_distributor_distributor_id', ['distributor_id'], unique=False)

    op.create_table('policy_showing',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tied_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('tied_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('untied_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('presented_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('presented_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('text_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('(presented_at IS NULL) = (presented_by_id IS NULL) AND (presented_at IS NULL) = (text_id IS NULL)', name=op.f('ck_policy_showing_presented_by_somebody')),
    sa.CheckConstraint('untied_at IS NULL OR presented_at IS NULL', name=op.f('ck_policy_showing_presented_is_not_untied')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_policy_showing_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_policy_showing_policy_id_policy')),
    sa.ForeignKeyConstraint(['presented_by_id'], ['user_account.id'], name=op.f('fk_policy_showing_presented_by_id_user_account')),
    sa.ForeignKeyConstraint(['text_id'], ['policy_text.id'], name=op.f('fk_policy_showing_text_id_policy_text')),
    sa.ForeignKeyConstraint(['tied_by_id'], ['user_account.id'], name=op.f('fk_policy_showing_tied_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_showing')),
    sa.UniqueConstraint('policy_id', 'meeting_id', name=op.f('uq_policy_showing_policy_id_meeting_id'))
    )
    with op.batch_alter_table('policy_showing', schema=None) as batch_op:
        batch_op.create_index('ix_policy_showing_meeting_id', ['meeting_id'], unique=False)

    op.create_table('policy_telling',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('concerned_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('what', sa.Enum('told', 'undone', name='toldwhat', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('how', sa.Enum('sheet', 'meeting', 'visit', 'phone', 'mail', name='toldhow', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.Column('showing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('noted_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('noted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('spoke_with', sa.String(length=40), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('erased_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(showing_id IS NOT NULL) = (how IS NOT NULL AND how IN ('sheet', 'meeting'))", name=op.f('ck_policy_telling_at_a_meeting_or_elsewhere')),
    sa.CheckConstraint("(what = 'told') = (how IS NOT NULL) AND (what = 'told') = (told_on IS NOT NULL)", name=op.f('ck_policy_telling_told_somehow')),
    sa.CheckConstraint("erased_at IS NULL OR (spoke_with = '' AND note = '')", name=op.f('ck_policy_telling_erased_wholly')),
    sa.CheckConstraint("what <> 'undone' OR reason <> ''", name=op.f('ck_policy_telling_undone_with_a_reason')),
    sa.CheckConstraint('turn > 0', name=op.f('ck_policy_telling_turn_positive')),
    sa.ForeignKeyConstraint(['concerned_id'], ['policy_distributor.id'], name=op.f('fk_policy_telling_concerned_id_policy_distributor')),
    sa.ForeignKeyConstraint(['noted_by_id'], ['user_account.id'], name=op.f('fk_policy_telling_noted_by_id_user_account')),
    sa.ForeignKeyConstraint(['showing_id'], ['policy_showing.id'], name=op.f('fk_policy_telling_showing_id_policy_showing')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_telling')),
    sa.UniqueConstraint('concerned_id', 'turn', 'what', name=op.f('uq_policy_telling_concerned_id_turn_what'))
    )
    with op.batch_alter_table('policy_telling', schema=None) as batch_op:
        batch_op.create_index('ix_policy_telling_showing_id', ['showing_id'], unique=False)
    for table, keys in WHOLE.items():
        keep_whole(table, keys)
    for table, (kept, keys) in KEPT.items():
        keep_but(table, kept, keys)


def downgrade() -> None:
    for table in (*WHOLE, *KEPT):
        refuse_to_lose(table)
    release(dict.fromkeys(WHOLE, False) | dict.fromkeys(KEPT, True))
    with op.batch_alter_table('policy_telling', schema=None) as batch_op:
        batch_op.drop_index('ix_policy_telling_showing_id')

    op.drop_table('policy_telling')
    with op.batch_alter_table('policy_showing', schema=None) as batch_op:
        batch_op.drop_index('ix_policy_showing_meeting_id')

    op.drop_table('policy_showing')
    with op.batch_alter_table('policy_distributor', schema=None) as batch_op:
        batch_op.drop_index('ix_policy_distributor_distributor_id')

    op.drop_table('policy_distributor')
    op.drop_table('policy_text')
    with op.batch_alter_table('policy_scope', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_policy_scope_region_id'))

    op.drop_table('policy_scope')
    with op.batch_alter_table('policy', schema=None) as batch_op:
        batch_op.drop_index('ix_policy_replaces_id')
        batch_op.drop_index('ix_policy_region_id')

    op.drop_table('policy')
