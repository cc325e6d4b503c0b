"""How an import's refusals and remarks read, on the page and in the command."""

from flask_babel import gettext

from portal.domain.distributors.importing import Flag, Refusal
from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.web.htmx import say


def column(refusal: Refusal) -> str:
    """The column as the file calls it; where the file has none, as the portal does."""
    return gettext(refusal.column) if isinstance(refusal.column, Msgid) else refusal.column


def reason(refusal: Refusal) -> str:
    """Why the row was refused, in the reader's language."""
    return say(DomainError(refusal.reason, **refusal.params))


def remark(flag: Flag) -> str:
    """What somebody should look at, in the reader's language."""
    return say(DomainError(flag.message, **flag.params))
