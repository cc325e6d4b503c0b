"""Entering purchases and returns: each line once, checked, accrued at once where an agreement protects it (P2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.audit import services as audit
from portal.domain.bulk import Bulk
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.price_protection.funds.accruing import accrue
from portal.domain.price_protection.purchases.checking import Desk
from portal.domain.price_protection.purchases.entries import Entry, Key, Line
from portal.domain.price_protection.purchases.models import Purchase, PurchaseCode
from portal.domain.users.models import User

__all__ = ["Booked", "Entered", "Key", "Line", "book", "enter"]

_WRITTEN = (
    "id",
    "distributor_id",
    "product_id",
    "document_number",
    "line_no",
    "purchased_on",
    "amount_fen",
    "quantity_milli",
    "returns_id",
    "note",
    "entered_by_id",
)


@dataclass
class Entered:
    """What became of lines, in their order: an entry, or why not; and which of them are new.

    `created` holds the ids of the new rows, `new` the identities of their entries; `more_codes` what known lines came
    with again that they did not carry, by their ids.
    """

    lines: list[Entry | DomainError]
    created: set[int]
    new: set[int]
    accrued: int
    more_codes: dict[int, list[str]]


@dataclass
class Booked:
    """As `Entered`, with the rows themselves."""

    lines: list[Purchase | DomainError]
    created: set[int]
    accrued: int
    more_codes: dict[int, list[str]]


def book(session: Session, actor: User | None, lines: Sequence[Line]) -> Booked:
    """Enter these lines, each once, and accrue them; one that is refused stops no other. The caller commits.

    A line whose document and number are there with the same content is that purchase, and codes that it did not carry
    yet are added to it; with other content it is refused. Returns may name a line of the same call.
    """
    done = enter(session, actor, lines)
    ids = [entry.id for entry in done.lines if isinstance(entry, Entry)]
    rows = {row.id: row for row in session.scalars(sa.select(Purchase).where(Purchase.id.in_(ids)))}
    found = [rows[entry.id] if isinstance(entry, Entry) else entry for entry in done.lines]
    return Booked(found, done.created, done.accrued, done.more_codes)


def enter(session: Session, actor: User | None, lines: Sequence[Line]) -> Entered:
    """As `book`, for many lines: no row of them is made an object of the session."""
    desk = Desk(session)
    desk.look_up(lines)
    found: list[Entry | DomainError] = []
    for line in lines:
        try:
            found.append(desk.check(line))
        except DomainError as refusal:
            found.append(refusal)
    new = list({id(entry): entry for entry in found if isinstance(entry, Entry) and not entry.id}.values())
    _write(session, actor, new)
    _add_codes(session, actor, desk.more_codes)
    accrued = accrue(session, actor, new)
    return Entered(found, {entry.id for entry in new}, {id(entry) for entry in new}, accrued, desk.more_codes)


def _add_codes(session: Session, actor: User | None, more: dict[int, list[str]]) -> None:
    """Add codes to lines that were entered before, and tell the trail who did: they prove where goods went."""
    if not more:
        return
    rows = session.execute(
        sa.select(Purchase, Distributor.region_id)
        .join(Distributor, Distributor.id == Purchase.distributor_id)
        .where(Purchase.id.in_(more))
        .order_by(Purchase.id)
    ).all()
    for purchase, region_id in rows:
        session.add_all(PurchaseCode(purchase_id=purchase.id, code=code) for code in more[purchase.id])
        audit.record(
            session,
            actor,
            "purchase.codes_added",
            purchase,
            region_id=region_id,
            document=purchase.document_number,
            line=purchase.line_no,
            codes=more[purchase.id],
        )
    session.flush()


def _write(session: Session, actor: User | None, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    connection = session.connection()
    rows = Bulk(connection.dialect, Purchase, _WRITTEN)
    by = actor.id if actor else None
    for entry, id_ in zip(entries, rows.ids(connection, len(entries)), strict=True):
        entry.id = id_
    for entry in entries:
        entry.returns_id = entry.returned.id if entry.returned else None
    rows.insert(
        connection,
        [
            (
                entry.id,
                entry.distributor_id,
                entry.product_id,
                entry.document_number,
                entry.line_no,
                entry.purchased_on,
                entry.amount_fen,
                entry.quantity_milli,
                entry.returns_id,
                entry.note,
                by,
            )
            for entry in entries
        ],
    )
    codes = Bulk(connection.dialect, PurchaseCode, ("purchase_id", "code"))
    codes.insert(connection, [(entry.id, code) for entry in entries for code in entry.codes])
