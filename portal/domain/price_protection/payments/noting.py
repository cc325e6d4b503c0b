"""Red-letter invoice and bank numbers of many payments at once: from a column filled in, or a list (3.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.marking import mark
from portal.domain.price_protection.payments.models import Mark, Payout, PayoutKind
from portal.domain.tabular import Broken, Column, Spec, Table, TableSheet
from portal.domain.tabular.tables import Row
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

# The heads of the list that the portal gives out come first; the others are those of offices' own lists.
SPEC = Spec(
    columns=(
        Column("number", N_("Payment number"), ("付款编号", "付款单号", "付款号", "payment", "payment no")),
        Column(
            "invoice",
            N_("Red-letter invoice number"),
            (
                "红字发票号码",
                "红字发票号",
                "红字发票",
                "发票号码",
                "发票号",
                "red-letter invoice",
                "invoice number",
            ),
        ),
        Column(
            "reference",
            N_("Bank or document number"),
            (
                "银行流水号或单据号",
                "银行流水号",
                "流水号",
                "回单编号",
                "单据号",
                "bank reference",
                "reference",
            ),
        ),
    ),
    keys=("number",),
)


class Outcome(StrEnum):
    """What became of a row."""

    NOTED = "numbers_noted"
    UNCHANGED = "numbers_unchanged"
    REFUSED = "numbers_refused"


@dataclass(frozen=True)
class Entry:
    """The numbers said for a payment; an empty one says nothing. `row` is where it was said."""

    row: int
    number: str
    invoice: str = ""
    reference: str = ""
    broken: DomainError | None = None
    sheet: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to one entry; `reason` says why it was refused."""

    entry: Entry
    outcome: Outcome
    payout_id: int | None = None
    reason: DomainError | None = None


def read(table: Table) -> Iterator[Entry]:
    """The rows of a list; those without any number are passed over: the list is filled in bit by bit."""
    for sheet, row in table.rows():
        if row.skip is not None:
            continue
        broken = next(
            (
                DomainError(cell.reason)
                for name in ("number", "invoice", "reference")
                for cell in sheet.cells(row, name)
                if isinstance(cell, Broken)
            ),
            None,
        )
        said = Entry(
            row.number,
            _text(sheet, row, "number"),
            _text(sheet, row, "invoice"),
            _text(sheet, row, "reference"),
            broken,
            sheet.name,
        )
        if said.invoice or said.reference or broken is not None:
            yield said


def note(session: Session, actor: User, entries: Iterable[Entry]) -> list[Answer]:
    """Note what is right and answer every entry, whatever else is refused. The caller commits.

    A number that stands already is not overwritten: a typing error is mended on the payment's own page.
    """
    said = list(entries)
    found = {
        payout.number: payout
        for start in range(0, len(said), 500)
        for payout in session.scalars(
            sa.select(Payout)
            .join(Agreement, Agreement.id == Payout.agreement_id)
            .where(
                Payout.number.in_({entry.number.upper() for entry in said[start : start + 500]}),
                Payout.kind != PayoutKind.AWARD,
                Agreement.region_id.in_(visible(actor, Permission.PAYMENTS_MAKE)),
            )
        )
    }
    ledger.hold_all(session, {payout.agreement_id for payout in found.values()})
    answers = []
    for entry in said:
        payout = found.get(entry.number.upper())
        try:
            outcome = _note_one(session, actor, entry, payout)
        except DomainError as error:
            answers.append(Answer(entry, Outcome.REFUSED, payout.id if payout else None, error))
        else:
            answers.append(Answer(entry, outcome, payout.id if payout else None))
    return answers


def _note_one(session: Session, actor: User, entry: Entry, payout: Payout | None) -> Outcome:
    if entry.broken is not None:
        raise entry.broken
    if payout is None:
        raise DomainError(
            "There is no payment %(number)s in the offices for which you pay. Compare the number with the list.",
            number=entry.number or "—",
        )
    # Of two numbers of a row none is noted when one is wrong.
    with session.begin_nested():
        before = len(payout.marks)
        for what, text in ((Mark.INVOICE, entry.invoice), (Mark.REFERENCE, entry.reference)):
            if text:
                mark(session, actor, payout, what, text)
        session.flush()
        session.expire(payout, ["marks"])
        return Outcome.NOTED if len(payout.marks) > before else Outcome.UNCHANGED


def _text(sheet: TableSheet, row: Row, name: str) -> str:
    for cell in sheet.cells(row, name):
        if text := half_width(clean(str(cell))):
            return text
    return ""
