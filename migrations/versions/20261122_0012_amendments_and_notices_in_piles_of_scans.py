"""Amendments and notices in piles of scans; what was uploaded, read and filed stays as it was written.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

# Nothing of a row ever changes.
GUARDED = ("document", "document_blob", "agreement_scan", "deed_scan")
# These columns never do; the others say how far the work on a row has come.
KEPT = {
    "scan_pile": ("id", "region_id", "by_id", "at"),
    "scan_file": ("id", "pile_id", "no", "filename", "document_id"),
    "scan_page": ("id", "pile_id", "file_id", "no", "kind", "quarter_turns", "preview_id"),
    "scan_mark": ("id", "page_id", "code", "page_no", "paper_id", "deed_paper_id", "placed_at", "placed_by_id"),
    "scan_return": ("id", "pile_id", "agreement_id", "amendment_id", "termination_id", "is_due"),
}
# What was withdrawn stays so, and what was filed changes no more at all.
ENDED = {"scan_mark": "OLD.withdrawn_at IS NOT NULL", "scan_return": "OLD.filed_at IS NOT NULL"}


def upgrade() -> None:
    with op.batch_alter_table('scan_mark', schema=None) as batch_op:
        batch_op.add_column(sa.Column('deed_paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index(batch_op.f('ix_scan_mark_code'), ['code'], unique=False)
        batch_op.create_index(batch_op.f('ix_scan_mark_deed_paper_id'), ['deed_paper_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_scan_mark_deed_paper_id_deed_paper'), 'deed_paper', ['deed_paper_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_scan_mark_of_one_paper'), 'paper_id IS NULL OR deed_paper_id IS NULL')

    with op.batch_alter_table('scan_return', schema=None) as batch_op:
        batch_op.add_column(sa.Column('amendment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('termination_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('served_how', sa.Enum('courier', 'in_person', 'refused', name='service', native_enum=False, create_constraint=True, length=40), nullable=True))
        batch_op.add_column(sa.Column('served_note', sa.String(length=100), server_default='', nullable=False))
        batch_op.drop_constraint(batch_op.f('uq_scan_return_pile_id_agreement_id'), type_='unique')
        batch_op.create_index(batch_op.f('ix_scan_return_amendment_id'), ['amendment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_scan_return_termination_id'), ['termination_id'], unique=False)
        batch_op.create_index('uq_scan_return_of_agreement', ['pile_id', 'agreement_id'], unique=True, sqlite_where=sa.text('amendment_id IS NULL AND termination_id IS NULL'), postgresql_where=sa.text('amendment_id IS NULL AND termination_id IS NULL'))
        batch_op.create_unique_constraint(batch_op.f('uq_scan_return_pile_id_amendment_id'), ['pile_id', 'amendment_id'])
        batch_op.create_unique_constraint(batch_op.f('uq_scan_return_pile_id_termination_id'), ['pile_id', 'termination_id'])
        batch_op.create_foreign_key(batch_op.f('fk_scan_return_amendment_id_amendment'), 'amendment', ['amendment_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_scan_return_termination_id_termination'), 'termination', ['termination_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_scan_return_of_one_paper'), 'amendment_id IS NULL OR termination_id IS NULL')

    know_deeds()
    guard()


def know_deeds() -> None:
    """Pages of amendments and notices that lie in piles already are theirs, unless somebody set them aside."""
    connection = op.get_bind()
    connection.execute(sa.text(
        "UPDATE scan_mark SET deed_paper_id = (SELECT id FROM deed_paper WHERE deed_paper.code = scan_mark.code"
        " AND scan_mark.page_no <= deed_paper.pages) WHERE paper_id IS NULL"
    ))
    rows = connection.execute(sa.text(
        "SELECT DISTINCT scan_page.pile_id, deed_paper.amendment_id, deed_paper.termination_id,"
        " COALESCE(amendment.agreement_id, termination.agreement_id) AS agreement_id"
        " FROM scan_mark JOIN scan_page ON scan_page.id = scan_mark.page_id"
        " JOIN deed_paper ON deed_paper.id = scan_mark.deed_paper_id"
        " LEFT JOIN amendment ON amendment.id = deed_paper.amendment_id"
        " LEFT JOIN termination ON termination.id = deed_paper.termination_id"
        " WHERE scan_page.set_aside_at IS NULL"
    )).all()
    returned = sa.table(
        "scan_return",
        *(sa.column(name, sa.BigInteger) for name in ("pile_id", "agreement_id", "amendment_id", "termination_id")),
        sa.column("is_due", sa.Boolean),
        sa.column("refusal", sa.String),
        sa.column("refusal_params", sa.JSON),
    )
    op.bulk_insert(
        returned, [{**row._mapping, "is_due": False, "refusal": "", "refusal_params": {}} for row in rows]
    )


def guard() -> None:
    """Neither a slip nor a script takes away what was uploaded, or what was filed, when and by whom."""
    if op.get_bind().dialect.name == "postgresql":
        refuse = "FOR EACH ROW {} EXECUTE FUNCTION portal_refuse_change()"
        for table in GUARDED:
            op.execute(f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table} {refuse.format('')}")
        for table in KEPT:
            changed = refuse.format(f"WHEN ({_changed(table, 'IS DISTINCT FROM')})")
            op.execute(f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE ON {table} {changed}")
            op.execute(f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {refuse.format('')}")
        return
    for table in (*GUARDED, *KEPT):
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
        when = f"WHEN {_changed(table, 'IS NOT')} " if table in KEPT else ""
        is_there = "sha256 = NEW.sha256 AND no = NEW.no" if table == "document_blob" else "id = NEW.id"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when}{refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_there}) {refuse}"
        )


def _changed(table: str, differs: str) -> str:
    """When an update is refused."""
    tests = [f"NEW.{column} {differs} OLD.{column}" for column in KEPT[table]]
    return " OR ".join([*tests, ENDED[table]] if table in ENDED else tests)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in (*GUARDED, *KEPT):
            op.execute(f"DROP TRIGGER {table}_is_kept ON {table}")
        for table in KEPT:
            op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    else:
        for table in (*GUARDED, *KEPT):
            for what in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER {table}_no_{what}")
    op.execute("DELETE FROM scan_return WHERE amendment_id IS NOT NULL OR termination_id IS NOT NULL")
    with op.batch_alter_table('scan_return', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_scan_return_service'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_scan_return_of_one_paper'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_scan_return_termination_id_termination'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_scan_return_amendment_id_amendment'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_scan_return_pile_id_termination_id'), type_='unique')
        batch_op.drop_constraint(batch_op.f('uq_scan_return_pile_id_amendment_id'), type_='unique')
        batch_op.drop_index('uq_scan_return_of_agreement', sqlite_where=sa.text('amendment_id IS NULL AND termination_id IS NULL'), postgresql_where=sa.text('amendment_id IS NULL AND termination_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_scan_return_termination_id'))
        batch_op.drop_index(batch_op.f('ix_scan_return_amendment_id'))
        batch_op.create_unique_constraint(batch_op.f('uq_scan_return_pile_id_agreement_id'), ['pile_id', 'agreement_id'])
        batch_op.drop_column('served_note')
        batch_op.drop_column('served_how')
        batch_op.drop_column('termination_id')
        batch_op.drop_column('amendment_id')

    with op.batch_alter_table('scan_mark', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_scan_mark_of_one_paper'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_scan_mark_deed_paper_id_deed_paper'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_scan_mark_deed_paper_id'))
        batch_op.drop_index(batch_op.f('ix_scan_mark_code'))
        batch_op.drop_column('deed_paper_id')

