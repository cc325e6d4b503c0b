"""The price rows of an agreement's form: adding, removing, proposing, and reading them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.blueprints.agreements.forms import AgreementForm, dress
from portal.db import today
from portal.domain.price_protection import products, queries
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.drafting import Entry, PriceEntry
from portal.domain.price_protection.models import PriceApproval, PriceKind
from portal.extensions import db
from portal.web.tables import as_id


def change_rows(form: AgreementForm, base: Entry, do: str) -> None:
    """What a row's button asked: `add-row`, `add-all` products with their prices, `remove-N`."""
    if do == "add-row":
        add_rows(form, base, 1)
    elif do == "add-all":
        known = {(row.product_id.data, row.kind.data) for row in form.prices if row.product_id.data}
        kept = [row.form.data for row in form.prices if row.product_id.data]
        new = [
            {"product_id": row.product.id, "kind": row.kind, "amount": row.amount_fen}
            for row in products.proposed_rows(db.session, form.effective_on.data)
            if (row.product.id, row.kind) not in known and (not row.kind.needs_approval or row.approval)
        ]
        _set_rows(form, [*kept, *new])
    elif (place := as_id(do.removeprefix("remove-"))) is not None:
        _set_rows(form, [row.form.data for no, row in enumerate(form.prices) if no != place])
    dress(form, queries.product_choices(db.session, besides=[row.product_id for row in base.prices]))


def _set_rows(form: AgreementForm, rows: list[dict[str, Any]]) -> None:
    while form.prices.entries:
        form.prices.pop_entry()
    for row in rows:
        form.prices.append_entry(row)
    if not rows:
        form.prices.append_entry()


def add_rows(form: AgreementForm, base: Entry, count: int) -> None:
    """Empty rows at the end, with the products to choose from; those of `base` stay on offer."""
    for _turn in range(count):
        form.prices.append_entry()
    dress(form, queries.product_choices(db.session, besides=[row.product_id for row in base.prices]))


def prices(form: AgreementForm) -> list[PriceEntry]:
    """The rows with a product; one without a price takes the one that the product proposes, if it has one."""
    rows = []
    for row in said_rows(form):
        fen = row.amount.data
        if fen is None and not row.amount.process_errors:
            fen = queries.proposed_price(db.session, row.product_id.data, row.kind.data)
        rows.append(PriceEntry(row.product_id.data, row.kind.data, fen or 0))
    return rows


@dataclass(frozen=True)
class Hint:
    """What stands beside a row's price: the product's default in fen, and counsel's approval where one is needed.

    `agreed` is what the agreement says so far, in fen: an amendment starts from that, not from the default.
    """

    fen: int | None
    needs_approval: bool
    approval: PriceApproval | None
    agreed: int | None = None


def hints(form: AgreementForm, agreed: Mapping[tuple[int, PriceKind], int] | None = None) -> dict[str, Hint]:
    """The hint of each row with a product, by the row's name."""
    rows = [row for row in said_rows(form) if isinstance(row.kind.data, PriceKind)]
    chosen = [PriceEntry(row.product_id.data, row.kind.data, 0) for row in rows]
    proposed = {
        (one.product_id, one.kind): one.amount_fen for one in queries.at_proposed_prices(db.session, chosen)
    }
    ids = {one.product_id for one in chosen if one.kind.needs_approval}
    approvals = valid_approvals(db.session, ids, form.effective_on.data or today()) if ids else {}
    return {
        row.name: Hint(
            proposed.get((one.product_id, one.kind)),
            one.kind.needs_approval,
            approvals.get((one.product_id, one.kind)),
            (agreed or {}).get((one.product_id, one.kind)),
        )
        for row, one in zip(rows, chosen, strict=True)
    }


def said_rows(form: AgreementForm) -> list[Any]:
    """The rows in which a product is chosen."""
    return [row for row in form.prices if row.product_id.data]
