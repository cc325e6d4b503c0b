"""What a report names: the accused's agreement, a distributor, a product, found by what people type."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection import texts
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.models import Agreement, Product
from portal.domain.text import clean, half_width, name_key

_FIELD = "accused"


def kinds(session: Session) -> list[LibraryRow]:
    """Every kind of violation that some text knows, the newest text's words first."""
    found: dict[str, LibraryRow] = {}
    for edition in texts.agreement_editions(session):
        if not edition.paper.front.has_english:
            for row in edition.paper.library:
                found.setdefault(row.code, row)
    return list(found.values())


def agreement(session: Session, typed: str, on: date) -> Agreement:
    """The agreement of the accused: by its own number, or that of a distributor which was in force on a day."""
    number = half_width(clean(typed)).upper()
    found = session.scalar(sa.select(Agreement).where(sa.func.upper(Agreement.number) == number))
    if found is not None:
        return found
    accused = distributor(session, typed, field=_FIELD)
    signed: Sequence[Agreement] = session.scalars(
        sa.select(Agreement)
        .where(Agreement.distributor_id == accused.id, Agreement.status.in_(IN_FORCE))
        .order_by(Agreement.effective_on.desc())
    ).all()
    for one in signed:
        if one.effective_on <= on <= one.ends_on:
            return one
    raise DomainError(
        N_("%(name)s had no agreement in force on this day; without one there is no violation of it."),
        field=_FIELD,
        name=accused.name,
    )


def distributor(session: Session, typed: str, field: str = "reporter_distributor") -> Distributor:
    """The one distributor of this code or full name."""
    said = clean(typed)
    found = session.scalars(
        sa.select(Distributor)
        .where(
            sa.or_(Distributor.code_key == half_width(said).upper(), Distributor.name_key == name_key(said))
        )
        .limit(2)
    ).all()
    if len(found) != 1 or not said:
        raise DomainError(
            N_("Type the whole code or the whole registered name, as the register has it."), field=field
        )
    return found[0]


def product_id(session: Session, typed: str) -> int | None:
    """The id of the product of this code; None where none was typed."""
    code = half_width(clean(typed))
    if not code:
        return None
    found = session.scalar(sa.select(Product.id).where(sa.func.upper(Product.code) == code.upper()))
    if found is None:
        raise DomainError(N_("There is no product of this code."), field="product")
    return found
