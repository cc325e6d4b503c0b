"""Writing many decided rows at once: records, numbers, people, flags, history, search."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import Base, now
from portal.domain.audit.models import AuditEvent
from portal.domain.bulk import Bulk
from portal.domain.distributors import search, services
from portal.domain.distributors.facts import FACTS, code_key
from portal.domain.distributors.importing.drafts import marks_of, tokens_of
from portal.domain.distributors.importing.matching import Peer
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.importing.rows import Decision
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, NearSame, series_no
from portal.domain.importing.report import Action
from portal.domain.text import name_key, sound_mark
from portal.domain.users.models import User

_TABLE = Base.metadata.tables[Distributor.__tablename__]
_WRITTEN = (
    *(fact.name for fact in FACTS),
    *("longitude", "latitude", "parent_id", "territory_id", "region_id", "owner_id"),
)


def _blank(column: sa.Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, sa.ColumnDefault) else None


_BLANK: dict[str, Any] = {name: _blank(_TABLE.c[name]) for name in _WRITTEN}
_facts_of = itemgetter(*_WRITTEN)
_NOT_TOLD = frozenset(("code_key", "name_key", "sound", "owner_id"))  # of what the history says of a record
_PERSONAL = frozenset(fact.name for fact in FACTS if fact.is_personal)
_UNSAID = _NOT_TOLD | _PERSONAL
_EVENT = ("at", "actor_id", "action", "subject", "subject_id", "region_id", "params")


class Link(NamedTuple):
    """A supplier to be set: the record, its supplier, the one before, the record's office."""

    child: int
    parent: int
    before: int | None
    region_id: int


