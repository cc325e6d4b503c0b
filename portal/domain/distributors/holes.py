"""What is not known yet of a distributor: what an agreement needs first, then what rounds off the picture (D1)."""

from dataclasses import dataclass

import sqlalchemy as sa

from portal.domain.distributors.facts import BY_NAME, LABELS
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from portal.domain.i18n import N_

# Without these an agreement cannot be printed.
NEEDED_TEXTS = ("uscc", "legal_rep", "address")
OTHER_TEXTS = ("bank_account_name", "bank_name", "bank_account", "email", "brands")
OTHER_NUMBERS = ("founded_on", "credit_days", "staff", "vehicles", "outlets")


@dataclass(frozen=True, slots=True)
class Hole:
    """One missing fact: its name, the msgid of its label, whether an agreement needs it."""

    name: str
    label: str
    is_needed: bool


def holes(distributor: Distributor) -> list[Hole]:
    """Every fact that is missing, those an agreement needs first."""
    needed = [name for name in NEEDED_TEXTS if not getattr(distributor, name)]
    people = distributor.people
    if not people:
        needed.append("contact")
    if not distributor.phones and not any(person.phone for person in people):
        needed.append("phones")
    others = ["territory_id"] if distributor.territory_id is None else []
    others += [name for name in OTHER_TEXTS if not getattr(distributor, name)]
    others += [name for name in OTHER_NUMBERS if getattr(distributor, name) is None]
    return [Hole(name, _label(name), True) for name in needed] + [
        Hole(name, _label(name), False) for name in others
    ]


def _label(name: str) -> str:
    if name == "contact":
        return N_("Contact")
    return BY_NAME[name].label if name in BY_NAME else LABELS[name]


def lacks_what_an_agreement_needs() -> sa.ColumnElement[bool]:
    """The same rule as a condition, for lists and counts: some fact that an agreement needs is missing."""
    person = sa.select(Contact.id).where(Contact.distributor_id == Distributor.id, Contact.ended_at.is_(None))
    number = sa.select(DistributorPhone.id).where(DistributorPhone.distributor_id == Distributor.id)
    return sa.or_(
        *(getattr(Distributor, name) == "" for name in NEEDED_TEXTS),
        ~person.exists(),
        ~sa.or_(number.exists(), person.where(Contact.phone != "").exists()),
    )
