"""What an import would do or did, row by row, for the page and for the command."""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self, cast

from portal.domain.audit import services as audit
from portal.domain.i18n import Msgid
from portal.domain.tabular import Ignored, Skip

SHOWN_ROWS = 300  # rows without refusal whose changes are kept for the preview; counts know them all


class Action(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was refused: its column (the file's heading, or a Msgid where the file lacks it), msgid,
    params.
    """

    sheet: str
    row: int
    column: str
    reason: str
    params: dict[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """What somebody should look at although the row was taken."""

    sheet: str
    row: int
    message: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One fact before and after; `name` is the field, `label` its msgid; values as the model keeps them, or
    words.
    """

    name: str
    label: str
    before: Any
    after: Any


@dataclass(slots=True)
class RowReport:
    """One row of the preview."""

    sheet: str
    row: int
    action: Action
    code: str
    name: str
    changes: list[Change] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


@dataclass
class ImportReport:
    """The counts and the rows of one import; `read` is the sum of the four others.

    A kind of list may add what else it has to tell: the new field, and how it is merged and kept.
    """

    read: int = 0
    counts: Counter[Action] = field(default_factory=Counter)
    skipped: Counter[Skip] = field(default_factory=Counter)
    totals: list[tuple[str, int]] = field(default_factory=list)  # sheet and number of each total row
    rows: list[RowReport] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    sheets_ignored: list[tuple[str, Ignored]] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    is_applied: bool = False
    is_cut_short: bool = False  # cancelled: the rows behind were not looked at

    @property
    def created(self) -> int:
        """Rows that made, or would make, a new record."""
        return self.counts[Action.CREATED]

    @property
    def updated(self) -> int:
        """Rows that changed, or would change, a record."""
        return self.counts[Action.UPDATED]

    @property
    def unchanged(self) -> int:
        """Rows that say what is known already."""
        return self.counts[Action.UNCHANGED]

    @property
    def refused(self) -> int:
        """Rows that were not taken."""
        return self.counts[Action.REFUSED]

    def add(self, row: RowReport, shown: int = 0) -> None:
        """Count a row; keep it as long as the preview has room, longer where somebody has to look at it.

        `shown` rows stand before this report's.
        """
        self.read += 1
        self.counts[row.action] += 1
        self.refusals += row.refusals
        self.flags += row.flags
        room = SHOWN_ROWS * 10 if row.refusals or row.flags else SHOWN_ROWS
        if shown + len(self.rows) < room:
            self.rows.append(row)

    def merge(self, part: Self) -> None:
        """Add what a further chunk came to."""
        self.read += part.read
        self.counts.update(part.counts)
        self.skipped.update(part.skipped)
        self.totals += part.totals
        self.rows += part.rows
        self.refusals += part.refusals
        self.flags += part.flags

    def as_json(self) -> dict[str, Any]:
        """The report as a record keeps it; `from_json` gives it back."""
        kept = asdict(self)
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Counter):  # which is not what asdict takes it for
                kept[one.name] = dict(value)
        kept["refusals"] = [_refusal_json(refusal) for refusal in self.refusals]
        kept["rows"] = [
            asdict(row) | {"refusals": [_refusal_json(refusal) for refusal in row.refusals]}
            for row in self.rows
        ]
        return cast(dict[str, Any], audit.plain(kept))

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The report that was kept; values of changes come back as JSON has them."""
        known = {one.name for one in fields(cls)}
        return cls(**cls.revived({name: value for name, value in kept.items() if name in known}))

    @classmethod
    def revived(cls, facts: dict[str, Any]) -> dict[str, Any]:
        """The fields of a report from what was kept of them."""
        return facts | {
            "counts": Counter({Action(name): count for name, count in facts["counts"].items()}),
            "skipped": Counter({Skip(name): count for name, count in facts["skipped"].items()}),
            "totals": [(sheet, row) for sheet, row in facts["totals"]],
            "sheets_ignored": [(sheet, Ignored(why)) for sheet, why in facts["sheets_ignored"]],
            "refusals": [_refusal_of(refusal) for refusal in facts["refusals"]],
            "flags": [Flag(**flag) for flag in facts["flags"]],
            "rows": [
                RowReport(
                    **row
                    | {
                        "action": Action(row["action"]),
                        "changes": [Change(**change) for change in row["changes"]],
                        "flags": [Flag(**flag) for flag in row["flags"]],
                        "refusals": [_refusal_of(refusal) for refusal in row["refusals"]],
                    }
                )
                for row in facts["rows"]
            ],
        }


def _refusal_json(refusal: Refusal) -> dict[str, Any]:
    return asdict(refusal) | {"is_ours": isinstance(refusal.column, Msgid)}


def _refusal_of(kept: dict[str, Any]) -> Refusal:
    facts = dict(kept)
    is_ours = facts.pop("is_ours")
    # A name of its own: the catalogue takes every text inside Msgid() for a message.
    column = facts["column"]
    return Refusal(**facts | {"column": Msgid(column) if is_ours else column})
