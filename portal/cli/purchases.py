"""flask purchases …"""

from typing import Any

from flask.cli import AppGroup

from portal.cli.importing import carry_out, import_options
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.purchases.importing import PURCHASES, PurchaseCourse
from portal.domain.tabular import Table
from portal.domain.users.models import User
from portal.extensions import db

group = AppGroup("purchases", help="Purchases and returns.")


@group.command("import")
@import_options
def import_file(**asked: Any) -> None:
    """Import the purchases and returns of FILE (CSV or Excel); what an agreement protects accrues at once.

    Exit 0: every row was taken; 1: some were refused, the others stay; 2: the file could not be read, or the database
    did not take it: the thousands of rows before stay, and it can be run again.
    """

    def course_of(actor: User | None, table: Table) -> PurchaseCourse:
        if actor is not None and not actor.can(Permission.PURCHASES_IMPORT):
            raise DomainError("%(name)s may not import purchases. Name somebody who may.", name=actor.name)
        return PURCHASES.course(db.session(), actor, table, writes=not asked["dry_run"])

    def keep(actor: User | None, data: bytes, course: PurchaseCourse) -> None:
        PURCHASES.keep(db.session(), actor, data, asked["file"].name, course)

    carry_out(PURCHASES.spec, course_of, keep=keep, **asked)
