"""Lists of accounts handed in on the page or by the command, and their result."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.importing.course import Course
from portal.domain.importing.lists import Lists
from portal.domain.importing.report import ImportReport
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.receivables.importing.columns import NEEDED, SPEC
from portal.domain.price_protection.receivables.importing.course import AccountCourse
from portal.domain.price_protection.receivables.models import AccountImport
from portal.domain.tabular import Table
from portal.domain.users.models import User


class AccountLists(Lists[AccountImport, ImportReport]):
    """Lists of accounts: the quarter is chosen for the whole list."""

    name = "accounts"
    subject = "account_import"
    permission = Permission.ACCOUNTS_WRITE
    model = AccountImport
    reports = ImportReport
    spec = SPEC
    needed = NEEDED
    small_bytes = 96 * 1024  # some 1,000 rows

    def course(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        file: AccountImport,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> AccountCourse:
        """The import of this list, for its quarter."""
        return AccountCourse(session, actor, table, file.quarter, writes=writes, may_go_on=may_go_on)

    def finish(
        self, session: Session, actor: User | None, file: AccountImport, course: Course[Any, ImportReport]
    ) -> None:
        """Write down what importing the list came to; the caller commits."""
        assert isinstance(course, AccountCourse)
        file.quarter = course.name  # a command's list comes without one
        super().finish(session, actor, file, course)


def for_quarter(name: str) -> Callable[[AccountImport], None]:
    """What writes the quarter down with a list; DomainError for what is none."""

    def write(file: AccountImport) -> None:
        file.quarter = str(Calendar().named(name))

    return write


ACCOUNTS = AccountLists()
