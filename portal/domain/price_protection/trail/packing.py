"""装件: sealed originals are put into parcels, one for each company (P1b)."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.defaults import distributor_values
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.models import PaperTrail, Parcel, ParcelRow
from portal.domain.price_protection.trail.noting import note_all
from portal.domain.price_protection.trail.originals import Original, held
from portal.domain.price_protection.trail.posting import courier_of, is_by_hand
from portal.domain.price_protection.trail.sealing import require
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def pack(
    session: Session,
    actor: User,
    copies: Mapping[int, int],
    *,
    courier: str = "",
    expected: int | None = None,
    is_added: bool = False,
) -> list[Parcel]:
    """Put so many copies of each original (its id → copies) into parcels: one for each company and office.

    `is_added`: what is for a company whose parcel is still open goes into that one, which keeps its courier.
    `expected` copies of each are to come back, half of them, rounded up, where it is None; none of a notice. All or
    none; DomainError for what is not sealed, its field is the number box `copies-<id>`.
    """
    # Before the agreements, as whoever sends or unpacks a parcel locks it first.
    still_open = _held_parcels(session, copies) if is_added else {}
    found = held(session, list(copies))
    if not found:
        raise DomainError("Choose at least one original.")
    if expected is not None and expected < 1:
        raise DomainError("At least one copy of each comes back.", field="expected")
    courier = courier_of(courier)
    together: dict[tuple[int, int], list[Original]] = {}
    for original in found:
        _check(actor, original, copies[original.id])
        key = original.agreement.distributor_id, original.agreement.region_id
        together.setdefault(key, []).append(original)
    _load_addresses(session, [row.agreement.distributor_id for row in found])
    parcels = []
    for key, rows in together.items():
        parcel = still_open.get(key) or _packed(
            session, actor, rows[0].agreement.distributor, rows[0].agreement.region, courier
        )
        for original in rows:
            count = copies[original.id]
            back = min(expected, count) if expected is not None else (count + 1) // 2
            if not original.comes_back:
                back = 0
            if original.is_statement:
                _seal(original.trail, count)
            parcel.rows.append(ParcelRow(trail=original.trail, copies=count, expected=back))
            original.trail.parcel = parcel
            original.trail.settle()
        parcels.append(parcel)
    session.add_all(parcels)
    session.flush()
    added = set(still_open.values())
    for parcel in parcels:
        action = "parcel.added_to" if parcel in added else "parcel.packed"
        audit.record(session, actor, action, parcel, number=parcel.number, count=len(parcel.rows))
    number = {row.trail_id: parcel.number for parcel in parcels for row in parcel.rows}
    note_all(
        session,
        actor,
        "packed",
        [(row, {"parcel": number[row.id], "copies": copies[row.id]}) for row in found],
    )
    return parcels


def _seal(trail: PaperTrail, copies: int) -> None:
    """A statement goes out sealed (10.1), and nobody applies for that: packing it says so."""
    if trail.copies_in_hand < copies:
        trail.sealed_copies, trail.sealed_on = trail.sent_copies + copies, today()


def open_parcels(session: Session, ids: Iterable[int]) -> list[Parcel]:
    """The parcels that are packed and not sent for the companies and offices of these originals, oldest first."""
    return list(
        session.scalars(
            sa.select(Parcel)
            .where(
                Parcel.sent_on.is_(None),
                Parcel.cancelled_at.is_(None),
                sa.exists().where(
                    PaperTrail.id.in_(set(ids)),
                    Agreement.id == PaperTrail.agreement_id,
                    Agreement.distributor_id == Parcel.distributor_id,
                    Agreement.region_id == Parcel.region_id,
                ),
            )
            .options(selectinload(Parcel.distributor))
            .order_by(Parcel.id)
        )
    )


def _held_parcels(session: Session, ids: Iterable[int]) -> dict[tuple[int, int], Parcel]:
    """The same, locked, the newest for each company and office; one that was just sent is open no more."""
    held_here = [lock(session, parcel) for parcel in open_parcels(session, ids)]
    return {(one.distributor_id, one.region_id): one for one in held_here if one.is_open}


def _check(actor: User, original: Original, copies: int) -> None:
    require(actor, Permission.PAPERS_HANDLE, original.agreement.region)
    refusal = original.why_not_pack()
    if refusal is not None:
        raise refusal
    if not 1 <= copies <= original.copies_in_hand:
        raise DomainError(
            "%(number)s: enter 1 to %(most)s copies; so many are sealed and here.",
            field=f"copies-{original.id}",
            number=original.number,
            most=original.copies_in_hand,
        )


def _load_addresses(session: Session, distributors: Iterable[int]) -> None:
    """Read at once what tells where parcels go, instead of one company after another."""
    session.scalars(
        sa.select(Distributor)
        .where(Distributor.id.in_(set(distributors)))
        .options(
            selectinload(Distributor.contacts),
            selectinload(Distributor.phones),
            selectinload(Distributor.territory),
        )
        .execution_options(populate_existing=True)
    ).all()


def _packed(session: Session, actor: User, distributor: Distributor, office: Region, courier: str) -> Parcel:
    known = distributor_values(distributor)
    address = distributor.address
    for place in (distributor.city, distributor.province):
        if address and place and place not in address:
            address = place + address
    with session.no_autoflush:
        number = new_number(session, office, Numbered.PARCEL)
    return Parcel(
        number=number,
        region_id=office.id,
        distributor_id=distributor.id,
        recipient=str(known.get("distributor_contact", ""))[:40],
        phone=str(known.get("distributor_phone", ""))[:60],
        address=address,
        courier="" if is_by_hand(courier) else courier,
        tracking="",
        is_by_hand=is_by_hand(courier),
        packed_at=now(),
        packed_by_id=actor.id,
    )
