"""Minutes of meetings, the tasks that come of them with their records, and commendations (M1).

Revision: 0051, after 0050
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, refuse_to_lose, release

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# Which columns of what stays never change, and by which keys a row is the same one.
KEPT = {
    "meeting_minutes": (("id", "meeting_id", "no", "drafted_at", "drafted_by_id"), [("meeting_id", "no")]),
    "meeting_task": (("id", "meeting_id", "no", "what", "doer_id", "given_at", "given_by_id"), [("meeting_id", "no")]),
    "commendation": (("id", "meeting_id", "distributor_id", "honour", "reason", "given_at", "given_by_id"), []),
}



def upgrade() -> None:
    op.create_table('meeting_minutes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('chaired_by', sa.String(length=60), nullable=False),
    sa.Column('taken_by', sa.String(length=60), nullable=False),
    sa.Column('blocks', sa.JSON(), nullable=False),
    sa.Column('decisions', sa.JSON(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('tasks', sa.JSON(), nullable=False),
    sa.Column('drafted_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('drafted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('issued_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('issued_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('(issued_at IS NULL) = (issued_by_id IS NULL)', name=op.f('ck_meeting_minutes_issued_by_somebody')),
    sa.CheckConstraint('no > 0', name=op.f('ck_meeting_minutes_no_positive')),
    sa.ForeignKeyConstraint(['drafted_by_id'], ['user_account.id'], name=op.f('fk_meeting_minutes_drafted_by_id_user_account')),
    sa.ForeignKeyConstraint(['issued_by_id'], ['user_account.id'], name=op.f('fk_meeting_minutes_issued_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_minutes_meeting_id_meeting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_minutes')),
    sa.UniqueConstraint('meeting_id', 'no', name=op.f('uq_meeting_minutes_meeting_id_no'))
    )
    op.create_table('commendation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('honour', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('given_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('given_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('withdrawn_at', portal.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_reason = '')", name=op.f('ck_commendation_withdrawn_with_a_reason')),
    sa.CheckConstraint("honour <> ''", name=op.f('ck_commendation_honour_given')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_commendation_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['given_by_id'], ['user_account.id'], name=op.f('fk_commendation_given_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_commendation_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['user_account.id'], name=op.f('fk_commendation_withdrawn_by_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commendation'))
    )
    with op.batch_alter_table('commendation', schema=None) as batch_op:
        batch_op.create_index('ix_commendation_distributor_id', ['distributor_id'], unique=False)
        batch_op.create_index('ix_commendation_meeting_id', ['meeting_id'], unique=False)

    op.create_table('meeting_task',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(length=300), nullable=False),
    sa.Column('doer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('distributor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.Enum('open', 'done', 'dropped', name='taskstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('given_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('given_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("what <> ''", name=op.f('ck_meeting_task_what_given')),
    sa.ForeignKeyConstraint(['distributor_id'], ['distributor.id'], name=op.f('fk_meeting_task_distributor_id_distributor')),
    sa.ForeignKeyConstraint(['doer_id'], ['user_account.id'], name=op.f('fk_meeting_task_doer_id_user_account')),
    sa.ForeignKeyConstraint(['given_by_id'], ['user_account.id'], name=op.f('fk_meeting_task_given_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_task_meeting_id_meeting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_task')),
    sa.UniqueConstraint('meeting_id', 'no', name=op.f('uq_meeting_task_meeting_id_no'))
    )
    with op.batch_alter_table('meeting_task', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meeting_task_distributor_id'), ['distributor_id'], unique=False)
        batch_op.create_index('ix_meeting_task_doer_id_state_due_on', ['doer_id', 'state', 'due_on'], unique=False)

    op.create_table('meeting_task_record',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('deed', sa.Enum('done', 'reopened', 'dropped', 'moved', name='taskdeed', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('due_before_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.CheckConstraint("(deed = 'moved') = (due_before_on IS NOT NULL) AND (deed = 'moved') = (due_on IS NOT NULL)", name=op.f('ck_meeting_task_record_moved_from_day_to_day')),
    sa.CheckConstraint("note <> ''", name=op.f('ck_meeting_task_record_note_given')),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_meeting_task_record_by_id_user_account')),
    sa.ForeignKeyConstraint(['task_id'], ['meeting_task.id'], name=op.f('fk_meeting_task_record_task_id_meeting_task')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_task_record'))
    )
    with op.batch_alter_table('meeting_task_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meeting_task_record_task_id'), ['task_id'], unique=False)
    keep_whole("meeting_task_record")
    keep_but("meeting_minutes", *KEPT["meeting_minutes"], ended="issued_at")
    keep_but("meeting_task", *KEPT["meeting_task"])
    keep_but("commendation", *KEPT["commendation"], ended="withdrawn_at")


def downgrade() -> None:
    for table in (*KEPT, "meeting_task_record"):
        refuse_to_lose(table)
    release({"meeting_task_record": False} | dict.fromkeys(KEPT, True))
    with op.batch_alter_table('meeting_task_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meeting_task_record_task_id'))

    op.drop_table('meeting_task_record')
    with op.batch_alter_table('meeting_task', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_task_doer_id_state_due_on')
        batch_op.drop_index(batch_op.f('ix_meeting_task_distributor_id'))

    op.drop_table('meeting_task')
    with op.batch_alter_table('commendation', schema=None) as batch_op:
        batch_op.drop_index('ix_commendation_meeting_id')
        batch_op.drop_index('ix_commendation_distributor_id')

    op.drop_table('commendation')
    op.drop_table('meeting_minutes')
