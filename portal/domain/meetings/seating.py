"""Who sits where, as it is proposed: companies together, offices side by side, the best customers in front (M1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

Seat = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with so many seats; at a head table sit speakers and the company's own people."""

    name: str
    seats: int
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Sitter:
    """Somebody who needs a seat: of which party, which is not parted, from which office."""

    guest_id: int
    party: str
    office: str
    is_vip: bool = False
    is_head: bool = False


def proposed(
    tables: Sequence[Table], sitters: Iterable[Sitter], kept: Mapping[int, Seat] | None = None
) -> dict[int, Seat]:
    """A seat for everybody, as far as there are seats; whoever is in `kept` stays there.

    Deterministic: the same people and tables give the same seats in whatever order they are named. Of several ways
    to fill the tables the one is taken that parts the fewest parties, and of those the one that mixes the fewest
    offices.
    """
    everybody = sorted(sitters, key=lambda one: (one.party, one.guest_id))
    plans = [_Plan(tables, everybody, kept or {}).fill(order, by_office) for order, by_office in _WAYS]
    return min(plans, key=lambda plan: plan.cost).seats


@dataclass(slots=True)
class _Plan:
    tables: Sequence[Table]
    sitters: Sequence[Sitter]
    kept: Mapping[int, Seat]
    seats: dict[int, Seat] = field(default_factory=dict)
    free: dict[str, list[int]] = field(default_factory=dict)
    at: dict[str, list[Sitter]] = field(default_factory=dict)

    def fill(self, order: "Callable[[_Party], tuple[object, ...]]", by_office: bool) -> "_Plan":
        self.free = {table.name: list(range(1, table.seats + 1)) for table in self.tables}
        self.at = {table.name: [] for table in self.tables}
        for one in self.sitters:
            if one.guest_id in self.kept:
                self._sit(one, self.kept[one.guest_id])
        waiting = [one for one in self.sitters if one.guest_id not in self.kept]
        waiting = self._fill_heads(waiting)
        parties = [_Party(tuple(of)) for _party, of in groupby(waiting, key=lambda one: one.party)]
        for party in sorted(parties, key=order):
            self._place(party, by_office)
        return self

    def _sit(self, one: Sitter, seat: Seat) -> None:
        name, no = seat
        if no in self.free.get(name, ()):
            self.free[name].remove(no)
            self.at[name].append(one)
        self.seats[one.guest_id] = seat

    def _fill_heads(self, waiting: list[Sitter]) -> list[Sitter]:
        """Speakers and own people sit at the head tables, as many as there is room for; the others are given back."""
        heads = [table.name for table in self.tables if table.is_head]
        left = []
        for one in waiting:
            name = next((name for name in heads if self.free[name]), None) if one.is_head else None
            if name is None:
                left.append(one)
            else:
                self._sit(one, (name, self.free[name][0]))
        return left

    def _place(self, party: "_Party", by_office: bool) -> None:
        whole = [table for table in self.tables if len(self.free[table.name]) >= len(party.members)]
        if whole:
            best = min(whole, key=lambda table: self._distance(table, party, by_office))
            self._sit_down(party.members, best.name)
            return
        left = list(party.members)
        # Torn apart in as few pieces as there can be; head tables only where nothing else is free.
        for table in sorted(self.tables, key=lambda one: (one.is_head, -len(self.free[one.name]))):
            room = len(self.free[table.name])
            self._sit_down(left[:room], table.name)
            left = left[room:]

    def _sit_down(self, members: Sequence[Sitter], name: str) -> None:
        for one in members:
            self._sit(one, (name, self.free[name][0]))

    def _distance(self, table: Table, party: "_Party", by_office: bool) -> tuple[object, ...]:
        here = self.at[table.name]
        theirs = not any(one.party == party.name for one in here)
        if not by_office:
            return table.is_head, theirs, len(self.free[table.name])
        mixed = bool(here) and not any(one.office == party.office for one in here)
        stranger = not any(one.office == party.office for one in here)
        return table.is_head, theirs, mixed, stranger

    @property
    def cost(self) -> tuple[int, int, int]:
        """How many stand, how many parties are parted, how many offices are mixed."""
        parted: dict[str, set[str]] = {}
        for one in self.sitters:
            if one.guest_id in self.seats:
                parted.setdefault(one.party, set()).add(self.seats[one.guest_id][0])
        mixed = sum(max(0, len({one.office for one in here}) - 1) for here in self.at.values())
        return len(self.sitters) - len(self.seats), sum(len(names) - 1 for names in parted.values()), mixed


@dataclass(frozen=True, slots=True)
class _Party:
    members: tuple[Sitter, ...]

    @property
    def name(self) -> str:
        return self.members[0].party

    @property
    def office(self) -> str:
        return self.members[0].office

    @property
    def is_vip(self) -> bool:
        return any(one.is_vip for one in self.members)


# In which order parties are placed, and whether offices are looked at. The last way parts no party that a fuller
# packing could keep together.
_WAYS: tuple[tuple[Callable[[_Party], tuple[object, ...]], bool], ...] = (
    (lambda party: (not party.is_vip, party.office, -len(party.members), party.name), True),
    (lambda party: (not party.is_vip, -len(party.members), party.office, party.name), True),
    (lambda party: (not party.is_vip, -len(party.members), party.office, party.name), False),
    (lambda party: (-len(party.members), not party.is_vip, party.office, party.name), False),
)
