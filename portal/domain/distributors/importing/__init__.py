"""Importing a dealer list into the register (D1): the page and the command share this.

`read` gives the table of a file, `plan` says row by row what importing it would do, `apply` does it.
Importing the same file again changes nothing. The good rows of a file are taken, the others refused with
column and reason; what a file leaves open never blanks what is known.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.distributors import services
from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.distributors.importing.drafts import Draft, drafts_of
from portal.domain.distributors.importing.matching import Matcher, Peer, PeerBook
from portal.domain.distributors.importing.named import Named
from portal.domain.distributors.importing.owners import OwnerBook
from portal.domain.distributors.importing.parents import ParentBook
from portal.domain.distributors.importing.places import RegionBook, TerritoryBook
from portal.domain.distributors.importing.report import (
    Action,
    Assumed,
    Change,
    Flag,
    ImportReport,
    Refusal,
    RowReport,
    StandIn,
)
from portal.domain.distributors.importing.rows import Books, Decision, Defaults, decide
from portal.domain.distributors.importing.writing import Writer
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.tabular import Skip, Table, read_table
from portal.domain.users.models import User

__all__ = [
    "SPEC",
    "Action",
    "Assumed",
    "Change",
    "Defaults",
    "Flag",
    "ImportReport",
    "Refusal",
    "RowReport",
    "StandIn",
    "apply",
    "plan",
    "read",
    "word_of",
]

BATCH = 500
_LIKE = {
    "name": N_("%(name)s may be the same company as %(code)s %(other)s (%(office)s)."),
    "uscc": N_("%(name)s has the same credit code as %(code)s %(other)s (%(office)s)."),
}
Progress = Callable[[int], None]


def read(data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
    """Read a dealer list; `mapping` says for a heading which field it is ("" for none), where that is not
    clear.

    Refuses (DomainError) a file that cannot be read. Two columns that could be one field are in each sheet's
    `match.clashes`; `plan` and `apply` refuse them.
    """
    return read_table(data, filename, SPEC, mapping)


def plan(
    session: Session,
    actor: User | None,
    table: Table,
    *,
    owner: User | None = None,
    create_regions: bool | Collection[str] = False,
    defaults: Defaults | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Say what importing the table would do; nothing is written. The arguments are those of `apply`."""
    return _Import(session, actor, table, owner, create_regions, defaults, writes=False).run(progress)


