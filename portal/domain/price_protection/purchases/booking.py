"""Entering purchases and returns: each line once, checked, accrued at once where an agreement protects it (P2)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError
from portal.domain.money import figures
from portal.domain.price_protection.funds.accruing import accrue
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases.models import Purchase, PurchaseCode
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

MOST_FEN = 10**13  # a hundred thousand million yuan: beyond it somebody has typed a number of something else
MOST_CODES = 200
Key = tuple[str, int]
Row = TypeVar("Row", Distributor, Product)


@dataclass(frozen=True)
class Line:
    """A line as it was read; `returns` is (document, line) of the purchase it returns, its amount then negative."""

    document_number: str
    line_no: int
    distributor_id: int
    product_id: int
    purchased_on: date
    amount_fen: int
    quantity_milli: int | None = None
    returns: Key | None = None
    codes: tuple[str, ...] = ()
    note: str = ""

    @property
    def key(self) -> Key:
        """What makes it once: document and line."""
        return self.document_number, self.line_no


@dataclass
class Booked:
    """What became of lines, in their order: a purchase, or why not; and which of them are new."""

    lines: list[Purchase | DomainError]
    created: set[int]
    accrued: int


def book(session: Session, actor: User, lines: Sequence[Line]) -> Booked:
    """Enter these lines, each once, and accrue them; one that is refused stops no other. The caller commits.

    A line whose document and number are there with the same content is that purchase; with other content it is
    refused. Returns may name a line of the same call.
    """
    there = _there(session, {line.key for line in lines} | {line.returns for line in lines if line.returns})
    distributors = _rows(session, Distributor, {line.distributor_id for line in lines})
    products = _rows(session, Product, {line.product_id for line in lines})
    left = _left(session, [there[line.returns] for line in lines if line.returns in there])
    found: list[Purchase | DomainError] = []
    new: list[Purchase] = []
    for line in lines:
        try:
            known = there.get(line.key)
            if known is not None:
                _require_same(known, line, there)
                found.append(known)
                continue
            made = _checked(actor, line, there, distributors, products, left)
        except DomainError as refusal:
            found.append(refusal)
            continue
        session.add(made)
        there[line.key] = made
        new.append(made)
        found.append(made)
    session.flush()
    accrued = accrue(session, actor, new)
    return Booked(found, {purchase.id for purchase in new}, accrued)


def _there(session: Session, keys: Collection[Key]) -> dict[Key, Purchase]:
    by_document: dict[str, set[int]] = defaultdict(set)
    for document, line_no in keys:
        by_document[document].add(line_no)
    documents = sorted(by_document)
    found: dict[Key, Purchase] = {}
    for start in range(0, len(documents), 500):
        for purchase in session.scalars(
            sa.select(Purchase).where(Purchase.document_number.in_(documents[start : start + 500]))
        ):
            if purchase.line_no in by_document[purchase.document_number]:
                found[purchase.document_number, purchase.line_no] = purchase
    return found


def _rows(session: Session, model: type[Row], ids: Collection[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        for row in session.scalars(sa.select(model).where(model.id.in_(wanted[start : start + 500]))):
            found[row.id] = row
    return found


def _left(session: Session, purchases: Iterable[Purchase]) -> dict[Key, int]:
    """What is left of each of these lines after its returns, in fen; they are held, so that two returns wait."""
    by_id = {purchase.id: purchase for purchase in purchases}
    ids = sorted(by_id)
    left = {key_of(purchase): purchase.amount_fen for purchase in by_id.values()}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        session.execute(
            sa.select(Purchase.id).where(Purchase.id.in_(part)).order_by(Purchase.id).with_for_update()
        )
        for id_, fen in session.execute(
            sa.select(Purchase.returns_id, sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger))
            .where(Purchase.returns_id.in_(part))
            .group_by(Purchase.returns_id)
        ):
            left[key_of(by_id[id_ or 0])] += fen
    return left


def key_of(purchase: Purchase) -> Key:
    """Document and line."""
    return purchase.document_number, purchase.line_no


def _require_same(known: Purchase, line: Line, there: dict[Key, Purchase]) -> None:
    returned = there.get(line.returns) if line.returns else None
    said = (line.distributor_id, line.product_id, line.purchased_on, line.amount_fen, line.quantity_milli)
    stands = (
        known.distributor_id,
        known.product_id,
        known.purchased_on,
        known.amount_fen,
        known.quantity_milli,
    )
    if said != stands or known.returns_id != (returned.id if returned else None):
        raise DomainError(
            "Line %(line)s of %(document)s is entered already with other content. What is entered never changes: "
            "return that line in full and enter the right one under a line of its own.",
            field="document_number",
            document=line.document_number,
            line=line.line_no,
        )


def _checked(
    actor: User,
    line: Line,
    there: dict[Key, Purchase],
    distributors: dict[int, Distributor],
    products: dict[int, Product],
    left: dict[Key, int],
) -> Purchase:
    distributor = distributors.get(line.distributor_id)
    if distributor is None:
        raise DomainError("Choose a distributor from the list.", field="distributor")
    if line.product_id not in products:
        raise DomainError("Choose a product from the list.", field="product")
    if line.amount_fen == 0:
        raise DomainError("The amount is zero: there is nothing to enter.", field="amount")
    if abs(line.amount_fen) > MOST_FEN:
        raise DomainError("The amount is larger than any purchase can be. Look at its unit.", field="amount")
    if line.purchased_on > today():
        raise DomainError("This day is in the future.", field="purchased_on")
    if line.purchased_on < _EARLIEST:
        raise DomainError("This day lies before %(day)s.", field="purchased_on", day=_EARLIEST.isoformat())
    if line.quantity_milli is not None and line.quantity_milli <= 0:
        raise DomainError(
            "The quantity is more than nothing; a return is told by its amount.", field="quantity"
        )
    bought = _returned(line, distributor, there, left)
    made = Purchase(
        distributor_id=distributor.id,
        product_id=line.product_id,
        document_number=_text(line.document_number, 40, "document_number"),
        line_no=line.line_no,
        purchased_on=line.purchased_on,
        amount_fen=line.amount_fen,
        quantity_milli=line.quantity_milli,
        returns_id=bought.id if bought else None,
        returns=bought,
        note=clean(line.note)[:200],
        entered_by_id=actor.id,
    )
    made.codes = [PurchaseCode(code=code) for code in _codes(line.codes)]
    if bought is None:
        left[line.key] = line.amount_fen
    return made


_EARLIEST = date(2000, 1, 1)


def _returned(
    line: Line, distributor: Distributor, there: dict[Key, Purchase], left: dict[Key, int]
) -> Purchase | None:
    """The line that this one returns; None for a purchase."""
    if line.returns is None:
        if line.amount_fen < 0:
            raise DomainError("A return names the document and line that it returns.", field="returns")
        if distributor.standing is Standing.ELIMINATED:
            raise DomainError(
                "%(name)s was eliminated: only returns can be entered for it.",
                field="distributor",
                name=distributor.name,
            )
        return None
    if line.amount_fen > 0:
        raise DomainError("A return has a negative amount.", field="amount")
    bought = there.get(line.returns)
    if bought is None:
        raise DomainError(
            "There is no line %(line)s of %(document)s to return. Enter the purchase first.",
            field="returns",
            document=line.returns[0],
            line=line.returns[1],
        )
    if bought.amount_fen < 0:
        raise DomainError("This line is a return itself.", field="returns")
    if bought.distributor_id != line.distributor_id or bought.product_id != line.product_id:
        raise DomainError("The line that is returned is of another distributor or product.", field="returns")
    if line.purchased_on < bought.purchased_on:
        raise DomainError("A return is not before its purchase.", field="purchased_on")
    if -line.amount_fen > left[line.returns]:
        raise DomainError(
            "Only %(left)s of this line is left to return.", field="amount", left=figures(left[line.returns])
        )
    left[line.returns] += line.amount_fen
    return bought


def _text(said: str, most: int, field: str) -> str:
    text = clean(said)
    if not text:
        raise DomainError("Enter the number of the document.", field=field)
    if len(text) > most:
        raise DomainError("This is longer than %(most)s characters.", field=field, most=most)
    return text


def _codes(said: Sequence[str]) -> list[str]:
    codes = list(dict.fromkeys(half_width(clean(code)).upper() for code in said if clean(code)))
    if len(codes) > MOST_CODES or any(len(code) > 60 for code in codes):
        raise DomainError(
            "A line carries at most %(most)s codes of 60 characters.", field="codes", most=MOST_CODES
        )
    return codes
