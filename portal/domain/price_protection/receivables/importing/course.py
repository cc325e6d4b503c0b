"""One import of accounts: each row for one distributor, checked as the form checks it."""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.naming import NameBook
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.course import Course
from portal.domain.importing.report import Action, Change, Flag, ImportReport, RowReport
from portal.domain.importing.rows import headings_by_field
from portal.domain.money import figures
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.receivables import entering
from portal.domain.price_protection.receivables.entering import Desk
from portal.domain.price_protection.receivables.importing.columns import NEEDED, SPEC
from portal.domain.price_protection.receivables.importing.rows import AccountDraft, draft_of
from portal.domain.price_protection.receivables.models import AccountFigures
from portal.domain.tabular import Table
from portal.domain.users.models import User

CHUNK = 500  # rows of a transaction
_SHOWN = ("opening", "goods", "payments", "closing")


class AccountCourse(Course[AccountDraft, ImportReport]):
    """The course of one import over a table, for the quarter `name`."""

    spec = SPEC
    needed = NEEDED
    reports = ImportReport

    def __init__(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        name: str,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(session, actor, table, writes=writes, size=CHUNK, may_go_on=may_go_on)
        self.name = str(Calendar().named(name))  # DomainError for what is none
        self._names: NameBook | None = None
        self._seen: dict[int, tuple[str, int]] = {}  # distributor → sheet and row that speak of it
        self._called: dict[int, str] = {}  # distributor → its name on file, where a list gives codes only

    def drafts(self) -> Iterator[AccountDraft]:
        """The rows of the file, as they come."""
        for sheet in self.table.sheets:
            headings = headings_by_field(sheet)
            for row in sheet.rows():
                if row.skip is not None:
                    self.passed(row.sheet, row.number, row.skip)
                else:
                    yield draft_of(sheet, row, headings, self.name)

    def replay(self, batch: list[AccountDraft], told: dict[str, Any]) -> None:
        """Whom the rows of a chunk that is done spoke of."""
        self._seen |= {int(id_): (sheet, row) for id_, sheet, row in told["seen"]}

    def take(self, batch: list[AccountDraft]) -> dict[str, Any]:
        """Check the rows of a chunk, and keep them where this import writes."""
        if self._names is None:
            self._names = NameBook(self.session, self.actor, Permission.ACCOUNTS_WRITE)
        self._names.look_up([draft.values for draft in batch])
        whose = {place: id_ for place, draft in enumerate(batch) if (id_ := self._whose(draft)) is not None}
        regions = self._regions(whose)
        desk = Desk(self.session, self.name, holds=self.writes)
        desk.look_up(regions)
        kept: list[AccountFigures] = []
        for place, draft in enumerate(batch):
            before = desk.latest.get(whose.get(place, 0))
            made = self._check(desk, draft, whose.get(place))
            if made is not None:
                made.entered_by_id = self.actor.id if self.actor else None
                if self.writes:
                    desk.keep(made)
                    kept.append(made)
            self.part.add(self._row(draft, made, before, desk, whose.get(place)), shown=len(self.report.rows))
        if kept:
            self.session.flush()
            entering.note_of(self.session, self.actor, kept, regions)
        return {"seen": [[id_, batch[place].sheet, batch[place].row] for place, id_ in whose.items()]}

    def _whose(self, draft: AccountDraft) -> int | None:
        assert self._names is not None
        column = "distributor_code" if draft.headings.get("distributor_code") else "distributor"
        try:
            found = self._names.find(draft.values)
            place = self._seen.setdefault(found, (draft.sheet, draft.row))
            if place != (draft.sheet, draft.row):
                raise DomainError(
                    N_("Row %(row)s speaks of this distributor already. Keep one of them."), row=place[1]
                )
        except DomainError as refusal:
            draft.refuse(column, refusal)
            return None
        return found

    def _regions(self, whose: dict[int, int]) -> dict[int, int]:
        """The offices of these distributors, whose rows are held where this import writes."""
        statement = sa.select(Distributor.id, Distributor.region_id, Distributor.name).where(
            Distributor.id.in_(sorted(set(whose.values())))
        )
        if self.writes:
            statement = statement.order_by(Distributor.id).with_for_update()
        rows = self.session.execute(statement).all()
        self._called = {row.id: row.name for row in rows}
        return {row.id: row.region_id for row in rows}

    def _check(self, desk: Desk, draft: AccountDraft, distributor_id: int | None) -> AccountFigures | None:
        if draft.refusals or distributor_id is None:
            return None
        try:
            return desk.check(distributor_id, draft.said(), draft.values.get("reason", ""))
        except DomainError as refusal:
            names = {column.field for column in SPEC.columns}
            field = refusal.field if refusal.field in names - {"quarter"} else "distributor"
            if field == "distributor" and draft.headings.get("distributor_code"):
                field = "distributor_code"
            draft.refuse(field, refusal)
            return None

    def _row(
        self,
        draft: AccountDraft,
        made: AccountFigures | None,
        before: AccountFigures | None,
        desk: Desk,
        distributor_id: int | None,
    ) -> RowReport:
        action = Action.REFUSED if draft.refusals else Action.UNCHANGED
        changes, flags = [], []
        if made is not None:
            action = Action.UPDATED if before else Action.CREATED
            changes = [
                Change(
                    name,
                    SPEC.column(name).title,
                    figures(getattr(before, f"{name}_fen")) if before else None,
                    figures(getattr(made, f"{name}_fen")),
                )
                for name in _SHOWN
            ]
            flags = self._flags(draft, made, desk, distributor_id or 0)
        code = str(draft.values.get("distributor_code") or "")
        name = self._called.get(distributor_id or 0, draft.name)
        return RowReport(
            draft.sheet, draft.row, action, code, name, changes=changes, flags=flags, refusals=draft.refusals
        )  # fmt: skip

    def _flags(
        self, draft: AccountDraft, made: AccountFigures, desk: Desk, distributor_id: int
    ) -> list[Flag]:
        """What is taken all the same: an opening sum that is not the closing one of the quarter before."""
        opens = desk.opens_with(distributor_id)
        if not opens or made.opening_fen in opens:
            return []
        return [
            Flag(
                draft.sheet,
                draft.row,
                N_("It opens with %(opening)s, and the quarter before closed with %(closing)s."),
                {"opening": figures(made.opening_fen), "closing": figures(opens[0])},
            )
        ]
