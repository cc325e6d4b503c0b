"""One row of a list of purchases: what it says, and what of it cannot be read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.importing.report import Refusal
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.price_protection.models import Product
from portal.domain.price_protection.purchases import reading
from portal.domain.price_protection.purchases.checking import NAMELESS, document_of
from portal.domain.price_protection.purchases.entries import Key, Line
from portal.domain.price_protection.purchases.importing.columns import SPEC
from portal.domain.tabular import Broken, Cell, Row, TableSheet
from portal.domain.text import clean, half_width
from portal.domain.users.models import User


@dataclass(slots=True)
class Draft:
    """What a row says; a value that it lacks or that cannot be read is absent."""

    sheet: str
    row: int
    values: dict[str, Any] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)

    def refuse(self, column: str, error: DomainError) -> None:
        """Note that a column of this row cannot be taken."""
        heading = self.headings.get(column) or Msgid(SPEC.column(column).title)
        name = str(self.values.get("distributor") or self.values.get("distributor_code") or "")
        self.refusals.append(Refusal(self.sheet, self.row, heading, error.msgid, dict(error.params), name))

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
    "purchased_on": reading.day_on,
    "quantity": reading.quantity_milli,
    "amount": reading.bare_amount_fen,
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


def draft_of(sheet: TableSheet, row: Row, headings: dict[str, str]) -> Draft:
    """Read a row; every reason against it is collected, so that it can be mended in one go."""
    draft = Draft(row.sheet, row.number, headings=headings)
    for name, read in _READERS.items():
        said = sheet.cells(row, name)
        if not said or _is_empty(said[0]):
            continue
        try:
            draft.values[name] = read(_said(said[0], name))
        except DomainError as error:
            draft.refuse(name, error)
            draft.values.pop(name, None)
    codes: list[str] = []
    for cell in sheet.cells(row, "codes"):
        if not _is_empty(cell):
            codes += reading.codes(str(cell))
    draft.values["codes"] = tuple(codes)
    refused = {refusal.column for refusal in draft.refusals}
    for name, why in _MISSING.items():
        if name not in draft.values and headings.get(name) not in refused:
            draft.refuse(name, DomainError(why))
    if ("returns_document" in draft.values) != ("returns_line" in draft.values) and not refused & {
        headings.get("returns_document"),
        headings.get("returns_line"),
    }:
        lacks = "returns_line" if "returns_document" in draft.values else "returns_document"
        draft.refuse(
            lacks,
            DomainError(N_("A return names both the document and the line that it returns. Fill in both.")),
        )
    names_none = not {"returns_document", "returns_line"} & draft.values.keys()
    if draft.values.get("amount", 0) < 0 and names_none and headings.get("returns_document") not in refused:
        draft.refuse("returns_document", DomainError(NAMELESS))
    return draft


def _is_empty(cell: Cell) -> bool:
    return cell.__class__ is not Broken and isinstance(cell, str) and cell.strip() in ("", "-", "—", "/")


def _said(cell: Cell, name: str) -> Any:
    """What a cell gives to its reader; DomainError for one without a value and for a date in another column."""
    if isinstance(cell, Broken):
        raise DomainError(cell.reason, **({"shown": str(cell)} if str(cell) else {}))
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date) and name != "purchased_on":
        return cell.isoformat()
    return cell


class Names:
    """Which distributor and which product the rows of a chunk mean; None of a name that stands for several."""

    def __init__(self, session: Session, actor: User | None) -> None:
        self._session, self._actor = session, actor
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, int | None] = {}
        self._products: dict[str, int] = {}
        self._product_names: dict[str, int | None] = {}
        for id_, code, name in session.execute(sa.select(Product.id, Product.code, Product.name)):
            self._products[_text(code).upper()] = id_
            self._product_names[name] = None if name in self._product_names else id_

    def look_up(self, drafts: Iterable[Draft]) -> None:
        """Read the distributors that these rows name and that are not known yet."""
        wanted = [draft.values for draft in drafts]
        codes = {code_key(said["distributor_code"]) for said in wanted if "distributor_code" in said}
        names = {said["distributor"] for said in wanted if "distributor" in said}
        self._read(Distributor.code_key, sorted(codes - self._by_code.keys()))
        self._read(Distributor.name, sorted(names - self._by_name.keys()))

    def _read(self, column: Any, wanted: Sequence[str]) -> None:
        for start in range(0, len(wanted), 500):
            statement = sa.select(Distributor.id, Distributor.code_key, Distributor.name).where(
                column.in_(wanted[start : start + 500])
            )
            if self._actor is not None:
                reach = visible(self._actor, Permission.PURCHASES_IMPORT)
                statement = statement.where(Distributor.region_id.in_(reach))
            for id_, code, name in self._session.execute(statement):
                self._by_code[code] = id_
                known = self._by_name.get(name, id_)
                self._by_name[name] = id_ if known == id_ else None

    def line_of(self, draft: Draft) -> Line | None:
        """The row as a line; None when something of it is refused."""
        distributor = self._one(draft, "distributor", self._distributor)
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

    def _one(self, draft: Draft, name: str, find: Callable[[dict[str, Any]], int]) -> int | None:
        column = f"{name}_code" if f"{name}_code" in draft.values else name
        try:
            return find(draft.values)
        except DomainError as error:
            draft.refuse(column if draft.headings.get(column) else _other(draft, name), error)
            return None

    def _distributor(self, said: dict[str, Any]) -> int:
        code, name = said.get("distributor_code"), said.get("distributor")
        if code is None and name is None:
            raise DomainError(N_("The distributor is missing. Give its code or its full name."))
        if code is not None:
            found = self._by_code.get(code_key(code))
            if found is None:
                raise DomainError(
                    N_(
                        "There is no distributor %(code)s in your offices. Check the code, or register it first."
                    ),
                    code=code,
                )
            if name is not None and self._by_name.get(name, found) not in (found, None):
                raise DomainError(
                    N_("%(code)s is not %(name)s: code and name mean two distributors. Correct one of them."),
                    code=code,
                    name=name,
                )
            return found
        found = self._by_name.get(str(name))
        if found is None:
            raise DomainError(
                N_("%(name)s stands for several distributors. Give the code.")
                if name in self._by_name
                else N_(
                    "There is no distributor called %(name)s in your offices. Write the full name, or give the code."
                ),
                name=name,
            )
        return found

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


def _other(draft: Draft, name: str) -> str:
    """The column of the file that says whom or what a row is about."""
    return f"{name}_code" if draft.headings.get(f"{name}_code") else name
