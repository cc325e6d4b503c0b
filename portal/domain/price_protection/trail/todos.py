"""What waits for a user on the way of the originals, for the workbench: one line a kind of work, not one a paper."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.models import (
    PaperKind,
    PaperTrail,
    SealApplication,
    SealStatus,
    Stage,
)
from portal.domain.price_protection.trail.out import (
    count_not_back,
    first_out,
    is_not_back,
    joined,
    printed_at,
    withdrawn_at,
)
from portal.domain.price_protection.trail.reminders import reminders
from portal.domain.todos import Todo
from portal.domain.users.models import User

_GROUP = "trail"


def todos(session: Session, user: User) -> Iterator[Todo]:
    """Everything about seals, parcels and cabinets that waits for this user."""
    if user.can(Permission.SEALS_KEEP):
        yield from to_seal(session, user)
    if user.can(Permission.PAPERS_HANDLE):
        days = reminders(session)
        yield from on_the_way(session, user, days.owner_days)
        if user.can(Permission.AGREEMENTS_APPROVE):
            yield from long_out(session, user, days.manager_days)


def to_seal(session: Session, user: User) -> list[Todo]:
    """Seal applications of this keeper's offices that wait for a decision or for the seal, not the keeper's own."""
    rows = session.execute(
        sa.select(
            SealApplication.id,
            SealApplication.number,
            SealApplication.status,
            SealApplication.purpose,
            SealApplication.asked_at,
            User.name.label("by"),
        )
        .join(User, User.id == SealApplication.asked_by_id)
        .where(
            SealApplication.status.in_((SealStatus.ASKED, SealStatus.GRANTED)),
            SealApplication.region_id.in_(visible(user, Permission.SEALS_KEEP)),
            SealApplication.asked_by_id != user.id,
        )
        .order_by(SealApplication.asked_at)
    )
    return [
        Todo(
            kind=N_("Decide about a seal") if row.status is SealStatus.ASKED else N_("Seal papers"),
            title=N_("%(number)s %(purpose)s"),
            sub=N_("Asked for by %(by)s on %(day)s"),
            verb=N_("Review the application") if row.status is SealStatus.ASKED else N_("Seal them"),
            endpoint="papers.application",
            args={"id": row.id},
            params={
                "number": row.number,
                "purpose": row.purpose,
                "by": row.by,
                "day": row.asked_at.astimezone(CHINA).date().isoformat(),
            },
            due_on=row.asked_at.astimezone(CHINA).date() + timedelta(days=1),
            group=_GROUP,
        )
        for row in rows
    ]


def on_the_way(session: Session, user: User, limit: int) -> list[Todo]:
    """Originals of this user's accounts: sealed and not sent, out for too long, back and in no cabinet."""
    what = sa.case(
        (is_not_back(limit), Stage.SENT.value),
        (sa.and_(PaperTrail.stage == Stage.SEALED, withdrawn_at.is_(None)), Stage.SEALED.value),
        # Many a statement's answer comes on no paper of ours.
        (
            sa.and_(PaperTrail.stage == Stage.BACK, PaperTrail.kind != PaperKind.STATEMENT),
            Stage.BACK.value,
        ),
    )
    rows = session.execute(
        joined(
            sa.select(
                what.label("what"),
                sa.func.count().label("papers"),
                sa.func.min(PaperTrail.sealed_on).label("sealed_on"),
                sa.func.min(PaperTrail.sent_on).label("sent_on"),
                sa.func.min(printed_at).label("printed_at"),
                sa.func.min(PaperTrail.back_on).label("back_on"),
            )
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            Distributor.owner_id == user.id,
            Agreement.region_id.in_(visible(user, Permission.PAPERS_HANDLE)),
            PaperTrail.stage.in_((Stage.NONE, Stage.SENT, Stage.SEALED, Stage.BACK)),
        )
        .group_by("what")
    )
    found = {Stage(row.what): row for row in rows if row.what is not None}
    listed = []
    if (out := found.get(Stage.SENT)) and (since := first_out(out.sent_on, out.printed_at)):
        listed.append(
            Todo(
                kind=N_("Not back yet"),
                title=N_("%(count)s originals have been out for %(limit)s days and more"),
                sub=N_("The longest has been out for %(days)s days"),
                verb=N_("Ask after them"),
                endpoint="papers.out",
                args={"owner": user.id, "days": limit},
                params={"count": out.papers, "limit": limit, "days": (today() - since).days},
                due_on=since + timedelta(days=limit),
                group=_GROUP,
            )
        )
    for stage, kind, title, verb, day in (
        (Stage.SEALED, N_("Send originals"), N_("%(count)s sealed originals are to be sent"),
         N_("Pack"), "sealed_on"),
        (Stage.BACK, N_("File originals"), N_("%(count)s originals came back and are in no cabinet"),
         N_("File them"), "back_on"),
    ):  # fmt: skip
        if row := found.get(stage):
            since = getattr(row, day) or today()
            listed.append(
                Todo(
                    kind=kind,
                    title=title,
                    sub=N_("Since %(day)s"),
                    verb=verb,
                    endpoint="papers.index",
                    args={"stage": stage.value, "owner": user.id},
                    params={"count": row.papers, "day": since.isoformat()},
                    due_on=since + timedelta(days=7),
                    group=_GROUP,
                )
            )
    return listed


def long_out(session: Session, user: User, days: int) -> list[Todo]:
    """Other people's originals that have been out for so long that who approves in their region is told."""
    of_others = (
        Distributor.owner_id != user.id,
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_APPROVE)),
    )
    out = count_not_back(session, days, of_others)
    if out is None:
        return []
    return [
        Todo(
            kind=N_("Not back for long"),
            title=N_("%(count)s originals of %(owners)s owners have been out for more than %(limit)s days"),
            sub=N_("The longest has been out for %(days)s days"),
            verb=N_("See who owes what"),
            endpoint="papers.out",
            args={"days": days},
            params={
                "count": out.papers,
                "owners": out.owners,
                "limit": days,
                "days": (today() - out.since).days,
            },
            due_on=out.since + timedelta(days=days),
            group=_GROUP,
        )
    ]
