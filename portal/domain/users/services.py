"""Making users, checking passwords, signing in and out."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from portal.db import now
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import phones
from portal.domain.users.models import Grant, SignIn, Throttle, User

MINIMUM_LENGTH = 12
SIGN_IN_HOURS = 12
# Of the fictional users that `flask demo` makes; shown on the sign-in page wherever they exist.
DEMO_PASSWORD = "demo-shili-2026"  # noqa: S105 - no secret: the page prints it
WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ACCOUNT = 8
ATTEMPTS_PER_ADDRESS = 60

_hasher = PasswordHasher()


@cache
def _dummy_hash() -> str:
    """A hash that no password matches, so that an unknown name takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe(24))


@cache
def _blocklist() -> frozenset[str]:
    text = files("portal.domain.users").joinpath("blocklist.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def generate_password() -> str:
    """A password that is read out over the telephone: four groups of four, no look-alikes, 78 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def check_password(password: str, *, username: str = "", name: str = "") -> None:
    """Refuse a password that is short or that many people would try first; there are no composition rules."""
    if len(password) < MINIMUM_LENGTH:
        raise DomainError("Use at least %(count)s characters.", field="password", count=MINIMUM_LENGTH)
    folded = "".join(password.casefold().split())
    bare = folded.strip("0123456789!@#$%^&*?.-_")
    personal = [part.casefold() for part in (username, name) if len(part) >= 2]
    if (
        folded in _blocklist()
        or bare in _blocklist()
        or len(set(folded)) < 5
        or any(folded.replace(part, "") == "" or len(folded.replace(part, "")) < 5 for part in personal)
    ):
        raise DomainError(
            "This password is too easy to guess. Choose another, for example four words.",
            field="password",
        )


def hash_password(password: str) -> str:
    """The argon2id hash; slow on purpose, so call it outside any transaction."""
    return _hasher.hash(password)


def normal_username(username: str) -> str:
    """The form in which a sign-in name is kept and compared."""
    return username.strip().casefold()


def add_user(
    session: Session,
    *,
    username: str,
    name: str,
    password_hash: str,
    grants: list[tuple[Role, Region]],
    by: User | None = None,
    is_demo: bool = False,
) -> User:
    """A new user with grants; raises DomainError when the name is empty or taken."""
    username = normal_username(username)
    if not username:
        raise DomainError("Enter a sign-in name for the user.", field="username")
    if session.scalar(sa.select(User.id).where(User.username == username)):
        raise DomainError(
            "The sign-in name %(username)s is taken. Choose another.", field="username", username=username
        )
    user = User(
        username=username,
        name=name.strip() or username,
        password_hash=password_hash,
        is_demo=is_demo,
        is_password_temporary=by is not None,
    )
    session.add(user)
    session.flush()
    for role, region in grants:
        session.add(
            Grant(user_id=user.id, role=role, region_id=region.id, granted_by_id=by.id if by else None)
        )
    session.flush()
    session.refresh(user, ["grants"])
    audit.record(
        session,
        by,
        "user.created",
        user,
        region_id=user.home.id if user.home else None,
        username=username,
        grants=[[role.value, region.name] for role, region in grants],
    )
    return user


def count_attempt(session: Session, username: str, address: str) -> int:
    """Count an attempt before its password is looked at, so that simultaneous guesses cannot slip through.

    Gives the minutes to wait, 0 when the attempt may go on; the same whether the account exists or not. The caller
    commits at once: a count that is rolled back counts nothing.
    """
    return _counted(
        session,
        {_account_key(username): ATTEMPTS_PER_ACCOUNT, _address_key(address): ATTEMPTS_PER_ADDRESS},
    )


def count_sent(session: Session, key: str, most: int, address: str) -> int:
    """Count something that anybody may send under a key, as attempts to sign in are counted; the same promises.

    An address is counted for itself here: whoever answers invitations keeps nobody from signing in.
    """
    return _counted(session, {key[:100]: most, f"sent:{address[:60]}": ATTEMPTS_PER_ADDRESS})


def _counted(session: Session, limits: Mapping[str, int]) -> int:
    moment = now()
    wait = 0
    for key, most in sorted(limits.items()):
        attempts, ends = _bump(session, key, moment)
        if attempts > most:
            wait = max(wait, 1, -(-int((ends - moment).total_seconds()) // 60))
    return wait


def _account_key(username: str) -> str:
    return "account:" + hashlib.sha256(normal_username(username).encode()).hexdigest()[:40]


def _address_key(address: str) -> str:
    return "address:" + address[:60]


def _bump(session: Session, key: str, moment: datetime) -> tuple[int, datetime]:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    expired = Throttle.window_ends_at <= moment
    statement = (
        insert(Throttle)
        .values(key=key, attempts=1, window_ends_at=moment + WINDOW)
        .on_conflict_do_update(
            index_elements=[Throttle.key],
            set_={
                "attempts": sa.case((expired, 1), else_=Throttle.attempts + 1),
                "window_ends_at": sa.case((expired, moment + WINDOW), else_=Throttle.window_ends_at),
            },
        )
        .returning(Throttle.attempts, Throttle.window_ends_at)
    )
    row = session.execute(statement).one()
    return row.attempts, row.window_ends_at


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time when there is no such user. Slow: outside transactions."""
    try:
        matched = _hasher.verify(password_hash or _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matched and password_hash is not None


def hash_of(session: Session, username: str) -> tuple[int, str] | None:
    """Id and password hash of the active user of this name."""
    row = session.execute(
        sa.select(User.id, User.password_hash).where(
            User.username == normal_username(username), User.deactivated_at.is_(None)
        )
    ).one_or_none()
    return (row.id, row.password_hash) if row else None


def begin_sign_in(session: Session, user: User, *, address: str) -> str:
    """Record a sign-in and give the token for the cookie; the account's throttle starts afresh."""
    token = secrets.token_urlsafe(32)
    moment = now()
    session.add(
        SignIn(
            token_hash=_token_hash(token),
            user_id=user.id,
            address=address[:60],
            began_at=moment,
            expires_at=moment + timedelta(hours=SIGN_IN_HOURS),
        )
    )
    session.execute(sa.delete(Throttle).where(Throttle.key == _account_key(user.username)))
    # A whole office may stand behind one address: who got in does not use up its attempts.
    session.execute(
        sa.update(Throttle)
        .where(Throttle.key == _address_key(address), Throttle.attempts > 0)
        .values(attempts=Throttle.attempts - 1)
    )
    return token


def signed_in(session: Session, token: str) -> User | None:
    """The user whose running sign-in this token is."""
    found = session.scalars(_RUNNING, {"token": _token_hash(token), "at": now()})
    return found.unique().one_or_none()


# Asked by every request: it stands, and brings the grants and their regions along.
_RUNNING = (
    sa.select(User)
    .join(SignIn, SignIn.user_id == User.id)
    .where(
        SignIn.token_hash == sa.bindparam("token"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > sa.bindparam("at", type_=SignIn.expires_at.type),
        User.deactivated_at.is_(None),
    )
    .options(joinedload(User.grants).joinedload(Grant.region, innerjoin=True))
)


def end_sign_in(session: Session, token: str) -> None:
    """End one sign-in: the cookie and every copy of it are worthless from now on."""
    session.execute(sa.update(SignIn).where(SignIn.token_hash == _token_hash(token)).values(ended_at=now()))


def end_all_sign_ins(session: Session, user: User) -> None:
    """End every running sign-in of this user (reset, deactivation)."""
    session.execute(
        sa.update(SignIn).where(SignIn.user_id == user.id, SignIn.ended_at.is_(None)).values(ended_at=now())
    )


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def demo_sign_ins(session: Session) -> list[User]:
    """The fictional users of the demo; empty wherever it was not loaded."""
    return list(
        session.scalars(sa.select(User).where(User.is_demo, User.deactivated_at.is_(None)).order_by(User.id))
    )


def has_demo(session: Session) -> bool:
    """Whether the demo was loaded here, with sign-ins that everybody knows."""
    return (
        session.scalar(sa.select(User.id).where(User.is_demo, User.deactivated_at.is_(None)).limit(1))
        is not None
    )


def phone_of(said: str) -> str:
    """A user's telephones as they are kept and printed; DomainError for what is no number or too much."""
    found = phones(said)
    for one in found:
        if not one.is_understood:
            raise DomainError(
                N_("This is no telephone number: %(text)s. Enter it with its area code."),
                "phone",
                text=one.display[:40],
            )
    kept = " / ".join(one.display for one in found)
    if len(kept) > 60:
        raise DomainError(N_("Enter two telephone numbers at most."), "phone")
    return kept


def set_phone(session: Session, user: User, said: str, *, by: User) -> None:
    """Keep where a user is reached; the trail says that it changed, not what it is."""
    kept = phone_of(said)
    if kept == user.phone:
        return
    user.phone = kept
    session.flush()
    audit.record(session, by, "user.phone_set", user, region_id=user.home.id if user.home else None)


def choose_language(session: Session, user: User, language: str) -> None:
    """Keep the user's own choice of language."""
    user.language = language
    session.flush()


def set_password(
    session: Session, user: User, password_hash: str, *, by: User | None, keep: str | None = None
) -> None:
    """Give the user a new password and end their sign-ins, but the one whose token is `keep`."""
    user.password_hash = password_hash
    user.is_password_temporary = by is not None and by.id != user.id
    statement = sa.update(SignIn).where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
    if keep is not None:
        statement = statement.where(SignIn.token_hash != _token_hash(keep))
    session.execute(statement.values(ended_at=now()))
    audit.record(session, by, "user.password_set", user, region_id=user.home.id if user.home else None)


def deactivate(session: Session, user: User, *, by: User | None) -> None:
    """End a user's time here: no sign-in works any more; what they wrote stays under their name."""
    user.deactivated_at = now()
    end_all_sign_ins(session, user)
    audit.record(session, by, "user.deactivated", user, region_id=user.home.id if user.home else None)
