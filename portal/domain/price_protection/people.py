"""Who has to do with an agreement: its pens, its submitter, who may approve it, and with whom it lies (P1)."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.models import Agreement, AgreementEvent, AgreementWriter
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User


def is_mine(user: User) -> sa.ColumnElement[bool]:
    """Whether an agreement, joined with its distributor, is of this user's accounts or pen."""
    return sa.and_(
        sa.or_(Agreement.author_id == user.id, Distributor.owner_id == user.id),
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
    )


def last_turn() -> sa.ScalarSelect[str]:
    """The kind of the last step that said with whom an agreement lies."""
    turns = ("created", "submitted", "sent_back", "withdrawn", "approved", "approval_withdrawn")
    return (
        sa.select(AgreementEvent.kind)
        .where(AgreementEvent.agreement_id == Agreement.id, AgreementEvent.kind.in_(turns))
        .order_by(AgreementEvent.id.desc())
        .limit(1)
        .correlate(Agreement)
        .scalar_subquery()
    )


def last_submitter() -> sa.ScalarSelect[int | None]:
    """Who handed an agreement over the last time."""
    return (
        sa.select(AgreementEvent.by_id)
        .where(AgreementEvent.agreement_id == Agreement.id, AgreementEvent.kind == "submitted")
        .order_by(AgreementEvent.id.desc())
        .limit(1)
        .correlate(Agreement)
        .scalar_subquery()
    )


def submitter_of(agreement: Agreement) -> sa.Select[int | None]:
    """The same of one agreement."""
    return (
        sa.select(AgreementEvent.by_id)
        .where(AgreementEvent.agreement_id == agreement.id, AgreementEvent.kind == "submitted")
        .order_by(AgreementEvent.id.desc())
        .limit(1)
    )


def is_written_by(user: User) -> sa.ColumnElement[bool]:
    """Whether an agreement's terms are this user's words, if only one of them; it does not approve them then."""
    return sa.or_(
        Agreement.author_id == user.id,
        sa.exists()
        .where(AgreementWriter.agreement_id == Agreement.id, AgreementWriter.user_id == user.id)
        .correlate(Agreement),
    )


def writers(session: Session, agreement: Agreement) -> dict[int, str]:
    """Names of those who wrote in an agreement's terms, its author included, by id."""
    wrote = sa.select(AgreementWriter.user_id).where(AgreementWriter.agreement_id == agreement.id)
    return names_of(session, sa.or_(User.id == agreement.author_id, User.id.in_(wrote)))


def names_of(session: Session, which: sa.ColumnElement[bool]) -> dict[int, str]:
    """Names of some users, by id."""
    rows = session.execute(sa.select(User.id, User.name).where(which).order_by(User.name))
    return {row.id: row.name for row in rows}


def approvers(session: Session, agreement: Agreement, *, besides: Iterable[int] | None = None) -> list[str]:
    """Names of those who may approve this agreement: the nearest office's first.

    Never who wrote in its terms or submitted it; with `besides` it is these that it never is, as for its deeds.
    """
    if besides is None:
        wrote = sa.select(AgreementWriter.user_id).where(AgreementWriter.agreement_id == agreement.id)
        apart = [
            User.id != agreement.author_id,
            User.id.not_in(wrote),
            User.id.is_distinct_from(submitter_of(agreement).scalar_subquery()),
        ]
    else:
        apart = [User.id.not_in(list(besides))]
    roles = [role for role, given in ROLE_PERMISSIONS.items() if Permission.AGREEMENTS_APPROVE in given]
    rows = session.execute(
        sa.select(User.name, sa.func.max(Region.path).label("office"))
        .join(Grant, Grant.user_id == User.id)
        .join(Region, Region.id == Grant.region_id)
        .where(
            Grant.role.in_(roles),
            Region.id.in_(agreement.region.ancestor_ids()),
            User.deactivated_at.is_(None),
            *apart,
        )
        .group_by(User.id, User.name)
        .order_by(sa.desc("office"), User.name)
    )
    return [row.name for row in rows]
