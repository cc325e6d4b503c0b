"""One import of purchases from the first row to the last, in chunks that are a transaction each.

What a chunk finished is told as JSON; another process that is given what was told goes on behind it. Returns come
after all purchases, so that a file may name them in any order.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from portal.db import writing_much
from portal.domain.distributors.importing.report import Action, Change, ImportReport, RowReport
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.money import figures
from portal.domain.price_protection.purchases.booking import enter
from portal.domain.price_protection.purchases.checking import Desk
from portal.domain.price_protection.purchases.entries import Entry, Line
from portal.domain.price_protection.purchases.importing.columns import NEEDED, SPEC
from portal.domain.price_protection.purchases.importing.rows import Draft, Names, draft_of
from portal.domain.tabular import Skip, Table
from portal.domain.users.models import User

CHUNK = 2_000  # rows of a transaction: others may write in between
# What a refusal of the rules is about, as the columns of a file are called.
_COLUMN_OF = {"returns": "returns_document", "distributor": "distributor_code", "product": "product_code"}


class Course:
    """The course of one import over a table.

    `may_go_on` is asked at the beginning of each chunk, in its transaction, and raises when it may not. `accrued`
    counts the lines that accrued.
    """

    def __init__(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        require_columns(table)
        self.session, self.actor, self.table, self.writes = session, actor, table, writes
        self._may_go_on = may_go_on
        self.report = ImportReport(
            sheets=[sheet.name for sheet in table.sheets],
            sheets_ignored=list(table.ignored),
            unknown_columns=list(dict.fromkeys(h for sheet in table.sheets for h in sheet.match.unknown)),
            is_applied=writes,
        )
        self.accrued = 0
        self._part = ImportReport()  # of the chunk at hand
        self._names: Names | None = None
        self._desk = Desk(session)  # of a preview: what it found right counts to the end

    def chunks(self, earlier: Sequence[dict[str, Any]] = ()) -> Iterator[dict[str, Any]]:
        """Do a chunk and tell what is needed to go on after it; the caller may commit in between.

        `earlier` is what was told of the chunks that are done: they are read again and not written again.
        """
        with _few_collections(), writing_much() if self.table.count > CHUNK else nullcontext():
            drafts = self._drafts()
            for told in earlier:
                for _draft in islice(drafts, told["rows"]):
                    pass
                self._part = ImportReport()
                self.report.merge(ImportReport.from_json(told["report"]))
                self.accrued += told["accrued"]
            while batch := list(islice(drafts, CHUNK)):
                self._may_go_on()
                accrued = self._take(batch)
                self.accrued += accrued
                yield self._told(len(batch), accrued)
            self._told(0, 0)  # blank rows at the end
        self.report.refusals.sort(key=lambda refusal: (self.report.sheets.index(refusal.sheet), refusal.row))

    def _drafts(self) -> Iterator[Draft]:
        """The rows of the file: purchases as they come, then the returns."""
        returns: list[Draft] = []
        for sheet in self.table.sheets:
            headings = {name: sheet.head[places[0]] for name, places in sheet.match.fields.items() if places}
            for row in sheet.rows():
                if row.skip is None:
                    draft = draft_of(sheet, row, headings)
                    if draft.is_return:
                        returns.append(draft)
                    else:
                        yield draft
                    continue
                self._part.skipped[row.skip] += 1
                if row.skip is Skip.TOTAL:
                    self._part.totals.append((row.sheet, row.number))
        yield from returns

    def _take(self, batch: list[Draft]) -> int:
        """Check the rows of a chunk, and write them where this import writes; returns how many accrued."""
        if self._names is None:
            self._names = Names(self.session, self.actor)
        self._names.look_up(batch)
        lines = {place: self._names.line_of(draft) for place, draft in enumerate(batch)}
        good: dict[int, Line] = {place: line for place, line in lines.items() if line is not None}
        found, created, accrued = self._enter(list(good.values()))
        outcome = dict(zip(good, found, strict=True))
        for place, draft in enumerate(batch):
            one = outcome.get(place)
            if isinstance(one, DomainError):
                draft.refuse(self._column_of(draft, one), one)
            is_new = isinstance(one, Entry) and id(one) in created
            if isinstance(one, Entry):
                created.discard(id(one))  # the same line again in this file
            self._part.add(self._row(draft, is_new=is_new), shown=len(self.report.rows))
        return accrued

    def _enter(self, lines: list[Line]) -> tuple[list[Entry | DomainError], set[int], int]:
        """What becomes of the lines, which of them are new by their identity, and how many accrued."""
        if self.writes:
            done = enter(self.session, self.actor, lines)
            return done.lines, done.new, done.accrued
        desk = self._desk
        found: list[Entry | DomainError] = []
        desk.look_up(lines)
        before = {id(entry) for entry in desk.there.values()}
        for line in lines:
            try:
                found.append(desk.check(line))
            except DomainError as refusal:
                found.append(refusal)
        new = {id(entry) for entry in found if isinstance(entry, Entry)} - before
        return found, new, 0

    def _column_of(self, draft: Draft, refusal: DomainError) -> str:
        name = _COLUMN_OF.get(refusal.field or "", refusal.field or "document_number")
        if name.endswith("_code") and not draft.headings.get(name):
            name = name.removesuffix("_code")
        return name

    def _row(self, draft: Draft, *, is_new: bool) -> RowReport:
        action = Action.REFUSED if draft.refusals else Action.CREATED if is_new else Action.UNCHANGED
        said = draft.values
        changes = []
        if is_new:
            shown = {
                "purchased_on": said["purchased_on"].isoformat(),
                "product": said.get("product_code") or said.get("product"),
                "amount": figures(said["amount"]),
            }
            changes = [Change(name, SPEC.column(name).title, None, value) for name, value in shown.items()]
        return RowReport(
            draft.sheet,
            draft.row,
            action,
            draft.code,
            str(said.get("distributor") or said.get("distributor_code") or ""),
            changes=changes,
            refusals=draft.refusals,
        )

    def _told(self, rows: int, accrued: int) -> dict[str, Any]:
        part, self._part = self._part, ImportReport()
        self.report.merge(part)
        return {"rows": rows, "accrued": accrued, "report": part.as_json()}


def require_columns(table: Table) -> None:
    """Refuse a file whose columns are disputed, or that lacks one that no line does without."""
    for sheet in table.sheets:
        for clash in sheet.match.clashes:
            raise DomainError(
                N_("Several columns could be “%(wanted)s”: %(headings)s. Choose one of them."),
                field="file",
                wanted=Msgid(SPEC.column(clash.field).title),
                headings="、".join(clash.headings),
            )
        for names in NEEDED:
            if not any(name in sheet.match.fields for name in names):
                raise DomainError(
                    N_(
                        "The list has no column “%(wanted)s”. Add it (the empty template shows every column), or say "
                        "which of its columns it is."
                    ),
                    field="file",
                    wanted=Msgid(SPEC.column(names[0]).title),
                )


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cycles rarely meanwhile: a row makes many objects and no cycle."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
