"""The region tree: head office, regional offices, sub-offices; every business record belongs to one node."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base


class Region(Base):
    """大区/办事处: a node of the tree; `path` holds the ids from the root, `/1/4/9/`, so a subtree is a prefix."""

    __tablename__ = "region"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("region.id"), index=True)
    path: Mapped[str] = mapped_column(sa.String(200), default="", index=True)
    # Where agreements of this office are signed; empty means as the office above.
    signing_place: Mapped[str] = mapped_column(sa.String(60), default="")

    parent: Mapped["Region | None"] = relationship(remote_side=[id])

    __table_args__ = (sa.UniqueConstraint("parent_id", "name"),)

    @property
    def depth(self) -> int:
        """How far below the head office (0) this node stands."""
        return self.path.count("/") - 2

    def contains(self, other: "Region") -> bool:
        """Whether `other` is this node or stands below it."""
        return other.path.startswith(self.path)

    def ancestor_ids(self) -> list[int]:
        """Ids from the root down to this node, itself included."""
        return [int(part) for part in self.path.split("/") if part]
