"""Who may sign in and what they may do, as administrators keep it: within their own part of the tree only."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.queries import visible, within
from portal.domain.access.roles import Permission, Role
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.characters import check_characters
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users import services as users
from portal.domain.users.models import Grant, SignIn, User


@dataclass(frozen=True)
class UserFilter:
    """What a list is narrowed to; `state` is "active", "deactivated" or empty for both."""

    q: str = ""
    region_id: int | None = None
    role: Role | None = None
    state: str = ""


SORTS = {"name": User.name, "username": User.username, "created": User.created_at}


class AccountsOwned(DomainError):
    """A user who still answers for accounts cannot go (D6); `count` of them, `user_id` owns them."""


def users_visible_to(actor: User) -> sa.Select[User]:
    """Users with a grant in the administrator's part of the tree; who has none is the head office's."""
    within = sa.select(Grant.user_id).where(Grant.region_id.in_(visible(actor, Permission.USERS_MANAGE)))
    condition: sa.ColumnElement[bool] = User.id.in_(within)
    if _is_at_root(actor):
        condition = sa.or_(condition, ~User.id.in_(sa.select(Grant.user_id)))
    return sa.select(User).where(condition)


def narrowed(statement: sa.Select[User], wanted: UserFilter) -> sa.Select[User]:
    """The statement with the filter's conditions; a region stands for its whole subtree."""
    for part in wanted.q.split():
        like = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(
            sa.or_(User.name.ilike(like, escape="\\"), User.username.ilike(like, escape="\\"))
        )
    if wanted.region_id is not None:
        held = sa.select(Grant.user_id).where(Grant.region_id.in_(within(wanted.region_id)))
        statement = statement.where(User.id.in_(held))
    if wanted.role is not None:
        statement = statement.where(User.id.in_(sa.select(Grant.user_id).where(Grant.role == wanted.role)))
    if wanted.state == "active":
        statement = statement.where(User.deactivated_at.is_(None))
    elif wanted.state == "deactivated":
        statement = statement.where(User.deactivated_at.is_not(None))
    return statement


def is_managed_by(user: User, actor: User) -> bool:
    """Whether the whole user is the administrator's to keep: every grant within the administrator's part."""
    if not user.grants:
        return _is_at_root(actor)
    return all(actor.can(Permission.USERS_MANAGE, grant.region) for grant in user.grants)


def accounts_owned(session: Session, user: User) -> int:
    """How many distributors this user answers for, in all regions (D6)."""
    return (
        session.scalar(
            sa.select(sa.func.count()).select_from(Distributor).where(Distributor.owner_id == user.id)
        )
        or 0
    )


def last_sign_in(session: Session, user: User) -> SignIn | None:
    """The latest time the user came in."""
    return session.scalar(
        sa.select(SignIn).where(SignIn.user_id == user.id).order_by(SignIn.began_at.desc()).limit(1)
    )


def create_user(
    session: Session,
    actor: User,
    *,
    username: str,
    name: str,
    password_hash: str,
    grants: Sequence[tuple[Role, Region]],
    phone: str = "",
) -> User:
    """A new user with grants in the administrator's part; the password is to be replaced by its owner."""
    if not grants:
        raise DomainError(N_("Choose a role and an office for the user."), field="role")
    for _role, region in grants:
        _require_within(actor, region)
    made = users.add_user(
        session,
        username=_username(username),
        name=_name(name),
        password_hash=password_hash,
        grants=list(grants),
        by=actor,
    )
    users.set_phone(session, made, phone, by=actor)
    return made


def edit_user(
    session: Session, actor: User, user: User, *, username: str, name: str, phone: str | None = None
) -> None:
    """Change the names and the telephone; the sign-in name stays one of a kind."""
    _require_managed(actor, user)
    lock(session, user)
    username, name = users.normal_username(_username(username)), _name(name)
    taken = sa.select(User.id).where(User.username == username, User.id != user.id)
    if session.scalar(taken) is not None:
        raise DomainError(
            N_("The sign-in name %(username)s is taken. Choose another."), field="username", username=username
        )
    differing = audit.changes(
        {"username": user.username, "name": user.name}, {"username": username, "name": name}
    )
    if differing:
        user.username, user.name = username, name
        session.flush()
        _record(session, actor, "user.edited", user, changes=differing)
    if phone is not None:
        users.set_phone(session, user, phone, by=actor)


def grant(session: Session, actor: User, user: User, role: Role, region: Region) -> Grant:
    """Give a role in a region's subtree, within the administrator's own; nobody raises himself."""
    _refuse_self(actor, user)
    _require_within(actor, region)
    lock(session, user)
    if any(held.role is role and held.region_id == region.id for held in user.grants):
        raise DomainError(N_("The user already has this role there."), field="role")
    given = Grant(user_id=user.id, role=role, region_id=region.id, granted_at=now(), granted_by_id=actor.id)
    session.add(given)
    session.flush()
    session.refresh(user, ["grants"])
    _record(
        session,
        actor,
        "user.granted",
        user,
        region_id=region.id,
        role=role.value,
        region=region.code,
        office=region.name,
    )
    return given


