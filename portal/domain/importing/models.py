"""What is known of a list that was handed in, whatever it lists; each kind of list has a table of its own."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column, relationship

from portal.db import Base, now
from portal.domain.documents.models import Document
from portal.domain.jobs.models import Job


class HandedIn(Base):
    """A file handed in for import, kept between its preview and its confirmation, and its result afterwards.

    Its table says besides who handed it in (`by_id`, which may be None where a command does as the system) and which
    heading is which field (`mapping`).
    """

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    handed_in_at: Mapped[datetime] = mapped_column(default=now)
    # The columns as they were last read: heading, field, whether others claim it. A page does not read the file.
    headings: Mapped[list[Any]] = mapped_column(default=list)
    # The task that plans or imports the list, or did so last.
    job_id: Mapped[int | None] = mapped_column(sa.ForeignKey("job.id", ondelete="SET NULL"), index=True)
    applied_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)

    if TYPE_CHECKING:
        by_id: Mapped[Any]
        mapping: Any  # heading → field, where that was chosen by hand

    @declared_attr
    def document(cls) -> Mapped[Document]:
        """The file itself."""
        return relationship(lazy="joined", innerjoin=True)

    @declared_attr
    def job(cls) -> Mapped[Job | None]:
        """The task of `job_id`."""
        return relationship()

    @declared_attr
    def filename(cls) -> Mapped[str]:
        """What it is known by where only a column can stand; whoever has the record asks its document."""
        name = sa.select(Document.filename).where(Document.id == cls.document_id)
        return column_property(name.scalar_subquery(), deferred=True)
