"""What administrators still have to set up before the first agreement can be written."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.texts import unreleased
from portal.domain.todos import Todo
from portal.domain.users.models import User
from portal.domain.users.queries import paths_held


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Products where there are none; counsel where a text waits for its release and nobody may give it (P8)."""
    if not user.can(Permission.USERS_MANAGE):
        return
    if user.can(Permission.PRODUCTS_WRITE) and session.scalar(sa.select(Product.id).limit(1)) is None:
        yield Todo(
            kind=N_("Setup"),
            title=N_("There are no products yet"),
            sub=N_("An agreement protects the prices of products."),
            verb=N_("Add a product"),
            endpoint="products.new",
            group="setup",
        )
    if not paths_held(session, Permission.TEMPLATES_RELEASE) and unreleased(session):
        yield Todo(
            kind=N_("Setup"),
            title=N_("The agreement text is waiting for counsel’s release, but there is no counsel user"),
            sub=N_("Assign the role to somebody at head office; until then no agreement can be approved."),
            verb=N_("Add a counsel user"),
            endpoint="admin.new_user",
            group="setup",
        )
