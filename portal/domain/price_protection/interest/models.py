"""Published rates: rows are written once."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.users.models import User


class LprRate(Base):
    """一年期LPR as it was published on a day; of one day's rows the highest `no` counts, those before it stay."""

    __tablename__ = "lpr_rate"
    __table_args__ = (
        sa.UniqueConstraint("published_on", "no"),
        sa.CheckConstraint("rate_ppm > 0 AND rate_ppm < 200000", name="rate_in_range"),
        sa.CheckConstraint("source <> ''", name="source_is_said"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    published_on: Mapped[date]
    no: Mapped[int] = mapped_column(sa.Integer)
    rate_ppm: Mapped[int]
    source: Mapped[str] = mapped_column(sa.String(200))
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)

    entered_by: Mapped[User] = relationship()
