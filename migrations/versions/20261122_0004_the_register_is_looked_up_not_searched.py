"""What a new record is compared with, what code comes next and what the list is sorted by stand in indexes.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

from portal.domain.distributors.models import series_no
from portal.domain.text import sound_mark

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SORTED_BY = ("name", "city", "updated_at")


def upgrade() -> None:
    op.add_column("distributor", sa.Column("sound", sa.String(length=16), nullable=True))
    op.add_column(
        "distributor",
        sa.Column("series_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, code, name FROM distributor")).all()
    for start in range(0, len(rows), 1000):
        connection.execute(
            sa.text("UPDATE distributor SET sound = :sound, series_no = :series_no WHERE id = :id"),
            [
                {"id": row.id, "sound": sound_mark(row.name), "series_no": series_no(row.code)}
                for row in rows[start : start + 1000]
            ],
        )
    for column in ("sound", "series_no", *SORTED_BY):
        op.create_index(f"ix_distributor_{column}", "distributor", [column], unique=False)
    op.create_index(
        "ix_distributor_owner_id_region_id", "distributor", ["owner_id", "region_id"], unique=False
    )
    op.drop_index("ix_distributor_owner_id", table_name="distributor")


def downgrade() -> None:
    op.create_index("ix_distributor_owner_id", "distributor", ["owner_id"], unique=False)
    op.drop_index("ix_distributor_owner_id_region_id", table_name="distributor")
    for column in (*reversed(SORTED_BY), "series_no", "sound"):
        op.drop_index(f"ix_distributor_{column}", table_name="distributor")
    op.drop_column("distributor", "series_no")
    op.drop_column("distributor", "sound")
