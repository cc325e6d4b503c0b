"""The company's own texts while they are written: copied, saved, handed to another person, published (P8).

Who wrote a text never publishes it. What is published is a Template with its release, word for word, and never
changes; the next wording is the next version.
"""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.papers.characters import check_characters
from portal.domain.templates import checking, texts_in_work
from portal.domain.templates.checking import Finding
from portal.domain.templates.models import (
    Template,
    TemplateDraft,
    TemplateDraftStep,
    TemplateRelease,
    TextState,
)
from portal.domain.templates.pieces import with_front
from portal.domain.templates.services import Edition, is_shipped, release_template, sha256_of
from portal.domain.text import clean
from portal.domain.users.models import User

# Long enough for any agreement, short enough for a page.
TEXT_LIMIT = 200_000
_KEY = re.compile(r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")
_VERSION = re.compile(r"^(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$")


class Unfit(DomainError):
    """The text cannot be published yet: `findings` says line by line why."""

    def __init__(self, found: Sequence[Finding]) -> None:
        super().__init__(N_("The text is not ready yet. Correct what is listed, then submit it."))
        self.findings = list(found)


def suffix(base_key: str) -> str:
    """What the identifier of a text ends in: zh or bilingual, as that of the text it is made from."""
    return base_key.rsplit(".", 1)[-1]


def begin(
    session: Session, actor: User, origin: Edition, *, key: str, version: str, name: str
) -> TemplateDraft:
    """Copy an edition as a draft of the company's own text; the same key makes its next version.

    `key` is printed at the foot of every page. Raises DomainError naming the field.
    """
    _may_write(actor)
    name = clean(name)
    if not name:
        raise DomainError(N_("Enter what the company calls this text."), field="name")
    if len(name) > 30:
        raise DomainError(N_("The name has at most %(limit)s characters."), field="name", limit=30)
    check_characters(name, "name")
    key = _key(session, origin, key)
    check_version(session, key, version)
    text = with_front(
        origin.text, template=key, version=version, status="公司自有文本，经公司法务审定后方可签署"
    )
    made = TemplateDraft(
        key=key,
        version=version,
        base_key=origin.base_key,
        name=name,
        text=text,
        origin_key=origin.key,
        origin_version=origin.version,
        origin_text=origin.text,
        created_at=now(),
        updated_at=now(),
    )
    session.add(made)
    session.flush()
    _step(session, actor, made, "created", origin=f"{origin.key} {origin.version}")
    return made


def _key(session: Session, origin: Edition, typed: str) -> str:
    """The identifier as it is kept; that of another text is refused, and so is one that is in work."""
    key = clean(typed).lower()
    key = key.removesuffix(f".{suffix(origin.base_key)}")
    if not _KEY.match(key) or len(key) > 40:
        raise DomainError(
            N_(
                "The identifier has lower-case letters, digits and hyphens, 40 at most, and begins with a letter."
            ),
            field="key",
        )
    key = f"{key}.{suffix(origin.base_key)}"
    if is_shipped(key):
        raise DomainError(N_("A text that ships has this identifier. Choose one of your own."), field="key")
    base = session.scalar(sa.select(Template.base_key).where(Template.key == key).limit(1))
    if base is not None and base != origin.base_key:
        raise DomainError(N_("Another text of the company has this identifier."), field="key")
    in_work = session.scalar(
        sa.select(TemplateDraft).where(TemplateDraft.key == key, TemplateDraft.state.in_(texts_in_work.OPEN))
    )
    if in_work is not None:
        raise DomainError(
            N_("Version %(version)s of this text is in work already. Go on with it, or give it up first."),
            field="key",
            version=in_work.version,
        )
    return key


def check_version(session: Session, key: str, version: str) -> None:
    """Refuse a version that is none, or that is not above every published one of the text."""
    if not _VERSION.match(version):
        raise DomainError(N_("A version has three numbers, such as 1.0.0."), field="version")
    newest = max(
        (
            _numbers(known)
            for known in session.scalars(sa.select(Template.version).where(Template.key == key))
        ),
        default=None,
    )
    if newest is not None and _numbers(version) <= newest:
        raise DomainError(
            N_("The version must be above %(newest)s, which is published."),
            field="version",
            newest=".".join(map(str, newest)),
        )


def next_version(session: Session, key: str) -> str:
    """The version that a new draft of a text proposes: 1.0.0, later the next one of changed wording."""
    known = session.scalars(sa.select(Template.version).where(Template.key == key)).all()
    if not known:
        return "1.0.0"
    major, minor, _ = max(map(_numbers, known))
    return f"{major}.{minor + 1}.0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def save(
    session: Session,
    actor: User,
    draft: TemplateDraft,
    text: str,
    *,
    row_version: int,
    take_over: bool = False,
) -> TemplateDraft:
    """Keep the text of a draft, with whatever is wrong in it; Stale when somebody saved it meanwhile."""
    _may_write(actor)
    lock(session, draft)
    _in(draft, TextState.DRAFT)
    if draft.row_version != row_version and not take_over:
        raise Stale(N_("Somebody else saved this text after you opened it."))
    if len(text) > TEXT_LIMIT:
        raise DomainError(N_("The text is too long: at most %(limit)s characters."), limit=TEXT_LIMIT)
    if text != draft.text:
        draft.text, draft.updated_at = text, now()
        session.flush()
        _step(session, actor, draft, "saved")
    return draft


