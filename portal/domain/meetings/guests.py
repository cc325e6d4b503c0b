"""The people of a meeting: named in a reply, by hand or at the door; found by name, pinyin or telephone (M1)."""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.models import Guest, Invitation, Lodging, Meeting
from portal.domain.text import clean, half_width, pinyin

_NO_DIGIT = re.compile(r"\D+")
# So many are offered at the door; whoever is not among them types one letter more.
MOST_FOUND = 8


@dataclass(frozen=True)
class GuestFacts:
    """A person as somebody typed them."""

    name: str
    title: str = ""
    phone: str = ""
    lodging: Lodging = Lodging.NONE
    train: str = ""
    company: str = ""
    is_lady: bool | None = None


def add(
    session: Session,
    meeting: Meeting,
    facts: GuestFacts,
    *,
    invitation: Invitation | None = None,
    is_walk_in: bool = False,
    stands_in_for: Guest | None = None,
) -> Guest:
    """Add a person to a meeting; DomainError without a name."""
    name = clean(facts.name)[:40]
    if not name:
        raise DomainError(N_("Enter the name."), "name")
    made = Guest(
        meeting=meeting,
        invitation=invitation,
        company="" if invitation else clean(facts.company)[:100],
        name=name,
        is_walk_in=is_walk_in,
        stands_in_for_id=stands_in_for.id if stands_in_for else None,
    )
    renamed(made, facts)
    session.add(made)
    session.flush()
    return made


def renamed(guest: Guest, facts: GuestFacts) -> None:
    """Write down what is known of a person, and what they are found by."""
    sound = pinyin(facts.name)
    guest.sound, guest.initials = sound.full[:120], sound.initials[:40]
    guest.title, guest.phone = clean(facts.title)[:40], clean(facts.phone)[:60]
    guest.phone_tail = _NO_DIGIT.sub("", half_width(guest.phone))[-4:]
    guest.lodging, guest.train = facts.lodging, clean(facts.train)[:60]
    if facts.is_lady is not None:
        guest.is_lady = facts.is_lady


def like(meeting: Meeting, typed: str) -> sa.Select[Guest]:
    """Guests whose name, pinyin, initials or telephone begin or end so; those who are expected first."""
    words = (
        half_width(clean(typed)).lower().replace(" ", "").replace("%", "").replace("_", "").replace("'", "")
    )
    wanted = sa.or_(
        Guest.name.contains(words, autoescape=True),
        Guest.initials.startswith(words, autoescape=True),
        Guest.sound.startswith(words, autoescape=True),
        Guest.phone_tail == words[-4:] if words.isdigit() and len(words) >= 4 else sa.false(),
    )
    return (
        sa.select(Guest)
        .where(Guest.meeting_id == meeting.id, Guest.erased_at.is_(None), wanted if words else sa.false())
        .order_by(Guest.cancelled_at.is_not(None), Guest.sound, Guest.id)
        .limit(MOST_FOUND)
    )
