"""texts of the company itself.

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('template_draft',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('version', sa.String(length=20), nullable=False),
    sa.Column('base_key', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('origin_key', sa.String(length=60), nullable=False),
    sa.Column('origin_version', sa.String(length=20), nullable=False),
    sa.Column('origin_text', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'submitted', 'released', 'discarded', name='textstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('row_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_template_draft_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_draft'))
    )
    with op.batch_alter_table('template_draft', schema=None) as batch_op:
        batch_op.create_index('uq_template_draft_open', ['key'], unique=True, sqlite_where=sa.text("state IN ('draft', 'submitted')"), postgresql_where=sa.text("state IN ('draft', 'submitted')"))

    op.create_table('template_offer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_offered', sa.Boolean(), nullable=False),
    sa.Column('holds_work', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_template_offer_by_id_user_account')),
    sa.ForeignKeyConstraint(['template_id'], ['paper_template.id'], name=op.f('fk_template_offer_template_id_paper_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_offer'))
    )
    with op.batch_alter_table('template_offer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_template_offer_template_id'), ['template_id'], unique=False)

    op.create_table('template_draft_step',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('draft_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_template_draft_step_by_id_user_account')),
    sa.ForeignKeyConstraint(['draft_id'], ['template_draft.id'], name=op.f('fk_template_draft_step_draft_id_template_draft')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_draft_step'))
    )
    with op.batch_alter_table('template_draft_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_template_draft_step_draft_id'), ['draft_id'], unique=False)

    with op.batch_alter_table('paper_template', schema=None) as batch_op:
        batch_op.add_column(sa.Column('base_key', sa.String(length=60), server_default='', nullable=False))
        batch_op.add_column(sa.Column('name', sa.String(length=60), server_default='', nullable=False))

    guard("template_offer", "template_draft_step")


def guard(*tables: str) -> None:
    """What was said of a text stays as it was said."""
    for table in tables:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION portal_refuse_change()"
            )
            continue
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
            f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
        )


def downgrade() -> None:
    with op.batch_alter_table('paper_template', schema=None) as batch_op:
        batch_op.drop_column('name')
        batch_op.drop_column('base_key')

    with op.batch_alter_table('template_draft_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_template_draft_step_draft_id'))

    op.drop_table('template_draft_step')
    with op.batch_alter_table('template_offer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_template_offer_template_id'))

    op.drop_table('template_offer')
    with op.batch_alter_table('template_draft', schema=None) as batch_op:
        batch_op.drop_index('uq_template_draft_open', sqlite_where=sa.text("state IN ('draft', 'submitted')"), postgresql_where=sa.text("state IN ('draft', 'submitted')"))

    op.drop_table('template_draft')
