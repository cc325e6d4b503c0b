"""Deciding about the amendments of one price change as a list: counsel's review and the approval, as tasks (P1, P8).

A list is bound to what was shown, as that of a batch is: its digest is made of every amendment's hash, its exceptions
and some of the others, drawn by lot, are read, and each amendment is decided on by its own hash. What a decision leaves
out says why.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Run
from portal.domain.papers.deeds import deed_sha256
from portal.domain.price_protection.approval import Blocked, Printed
from portal.domain.price_protection.batches.approving import Pending, digest, needed
from portal.domain.price_protection.batches.tasks import refusal
from portal.domain.price_protection.deeds import amending, base, life, pricing
from portal.domain.price_protection.deeds.life import DeedRenderer, FrozenDeed
from portal.domain.price_protection.deeds.price_exceptions import Otherwise, exceptions
from portal.domain.price_protection.models import Amendment, AmendmentCheck, DeedStatus, PriceChange
from portal.domain.users.models import User

REVIEW, APPROVE = "agreements.price_change_review", "agreements.price_change_approve"


class Decision(StrEnum):
    """What somebody decides about the list."""

    REVIEW = "review"
    APPROVE = "approve"


_KINDS = {Decision.REVIEW: REVIEW, Decision.APPROVE: APPROVE}


@dataclass(frozen=True)
class Check:
    """An amendment that is to be read, whether it was as it stands, and its exceptions; without any it was drawn."""

    amendment: Amendment
    is_looked_at: bool
    exceptions: Sequence[Otherwise] = ()


def reviewable(session: Session, user: User, change: PriceChange) -> list[Amendment]:
    """The submitted amendments of a change that counsel has not read as they stand."""
    if not user.can(Permission.TEMPLATES_RELEASE):
        return []
    return [deed for deed in _submitted(session, user, change) if amending.awaits_counsel(deed)]


def approvable(session: Session, user: User, change: PriceChange) -> list[Amendment]:
    """The submitted amendments of a change that this user may approve and counsel does not hold up."""
    if not user.can(Permission.AGREEMENTS_APPROVE):
        return []
    return [
        deed
        for deed in _submitted(session, user, change)
        if base.is_approver(user, deed) and not amending.awaits_counsel(deed)
    ]


def pending(session: Session, user: User, change: PriceChange, decision: Decision) -> list[Amendment]:
    """What waits for this decision of this user, by the number of the agreement."""
    return (reviewable if decision is Decision.REVIEW else approvable)(session, user, change)


def _submitted(session: Session, user: User, change: PriceChange) -> Sequence[Amendment]:
    return session.scalars(
        pricing.amendments_of(user, change).where(Amendment.status == DeedStatus.SUBMITTED)
    ).all()


def seen(rows: Sequence[Amendment]) -> str:
    """The digest of a list as it was shown: every amendment with its own hash."""
    return digest([Pending(deed.id, deed.sha256, False, "") for deed in rows])


def checks(session: Session, user: User, rows: Sequence[Amendment]) -> list[Check]:
    """What of these amendments of one change this user reads: those with exceptions first, then those drawn by lot."""
    found = session.execute(
        sa.select(AmendmentCheck.amendment_id, AmendmentCheck.looked_sha256).where(
            AmendmentCheck.user_id == user.id, AmendmentCheck.amendment_id.in_([deed.id for deed in rows])
        )
    )
    looked: dict[int, str] = {row.amendment_id: row.looked_sha256 for row in found}
    others = exceptions(session, rows)
    known = [
        Check(deed, bool(deed.sha256) and looked.get(deed.id) == deed.sha256, others.get(deed.id, ()))
        for deed in rows
        if deed.id in looked or deed.id in others
    ]
    return sorted(known, key=lambda check: not check.exceptions)


def undrawn(rows: Sequence[Amendment], known: Sequence[Check]) -> int:
    """How many are still to be drawn: a share of those that say what the change says."""
    excepted = sum(bool(check.exceptions) for check in known)
    return max(0, needed(len(rows) - excepted) - (len(known) - excepted))


def open_checks(rows: Sequence[Amendment], known: Sequence[Check]) -> int:
    """How many amendments must still be read, drawn or not."""
    return undrawn(rows, known) + sum(not check.is_looked_at for check in known)


def draw(session: Session, actor: User, change: PriceChange, decision: Decision) -> int:
    """Draw what this user has to read besides the exceptions, by lot; how many were drawn now. The caller commits."""
    lock(session, change)
    rows = pending(session, actor, change, decision)
    known = checks(session, actor, rows)
    drawn = {check.amendment.id for check in known}
    others = [deed for deed in rows if deed.id not in drawn]
    chosen = secrets.SystemRandom().sample(others, undrawn(rows, known))
    session.add_all(
        AmendmentCheck(amendment_id=deed.id, user_id=actor.id, looked_sha256="") for deed in chosen
    )
    if chosen:
        numbers = [deed.title for deed in chosen]
        audit.record(
            session,
            actor,
            "price_change.checks_drawn",
            change,
            count=len(chosen),
            pending=len(rows),
            numbers=numbers,
        )
    session.flush()
    return len(chosen)


def check_of(session: Session, user: User, deed: Amendment) -> AmendmentCheck | None:
    """The spot check of an amendment that this user still decides on; None when it was neither drawn nor an exception.

    That of an exception that was not read before is not on record yet: `look` puts it there.
    """
    if deed.price_change_id is None or deed.status is not DeedStatus.SUBMITTED:
        return None
    drawn = session.scalar(
        sa.select(AmendmentCheck).where(
            AmendmentCheck.amendment_id == deed.id, AmendmentCheck.user_id == user.id
        )
    )
    if drawn is not None or not _decides(user, deed) or not exceptions(session, [deed]):
        return drawn
    return AmendmentCheck(amendment_id=deed.id, user_id=user.id, looked_sha256="")


def _decides(user: User, deed: Amendment) -> bool:
    """Whether a submitted amendment waits for this user."""
    if amending.awaits_counsel(deed):
        return user.can(Permission.TEMPLATES_RELEASE)
    return user.can(Permission.AGREEMENTS_APPROVE) and base.is_approver(user, deed)


def look(session: Session, actor: User, deed: Amendment, *, seen_sha256: str) -> None:
    """Put on record that this user read the amendment as it was shown; the caller commits."""
    base.hold(session, deed)
    check = check_of(session, actor, deed)
    if check is None:
        base.moved_on(deed)
    data = amending.data_of(session, deed)
    amending.keep_as_read(deed, data)
    if deed_sha256(data) != seen_sha256:
        raise DomainError(
            N_("%(number)s has changed since you opened it. Please read it again."), number=deed.title
        )
    check.looked_at, check.looked_sha256 = now(), seen_sha256
    session.add(check)
    audit.record(
        session,
        actor,
        "price_change.amendment_looked_at",
        deed,
        number=deed.title,
        payload_sha256=seen_sha256,
    )
    session.flush()


def ask(
    session: Session, actor: User, change: PriceChange, decision: Decision, *, shown: str, title: str
) -> Job:
    """Ask for this decision about every amendment that was shown; the caller commits and starts the task.

    `shown` is the digest of the list. Refused while a spot check is open, and when the list is another by now.
    """
    lock(session, change)
    rows = pending(session, actor, change, decision)
    if not rows or seen(rows) != shown:
        raise DomainError(N_("The list has changed since you opened it. Please read it again."))
    known = checks(session, actor, rows)
    missing = open_checks(rows, known)
    if missing:
        raise DomainError(
            N_("%(count)s spot checks are still open. Open and read them first."), count=missing
        )
    audit.record(
        session,
        actor,
        f"price_change.{decision.value}_asked",
        change,
        count=len(rows),
        list_sha256=shown,
        looked_at=[check.amendment.title for check in known],
    )
    return jobs.enqueue(
        session,
        actor,
        _KINDS[decision],
        title=title,
        total=len(rows),
        change_id=change.id,
        rows=[[deed.id, deed.sha256] for deed in rows],
    )


def review_all(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind REVIEW: each amendment is reviewed by the hash that was shown."""

    def one(deed: Amendment, sha256: str) -> int:
        if deed.counsel_sha256 != sha256:
            life.review(session, run.owner, deed, seen_sha256=sha256)
        return 0

    return _each(session, run, Permission.TEMPLATES_RELEASE, one)


