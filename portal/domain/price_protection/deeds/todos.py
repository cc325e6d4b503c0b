"""What waits for a user about amendments and notices of termination, for the workbench."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import CHINA
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.deeds import amending
from portal.domain.price_protection.deeds.base import AnyDeed, is_approver
from portal.domain.price_protection.models import OPEN, Agreement, Amendment, DeedStatus, Status, Termination
from portal.domain.todos import Todo
from portal.domain.users.models import User


def deed_todos(session: Session, user: User) -> Iterator[Todo]:
    """To review as counsel, to approve, to correct, to print, sign or send: whatever is this user's turn."""
    told: set[tuple[int, str]] = set()
    for kind in (Amendment, Termination):
        for deed in session.scalars(_open(kind, user)):
            change_id = deed.price_change_id if isinstance(deed, Amendment) else None
            for todo in _turn(deed, user):
                if change_id is None or todo.group != "approval":
                    yield todo
                elif (change_id, todo.kind) not in told:
                    # Those of one price change are decided on together, however many they are.
                    told.add((change_id, todo.kind))
                    yield replace(
                        todo,
                        title=N_("%(reason)s: the amendments of a price change"),
                        endpoint="agreements.price_change",
                        args={"change_id": change_id},
                    )


def _open(kind: type[Amendment] | type[Termination], user: User) -> sa.Select[Any]:
    """Those under way in this user's offices that may be its turn; none once their agreement was terminated."""
    may = [
        sa.and_(
            kind.status == DeedStatus.SUBMITTED,
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_APPROVE)),
        ),
        sa.and_(
            kind.status.in_((DeedStatus.DRAFT, DeedStatus.APPROVED)),
            sa.or_(kind.author_id == user.id, Distributor.owner_id == user.id),
        ),
    ]
    if user.can(Permission.TEMPLATES_RELEASE):
        may.append(kind.status == DeedStatus.SUBMITTED)
    statement: sa.Select[Any] = (
        sa.select(kind)
        .join(Agreement, Agreement.id == kind.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(kind.status.in_(OPEN), Agreement.status == Status.SIGNED, sa.or_(*may))
        .options(joinedload(kind.agreement).joinedload(Agreement.distributor))
        .order_by(kind.updated_at)
    )
    return statement


def _turn(deed: AnyDeed, user: User) -> Iterator[Todo]:
    is_amendment = isinstance(deed, Amendment)
    if deed.status is DeedStatus.SUBMITTED:
        if isinstance(deed, Amendment) and amending.awaits_counsel(deed):
            if user.can(Permission.TEMPLATES_RELEASE):
                yield _todo(deed, N_("Review an amendment"), N_("Review"), "approval")
        elif is_approver(user, deed):
            kind = N_("Approve an amendment") if is_amendment else N_("Approve a notice of termination")
            yield _todo(deed, kind, N_("Review and approve"), "approval")
    elif deed.status is DeedStatus.APPROVED:
        if is_amendment:
            yield _todo(deed, N_("Have an amendment signed"), N_("Print and sign"), "signature")
        else:
            yield _todo(deed, N_("Send a notice of termination"), N_("Print and send"), "signature")
    else:
        kind = N_("Amendment in draft") if is_amendment else N_("Notice of termination in draft")
        yield _todo(deed, kind, N_("Complete and submit"), "draft")


def _todo(deed: AnyDeed, kind: str, verb: str, group: str) -> Todo:
    return Todo(
        kind=kind,
        title=N_("%(number)s %(distributor)s"),
        sub=N_("%(reason)s, since %(day)s"),
        verb=verb,
        endpoint="agreements.deed",
        args={
            "id": deed.agreement_id,
            "what": "amendments" if isinstance(deed, Amendment) else "notices",
            "deed_id": deed.id,
        },
        params={
            "number": deed.title,
            "distributor": deed.agreement.distributor.name,
            "reason": deed.reason,
            "day": deed.updated_at.astimezone(CHINA).date().isoformat(),
        },
        due_on=_due(deed),
        group=group,
    )


def _due(deed: AnyDeed) -> date:
    """An amendment is signed before it counts; a notice leaves in time to arrive."""
    return deed.effective_on if isinstance(deed, Amendment) else deed.expected_on