class Writer:
    """Writes one batch after another in the caller's transaction; nothing is committed here."""

    def __init__(self, session: Session, actor: User | None, named: Named) -> None:
        self.session, self.actor, self.named = session, actor, named
        self._series: Iterator[int] | None = None
        dialect = session.connection().dialect
        own = ("id", "code", "code_key", "name_key", "sound", "series_no")
        self._records = Bulk(dialect, Distributor, (*own, *_WRITTEN))
        self._phones = Bulk(
            dialect, DistributorPhone, ("distributor_id", "no", "display", "digits", "extension", "label")
        )
        self._people = Bulk(
            dialect, Contact, ("id", "distributor_id", "name", "title", "phone", "is_primary")
        )
        self._flags = Bulk(dialect, NearSame, ("distributor_id", "other_id", "reason"))
        self._trail = Bulk(dialect, AuditEvent, _EVENT)
        self._moment = now()
        self._is_ready = False
        self._found_by: list[tuple[int, str]] = []  # what is still to be written of a batch's search rows

    def write(self, decisions: Sequence[Decision]) -> None:
        """Write the records of a batch; each new one has its id afterwards."""
        if not self._is_ready:
            search.expect_many(self.session)
            self._is_ready = True
        created = [d for d in decisions if d.action is Action.CREATED]
        updated = [d for d in decisions if d.action is Action.UPDATED]
        self._found_by = []
        self._insert(created)
        self._update(updated)
        self._write_phones([d for d in (*created, *updated) if d.phones is not None])
        self._write_contacts([d for d in (*created, *updated) if d.contact])

    def finish(
        self,
        decisions: Sequence[Decision],
        peers: dict[int, list[Peer]],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Write the flags, the search rows and the history of a batch.

        `meanwhile` is called while the database writes and leaves the session alone.
        """
        changed = [d for d in decisions if d.action in (Action.CREATED, Action.UPDATED) and d.id is not None]
        self._write_flags(peers)
        self._moment = now()
        with search.adding(self.session, dict(self._found_by), is_all=bool(self._found_by)):
            events = self._trail.prepare(
                event for decision in changed for event in self._events(decision, peers)
            )
            meanwhile()
        self._trail.write(self.session.connection(), events)
        search.index(self.session, [d.id for d in changed if d.known is not None and d.id is not None])

    def rest(self) -> None:
        """Have the index as it was before so much was written; the caller commits."""
        if self._is_ready:
            search.expect_few(self.session)
            self._is_ready = False

    def link(self, links: Sequence[Link]) -> None:
        """Set suppliers that were themselves made by this import."""
        if not links:
            return
        moment = now()
        self.session.connection().execute(
            sa.update(_TABLE)
            .where(_TABLE.c.id == sa.bindparam("which"))
            .values(parent_id=sa.bindparam("to_parent"), version=_TABLE.c.version + 1, updated_at=moment),
            [{"which": link.child, "to_parent": link.parent} for link in links],
        )
        self._moment = moment
        self._trail.insert(
            self.session.connection(),
            [
                self._event(
                    "distributor.updated",
                    link.child,
                    link.region_id,
                    changes={"parent_id": [link.before, link.parent]},
                    personal=[],
                )
                for link in links
            ],
        )

    def _insert(self, created: Sequence[Decision]) -> None:
        if not created:
            return
        connection = self.session.connection()
        for decision, identity in zip(created, self._records.ids(connection, len(created)), strict=True):
            decision.id = identity
            decision.report.code = decision.draft.code or self._free_code()
        found_by = [(d.id, tokens_of(d.draft, d.report.code)) for d in created if d.id is not None]
        half = len(found_by) // 2
        self._found_by = found_by[half:]
        with search.adding(self.session, dict(found_by[:half]), is_all=False):
            records = self._records.prepare(self._rows(created))
        self._records.write(connection, records)

    @staticmethod
    def _rows(created: Sequence[Decision]) -> Iterator[tuple[Any, ...]]:
        """The new records as the table wants them."""
        written: dict[str, int] = {}
        for decision in created:
            draft, values, identity, code = decision.draft, decision.values, decision.id, decision.report.code
            assert identity is not None
            if decision.parent is not None and (supplier := written.get(decision.parent.key)) is not None:
                # A row above in this batch. One whose own supplier comes later is linked with that one: where
                # suppliers go in a circle, the first rows of the file have their way.
                values["parent_id"], decision.parent = supplier, None
            marks = marks_of(draft)
            values |= {"code": code, "code_key": code_key(code), "name_key": marks.name_key}
            if draft.code and decision.parent is None:
                written[values["code_key"]] = identity
            own = (identity, code, values["code_key"], values["name_key"])
            yield (*own, marks.sound, series_no(code), *_facts_of(_BLANK | values))

    def _free_code(self) -> str:
        """The next code of the series that neither the register nor the file has."""
        if self._series is None:
            taken = (_serial(code) for code in self.named.codes)
            self._series = count(
                max([_serial(services.next_code(self.session)), *(one + 1 for one in taken)])
            )
        return f"D-{next(self._series):05d}"

    def _update(self, updated: Sequence[Decision]) -> None:
        """One statement for each set of columns that change together."""
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for decision in updated:
            if "name" in decision.values:
                decision.values["name_key"] = name_key(decision.values["name"])
                decision.values["sound"] = sound_mark(decision.values["name"])
            columns = tuple(sorted(decision.values))
            groups[columns].append(
                {f"to_{name}": decision.values[name] for name in columns} | {"which": decision.id}
            )
        moment = now()
        for columns, rows in groups.items():
            self.session.connection().execute(
                sa.update(_TABLE)
                .where(_TABLE.c.id == sa.bindparam("which"))
                .values(
                    {name: sa.bindparam(f"to_{name}", type_=_TABLE.c[name].type) for name in columns}
                    | {"version": _TABLE.c.version + 1, "updated_at": moment}
                ),
                rows,
            )

    def _write_phones(self, decisions: Sequence[Decision]) -> None:
        known = [d.id for d in decisions if d.known is not None]
        if known:
            self.session.execute(
                sa.delete(DistributorPhone).where(DistributorPhone.distributor_id.in_(known))
            )
        self._phones.insert(
            self.session.connection(),
            [
                (decision.id, no, phone.display, phone.digits, phone.extension, phone.label)
                for decision in decisions
                for no, phone in enumerate(decision.phones or ())
            ],
        )

    def _write_contacts(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            facts: dict[str, Any] = {k: v for k, v in decision.contact.items() if k != "is_primary"}
            if decision.contact_id is not None:
                self.session.execute(
                    sa.update(Contact).where(Contact.id == decision.contact_id).values(**facts)
                )
        added = [d for d in decisions if d.contact_id is None]
        if not added:
            return
        connection, rows = self.session.connection(), []
        for decision, identity in zip(added, self._people.ids(connection, len(added)), strict=True):
            person, decision.contact_id = decision.contact, identity
            words = (person["name"], person.get("title", ""), person.get("phone", ""))
            rows.append((identity, decision.id, *words, bool(person["is_primary"])))
        self._people.insert(connection, rows)

    def _write_flags(self, peers: dict[int, list[Peer]]) -> None:
        if not peers:
            return
        flagged = {
            frozenset(pair)
            for pair in self.session.execute(
                sa.select(NearSame.distributor_id, NearSame.other_id).where(
                    sa.or_(NearSame.distributor_id.in_(peers), NearSame.other_id.in_(peers))
                )
            )
        }
        rows = []
        for identity, found in peers.items():
            for peer in found:
                if frozenset((identity, peer.id)) not in flagged:
                    flagged.add(frozenset((identity, peer.id)))
                    rows.append((identity, peer.id, peer.reason))
        self._flags.insert(self.session.connection(), rows)

    def _events(self, decision: Decision, peers: dict[int, list[Peer]]) -> list[tuple[Any, ...]]:
        """What the register's own services write for such a change; of personal facts only the names."""
        identity, known, values = decision.id, decision.known, decision.values
        assert identity is not None and decision.region is not None
        personal = [name for name in values if name in _PERSONAL]
        if decision.phones is not None:
            personal.append("phones")
        events = []
        if known is None:
            facts = {
                name: value
                for name, value in values.items()
                if name not in _UNSAID and value is not None and value != ""
            }
            events.append(
                self._event(
                    "distributor.imported",
                    identity,
                    decision.region.id,
                    facts=facts,
                    owner_id=values["owner_id"],
                    near_same=[peer.id for peer in peers.get(identity, [])],
                )
            )
        else:
            changes = {
                name: [known.facts[name], value] for name, value in values.items() if name not in _UNSAID
            }
            if "region_id" in values:
                before = known.facts["region_id"]
                events.append(self._event("distributor.moved", identity, before, to_id=values["region_id"]))
            if changes or personal:
                events.append(
                    self._event(
                        "distributor.updated",
                        identity,
                        decision.region.id,
                        changes=changes,
                        personal=personal,
                        source="import",
                    )
                )
            if "owner_id" in values:
                events.append(
                    self._event(
                        "distributor.owner_changed",
                        identity,
                        decision.region.id,
                        from_id=known.facts["owner_id"],
                        to_id=values["owner_id"],
                    )
                )
        if decision.contact:
            was_there = known is not None and any(c["id"] == decision.contact_id for c in known.contacts)
            events.append(
                self._event(
                    "distributor.contact_changed" if was_there else "distributor.contact_added",
                    identity,
                    decision.region.id,
                    contact_id=decision.contact_id,
                    personal=[name for name in decision.contact if name != "is_primary"],
                )
            )
        return events

    def _event(self, action: str, identity: int, region_id: int, **params: Any) -> tuple[Any, ...]:
        actor_id = self.actor.id if self.actor else None
        return (self._moment, actor_id, action, Distributor.__tablename__, identity, region_id, params)


def _serial(code: str) -> int:
    found = re.fullmatch(services.GENERATED, code)
    return int(found[1]) if found else 0
