"""A decision is taken back on the word of two people, with the judgment or counsel's opinion.

Revision: 0031, after 0030
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, release

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLE = "case_taking_back"
KEPT = ("id", "case_id", "no", "ground", "said", "document_id", "proposed_by_id", "proposed_at")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITS = sa.text("confirmed_at IS NULL AND dropped_at IS NULL")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", _ID, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("ground", sa.Enum("judgment", "counsel", name="takingbackground", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("proposed_by_id", _ID, nullable=False),
        sa.Column("proposed_at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", _ID, nullable=True),
        sa.Column("confirmed_at", portal.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", portal.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name=op.f("ck_case_taking_back_confirmed_by_somebody")),
        sa.CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name=op.f("ck_case_taking_back_by_two_people")),
        sa.CheckConstraint("confirmed_at IS NULL OR dropped_at IS NULL", name=op.f("ck_case_taking_back_confirmed_or_dropped")),
        sa.CheckConstraint("said <> ''", name=op.f("ck_case_taking_back_says_why")),
        sa.ForeignKeyConstraint(["case_id"], ["violation_case.id"], name=op.f("fk_case_taking_back_case_id_violation_case")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_case_taking_back_document_id_document")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["user_account.id"], name=op.f("fk_case_taking_back_proposed_by_id_user_account")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["user_account.id"], name=op.f("fk_case_taking_back_confirmed_by_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_taking_back")),
        sa.UniqueConstraint("case_id", "no", name=op.f("uq_case_taking_back_case_id_no")),
    )
    op.create_index("uq_case_taking_back_waiting", TABLE, ["case_id"], unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS)
    keep_but(TABLE, KEPT, [("case_id", "no")], ended="confirmed_at")


def downgrade() -> None:
    release({TABLE: True})
    op.drop_table(TABLE)
