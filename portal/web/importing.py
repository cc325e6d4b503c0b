"""How an import's refusals, remarks and changes read, on the page and in the command."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask_babel import gettext, ngettext

from portal.domain.distributors.importing import Action, Flag, ImportReport, Refusal
from portal.domain.distributors.importing.places import UNKNOWN_REGION
from portal.domain.distributors.models import Channel, Grade, Level, Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.money import figures
from portal.domain.tabular import Ignored
from portal.web.htmx import say
from portal.web.words import word

_CODES: dict[str, type[StrEnum]] = {
    "level": Level,
    "grade": Grade,
    "channel": Channel,
    "standing": Standing,
}
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


def grouped(report: ImportReport) -> list[tuple[str, str, int]]:
    """Column, reason and number of rows of the refusals, alike ones together; unknown offices in one line."""
    found: Counter[tuple[str, str]] = Counter()
    offices: Counter[str] = Counter()
    heading = ""
    for refusal in report.refusals:
        name = str(refusal.params.get("name", ""))
        if refusal.reason == UNKNOWN_REGION and name in report.regions_missing:
            offices[name] += 1
            heading = column(refusal)
        else:
            found[column(refusal), reason(refusal)] += 1
    lines = [(where, why, count) for (where, why), count in found.most_common()]
    if offices:
        told = gettext("There are no such offices yet: %(names)s", names=counted(offices))
        lines.insert(0, (heading, told, offices.total()))
    return lines


def counted(names: Mapping[str, int]) -> str:
    """Names, each with its number of rows."""
    return gettext(", ").join(
        ngettext("%(name)s %(num)s row", "%(name)s %(num)s rows", count, name=name)
        for name, count in names.items()
    )


def assumptions(report: ImportReport) -> list[str]:
    """What new records get that the list says nothing about."""
    say_it = {
        "level": N_("The list gives no level; new records registered as “%(word)s”: %(count)s."),
        "channel": N_("The list gives no channel; new records registered as “%(word)s”: %(count)s."),
        "standing": N_("The list gives no standing; new records registered as “%(word)s”: %(count)s."),
    }
    return [
        gettext(say_it[one.name], count=one.count, word=word(_CODES[one.name](one.value)))
        for one in report.assumed
    ]


def stand_ins(report: ImportReport) -> list[str]:
    """Who gets the new records of offices without a manager, one sentence per person."""
    by_owner: dict[str, dict[str, int]] = {}
    for one in report.stand_ins:
        by_owner.setdefault(one.owner, {})[one.office] = one.count
    return [
        ngettext(
            "%(offices)s: no manager yet; this %(num)s record goes to %(owner)s for now.",
            "%(offices)s: no manager yet; these %(num)s records go to %(owner)s for now.",
            sum(offices.values()),
            offices=gettext(", ").join(offices),
            owner=owner,
        )
        for owner, offices in by_owner.items()
    ]


def value(name: str, kept: Any) -> str:
    """A fact as it was before or is after, in the reader's words."""
    if kept in (None, ""):
        return "—"
    if name.endswith("_fen"):
        return f"¥{figures(int(kept))}"
    return word(_CODES[name](kept)) if name in _CODES else str(kept)
