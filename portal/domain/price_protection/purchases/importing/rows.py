"""One row of a list of purchases: what it says, and what of it cannot be read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.distributors.naming import NameBook
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.rows import Draft, is_empty
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases import reading
from portal.domain.price_protection.purchases.checking import (
    NAMELESS,
    document_of,
    require_amount,
    require_day,
)
from portal.domain.price_protection.purchases.entries import Key, Line
from portal.domain.price_protection.purchases.importing.columns import SPEC
from portal.domain.tabular import Row, TableSheet
from portal.domain.text import clean, half_width
from portal.domain.users.models import User


class PurchaseDraft(Draft):
    """What a row says; a value that it lacks or that cannot be read is absent."""

    __slots__ = ()
    spec = SPEC
    dates = frozenset({"purchased_on"})

    @property
    def is_return(self) -> bool:
        """Whether it returns goods: it names a line, or its amount is negative."""
        return "returns_document" in self.values or self.values.get("amount", 0) < 0

    @property
    def code(self) -> str:
        """Document and line, as far as they could be read."""
        return "-".join(
            str(self.values[name]) for name in ("document_number", "line_no") if name in self.values
        )


def _text(said: str) -> str:
    return half_width(clean(said))


_READERS: dict[str, Callable[[Any], Any]] = {
    "document_number": document_of,
    "line_no": reading.line_no,
    "distributor_code": _text,
    "distributor": clean,
    "product_code": _text,
    "product": clean,
    "purchased_on": lambda said: require_day(reading.day_on(said)),
    "quantity": reading.quantity_milli,
    "amount": lambda said: require_amount(reading.bare_amount_fen(said)),
    "returns_document": document_of,
    "returns_line": reading.line_no,
    "note": clean,
}
_MISSING: dict[str, str] = {
    "document_number": N_("The document number is missing."),
    "line_no": N_("The line number is missing. Number the lines of each document from 1."),
    "purchased_on": N_("The date is missing."),
    "amount": N_("The amount is missing."),
}


def draft_of(sheet: TableSheet, row: Row, headings: Mapping[str, str]) -> PurchaseDraft:
    """Read a row; every reason against it is collected, so that it can be mended in one go."""
    draft = PurchaseDraft(row.sheet, row.number, headings)
    draft.read(sheet, row, _READERS, _MISSING)
    said = draft.values
    said["codes"] = tuple(
        code for cell in sheet.cells(row, "codes") if not is_empty(cell) for code in reading.codes(str(cell))
    )
    names = {"returns_document", "returns_line"}
    if len(names & said.keys()) == 1 and not draft.is_refused(*names):
        (lacks,) = names - said.keys()
        draft.refuse(
            lacks,
            DomainError(N_("A return names both the document and the line that it returns. Fill in both.")),
        )
    if said.get("amount", 0) < 0 and not names & said.keys() and not draft.is_refused("returns_document"):
        draft.refuse("returns_document", DomainError(NAMELESS))
    return draft


class Names:
    """Which distributor and which product the rows of a chunk mean; None of a name that stands for several."""

    def __init__(self, session: Session, actor: User | None) -> None:
        self._distributors = NameBook(session, actor, Permission.PURCHASES_IMPORT)
        self._products: dict[str, int] = {}
        self._product_names: dict[str, int | None] = {}
        self._product_called: dict[int, str] = {}
        for id_, code, name in session.execute(sa.select(Product.id, Product.code, Product.name)):
            self._products[_text(code).upper()] = id_
            self._product_called[id_] = f"{code} {name}"
            self._product_names[name] = None if name in self._product_names else id_

    def look_up(self, drafts: Iterable[PurchaseDraft]) -> None:
        """Read the distributors that these rows name and that are not known yet."""
        self._distributors.look_up([draft.values for draft in drafts])

    def line_of(self, draft: PurchaseDraft) -> Line | None:
        """The row as a line; None when something of it is refused."""
        distributor = self._one(draft, "distributor", self._distributors.find)
        if distributor is not None:
            draft.whom = self._distributors.names[distributor]
        product = self._one(draft, "product", self._product)
        if draft.refusals or distributor is None or product is None:
            return None
        said = draft.values
        returns: Key | None = None
        if "returns_document" in said:
            returns = said["returns_document"], said["returns_line"]
        return Line(
            document_number=said["document_number"],
            line_no=said["line_no"],
            distributor_id=distributor,
            product_id=product,
            purchased_on=said["purchased_on"],
            amount_fen=said["amount"],
            quantity_milli=said.get("quantity"),
            returns=returns,
            codes=said["codes"],
            note=said.get("note", ""),
        )

    def product_of(self, line: Line) -> str:
        """What the line is of, in words."""
        return self._product_called[line.product_id]

    def _one(self, draft: PurchaseDraft, name: str, find: Callable[[dict[str, Any]], int]) -> int | None:
        column = f"{name}_code" if f"{name}_code" in draft.values else name
        try:
            return find(draft.values)
        except DomainError as error:
            draft.refuse(column if draft.headings.get(column) else _other(draft, name), error)
            return None

    def _product(self, said: dict[str, Any]) -> int:
        code, name = said.get("product_code"), said.get("product")
        if code is None and name is None:
            raise DomainError(N_("The product is missing. Give its code."))
        if code is not None:
            found = self._products.get(code.upper())
            if found is None:
                raise DomainError(
                    N_("There is no product %(code)s. Check the code, or add the product first."), code=code
                )
            return found
        named = self._product_names.get(str(name))
        if named is None:
            raise DomainError(
                N_("There is not exactly one product called %(name)s. Give its code."), name=name
            )
        return named


def _other(draft: PurchaseDraft, name: str) -> str:
    """The column of the file that says whom or what a row is about."""
    return f"{name}_code" if draft.headings.get(f"{name}_code") else name
