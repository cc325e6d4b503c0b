"""Vouchers that were taken out, each transfer once; tax withheld of awards; settlements of what is owed back.

Revision: 0035, after 0034
"""

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_whole, refuse_to_lose, release

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("voucher_transfer", "voucher", "voucher_office", "voucher_file")
SETTLEMENT = "clawback_settlement"
KINDS_BEFORE = (
    "accrue_base", "accrue_fund", "reverse_base", "reverse_fund", "reverse_deduction", "claw_back_base",
    "claw_back_fund", "release", "interest", "late_interest", "deduct", "restore", "pay", "offset", "collect",
    "correct",
)  # fmt: skip
KINDS = (*KINDS_BEFORE[:13], "withhold", *KINDS_BEFORE[13:])
ACCOUNTS_BEFORE = (
    "rebate", "base", "fund", "released", "award", "unawarded", "clawback", "borne", "interest", "interest_due",
    "money", "credit_note", "goods",
)  # fmt: skip
ACCOUNTS = (*ACCOUNTS_BEFORE[:5], "tax", *ACCOUNTS_BEFORE[5:])
_WITHIN, _ONLY = "ck_payout_tax_within_the_amount", "ck_payout_only_awards_are_taxed"


def upgrade() -> None:
    op.create_table(
        "voucher_file",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("only_payments", sa.Boolean(), nullable=False),
        sa.Column("grouping", sa.Enum("single", "day", name="grouping", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("vouchers", _WHOLE, nullable=False),
        sa.Column("entries", _WHOLE, nullable=False),
        sa.Column("late", _WHOLE, nullable=False),
        sa.Column("amount_fen", _WHOLE, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("by_id", _WHOLE, nullable=False),
        sa.Column("at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_voucher_file_days_in_order")),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_voucher_file_by_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_file")),
        sa.UniqueConstraint("number", name=op.f("uq_voucher_file_number")),
        sa.UniqueConstraint("key", name=op.f("uq_voucher_file_key")),
    )
    op.create_table(
        "voucher_office",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("file_id", _WHOLE, nullable=False),
        sa.Column("region_id", _WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["voucher_file.id"], name=op.f("fk_voucher_office_file_id_voucher_file")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_voucher_office_region_id_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_office")),
        sa.UniqueConstraint("file_id", "region_id", name=op.f("uq_voucher_office_file_id_region_id")),
    )
    op.create_table(
        "voucher",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("file_id", _WHOLE, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("no", _WHOLE, nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["voucher_file.id"], name=op.f("fk_voucher_file_id_voucher_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher")),
        sa.UniqueConstraint("month", "no", name=op.f("uq_voucher_month_no")),
    )
    op.create_table(
        "voucher_transfer",
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("voucher_id", _WHOLE, nullable=False),
        sa.Column("transfer_id", _WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["voucher_id"], ["voucher.id"], name=op.f("fk_voucher_transfer_voucher_id_voucher")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_voucher_transfer_transfer_id_transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_transfer")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_voucher_transfer_transfer_id")),
    )
    op.create_index(op.f("ix_voucher_file_at"), "voucher_file", ["at"])
    op.create_index(op.f("ix_voucher_office_region_id"), "voucher_office", ["region_id"])
    op.create_index(op.f("ix_voucher_file_id"), "voucher", ["file_id"])
    op.create_index(op.f("ix_voucher_transfer_voucher_id"), "voucher_transfer", ["voucher_id"])
    keep_whole("voucher_file", [("number",), ("key",)])
    keep_whole("voucher_office", [("file_id", "region_id")])
    keep_whole("voucher", [("month", "no")])
    keep_whole("voucher_transfer", [("transfer_id",)])
    release({"payout": False})
    with op.batch_alter_table("payout") as batch_op:
        batch_op.add_column(sa.Column("tax_fen", _WHOLE, nullable=False, server_default="0"))
        batch_op.create_check_constraint(op.f(_WITHIN), "tax_fen >= 0 AND tax_fen < amount_fen")
        batch_op.create_check_constraint(op.f(_ONLY), "tax_fen = 0 OR kind = 'award'")
    with op.batch_alter_table("payout") as batch_op:
        batch_op.alter_column("tax_fen", existing_type=_WHOLE, server_default=None)
    keep_whole("payout", [("number",)])
    _allow(KINDS, ACCOUNTS)
    op.create_table(
        SETTLEMENT,
        sa.Column("id", _WHOLE, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("agreement_id", _WHOLE, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", _WHOLE, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("book_no", _WHOLE, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("by_id", _WHOLE, nullable=False),
        sa.Column("at", portal.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_clawback_settlement_amount_positive")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_clawback_settlement_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_clawback_settlement_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clawback_settlement")),
        sa.UniqueConstraint("number", name=op.f("uq_clawback_settlement_number")),
    )
    op.create_index(op.f("ix_clawback_settlement_agreement_id"), SETTLEMENT, ["agreement_id"])
    keep_whole(SETTLEMENT, [("number",)])


def downgrade() -> None:
    refuse_to_lose("voucher_file")
    refuse_to_lose("clawback_settlement")
    refuse_to_lose("payout", "tax_fen <> 0")
    refuse_to_lose("transfer", "kind = 'withhold'")
    release({SETTLEMENT: False})
    op.drop_index(op.f("ix_clawback_settlement_agreement_id"), SETTLEMENT)
    op.drop_table(SETTLEMENT)
    _allow(KINDS_BEFORE, ACCOUNTS_BEFORE)
    release({"payout": False})
    with op.batch_alter_table("payout") as batch_op:
        batch_op.drop_constraint(op.f(_ONLY), type_="check")
        batch_op.drop_constraint(op.f(_WITHIN), type_="check")
        batch_op.drop_column("tax_fen")
    keep_whole("payout", [("number",)])
    release(dict.fromkeys(TABLES, False))
    op.drop_index(op.f("ix_voucher_transfer_voucher_id"), "voucher_transfer")
    op.drop_index(op.f("ix_voucher_file_id"), "voucher")
    op.drop_index(op.f("ix_voucher_office_region_id"), "voucher_office")
    op.drop_index(op.f("ix_voucher_file_at"), "voucher_file")
    for table in TABLES:
        op.drop_table(table)


def _allow(kinds: tuple[str, ...], accounts: tuple[str, ...]) -> None:
    """Let transfers and accounts be of these kinds; the guards come off a table that SQLite rebuilds, and on again."""
    release({"transfer": False, "ledger_account": False})
    for table, name, said in (
        ("transfer", "ck_transfer_transferkind", kinds),
        ("ledger_account", "ck_ledger_account_accountkind", accounts),
    ):
        listed = ", ".join(f"'{one}'" for one in said)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(op.f(name), type_="check")
            batch_op.create_check_constraint(op.f(name), f"kind IN ({listed})")
    keep_whole("transfer", [("key",), ("book_id", "no"), ("reverses_id",)])
    keep_whole("ledger_account", [("book_id", "kind", "part")])
