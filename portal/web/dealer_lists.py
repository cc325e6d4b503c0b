"""How what is particular to a dealer list reads: offices, what was filled in, facts before and after."""

from collections import Counter
from enum import StrEnum
from typing import Any

from flask_babel import gettext, ngettext

from portal.domain.distributors.importing import DealerReport
from portal.domain.distributors.importing.places import UNKNOWN_REGION
from portal.domain.distributors.models import Channel, Grade, Level, Standing
from portal.domain.i18n import N_
from portal.domain.importing.report import Refusal
from portal.domain.money import figures
from portal.web.importing import column, counted
from portal.web.importing import grouped as alike
from portal.web.words import word

_CODES: dict[str, type[StrEnum]] = {
    "level": Level,
    "grade": Grade,
    "channel": Channel,
    "standing": Standing,
}


def grouped(report: DealerReport) -> list[tuple[str, str, int]]:
    """Column, reason and number of rows of the refusals, alike ones together; unknown offices in one line."""

    def is_office(refusal: Refusal) -> bool:
        name = str(refusal.params.get("name", ""))
        return refusal.reason == UNKNOWN_REGION and name in report.regions_missing

    offices = [refusal for refusal in report.refusals if is_office(refusal)]
    lines = alike(refusal for refusal in report.refusals if not is_office(refusal))
    if offices:
        names = Counter(str(refusal.params["name"]) for refusal in offices)
        told = gettext("There are no such offices yet: %(names)s", names=counted(names))
        lines.insert(0, (column(offices[-1]), told, len(offices)))
    return lines


def assumptions(report: DealerReport) -> list[str]:
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


def stand_ins(report: DealerReport) -> list[str]:
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
