"""Words about texts: where a placeholder's value comes from, and a text's language."""

from flask_babel import lazy_gettext as _l

from portal.domain.papers.placeholders import Source

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
