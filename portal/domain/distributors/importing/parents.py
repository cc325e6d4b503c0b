"""Suppliers that a list names: records there are already, or rows of the same file, even later ones."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.facts import code_key
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.text import half_width

_STEPS = 20  # from a retailer to the top; where there are more, all suppliers are learnt at once


@dataclass(frozen=True, slots=True)
class Parent:
    """The supplier of a row: a record by its id, or a row of this file by its code key or name."""

    id: int | None
    key: str
    shown: str


class ParentBook:
    """Resolves suppliers, and refuses one that the distributor itself supplies."""

    def __init__(self, session: Session, named: Named, ids: Mapping[str, int]) -> None:
        self.session, self.named, self.ids = session, named, ids
        self._found: dict[str, list[tuple[int, str]]] = {}
        self._near: frozenset[str] = frozenset()  # the code keys of the rows at hand
        self._up: dict[int, int] | None = None

    def look_up(self, typed: Iterable[str], codes: Iterable[str]) -> None:
        """Find, in two queries, what these words mean; `codes` are the code keys of the rows they stand in."""
        self._near = frozenset(codes)
        wanted = {word for word in typed if word not in self._found}
        if not wanted:
            return
        keys = {key: word for word in wanted for key in _keys(word)}
        for word in wanted:
            self._found[word] = []
        shown = sa.select(Distributor.id, Distributor.code_key, Distributor.code, Distributor.name)
        for row in self.session.execute(shown.where(Distributor.code_key.in_(keys))):
            self._found[keys[row.code_key]].append((row.id, f"{row.code} {row.name}"))
        for row in self.session.execute(shown.where(Distributor.name.in_(wanted))):
            if not self._found[row.name] or self._found[row.name][0][0] != row.id:
                self._found[row.name].append((row.id, f"{row.code} {row.name}"))

    def find(self, typed: str) -> Parent:
        """The supplier of this code or name; DomainError when there is none, or several bear the name."""
        found = self._found[typed]
        if len(found) == 1:
            return Parent(found[0][0], "", found[0][1])
        if found:
            raise DomainError(
                N_("Several distributors are named %(name)s: %(codes)s. Give the code."),
                name=typed,
                codes="、".join(shown.split(" ")[0] for _, shown in found[:5]),
            )
        for key in (*_keys(typed), typed):
            if key in self.ids:
                return Parent(self.ids[key], "", typed)
        for key in _keys(typed):
            if key in self._near or key in self.named.codes:
                return Parent(None, key, typed)
        if typed in self.named.names:
            return Parent(None, typed, typed)
        raise DomainError(N_("There is no distributor with the code or name %(typed)s."), typed=typed)

    def check(self, child: int, parent: int) -> None:
        """Refuse a supplier that this distributor supplies itself, directly or through others."""
        if child == parent:
            raise DomainError(N_("A distributor cannot be its own supplier."))
        step: int | None = parent
        seen: set[int] = set()
        while step is not None and step not in seen:
            if step == child:
                raise DomainError(N_("This distributor supplies it, so it cannot be the supplier."))
            seen.add(step)
            step = self._above().get(step)

    def link(self, child: int, parent: int) -> None:
        """Remember a supplier that this import sets."""
        self._above()[child] = parent

    def climb(self, parents: Iterable[int]) -> None:
        """Learn who supplies these, and who those in turn: all that `check` asks of a few among very many."""
        above: dict[int, int] = {}
        seen: set[int] = set()
        unknown = set(parents)
        for _step in range(_STEPS):
            if not unknown:
                self._up = above
                return
            seen |= unknown
            rows = self.session.execute(
                sa.select(Distributor.id, Distributor.parent_id).where(
                    Distributor.id.in_(unknown), Distributor.parent_id.is_not(None)
                )
            )
            found = {child: parent for child, parent in rows if parent is not None}
            above |= found
            unknown = set(found.values()) - seen

    def forget(self) -> None:
        """Others may have rearranged the register since the last chunk."""
        self._up = None

    def _above(self) -> dict[int, int]:
        if self._up is None:
            rows = self.session.execute(
                sa.select(Distributor.id, Distributor.parent_id).where(Distributor.parent_id.is_not(None))
            )
            self._up = {child: parent for child, parent in rows if parent is not None}
        return self._up


def _keys(typed: str) -> list[str]:
    """The code keys that a supplier as typed may mean: the whole, or the code in front of a name."""
    whole = code_key(half_width(typed))
    return list(dict.fromkeys((whole, re.split(r"\s+", whole)[0])))
