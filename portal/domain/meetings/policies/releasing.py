"""A policy takes effect once everybody concerned was told; it ends by a later one or by being withdrawn (M1)."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.policies.drafting import may_replace, move
from portal.domain.meetings.policies.models import Concerned, Policy, PolicyState, Showing, Telling
from portal.domain.meetings.policies.queries import GONE, is_standing, was_there
from portal.domain.text import clean
from portal.domain.users.models import User

_NAMED = 3


def release(session: Session, actor: User, policy: Policy, effective_on: date) -> None:
    """Let a policy take effect from this day on, which may be today but not before. The caller commits.

    DomainError names who was not told yet: the policy binds nobody before everybody knows it. What it replaces ends
    on that day.
    """
    lock(session, policy)
    if not may_release(actor, policy):
        raise DomainError(
            N_("You release no policies for %(office)s. Ask its manager to do it."), office=policy.region.name
        )
    if policy.state is not PolicyState.PRESENTED:
        raise DomainError(
            N_("Only a policy that was presented and has not been released yet can take effect."),
        )
    missing = _missing(session, policy)
    if missing:
        names = "、".join(missing[:_NAMED]) + ("…" if len(missing) > _NAMED else "")
        raise DomainError(
            N_(
                "%(count)s distributors were not told yet: %(names)s. Note their signatures or brief them, then release"
                " the policy."
            ),
            count=len(missing),
            names=names,
        )
    left = _left_without_arrival(session, policy)
    if left:
        raise DomainError(
            N_(
                "Of %(names)s it was noted at the meeting that they were told, but that they came was taken back since."
                " Undo what was noted, and brief them."
            ),
            names="、".join(left[:_NAMED]) + ("…" if len(left) > _NAMED else ""),
        )
    if effective_on < today():
        raise DomainError(
            N_("A policy does not take effect before the day on which it is released. Enter today or later."),
            "effective_on",
        )
    replaced = _replaced(session, policy, effective_on)
    move(policy, PolicyState.RELEASED)
    policy.effective_on, policy.released_at, policy.released_by_id = effective_on, now(), actor.id
    session.flush()
    audit.record(session, actor, "policy.released", policy, effective_on=effective_on)
    if replaced is not None:
        replaced.superseded_on = effective_on
        session.flush()
        audit.record(
            session, actor, "policy.superseded", replaced, number=policy.number, effective_on=effective_on
        )


def withdraw(session: Session, actor: User, policy: Policy, reason: str) -> None:
    """End a policy, in whatever state, with a reason; what it was to replace goes on if that day has not come yet."""
    lock(session, policy)
    if not may_withdraw(actor, policy):
        raise DomainError(
            N_("You withdraw no policies for %(office)s. Ask its manager to do it."),
            office=policy.region.name,
        )
    said = clean(reason)
    if len(said) < 4:
        raise DomainError(N_("Enter why the policy is withdrawn: distributors ask."), "reason")
    day = today()
    if policy.superseded_on is not None and policy.superseded_on <= day:
        raise DomainError(N_("Another policy has taken its place already."))
    move(policy, PolicyState.WITHDRAWN)
    policy.withdrawn_at, policy.withdrawn_by_id, policy.withdrawn_reason = now(), actor.id, said[:200]
    if policy.effective_on is not None and policy.effective_on > day and policy.replaces is not None:
        replaced = lock(session, policy.replaces)
        # Whatever was to follow this one follows that one instead.
        replaced.superseded_on = policy.superseded_on
        audit.record(session, actor, "policy.goes_on", replaced, number=policy.number)
    session.flush()
    audit.record(session, actor, "policy.withdrawn", policy, why=said[:200])


def may_release(user: User, policy: Policy) -> bool:
    """Whether the user lets policies of this office take effect."""
    return user.can(Permission.POLICIES_RELEASE, policy.region)


def may_withdraw(user: User, policy: Policy) -> bool:
    """Whether the user may end it: who writes its office's policies, once released who releases them."""
    needed = (
        Permission.POLICIES_RELEASE if policy.state is PolicyState.RELEASED else Permission.MEETINGS_WRITE
    )
    return policy.state is not PolicyState.WITHDRAWN and user.can(needed, policy.region)


def _replaced(session: Session, policy: Policy, effective_on: date) -> Policy | None:
    if policy.replaces is None:
        return None
    replaced = lock(session, policy.replaces)
    if replaced.state is not PolicyState.RELEASED:
        raise DomainError(
            N_(
                "%(number)s, which it replaces, is not in force any more. Withdraw this draft and write it anew."
            ),
            number=replaced.number,
        )
    if replaced.superseded_on is not None:
        raise DomainError(
            N_("Another policy replaces %(number)s already. Withdraw this draft and write it anew."),
            number=replaced.number,
        )
    if not may_replace(replaced, policy.region, [scope.region for scope in policy.scopes]):
        raise DomainError(N_("A policy is replaced by one of its own office, for all its offices."))
    if replaced.effective_on is not None and replaced.effective_on > effective_on:
        raise DomainError(
            N_("%(number)s, which it replaces, takes effect only later. Enter its first day or a later one."),
            "effective_on",
            number=replaced.number,
        )
    return replaced


def _left_without_arrival(session: Session, policy: Policy) -> list[str]:
    """Whose acknowledgement at a meeting rests on an arrival that does not stand any more, by name."""
    return list(
        session.scalars(
            sa.select(Distributor.name)
            .join(Concerned, Concerned.distributor_id == Distributor.id)
            .join(Telling, Telling.concerned_id == Concerned.id)
            .join(Showing, Showing.id == Telling.showing_id)
            .where(
                Concerned.policy_id == policy.id,
                Distributor.standing.not_in(GONE),
                is_standing(),
                ~was_there(Showing.meeting_id),
            )
            .order_by(Distributor.name_key)
        )
    )


def _missing(session: Session, policy: Policy) -> list[str]:
    """Who holds it up, by name: listed when it was presented, not told, and still a distributor of ours."""
    return list(
        session.scalars(
            sa.select(Distributor.name)
            .join(Concerned, Concerned.distributor_id == Distributor.id)
            .where(
                Concerned.policy_id == policy.id,
                Concerned.is_newcomer.is_(False),
                Distributor.standing.not_in(GONE),
                ~sa.exists().where(Telling.concerned_id == Concerned.id, is_standing()).correlate(Concerned),
            )
            .order_by(Distributor.name_key)
        )
    )
