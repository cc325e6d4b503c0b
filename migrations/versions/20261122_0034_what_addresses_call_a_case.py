"""Addresses name a case by a code drawn by lot; whoever is named to investigate it takes it on or steps aside.

Revision: 0034, after 0033
"""

import secrets

import sqlalchemy as sa
from alembic import op

import portal.db
from portal.guarding import keep_but, release

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_CODE = "uq_violation_case_code"
_KEPT = (
    "id", "agreement_id", "region_id", "act_on", "act_mark", "kind_no", "kind_code", "kind", "definition",
    "share_ppm", "award_ppm", "product_id", "approval_number",
)  # fmt: skip


def _code() -> str:
    return "".join(secrets.choice("23456789bcdfghjkmnpqrstvwxz") for _ in range(10))


def upgrade() -> None:
    op.add_column("violation_case", sa.Column("code", sa.String(10), nullable=True))
    op.add_column(
        "case_investigator", sa.Column("taken_on_at", portal.db.UtcDateTime(timezone=True), nullable=True)
    )
    connection = op.get_bind()
    cases = sa.table("violation_case", sa.column("id"), sa.column("code"))
    for (id_,) in connection.execute(sa.select(cases.c.id)).all():
        connection.execute(cases.update().where(cases.c.id == id_).values(code=_code()))
    # Whoever investigates a case that was opened was no source of it; in all others each says so first.
    op.execute(
        "UPDATE case_investigator SET taken_on_at = named_at WHERE case_id IN "
        "(SELECT id FROM violation_case WHERE state NOT IN ('reported', 'examined'))"
    )
    # Nobody has taken those on yet: as with a new report, whoever does first examines it. Left as they were, a case
    # whose people all step aside could be named to nobody any more.
    op.execute("UPDATE violation_case SET state = 'reported' WHERE state = 'examined'")
    op.create_index(_CODE, "violation_case", ["code"], unique=True)
    release({"violation_case": True})
    keep_but("violation_case", (*_KEPT, "code"), [("number",), ("code",)])


def downgrade() -> None:
    release({"violation_case": True})
    op.drop_index(_CODE, "violation_case")
    op.drop_column("violation_case", "code")
    op.drop_column("case_investigator", "taken_on_at")
    keep_but("violation_case", _KEPT, [("number",)])
