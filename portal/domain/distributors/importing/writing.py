"""Writing many decided rows at once: records, numbers, people, flags, history, search."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import Base, now
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import search, services
from portal.domain.distributors.facts import BY_NAME, FACTS, code_key
from portal.domain.distributors.importing.matching import Peer
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.importing.report import Action
from portal.domain.distributors.importing.rows import Decision
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone, NearSame
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

    def write(self, decisions: Sequence[Decision]) -> None:
        """Write the records of a batch; each new one has its id afterwards."""
        created = [d for d in decisions if d.action is Action.CREATED]
        updated = [d for d in decisions if d.action is Action.UPDATED]
        self._insert(created)
        self._update(updated)
        self._write_phones([d for d in (*created, *updated) if d.phones is not None])
        self._write_contacts([d for d in (*created, *updated) if d.contact])

    def finish(self, decisions: Sequence[Decision], peers: dict[int, list[Peer]]) -> None:
        """Write the flags, the history and the search rows of a batch."""
        changed = [d for d in decisions if d.action in (Action.CREATED, Action.UPDATED) and d.id is not None]
        self._write_flags(peers)
        events = [event for decision in changed for event in self._events(decision, peers)]
        if events:
            self._insert_all(AuditEvent, events)
        search.index(self.session, [decision.id for decision in changed if decision.id is not None])

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
        self._insert_all(
            AuditEvent,
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

    def _insert_all(self, model: type[Base], rows: list[dict[str, Any]]) -> None:
        """Insert rows without the ORM, which would cost more than the database."""
        self.session.connection().execute(sa.insert(Base.metadata.tables[model.__tablename__]), rows)

    def _insert(self, created: Sequence[Decision]) -> None:
        if not created:
            return
        rows = []
        for decision in created:
            code = decision.draft.code
            if not code:
                code = self._free_code()
            decision.report.code = code
            decision.values |= {
                "code": code,
                "code_key": code_key(code),
                "name_key": name_key(decision.draft.name),
            }
            rows.append(_BLANK | decision.values)
        # RETURNING in the rows' order would make SQLite insert them one by one; the codes are unique.
        self._insert_all(Distributor, rows)
        codes = {decision.values["code_key"]: decision for decision in created}
        for key, identity in self.session.execute(
            sa.select(Distributor.code_key, Distributor.id).where(Distributor.code_key.in_(codes))
        ):
            codes[key].id = identity

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
        rows = [
            {
                "distributor_id": decision.id,
                "no": no,
                "display": phone.display,
                "digits": phone.digits,
                "extension": phone.extension,
                "label": phone.label,
            }
            for decision in decisions
            for no, phone in enumerate(decision.phones or ())
        ]
        if rows:
            self._insert_all(DistributorPhone, rows)

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
        self._insert_all(
            Contact,
            [
                {
                    "distributor_id": d.id,
                    "name": d.contact["name"],
                    "title": d.contact.get("title", ""),
                    "phone": d.contact.get("phone", ""),
                    "is_primary": bool(d.contact["is_primary"]),
                }
                for d in added
            ],
        )
        written = {(decision.id, decision.contact["name"]): decision for decision in added}
        for row in self.session.execute(
            sa.select(Contact.id, Contact.distributor_id, Contact.name)
            .where(Contact.distributor_id.in_([d.id for d in added]), Contact.ended_at.is_(None))
            .order_by(Contact.id)
        ):
            if owner := written.get((row.distributor_id, row.name)):
                owner.contact_id = row.id

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
                    rows.append({"distributor_id": identity, "other_id": peer.id, "reason": peer.reason})
        if rows:
            self._insert_all(NearSame, rows)

    def _events(self, decision: Decision, peers: dict[int, list[Peer]]) -> list[dict[str, Any]]:
        """What the register's own services write for such a change; of personal facts only the names."""
        identity, known, values = decision.id, decision.known, decision.values
        assert identity is not None and decision.region is not None
        personal = [name for name in values if name in BY_NAME and BY_NAME[name].is_personal]
        if decision.phones is not None:
            personal.append("phones")
        business = {
            name: value
            for name, value in values.items()
            if name not in personal and name not in ("code_key", "name_key", "sound", "owner_id")
        }
        events = []
        if known is None:
            events.append(
                self._event(
                    "distributor.imported",
                    identity,
                    decision.region.id,
                    facts={name: value for name, value in business.items() if value not in (None, "")},
                    owner_id=values["owner_id"],
                    near_same=[peer.id for peer in peers.get(identity, [])],
                )
            )
        else:
            changes = {name: [known.facts[name], value] for name, value in business.items()}
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

    def _event(self, action: str, identity: int, region_id: int, **params: Any) -> dict[str, Any]:
        return {
            "at": now(),
            "actor_id": self.actor.id if self.actor else None,
            "action": action,
            "subject": _TABLE.name,
            "subject_id": identity,
            "region_id": region_id,
            "params": audit.plain(params),
        }


def _serial(code: str) -> int:
    found = re.fullmatch(services.GENERATED, code)
    return int(found[1]) if found else 0
