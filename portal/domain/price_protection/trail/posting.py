"""寄件: sealed originals are packed, one parcel a company, sent with courier and number, delivered (P1b)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.numbering.services import Rule, next_number
from portal.domain.price_protection.defaults import distributor_values
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.trail.models import Parcel, ParcelRow
from portal.domain.price_protection.trail.originals import Original, held, trail_of
from portal.domain.price_protection.trail.sealing import reason_of, require
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

RULE = Rule("KD-{year}-{number}", 6)
COURIERS = (
    "顺丰速运",
    "EMS",
    "京东物流",
    "中通快递",
    "圆通速递",
    "韵达快递",
    "申通快递",
    "极兔速递",
    "德邦快递",
)
_TRACKING = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{4,38})[A-Z0-9]")


@dataclass(frozen=True)
class Address:
    """To whom a parcel goes, by which courier and under which number; empty is not known yet."""

    recipient: str = ""
    phone: str = ""
    address: str = ""
    courier: str = ""
    tracking: str = ""
    is_by_hand: bool = False


def tracking_of(text: str) -> str:
    """A courier's number as it is kept: half-width capitals without blanks; DomainError when it can be none."""
    number = re.sub(r"\s+", "", half_width(clean(text))).upper()
    if number and not _TRACKING.fullmatch(number):
        raise DomainError(
            "“%(text)s” is no courier number: 6 to 40 letters and digits.",
            field="tracking",
            text=text.strip(),
        )
    return number


def pack(
    session: Session,
    actor: User,
    copies: Mapping[int, int],
    *,
    courier: str = "",
    expected: int | None = None,
) -> list[Parcel]:
    """Put so many copies of each original (paper id → copies) into parcels: one for each company and office.

    `expected` copies of each are to come back, half of them, rounded up, where it is None. All or none; DomainError
    for what is not sealed, its field is the number box `copies-<id>`.
    """
    found = held(session, list(copies))
    if not found:
        raise DomainError("Choose at least one original.")
    courier = _courier(courier)
    together: dict[tuple[int, int], list[Original]] = {}
    for original in found:
        require(actor, Permission.PAPERS_HANDLE, original.agreement.region)
        refusal = original.why_not_pack()
        if refusal is not None:
            raise refusal
        if not 1 <= copies[original.id] <= original.copies_in_hand:
            raise DomainError(
                "%(number)s: enter 1 to %(most)s copies; so many are sealed and here.",
                field=f"copies-{original.id}",
                number=original.number,
                most=original.copies_in_hand,
            )
        key = original.agreement.distributor_id, original.agreement.region_id
        together.setdefault(key, []).append(original)
    parcels = []
    for rows in together.values():
        parcel = _packed(session, actor, rows[0].agreement.distributor, rows[0].agreement.region, courier)
        for original in rows:
            count = copies[original.id]
            back = min(expected, count) if expected is not None else (count + 1) // 2
            if back < 1:
                raise DomainError("At least one copy of each comes back.", field="expected")
            parcel.rows.append(ParcelRow(paper_id=original.id, copies=count, expected=back))
            trail = trail_of(session, original)
            trail.parcel = parcel
            trail.settle()
            note(session, actor, original.agreement, "packed", parcel=parcel.number, copies=count)
        audit.record(session, actor, "parcel.packed", parcel, number=parcel.number, count=len(rows))
        parcels.append(parcel)
    session.flush()
    return parcels


def _packed(session: Session, actor: User, distributor: Distributor, office: Region, courier: str) -> Parcel:
    known = distributor_values(distributor)
    address = distributor.address
    for place in (distributor.city, distributor.province):
        if address and place and place not in address:
            address = place + address
    year = today().year
    parcel = Parcel(
        number=RULE.number(office.code, year, next_number(session, RULE.series(office.code, year))),
        region_id=office.id,
        distributor_id=distributor.id,
        recipient=str(known.get("distributor_contact", ""))[:40],
        phone=str(known.get("distributor_phone", ""))[:60],
        address=address,
        courier=courier,
        tracking="",
        is_by_hand=False,
        packed_at=now(),
        packed_by_id=actor.id,
    )
    session.add(parcel)
    session.flush()
    return parcel


