"""Dealer meetings: invitations, guests, devices at the door, and who came, written once (M1).

Revision: 0038, after 0037
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, release

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# Which columns of what stays never change, and by which keys a row is the same one.
KEPT = {
    "meeting": (("id", "number", "region_id", "created_at", "created_by_id"), [("number",)]),
    "meeting_invitation": (("id", "meeting_id", "distributor_id", "invited_at"), [("meeting_id", "distributor_id")]),
    "meeting_guest": (("id", "meeting_id", "is_walk_in", "added_at"), []),
    "meeting_kiosk": (
        ("id", "meeting_id", "made_by_id"),
        [("meeting_id", "name"), ("opening_sha256",), ("key_sha256",)],
    ),
}


def upgrade() -> None:
    op.create_table('meeting',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.Enum('regular', 'annual', 'ordering', 'product', 'policy', 'commendation', 'other', name='meetingkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('region_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('host_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('place', sa.String(length=80), nullable=False),
    sa.Column('address', sa.String(length=120), nullable=False),
    sa.Column('starts_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('late_after_minutes', sa.Integer(), nullable=False),
    sa.Column('reply_by_on', sa.Date(), nullable=True),
    sa.Column('seats', sa.Integer(), nullable=True),
    sa.Column('budget_fen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('copied_from_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('cancelled_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cancelled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('cancelled_reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(cancelled_at IS NULL) = (cancelled_by_id IS NULL) AND (cancelled_at IS NULL) = (cancelled_reason = '')", name=op.f('ck_meeting_cancelled_with_a_reason')),
    sa.CheckConstraint("title <> ''", name=op.f('ck_meeting_title_given')),
    sa.CheckConstraint('budget_fen >= 0', name=op.f('ck_meeting_budget_not_negative')),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_meeting_ends_after_it_starts')),
    sa.CheckConstraint('late_after_minutes >= 0', name=op.f('ck_meeting_lateness_not_negative')),
    sa.CheckConstraint('seats > 0', name=op.f('ck_meeting_some_seats')),
    sa.ForeignKeyConstraint(['cancelled_by_id'], ['user_account.id'], name=op.f('fk_meeting_cancelled_by_id_user_account')),
    sa.ForeignKeyConstraint(['copied_from_id'], ['meeting.id'], name=op.f('fk_meeting_copied_from_id_meeting')),
    sa.ForeignKeyConstraint(['created_by_id'], ['user_account.id'], name=op.f('fk_meeting_created_by_id_user_account')),
    sa.ForeignKeyConstraint(['host_id'], ['user_account.id'], name=op.f('fk_meeting_host_id_user_account')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_meeting_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting')),
    sa.UniqueConstraint('number', name=op.f('uq_meeting_number'))
    )
    with op.batch_alter_table('meeting', schema=None) as batch_op:
        batch_op.create_index('ix_meeting_region_id_starts_at', ['region_id', 'starts_at'], unique=False)
        batch_op.create_index('ix_meeting_starts_at', ['starts_at'], unique=False)

    op.create_table('meeting_agenda_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('topic', sa.String(length=100), nullable=False),
    sa.Column('speaker', sa.String(length=60), nullable=False),
    sa.CheckConstraint("topic <> ''", name=op.f('ck_meeting_agenda_item_topic_given')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_agenda_item_meeting_id_meeting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_agenda_item'))
    )
    with op.batch_alter_table('meeting_agenda_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meeting_agenda_item_meeting_id'), ['meeting_id'], unique=False)

    op.create_table('meeting_kiosk',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('opening_sha256', sa.String(length=64), nullable=True),
    sa.Column('opens_until', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('key_sha256', sa.String(length=64), nullable=True),
    sa.Column('made_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opened_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['ended_by_id'], ['user_account.id'], name=op.f('fk_meeting_kiosk_ended_by_id_user_account')),
    sa.ForeignKeyConstraint(['made_by_id'], ['user_account.id'], name=op.f('fk_meeting_kiosk_made_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_kiosk_meeting_id_meeting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_kiosk')),
    sa.UniqueConstraint('key_sha256', name=op.f('uq_meeting_kiosk_key_sha256')),
    sa.UniqueConstraint('meeting_id', 'name', name=op.f('uq_meeting_kiosk_meeting_id_name')),
    sa.UniqueConstraint('opening_sha256', name=op.f('uq_meeting_kiosk_opening_sha256'))
    )
    op.create_table('meeting_invitation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('invited_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('invited_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reply', sa.Enum('coming', 'declined', name='reply', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('persons', sa.Integer(), nullable=True),
    sa.Column('replied_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('replied_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('replied_via', sa.Enum('phone', 'excel', 'link', name='via', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(reply IS NULL) = (replied_at IS NULL)', name=op.f('ck_meeting_invitation_replied_at_a_time')),
    sa.CheckConstraint('persons >= 0', name=op.f('ck_meeting_invitation_persons_not_negative')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_meeting_invitation_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['invited_by_id'], ['user_account.id'], name=op.f('fk_meeting_invitation_invited_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_invitation_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['replied_by_id'], ['user_account.id'], name=op.f('fk_meeting_invitation_replied_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_invitation')),
    sa.UniqueConstraint('meeting_id', 'distributor_id', name=op.f('uq_meeting_invitation_meeting_id_distributor_id'))
    )
    with op.batch_alter_table('meeting_invitation', schema=None) as batch_op:
        batch_op.create_index('ix_meeting_invitation_distributor_id', ['distributor_id'], unique=False)

    op.create_table('meeting_guest',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('invitation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('company', sa.String(length=100), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('sound', sa.String(length=120), nullable=False),
    sa.Column('initials', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=60), nullable=False),
    sa.Column('phone_tail', sa.String(length=4), nullable=False),
    sa.Column('is_walk_in', sa.Boolean(), nullable=False),
    sa.Column('stands_in_for_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('lodging', sa.Enum('none', 'shared', 'single', name='lodging', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('train', sa.String(length=60), nullable=False),
    sa.Column('room', sa.String(length=20), nullable=False),
    sa.Column('table_no', sa.String(length=10), nullable=False),
    sa.Column('seat_no', sa.String(length=10), nullable=False),
    sa.Column('added_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('cancelled_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('erased_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(erased_at IS NULL AND name <> '') OR (erased_at IS NOT NULL AND name = '' AND sound = '' AND initials = '' AND title = '' AND phone = '' AND phone_tail = '' AND train = '')", name=op.f('ck_meeting_guest_erased_wholly_or_named')),
    sa.CheckConstraint('stands_in_for_id <> id', name=op.f('ck_meeting_guest_stands_in_for_another')),
    sa.ForeignKeyConstraint(['invitation_id'], ['meeting_invitation.id'], name=op.f('fk_meeting_guest_invitation_id_meeting_invitation')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_guest_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['stands_in_for_id'], ['meeting_guest.id'], name=op.f('fk_meeting_guest_stands_in_for_id_meeting_guest')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_guest'))
    )
    with op.batch_alter_table('meeting_guest', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meeting_guest_invitation_id'), ['invitation_id'], unique=False)
        batch_op.create_index('ix_meeting_guest_meeting_id_initials', ['meeting_id', 'initials'], unique=False)
        batch_op.create_index('ix_meeting_guest_meeting_id_phone_tail', ['meeting_id', 'phone_tail'], unique=False)

    op.create_table('meeting_attendance',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('guest_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('what', sa.Enum('arrived', 'left', 'undone', name='what', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('how', sa.Enum('badge', 'name', 'walk_in', 'office', 'sheet', name='how', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('received_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('kiosk_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('note', sa.String(length=100), nullable=False),
    sa.CheckConstraint("(what = 'arrived') = (how IS NOT NULL)", name=op.f('ck_meeting_attendance_arrived_by_something')),
    sa.CheckConstraint("what <> 'undone' OR note <> ''", name=op.f('ck_meeting_attendance_undone_with_a_reason')),
    sa.CheckConstraint('(kiosk_id IS NULL) <> (by_id IS NULL)', name=op.f('ck_meeting_attendance_seen_by_a_device_or_a_person')),
    sa.CheckConstraint('turn > 0', name=op.f('ck_meeting_attendance_turn_positive')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_meeting_attendance_by_id_user_account')),
    sa.ForeignKeyConstraint(['guest_id'], ['meeting_guest.id'], name=op.f('fk_meeting_attendance_guest_id_meeting_guest')),
    sa.ForeignKeyConstraint(['kiosk_id'], ['meeting_kiosk.id'], name=op.f('fk_meeting_attendance_kiosk_id_meeting_kiosk')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_attendance_meeting_id_meeting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_attendance')),
    sa.UniqueConstraint('guest_id', 'turn', 'what', name=op.f('uq_meeting_attendance_guest_id_turn_what')),
    sa.UniqueConstraint('key', name=op.f('uq_meeting_attendance_key'))
    )
    with op.batch_alter_table('meeting_attendance', schema=None) as batch_op:
        batch_op.create_index('ix_meeting_attendance_meeting_id_at', ['meeting_id', 'at'], unique=False)
    keep_whole("meeting_attendance", [("key",), ("guest_id", "turn", "what")])
    for table, (kept, keys) in KEPT.items():
        keep_but(table, kept, keys)


def downgrade() -> None:
    release({"meeting_attendance": False} | dict.fromkeys(KEPT, True))
    with op.batch_alter_table('meeting_attendance', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_attendance_meeting_id_at')

    op.drop_table('meeting_attendance')
    with op.batch_alter_table('meeting_guest', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_guest_meeting_id_phone_tail')
        batch_op.drop_index('ix_meeting_guest_meeting_id_initials')
        batch_op.drop_index(batch_op.f('ix_meeting_guest_invitation_id'))

    op.drop_table('meeting_guest')
    with op.batch_alter_table('meeting_invitation', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_invitation_distributor_id')

    op.drop_table('meeting_invitation')
    op.drop_table('meeting_kiosk')
    with op.batch_alter_table('meeting_agenda_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meeting_agenda_item_meeting_id'))

    op.drop_table('meeting_agenda_item')
    with op.batch_alter_table('meeting', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_starts_at')
        batch_op.drop_index('ix_meeting_region_id_starts_at')

    op.drop_table('meeting')
