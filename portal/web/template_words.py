"""Words about texts: where a placeholder's value comes from, a text's language, what is wrong in it."""

from flask_babel import lazy_gettext as _l

from portal.domain.errors import DomainError
from portal.domain.papers.placeholders import Source
from portal.domain.templates.checking import Finding
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


def words_of(finding: Finding) -> str:
    """What is wrong, in the user's language."""
    return say(DomainError(finding.msgid, **finding.params))
