"""Telling distributors of a policy: by their signature at the meeting or by a briefing afterwards, each once (M1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.policies.models import (
    AT_A_MEETING,
    Concerned,
    Policy,
    PolicyState,
    Showing,
    Telling,
    ToldHow,
    ToldWhat,
)
from portal.domain.meetings.policies.queries import CONCERNED, in_scope, is_standing, was_there
from portal.domain.text import clean
from portal.domain.users.models import User


@dataclass(frozen=True)
class Briefing:
    """How somebody who was absent was told: when, by what means, whom one spoke with."""

    how: ToldHow
    told_on: date
    spoke_with: str
    note: str = ""


def acknowledge(
    session: Session, actor: User, showing: Showing, ids: Collection[int] | None, how: ToldHow
) -> int:
    """Note who acknowledged a policy at the meeting, all who were there for `ids` None; returns how many are new.

    Only distributors of whom somebody came; the others are briefed. Who was told already stays as noted. The caller
    commits.
    """
    policy = lock(session, showing.policy)
    require_host(actor, showing.meeting)
    if how not in AT_A_MEETING:
        raise ValueError(how)
    _require_open(policy)
    if showing.presented_at is None:
        raise DomainError(N_("Note first when the policy was presented at this meeting."))
    statement = (
        sa.select(Concerned.id, Distributor.name)
        .join(Distributor, Distributor.id == Concerned.distributor_id)
        .where(
            Concerned.policy_id == policy.id,
            was_there(showing.meeting_id),
            ~sa.exists().where(Telling.concerned_id == Concerned.id, is_standing()).correlate(Concerned),
        )
    )
    if ids is not None:
        statement = statement.where(Distributor.id.in_(ids))
    found = session.execute(statement).all()
    if not found:
        return 0
    told_on = showing.presented_at.astimezone(CHINA).date()
    turns = _turns(session, [id_ for id_, _name in found])
    session.add_all(
        Telling(
            concerned_id=id_,
            turn=turns.get(id_, 0) + 1,
            what=ToldWhat.TOLD,
            how=how,
            told_on=told_on,
            showing_id=showing.id,
            noted_by_id=actor.id,
        )
        for id_, _name in found
    )
    session.flush()
    said = {"name": found[0].name} if len(found) == 1 else {"count": len(found)}
    audit.record(
        session, actor, "policy.acknowledged", policy, number=showing.meeting.number, how=how, **said
    )
    return len(found)


def brief(session: Session, actor: User, policy: Policy, distributor: Distributor, said: Briefing) -> Telling:
    """Note that a distributor was briefed; who became active since the policy was presented is listed by it.

    DomainError: it was told already, a day before the policy was presented or still to come, nobody is named.
    """
    lock(session, policy)
    require_briefer(actor, distributor)
    _require_open(policy)
    if said.how in AT_A_MEETING:
        raise ValueError(said.how)
    if policy.presented_at is None:
        raise DomainError(N_("The policy has not been presented yet. Brief whoever was absent afterwards."))
    presented_on = policy.presented_at.astimezone(CHINA).date()
    if not presented_on <= said.told_on <= today():
        raise DomainError(
            N_("Enter a day from %(first)s, when the policy was presented, until today."),
            "told_on",
            first=presented_on.isoformat(),
        )
    spoke_with = clean(said.spoke_with)[:40]
    if not spoke_with:
        raise DomainError(N_("Enter whom you spoke with."), "spoke_with")
    concerned = _listed(session, policy, distributor)
    known = _standing(session, concerned)
    if known is not None:
        raise DomainError(
            N_("%(name)s was told already: noted on %(day)s by %(who)s."),
            name=distributor.name,
            day=known.noted_at.astimezone(CHINA).date().isoformat(),
            who=known.noted_by.name,
        )
    made = Telling(
        concerned_id=concerned.id,
        turn=_turns(session, [concerned.id]).get(concerned.id, 0) + 1,
        what=ToldWhat.TOLD,
        how=said.how,
        told_on=said.told_on,
        noted_by_id=actor.id,
        spoke_with=spoke_with,
        note=clean(said.note)[:200],
    )
    session.add(made)
    session.flush()
    # Whom one spoke with stays out of the trail: the row keeps it, and can lose it.
    audit.record(
        session,
        actor,
        "policy.briefed",
        policy,
        name=distributor.name,
        how=said.how,
        told_on=said.told_on,
    )
    return made


def undo(session: Session, actor: User, policy: Policy, distributor: Distributor, reason: str) -> None:
    """Take back that a distributor was told, with a reason; not once the policy was released on the strength of it."""
    lock(session, policy)
    concerned = session.scalar(
        sa.select(Concerned).where(
            Concerned.policy_id == policy.id, Concerned.distributor_id == distributor.id
        )
    )
    known = _standing(session, concerned) if concerned is not None else None
    if concerned is None or known is None:
        raise DomainError(N_("Nothing is noted of %(name)s that could be undone."), name=distributor.name)
    if known.showing is not None:
        require_host(actor, known.showing.meeting)
    else:
        require_briefer(actor, distributor)
    _require_open(policy)
    if policy.state is PolicyState.RELEASED and not concerned.is_newcomer:
        raise DomainError(
            N_(
                "The policy was released because everybody had been told, so this stays. Withdraw the policy first."
            )
        )
    said = clean(reason)
    if len(said) < 4:
        raise DomainError(N_("Enter what the mistake was."), "reason")
    session.add(
        Telling(
            concerned_id=concerned.id,
            turn=known.turn,
            what=ToldWhat.UNDONE,
            noted_by_id=actor.id,
            reason=said[:200],
        )
    )
    session.flush()
    audit.record(session, actor, "policy.untold", policy, name=distributor.name, why=said[:200])


def erase(session: Session, actor: User, telling: Telling) -> None:
    """Erase whom somebody spoke with and what they noted; that the distributor was told stays on record."""
    lock(session, telling)
    require_briefer(actor, telling.concerned.distributor)
    if telling.erased_at is not None or not (telling.spoke_with or telling.note):
        return
    telling.spoke_with, telling.note, telling.erased_at = "", "", now()
    session.flush()
    audit.record(
        session,
        actor,
        "policy.name_erased",
        telling.concerned.policy,
        name=telling.concerned.distributor.name,
    )


def may_brief(user: User, distributor: Distributor) -> bool:
    """Whether the user briefs this distributor: the people of its office."""
    return user.can(Permission.MEETINGS_WRITE, distributor.region)


def require_briefer(actor: User, distributor: Distributor) -> None:
    """Refuse whoever does not deal with this distributor."""
    if not may_brief(actor, distributor):
        raise DomainError(N_("You do not brief %(name)s; its own office does."), name=distributor.name)


def _require_open(policy: Policy) -> None:
    if policy.state is PolicyState.WITHDRAWN:
        raise DomainError(N_("The policy was withdrawn, so nobody needs to be told of it any more."))


def _listed(session: Session, policy: Policy, distributor: Distributor) -> Concerned:
    found = session.scalar(
        sa.select(Concerned).where(
            Concerned.policy_id == policy.id, Concerned.distributor_id == distributor.id
        )
    )
    if found is not None:
        return found
    is_for_it = session.scalar(
        sa.select(Distributor.id).where(
            Distributor.id == distributor.id, Distributor.standing.in_(CONCERNED), in_scope(policy.id)
        )
    )
    if is_for_it is None:
        raise DomainError(N_("The policy does not concern %(name)s."), name=distributor.name)
    made = Concerned(policy_id=policy.id, distributor_id=distributor.id, is_newcomer=True)
    session.add(made)
    session.flush()
    return made


def _standing(session: Session, concerned: Concerned) -> Telling | None:
    return session.scalar(sa.select(Telling).where(Telling.concerned_id == concerned.id, is_standing()))


def _turns(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """How often each was told and this was undone."""
    rows = session.execute(
        sa.select(Telling.concerned_id, sa.func.count())
        .where(Telling.concerned_id.in_(ids), Telling.what == ToldWhat.UNDONE)
        .group_by(Telling.concerned_id)
    )
    return {id_: int(times) for id_, times in rows}
