"""Statements come back: among the originals, in piles of scans, with their delivery, their answer and its points.

Revision: 0027, after 0026
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, keep_whole, release, replace_by_none_of

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("agreement", "amendment", "termination")
NO_COPIES = "'not_asked', 0, 0, 0, 0, ''"
TICKED = ("id", "statement_id", "received_on", "fund", "fund_objection", "account", "account_objection", "document_id",
          "entered_by_id", "entered_at")  # fmt: skip
MARKED = ("id", "page_id", "code", "page_no", "paper_id", "deed_paper_id", "placed_at", "placed_by_id")
RETURNED = ("id", "pile_id", "agreement_id", "amendment_id", "termination_id", "is_due")
OF_PILE = [("pile_id", "amendment_id"), ("pile_id", "termination_id")]
OLD_IS_AGREEMENT = sa.text("amendment_id IS NULL AND termination_id IS NULL")
IS_AGREEMENT = sa.text("amendment_id IS NULL AND termination_id IS NULL AND statement_id IS NULL")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _count_of(*columns: str) -> str:
    return " + ".join(f"(CASE WHEN {column} IS NULL THEN 0 ELSE 1 END)" for column in columns)


def _is_one_of(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})"


def upgrade() -> None:
    # Added in place: a rebuilt table would lose its triggers.
    op.add_column("statement", sa.Column("objections_until", sa.Date(), nullable=True))
    _new_tables()
    _replies()
    _trails()
    _piles()


def _new_tables() -> None:
    op.create_table(
        "statement_delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("statement_id", KEY, nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("way", _enum("way", "courier", "refused", "in_person", "email"), nullable=True),
        sa.Column("note", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("parcel_id", KEY, nullable=True),
        sa.Column("by_id", KEY, nullable=False),
        sa.Column("at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(delivered_on IS NULL) = (way IS NULL)", name=op.f("ck_statement_delivery_delivered_somehow")),
        sa.CheckConstraint("delivered_on IS NOT NULL OR reason <> ''", name=op.f("ck_statement_delivery_taken_back_for_a_reason")),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_statement_delivery_by_id_user_account")),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcel.id"], name=op.f("fk_statement_delivery_parcel_id_parcel")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_statement_delivery_statement_id_statement")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_delivery")),
    )  # fmt: skip
    op.create_index(op.f("ix_statement_delivery_statement_id"), "statement_delivery", ["statement_id"])
    op.create_table(
        "statement_scan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("statement_id", KEY, nullable=False),
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("filed_at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("filed_by_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_statement_scan_document_id_document")),
        sa.ForeignKeyConstraint(["filed_by_id"], ["user_account.id"], name=op.f("fk_statement_scan_filed_by_id_user_account")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_statement_scan_statement_id_statement")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_scan")),
    )  # fmt: skip
    op.create_index(op.f("ix_statement_scan_statement_id"), "statement_scan", ["statement_id"])
    op.create_table(
        "objection_point",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reply_id", KEY, nullable=False),
        sa.Column("item", sa.String(length=10), nullable=False),
        sa.Column("stated_fen", KEY, nullable=False),
        sa.Column("claimed_fen", KEY, nullable=True),
        sa.ForeignKeyConstraint(["reply_id"], ["statement_reply.id"], name=op.f("fk_objection_point_reply_id_statement_reply")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection_point")),
        sa.UniqueConstraint("reply_id", "item", name=op.f("uq_objection_point_reply_id_item")),
    )  # fmt: skip
    for table, keys in (("statement_delivery", []), ("statement_scan", []), ("objection_point", [("reply_id", "item")])):
        keep_whole(table, keys)


def _replies() -> None:
    release({"statement_reply": True})
    with op.batch_alter_table("statement_reply", schema=None) as batch_op:
        batch_op.add_column(sa.Column("way", _enum("replyway", "sealed_copy", "letter", "email"), server_default="sealed_copy", nullable=False))
        batch_op.add_column(sa.Column("said_by", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("finding", _enum("finding", "objection_right", "objection_partly_right", "objection_wrong"), nullable=True))
        batch_op.add_column(sa.Column("answer_by", sa.Date(), nullable=True))
        batch_op.create_check_constraint(batch_op.f("ck_statement_reply_answered_with_a_finding"), "(answered_on IS NULL) = (finding IS NULL)")
        batch_op.create_check_constraint(batch_op.f("ck_statement_reply_answered_by_somebody"), "(answered_on IS NULL) = (answered_by_id IS NULL)")
    keep_but("statement_reply", (*TICKED, "way", "said_by", "answer_by"), ended="answered_on")


def _trails() -> None:
    """Statements are among the originals; those that are printed already wait to be sent."""
    with op.batch_alter_table("paper_trail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("statement_id", KEY, nullable=True))
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_paperkind"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_of_one_paper"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_kind_of_its_paper"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_paper_trail_paperkind"), _is_one_of((*KINDS, "statement")))
        batch_op.create_check_constraint(
            batch_op.f("ck_paper_trail_of_one_paper"), _count_of("paper_id", "deed_paper_id", "statement_id") + " = 1"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_paper_trail_kind_of_its_paper"),
            "(kind = 'agreement') = (paper_id IS NOT NULL) AND (kind = 'statement') = (statement_id IS NOT NULL)",
        )
        batch_op.create_unique_constraint(batch_op.f("uq_paper_trail_statement_id"), ["statement_id"])
        batch_op.create_foreign_key(batch_op.f("fk_paper_trail_statement_id_statement"), "statement", ["statement_id"], ["id"])
    op.execute(
        "INSERT INTO paper_trail (kind, agreement_id, statement_id, number,"
        " stage, sealed_copies, sent_copies, expected_copies, back_copies, cabinet)"
        f" SELECT 'statement', agreement_id, id, number, {NO_COPIES} FROM statement WHERE document_id IS NOT NULL"
    )


def _piles() -> None:
    release({"scan_mark": True, "scan_return": True})
    with op.batch_alter_table("scan_mark", schema=None) as batch_op:
        batch_op.add_column(sa.Column("statement_id", KEY, nullable=True))
        batch_op.create_index(batch_op.f("ix_scan_mark_statement_id"), ["statement_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_scan_mark_statement_id_statement"), "statement", ["statement_id"], ["id"])
        batch_op.drop_constraint(batch_op.f("ck_scan_mark_of_one_paper"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_scan_mark_of_one_paper"), _count_of("paper_id", "deed_paper_id", "statement_id") + " <= 1"
        )
    with op.batch_alter_table("scan_return", schema=None) as batch_op:
        batch_op.add_column(sa.Column("statement_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("ticked", sa.JSON(), server_default="{}", nullable=False))
        batch_op.drop_index("uq_scan_return_of_agreement", sqlite_where=OLD_IS_AGREEMENT, postgresql_where=OLD_IS_AGREEMENT)
        batch_op.create_index("uq_scan_return_of_agreement", ["pile_id", "agreement_id"], unique=True, sqlite_where=IS_AGREEMENT, postgresql_where=IS_AGREEMENT)
        batch_op.create_index(batch_op.f("ix_scan_return_statement_id"), ["statement_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_scan_return_pile_id_statement_id"), ["pile_id", "statement_id"])
        batch_op.create_foreign_key(batch_op.f("fk_scan_return_statement_id_statement"), "statement", ["statement_id"], ["id"])
        batch_op.drop_constraint(batch_op.f("ck_scan_return_of_one_paper"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_scan_return_of_one_paper"), _count_of("amendment_id", "termination_id", "statement_id") + " <= 1"
        )
    _know_statements()
    keep_but("scan_mark", (*MARKED, "statement_id"), ended="withdrawn_at")
    keep_but("scan_return", (*RETURNED, "statement_id"), ended="filed_at")
    # Two readers of one pile may find the same paper: the second row is passed over.
    replace_by_none_of("scan_return", [*OF_PILE, ("pile_id", "statement_id")], quietly=True)


def _know_statements() -> None:
    """Pages of statements that lie in piles already are theirs, unless somebody set them aside."""
    op.execute(
        "UPDATE scan_mark SET statement_id = (SELECT id FROM statement WHERE statement.code = scan_mark.code"
        " AND scan_mark.page_no <= statement.pages)"
        " WHERE paper_id IS NULL AND deed_paper_id IS NULL AND withdrawn_at IS NULL"
    )
    found = op.get_bind().execute(sa.text(
        "SELECT DISTINCT scan_page.pile_id, statement.agreement_id, statement.id AS statement_id"
        " FROM scan_mark JOIN scan_page ON scan_page.id = scan_mark.page_id"
        " JOIN statement ON statement.id = scan_mark.statement_id WHERE scan_page.set_aside_at IS NULL"
    )).all()  # fmt: skip
    returned = sa.table(
        "scan_return",
        *(sa.column(name, sa.BigInteger) for name in ("pile_id", "agreement_id", "statement_id")),
        sa.column("is_due", sa.Boolean),
        sa.column("refusal", sa.String),
        sa.column("refusal_params", sa.JSON),
    )
    op.bulk_insert(returned, [{**row._mapping, "is_due": False, "refusal": "", "refusal_params": {}} for row in found])


def downgrade() -> None:
    release({"scan_return": True, "scan_mark": True})
    op.execute("DELETE FROM scan_return WHERE statement_id IS NOT NULL")
    with op.batch_alter_table("scan_return", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_scan_return_of_one_paper"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_scan_return_of_one_paper"), "amendment_id IS NULL OR termination_id IS NULL")
        batch_op.drop_constraint(batch_op.f("fk_scan_return_statement_id_statement"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_scan_return_pile_id_statement_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_scan_return_statement_id"))
        batch_op.drop_index("uq_scan_return_of_agreement", sqlite_where=IS_AGREEMENT, postgresql_where=IS_AGREEMENT)
        batch_op.create_index("uq_scan_return_of_agreement", ["pile_id", "agreement_id"], unique=True, sqlite_where=OLD_IS_AGREEMENT, postgresql_where=OLD_IS_AGREEMENT)
        batch_op.drop_column("ticked")
        batch_op.drop_column("statement_id")
    with op.batch_alter_table("scan_mark", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_scan_mark_of_one_paper"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_scan_mark_of_one_paper"), "paper_id IS NULL OR deed_paper_id IS NULL")
        batch_op.drop_constraint(batch_op.f("fk_scan_mark_statement_id_statement"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_scan_mark_statement_id"))
        batch_op.drop_column("statement_id")
    keep_but("scan_mark", MARKED, ended="withdrawn_at")
    keep_but("scan_return", RETURNED, ended="filed_at")
    replace_by_none_of("scan_return", OF_PILE, quietly=True)
    # The older tables know no statements.
    of_statements = "SELECT id FROM paper_trail WHERE statement_id IS NOT NULL"
    for table in ("parcel_row", "seal_application_row"):
        op.execute(f"DELETE FROM {table} WHERE trail_id IN ({of_statements})")
    op.execute("DELETE FROM paper_trail WHERE statement_id IS NOT NULL")
    with op.batch_alter_table("paper_trail", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_paperkind"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_of_one_paper"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_paper_trail_kind_of_its_paper"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_paper_trail_paperkind"), _is_one_of(KINDS))
        batch_op.create_check_constraint(batch_op.f("ck_paper_trail_of_one_paper"), "(paper_id IS NULL) <> (deed_paper_id IS NULL)")
        batch_op.create_check_constraint(batch_op.f("ck_paper_trail_kind_of_its_paper"), "(kind = 'agreement') = (paper_id IS NOT NULL)")
        batch_op.drop_constraint(batch_op.f("fk_paper_trail_statement_id_statement"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_paper_trail_statement_id"), type_="unique")
        batch_op.drop_column("statement_id")
    release({"statement_reply": True, "objection_point": False, "statement_scan": False, "statement_delivery": False})
    with op.batch_alter_table("statement_reply", schema=None) as batch_op:
        for name in ("answered_by_somebody", "answered_with_a_finding", "finding", "replyway"):
            batch_op.drop_constraint(batch_op.f(f"ck_statement_reply_{name}"), type_="check")
        for name in ("answer_by", "finding", "said_by", "way"):
            batch_op.drop_column(name)
    keep_but("statement_reply", TICKED)
    op.drop_table("objection_point")
    op.drop_index(op.f("ix_statement_scan_statement_id"), table_name="statement_scan")
    op.drop_table("statement_scan")
    op.drop_index(op.f("ix_statement_delivery_statement_id"), table_name="statement_delivery")
    op.drop_table("statement_delivery")
    op.drop_column("statement", "objections_until")
