"""One import of purchases: the purchases of the file, then its returns, which may name lines in any order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.course import Course
from portal.domain.importing.report import SHOWN_ROWS, Action, Change, Flag, RowReport
from portal.domain.importing.rows import headings_by_field
from portal.domain.money import figures
from portal.domain.price_protection.purchases.booking import enter
from portal.domain.price_protection.purchases.checking import Desk
from portal.domain.price_protection.purchases.closed import elsewhere
from portal.domain.price_protection.purchases.entries import Entry, Line
from portal.domain.price_protection.purchases.importing.columns import NEEDED, SPEC
from portal.domain.price_protection.purchases.importing.report import PurchaseReport
from portal.domain.price_protection.purchases.importing.rows import Names, PurchaseDraft, draft_of
from portal.domain.tabular import Table
from portal.domain.users.models import User

CHUNK = 2_000  # rows of a transaction: others may write in between
_ELSEWHERE = N_("Its day lies in %(own)s, which is closed: it counts in %(counts)s.")
_MOST_FLAGS = 200
# What a refusal of the rules is about, as the columns of a file are called.
_COLUMN_OF = {"returns": "returns_document", "distributor": "distributor_code", "product": "product_code"}


class PurchaseCourse(Course[PurchaseDraft, PurchaseReport]):
    """The course of one import over a table; `accrued` counts the lines that accrued."""

    spec = SPEC
    needed = NEEDED
    reports = PurchaseReport

    def __init__(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(session, actor, table, writes=writes, size=CHUNK, may_go_on=may_go_on)
        self.accrued = 0
        self._names: Names | None = None
        self._desk = Desk(session)  # of a preview: what it found right counts to the end

    @property
    def counts(self) -> dict[str, int]:
        """What it came to; of a line that is there nothing changes but that codes are added."""
        report = self.report
        return {
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "refused": report.refused,
            "accrued": self.accrued,
        }

    def drafts(self) -> Iterator[PurchaseDraft]:
        """The rows of the file: purchases as they come, then the returns."""
        returns: list[PurchaseDraft] = []
        for sheet in self.table.sheets:
            headings = headings_by_field(sheet)
            for row in sheet.rows():
                if row.skip is not None:
                    self.passed(row.sheet, row.number, row.skip)
                    continue
                draft = draft_of(sheet, row, headings)
                if draft.is_return:
                    returns.append(draft)
                else:
                    yield draft
        yield from returns

    def replay(self, batch: list[PurchaseDraft], told: dict[str, Any]) -> None:
        """Its lines stand in the books."""
        self.accrued += told["accrued"]

    def take(self, batch: list[PurchaseDraft]) -> dict[str, Any]:
        """Check the rows of a chunk, and write them where this import writes."""
        if self._names is None:
            self._names = Names(self.session, self.actor)
        self._names.look_up(batch)
        lines = {place: self._names.line_of(draft) for place, draft in enumerate(batch)}
        good: dict[int, Line] = {place: line for place, line in lines.items() if line is not None}
        found, created, accrued, more_codes = self._enter(list(good.values()))
        outcome = dict(zip(good, found, strict=True))
        new = [one.id for one in found if isinstance(one, Entry) and id(one) in created]
        tells = self.writes and len(self.report.flags) < _MOST_FLAGS
        moved = elsewhere(self.session, new) if tells and new else {}
        for place, draft in enumerate(batch):
            one = outcome.get(place)
            if isinstance(one, DomainError):
                draft.refuse(self._column_of(draft, one), one)
            is_new = isinstance(one, Entry) and id(one) in created
            if isinstance(one, Entry):
                created.discard(id(one))  # the same line again in this file
            codes = more_codes.pop(one.id, []) if isinstance(one, Entry) and one.id else []
            row = self._row(draft, good.get(place), is_new=is_new, codes=codes)
            if is_new and isinstance(one, Entry) and (where := moved.get(one.id)) is not None:
                row.flags.append(Flag(draft.sheet, draft.row, _ELSEWHERE, where._asdict()))
            self.part.add(row, shown=len(self.report.rows))
            if (line := good.get(place)) is not None:
                self.part.fen[row.action] += line.amount_fen
        self.accrued += accrued
        return {"accrued": accrued}

    def _enter(
        self, lines: list[Line]
    ) -> tuple[list[Entry | DomainError], set[int], int, dict[int, list[str]]]:
        """What becomes of the lines, which are new by their identity, how many accrued, what codes known ones get."""
        if self.writes:
            done = enter(self.session, self.actor, lines)
            return done.lines, done.new, done.accrued, dict(done.more_codes)
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
        more, desk.more_codes = desk.more_codes, {}
        return found, new, 0, more

    def _column_of(self, draft: PurchaseDraft, refusal: DomainError) -> str:
        name = _COLUMN_OF.get(refusal.field or "", refusal.field or "document_number")
        if name.endswith("_code") and not draft.headings.get(name):
            name = name.removesuffix("_code")
        return name

    def _row(
        self, draft: PurchaseDraft, line: Line | None, *, is_new: bool, codes: Sequence[str]
    ) -> RowReport:
        known = Action.UPDATED if codes else Action.UNCHANGED
        action = Action.REFUSED if draft.refusals else Action.CREATED if is_new else known
        changes = []
        is_told = is_new or codes
        if line is not None and is_told and self._names is not None and len(self.report.rows) < SHOWN_ROWS:
            shown = {
                "purchased_on": line.purchased_on.isoformat(),
                "product": self._names.product_of(line),
                "amount": figures(line.amount_fen),
                **({"codes": ", ".join(codes)} if codes else {}),
            }
            changes = [Change(name, SPEC.column(name).title, None, value) for name, value in shown.items()]
        return RowReport(
            draft.sheet,
            draft.row,
            action,
            draft.code,
            draft.name,
            changes=changes,
            refusals=draft.reasons(),
        )
