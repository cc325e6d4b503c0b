"""One import from the first row to the last, in chunks that can each be a transaction of their own.

What a chunk finished is told as JSON; another process that is given what was told goes on behind it, as if the
import had never been cut short.
"""

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.orm import Session

from portal.db import writing_much
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.importing.report import ImportReport
from portal.domain.tabular import Skip, Spec, Table
from portal.domain.users.models import User

DraftT = TypeVar("DraftT")
ReportT = TypeVar("ReportT", bound=ImportReport)
Needed = Sequence[tuple[str, ...]]


class Course(ABC, Generic[DraftT, ReportT]):
    """The course of one import over a table: `drafts` reads the rows, `take` says and does what becomes of a chunk.

    A kind of list sets `spec`, `needed` (the columns that no row does without; of a tuple one is enough) and
    `reports`. `size` is the number of rows of a chunk. `may_go_on` is asked at the beginning of each chunk, in its
    transaction, and raises when it may not.
    """

    spec: ClassVar[Spec]
    needed: ClassVar[Needed] = ()
    reports: type[ReportT]

    def __init__(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        *,
        writes: bool,
        size: int,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        require_columns(table, self.spec, self.needed)
        self.session, self.actor, self.table, self.writes = session, actor, table, writes
        self.size = size
        self.may_go_on = may_go_on
        self.report = self.reports(
            sheets=[sheet.name for sheet in table.sheets],
            sheets_ignored=list(table.ignored),
            unknown_columns=list(dict.fromkeys(h for sheet in table.sheets for h in sheet.match.unknown)),
            is_applied=writes,
        )
        self.part = self.reports()  # of the chunk at hand
        self.tells = False  # whether somebody may go on from what is told

    @abstractmethod
    def drafts(self) -> Iterator[DraftT]:
        """The rows of the file, read; those that are no data are told to `passed`."""

    @abstractmethod
    def take(self, batch: list[DraftT]) -> dict[str, Any]:
        """Decide about the rows of a chunk, add each to `part`, and write them where this import writes.

        Gives what `replay` needs besides the number of rows and the report, as JSON.
        """

    def begin(self) -> None:
        """Before a chunk's first look at the database: what others have changed meanwhile counts."""
        self.may_go_on()

    def replay(self, batch: list[DraftT], told: dict[str, Any]) -> None:
        """Know again what a chunk that is done has left behind; its rows were read, and are not written again."""

    def between(self) -> None:
        """After a chunk, which the caller has committed."""

    def further(self) -> Iterator[dict[str, Any]]:
        """What is left when every row has been taken, in chunks that are `tell`-ed as the rows'."""
        return iter(())

    def leave(self) -> None:
        """When no more rows are read, whyever."""

    def rest(self) -> None:
        """Leave the tables as they are best read, after the last chunk that was done; the caller commits."""

    @property
    def counts(self) -> dict[str, int]:
        """What it came to, for the audit trail and as the result of the job."""
        report = self.report
        return {
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "refused": report.refused,
        }

    def chunks(
        self, earlier: Sequence[dict[str, Any]] = (), *, tells: bool = True
    ) -> Iterator[dict[str, Any]]:
        """Do a chunk and tell what is needed to go on after it; the caller may commit in between.

        `earlier` is what was told of the chunks that are done: they are read again and not written again. What
        nobody goes on from (a plan, or without `tells`) is told as nothing.
        """
        self.tells = tells and self.writes
        with few_collections(), writing_much() if self.table.count > self.size else nullcontext():
            drafts = self.drafts()
            try:
                for told in earlier:
                    self._again(list(islice(drafts, told["rows"])), told)
                while batch := list(islice(drafts, self.size)):
                    self.begin()
                    yield self.tell(rows=len(batch), **self.take(batch))
                    self.between()
            finally:
                self.leave()
            yield from self.further()
            self.tell()  # blank rows at the end
        sheets = {name: place for place, name in enumerate(self.report.sheets)}
        self.report.refusals.sort(key=lambda refusal: (sheets[refusal.sheet], refusal.row))

    def passed(self, sheet: str, number: int, skip: Skip) -> None:
        """Note a row that is no data."""
        self.part.skipped[skip] += 1
        if skip is Skip.TOTAL:
            self.part.totals.append((sheet, number))

    def tell(self, *, rows: int = 0, **facts: Any) -> dict[str, Any]:
        """What a chunk came to, as JSON; the report has it from here on."""
        part, self.part = self.part, self.reports()
        self.report.merge(part)
        return {"rows": rows, **facts, "report": part.as_json()} if self.tells else {}

    def _again(self, batch: list[DraftT], told: dict[str, Any]) -> None:
        self.replay(batch, told)
        self.part = self.reports()  # the rows passed over are in what was told
        self.report.merge(self.reports.from_json(told["report"]))


def require_columns(table: Table, spec: Spec, needed: Needed = ()) -> None:
    """Refuse a file whose columns are disputed, or that lacks one that no row does without."""
    for sheet in table.sheets:
        for clash in sheet.match.clashes:
            raise DomainError(
                N_("Several columns could be “%(wanted)s”: %(headings)s. Choose one of them."),
                field="file",
                wanted=Msgid(spec.column(clash.field).title),
                headings="、".join(clash.headings),
            )
        for names in needed:
            if not any(name in sheet.match.fields for name in names):
                raise DomainError(
                    N_(
                        "The list has no column “%(wanted)s”. Add it (the empty template shows every column), or say "
                        "which of its columns it is."
                    ),
                    field="file",
                    wanted=Msgid(spec.column(names[0]).title),
                )


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for cycles rarely meanwhile: a row makes hundreds of objects and no cycle."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
