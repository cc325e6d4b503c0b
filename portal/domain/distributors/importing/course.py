"""One import of a dealer list: rows in chunks, then the suppliers that are rows of the same file."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.ahead import ReadAhead, may_fork
from portal.domain.distributors import services
from portal.domain.distributors.importing.columns import SPEC
from portal.domain.distributors.importing.drafts import Draft, drafts_of, prepare
from portal.domain.distributors.importing.matching import Matcher, Peer, PeerBook
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.importing.owners import OwnerBook
from portal.domain.distributors.importing.parents import ParentBook
from portal.domain.distributors.importing.places import RegionBook, TerritoryBook
from portal.domain.distributors.importing.report import Assumed, DealerReport, StandIn
from portal.domain.distributors.importing.rows import Books, Decision, Defaults, decide
from portal.domain.distributors.importing.writing import Link, Writer
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.course import Course
from portal.domain.importing.report import SHOWN_ROWS, Action, Flag
from portal.domain.tabular import Skip, Table
from portal.domain.users.models import User

CHUNK = 1000  # rows of a transaction: others may write in between
_LIKE = {
    "name": N_("%(name)s may be the same company as %(code)s %(other)s (%(office)s)."),
    "uscc": N_("%(name)s has the same credit code as %(code)s %(other)s (%(office)s)."),
}


class _Passed(NamedTuple):
    """A row that is no data."""

    sheet: str
    number: int
    skip: Skip


@dataclass(slots=True)
class _Unlinked:
    """A record whose supplier is another row of the file, which may come later."""

    sheet: str
    row: int
    child: int
    key: str
    shown: str
    before: int | None
    region_id: int


class DealerCourse(Course[Draft, DealerReport]):
    """The course of one import over a table; memory does not grow with the file but by a few numbers a row.

    `owner` gets every new record whose row names no owner, otherwise the regional manager. With `creates` (True, or
    the names) an office that does not exist is made below the head office, otherwise its rows are refused. `defaults`
    is what new records are where the list does not say.
    """

    spec = SPEC
    reports = DealerReport

    def __init__(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        owner: User | None,
        creates: bool | Collection[str],
        defaults: Defaults | None,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(session, actor, table, writes=writes, size=CHUNK, may_go_on=may_go_on)
        if owner is not None and owner.is_active and not owner.can(Permission.DISTRIBUTORS_WRITE):
            raise DomainError(
                N_("%(name)s keeps no distributors. Choose another owner."), field="owner_id", name=owner.name
            )
        self._ids: dict[str, int] = {}  # of the rows so far, by code key and by name
        self._assumed: Counter[tuple[str, str]] = Counter()
        self._stand_ins: Counter[tuple[str, str]] = Counter()
        named = Named(table)
        has_offices = any("region" in sheet.match.fields for sheet in table.sheets)
        regions = RegionBook(session, actor, creates=creates, writes=writes)
        self.books = Books(
            regions=regions,
            territories=TerritoryBook(session, actor, writes=writes),
            owners=OwnerBook(session, actor, owner),
            parents=ParentBook(session, named, self._ids),
            actor=actor,
            defaults=defaults or Defaults(),
            fallback=None if has_offices else (actor.home if actor else regions.root),
        )
        self.matcher = Matcher(session, named)
        self.writer = Writer(session, actor, named) if writes else None
        self._reads_ahead = False
        self._ahead = ReadAhead(self._rows())
        self._peers: PeerBook | None = None
        self._unlinked: list[_Unlinked] = []
        self._linked = 0  # of those, by earlier runs

    def drafts(self) -> Iterator[Draft]:
        """The rows of the file, perhaps read ahead by another process."""
        return self._drafts(self._ahead)

    def further(self) -> Iterator[dict[str, Any]]:
        """Suppliers that are rows of this file are set when each has its record."""
        linked = self._linked
        while links := self._unlinked[linked : linked + CHUNK]:
            linked += len(links)
            self.begin()
            self._link(links)
            yield self.tell(ids=[], made=[], unlinked=[], links=len(links))

    def leave(self) -> None:
        """Nobody reads ahead any more."""
        self._ahead.close()

    def rest(self) -> None:
        """Leave the register as it is best read, after the last chunk that was done; the caller commits."""
        if self.writer is not None:
            self.writer.rest()

    def begin(self) -> None:
        """Before a chunk's first look at the register: nobody changes it meanwhile, others have before."""
        if self.writes:
            services.lock_register(self.session)
        super().begin()
        self.books.parents.forget()
        self.books.owners.forget()

    def _rows(self) -> Iterator[Draft | _Passed]:
        for sheet in self.table.sheets:
            for row, draft in drafts_of(sheet):
                if draft is not None:
                    yield draft
                elif row.skip is not None:
                    yield _Passed(row.sheet, row.number, row.skip)

    def _drafts(self, rows: Iterable[Draft | _Passed]) -> Iterator[Draft]:
        for row in rows:
            if row.__class__ is Draft:
                yield row
            elif isinstance(row, _Passed):
                self.passed(row.sheet, row.number, row.skip)

    def between(self) -> None:
        """After the first chunk, let another process read the rest of a long list; it knows by then what for."""
        if self._reads_ahead or not may_fork():
            return
        self._reads_ahead = True
        if self.table.count - self.report.read >= CHUNK:
            makes = self.report.created * 2 > self.report.read
            self._ahead.fork(CHUNK, _prepare if makes else _leave)

    def take(self, batch: list[Draft]) -> dict[str, Any]:
        """Match the rows to records, decide, write; look for the same company under another code."""
        known = self.matcher.match(batch)
        self.books.parents.look_up(
            (d.references["parent"] for d in batch if "parent" in d.references),
            (d.code_key for d in batch),
        )
        room = SHOWN_ROWS - len(self.report.rows)
        decisions = [
            decide(self.books, draft, record, is_shown=place < room)
            for place, (draft, record) in enumerate(zip(batch, known, strict=True))
        ]
        if any(decision.looks_new for decision in decisions):
            if self._peers is None:
                self._peers = PeerBook(self.session)
            self._peers.refresh()
        if self.writer is not None:
            self.writer.write(decisions)
            self.matcher.made.update(
                d.id for d in decisions if d.action is Action.CREATED and d.id is not None
            )
        peers = self._find_peers(decisions)
        if self.writer is not None:
            self.writer.finish(decisions, peers, self._ahead.prefetch)
        unlinked = []
        for decision in decisions:
            self._remember(decision.draft, decision.id)
            if decision.needs_link and self.writes:
                assert decision.id is not None and decision.parent is not None and decision.region is not None
                before = decision.known.facts["parent_id"] if decision.known else None
                unlinked.append(
                    _Unlinked(
                        decision.draft.sheet,
                        decision.draft.row,
                        decision.id,
                        decision.parent.key,
                        decision.parent.shown,
                        before,
                        decision.region.id,
                    )
                )
            self._tell(decision)
            self.part.add(decision.report, shown=len(self.report.rows))
        self._unlinked += unlinked
        if not self.tells:
            return {}
        return {
            "ids": [decision.id for decision in decisions],
            "made": [place for place, d in enumerate(decisions) if d.action is Action.CREATED],
            "unlinked": [[getattr(one, name) for name in _Unlinked.__slots__] for one in unlinked],
            "links": 0,
        }

    def tell(self, *, rows: int = 0, **facts: Any) -> dict[str, Any]:
        """What a chunk came to, with what the books have to say of it."""
        part = self.part
        part.regions_missing, part.regions_created = self.books.regions.told()
        part.territories_created = self.books.territories.told()
        part.assumed = [Assumed(*what, count) for what, count in self._assumed.items()]
        part.stand_ins = [StandIn(*who, count) for who, count in self._stand_ins.items()]
        self._assumed.clear()
        self._stand_ins.clear()
        return super().tell(rows=rows, **facts)

    def replay(self, batch: list[Draft], told: dict[str, Any]) -> None:
        """Know again which records the rows have, and which of them wait for their supplier."""
        made = set(told["made"])
        for place, (draft, identity) in enumerate(zip(batch, told["ids"], strict=True)):
            self.matcher.recall(draft, identity, is_made=place in made)
            self._remember(draft, identity)
        self._unlinked += [_Unlinked(*facts) for facts in told["unlinked"]]
        self._linked += told["links"]

    def _remember(self, draft: Draft, identity: int | None) -> None:
        if identity is not None:
            self._ids[draft.code_key or draft.name] = identity
            self._ids.setdefault(draft.name, identity)

    def _tell(self, decision: Decision) -> None:
        """Count what a new record got that its row did not say."""
        if decision.action is not Action.CREATED:
            return
        self._assumed.update((name, value.value) for name, value in decision.assumed.items())
        if decision.stand_in is not None and decision.region is not None:
            self._stand_ins[decision.region.name, decision.stand_in.name] += 1

    def _find_peers(self, decisions: list[Decision]) -> dict[int, list[Peer]]:
        """Flag the rows whose company is perhaps known under another code, those of this file included."""
        if self._peers is None:
            return {}
        looking: list[tuple[Decision, dict[int, str]]] = []
        for decision in decisions:
            if not decision.looks_new:
                continue
            draft = decision.draft
            looking.append((decision, self._peers.candidates(draft, decision.id)))
            office = decision.region.name if decision.region else ""
            self._peers.add(decision.id, decision.report.code, draft, office)
        found: dict[int, list[Peer]] = {}
        peers = self._peers.peers([(decision.draft.name, candidates) for decision, candidates in looking])
        for (decision, _), alike in zip(looking, peers, strict=True):
            for peer in alike:
                decision.flag(
                    _LIKE[peer.reason],
                    name=decision.draft.name,
                    code=peer.code,
                    other=peer.name,
                    office=peer.office,
                )
            if alike and decision.id is not None:
                found[decision.id] = alike
        return found

    def _link(self, unlinked: Sequence[_Unlinked]) -> None:
        """Set the suppliers that are rows of this file, now that each has its record."""
        assert self.writer is not None
        links: list[Link] = []
        self.books.parents.climb({self._ids[one.key] for one in unlinked if one.key in self._ids})
        for one in unlinked:
            parent = self._ids.get(one.key)
            try:
                if parent is None:
                    raise DomainError(N_("The supplier's own row was refused."))
                self.books.parents.check(one.child, parent)
            except DomainError:
                told = N_("%(parent)s could not be set as the supplier; set it by hand.")
                self.part.flags.append(Flag(one.sheet, one.row, told, {"parent": one.shown}))
                continue
            self.books.parents.link(one.child, parent)
            links.append(Link(one.child, parent, one.before, one.region_id))
        self.writer.link(links)


def _prepare(row: Draft | _Passed) -> None:
    if isinstance(row, Draft):
        prepare(row)


def _leave(_row: Draft | _Passed) -> None:
    """Most rows are known already."""
