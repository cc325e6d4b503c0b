"""Going through a table of drafts: what each agreement's rows change, what is refused and why, and writing it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain import text
from portal.domain.access.roles import Permission
from portal.domain.audit.services import plain
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import drafting
from portal.domain.price_protection.batches.reckoning import Difference, differing
from portal.domain.price_protection.drafting import Entry, PriceEntry
from portal.domain.price_protection.entries import assemble
from portal.domain.price_protection.models import Agreement, PriceKind, Product, Status
from portal.domain.price_protection.queries import agreements_visible_to
from portal.domain.price_protection.sheets.columns import (
    AMOUNT,
    KIND,
    NUMBER,
    PRODUCT,
    READERS,
    REMOVED,
    SPEC,
    TERMS,
    VERSION,
    kind_of,
)
from portal.domain.tabular import Broken, Cell, Row, Table, TableSheet
from portal.domain.users.models import User


@dataclass(frozen=True)
class Refusal:
    """Why a row was refused: where, the column's title (a msgid), and the reason with its params."""

    sheet: str
    row: int
    column: str
    msgid: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Group:
    """The rows that name one agreement."""

    number: str
    rows: list[tuple[TableSheet, Row]] = field(default_factory=list)


@dataclass
class Answer:
    """What becomes of one agreement: its differences, or why nothing of it is taken."""

    number: str
    rows: list[int]
    agreement_id: int | None = None
    differences: list[Difference] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    distributor: str = ""

    @property
    def action(self) -> str:
        """What happens, in a code: changed, unchanged or refused."""
        return "refused" if self.refusals else "changed" if self.differences else "unchanged"

    def as_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        said: dict[str, Any] = plain(
            {
                "number": self.number,
                "rows": self.rows,
                "agreement_id": self.agreement_id,
                "distributor": self.distributor,
                "action": self.action,
                "differences": self.differences if not self.refusals else [],
                "refusals": [
                    [one.sheet, one.row, one.column, one.msgid, {k: str(v) for k, v in one.params.items()}]
                    for one in self.refusals
                ],
            }
        )
        return said


class _Refused(Exception):
    def __init__(self, sheet: TableSheet, row: Row, column: str, error: DomainError) -> None:
        super().__init__(error.msgid)
        self.refusal = Refusal(sheet.name, row.number, column, error.msgid, dict(error.params))


def groups_of(table: Table) -> list[Group]:
    """The rows of a table by the agreement that they name, in the order of their first rows."""
    groups: dict[str, Group] = {}
    for sheet, row in table.rows():
        if row.skip is None:
            number = text.clean(str(next(iter(sheet.cells(row, NUMBER.field)), ""))).upper()
            groups.setdefault(number, Group(number)).rows.append((sheet, row))
    return list(groups.values())


def answers(session: Session, actor: User, groups: Sequence[Group], *, writes: bool) -> Iterator[Answer]:
    """What each group comes to; with `writes` it is done, each agreement for itself. The caller commits."""
    products = {row.code.upper(): row for row in session.scalars(sa.select(Product))}
    for group in groups:
        yield _answer(session, actor, group, products, writes=writes)


def _answer(
    session: Session, actor: User, group: Group, products: dict[str, Product], *, writes: bool
) -> Answer:
    first_sheet, first = group.rows[0]
    answer = Answer(group.number, [row.number for _sheet, row in group.rows])

    def refuse(column: str, error: DomainError) -> None:
        answer.refusals.append(
            Refusal(first_sheet.name, first.number, column, error.msgid, dict(error.params))
        )

    agreement = _found(session, actor, group.number)
    if agreement is None:
        refuse(
            NUMBER.title,
            DomainError(N_("There is no agreement %(number)s that you draft."), number=group.number),
        )
        return answer
    answer.agreement_id, answer.distributor = agreement.id, agreement.distributor.name
    before = drafting.entry_of(session, agreement)
    after = _read(session, group, before, products, answer)
    if answer.refusals or after is None:
        return answer
    answer.differences = differing(before, after)
    if not answer.differences:
        return answer
    if agreement.status is not Status.DRAFT:
        refuse(
            NUMBER.title,
            DomainError(
                N_("%(number)s is no longer a draft and cannot be changed."), number=agreement.number
            ),
        )
        return answer
    try:
        version = _version(group)
        if version != agreement.version:
            raise DomainError(
                N_(
                    "The draft was changed after this table was taken out. Take it out again and change that one."
                )
            )
        drafting.check_entry(after)
        if writes:
            with session.begin_nested():
                drafting.edit(session, actor, agreement, after, version=version)
        else:
            assemble(session, agreement.distributor, after)
    except _Refused as error:
        answer.refusals.append(error.refusal)
    except DomainError as error:
        refuse(VERSION.title if error.field is None else _title(error.field), error)
    return answer


