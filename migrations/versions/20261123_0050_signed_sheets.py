"""Signed sign-in sheets that came back are filed with their meetings (M1).

Revision: 0050, after 0049
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_whole, refuse_to_lose, release

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('meeting_signed_sheet',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('meeting_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scan_page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('picture_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('printed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('is_by_pinyin', sa.Boolean(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('filed_at', portal.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('page > 0 AND page <= pages', name=op.f('ck_meeting_signed_sheet_page_of_pages')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['user_account.id'], name=op.f('fk_meeting_signed_sheet_filed_by_id_user_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_meeting_signed_sheet_meeting_id_meeting')),
    sa.ForeignKeyConstraint(['picture_id'], ['document.id'], name=op.f('fk_meeting_signed_sheet_picture_id_document')),
    sa.ForeignKeyConstraint(['scan_page_id'], ['scan_page.id'], name=op.f('fk_meeting_signed_sheet_scan_page_id_scan_page')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting_signed_sheet')),
    sa.UniqueConstraint('scan_page_id', 'meeting_id', 'printed_at', 'page', name=op.f('uq_meeting_signed_sheet_scan_page_id_meeting_id_printed_at_page'))
    )
    with op.batch_alter_table('meeting_signed_sheet', schema=None) as batch_op:
        batch_op.create_index('ix_meeting_signed_sheet_meeting_id', ['meeting_id'], unique=False)

    keep_whole("meeting_signed_sheet", [("scan_page_id", "meeting_id", "printed_at", "page")])


def downgrade() -> None:
    refuse_to_lose("meeting_signed_sheet")
    release({"meeting_signed_sheet": False})
    with op.batch_alter_table('meeting_signed_sheet', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_signed_sheet_meeting_id')

    op.drop_table('meeting_signed_sheet')