def revoke(session: Session, actor: User, user: User, held: Grant) -> None:
    """Take a role back; the last administrator of the whole keeps theirs."""
    _refuse_self(actor, user)
    _require_within(actor, held.region)
    _hold_administrators(session)
    if held.role is Role.ADMINISTRATOR and held.region.parent_id is None:
        _refuse_last(session, user)
    role, region = held.role, held.region
    user.grants.remove(held)
    session.delete(held)
    session.flush()
    session.refresh(user, ["grants"])
    _record(
        session,
        actor,
        "user.revoked",
        user,
        region_id=region.id,
        role=role.value,
        region=region.code,
        office=region.name,
    )


def reset_password(session: Session, actor: User, user: User, password_hash: str) -> None:
    """Give another user a first password and end their sign-ins; its owner is to replace it."""
    _refuse_self(actor, user)
    _require_managed(actor, user)
    lock(session, user)
    users.set_password(session, user, password_hash, by=actor)


def deactivate(session: Session, actor: User, user: User) -> None:
    """End a user's time here and all sign-ins; refused while they answer for accounts (D6).

    Nobody deactivates himself, and the last administrator of the whole stays.
    """
    _refuse_self(actor, user)
    _require_managed(actor, user)
    _hold_administrators(session)
    lock(session, user)
    if not user.is_active:
        raise DomainError(N_("This user has already been deactivated."))
    _refuse_last(session, user)
    owned = accounts_owned(session, user)
    if owned:
        raise AccountsOwned(
            N_("%(name)s is still responsible for %(count)s distributors. Hand them over first."),
            name=user.name,
            count=owned,
        )
    users.deactivate(session, user, by=actor)


def reactivate(session: Session, actor: User, user: User) -> None:
    """Let a user in again, with the grants they had; the old password holds until it is reset."""
    _require_managed(actor, user)
    lock(session, user)
    if user.is_active:
        raise DomainError(N_("This user is already active."))
    user.deactivated_at = None
    _record(session, actor, "user.reactivated", user)


def _is_at_root(actor: User) -> bool:
    return any(
        held.allows(Permission.USERS_MANAGE) and held.region.parent_id is None for held in actor.grants
    )


def _require_within(actor: User, region: Region) -> None:
    if not actor.can(Permission.USERS_MANAGE, region):
        raise DomainError(
            N_("%(region)s is not in your part of the organisation."), field="region_id", region=region.name
        )


def _require_managed(actor: User, user: User) -> None:
    if not is_managed_by(user, actor):
        raise DomainError(
            N_(
                "%(name)s also has roles outside your part of the organisation; ask an administrator above you."
            ),
            name=user.name,
        )


def _refuse_self(actor: User, user: User) -> None:
    if actor.id == user.id:
        raise DomainError(N_("Another administrator must do this for you."))


def _hold_administrators(session: Session) -> None:
    """Two administrators cannot remove each other at once: the second waits and sees the first's work."""
    lock(session, regions.head_office(session))


def _refuse_last(session: Session, user: User) -> None:
    others = session.scalar(
        sa.select(sa.func.count(sa.distinct(User.id)))
        .join(Grant, Grant.user_id == User.id)
        .join(Region, Region.id == Grant.region_id)
        .where(
            Grant.role == Role.ADMINISTRATOR,
            Region.parent_id.is_(None),
            User.deactivated_at.is_(None),
            User.id != user.id,
        )
    )
    holds = any(held.role is Role.ADMINISTRATOR and held.region.parent_id is None for held in user.grants)
    if holds and not others:
        raise DomainError(N_("%(name)s is the last administrator of the whole company."), name=user.name)


def _username(username: str) -> str:
    username = half_width(clean(username))
    if not username:
        raise DomainError(N_("Enter a sign-in name for the user."), field="username")
    if len(username) > 60 or any(character.isspace() for character in username):
        raise DomainError(N_("A sign-in name has no spaces and at most 60 characters."), field="username")
    return username


def _name(name: str) -> str:
    name = clean(name)
    if not name:
        raise DomainError(N_("Enter the user's name as it appears on documents."), field="name")
    if len(name) > 40:
        raise DomainError(N_("Use at most %(limit)s characters."), field="name", limit=40)
    check_characters(name, field="name")
    return name


def _record(
    session: Session,
    actor: User,
    action: str,
    user: User,
    *,
    region_id: int | None = None,
    **params: object,
) -> None:
    home = user.home
    audit.record(session, actor, action, user, region_id=region_id or (home.id if home else None), **params)