def _found(session: Session, actor: User, number: str) -> Agreement | None:
    visible = agreements_visible_to(actor, Permission.AGREEMENTS_WRITE)
    return session.scalar(visible.where(Agreement.number == number)) if number else None


def _title(name: str) -> str:
    if name.startswith("prices"):
        return AMOUNT.title
    titles = {column.field: column.title for column in TERMS} | {"rebate_rate": TERMS[2].title}
    return titles.get(name, NUMBER.title)


def _version(group: Group) -> int:
    said: dict[int, tuple[TableSheet, Row]] = {}
    for sheet, row in group.rows:
        cell = str(_cell(sheet, row, VERSION.field)).strip()
        if cell:
            try:
                said.setdefault(text.whole(cell), (sheet, row))
            except DomainError as error:
                raise _Refused(sheet, row, VERSION.title, error) from None
    if len(said) != 1:
        sheet, row = group.rows[-1]
        raise _Refused(
            sheet,
            row,
            VERSION.title,
            DomainError(N_("The rows of one agreement need its version, the same in all of them.")),
        )
    return next(iter(said))


def _cell(sheet: TableSheet, row: Row, name: str) -> Cell:
    """The cell of a field; what has no value to read is refused."""
    found = next(iter(sheet.cells(row, name)), "")
    if isinstance(found, Broken):
        column = SPEC.column(name)
        raise _Refused(sheet, row, column.title, DomainError(found.reason))
    return found


def _read(
    session: Session, group: Group, before: Entry, products: dict[str, Product], answer: Answer
) -> Entry | None:
    """What the rows make of the draft; every bad cell is told, and then nothing of the agreement is taken."""
    said_terms: dict[str, list[tuple[Any, TableSheet, Row]]] = {}
    prices = {(row.product_id, row.kind): row for row in before.prices}
    seen: dict[tuple[int, PriceKind], int] = {}
    for sheet, row in group.rows:
        for column in TERMS:
            try:
                cell = _cell(sheet, row, column.field)
                if not str(cell).strip():
                    continue
                value = _value(sheet, row, column.field, column.title, cell)
                said_terms.setdefault(column.field, []).append((value, sheet, row))
            except _Refused as error:
                answer.refusals.append(error.refusal)
        try:
            said = _price(sheet, row, products)
            if said is None:
                continue
            key, fen = said
            if seen.setdefault(key, row.number) != row.number:
                raise _Refused(
                    sheet,
                    row,
                    PRODUCT.title,
                    DomainError(N_("Row %(row)s names the same product and kind of price."), row=seen[key]),
                )
            if fen is None:
                prices.pop(key, None)
            else:
                prices[key] = PriceEntry(key[0], key[1], fen)
        except _Refused as error:
            answer.refusals.append(error.refusal)
    terms: dict[str, Any] = {}
    for column in TERMS:
        try:
            if given := said_terms.get(column.field):
                terms[column.field] = _agreed(given, getattr(before, column.field), column.title)
        except _Refused as error:
            answer.refusals.append(error.refusal)
    return None if answer.refusals else replace(before, **terms, prices=list(prices.values()))


def _agreed(given: Sequence[tuple[Any, TableSheet, Row]], before: Any, title: str) -> Any:
    """What the rows of an agreement say of one term: the value that was changed, in however many of them.

    Refused once, at the row where it is said, when two rows change it differently.
    """
    changed = [one for one in given if one[0] != before]
    if not changed:
        return before
    value, _sheet, first = changed[0]
    for other, sheet, row in changed:
        if other != value:
            raise _Refused(
                sheet,
                row,
                title,
                DomainError(
                    N_("Row %(row)s of the same agreement changes this to something else."), row=first.number
                ),
            )
    return value


def _value(sheet: TableSheet, row: Row, name: str, title: str, cell: Cell) -> Any:
    try:
        return READERS[name](cell)
    except DomainError as error:
        raise _Refused(sheet, row, title, error) from None


def _price(
    sheet: TableSheet, row: Row, products: dict[str, Product]
) -> tuple[tuple[int, PriceKind], int | None] | None:
    """The product and kind that a row names, and its price in fen, None where it is taken out."""
    code, kind, amount = (_cell(sheet, row, column.field) for column in (PRODUCT, KIND, AMOUNT))
    if not any(str(cell).strip() for cell in (code, kind, amount)):
        return None
    product = products.get(text.clean(str(code)).upper())
    column = PRODUCT.title
    try:
        if product is None:
            raise DomainError(N_("There is no product with the code “%(code)s”."), code=str(code)[:40])
        column = KIND.title
        key = (product.id, kind_of(kind))
        column = AMOUNT.title
        said = text.clean(str(amount))
        if said.casefold() in REMOVED:
            return key, None
        if not said:
            return None
        fen = text.amount_fen(said)
        if fen <= 0:
            raise DomainError(N_("A price is above 0; to take it out, write “remove”."))
    except DomainError as error:
        raise _Refused(sheet, row, column, error) from None
    return key, fen
