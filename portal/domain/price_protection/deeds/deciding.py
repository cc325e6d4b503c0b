"""Deciding about the amendments of one price change together: counsel's review, and approval as a task (P1, P8).

Each amendment is bound to its own hash, as it would be alone: nothing is decided that the list did not show.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Run
from portal.domain.papers.deeds import DeedData, deed_sha256
from portal.domain.price_protection.approval import Blocked
from portal.domain.price_protection.deeds import amending, amendment_checks, base, life, pricing
from portal.domain.price_protection.deeds.life import DeedRenderer
from portal.domain.price_protection.models import Amendment, DeedStatus, PriceChange
from portal.domain.users.models import User

APPROVE = "agreements.price_change_approve"


def reviewable(session: Session, user: User, change: PriceChange) -> list[tuple[Amendment, DeedData]]:
    """The submitted amendments of a change that counsel has not read as they stand."""
    if not user.can(Permission.TEMPLATES_RELEASE):
        return []
    return [
        (deed, data)
        for deed, data in _submitted(session, user, change)
        if amendment_checks.is_waiting_for_counsel(deed, data)
    ]


def approvable(session: Session, user: User, change: PriceChange) -> list[tuple[Amendment, DeedData]]:
    """The submitted amendments of a change that this user may approve and counsel does not hold up."""
    return [
        (deed, data)
        for deed, data in _submitted(session, user, change)
        if base.is_approver(user, deed) and not amendment_checks.is_waiting_for_counsel(deed, data)
    ]


def _submitted(session: Session, user: User, change: PriceChange) -> list[tuple[Amendment, DeedData]]:
    waiting = pricing.amendments_of(user, change).where(Amendment.status == DeedStatus.SUBMITTED)
    return [(deed, amending.data_of(session, deed)) for deed in session.scalars(waiting)]


def hashes(rows: Sequence[tuple[Amendment, DeedData]]) -> dict[str, str]:
    """What a list shows, by the amendments' ids: each one's hash."""
    return {str(deed.id): deed_sha256(data) for deed, data in rows}


def review_all(session: Session, actor: User, change: PriceChange, seen: Mapping[str, str]) -> int:
    """Record counsel's review of every amendment that was shown; the caller commits. Gives how many."""
    rows = reviewable(session, actor, change)
    _require_as_seen(hashes(rows), seen)
    for deed, data in rows:
        life.review(session, actor, deed, seen_sha256=deed_sha256(data))
    return len(rows)


def ask_approval(
    session: Session, actor: User, change: PriceChange, seen: Mapping[str, str], *, title: str
) -> Job:
    """Ask for the approval of every amendment that was shown, as a task; the caller commits and starts it."""
    _require_as_seen(hashes(approvable(session, actor, change)), seen)
    return jobs.enqueue(
        session, actor, APPROVE, title=title, total=len(seen), change_id=change.id, seen=dict(seen)
    )


def _require_as_seen(now: Mapping[str, str], seen: Mapping[str, str]) -> None:
    if not seen or dict(now) != dict(seen):
        raise DomainError(N_("The list has changed since you opened it. Please read it again."))


def approve_all(session: Session, run: Run, render: DeedRenderer) -> dict[str, Any]:
    """Do a job of the kind APPROVE: one amendment after the other, each as a single approval would do it."""
    seen: dict[str, str] = run.params["seen"]
    counts = {"made": 0, "refused": list[list[Any]]()}
    for told in run.earlier:
        counts["made"] += told["made"]
        counts["refused"] += told["refused"]
    ids = sorted(int(one) for one in seen)
    for done, deed_id in enumerate(ids[len(run.earlier) :], len(run.earlier) + 1):
        run.check_owner(Permission.AGREEMENTS_APPROVE)
        told = _approved(session, run.owner, deed_id, seen[str(deed_id)], render)
        counts["made"] += told["made"]
        counts["refused"] += told["refused"]
        if not run.step(told, done=done, total=len(ids)):
            break
    return {**counts, "change_id": run.params["change_id"]}


def _approved(
    session: Session, owner: User, deed_id: int, sha256: str, render: DeedRenderer
) -> dict[str, Any]:
    deed = session.get(Amendment, deed_id)
    assert deed is not None
    title = deed.title
    if deed.status is DeedStatus.APPROVED and any(paper.payload_sha256 == sha256 for paper in deed.papers):
        return {"made": 1, "refused": []}
    try:
        life.approve(session, owner, deed, seen_sha256=sha256, render=render)
    except DomainError as error:
        session.rollback()
        first = error.problems[0] if isinstance(error, Blocked) else error
        params = {name: str(value) for name, value in first.params.items()}
        return {"made": 0, "refused": [[deed_id, title, first.msgid, params]]}
    return {"made": 1, "refused": []}
