"""The rows that the access table asks for, made alike in any region."""

from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.regions.models import Region
from tests.factories import Factory


def rows_of_region(session: Session, make: Factory, region: Region) -> dict[str, int | str]:
    """Ids by the name that they have in addresses."""
    owner = make.user(Role.SALESPERSON, region)
    distributor = make.distributor(region, owner)
    return {"region_id": region.id, "distributor_id": distributor.id}
