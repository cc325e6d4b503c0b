"""Which record a row is about, for many rows at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.importing.drafts import Draft, likeness, marks_of
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import Phone, near_same

_TABLE = Distributor.__table__


@dataclass(slots=True)
class Known:
    """A record as it stood before the import."""

    facts: dict[str, Any]
    phones: list[Phone]
    contacts: list[dict[str, Any]]

    @property
    def id(self) -> int:
        """The record's id."""
        return int(self.facts["id"])


class Matcher:
    """Finds the records of the rows: by code; without one by credit code, then by exact name.

    Records that the import itself made (`made`) do not count, so that a plan and its application agree. A row
    without code never means a record whose code another row of the file bears.
    """

    def __init__(self, session: Session, named: Named) -> None:
        self.session, self.named = session, named
        self.made: set[int] = set()
        self._rows_by_code: dict[str, tuple[str, int]] = {}
        self._rows_by_name: dict[str, tuple[str, int]] = {}
        self._claimed: dict[int, tuple[str, int]] = {}

    def match(self, drafts: Sequence[Draft]) -> list[Known | None]:
        """For each row its record, or None for a new one; a second row of one company is refused on the
        draft.
        """
        by_code = self._by("code_key", {d.code_key for d in drafts if d.code})
        bare = [d for d in drafts if not d.code]
        by_uscc = self._by("uscc", {d.values["uscc"] for d in bare if d.values.get("uscc")})
        by_name = self._by("name", {d.name for d in bare if d.name})
        found: list[int | None] = []
        for draft in drafts:
            if draft.code:
                found.append(self._of_code(draft, by_code))
            else:
                found.append(self._of_company(draft, by_uscc, by_name))
        known = self._known(identity for identity in found if identity is not None)
        return [known.get(identity) if identity is not None else None for identity in found]

    def recall(self, draft: Draft, identity: int | None, *, is_made: bool) -> None:
        """Know again a row whose chunk is done, and the record it was about or made."""
        place = (draft.sheet, draft.row)
        if draft.code:
            self._rows_by_code.setdefault(draft.code_key, place)
        elif draft.name:
            self._rows_by_name.setdefault(draft.name, place)
        if is_made and identity is not None:
            self.made.add(identity)
        elif identity is not None:
            self._claimed[identity] = place

    def _of_code(self, draft: Draft, by_code: dict[str, list[tuple[int, str, str]]]) -> int | None:
        if first := self._rows_by_code.get(draft.code_key):
            draft.refuse("code", _second(N_("Row %(row)s already has this code."), first))
            return None
        self._rows_by_code[draft.code_key] = (draft.sheet, draft.row)
        identity = next((found[0] for found in by_code.get(draft.code_key, [])), None)
        if identity is not None:
            self._claimed[identity] = (draft.sheet, draft.row)
        return identity

    def _of_company(
        self,
        draft: Draft,
        by_uscc: dict[str, list[tuple[int, str, str]]],
        by_name: dict[str, list[tuple[int, str, str]]],
    ) -> int | None:
        """The record of a row without code; several that fit equally well are refused, and so is a second
        row.
        """
        if not draft.name:
            return None
        if first := self._rows_by_name.get(draft.name):
            draft.refuse("name", _second(N_("Row %(row)s is already about this company."), first))
            return None
        self._rows_by_name[draft.name] = (draft.sheet, draft.row)
        sharing = [
            row for row in by_uscc.get(draft.values.get("uscc", ""), []) if row[1] not in self.named.codes
        ]
        candidates = [row for row in sharing if row[2] == draft.name]
        if not candidates and len(sharing) == 1 and sharing[0][0] not in self._claimed:
            candidates = sharing
        if not candidates:
            candidates = [row for row in by_name.get(draft.name, []) if row[1] not in self.named.codes]
        if len(candidates) > 1:
            draft.refuse(
                "name",
                DomainError(
                    N_("Several distributors are named %(name)s: %(codes)s. Give the code."),
                    name=draft.name,
                    codes="、".join(row[1] for row in candidates[:5]),
                ),
            )
            return None
        if not candidates:
            return None
        identity = candidates[0][0]
        if first := self._claimed.get(identity):
            draft.refuse("name", _second(N_("Row %(row)s is already about this company."), first))
            return None
        self._claimed[identity] = (draft.sheet, draft.row)
        return identity

    def _by(self, column: str, keys: set[str]) -> dict[str, list[tuple[int, str, str]]]:
        """Id, code key and name of the records that bear one of these keys."""
        found: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        if keys:
            key = _TABLE.c[column]
            for row in self.session.execute(
                sa.select(key, _TABLE.c.id, _TABLE.c.code_key, _TABLE.c.name)
                .where(key.in_(keys))
                .order_by(_TABLE.c.id)
            ):
                if row[1] not in self.made:
                    found[row[0]].append((row[1], row[2], row[3]))
        return found

    def _known(self, ids: Iterable[int]) -> dict[int, Known]:
        wanted = list(ids)
        if not wanted:
            return {}
        known = {
            row["id"]: Known(dict(row), [], [])
            for row in self.session.execute(sa.select(_TABLE).where(_TABLE.c.id.in_(wanted))).mappings()
        }
        phone, contact = DistributorPhone.__table__, Contact.__table__
        for row in self.session.execute(
            sa.select(phone).where(phone.c.distributor_id.in_(wanted)).order_by(phone.c.no, phone.c.id)
        ):
            known[row.distributor_id].phones.append(Phone(row.display, row.digits, row.label, row.extension))
        for person in self.session.execute(
            sa.select(contact)
            .where(contact.c.distributor_id.in_(wanted), contact.c.ended_at.is_(None))
            .order_by(contact.c.id)
        ).mappings():
            known[person["distributor_id"]].contacts.append(dict(person))
        return known


