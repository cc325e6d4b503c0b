"""What an import of purchases came to, in money too: finance holds it against the total of its books."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from portal.domain.importing.report import Action, ImportReport


@dataclass
class PurchaseReport(ImportReport):
    """As every report; and the amounts of the rows that could be read, in fen by what became of them."""

    fen: Counter[Action] = field(default_factory=Counter)

    def merge(self, part: Self) -> None:
        """Add what a further chunk came to."""
        super().merge(part)
        self.fen.update(part.fen)

    @property
    def read_fen(self) -> int:
        """All rows that could be read, those among them that were refused."""
        return sum(self.fen.values())

    @property
    def created_fen(self) -> int:
        """The lines that are new."""
        return self.fen[Action.CREATED]

    @classmethod
    def revived(cls, facts: dict[str, Any]) -> dict[str, Any]:
        """The fields of a report from what was kept of them."""
        fen = {Action(name): sum_ for name, sum_ in facts.get("fen", {}).items()}
        return super().revived(facts) | {"fen": Counter(fen)}
