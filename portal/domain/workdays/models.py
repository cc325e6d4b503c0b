"""Days on which the company counts otherwise than the list that came with the portal."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.users.models import User


class WorkdayException(Base):
    """A day that is worked on, or not, whatever the list says: one row a day."""

    __tablename__ = "workday_exception"

    on: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(40), default="")
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    changed_by: Mapped[User | None] = relationship()
