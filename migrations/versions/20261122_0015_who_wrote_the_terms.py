"""Whoever wrote in the terms of an agreement, an amendment or a notice is known, so that none of them approves it.

What was written before is told from what the records say of it.

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
LISTS = (('agreement_batch', 'said_by'), ('agreement_batch_row', 'said_by'), ('amendment', 'writers'), ('termination', 'writers'))
EVENT = sa.table('agreement_event', sa.column('id'), sa.column('kind'), sa.column('by_id'), sa.column('params', sa.JSON()))
AUDIT = sa.table('audit_event', sa.column('id'), sa.column('action'), sa.column('actor_id'), sa.column('subject_id'))
DEEDS = {'amendment_edited': 'amendment', 'notice_edited': 'termination'}


def upgrade() -> None:
    op.create_table('agreement_writer',
    sa.Column('agreement_id', KEY, nullable=False),
    sa.Column('user_id', KEY, nullable=False),
    sa.ForeignKeyConstraint(['agreement_id'], ['agreement.id'], name=op.f('fk_agreement_writer_agreement_id_agreement')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_agreement_writer_user_id_user_account')),
    sa.PrimaryKeyConstraint('agreement_id', 'user_id', name=op.f('pk_agreement_writer'))
    )
    for table, column in LISTS:
        # Without a batch: SQLite would write the table anew.
        op.add_column(table, sa.Column(column, sa.JSON(), server_default='[]', nullable=False))
    _of_deeds()
    _of_batches()
    op.execute(
        "INSERT INTO agreement_writer (agreement_id, user_id) SELECT DISTINCT agreement_id, by_id FROM agreement_event"
        " WHERE kind = 'edited' AND by_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM agreement_writer w WHERE w.agreement_id = agreement_event.agreement_id"
        " AND w.user_id = agreement_event.by_id)"
    )


def _of_deeds() -> None:
    found: dict[tuple[str, int], set[int]] = {}
    edited = sa.select(EVENT.c.kind, EVENT.c.by_id, EVENT.c.params).where(
        EVENT.c.kind.in_(list(DEEDS)), EVENT.c.by_id.is_not(None)
    )
    for kind, by_id, params in op.get_bind().execute(edited).all():
        found.setdefault((DEEDS[kind], params['deed']), set()).add(by_id)
    for (table, deed_id), ids in found.items():
        _keep(table, 'writers', deed_id, ids)


def _of_batches() -> None:
    """Whoever changed a batch, or a row of it, said its terms and those of the drafts that were made of it."""
    found: dict[int, set[int]] = {}
    changed = sa.select(AUDIT.c.subject_id, AUDIT.c.actor_id).where(
        AUDIT.c.action.in_(('batch.changed', 'batch.row_changed')), AUDIT.c.actor_id.is_not(None)
    )
    for batch_id, by_id in op.get_bind().execute(changed).all():
        found.setdefault(int(batch_id), set()).add(by_id)
    drafts = sa.text("SELECT agreement_id FROM agreement_batch_row WHERE batch_id = :id AND agreement_id IS NOT NULL")
    write = sa.text("INSERT INTO agreement_writer (agreement_id, user_id) VALUES (:agreement, :user)")
    for batch_id, ids in found.items():
        _keep('agreement_batch', 'said_by', batch_id, ids)
        for (agreement_id,) in op.get_bind().execute(drafts, {'id': batch_id}).all():
            for user_id in sorted(ids):
                op.get_bind().execute(write, {'agreement': agreement_id, 'user': user_id})


def _keep(table: str, column: str, row_id: int, ids: set[int]) -> None:
    row = sa.table(table, sa.column('id'), sa.column(column, sa.JSON()))
    op.get_bind().execute(sa.update(row).where(row.c.id == row_id).values({column: sorted(ids)}))


def downgrade() -> None:
    for table, column in LISTS:
        op.drop_column(table, column)
    op.drop_table('agreement_writer')
