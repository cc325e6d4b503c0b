"""The courier's list comes back with numbers: each row is answered for itself (P1b)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.trail import posting
from portal.domain.price_protection.trail.models import Parcel
from portal.domain.price_protection.trail.noting import Step, note_all
from portal.domain.price_protection.trail.originals import Original
from portal.domain.price_protection.trail.posting import Address
from portal.domain.tabular import Broken, Cell, Column, Spec, Table, TableSheet
from portal.domain.tabular.tables import Row
from portal.domain.text import clean, date_on, half_width
from portal.domain.users.models import User

SPEC = Spec(
    columns=(
        Column(
            "number", N_("Our reference"),
            ("客户订单号", "我方编号", "寄件编号", "订单号", "客户单号", "参考号", "商家订单号", "业务单号", "备注编号",
             "订单编号", "客户参考号", "reference", "order no", "order number", "customer order number"),
        ),
        Column(
            "tracking", N_("Courier's number"),
            ("运单号", "快递单号", "物流单号", "面单号", "运单编号", "快递编号", "邮件号", "单号", "母单号",
             "tracking number", "tracking no", "waybill", "waybill no", "courier number"),
        ),
        Column(
            "courier", N_("Courier"),
            ("快递公司", "物流公司", "承运商", "快递", "承运公司", "carrier", "courier company"),
        ),
        Column(
            "sent_on", N_("Sent on"),
            ("寄件日期", "寄出日期", "发货日期", "揽收日期", "揽件时间", "寄件时间", "下单时间", "sent", "date sent"),
        ),
    ),
    keys=("number",),
)  # fmt: skip


class Outcome(StrEnum):
    """What became of a row."""

    GIVEN = "given"
    SENT = "given_and_sent"
    UNCHANGED = "given_before"
    REFUSED = "not_taken"


@dataclass(frozen=True)
class Answer:
    """The answer to one row; `reason` says why it was refused."""

    sheet: str
    row: int
    reference: str
    tracking: str
    outcome: Outcome
    parcel_id: int | None = None
    reason: DomainError | None = None


def take_numbers(
    session: Session, actor: User, table: Table, *, courier: str = "", sent_on: date | None = None
) -> list[Answer]:
    """Give the parcels the numbers of a list; with `sent_on`, or a day in the row, they are sent as well.

    What is right is kept, whatever else is refused. `courier` is for rows that name none.
    """
    reachable = {
        parcel.number.upper(): parcel
        for parcel in session.scalars(
            sa.select(Parcel).where(
                Parcel.region_id.in_(visible(actor, Permission.PAPERS_HANDLE)),
                Parcel.number.in_({_text(sheet, row, "number").upper() for sheet, row in table.rows()}),
            )
        )
    }
    papers = posting.hold_all(session, list(reachable.values()))
    answers: list[Answer] = []
    steps: list[Step] = []
    taken: dict[str, tuple[int, str]] = {}
    rows_of: dict[str, tuple[int, str]] = {}
    for sheet, row in table.rows():
        if row.skip is not None:
            continue
        reference, typed = _text(sheet, row, "number").upper(), _text(sheet, row, "tracking")
        parcel = reachable.get(reference)
        try:
            tracking = _new_number(sheet, row, reference, typed, taken, rows_of)
            if parcel is None:
                raise DomainError(
                    N_("There is no parcel %(reference)s in your offices."),
                    field="number",
                    reference=reference,
                )
            with session.begin_nested():
                outcome, sent = _give(
                    session, actor, parcel, tracking, papers,
                    courier=_text(sheet, row, "courier") or courier,
                    sent_on=_day(sheet, row) or sent_on,
                )  # fmt: skip
        except DomainError as error:
            answers.append(
                Answer(
                    sheet.name,
                    row.number,
                    reference,
                    typed,
                    Outcome.REFUSED,
                    parcel.id if parcel else None,
                    error,
                )
            )
        else:
            steps += sent
            taken[tracking] = rows_of[reference] = row.number, tracking
            answers.append(Answer(sheet.name, row.number, reference, tracking, outcome, parcel.id))
    note_all(session, actor, "paper_sent", steps)
    return answers


def _new_number(
    sheet: TableSheet,
    row: Row,
    reference: str,
    typed: str,
    taken: dict[str, tuple[int, str]],
    rows_of: dict[str, tuple[int, str]],
) -> str:
    """The number of a row; DomainError when there is none, or a row before has it or the same reference."""
    if not reference:
        raise DomainError(N_("Our reference is missing in this row."), field="number")
    for name in ("number", "tracking"):
        for cell in sheet.cells(row, name):
            if isinstance(cell, Broken):
                raise DomainError(cell.reason, field=name)
    if not typed:
        raise DomainError(N_("The courier's number is missing in this row."), field="tracking")
    tracking = posting.tracking_of(typed)
    if reference in rows_of and rows_of[reference][1] != tracking:
        raise DomainError(
            N_("%(reference)s is already in row %(row)s, with the number %(tracking)s."),
            field="number",
            reference=reference,
            row=rows_of[reference][0],
            tracking=rows_of[reference][1],
        )
    if tracking in taken and reference not in rows_of:
        raise DomainError(
            N_("The number %(tracking)s is already used in row %(row)s."),
            field="tracking",
            tracking=tracking,
            row=taken[tracking][0],
        )
    return tracking


def _give(
    session: Session,
    actor: User,
    parcel: Parcel,
    tracking: str,
    papers: Mapping[int, Original],
    *,
    courier: str,
    sent_on: date | None,
) -> tuple[Outcome, list[Step]]:
    if parcel.sent_on is not None and parcel.tracking != tracking:
        raise DomainError(
            N_("%(number)s was sent under %(tracking)s. If that is wrong, correct it on the parcel's page."),
            field="tracking",
            number=parcel.number,
            tracking=parcel.tracking or "—",
        )
    is_new = parcel.tracking != tracking or (bool(courier) and courier != parcel.courier)
    if is_new and parcel.sent_on is None:
        said = Address(parcel.recipient, parcel.phone, parcel.address, courier or parcel.courier, tracking)
        posting.change(session, actor, parcel, said)
    if sent_on is not None and parcel.sent_on is None:
        return Outcome.SENT, posting.send_one(session, actor, parcel, sent_on, papers)
    return (Outcome.GIVEN if is_new and parcel.sent_on is None else Outcome.UNCHANGED), []


def _text(sheet: TableSheet, row: Row, name: str) -> str:
    for cell in sheet.cells(row, name):
        text = half_width(clean(str(cell)))
        if text:
            return text
    return ""


def _day(sheet: TableSheet, row: Row) -> date | None:
    cells: list[Cell] = [cell for cell in sheet.cells(row, "sent_on") if str(cell).strip()]
    if not cells:
        return None
    cell = cells[0]
    # A moment is a day with an hour behind it.
    return date_on(cell if isinstance(cell, str) else cell.isoformat()[:10])
