"""How an import's refusals and remarks read, on the page and in the command, whatever is imported."""

from collections import Counter
from collections.abc import Iterable, Mapping

from flask_babel import gettext, ngettext

from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.importing.report import Action, Flag, ImportReport, Refusal
from portal.domain.tabular import Ignored
from portal.web.htmx import say

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
        Ignored.NO_HEAD: gettext("no heading row found"),
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


def grouped(refusals: Iterable[Refusal]) -> list[tuple[str, str, int]]:
    """Column, reason and number of rows of the refusals, alike ones together, the most frequent first."""
    found = Counter((column(refusal), reason(refusal)) for refusal in refusals)
    return [(where, why, count) for (where, why), count in found.most_common()]


def counted(names: Mapping[str, int]) -> str:
    """Names, each with its number of rows."""
    return gettext(", ").join(
        ngettext("%(name)s %(num)s row", "%(name)s %(num)s rows", count, name=name)
        for name, count in names.items()
    )