def findings(draft: TemplateDraft) -> list[Finding]:
    """What keeps the draft from being published."""
    return checking.findings(draft.text, draft.base_key)


def submit(session: Session, actor: User, draft: TemplateDraft, *, row_version: int) -> None:
    """Hand a draft over for publication; raises Unfit with everything that is wrong, line by line."""
    _may_write(actor)
    _hold(session, draft, row_version)
    _in(draft, TextState.DRAFT)
    check_version(session, draft.key, draft.version)
    if found := findings(draft):
        raise Unfit(found)
    _move(session, actor, draft, TextState.SUBMITTED, "submitted")


def take_back(session: Session, actor: User, draft: TemplateDraft) -> None:
    """Go on writing a text that was handed over; its writers may."""
    _may_write(actor)
    _hold(session, draft)
    _in(draft, TextState.SUBMITTED)
    if actor.id not in texts_in_work.writers(draft):
        raise DomainError(N_("Only who wrote the text takes it back; whoever reviews it sends it back."))
    _move(session, actor, draft, TextState.DRAFT, "taken_back")


def send_back(session: Session, actor: User, draft: TemplateDraft, *, reason: str) -> None:
    """Give a text back to its writers with a reason."""
    _may_release(actor)
    _hold(session, draft)
    _in(draft, TextState.SUBMITTED)
    _move(session, actor, draft, TextState.DRAFT, "sent_back", _reason(reason))


def discard(session: Session, actor: User, draft: TemplateDraft, *, reason: str) -> None:
    """Give a draft up; it is kept, and in nobody's way."""
    _may_write(actor)
    _hold(session, draft)
    if draft.state not in texts_in_work.OPEN:
        _moved_on()
    _move(session, actor, draft, TextState.DISCARDED, "discarded", _reason(reason))


def publish(
    session: Session, actor: User, draft: TemplateDraft, *, sha256: str, note: str
) -> TemplateRelease:
    """Release what another person wrote: `sha256` is that of the text that was read, `note` on whose word.

    From here on it is a text like those that ship, and never changes. Raises Unfit, or DomainError when the actor
    wrote in it, or when it is another text by now.
    """
    _may_release(actor)
    _hold(session, draft)
    _in(draft, TextState.SUBMITTED)
    if actor.id in texts_in_work.writers(draft):
        raise DomainError(N_("You wrote in this text; another person has to publish it."))
    if sha256_of(draft.text) != sha256:
        raise DomainError(N_("The text is no longer the one you read. Read it again before you release it."))
    check_version(session, draft.key, draft.version)
    if found := findings(draft):
        raise Unfit(found)
    made = Template(
        key=draft.key,
        version=draft.version,
        sha256=sha256,
        text=draft.text,
        stored_at=now(),
        base_key=draft.base_key,
        name=draft.name,
    )
    session.add(made)
    session.flush()
    release = release_template(session, actor, key=draft.key, version=draft.version, sha256=sha256, note=note)
    draft.template_id = made.id
    _move(session, actor, draft, TextState.RELEASED, "released", release.note)
    return release


def _may_write(actor: User) -> None:
    if not actor.can(Permission.TEMPLATES_WRITE):
        raise DomainError(N_("Only counsel and executives at head office write the company's own texts."))


def _may_release(actor: User) -> None:
    if not actor.can(Permission.TEMPLATES_RELEASE):
        raise DomainError(N_("Only counsel at head office publishes a text."))


def _hold(session: Session, draft: TemplateDraft, row_version: int | None = None) -> None:
    lock(session, draft)
    session.expire(draft, ["steps"])
    if row_version is not None and draft.row_version != row_version:
        raise Stale(N_("Somebody else saved this text after you opened it."))


def _in(draft: TemplateDraft, state: TextState) -> None:
    if draft.state is not state:
        _moved_on()


def _moved_on() -> None:
    raise DomainError(N_("This text has moved on in the meantime; this step is no longer possible."))


def _reason(reason: str) -> str:
    reason = clean(reason)
    if not reason:
        raise DomainError(N_("Enter the reason."), field="reason")
    if len(reason) > 500:
        raise DomainError(N_("The reason has at most %(limit)s characters."), field="reason", limit=500)
    return reason


def _move(
    session: Session, actor: User, draft: TemplateDraft, state: TextState, kind: str, note: str = ""
) -> None:
    draft.state, draft.updated_at = state, now()
    session.flush()
    _step(session, actor, draft, kind, note)


def _step(
    session: Session, actor: User, draft: TemplateDraft, kind: str, note: str = "", **params: str
) -> None:
    sha256 = sha256_of(draft.text)
    session.add(
        TemplateDraftStep(draft_id=draft.id, kind=kind, at=now(), by_id=actor.id, sha256=sha256, note=note)
    )
    said: dict[str, Any] = {**params, "reason": note} if note else dict(params)
    audit.record(
        session,
        actor,
        f"template_draft.{kind}",
        draft,
        key=draft.key,
        version=draft.version,
        sha256=sha256,
        **said,
    )
    session.flush()
    session.expire(draft, ["steps"])
