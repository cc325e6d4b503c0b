"""催收清单: what has not come back whole, by the owner who is to see to it."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain.price_protection.scans.groups import Group, Outcome

REMINDED = (Outcome.NOT_BACK, Outcome.INCOMPLETE, Outcome.OLD_VERSION)


def is_to_bring_back(group: Group) -> bool:
    """Whether somebody has to phone: it is not back or not whole, or its scan is filed and the original is out."""
    return group.outcome in REMINDED or (group.outcome is Outcome.FILED and group.is_out)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One owner and what is to be brought back."""

    owner_id: int
    owner: str
    groups: list[Group]


def reminders(groups: Iterable[Group]) -> list[Reminder]:
    """What is missing of a pile by owner, those with most to bring back first; numbers in order."""
    found: dict[int, Reminder] = {}
    for group in groups:
        if is_to_bring_back(group):
            found.setdefault(group.owner_id, Reminder(group.owner_id, group.owner, [])).groups.append(group)
    return sorted(found.values(), key=lambda one: (-len(one.groups), one.owner))
