"""Who shares a room with whom, as it is proposed: ladies with ladies, own colleagues first; nobody is guessed (M1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Room:
    """A room with so many beds."""

    name: str
    kind: str
    beds: int


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Somebody who needs a bed; `is_lady` None where nobody said it, which pairs with nobody by itself."""

    guest_id: int
    party: str
    office: str
    is_lady: bool | None
    is_single: bool
    from_on: date
    until_on: date


def proposed(
    rooms: Sequence[Room], sleepers: Iterable[Sleeper], kept: Mapping[int, str] | None = None
) -> dict[int, str]:
    """A room for each, as far as rooms and what is known allow; whoever is in `kept` stays there.

    Who wants a single room has it alone. Two share who are both ladies or both gentlemen, of the same party first,
    then of the same office. Deterministic, in whatever order people are named.
    """
    found = dict(kept or {})
    everybody = sorted(
        sleepers, key=lambda one: (one.office, one.party, one.from_on, one.until_on, one.guest_id)
    )
    by_id = {one.guest_id: one for one in everybody}
    within: dict[str, list[Sleeper]] = {room.name: [] for room in rooms}
    for id, name in found.items():
        if id in by_id and name in within:
            within[name].append(by_id[id])
    waiting = [one for one in everybody if one.guest_id not in found]

    def put(one: Sleeper, room: Room) -> None:
        found[one.guest_id] = room.name
        within[room.name].append(one)

    smallest_first = sorted(rooms, key=lambda room: room.beds)
    for one in (one for one in waiting if one.is_single):
        free = next((room for room in smallest_first if not within[room.name]), None)
        if free is not None:
            put(one, free)
    shared = [room for room in rooms if room.beds > 1]
    for is_lady in (True, False):
        left = [one for one in waiting if one.is_lady is is_lady and not one.is_single]
        for near in _NEAR:
            left = _joined(left, shared, within, near, put)
            left = _filled(left, shared, within, near, put)
        # Whoever is left over has a room, for the next one to join.
        while left and (free := next((room for room in shared if not within[room.name]), None)):
            for one in left[: free.beds]:
                put(one, free)
            left = left[free.beds :]
    return found


_Near = Callable[[Sleeper], tuple[object, ...]]
# Who belongs together, the closest first.
_NEAR: tuple[_Near, ...] = (
    lambda one: (one.office, one.party, one.from_on, one.until_on),
    lambda one: (one.office, one.party),
    lambda one: (one.office, one.from_on, one.until_on),
    lambda one: (one.office,),
    lambda one: (one.from_on, one.until_on),
    lambda one: (),
)


def _joined(
    left: Sequence[Sleeper],
    rooms: Sequence[Room],
    within: Mapping[str, Sequence[Sleeper]],
    near: _Near,
    put: Callable[[Sleeper, Room], None],
) -> list[Sleeper]:
    """Give beds beside those who are there already; returns who is left."""
    still = []
    for one in left:
        free = next(
            (
                room
                for room in rooms
                if 0 < len(within[room.name]) < room.beds
                and all(
                    not other.is_single and other.is_lady is one.is_lady and near(other) == near(one)
                    for other in within[room.name]
                )
            ),
            None,
        )
        if free is None:
            still.append(one)
        else:
            put(one, free)
    return still


def _filled(
    left: Sequence[Sleeper],
    rooms: Sequence[Room],
    within: Mapping[str, Sequence[Sleeper]],
    near: _Near,
    put: Callable[[Sleeper, Room], None],
) -> list[Sleeper]:
    """Fill empty rooms to the last bed with those who belong together; returns who is left."""
    still: list[Sleeper] = []
    for _key, group in groupby(sorted(left, key=lambda one: (near(one), one.guest_id)), key=near):
        members = list(group)
        while free := next(
            (room for room in rooms if not within[room.name] and room.beds <= len(members)), None
        ):
            for one in members[: free.beds]:
                put(one, free)
            members = members[free.beds :]
        still += members
    return still
