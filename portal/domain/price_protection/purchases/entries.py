"""A line on its way into the books: what it says, before and after it has its row."""

from dataclasses import dataclass
from datetime import date

from portal.domain.ledger.chain import facts
from portal.domain.price_protection.purchases.models import Unprotected

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class Entry:
    """A line that was found right; `id` is that of its row, 0 as long as it has none."""

    id: int
    distributor_id: int
    product_id: int
    document_number: str
    line_no: int
    purchased_on: date
    amount_fen: int
    quantity_milli: int | None
    returned: "Entry | None" = None
    returns_id: int | None = None
    unprotected: Unprotected | None = None
    codes: tuple[str, ...] = ()
    note: str = ""

    @property
    def key(self) -> Key:
        """What makes it once: document and line."""
        return self.document_number, self.line_no

    @property
    def facts(self) -> str:
        """The hash of what it says, as the ledger keeps it with what follows from it; equal to its row's."""
        return facts(
            self.document_number,
            self.line_no,
            self.distributor_id,
            self.product_id,
            self.purchased_on,
            self.quantity_milli,
            self.amount_fen,
            self.returns_id,
        )
