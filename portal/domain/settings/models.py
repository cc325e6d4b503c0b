"""Settings that people of the company change: one value per key and region."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Json, now


class Setting(Base):
    """A value for a region and all below it, until a lower one says otherwise; the root's is for all."""

    __tablename__ = "setting"

    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
