"""Words about texts: where a placeholder's value comes from, a text's language, what is wrong in it."""

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.papers.placeholders import Source
from portal.domain.templates.checking import Finding
from portal.domain.templates.models import Template, TemplateDraft
from portal.domain.templates.services import Edition
from portal.web.htmx import say

# Where a placeholder's value comes from, in the words of whoever reads the text.
SOURCES = {
    Source.AGREEMENT: _l("Filled in for each agreement"),
    Source.AGREEMENT_DEFAULT: _l("Default in the settings, can be changed in the agreement"),
    Source.COMPANY: _l("Company details"),
    Source.DISTRIBUTOR: _l("The register of distributors"),
    Source.SETTINGS: _l("The settings"),
    Source.ROW: _l("A row of an annex"),
    Source.COMPUTED: _l("Computed"),
    Source.NUMBER: _l("Assigned by the system"),
    Source.FRONT: _l("The template itself"),
}
LANGUAGES = {"zh": _l("Chinese"), "zh+en": _l("Chinese and English"), "en": _l("English")}


def title_of(text: Edition | Template) -> str:
    """A text's title, with its languages where it has two: both texts of the agreement bear one title."""
    edition = text if isinstance(text, Edition) else Edition(text.key, text.text, text)
    if edition.paper.front.has_english:
        return _("%(title)s (Chinese and English)", title=edition.title)
    return edition.title


def name_of(text: Edition | Template) -> str:
    """What a text is called wherever one of several is chosen or named: its title, languages and version."""
    return _("%(title)s, %(version)s", title=title_of(text), version=text.version)


def origin_of(draft: TemplateDraft) -> str:
    """What the text is called that a draft was made from."""
    return name_of(Edition(draft.origin_key, draft.origin_text, None))


def names_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The names of kept texts by their ids."""
    return {row.id: name_of(row) for row in session.scalars(sa.select(Template).where(Template.id.in_(ids)))}


def words_of(finding: Finding) -> str:
    """What is wrong, in the user's language."""
    return say(DomainError(finding.msgid, **finding.params))
