"""Rows for tests: each call states only what matters to the test, and commits."""

from functools import cache
from itertools import count
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor, DistributorPhone
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import name_key
from portal.domain.users import services as users
from portal.domain.users.models import User

PASSWORD = "correct horse battery staple"
# argon2 with the least cost: tests sign in often and do not measure strength.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def _cheap_hash() -> str:
    return CHEAP.hash(PASSWORD)


class Factory:
    """Makes and commits rows in the test's session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._numbers = count(1)

    def head_office(self) -> Region:
        region = regions.head_office(self.session)
        self.session.commit()
        return region

    def region(self, name: str = "", parent: Region | None = None, **facts: Any) -> Region:
        n = next(self._numbers)
        region = regions.add_region(
            self.session,
            code=facts.pop("code", f"R{n}"),
            name=name or f"示例{n}大区",
            parent=parent or regions.head_office(self.session),
            **facts,
        )
        self.session.commit()
        return region

    def user(self, role: Role, region: Region | None = None, **facts: Any) -> User:
        n = next(self._numbers)
        user = users.add_user(
            self.session,
            username=facts.pop("username", f"user{n}"),
            name=facts.pop("name", f"示例用户{n}"),
            password_hash=_cheap_hash(),
            grants=[(role, region or regions.head_office(self.session))],
            **facts,
        )
        self.session.commit()
        return user

    def distributor(
        self, region: Region | None = None, owner: User | None = None, **facts: Any
    ) -> Distributor:
        n = next(self._numbers)
        region = region or regions.head_office(self.session)
        owner = owner or self.user(Role.SALESPERSON, region)
        code = facts.pop("code", f"D-{n:05d}")
        name = facts.pop("name", f"示例{n}号商贸有限公司")
        phones = facts.pop("phones", [])
        distributor = Distributor(
            code=code,
            code_key=code.upper(),
            name=name,
            name_key=name_key(name),
            region_id=region.id,
            owner_id=owner.id,
            **facts,
        )
        distributor.phones = [
            DistributorPhone(no=no, display=phone, digits=phone.replace("-", ""))
            for no, phone in enumerate(phones)
        ]
        self.session.add(distributor)
        self.session.flush()
        search.index(self.session, [distributor.id])
        self.session.commit()
        return distributor
