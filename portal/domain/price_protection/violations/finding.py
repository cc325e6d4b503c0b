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
    """The agreement of the accused: by its own number, or that of a distributor which was in force on a day.

    Of any office: goods that cross a territory are seen by the people of another one. What is ended or nowhere is one
    and the same refusal.
    """
    said = half_width(clean(typed)).upper()
    named: Sequence[Agreement] = session.scalars(
        sa.select(Agreement)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            Agreement.status.in_(IN_FORCE),
            Agreement.effective_on <= on,
            Agreement.ends_on >= on,
            sa.or_(
                sa.func.upper(Agreement.number) == said,
                Distributor.code_key == said,
                Distributor.name_key == name_key(clean(typed)),
            ),
        )
        .order_by(Agreement.effective_on.desc(), Agreement.id.desc())
    ).all()
    if not said or len({one.distributor_id for one in named}) != 1:
        raise DomainError(
            N_(
                "No such agreement was in force on this day. Type the whole number, code or registered name, and check"
                " the day."
            ),
            field=_FIELD,
        )
    return named[0]


def distributor(session: Session, typed: str) -> Distributor:
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
            N_("Type the whole code or the whole registered name, as the register has it."),
            field="reporter_distributor",
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
