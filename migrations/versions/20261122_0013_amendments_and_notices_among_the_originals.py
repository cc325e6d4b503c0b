"""Amendments and notices are originals as agreements are: every paper has a trail from its approval on.

Seals and parcels refer to the trail instead of the agreement's paper.

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
KIND = sa.Enum('agreement', 'amendment', 'termination', name='paperkind', native_enum=False, create_constraint=True, length=40)
NO_COPIES = "'not_asked', 0, 0, 0, 0, ''"
INTO = (
    "INSERT INTO paper_trail (kind, agreement_id, paper_id, deed_paper_id, number,"
    " stage, sealed_copies, sent_copies, expected_copies, back_copies, cabinet) "
)


def upgrade() -> None:
    with op.batch_alter_table('paper_trail', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('agreement_id', KEY, nullable=True))
        batch_op.add_column(sa.Column('deed_paper_id', KEY, nullable=True))
        batch_op.add_column(sa.Column('number', sa.String(length=60), nullable=True))
        batch_op.alter_column('paper_id', existing_type=KEY, nullable=True)
    _tell_of_every_paper()
    with op.batch_alter_table('paper_trail', schema=None) as batch_op:
        batch_op.alter_column('kind', existing_type=sa.String(length=40), type_=KIND, nullable=False)
        batch_op.alter_column('agreement_id', existing_type=KEY, nullable=False)
        batch_op.alter_column('number', existing_type=sa.String(length=60), nullable=False)
        batch_op.create_index(batch_op.f('ix_paper_trail_agreement_id'), ['agreement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_trail_number'), ['number'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_paper_trail_deed_paper_id'), ['deed_paper_id'])
        batch_op.create_foreign_key(batch_op.f('fk_paper_trail_agreement_id_agreement'), 'agreement', ['agreement_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_paper_trail_deed_paper_id_deed_paper'), 'deed_paper', ['deed_paper_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_paper_trail_of_one_paper'), '(paper_id IS NULL) <> (deed_paper_id IS NULL)')
        batch_op.create_check_constraint(batch_op.f('ck_paper_trail_kind_of_its_paper'), "(kind = 'agreement') = (paper_id IS NOT NULL)")
    for table, of in (('parcel_row', 'parcel_id'), ('seal_application_row', 'application_id')):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('trail_id', KEY, nullable=True))
        op.execute(f"UPDATE {table} SET trail_id = (SELECT id FROM paper_trail WHERE paper_trail.paper_id = {table}.paper_id)")
        _refer(table, of, 'paper_id', 'agreement_paper', 'trail_id', 'paper_trail')


def _tell_of_every_paper() -> None:
    """The trails that there are learn what they are of; every other paper gets its own."""
    op.execute(
        "UPDATE paper_trail SET kind = 'agreement',"
        " agreement_id = (SELECT agreement_id FROM agreement_paper WHERE agreement_paper.id = paper_trail.paper_id)"
    )
    op.execute("UPDATE paper_trail SET number = (SELECT number FROM agreement WHERE agreement.id = paper_trail.agreement_id)")
    op.execute(
        INTO + f"SELECT 'agreement', a.id, p.id, NULL, a.number, {NO_COPIES}"
        " FROM agreement_paper p JOIN agreement a ON a.id = p.agreement_id"
        " WHERE NOT EXISTS (SELECT 1 FROM paper_trail t WHERE t.paper_id = p.id)"
    )
    op.execute(
        INTO + f"SELECT 'amendment', a.id, NULL, p.id, a.number || '-S' || m.no, {NO_COPIES}"
        " FROM deed_paper p JOIN amendment m ON m.id = p.amendment_id JOIN agreement a ON a.id = m.agreement_id"
    )
    op.execute(
        INTO + f"SELECT 'termination', n.agreement_id, NULL, p.id, n.number, {NO_COPIES}"
        " FROM deed_paper p JOIN termination n ON n.id = p.termination_id"
    )


def _refer(table: str, of: str, old: str, old_table: str, new: str, new_table: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.alter_column(new, existing_type=KEY, nullable=False)
        batch_op.drop_index(batch_op.f(f'ix_{table}_{old}'))
        batch_op.drop_constraint(batch_op.f(f'uq_{table}_{of}_{old}'), type_='unique')
        batch_op.drop_constraint(batch_op.f(f'fk_{table}_{old}_{old_table}'), type_='foreignkey')
        batch_op.create_index(batch_op.f(f'ix_{table}_{new}'), [new], unique=False)
        batch_op.create_unique_constraint(batch_op.f(f'uq_{table}_{of}_{new}'), [of, new])
        batch_op.create_foreign_key(batch_op.f(f'fk_{table}_{new}_{new_table}'), new_table, [new], ['id'])
        batch_op.drop_column(old)


def downgrade() -> None:
    for table, of in (('seal_application_row', 'application_id'), ('parcel_row', 'parcel_id')):
        # The older tables know agreements only.
        op.execute(f"DELETE FROM {table} WHERE trail_id IN (SELECT id FROM paper_trail WHERE deed_paper_id IS NOT NULL)")
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('paper_id', KEY, nullable=True))
        op.execute(f"UPDATE {table} SET paper_id = (SELECT paper_id FROM paper_trail WHERE paper_trail.id = {table}.trail_id)")
        _refer(table, of, 'trail_id', 'paper_trail', 'paper_id', 'agreement_paper')
    op.execute("DELETE FROM paper_trail WHERE deed_paper_id IS NOT NULL")
    with op.batch_alter_table('paper_trail', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_paper_trail_kind_of_its_paper'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_paper_trail_of_one_paper'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_paper_trail_paperkind'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_paper_trail_deed_paper_id_deed_paper'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_paper_trail_agreement_id_agreement'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_paper_trail_deed_paper_id'), type_='unique')
        batch_op.drop_index(batch_op.f('ix_paper_trail_number'))
        batch_op.drop_index(batch_op.f('ix_paper_trail_agreement_id'))
        batch_op.alter_column('paper_id', existing_type=KEY, nullable=False)
        batch_op.drop_column('number')
        batch_op.drop_column('deed_paper_id')
        batch_op.drop_column('agreement_id')
        batch_op.drop_column('kind')
