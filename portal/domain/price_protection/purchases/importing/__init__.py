"""Importing purchases and returns from a file (P2): the page and the command share this.

`read` gives the table of a file, `plan` says row by row what importing it would do, a `Course` does it. Importing the
same file again changes nothing: a document and its line are entered once. The good rows of a file are taken, the
others refused with column and reason.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from portal.domain.distributors.importing.report import ImportReport
from portal.domain.price_protection.purchases.importing.columns import SPEC
from portal.domain.price_protection.purchases.importing.course import Course, require_columns
from portal.domain.tabular import Table, read_table
from portal.domain.users.models import User

__all__ = ["SPEC", "Course", "ImportReport", "plan", "read", "require_columns"]


def read(data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
    """Read a list of purchases; `mapping` says for a heading which field it is ("" for none).

    Refuses (DomainError) a file that cannot be read.
    """
    return read_table(data, filename, SPEC, mapping)


def plan(session: Session, actor: User | None, table: Table) -> ImportReport:
    """Say what importing the table would do; nothing is written."""
    course = Course(session, actor, table, writes=False)
    for _told in course.chunks():
        pass
    return course.report
