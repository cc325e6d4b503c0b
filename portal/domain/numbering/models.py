"""The counters behind the numbers of papers (P1b)."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class NumberSequence(Base):
    """The last number given out of one series (PPA, year)."""

    __tablename__ = "number_sequence"

    series: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)
