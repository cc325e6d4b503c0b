"""One import from the first row to the last, in chunks that can each be a transaction of their own.

What a chunk finished is told as JSON; another process that is given what was told goes on behind it, as if the
import had never been cut short.
"""

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from portal.db import writing_much
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
from portal.domain.distributors.importing.report import (
    SHOWN_ROWS,
    Action,
    Assumed,
    Flag,
    ImportReport,
    StandIn,
)
from portal.domain.distributors.importing.rows import Books, Decision, Defaults, decide
from portal.domain.distributors.importing.writing import Link, Writer
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
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


class Course:
    """The course of one import over a table; memory does not grow with the file but by a few numbers a row.

    `may_go_on` is asked at the beginning of each chunk, in its transaction, and raises when it may not.
    """

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
        _refuse_clashes(table)
        if owner is not None and owner.is_active and not owner.can(Permission.DISTRIBUTORS_WRITE):
            raise DomainError(
                N_("%(name)s keeps no distributors. Choose another owner."), field="owner_id", name=owner.name
            )
        self.session, self.actor, self.table, self.writes = session, actor, table, writes
        self._may_go_on = may_go_on
        self._ids: dict[str, int] = {}  # of the rows so far, by code key and by name
        self.report = ImportReport(
            sheets=[sheet.name for sheet in table.sheets],
            sheets_ignored=list(table.ignored),
            unknown_columns=list(dict.fromkeys(h for sheet in table.sheets for h in sheet.match.unknown)),
            is_applied=writes,
        )
        self._part = ImportReport()  # of the chunk at hand, as the two counters
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
        self._tells = self._reads_ahead = False
        self._ahead = ReadAhead(self._rows())
        self._peers: PeerBook | None = None
        self._unlinked: list[_Unlinked] = []

    def chunks(
        self, earlier: Sequence[dict[str, Any]] = (), *, tells: bool = True
    ) -> Iterator[dict[str, Any]]:
        """Do a chunk and tell what is needed to go on after it; the caller may commit in between.

        `earlier` is what was told of the chunks that are done: they are read again and not written again.
        """
        with _few_collections(), writing_much() if self.table.count > CHUNK else nullcontext():
            yield from self._chunks(earlier, tells=tells)

    def _chunks(self, earlier: Sequence[dict[str, Any]], *, tells: bool) -> Iterator[dict[str, Any]]:
        self._tells = tells and self.writes
        drafts = self._drafts(self._ahead)
        linked = 0
        try:
            for told in earlier:
                self._replay(list(islice(drafts, told["rows"])), told)
                linked += told["links"]
            while batch := list(islice(drafts, CHUNK)):
                self._begin()
                yield self._take(batch)
                self._read_ahead()
        finally:
            self._ahead.close()
        while links := self._unlinked[linked : linked + CHUNK]:
            linked += len(links)
            self._begin()
            self._link(links)
            yield self._told(links=len(links))
        self._told()  # blank rows at the end

    def rest(self) -> None:
        """Leave the register as it is best read, after the last chunk that was done; the caller commits."""
        if self.writer is not None:
            self.writer.rest()

    def _begin(self) -> None:
        """Before a chunk's first look at the register: nobody changes it meanwhile, others have before."""
        if self.writes:
            services.lock_register(self.session)
        self._may_go_on()
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
                self._part.skipped[row.skip] += 1
                if row.skip is Skip.TOTAL:
                    self._part.totals.append((row.sheet, row.number))

    def _read_ahead(self) -> None:
        """After the first chunk, let another process read the rest of a long list; it knows by then what for."""
        if self._reads_ahead or not may_fork():
            return
        self._reads_ahead = True
        if self.table.count - self.report.read >= CHUNK:
            makes = self.report.created * 2 > self.report.read
            self._ahead.fork(CHUNK, _prepare if makes else _leave)

    def _take(self, batch: list[Draft]) -> dict[str, Any]:
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
            self._part.add(decision.report, shown=len(self.report.rows))
        self._unlinked += unlinked
        return self._told(
            ids=[decision.id for decision in decisions],
            made=[place for place, d in enumerate(decisions) if d.action is Action.CREATED],
            unlinked=unlinked,
        )

    def _told(
        self,
        *,
        ids: Sequence[int | None] = (),
        made: Sequence[int] = (),
        unlinked: Sequence[_Unlinked] = (),
        links: int = 0,
    ) -> dict[str, Any]:
        """What the chunk came to, as JSON; the report has it from here on."""
        part, self._part = self._part, ImportReport()
        part.regions_missing, part.regions_created = self.books.regions.told()
        part.territories_created = self.books.territories.told()
        part.assumed = [Assumed(*what, count) for what, count in self._assumed.items()]
        part.stand_ins = [StandIn(*who, count) for who, count in self._stand_ins.items()]
        self._assumed.clear()
        self._stand_ins.clear()
        self.report.merge(part)
        if not self._tells:
            return {}
        return {
            "rows": len(ids),
            "ids": list(ids),
            "made": list(made),
            "unlinked": [[getattr(one, name) for name in _Unlinked.__slots__] for one in unlinked],
            "links": links,
            "report": part.as_json(),
        }

    def _replay(self, batch: list[Draft], told: dict[str, Any]) -> None:
        """Know again what a chunk that is done has left behind."""
        made = set(told["made"])
        for place, (draft, identity) in enumerate(zip(batch, told["ids"], strict=True)):
            self.matcher.recall(draft, identity, is_made=place in made)
            self._remember(draft, identity)
        self._unlinked += [_Unlinked(*facts) for facts in told["unlinked"]]
        self._part = ImportReport()  # the rows passed over are in what was told
        self.report.merge(ImportReport.from_json(told["report"]))

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
                self._part.flags.append(Flag(one.sheet, one.row, told, {"parent": one.shown}))
                continue
            self.books.parents.link(one.child, parent)
            links.append(Link(one.child, parent, one.before, one.region_id))
        self.writer.link(links)


def _prepare(row: Draft | _Passed) -> None:
    if isinstance(row, Draft):
        prepare(row)


def _leave(_row: Draft | _Passed) -> None:
    """Most rows are known already."""


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cycles rarely meanwhile: a row makes hundreds of objects and no cycle."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _refuse_clashes(table: Table) -> None:
    for sheet in table.sheets:
        for clash in sheet.match.clashes:
            raise DomainError(
                N_("Several columns could be “%(wanted)s”: %(headings)s. Choose one of them."),
                field="file",
                wanted=Msgid(SPEC.column(clash.field).title),
                headings="、".join(clash.headings),
            )
