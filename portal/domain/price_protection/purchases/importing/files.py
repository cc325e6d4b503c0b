"""Lists of purchases handed in on the page or by the command, and their result (P2)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.importing.course import Course
from portal.domain.importing.lists import Lists
from portal.domain.price_protection.purchases.importing.columns import NEEDED, SPEC
from portal.domain.price_protection.purchases.importing.course import PurchaseCourse
from portal.domain.price_protection.purchases.importing.report import PurchaseReport
from portal.domain.price_protection.purchases.models import PurchaseImport
from portal.domain.tabular import Table
from portal.domain.users.models import User


class PurchaseLists(Lists[PurchaseImport, PurchaseReport]):
    """Lists of purchases: nothing is chosen for the whole list."""

    name = "purchases"
    subject = "purchase_import"
    permission = Permission.PURCHASES_IMPORT
    model = PurchaseImport
    reports = PurchaseReport
    spec = SPEC
    needed = NEEDED
    small_bytes = 96 * 1024  # some 1,000 rows

    def course(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        file: PurchaseImport | None = None,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> PurchaseCourse:
        """The import of this list."""
        return PurchaseCourse(session, actor, table, writes=writes, may_go_on=may_go_on)

    def finish(
        self, session: Session, actor: User | None, file: PurchaseImport, course: Course[Any, PurchaseReport]
    ) -> None:
        """Write down what importing the list came to; the caller commits."""
        file.accrued = course.counts["accrued"]
        super().finish(session, actor, file, course)


PURCHASES = PurchaseLists()
