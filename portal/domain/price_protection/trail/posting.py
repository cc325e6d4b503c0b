"""寄件: parcels are sent with courier and number, delivered, or come to nothing (P1b)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing import delivering
from portal.domain.price_protection.closing.models import Statement, Way
from portal.domain.price_protection.trail.models import PaperKind, Parcel
from portal.domain.price_protection.trail.noting import Step, note_all, note_one
from portal.domain.price_protection.trail.originals import Original, held
from portal.domain.price_protection.trail.sealing import reason_of, require
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

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
# What says, in the courier's place, that there is none: handed over in person.
IN_PERSON = "当面交付"
BY_HAND = frozenset({IN_PERSON, "当面递交", "自取", "in person", "by hand", "handed over in person"})
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
    if is_by_hand(said.courier) and parcel.sent_on is None:
        parcel.is_by_hand, parcel.courier, parcel.tracking = True, "", ""
    else:
        parcel.courier = courier_of(said.courier)
        give_number(session, parcel, said.tracking)
    if parcel.sent_on is not None:
        _refuse_without_number(parcel)
    # Who it goes to is personal: the trail says that it changed, not what it says.
    changes = audit.changes(before, _told(parcel))
    audit.record(session, actor, "parcel.changed", parcel, number=parcel.number, changes=changes)
    session.flush()


def send_all(
    session: Session,
    actor: User,
    parcels: Sequence[Parcel],
    sent_on: date,
    *,
    courier: str = "",
    tracking: Mapping[int, str] | None = None,
    by_hand: Collection[int] = (),
) -> None:
    """Record that parcels were handed to their courier, or over in person, on this day (Asia/Shanghai); all or none.

    `courier` is for those that name none, or says that they go by hand; `tracking` gives numbers by the parcel's id,
    `by_hand` the ids of those that were handed over in person. DomainError for a parcel
    without a number or an address, and for an original that is not sealed or was superseded.
    """
    papers = hold_all(session, parcels)
    for parcel in parcels:
        typed = (tracking or {}).get(parcel.id, "")
        is_named = parcel.courier or parcel.tracking or typed.strip()
        if parcel.id in by_hand or (is_by_hand(courier) and not is_named):
            parcel.is_by_hand, parcel.courier, parcel.tracking = True, "", ""
        elif not parcel.is_by_hand:
            if courier and not parcel.courier and not is_by_hand(courier):
                parcel.courier = courier_of(courier)
            if typed:
                give_number(session, parcel, typed)
    _refuse_unready(parcels)
    steps: list[Step] = []
    for parcel in parcels:
        steps += send_one(session, actor, parcel, sent_on, papers)
    note_all(session, actor, "paper_sent", steps)


def _refuse_unready(parcels: Sequence[Parcel]) -> None:
    """Name every parcel that lacks its number, or whom it goes to: they are mended in one go."""
    unnumbered = [parcel.number for parcel in parcels if not _is_numbered(parcel)]
    if len(unnumbered) > 1:
        raise DomainError(
            N_(
                "%(count)s parcels need a courier and the courier's number, or “handed over in person”: %(numbers)s"
            ),
            count=len(unnumbered),
            numbers="、".join(unnumbered),
        )
    unaddressed = [parcel.number for parcel in parcels if not parcel.is_by_hand and not _is_addressed(parcel)]
    if len(unaddressed) > 1:
        raise DomainError(
            N_(
                "%(count)s parcels lack recipient, phone or address. "
                "Fill them in on each parcel's page, then send them: %(numbers)s"
            ),
            count=len(unaddressed),
            numbers="、".join(unaddressed),
        )


def _is_numbered(parcel: Parcel) -> bool:
    return parcel.is_by_hand or bool(parcel.courier and parcel.tracking)


def _is_addressed(parcel: Parcel) -> bool:
    return bool(parcel.recipient and parcel.phone and parcel.address)


def send(
    session: Session, actor: User, parcel: Parcel, sent_on: date, *, courier: str = "", tracking: str = ""
) -> None:
    """Send one parcel; see `send_all`."""
    send_all(session, actor, [parcel], sent_on, courier=courier, tracking={parcel.id: tracking})


def hold_all(session: Session, parcels: Sequence[Parcel]) -> dict[int, Original]:
    """Lock these parcels and their originals until the transaction ends; give the originals by id."""
    ids = [parcel.id for parcel in parcels]
    rows = session.scalars(
        sa.select(Parcel)
        .where(Parcel.id.in_(ids))
        .options(selectinload(Parcel.rows))
        .order_by(Parcel.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return {row.id: row for row in held(session, [row.trail_id for parcel in rows for row in parcel.rows])}


def send_one(
    session: Session, actor: User, parcel: Parcel, sent_on: date, papers: Mapping[int, Original]
) -> list[Step]:
    """Send a parcel that is held; give the steps of its originals, which are still to be written down."""
    require(actor, Permission.PAPERS_HANDLE, parcel.region)
    _refuse_cancelled(parcel)
    if parcel.sent_on is not None:
        raise DomainError(
            "%(number)s was sent on %(day)s already.", number=parcel.number, day=parcel.sent_on.isoformat()
        )
    _refuse_without_number(parcel)
    if not parcel.is_by_hand and not _is_addressed(parcel):
        raise DomainError(
            "%(number)s lacks recipient, phone or address. Fill them in on the parcel's page, then send it.",
            number=parcel.number,
        )
    check_day(sent_on, "sent_on", None)
    for row in parcel.rows:
        original = papers[row.trail_id]
        if original.paper.withdrawn_at is not None:
            raise DomainError(
                "The approval of %(number)s was withdrawn; this original must not be used.",
                number=original.number,
            )
        if row.copies > original.copies_in_hand:
            raise DomainError(
                "%(number)s is not sealed yet; only sealed originals are sent.", number=original.number
            )
    parcel.sent_on, parcel.sent_by_id = sent_on, actor.id
    steps: list[Step] = []
    for row in parcel.rows:
        original = papers[row.trail_id]
        original.trail.sent_copies += row.copies
        original.trail.expected_copies += row.expected
        original.trail.sent_on = sent_on
        original.trail.settle()
        told = {
            "parcel": parcel.number,
            "courier": parcel.courier or None,
            "tracking": parcel.tracking or None,
            "by_hand": parcel.is_by_hand or None,
            "copies": row.copies,
            "sent_on": sent_on,
        }
        steps.append((original, told))
    audit.record(
        session, actor, "parcel.sent", parcel,
        number=parcel.number, courier=parcel.courier, tracking=parcel.tracking, sent_on=sent_on,
    )  # fmt: skip
    return steps


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
    told = {"parcel": parcel.number, "delivered_on": delivered_on}
    found = held(session, [row.trail_id for row in parcel.rows])
    note_all(session, actor, "paper_delivered", [(original, told) for original in found])
    for statement in _statements(found):
        delivering.delivered_in_parcel(
            session,
            actor,
            statement,
            parcel.id,
            delivered_on,
            Way.IN_PERSON if parcel.is_by_hand else Way.COURIER,
            parcel.recipient if parcel.is_by_hand else f"{parcel.courier} {parcel.tracking}",
        )


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
    rows = {row.trail_id: row for row in parcel.rows}
    found = held(session, list(rows))
    for statement in _statements(found):
        delivering.taken_back(session, actor, statement, parcel.id, reason)
    for original in found:
        trail, row = original.trail, rows[original.id]
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
        note_one(
            session, actor, original, "parcel_cancelled", reason,
            parcel=parcel.number, lost=parcel.is_lost or None,
        )  # fmt: skip
    audit.record(
        session, actor, "parcel.cancelled", parcel,
        number=parcel.number, reason=reason, lost=parcel.is_lost or None,
    )  # fmt: skip


def _statements(found: Sequence[Original]) -> list[Statement]:
    """Those of which the days to object run from their delivery (10.1)."""
    return [row.trail.statement for row in found if row.kind is PaperKind.STATEMENT and row.trail.statement]


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


def is_by_hand(text: str) -> bool:
    """Whether what stands in the courier's place says that there is none."""
    return clean(text).casefold() in BY_HAND


def courier_of(text: str) -> str:
    """The name of a courier as it is kept."""
    return _line(text, 40, "courier")


def give_number(session: Session, parcel: Parcel, text: str) -> None:
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
    if not _is_numbered(parcel):
        raise DomainError(
            "%(number)s needs a courier and the courier's number, or “handed over in person”.",
            field="tracking",
            number=parcel.number,
        )