def approve_all(session: Session, run: Run, render: DeedRenderer) -> dict[str, Any]:
    """Do a job of the kind APPROVE: one amendment after the other, each as a single approval would do it.

    `unsealed` counts the originals that should carry the electronic seal and do not; each one's history says why.
    """

    def one(deed: Amendment, sha256: str) -> int:
        if deed.status is DeedStatus.APPROVED and any(row.payload_sha256 == sha256 for row in deed.papers):
            return 0
        made: list[Printed] = []

        def kept(frozen: FrozenDeed) -> Printed:
            made.append(render(frozen))
            return made[-1]

        life.approve(session, run.owner, deed, seen_sha256=sha256, render=kept)
        return sum(1 for printed in made if printed.unsealed_because is not None)

    return _each(session, run, Permission.AGREEMENTS_APPROVE, one)


def _each(
    session: Session, run: Run, permission: Permission, work: Callable[[Amendment, str], int]
) -> dict[str, Any]:
    """Decide on each in a transaction of its own; what is refused keeps why, and what it says by now.

    `work` gives how many originals it made without the seal they should carry.
    """
    rows: list[tuple[int, str]] = [(deed_id, sha256) for deed_id, sha256 in run.params["rows"]]
    said = {name: sum(told.get(name, 0) for told in run.earlier) for name in ("made", "refused", "unsealed")}
    for done, (deed_id, sha256) in enumerate(rows[len(run.earlier) :], len(run.earlier) + 1):
        run.check_owner(permission)
        told = {"made": 1, "refused": 0, "unsealed": 0}
        try:
            told["unsealed"] = work(_deed(session, deed_id), sha256)
        except DomainError as error:
            session.rollback()
            _refuse(session, _deed(session, deed_id), error)
            told = {"made": 0, "refused": 1, "unsealed": 0}
        for name, count in told.items():
            said[name] += count
        if not run.step(told, done=done, total=len(rows)):
            break
    return {**said, "change_id": run.params["change_id"]}


def _deed(session: Session, deed_id: int) -> Amendment:
    deed = session.get(Amendment, deed_id)
    assert deed is not None
    return deed


def _refuse(session: Session, deed: Amendment, error: DomainError) -> None:
    base.hold(session, deed)
    first = error.problems[0] if isinstance(error, Blocked) else error
    deed.refusal = refusal(DomainError(first.msgid, **first.params))
    if deed.status is DeedStatus.SUBMITTED:
        amending.keep_as_read(deed, amending.data_of(session, deed))
