"""批号/箱码: who bought the goods that carry a code, when, and where they may be sold (P2)."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor, Territory
from portal.domain.price_protection.funds.cover import said_over_time
from portal.domain.price_protection.models import Agreement, Product
from portal.domain.price_protection.purchases.checking import code_of
from portal.domain.price_protection.purchases.models import Accrual, Purchase, PurchaseCode
from portal.domain.regions.models import Region
from portal.domain.users.models import User

MOST = 200
_SHORTEST = 3  # characters of a code to be completed


@dataclass(frozen=True)
class Traced:
    """A line whose goods carry the code; outside the asker's regions only the buyer's name, code and office (D1)."""

    distributor_code: str
    distributor: str
    office: str
    purchase_id: int | None = None
    document: str = ""
    purchased_on: date | None = None
    product: str = ""
    is_return: bool = False
    agreement_id: int | None = None
    agreement: str = ""
    territory: str = ""


def trace(session: Session, user: User, code: str) -> list[Traced]:
    """Where goods with this code went, the latest first; buyers of other offices once each, by name alone.

    The territory is the agreement's, in the words that were agreed for the day; where no agreement protects
    the line, that of the register.
    """
    wanted = code_of(code)
    if not wanted:
        return []
    is_open = Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ))
    rows = session.execute(
        sa.select(
            Purchase.id,
            Purchase.document_number,
            Purchase.line_no,
            Purchase.purchased_on,
            Purchase.returns_id,
            Product.name.label("product"),
            Distributor.code,
            Distributor.name,
            Region.name.label("office"),
            Territory.name.label("territory"),
            Agreement.id.label("agreement_id"),
            Agreement.number,
            is_open.label("is_open"),
        )
        .join(PurchaseCode, PurchaseCode.purchase_id == Purchase.id)
        .join(Product, Product.id == Purchase.product_id)
        .join(Distributor, Distributor.id == Purchase.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .join(Territory, Territory.id == Distributor.territory_id, isouter=True)
        .join(Accrual, Accrual.purchase_id == Purchase.id, isouter=True)
        .join(Agreement, Agreement.id == Accrual.agreement_id, isouter=True)
        .where(PurchaseCode.code == wanted)
        .order_by(is_open.desc(), Purchase.purchased_on.desc(), Purchase.id.desc())
        .limit(MOST)
    ).all()
    agreed = said_over_time(session, [row.agreement_id for row in rows if row.agreement_id and row.is_open])
    found: list[Traced] = []
    for row in rows:
        if not row.is_open:
            found.append(Traced(row.code, row.name, row.office))
            continue
        of_agreement = agreed.get(row.agreement_id or 0)
        said = of_agreement.on(row.purchased_on).get("territory_description") if of_agreement else None
        found.append(
            Traced(
                row.code,
                row.name,
                row.office,
                purchase_id=row.id,
                document=f"{row.document_number}-{row.line_no}",
                purchased_on=row.purchased_on,
                product=row.product,
                is_return=row.returns_id is not None,
                agreement_id=row.agreement_id,
                agreement=row.number or "",
                territory=str(said or row.territory or ""),
            )
        )
    return list(dict.fromkeys(found))


def beginning(session: Session, user: User, code: str, limit: int = 10) -> list[str]:
    """Codes of the asker's own offices that begin with what was typed, for a label that is torn or half read."""
    wanted = code_of(code)
    if len(wanted) < _SHORTEST:
        return []
    return list(
        session.scalars(
            sa.select(PurchaseCode.code)
            .join(Purchase, Purchase.id == PurchaseCode.purchase_id)
            .join(Distributor, Distributor.id == Purchase.distributor_id)
            .where(
                PurchaseCode.code.startswith(wanted, autoescape=True),
                Distributor.region_id.in_(visible(user, Permission.PURCHASES_READ)),
            )
            .distinct()
            .order_by(PurchaseCode.code)
            .limit(limit)
        )
    )