def change(session: Session, actor: User, parcel: Parcel, said: Address) -> None:
    """Say otherwise where a parcel goes, or by which courier and number; the address only until it is sent."""
    lock(session, parcel)
    require(actor, Permission.PAPERS_HANDLE, parcel.region)
    _refuse_cancelled(parcel)
    before = _told(parcel)
    if parcel.sent_on is None:
        parcel.recipient, parcel.phone = (
            _line(said.recipient, 40, "recipient"),
            _line(said.phone, 60, "phone"),
        )
        parcel.address = _line(said.address, 200, "address")
        parcel.is_by_hand = said.is_by_hand
    parcel.courier = _courier(said.courier)
    _number(session, parcel, said.tracking)
    if parcel.sent_on is not None:
        _refuse_without_number(parcel)
    # Who it goes to is personal: the trail says that it changed, not what it says.
    changes = audit.changes(before, _told(parcel))
    audit.record(session, actor, "parcel.changed", parcel, number=parcel.number, changes=changes)
    session.flush()


def send(
    session: Session, actor: User, parcel: Parcel, sent_on: date, *, courier: str = "", tracking: str = ""
) -> None:
    """Record that a parcel was handed to its courier, or over in person, on this day (Asia/Shanghai)."""
    lock(session, parcel)
    require(actor, Permission.PAPERS_HANDLE, parcel.region)
    _refuse_cancelled(parcel)
    if parcel.sent_on is not None:
        raise DomainError(
            "%(number)s was sent on %(day)s already.", number=parcel.number, day=parcel.sent_on.isoformat()
        )
    if courier:
        parcel.courier = _courier(courier)
    if tracking:
        _number(session, parcel, tracking)
    _refuse_without_number(parcel)
    if not parcel.is_by_hand and not (parcel.recipient and parcel.phone and parcel.address):
        raise DomainError(
            "%(number)s lacks recipient, phone or address. Fill them in on the parcel's page, then send it.",
            number=parcel.number,
        )
    check_day(sent_on, "sent_on", None)
    parcel.sent_on, parcel.sent_by_id = sent_on, actor.id
    session.flush()
    rows = {row.paper_id: row for row in parcel.rows}
    for original in held(session, list(rows)):
        if original.paper.withdrawn_at is not None:
            raise DomainError(
                "The approval of %(number)s was withdrawn; this original must not be used.",
                number=original.number,
            )
        trail = trail_of(session, original)
        row = rows[original.id]
        if row.copies > trail.copies_in_hand:
            raise DomainError(
                "%(number)s is not sealed yet; only sealed originals are sent.", number=original.number
            )
        trail.sent_copies += row.copies
        trail.expected_copies += row.expected
        trail.sent_on = sent_on
        trail.settle()
        note(
            session, actor, original.agreement, "paper_sent",
            parcel=parcel.number, courier=parcel.courier or None, tracking=parcel.tracking or None,
            by_hand=parcel.is_by_hand or None, copies=row.copies, sent_on=sent_on,
        )  # fmt: skip
    audit.record(
        session, actor, "parcel.sent", parcel,
        number=parcel.number, courier=parcel.courier, tracking=parcel.tracking, sent_on=sent_on,
    )  # fmt: skip


def deliver(session: Session, actor: User, parcel: Parcel, delivered_on: date) -> None:
    """Record that a parcel that was sent reached its company on this day."""
    lock(session, parcel)
    require(actor, Permission.PAPERS_HANDLE, parcel.region)
    _refuse_cancelled(parcel)
    if parcel.sent_on is None:
        raise DomainError("%(number)s has not been sent yet.", number=parcel.number)
    check_day(delivered_on, "delivered_on", parcel.sent_on)
    parcel.delivered_on, parcel.delivered_by_id = delivered_on, actor.id
    audit.record(session, actor, "parcel.delivered", parcel, number=parcel.number, delivered_on=delivered_on)
    for row in parcel.rows:
        note(
            session, actor, row.paper.agreement, "paper_delivered",
            parcel=parcel.number, delivered_on=delivered_on,
        )  # fmt: skip


