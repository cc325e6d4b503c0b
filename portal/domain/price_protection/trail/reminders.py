"""After how many days an original that is out is asked after: its owner first, the managers later (P1b)."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.users.models import User

SETTING = "paper_trail.reminders"
MOST_DAYS = 365


@dataclass(frozen=True)
class Reminders:
    """Days since the sending."""

    owner_days: int = 10
    manager_days: int = 30


def reminders(session: Session) -> Reminders:
    """The days that hold: the company's, else 10 and 30."""
    said = settings.own_values(session, regions.head_office(session)).get(SETTING)
    if not isinstance(said, dict):
        return Reminders()
    return Reminders(int(said["owner_days"]), int(said["manager_days"]))


def change_reminders(session: Session, actor: User | None, new: Reminders) -> bool:
    """Remind after so many days; False when it is so already. Managers are told no earlier than owners."""
    office = regions.head_office(session)
    lock(session, office)
    for field, days in (("owner_days", new.owner_days), ("manager_days", new.manager_days)):
        if not 1 <= days <= MOST_DAYS:
            raise DomainError("Enter 1 to %(most)s days.", field=field, most=MOST_DAYS)
    if new.manager_days < new.owner_days:
        raise DomainError(
            "Managers are told after the owner: at least %(days)s days.",
            field="manager_days",
            days=new.owner_days,
        )
    old = reminders(session)
    if new == old:
        return False
    is_usual = new == Reminders()
    settings.keep(session, actor, office, SETTING, None if is_usual else dict(vars(new)))
    audit.record(
        session,
        actor,
        "settings.reminders_changed",
        office,
        region_id=office.id,
        changes={name: [getattr(old, name), getattr(new, name)] for name in vars(new)},
    )
    return True
