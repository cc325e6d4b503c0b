"""The offices and territories that a list names, found however it names them."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Territory
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width, pinyin
from portal.domain.users.models import User

_KIND = re.compile("(销售)?(大区|区域|片区|办事处|分公司|销售部|办|区)$")
_STEP = re.compile(r"\s*[/>·—→\\|]\s*|\s+-\s+")


UNKNOWN_REGION = N_("There is no office %(name)s.")


class UnknownRegion(DomainError):
    """There is no office of this name; it can be made."""


class RegionBook:
    """Every office by code, name and short name: 华中区, 华中大区 and 华中 are one.

    With `creates` (True, or the names), an office that does not exist is made below the head office, if the
    actor may; in a plan (`writes` False) it is only noted.
    """

    def __init__(
        self, session: Session, actor: User | None, *, creates: bool | Collection[str], writes: bool
    ) -> None:
        self.session, self.actor, self.creates, self.writes = session, actor, creates, writes
        self.root = regions.head_office(session)
        self.all: dict[int, Region] = {
            region.id: region for region in session.scalars(sa.select(Region).order_by(Region.path))
        }
        self.open: set[int] = set(self.all)
        if actor is not None:
            self.open = set(session.scalars(visible(actor, Permission.DISTRIBUTORS_IMPORT)))
        self.created: list[str] = []
        self.missing: Counter[str] = Counter()
        self._made: dict[str, Region] = {}
        self._found: dict[str, Region] = {}  # as they were written; a new one may make another meaning
        self._by_code = {self._key(region.code): region for region in self.all.values()}
        self._by_name: dict[str, list[Region]] = defaultdict(list)
        self._by_stem: dict[str, list[Region]] = defaultdict(list)
        for region in self.all.values():
            self._learn(region)

    @staticmethod
    def _key(name: str) -> str:
        return re.sub(r"\s+", "", half_width(clean(name))).casefold()

    def _stem(self, name: str) -> str:
        key = self._key(name)
        return _KIND.sub("", key) or key

    def _learn(self, region: Region) -> None:
        self._by_name[self._key(region.name)].append(region)
        self._by_stem[self._stem(region.name)].append(region)

    def find(self, named: str) -> Region:
        """The office of this code or name; a path such as 华东大区/杭州办事处 says under which.

        Raises UnknownRegion when there is none, DomainError when several are meant.
        """
        if region := self._by_code.get(self._key(named)):
            return region
        if region := self._one_of(self._by_name.get(self._key(named), []), named):
            return region
        steps = [step for step in _STEP.split(clean(named)) if step]
        if len(steps) > 1:
            above = self.find(steps[0])
            last = self._stem(steps[-1])
            below = [region for region in self._by_stem.get(last, []) if above.contains(region)]
            if region := self._one_of(below, named):
                return region
        elif region := self._one_of(self._by_stem.get(self._stem(named), []), named):
            return region
        raise UnknownRegion(UNKNOWN_REGION, name=clean(named))

    def _one_of(self, found: list[Region], named: str) -> Region | None:
        """The one that is meant; of several, the one the actor may import into."""
        if len(found) > 1:
            found = [region for region in found if region.id in self.open] or found
        if len(found) > 1:
            raise DomainError(
                N_("Several offices are named %(name)s: %(codes)s. Give the code."),
                name=clean(named),
                codes="、".join(region.code for region in found),
            )
        return found[0] if found else None

    def find_or_make(self, named: str, *, may_make: bool) -> Region | None:
        """As `find`; an unknown one is made where that was asked for, else counted and refused.

        With `may_make` False (its row is refused anyhow) nothing is made, and None is given.
        """
        if region := self._found.get(named):
            return region
        try:
            region = self._found[named] = self.find(named)
            return region
        except UnknownRegion:
            name = clean(named)
            if len(name) > 60 or len(_STEP.split(name)) > 1:
                raise
            if self._stem(name) in self._made:
                return self._made[self._stem(name)]
            if not self._is_wanted(name):
                self.missing[name] += 1
                raise
        if not may_make:
            return None
        if self.actor is not None and not (
            self.root.id in self.open and self.actor.can(Permission.REGIONS_MANAGE, self.root)
        ):
            raise DomainError(N_("You may not create the office %(name)s. Ask an administrator."), name=name)
        return self._make(name)

    def _is_wanted(self, name: str) -> bool:
        return self.creates if isinstance(self.creates, bool) else name in self.creates

    def _make(self, name: str) -> Region:
        stem = self._stem(name)
        if stem in self._made:
            return self._made[stem]
        if self.writes:
            region = regions.add_region(
                self.session, code=self._free_code(name), name=name, parent=self.root, by=self.actor
            )
            self._by_code[self._key(region.code)] = region
            self.all[region.id] = region
            self.open.add(region.id)
            self._learn(region)
        else:
            region = Region(code="", name=name, parent_id=self.root.id, path=self.root.path)
        self._made[stem] = region
        self._found.clear()
        self.created.append(name)
        return region

    def told(self) -> tuple[Counter[str], list[str]]:
        """The names of unknown offices with their rows, and of those made, since this was last asked."""
        missing, created = self.missing, self.created
        self.missing, self.created = Counter(), []
        return missing, created

    def is_open(self, region: Region) -> bool:
        """Whether the actor may import into this office."""
        return region.id in self.open or any(region is made for made in self._made.values())

    def _free_code(self, name: str) -> str:
        """A code from the initials of the name: 华中区 gives HZQ."""
        base = re.sub("[^A-Z0-9]", "", pinyin(name).initials.upper())[:8] or "R"
        code, number = base, 2
        while self._key(code) in self._by_code:
            code, number = f"{base}{number}", number + 1
        return code


class TerritoryBook:
    """The territories of each office by name; an unknown one is added with the row that names it."""

    def __init__(self, session: Session, actor: User | None, *, writes: bool) -> None:
        self.session, self.actor, self.writes = session, actor, writes
        self.created: list[str] = []
        self._ids: dict[tuple[int, str], int | None] = {
            (territory.region_id, territory.name): territory.id
            for territory in session.scalars(sa.select(Territory))
        }
        self.names: dict[int, str] = {
            identity: name for (_, name), identity in self._ids.items() if identity is not None
        }

    def told(self) -> list[str]:
        """The names of the territories made since this was last asked."""
        created, self.created = self.created, []
        return created

    def find_or_make(self, region: Region, name: str) -> int | None:
        """The territory's id; None for one that a plan would add."""
        key = (region.id, name)
        if key not in self._ids:
            self._ids[key] = None
            self.created.append(name)
            if self.writes:
                territory = Territory(region_id=region.id, name=name)
                self.session.add(territory)
                self.session.flush()
                audit.record(self.session, self.actor, "territory.created", territory, source="import")
                self._ids[key] = territory.id
                self.names[territory.id] = name
        return self._ids[key]
