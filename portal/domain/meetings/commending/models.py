"""Commendations of distributors at meetings (M1)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, now
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Meeting
from portal.domain.users.models import User


class Commendation(Base):
    """表彰: an honour given to a distributor at a meeting; `position` is the order in which they are called."""

    __tablename__ = "commendation"
    __table_args__ = (
        sa.CheckConstraint("honour <> ''", name="honour_given"),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_reason = '')",
            name="withdrawn_with_a_reason",
        ),
        sa.Index("ix_commendation_meeting_id", "meeting_id"),
        sa.Index("ix_commendation_distributor_id", "distributor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    honour: Mapped[str] = mapped_column(sa.String(40))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    position: Mapped[int] = mapped_column(sa.Integer, default=1)
    given_at: Mapped[datetime] = mapped_column(default=now)
    given_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_reason: Mapped[str] = mapped_column(sa.String(200), default="")

    meeting: Mapped[Meeting] = relationship()
    distributor: Mapped[Distributor] = relationship()
    given_by: Mapped[User] = relationship(foreign_keys=[given_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])