def apply(
    session: Session,
    actor: User | None,
    table: Table,
    *,
    owner: User | None = None,
    create_regions: bool | Collection[str] = False,
    defaults: Defaults | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import the table within the regions of `actor` (None is the system: all of them); the caller commits.

    `owner` gets every new record whose row names no owner, otherwise the regional manager. With
    `create_regions` (True, or the names) an office that does not exist is made below the head office,
    otherwise its rows are refused. `defaults` is what new records are where the list does not say. `progress`
    is told the number of rows done.
    """
    services.lock_register(session)
    return _Import(session, actor, table, owner, create_regions, defaults, writes=True).run(progress)


class _Import:
    """One run over a table, in batches, so that memory does not grow with the file."""

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
    ) -> None:
        _refuse_clashes(table)
        if owner is not None and owner.is_active and not owner.can(Permission.DISTRIBUTORS_WRITE):
            raise DomainError(
                N_("%(name)s keeps no distributors. Choose another owner."), field="owner_id", name=owner.name
            )
        self.session, self.actor, self.table, self.writes = session, actor, table, writes
        self.report = ImportReport(
            sheets=[sheet.name for sheet in table.sheets],
            sheets_ignored=list(table.ignored),
            unknown_columns=list(dict.fromkeys(h for sheet in table.sheets for h in sheet.match.unknown)),
            is_applied=writes,
        )
        named = Named(table)
        has_offices = any("region" in sheet.match.fields for sheet in table.sheets)
        regions = RegionBook(session, actor, creates=creates, writes=writes)
        self.books = Books(
            regions=regions,
            territories=TerritoryBook(session, actor, writes=writes),
            owners=OwnerBook(session, actor, owner),
            parents=ParentBook(session, named),
            actor=actor,
            defaults=defaults or Defaults(),
            fallback=None if has_offices else (actor.home if actor else regions.root),
        )
        self.matcher = Matcher(session, named)
        self.writer = Writer(session, actor, named) if writes else None
        self._peers: PeerBook | None = None
        self._ids: dict[str, int] = {}
        self._unlinked: list[Decision] = []
        self._assumed: Counter[tuple[str, str]] = Counter()
        self._stand_ins: Counter[tuple[str, str]] = Counter()

    def run(self, progress: Progress | None) -> ImportReport:
        drafts = self._drafts()
        while batch := list(islice(drafts, BATCH)):
            self._take(batch)
            if progress is not None:
                progress(self.report.read)
        self._link()
        self.report.regions_missing = self.books.regions.missing
        self.report.regions_created = self.books.regions.created
        self.report.assumed = [Assumed(*what, count) for what, count in self._assumed.items()]
        self.report.stand_ins = [StandIn(*who, count) for who, count in self._stand_ins.items()]
        self.report.territories_created = self.books.territories.created
        return self.report

    def _drafts(self) -> Iterator[Draft]:
        for sheet in self.table.sheets:
            for row, draft in drafts_of(sheet):
                if draft is not None:
                    self.report.read += 1
                    yield draft
                elif row.skip is not None:
                    self.report.skipped[row.skip] += 1
                    if row.skip is Skip.TOTAL:
                        self.report.totals.append((row.sheet, row.number))

    def _take(self, batch: list[Draft]) -> None:
        known = self.matcher.match(batch)
        self.books.parents.look_up(d.references["parent"] for d in batch if "parent" in d.references)
        decisions = [decide(self.books, draft, record) for draft, record in zip(batch, known, strict=True)]
        if self._peers is None and any(decision.looks_new for decision in decisions):
            self._peers = PeerBook(self.session)
        if self.writer is not None:
            self.writer.write(decisions)
        peers = self._find_peers(decisions)
        if self.writer is not None:
            self.writer.finish(decisions, peers)
        for decision in decisions:
            if decision.parent is not None and decision.action is not Action.REFUSED:
                self._unlinked.append(decision)
            if decision.id is not None:
                self._ids[decision.draft.code_key or decision.draft.name] = decision.id
                self._ids.setdefault(decision.draft.name, decision.id)
            self._tell(decision)
            self.report.add(decision.report)

    def _tell(self, decision: Decision) -> None:
        """Count what a new record gets that no row says."""
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
            draft, uscc = decision.draft, decision.draft.values.get("uscc", "")
            looking.append((decision, self._peers.candidates(draft.name, uscc, decision.id)))
            office = decision.region.name if decision.region else ""
            self._peers.add(decision.id, decision.report.code, draft.name, uscc, office)
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

    def _link(self) -> None:
        """Set the suppliers that are rows of this file, now that each has its record."""
        for decision in self._unlinked:
            assert decision.parent is not None
            child, parent = decision.id, self._ids.get(decision.parent.key)
            if self.writer is None or child is None:
                continue
            try:
                if parent is None:
                    raise DomainError(N_("The supplier's own row was refused."))
                self.books.parents.check(child, parent)
            except DomainError:
                flags = len(decision.report.flags)
                decision.flag(
                    N_("%(parent)s could not be set as the supplier; set it by hand."),
                    parent=decision.parent.shown,
                )
                self.report.flags += decision.report.flags[flags:]
                continue
            self.books.parents.link(child, parent)
            assert decision.region is not None
            before = decision.known.facts["parent_id"] if decision.known else None
            self.writer.link(child, parent, before, decision.region.id)


def _refuse_clashes(table: Table) -> None:
    for sheet in table.sheets:
        for clash in sheet.match.clashes:
            raise DomainError(
                N_("Several columns could be “%(wanted)s”: %(headings)s. Choose one of them."),
                field="file",
                wanted=Msgid(SPEC.column(clash.field).title),
                headings="、".join(clash.headings),
            )
