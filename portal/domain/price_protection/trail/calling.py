"""Whom to phone about what is not back: a distributor's contact and one telephone number."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.defaults import number_of, primary_contact


@dataclass(frozen=True, slots=True)
class Call:
    """Who answers, and on which number; either may be missing in the register."""

    contact: str = ""
    phone: str = ""


NOBODY = Call()


def calls(session: Session, distributors: Iterable[int]) -> dict[int, Call]:
    """Contact and number of each distributor; three questions, however many they are."""
    found = session.scalars(
        sa.select(Distributor)
        .where(Distributor.id.in_(set(distributors)))
        .options(selectinload(Distributor.contacts), selectinload(Distributor.phones))
    )
    known = {}
    for distributor in found:
        contact = primary_contact(distributor)
        known[distributor.id] = Call(contact.name if contact else "", number_of(distributor, contact))
    return known
