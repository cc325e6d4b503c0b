"""The annexes of an amended agreement: what was entered, checked, and the rows that the paper shows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.asked_once import once
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.fill import is_empty, validate
from portal.domain.papers.model import LibraryRow
from portal.domain.papers.values import Raw, day
from portal.domain.price_protection import texts
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.entries import PriceEntry, ViolationEntry
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPrice,
    Amendment,
    PriceKind,
    Product,
)
from portal.domain.price_protection.payload import price_row


def products_of(session: Session, rows: Sequence[PriceEntry]) -> dict[int, Product]:
    """The products of these rows of annex 1, as far as there are such."""
    ids = frozenset(row.product_id for row in rows)

    def find() -> dict[int, Product]:
        return {row.id: row for row in session.scalars(sa.select(Product).where(Product.id.in_(ids)))}

    return once(session, ("products of annex 1", ids), find)


def checked_prices(session: Session, rows: Sequence[PriceEntry]) -> list[PriceEntry]:
    """The rows of annex 1 as entered; refused where the database or the paper would refuse them."""
    known = products_of(session, rows)
    seen: set[tuple[int, PriceKind]] = set()
    for no, row in enumerate(rows):
        if row.product_id not in known:
            raise DomainError("Choose a product from the list.", field=f"prices-{no}-product_id")
        if row.amount_fen <= 0:
            raise DomainError(
                "Enter the price: the product has no default of this kind.", field=f"prices-{no}-amount"
            )
        if (row.product_id, row.kind) in seen:
            raise DomainError(
                "A product is in the list twice with the same kind of price.",
                field=f"prices-{no}-product_id",
            )
        seen.add((row.product_id, row.kind))
    return list(rows)


def kinds(
    session: Session, agreement: Agreement, agreed: Sequence[Mapping[str, Raw | None]]
) -> list[LibraryRow]:
    """The kinds of violation that an amendment chooses from, in the order of counsel's list.

    What is agreed stands in the words that were agreed, also where counsel's list has it no more: it stays until the
    parties take it out. A new one is taken from the list of today.
    """
    known = {
        str(row["code"]): LibraryRow(
            code=str(row["code"]),
            kind=str(row["kind"]),
            definition=str(row["definition"]),
            share_ppm=int(row["share"] or 0),
            is_enabled=True,
            needs_approval=bool(row.get("needs_approval")),
            kind_en=str(row.get("kind_en") or ""),
            definition_en=str(row.get("definition_en") or ""),
        )
        for row in agreed
    }
    listed = [known.pop(row.code, row) for row in texts.kinds(session, agreement.template)]
    return [*listed, *known.values()]


def checked_violations(
    session: Session,
    agreement: Agreement,
    agreed: Sequence[Mapping[str, Raw | None]],
    rows: Sequence[ViolationEntry],
) -> dict[str, int]:
    """The shares by kind of violation, in the order of counsel's list."""
    chosen = {row.code: int(validate("violation.share", row.share_ppm)) for row in rows}
    library = [row.code for row in kinds(session, agreement, agreed)]
    for code in chosen:
        if code not in library:
            raise DomainError(
                "The template has no violation of the kind %(code)s.", field="violations", code=code
            )
    return {code: chosen[code] for code in library if code in chosen}


def price_entries(data: AgreementPaperData) -> list[PriceEntry]:
    """Annex 1 of a payload as entries."""
    return [
        PriceEntry(
            int(row["product_id"] or 0), PriceKind(str(row["kind_code"])), int(row["amount_figures"] or 0)
        )
        for row in data["prices"]
    ]


def new_prices(
    session: Session,
    amendment: Amendment,
    old: list[dict[str, Raw | None]],
    wanted: Sequence[PriceEntry],
) -> list[dict[str, Raw | None]]:
    """Annex 1 as it shall read: what stays keeps its words and its approval, the rest is taken from the register."""
    known = {(row["product_id"], row["kind_code"], row["amount_figures"]): row for row in old}
    ids = [row.product_id for row in wanted]
    approvals = valid_approvals(session, ids, amendment.effective_on)
    products = products_of(session, wanted)
    rows = []
    for row in wanted:
        same = known.get((row.product_id, row.kind.value, row.amount_fen))
        if same is None:
            made = AgreementPrice(
                product_id=row.product_id,
                product=products[row.product_id],
                kind=row.kind,
                amount_fen=row.amount_fen,
            )
            same = price_row(made, approvals)
        rows.append(same)
    return rows


def new_violations(
    session: Session, agreement: Agreement, old: list[dict[str, Raw | None]], wanted: Iterable[ViolationEntry]
) -> list[dict[str, Raw | None]]:
    """Annex 2 as it shall read; kinds that stay keep their words.

    One that a draft meant to add and that left counsel's list since is not in it; `kinds_gone` names it.
    """
    known = {row["code"]: row for row in old}
    choice = {row.code: row for row in kinds(session, agreement, old)}
    rows: list[dict[str, Raw | None]] = []
    for row in wanted:
        if row.code in known:
            rows.append({**known[row.code], "share": row.share_ppm})
        elif (source := choice.get(row.code)) is not None:
            rows.append(
                {
                    "code": source.code,
                    "kind": source.kind,
                    "kind_en": source.kind_en,
                    "definition": source.definition,
                    "definition_en": source.definition_en,
                    "share": row.share_ppm,
                    "needs_approval": source.needs_approval,
                }
            )
    return rows


def kinds_gone(
    session: Session, later: AgreementPaperData, wanted: Iterable[ViolationEntry] | None
) -> list[str]:
    """The names of kinds that a draft meant to add and that counsel's list has no more."""
    there = {row["code"] for row in later["violations"]}
    return [texts.kind_name(session, row.code) for row in wanted or () if row.code not in there]


def approvals_named(before: AgreementPaperData, later: AgreementPaperData) -> str | None:
    """The approvals of the prices that are new or others, each once (S 2.2)."""
    known = [dict(row) for row in before["prices"]]
    named = (
        f"{row['approval_number']}，至{day(date.fromisoformat(str(row['approval_expires_on'])))}"
        for row in later["prices"]
        if row not in known and not is_empty(row.get("approval_number"))
    )
    return "；".join(dict.fromkeys(named)) or None
