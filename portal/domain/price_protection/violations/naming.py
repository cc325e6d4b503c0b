"""Who investigates a case: named by the office, and at work once they said that nothing ties them to it (6.2)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations import base, reporters
from portal.domain.price_protection.violations.models import Case, Investigator, State
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User

FEWEST = 2
_OPEN = (State.REPORTED, State.EXAMINED, State.OPENED, State.NOTIFIED)


def name_investigators(
    session: Session, vault: Vault, actor: User, case: Case, user_ids: Sequence[int]
) -> None:
    """Name who investigates, two at least; they, and nobody else, may see who reported (6.2) once they take it on.

    Until one has, anybody who investigates in the office may name them, afterwards one of them. Whoever names himself
    takes it on with that; of the others nothing is asked that would tell whose report it is.
    """
    base.hold(session, case, *_OPEN)
    base.require(actor, Permission.CASES_INVESTIGATE, case)
    if case.state is not State.REPORTED:
        reporters.require_named(case, actor)
    people = base.users(session, list(user_ids))
    if len(people) < FEWEST:
        raise DomainError(
            N_("Name at least two investigators: the second reads what the first writes."), field="people"
        )
    for one in people:
        if not one.can(Permission.CASES_INVESTIGATE, case.region):
            raise DomainError(
                N_("%(name)s may not investigate cases of this office."), field="people", name=one.name
            )
        if one.id == case.agreement.distributor.owner_id:
            raise DomainError(
                N_("%(name)s looks after this distributor and cannot investigate."),
                field="people",
                name=one.name,
            )
    wanted = {one.id for one in people}
    if actor.id in wanted:
        reporters.require_no_source(session, vault, case, actor)
    for known in case.investigators:
        known.left_at = None if known.user_id in wanted else (known.left_at or now())
    known_ids = {known.user_id for known in case.investigators}
    for one in people:
        if one.id not in known_ids:
            session.add(Investigator(case_id=case.id, user_id=one.id, named_by_id=actor.id))
    session.flush()
    session.expire(case, ["investigators"])
    if case.state is not State.REPORTED and not any(one.is_at_work for one in case.investigators):
        raise DomainError(
            N_("Stay named yourself until one of the others has taken the case on; then step aside."),
            field="people",
        )
    base.record(session, actor, case, "investigators_named", people=sorted(one.name for one in people))
    if case.is_asked(actor):
        take_on(session, vault, actor, case)


def take_on(session: Session, vault: Vault, actor: User, case: Case) -> None:
    """One of those named says that nothing ties them to the case, and investigates from now on (回避声明).

    Its own source is refused, and told so alone: to the others it looks as if no answer had come.
    """
    base.hold(session, case, *_OPEN)
    mine = next((one for one in case.investigators if one.user_id == actor.id and one.is_asked), None)
    if mine is None:
        case.moved_on()
    reporters.require_no_source(session, vault, case, actor)
    mine.taken_on_at = now()
    if case.state is State.REPORTED:
        case.move_to(State.EXAMINED)
    base.record(session, actor, case, "taken_on")
    session.flush()


def step_aside(session: Session, actor: User, case: Case) -> None:
    """One of those named leaves the case to others; no reason is asked, since a reason might say whose report it is."""
    base.hold(session, case, *_OPEN)
    mine = next((one for one in case.investigators if one.user_id == actor.id and one.left_at is None), None)
    if mine is None:
        case.moved_on()
    if mine.is_at_work and sum(one.is_at_work for one in case.investigators) == 1:
        raise DomainError(
            N_("Nobody else has taken this case on. Name others first; step aside once one has.")
        )
    mine.left_at = now()
    base.record(session, actor, case, "stepped_aside")
    session.flush()


def of_office(session: Session, case: Case) -> list[User]:
    """Who may be named: whoever investigates in this office, but for the owner of the account."""
    found = session.scalars(sa.select(User).where(User.deactivated_at.is_(None)).order_by(User.name, User.id))
    return [
        one
        for one in found
        if one.can(Permission.CASES_INVESTIGATE, case.region)
        and one.id != case.agreement.distributor.owner_id
    ]
