"""What every step of a case begins with: its row locked and in step with the calendar, its people checked."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations import reporters
from portal.domain.price_protection.violations.deadlines import standing
from portal.domain.price_protection.violations.models import Case, State
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.text import clean
from portal.domain.users.models import User

_NOT_FREE = N_(
    "You cannot decide in this case: whoever took part in it or looks after the account leaves that to somebody else."
)


def hold(session: Session, case: Case, *allowed: State) -> None:
    """Lock the case, read it afresh and refuse a step that it, or the calendar, has left behind.

    A deadline that passed binds before its effect is booked: neither what it forbids nor what follows it is done now.
    Only a decision that nobody appealed may go on, to be set aside.
    """
    lock(session, case)
    if not allowed:
        return
    stands = standing(case, today())
    if stands.state not in allowed or case.state not in allowed:
        case.moved_on()
    if stands.lapsed_on is not None and stands.state is not State.EFFECTIVE:
        case.moved_on()


def require(actor: User, permission: Permission, case: Case) -> None:
    """Refuse whoever lacks a permission in the case's office."""
    if not actor.can(permission, case.region):
        raise DomainError(N_("You may not do this for cases of this office."))


def is_free_to_decide(session: Session, vault: Vault, actor: User, case: Case) -> bool:
    """Whether this user is none of those who must not decide: investigator, reporter, owner of the account (7.4)."""
    return not (
        takes_part(actor, case) or reporters.is_reporter(reporters.unsealed(session, vault, case), actor)
    )


def takes_part(user: User, case: Case) -> bool:
    """Whether this user must not decide for a reason that everybody may know: investigator, or owner of the account."""
    return (
        any(one.user_id == user.id for one in case.investigators)
        or case.agreement.distributor.owner_id == user.id
    )


def require_free(session: Session, vault: Vault, actor: User, case: Case) -> None:
    """Refuse whoever must not decide, in words that tell none of the reasons from another.

    Of oneself only: asked of somebody else, the refusal would say whose report it is.
    """
    if not is_free_to_decide(session, vault, actor, case):
        raise DomainError(_NOT_FREE)


def record(session: Session, actor: User | None, case: Case, what: str, **params: Any) -> None:
    """Write a step into the audit trail, which is the case's timeline as well; nothing sealed gets into it."""
    audit.record(session, actor, f"case.{what}", case, number=case.number, **params)


def text(said: str, limit: int, field: str, *, is_needed: bool = True) -> str:
    """A text in one line without a full stop at its end; refused when it is missing or too long."""
    found = clean(" ".join(said.split())).rstrip("。")
    if is_needed and not found:
        raise DomainError(N_("Fill in this field."), field=field)
    if len(found) > limit:
        raise DomainError(N_("At most %(limit)s characters fit here."), field=field, limit=limit)
    reporters.check_words([found])
    return found


def day(said: date, earliest: date | None, field: str, msgid: str) -> date:
    """A day that has come and is not before another; DomainError with `msgid`, which is given the day."""
    if said > today():
        raise DomainError(N_("This day is in the future."), field=field)
    if earliest is not None and said < earliest:
        raise DomainError(msgid, field=field, day=earliest.isoformat())
    return said


def users(session: Session, ids: list[int]) -> list[User]:
    """These users, in the order of their ids; DomainError when one is not there or has left."""
    found = list(session.scalars(sa.select(User).where(User.id.in_(set(ids))).order_by(User.id)))
    if len(found) != len(set(ids)) or not all(one.is_active for one in found):
        raise DomainError(N_("Choose people who still work here."), field="people")
    return found
