"""What devices at the door sent and a person has to look at, and what was said of it (M1).

Revision: 0045, after 0044
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, refuse_to_lose, release

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

# What was read or typed can be erased: it may be a person's.
KEPT = (
    "id", "meeting_id", "kiosk_id", "by_id", "key", "told", "trouble", "guest_id", "other_id", "at", "received_at",
)


def upgrade() -> None:
    op.create_table('meeting_sighting',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kiosk_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('told', sa.Enum('scan', 'guest', 'walk_in', 'substitute', 'left', 'undone', name='told', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('trouble', sa.Enum('forged', 'elsewhere', 'expired', 'gone', 'replaced', 'clock', 'doors', 'ended', 'earlier', 'undone', 'same_name', 'not_in', 'here', 'other', 'twice', name='trouble', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('guest_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('received_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('said', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=60), nullable=False),
    sa.Column('company', sa.String(length=100), nullable=False),
    sa.Column('note', sa.String(length=100), nullable=False),
    sa.CheckConstraint('(kiosk_id IS NULL) <> (by_id IS NULL)', name=op.f('ck_meeting_sighting_seen_by_a_device_or_a_person')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_meeting_sighting_by_id_user_account')),
    sa.ForeignKeyConstraint(['guest_id'], ['meeting_guest.id'], name=op.f('fk_meeting_sighting_guest_id_meeting_guest')),
    sa.ForeignKeyConstraint(['kiosk_id'], ['meeting_kiosk.id'], name=op.f('fk_meeting_sighting_kiosk_id_meeting_kiosk')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_sighting_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['other_id'], ['meeting_guest.id'], name=op.f('fk_meeting_sighting_other_id_meeting_guest')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_sighting')),
    sa.UniqueConstraint('key', name=op.f('uq_meeting_sighting_key'))
    )
    with op.batch_alter_table('meeting_sighting', schema=None) as batch_op:
        batch_op.create_index('ix_meeting_sighting_meeting_id', ['meeting_id'], unique=False)

    op.create_table('meeting_sighting_verdict',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sighting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('verdict', sa.Enum('accepted', 'same', 'dismissed', name='verdict', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('reason', sa.String(length=100), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("verdict <> 'dismissed' OR reason <> ''", name=op.f('ck_meeting_sighting_verdict_dismissed_with_a_reason')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_meeting_sighting_verdict_by_id_user_account')),
    sa.ForeignKeyConstraint(['sighting_id'], ['meeting_sighting.id'], name=op.f('fk_meeting_sighting_verdict_sighting_id_meeting_sighting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_sighting_verdict')),
    sa.UniqueConstraint('sighting_id', name=op.f('uq_meeting_sighting_verdict_sighting_id'))
    )
    keep_but("meeting_sighting", KEPT, [("key",)])
    keep_whole("meeting_sighting_verdict", [("sighting_id",)])


def downgrade() -> None:
    refuse_to_lose("meeting_sighting")
    release({"meeting_sighting_verdict": False, "meeting_sighting": True})
    op.drop_table('meeting_sighting_verdict')
    with op.batch_alter_table('meeting_sighting', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_sighting_meeting_id')

    op.drop_table('meeting_sighting')
