"""How an import's refusals, remarks and changes read, on the page and in the command."""

from enum import StrEnum
from typing import Any

from flask_babel import gettext

from portal.domain.distributors.importing import Action, Flag, ImportReport, Refusal
from portal.domain.distributors.models import Channel, Level
from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.money import figures
from portal.domain.tabular import Ignored
from portal.web.htmx import say
from portal.web.words import word

_CODES: dict[str, type[StrEnum]] = {"level": Level, "channel": Channel}
# Grey "", blue "wait", green "ok", amber "warn", red "bad": as in portal.web.words.
TONES = {Action.CREATED: "ok", Action.UPDATED: "wait", Action.UNCHANGED: "", Action.REFUSED: "bad"}


def action(what: Action) -> str:
    """What becomes of a row, in a word."""
    return {
        Action.CREATED: gettext("New"),
        Action.UPDATED: gettext("Changed"),
        Action.UNCHANGED: gettext("Unchanged"),
        Action.REFUSED: gettext("Refused"),
    }[what]


def ignored_sheets(report: ImportReport) -> str:
    """The sheets that were not read, each with the reason."""
    why = {
        Ignored.EMPTY: gettext("empty"),
        Ignored.HIDDEN: gettext("hidden"),
        Ignored.NO_HEAD: gettext("no head found"),
    }
    return "、".join(
        gettext("%(name)s (%(why)s)", name=name, why=why[reason]) for name, reason in report.sheets_ignored
    )


def column(refusal: Refusal) -> str:
    """The column as the file calls it; where the file has none, as the portal does."""
    return gettext(refusal.column) if isinstance(refusal.column, Msgid) else refusal.column


def reason(refusal: Refusal) -> str:
    """Why the row was refused, in the reader's language."""
    return say(DomainError(refusal.reason, **refusal.params))


def remark(flag: Flag) -> str:
    """What somebody should look at, in the reader's language."""
    return say(DomainError(flag.message, **flag.params))


def value(name: str, kept: Any) -> str:
    """A fact as it was before or is after, in the reader's words."""
    if kept in (None, ""):
        return "—"
    if name.endswith("_fen"):
        return f"¥{figures(int(kept))}"
    return word(_CODES[name](kept)) if name in _CODES else str(kept)
