"""The texts of papers, and counsel's release of them (P8).

A text ships with the portal and is kept in the database from its first use on: same key and version, same
text, for ever. A release is a record of key, version and sha256 of what counsel read.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from portal.db import lock, now
from portal.domain import papers
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.fill import placeholder
from portal.domain.papers.model import Paper, plain
from portal.domain.papers.parse import parse
from portal.domain.templates.models import Template, TemplateOffer, TemplateRelease
from portal.domain.text import clean
from portal.domain.users.models import User

TEXTS = Path(papers.__file__).parent / "texts"
SHIPPED = frozenset(path.stem for path in TEXTS.glob("*.md"))


@dataclass(frozen=True)
class Edition:
    """One version of one text: shipped, kept in the database, or both."""

    key: str
    text: str
    template: Template | None

    @property
    def paper(self) -> Paper:
        """The text, parsed."""
        return parsed(self.text)

    @property
    def version(self) -> str:
        """The version that its front matter names."""
        return self.paper.front.version

    @property
    def title(self) -> str:
        """What the paper calls itself, and what the company calls a text of its own."""
        name = self.template.name if self.template is not None else ""
        title = re.sub(r"\{\{[^}]*\}\}", "…", plain(self.paper.title))
        return f"{title}（{name}）" if name else title

    @property
    def base_key(self) -> str:
        """The text that ships whose place it takes; its own key when it ships."""
        return (self.template.base_key if self.template is not None else "") or self.key

    @property
    def sha256(self) -> str:
        """The hash of the text, hexadecimal."""
        return sha256_of(self.text)

    @property
    def release(self) -> TemplateRelease | None:
        """Counsel's release of this very text."""
        return self.template.release if self.template is not None and is_released(self.template) else None

    @property
    def stop(self) -> TemplateOffer | None:
        """Counsel's word, where it holds, that the text is not offered to new drafts."""
        return stop_of(self.template) if self.template is not None else None

    @property
    def is_altered(self) -> bool:
        """Whether what is kept under this version is another text than the one that shipped or was kept."""
        kept = self.template
        return kept is not None and not self.sha256 == kept.sha256 == sha256_of(kept.text)


def sha256_of(text: str) -> str:
    """The hash that a release names, hexadecimal, of the text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@lru_cache(maxsize=32)
def parsed(text: str) -> Paper:
    """The text, parsed once."""
    return parse(text)


def is_shipped(key: str) -> bool:
    """Whether a text of this key ships with the portal."""
    return key in SHIPPED


@lru_cache(maxsize=16)
def _shipped_text(key: str) -> str:
    return (TEXTS / f"{key}.md").read_text(encoding="utf-8")


def is_released(template: Template) -> bool:
    """Whether counsel released this text and it is still that text (P8): its hash now is the released one."""
    release = template.release
    return release is not None and release.sha256 == sha256_of(template.text) == template.sha256


def stop_of(template: Template) -> TemplateOffer | None:
    """The last word about offering a text, when it is that it is not offered."""
    last = next(iter(template.offers), None)
    return last if last is not None and not last.is_offered else None


def editions(session: Session, keys: Sequence[str], *, with_own: bool = False) -> list[Edition]:
    """What shipped or is kept of these texts: in the order of `keys`, the newest version first.

    With the company's own texts made from them, each before the one that it was made from.
    """
    wanted = Template.key.in_(keys)
    rows = session.scalars(
        sa.select(Template)
        .where(sa.or_(wanted, Template.base_key.in_(keys)) if with_own else wanted)
        .options(
            selectinload(Template.release).joinedload(TemplateRelease.released_by),
            selectinload(Template.offers).joinedload(TemplateOffer.by),
        )
    ).all()
    kept = {(row.key, row.version): row for row in rows}
    found = []
    for key in filter(is_shipped, keys):
        text = _shipped_text(key)
        found.append(Edition(key, text, kept.pop((key, parsed(text).front.version), None)))
    found.extend(Edition(row.key, row.text, row) for row in kept.values())
    return sorted(found, key=lambda edition: (_place(edition, keys), _newest_first(edition)))


def _place(edition: Edition, keys: Sequence[str]) -> tuple[int, bool, str]:
    base = edition.key if edition.key in keys else edition.base_key
    return keys.index(base), is_shipped(edition.key), edition.key


def edition(session: Session, key: str, version: str | None = None) -> Edition | None:
    """One text by key and version; the version that is offered, or else the newest, when none is named."""
    of_key = editions(session, [key])
    if version is not None:
        return next((edition for edition in of_key if edition.version == version), None)
    return next((edition for edition in of_key if edition.release), of_key[0] if of_key else None)


def ensure_template(session: Session, key: str, version: str | None = None) -> Template:
    """The kept row of a text, made at its first use.

    Raises DomainError for an unknown text, and when another text is kept under the same key and version: a
    wording that changes raises its version (PLACEHOLDERS 1).
    """
    found = edition(session, key, version)
    if found is None:
        raise DomainError(N_("There is no such template."), field="template")
    if found.is_altered:
        raise DomainError(
            N_(
                "The text of %(key)s was changed without raising its version %(version)s. "
                "Agreements keep the text they were written on; give the new wording a new version."
            ),
            field="template",
            key=key,
            version=found.version,
        )
    if found.template is not None:
        return found.template
    row = Template(key=key, version=found.version, sha256=found.sha256, text=found.text, stored_at=now())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another request kept it in this very moment
        again = edition(session, key, found.version)
        assert again is not None and again.template is not None
        return again.template
    return row


def release_template(
    session: Session, actor: User, *, key: str, version: str, sha256: str, note: str
) -> TemplateRelease:
    """Counsel's release of the text that was read: `version` and `sha256` as the page showed them (P8).

    Raises DomainError unless counsel of the head office does it, when the text is another one by now, when it
    holds a placeholder that nobody fills, and when it is released already.
    """
    if not actor.can(Permission.TEMPLATES_RELEASE):
        raise DomainError(N_("Only counsel at head office can release a template."))
    note = clean(note)
    if not note:
        raise DomainError(N_("Enter who reviewed the text, or the legal opinion."), field="note")
    if len(note) > 200:
        raise DomainError(N_("The note has at most %(limit)s characters."), field="note", limit=200)
    template = lock(session, ensure_template(session, key, version))
    if template.version != version or template.sha256 != sha256 or sha256_of(template.text) != sha256:
        raise DomainError(N_("The text is no longer the one you read. Read it again before you release it."))
    if template.release is not None:
        raise DomainError(N_("This version has already been released."))
    for name in parsed(template.text).placeholders():
        placeholder(name)
    release = TemplateRelease(
        template_id=template.id, sha256=sha256, released_by_id=actor.id, released_at=now(), note=note
    )
    session.add(release)
    session.flush()
    session.refresh(template, ["release"])
    audit.record(
        session, actor, "template.released", template, key=key, version=version, sha256=sha256, note=note
    )
    return release


def _newest_first(edition: Edition) -> tuple[int, ...]:
    return tuple(-int(part) for part in edition.version.split("."))
