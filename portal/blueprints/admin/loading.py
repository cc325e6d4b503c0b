"""Finding the record a page is about, within the administrator's part of the tree."""

from flask import abort
from wtforms.fields.choices import SelectChoice

from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.administration import users as administration
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User
from portal.extensions import db
from portal.web.access import actor


def user_or_404(id: int) -> User:
    """The user; 404 when none of their roles lies in the administrator's part."""
    found = db.session.scalar(administration.users_visible_to(actor()).where(User.id == id))
    return found if found is not None else abort(404)


def grant_or_404(user: User, id: int) -> Grant:
    """One of the user's roles."""
    return next((held for held in user.grants if held.id == id), None) or abort(404)


def region_or_404(id: int, permission: P) -> Region:
    """The office; 404 outside the regions in which the user has the permission."""
    found = db.session.scalar(regions_visible_to(actor(), permission).where(Region.id == id))
    return found if found is not None else abort(404)


def region_choices(permission: P) -> list[tuple[int, str]]:
    """Ids and names of the offices for a select, indented as the tree is."""
    regions = list(db.session.scalars(regions_visible_to(actor(), permission)))
    least = min((region.depth for region in regions), default=0)
    return [(region.id, "　" * (region.depth - least) + region.name) for region in regions]


def region_options(permission: P) -> list[SelectChoice]:
    """The same for a form's field."""
    return [SelectChoice(id, name) for id, name in region_choices(permission)]
