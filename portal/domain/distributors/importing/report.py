"""What an import of a dealer list would do or did, beyond its rows: offices, territories, what was filled in."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from portal.domain.importing.report import ImportReport


@dataclass(frozen=True, slots=True)
class Assumed:
    """What new records get that the list says nothing about: the field, its code, how many records."""

    name: str
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class StandIn:
    """An office without a manager of its own, and who gets its new records meanwhile."""

    office: str
    owner: str
    count: int


@dataclass
class DealerReport(ImportReport):
    """As every report; and what the list brought about besides its records."""

    regions_missing: Counter[str] = field(default_factory=Counter)  # offered for creation: name → rows
    regions_created: list[str] = field(default_factory=list)
    territories_created: list[str] = field(default_factory=list)
    assumed: list[Assumed] = field(default_factory=list)
    stand_ins: list[StandIn] = field(default_factory=list)

    def merge(self, part: Self) -> None:
        """Add what a further chunk came to."""
        super().merge(part)
        self.regions_missing.update(part.regions_missing)
        self.regions_created += part.regions_created
        self.territories_created += part.territories_created
        assumed = Counter({(one.name, one.value): one.count for one in self.assumed})
        assumed.update({(one.name, one.value): one.count for one in part.assumed})
        self.assumed = [Assumed(*what, count) for what, count in assumed.items()]
        stand_ins = Counter({(one.office, one.owner): one.count for one in self.stand_ins})
        stand_ins.update({(one.office, one.owner): one.count for one in part.stand_ins})
        self.stand_ins = [StandIn(*who, count) for who, count in stand_ins.items()]

    @classmethod
    def revived(cls, facts: dict[str, Any]) -> dict[str, Any]:
        """The fields of a report from what was kept of them."""
        return super().revived(facts) | {
            "regions_missing": Counter(facts["regions_missing"]),
            "assumed": [Assumed(**one) for one in facts.get("assumed", [])],
            "stand_ins": [StandIn(**one) for one in facts.get("stand_ins", [])],
        }