def cancel(session: Session, actor: User, parcel: Parcel, reason: str, *, is_lost: bool = False) -> None:
    """Take a parcel back: unpacked before it was sent, undelivered, or lost on the way with its copies.

    Copies of a lost one are gone: more have to be printed and sealed. Refused once something of it came back.
    """
    lock(session, parcel)
    reason = reason_of(reason)
    require(actor, Permission.PAPERS_HANDLE, parcel.region)
    _refuse_cancelled(parcel)
    was_sent = parcel.sent_on is not None
    parcel.cancelled_at, parcel.cancelled_by_id, parcel.cancelled_reason = now(), actor.id, reason
    parcel.is_lost = is_lost and was_sent
    session.flush()
    rows = {row.paper_id: row for row in parcel.rows}
    for original in held(session, list(rows)):
        trail, row = trail_of(session, original), rows[original.id]
        if was_sent:
            if trail.back_copies > trail.sent_copies - row.copies:
                raise DomainError(
                    "Copies of %(number)s have come back from this parcel; it was not lost.",
                    number=original.number,
                )
            trail.sent_copies -= row.copies
            trail.expected_copies = max(trail.expected_copies - row.expected, 0)
            if parcel.is_lost:
                trail.sealed_copies -= row.copies
            if not trail.sent_copies:
                trail.sent_on = None
        trail.settle()
        note(
            session, actor, original.agreement, "parcel_cancelled", reason,
            parcel=parcel.number, lost=parcel.is_lost or None,
        )  # fmt: skip
    audit.record(
        session, actor, "parcel.cancelled", parcel,
        number=parcel.number, reason=reason, lost=parcel.is_lost or None,
    )  # fmt: skip


def check_day(day: date, field: str, earliest: date | None) -> None:
    """Refuse a day in the future, or before the one on which it first could be."""
    if day > today():
        raise DomainError("This day is in the future.", field=field)
    if earliest is not None and day < earliest:
        raise DomainError("This cannot be before %(day)s.", field=field, day=earliest.isoformat())


def _told(parcel: Parcel) -> dict[str, object]:
    return {"courier": parcel.courier, "tracking": parcel.tracking, "is_by_hand": parcel.is_by_hand}


def _line(text: str, limit: int, field: str) -> str:
    text = clean(text)
    if len(text) > limit:
        raise DomainError("At most %(limit)s characters.", field=field, limit=limit)
    return text


def _courier(text: str) -> str:
    return _line(text, 40, "courier")


def _number(session: Session, parcel: Parcel, text: str) -> None:
    """Give a parcel its courier's number; one that another parcel has is refused."""
    number = tracking_of(text)
    if number and number != parcel.tracking:
        other = parcel_with(session, number)
        if other is not None and other.id != parcel.id:
            raise DomainError(
                "The number %(tracking)s is already on parcel %(parcel)s.",
                field="tracking",
                tracking=number,
                parcel=other.number,
            )
    parcel.tracking = number


def parcel_with(session: Session, tracking: str) -> Parcel | None:
    """The parcel that travels under this courier's number."""
    return session.scalar(sa.select(Parcel).where(Parcel.tracking == tracking, Parcel.cancelled_at.is_(None)))


def _refuse_cancelled(parcel: Parcel) -> None:
    if parcel.cancelled_at is not None:
        raise DomainError("Parcel %(number)s was cancelled.", number=parcel.number)


def _refuse_without_number(parcel: Parcel) -> None:
    if not parcel.is_by_hand and not (parcel.courier and parcel.tracking):
        raise DomainError(
            "%(number)s needs a courier and the courier's number, or “handed over in person”.",
            field="tracking",
            number=parcel.number,
        )
