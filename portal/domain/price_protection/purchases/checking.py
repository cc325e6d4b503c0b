"""Whether a line of purchases may be entered: each refusal says what to do (P2, clause 9.1)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.money import figures
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases.entries import Entry, Key, Line
from portal.domain.price_protection.purchases.models import Purchase, PurchaseCode
from portal.domain.text import clean, half_width

MOST_FEN = 10**13  # a hundred thousand million yuan: beyond it somebody has typed a number of something else
MOST_CODES = 200
MOST_LINE = 999_999
_EARLIEST = date(2000, 1, 1)
NAMELESS = N_("A negative amount is a return: give the document and line that it returns.")
_AT_ONCE = 5_000
Item = TypeVar("Item")

_COLUMNS = (
    Purchase.id,
    Purchase.distributor_id,
    Purchase.product_id,
    Purchase.document_number,
    Purchase.line_no,
    Purchase.purchased_on,
    Purchase.amount_fen,
    Purchase.quantity_milli,
    Purchase.returns_id,
)


# Lines that come again and say something else.
_OTHER_CONTENT = N_(
    "Line %(line)s of %(document)s is entered already with other content (%(amount)s yuan on %(day)s). "
    "What is entered never changes: return that line in full and enter the right one under a line of "
    "its own."
)
_OTHER_PRODUCT = N_(
    "Line %(line)s of %(document)s is entered already for another product. What is entered never changes: return that "
    "line in full and enter the right one under a line of its own."
)
_OTHER_QUANTITY = N_(
    "Line %(line)s of %(document)s is entered already with another quantity. What is entered never changes: leave the "
    "quantity as it was, or return that line in full and enter the right one under a line of its own."
)
_OTHER_RETURN = N_(
    "Line %(line)s of %(document)s is entered already, and not as a return of this line. Check the document and line "
    "that it returns."
)


@dataclass
class Desk:
    """What lines are checked against: whom and what there is, what is entered, what is left to return.

    Lines that were found right count from then on, be they written or not: a preview keeps its desk to the end.
    """

    session: Session
    distributors: dict[int, tuple[str, Standing]] = field(default_factory=dict)
    products: set[int] = field(default_factory=set)
    there: dict[Key, Entry] = field(default_factory=dict)
    left: dict[Key, int] = field(default_factory=dict)
    # Codes that came for a line after it had been entered, by its id: they are kept with it.
    more_codes: dict[int, list[str]] = field(default_factory=dict)

    def look_up(self, lines: Sequence[Line]) -> None:
        """Read what these lines rest on and is not known yet.

        Lines to be returned are held until the transaction ends, so that of two returns one waits for the other.
        """
        self._people({line.distributor_id for line in lines}, {line.product_id for line in lines})
        named = {line.key for line in lines} | {line.returns for line in lines if line.returns}
        self.there |= self._entered(named - self.there.keys())
        self._codes([self.there[line.key] for line in lines if line.codes and line.key in self.there])
        wanted = {line.returns for line in lines if line.returns} - self.left.keys()
        self._leave([self.there[key] for key in wanted if key in self.there])

    def check(self, line: Line) -> Entry:
        """The line as it is entered, or was before (its `id` says so); DomainError when it may not be."""
        known = self.there.get(line.key)
        if known is not None:
            self._require_same(known, line)
            self._add_codes(known, line)
            return known
        entry = self._checked(line)
        self.there[entry.key] = entry
        if entry.returned is None:
            self.left[entry.key] = entry.amount_fen
        else:
            self.left[entry.returned.key] += entry.amount_fen
        return entry

    def _people(self, distributors: Collection[int], products: Collection[int]) -> None:
        for part in _parts(set(distributors) - self.distributors.keys()):
            for id_, name, standing in self.session.execute(
                sa.select(Distributor.id, Distributor.name, Distributor.standing).where(
                    Distributor.id.in_(part)
                )
            ):
                self.distributors[id_] = name, standing
        for part in _parts(set(products) - self.products):
            self.products |= set(self.session.scalars(sa.select(Product.id).where(Product.id.in_(part))))

    def _entered(self, keys: Collection[Key]) -> dict[Key, Entry]:
        lines_of: dict[str, set[int]] = defaultdict(set)
        for document, line_no in keys:
            lines_of[document].add(line_no)
        found: dict[Key, Entry] = {}
        for part in _parts(lines_of):
            for row in self.session.execute(sa.select(*_COLUMNS).where(Purchase.document_number.in_(part))):
                entry = Entry(**row._asdict())
                if entry.line_no in lines_of[entry.document_number]:
                    found[entry.key] = entry
        return found

    def _leave(self, bought: Iterable[Entry]) -> None:
        """Note what is left of each of these lines after its returns, in fen."""
        by_id = {entry.id: entry for entry in bought if entry.id}
        for entry in by_id.values():
            self.left[entry.key] = entry.amount_fen
        for part in _parts(by_id):
            self.session.execute(
                sa.select(Purchase.id).where(Purchase.id.in_(part)).order_by(Purchase.id).with_for_update()
            )
            for id_, fen in self.session.execute(
                sa.select(Purchase.returns_id, sa.cast(sa.func.sum(Purchase.amount_fen), sa.BigInteger))
                .where(Purchase.returns_id.in_(part))
                .group_by(Purchase.returns_id)
            ):
                self.left[by_id[id_ or 0].key] += fen

    def _codes(self, known: Sequence[Entry]) -> None:
        """Read the codes of lines that are entered and come again with codes."""
        by_id = {entry.id: entry for entry in known if entry.id and not entry.codes}
        for part in _parts(by_id):
            for id_, code in self.session.execute(
                sa.select(PurchaseCode.purchase_id, PurchaseCode.code)
                .where(PurchaseCode.purchase_id.in_(part))
                .order_by(PurchaseCode.id)
            ):
                by_id[id_].codes += (code,)

    def _add_codes(self, known: Entry, line: Line) -> None:
        """Keep codes that the line did not carry yet; what it carries stays, also where this time it is not said."""
        said = codes_of(line.codes)
        more = [code for code in said if code not in known.codes]
        if not more:
            return
        known.codes = codes_of((*known.codes, *more))
        if known.id:
            self.more_codes.setdefault(known.id, []).extend(more)

    def _require_same(self, known: Entry, line: Line) -> None:
        if known.distributor_id != line.distributor_id:
            # Whoever enters for one office is not told what another bought.
            raise self._already(
                line,
                N_(
                    "Line %(line)s of %(document)s is entered already for another distributor. Check the number of the "
                    "document and the distributor."
                ),
            )
        if (known.purchased_on, known.amount_fen) != (line.purchased_on, line.amount_fen):
            said = {"amount": figures(known.amount_fen), "day": known.purchased_on.isoformat()}
            raise self._already(line, _OTHER_CONTENT, **said)
        if known.product_id != line.product_id:
            raise self._already(line, _OTHER_PRODUCT)
        if known.quantity_milli != line.quantity_milli:
            raise self._already(line, _OTHER_QUANTITY)
        returned = self.there.get(line.returns) if line.returns else None
        named = known.returned.key if known.returned else known.returns_id
        if not (returned is None if named is None else returned and named in (returned.key, returned.id)):
            raise self._already(line, _OTHER_RETURN)

    @staticmethod
    def _already(line: Line, msgid: str, **said: str) -> DomainError:
        return DomainError(
            msgid, field="document_number", document=line.document_number, line=line.line_no, **said
        )

    def _checked(self, line: Line) -> Entry:
        distributor = self.distributors.get(line.distributor_id)
        if distributor is None:
            raise DomainError("Choose a distributor from the list.", field="distributor")
        if line.product_id not in self.products:
            raise DomainError("Choose a product from the list.", field="product")
        if not 1 <= line.line_no <= MOST_LINE:
            raise DomainError(
                "Lines of a document are numbered from 1 to %(most)s.", field="line_no", most=MOST_LINE
            )
        require_amount(line.amount_fen)
        require_day(line.purchased_on)
        if line.quantity_milli is not None and line.quantity_milli <= 0:
            raise DomainError(
                "The quantity is more than nothing; a return is told by its amount.", field="quantity"
            )
        bought = self._returned(line, *distributor)
        return Entry(
            id=0,
            distributor_id=line.distributor_id,
            product_id=line.product_id,
            document_number=document_of(line.document_number),
            line_no=line.line_no,
            purchased_on=line.purchased_on,
            amount_fen=line.amount_fen,
            quantity_milli=line.quantity_milli,
            returned=bought,
            codes=codes_of(line.codes),
            note=clean(line.note)[:200],
        )

    def _returned(self, line: Line, name: str, standing: Standing) -> Entry | None:
        """The line that this one returns; None for a purchase."""
        if line.returns is None:
            if line.amount_fen < 0:
                raise DomainError(NAMELESS, field="returns")
            if standing is Standing.ELIMINATED:
                raise eliminated(name)
            return None
        if line.amount_fen > 0:
            raise DomainError(
                "A return has a negative amount. Put a minus in front of it, or leave the returned line out.",
                field="amount",
            )
        bought = self.there.get(line.returns)
        if bought is None:
            raise DomainError(
                "There is no line %(line)s of %(document)s to return. Enter the purchase first.",
                field="returns",
                document=line.returns[0],
                line=line.returns[1],
            )
        if bought.amount_fen < 0:
            raise DomainError(
                "The line that is returned is a return itself. Name the purchase.", field="returns"
            )
        if bought.distributor_id != line.distributor_id or bought.product_id != line.product_id:
            raise DomainError(
                "The line that is returned is of another distributor or product. Name the right line.",
                field="returns",
            )
        if line.purchased_on < bought.purchased_on:
            raise DomainError(
                "A return is not before its purchase of %(day)s. Correct the date.",
                field="purchased_on",
                day=bought.purchased_on.isoformat(),
            )
        left = self.left[line.returns]
        if -line.amount_fen > left:
            raise DomainError(
                "Only %(left)s yuan of this line are left to return. Correct the amount, or name another line.",
                field="amount",
                left=figures(left),
            )
        return bought


def eliminated(name: str) -> DomainError:
    """Why a distributor does not buy any more."""
    return DomainError(
        "%(name)s was eliminated: only returns can be entered for it.", field="distributor", name=name
    )


def require_amount(fen: int) -> int:
    """The amount of a line, if it can be one."""
    if fen == 0:
        raise DomainError(
            "The amount is zero: there is nothing to enter. Leave the line out.", field="amount"
        )
    if abs(fen) > MOST_FEN:
        raise DomainError("The amount is larger than any purchase can be. Look at its unit.", field="amount")
    return fen


def require_day(on: date) -> date:
    """The day of a line, if it can be one: not to come, and not long ago."""
    if on > today():
        raise DomainError(
            "%(day)s is in the future. Enter the purchase once it has been made, or correct the date.",
            field="purchased_on",
            day=on.isoformat(),
        )
    if on < _EARLIEST:
        raise DomainError(
            "%(day)s lies before %(first)s. Correct the date.",
            field="purchased_on",
            day=on.isoformat(),
            first=_EARLIEST.isoformat(),
        )
    return on


def document_of(said: str) -> str:
    """A document's number as it is kept; DomainError for none, and for one that is too long."""
    text = half_width(clean(said))
    if not text:
        raise DomainError("Enter the number of the document.", field="document_number")
    if len(text) > 40:
        raise DomainError(
            "The number of the document has more than %(most)s characters.", field="document_number", most=40
        )
    return text


def codes_of(said: Sequence[str]) -> tuple[str, ...]:
    """Batch and box codes as they are kept and looked for: half-width capitals, each once."""
    codes = tuple(dict.fromkeys(code_of(code) for code in said if clean(code)))
    if len(codes) > MOST_CODES or any(len(code) > 60 for code in codes):
        raise DomainError(
            "A line carries at most %(most)s codes of 60 characters.", field="codes", most=MOST_CODES
        )
    return codes


def code_of(said: str) -> str:
    """One batch or box code as it is kept."""
    return half_width(clean(said)).upper()


def _parts(items: Collection[Item]) -> Iterator[list[Item]]:
    ordered = sorted(items)  # type: ignore[type-var]
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
