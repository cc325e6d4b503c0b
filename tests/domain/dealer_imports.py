"""A dealer list read, planned and imported in one go, as no page, job or command does it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.distributors.importing import SPEC, DealerCourse, DealerReport, Defaults
from portal.domain.tabular import Table, read_table
from portal.domain.users.models import User

Progress = Callable[[int], None]


def read(data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
    """Read a dealer list; `mapping` says for a heading which field it is ("" for none), where that is not
    clear.

    Refuses (DomainError) a file that cannot be read. Two columns that could be one field are in each sheet's
    `match.clashes`; `plan` and `apply` refuse them.
    """
    return read_table(data, filename, SPEC, mapping)


def plan(session: Session, actor: User | None, table: Table, **said: Any) -> DealerReport:
    """Say what importing the table would do; nothing is written. The arguments are those of `apply`."""
    return _gone_through(session, actor, table, writes=False, **said).report


def apply(session: Session, actor: User | None, table: Table, **said: Any) -> DealerReport:
    """Import the table; the caller commits. `progress` is told the number of rows after each chunk, and may commit."""
    course = _gone_through(session, actor, table, writes=True, **said)
    course.rest()
    return course.report


def _gone_through(
    session: Session,
    actor: User | None,
    table: Table,
    *,
    writes: bool,
    owner: User | None = None,
    create_regions: bool | Collection[str] = False,
    defaults: Defaults | None = None,
    progress: Progress | None = None,
) -> DealerCourse:
    course = DealerCourse(session, actor, table, owner, create_regions, defaults, writes=writes)
    for _told in course.chunks(tells=False):
        if progress is not None:
            progress(course.report.read)
    return course
