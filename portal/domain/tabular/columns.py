"""Which column of a file is which field, however the office calls it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal.domain.text import clean

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|<[^<>]*>|\([^()]*$")
_NOT_A_NAME = re.compile(r"[\W_]+")
_COUNTER = re.compile(r"[\d一二三]+$")


@dataclass(frozen=True, slots=True)
class Column:
    """One field that a file may have: its `title` (an English msgid) and every heading it is known by.

    `is_list`: several columns may hold it (电话1, 电话2) and all are read.
    """

    field: str
    title: str
    headings: tuple[str, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """The fields of one kind of file; a row is a head if it names one of the `keys` and another field."""

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    _by_key: dict[str, tuple[int, Column]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key: dict[str, tuple[int, Column]] = {}
        for column in self.columns:
            for rank, heading in enumerate((*column.headings, column.title, column.field)):
                by_key.setdefault(heading_key(heading), (rank, column))
        object.__setattr__(self, "_by_key", by_key)

    def column(self, name: str) -> Column:
        """The column of this field."""
        return next(column for column in self.columns if column.field == name)

    def find(self, heading: str) -> tuple[int, Column] | None:
        """The column that a heading names, with the rank of that heading (0 is the field's own name)."""
        whole = heading_key(heading)
        if found := self._by_key.get(whole):
            return found
        bare = heading_key(_BRACKETED.sub("", unicodedata.normalize("NFKC", heading)))
        if found := self._by_key.get(bare):
            return found
        found = self._by_key.get(_COUNTER.sub("", bare))
        return found if found and found[1].is_list else None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two or more headings that could each be this field; none is read until somebody chooses."""

    field: str
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Where each field stands: field → places (from 0) in the head, and what was left over."""

    fields: dict[str, tuple[int, ...]]
    unknown: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()


def heading_key(heading: str) -> str:
    """Reduce a heading to what counts: no width, case, blanks, asterisks, colons or brackets."""
    return _NOT_A_NAME.sub("", unicodedata.normalize("NFKC", clean(heading)).casefold())


def distinct(head: Sequence[str]) -> list[str]:
    """The headings of a file, those that come again with their number behind: 名称, 名称 #2."""
    seen: Counter[str] = Counter()
    labels = []
    for heading in head:
        seen[heading] += 1
        labels.append(heading if seen[heading] == 1 or not heading else f"{heading} #{seen[heading]}")
    return labels


def match_columns(head: Sequence[str], spec: Spec, override: Mapping[str, str] | None = None) -> Match:
    """Match the headings of a file to the fields of `spec`.

    Case, blanks, asterisks, notes in brackets and units do not count. Of several headings for one field the
    one that is nearest to the field's own name is taken; of two equally near ones none is, and both are
    named as a clash. `override` says for a heading (as `distinct` gives it) which field it is, or "" to
    leave it out.
    """
    said = override or {}
    chosen = {heading_key(heading): name for heading, name in said.items()}
    labels = distinct(head)
    candidates: dict[str, list[tuple[int, int]]] = {}
    unknown: list[str] = []
    for place, heading in enumerate(head):
        key = heading_key(heading)
        if not key:
            continue
        if labels[place] in said or key in chosen:
            wanted = said.get(labels[place], chosen.get(key, ""))
            if wanted:
                candidates.setdefault(wanted, []).append((-1, place))
            else:
                unknown.append(heading)
            continue
        if found := spec.find(heading):
            rank, column = found
            candidates.setdefault(column.field, []).append((rank, place))
        else:
            unknown.append(heading)
    fields: dict[str, tuple[int, ...]] = {}
    clashes: list[Clash] = []
    for name, ranked in candidates.items():
        if spec.column(name).is_list:
            fields[name] = tuple(place for _, place in ranked)
            continue
        best = min(rank for rank, _ in ranked)
        nearest = [place for rank, place in ranked if rank == best]
        if len(nearest) > 1:
            clashes.append(Clash(name, tuple(head[place] for _, place in ranked)))
            continue
        fields[name] = (nearest[0],)
        unknown += [head[place] for _, place in ranked if place != nearest[0]]
    return Match(fields, tuple(unknown), tuple(clashes))
