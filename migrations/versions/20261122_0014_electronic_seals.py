"""electronic seals.

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

import portal.db

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('seal_certificate',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('issuer', sa.String(length=200), nullable=False),
    sa.Column('not_before', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('not_after', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=False),
    sa.Column('first_used_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_certificate')),
    sa.UniqueConstraint('sha256', name=op.f('uq_seal_certificate_sha256'))
    )
    op.create_table('electronic_seal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('earlier_document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('certificate_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['user_account.id'], name=op.f('fk_electronic_seal_by_id_user_account')),
    sa.ForeignKeyConstraint(['certificate_id'], ['seal_certificate.id'], name=op.f('fk_electronic_seal_certificate_id_seal_certificate')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_electronic_seal_document_id_document')),
    sa.ForeignKeyConstraint(['earlier_document_id'], ['document.id'], name=op.f('fk_electronic_seal_earlier_document_id_document')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_electronic_seal')),
    sa.UniqueConstraint('document_id', name=op.f('uq_electronic_seal_document_id'))
    )
    with op.batch_alter_table('electronic_seal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_electronic_seal_earlier_document_id'), ['earlier_document_id'], unique=False)

    guard("seal_certificate", "electronic_seal")


def guard(*tables: str) -> None:
    """What was sealed, and with what, stays as it was written."""
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
    with op.batch_alter_table('electronic_seal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_electronic_seal_earlier_document_id'))

    op.drop_table('electronic_seal')
    op.drop_table('seal_certificate')
