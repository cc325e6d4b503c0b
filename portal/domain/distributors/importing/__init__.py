"""Importing a dealer list into the register (D1): the page, the job and the command share this.

`DEALERS` keeps the lists handed in, `plan` says row by row what importing a table would do, `apply` does it.
Importing the same file again changes nothing. The good rows of a file are taken, the others refused with
column and reason; what a file leaves open never blanks what is known.
"""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.distributors.importing.course import DealerCourse
from portal.domain.distributors.importing.report import Assumed, DealerReport, StandIn
from portal.domain.distributors.importing.rows import Defaults
from portal.domain.tabular import Table, read_table
from portal.domain.users.models import User

__all__ = [
    "SPEC",
    "Assumed",
    "DealerCourse",
    "DealerReport",
    "Defaults",
    "StandIn",
    "apply",
    "plan",
    "read",
    "word_of",
]

Progress = Callable[[int], None]


def read(data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
    """Read a dealer list; `mapping` says for a heading which field it is ("" for none), where that is not
    clear.

    Refuses (DomainError) a file that cannot be read. Two columns that could be one field are in each sheet's
    `match.clashes`; `plan` and `apply` refuse them.
    """
    return read_table(data, filename, SPEC, mapping)


def plan(
    session: Session,
    actor: User | None,
    table: Table,
    *,
    owner: User | None = None,
    create_regions: bool | Collection[str] = False,
    defaults: Defaults | None = None,
    progress: Progress | None = None,
) -> DealerReport:
    """Say what importing the table would do; nothing is written. The arguments are those of `apply`."""
    course = DealerCourse(session, actor, table, owner, create_regions, defaults, writes=False)
    for _told in course.chunks(tells=False):
        if progress is not None:
            progress(course.report.read)
    return course.report


def apply(
    session: Session,
    actor: User | None,
    table: Table,
    *,
    owner: User | None = None,
    create_regions: bool | Collection[str] = False,
    defaults: Defaults | None = None,
    progress: Progress | None = None,
) -> DealerReport:
    """Import the table within the regions of `actor` (None is the system: all of them); the caller commits.

    `owner` gets every new record whose row names no owner, otherwise the regional manager. With
    `create_regions` (True, or the names) an office that does not exist is made below the head office,
    otherwise its rows are refused. `defaults` is what new records are where the list does not say. `progress`
    is told the number of rows done after each chunk, and may commit: a later import goes on from there.
    """
    course = DealerCourse(session, actor, table, owner, create_regions, defaults, writes=True)
    for _told in course.chunks(tells=False):
        if progress is not None:
            progress(course.report.read)
    course.rest()
    return course.report
