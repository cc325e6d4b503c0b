"""Growing and reading the region tree."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.characters import check_characters
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

HEAD_OFFICE_CODE = "HQ"


def head_office(session: Session) -> Region:
    """The root of the tree, made at its first use."""
    root = session.scalar(sa.select(Region).where(Region.parent_id.is_(None)).order_by(Region.id).limit(1))
    if root is None:
        root = Region(code=HEAD_OFFICE_CODE, name="总部", parent_id=None)
        session.add(root)
        session.flush()
        root.path = f"/{root.id}/"
        session.flush()
    return root


def add_region(
    session: Session, *, code: str, name: str, parent: Region, signing_place: str = "", by: User | None = None
) -> Region:
    """A new node below `parent`; DomainError when the code, or the name below this parent, is taken."""
    code = _fitting(code, "code", 40)
    name, signing_place = _fitting(name, "name", 60), _fitting(signing_place, "signing_place", 60)
    if not code:
        raise DomainError("Enter a code for the office.", field="code")
    if not name:
        raise DomainError("Enter a name for the office.", field="name")
    if len(parent.path) > 180:
        raise DomainError("There are too many levels of offices here.", field="parent")
    if session.scalar(sa.select(Region.id).where(sa.func.lower(Region.code) == code.lower())):
        raise DomainError("The office code %(code)s is taken. Choose another.", field="code", code=code)
    if session.scalar(sa.select(Region.id).where(Region.parent_id == parent.id, Region.name == name)):
        raise DomainError(
            "%(parent)s already has an office named %(name)s.", field="name", parent=parent.name, name=name
        )
    region = Region(code=code, name=name, parent_id=parent.id, signing_place=signing_place)
    session.add(region)
    session.flush()
    region.path = f"{parent.path}{region.id}/"
    session.flush()
    audit.record(
        session,
        by,
        "region.created",
        region,
        region_id=region.id,
        code=code,
        name=name,
        parent=parent.code,
        signing_place=signing_place,
    )
    return region


def edit_region(
    session: Session, region: Region, *, name: str, signing_place: str, by: User | None = None
) -> None:
    """Rename an office or change where it signs; its code and its place in the tree stay."""
    lock(session, region)
    name, signing_place = _fitting(name, "name", 60), _fitting(signing_place, "signing_place", 60)
    if not name:
        raise DomainError("Enter a name for the office.", field="name")
    taken = sa.select(Region.id).where(
        Region.parent_id == region.parent_id, Region.name == name, Region.id != region.id
    )
    if session.scalar(taken):
        raise DomainError(
            "There is already an office named %(name)s at the same level.", field="name", name=name
        )
    differing = audit.changes(
        {"name": region.name, "signing_place": region.signing_place},
        {"name": name, "signing_place": signing_place},
    )
    if differing:
        region.name, region.signing_place = name, signing_place
        session.flush()
        audit.record(session, by, "region.edited", region, region_id=region.id, changes=differing)


def _fitting(text: str, field: str, limit: int) -> str:
    """The text as it is kept: cleaned, of a length that fits, with characters that the papers can print."""
    text = clean(text)
    if len(text) > limit:
        raise DomainError(N_("Use at most %(limit)s characters."), field=field, limit=limit)
    check_characters(text, field=field)
    return text


def region_by_code(session: Session, code: str) -> Region:
    """The region with this code; raises DomainError naming the codes that exist."""
    region = session.scalar(sa.select(Region).where(sa.func.lower(Region.code) == code.strip().lower()))
    if region is None:
        known = ", ".join(session.scalars(sa.select(Region.code).order_by(Region.path).limit(20)))
        raise DomainError(
            "There is no office %(code)s. Known: %(known)s.", field="region", code=code, known=known
        )
    return region


def signing_place(session: Session, region: Region) -> str:
    """Where this office signs: its own place, else that of the nearest office above; may be empty."""
    return signing_places(session, [region])[region.id]


def signing_places(session: Session, regions: Sequence[Region]) -> dict[int, str]:
    """The same of several offices by their ids, in one query."""
    above = {id for region in regions for id in region.ancestor_ids()}
    rows = session.execute(sa.select(Region.id, Region.signing_place).where(Region.id.in_(above)))
    places = {row.id: row.signing_place for row in rows}
    return {
        region.id: next((places[id] for id in reversed(region.ancestor_ids()) if places.get(id)), "")
        for region in regions
    }
