"""What stands in the database of the browser tests: offices, people, distributors for several pages."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor, Level, Standing
from tests.factories import Factory

COUNT = 120


@dataclass
class World:
    """The rows that tests name."""

    distributor: Distributor
    count: int = COUNT


def make_world(session: Session) -> World:
    """Two offices with people and distributors, and somebody in a third office that has none."""
    make = Factory(session)
    east = make.region("示例华东大区", code="EAST")
    city = make.region("示例杭州办事处", east, code="HZ")
    empty = make.region("示例新办事处", east, code="NEW")
    make.user(Role.EXECUTIVE, username="boss", name="示例总经理", is_demo=True)
    make.user(Role.ADMINISTRATOR, username="admin", name="示例管理员", is_demo=True)
    make.user(Role.COUNSEL, username="counsel", name="示例法务", is_demo=True)
    make.user(Role.REGIONAL_MANAGER, east, username="manager", name="示例经理", is_demo=True)
    make.user(Role.REGIONAL_MANAGER, east, username="linguist", name="示例双语", is_demo=True)
    make.user(Role.SALESPERSON, empty, username="newcomer", name="示例新人", is_demo=True)
    sales = make.user(Role.SALESPERSON, city, username="sales", name="示例销售", is_demo=True)
    levels, standings = list(Level), list(Standing)
    made = [
        make.distributor(
            city if n % 3 else east,
            sales,
            code=f"D-{n:05d}",
            name=f"示例第{n}商贸有限公司",
            level=levels[n % len(levels)],
            standing=standings[n % len(standings)],
            city="杭州市" if n % 2 else "",
            phones=[f"0571-8800{n:04d}"] if n % 4 else [],
        )
        for n in range(1, COUNT + 1)
    ]
    return World(made[0])