def _second(msgid: str, first: tuple[str, int]) -> DomainError:
    return DomainError(msgid, row=first[1])


@dataclass(frozen=True, slots=True)
class Peer:
    """A record that a row's company is perhaps the same as, or shares its credit code with."""

    id: int  # negative: a record that this plan would make
    code: str
    name: str
    office: str
    reason: str  # "name" or "uscc", as the flag keeps it


class PeerBook:
    """Finds companies of nearly the same name, or of the same credit code, among all there are.

    Keys are kept as hashes of names and of their sounds: 100,000 companies cost some 30 MB.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._ids: dict[int, int] = {}
        self._new: list[tuple[str, str, str]] = []
        self._newest = 0

    def refresh(self) -> None:
        """Learn of the records that are new since the last time, whoever made them."""
        facts = sa.select(_TABLE.c.id, _TABLE.c.name, _TABLE.c.uscc)
        for identity, name, uscc in self.session.execute(
            facts.where(_TABLE.c.id > self._newest).order_by(_TABLE.c.id)
        ):
            self._learn(identity, likeness(name, uscc))
            self._newest = identity

    def _learn(self, identity: int, keys: Iterable[tuple[str, int]]) -> None:
        for _, key in keys:
            self._ids.setdefault(key, identity)

    def add(self, identity: int | None, code: str, draft: Draft, office: str) -> None:
        """Let later rows know of a record that this import makes; None in a plan, which has no ids."""
        if identity is None:
            self._new.append((code, draft.name, office))
            identity = -len(self._new)
        self._newest = max(self._newest, identity)
        self._learn(identity, marks_of(draft).likeness)

    def candidates(self, draft: Draft, besides: int | None = None) -> dict[int, str]:
        """Ids of records that may be like this row's, each with the reason; `peers` looks closer."""
        found: dict[int, str] = {}
        for reason, key in marks_of(draft).likeness:
            identity = self._ids.get(key)
            if identity is not None and identity != besides:
                found.setdefault(identity, reason)
        return found

    def peers(self, found: Sequence[tuple[str, dict[int, str]]]) -> list[list[Peer]]:
        """For each name with its candidates, those that are truly like it; one query for all of them."""
        wanted = {identity for _, candidates in found for identity in candidates if identity > 0}
        made = {identity for _, candidates in found for identity in candidates if identity < 0}
        known = {identity: self._new[-identity - 1] for identity in made}
        if wanted:
            statement = (
                sa.select(Distributor.id, Distributor.code, Distributor.name, Region.name)
                .join(Region, Region.id == Distributor.region_id)
                .where(Distributor.id.in_(wanted))
            )
            known |= {row[0]: (row[1], row[2], row[3]) for row in self.session.execute(statement)}
        return [
            [
                Peer(identity, *known[identity], reason=reason)
                for identity, reason in candidates.items()
                if reason == "uscc" or near_same(name, known[identity][1])
            ]
            for name, candidates in found
        ]
