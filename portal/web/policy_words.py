"""The words of policies: where they are, how somebody was told, what was done (M1)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext, pgettext

from portal.domain.meetings.policies.models import ToldHow
from portal.domain.meetings.policies.queries import PolicyPhase

POLICY_WORDS = (
    (PolicyPhase.DRAFT, lazy_pgettext("policy", "Draft")),
    (PolicyPhase.TIED, lazy_pgettext("policy", "To be presented")),
    (PolicyPhase.BRIEFING, lazy_pgettext("policy", "Being told")),
    (PolicyPhase.READY, lazy_pgettext("policy", "Ready to take effect")),
    (PolicyPhase.NOT_YET, lazy_pgettext("policy", "Released, not yet in force")),
    (PolicyPhase.EFFECTIVE, lazy_pgettext("policy", "In force")),
    (PolicyPhase.SUPERSEDED, lazy_pgettext("policy", "Replaced")),
    (PolicyPhase.WITHDRAWN, lazy_pgettext("policy", "Withdrawn")),
    (ToldHow.SHEET, lazy_pgettext("policy", "signed the sheet")),
    (ToldHow.MEETING, lazy_pgettext("policy", "at the meeting")),
    (ToldHow.VISIT, lazy_pgettext("policy", "by a visit")),
    (ToldHow.PHONE, lazy_pgettext("policy", "by telephone")),
    (ToldHow.MAIL, lazy_pgettext("policy", "by mail")),
)
POLICY_TONES = (
    (PolicyPhase.DRAFT, ""),
    (PolicyPhase.TIED, "wait"),
    (PolicyPhase.BRIEFING, "warn"),
    (PolicyPhase.READY, "warn"),
    (PolicyPhase.NOT_YET, "wait"),
    (PolicyPhase.EFFECTIVE, "ok"),
    (PolicyPhase.SUPERSEDED, ""),
    (PolicyPhase.WITHDRAWN, "bad"),
)
POLICY_ACTIONS: dict[str, object] = {
    "policy.drafted": _l("Policy drafted"),
    "policy.changed": _l("Policy rewritten"),
    "policy.tied": _l("Policy put on a meeting"),
    "policy.untied": _l("Policy taken off a meeting"),
    "policy.presented": _l("Policy presented"),
    "policy.acknowledged": _l("Policy acknowledged"),
    "policy.briefed": _l("Absentee briefed"),
    "policy.untold": _l("Note that somebody was told undone"),
    "policy.name_erased": _l("Whom one spoke with erased"),
    "policy.released": _l("Policy released"),
    "policy.superseded": _l("Policy replaced"),
    "policy.goes_on": _l("Policy is replaced no more"),
    "policy.withdrawn": _l("Policy withdrawn"),
}
POLICY_LABELS: dict[str, object] = {
    "title": lazy_pgettext("policy", "Title"),
    "offices": _l("For the distributors of"),
    "wanted_on": _l("To take effect on"),
    "replaces": lazy_pgettext("policy", "Replaces"),
    "text": lazy_pgettext("policy", "Text"),
    "effective_on": _l("In force from"),
}


def policy_changes(changes: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """(label, before, after) of each field of a policy that an event changed."""
    return tuple(
        (str(POLICY_LABELS.get(name, name)), *(_value(name, value) for value in pair))
        for name, pair in changes.items()
        if isinstance(pair, list) and len(pair) == 2
    )


def _value(name: str, value: Any) -> str:
    if value is None or value in ("", []):
        return "—"
    if name == "text":
        return _("version %(no)s", no=value)
    return _("; ").join(map(str, value)) if isinstance(value, list) else str(value)


def told_of_policy(said: Mapping[str, Any]) -> str:
    """What a deed about a policy says beside its name."""
    parts = [str(said[name]) for name in ("number", "title", "name", "why") if said.get(name)]
    if said.get("how") in list(ToldHow):
        parts.append(str(dict(POLICY_WORDS)[ToldHow(said["how"])]))
    if said.get("told_on"):
        parts.append(str(said["told_on"]))
    if said.get("effective_on"):
        parts.append(pgettext("policy", "from %(day)s", day=said["effective_on"]))
    if "count" in said:
        parts.append(ngettext("%(num)s distributor", "%(num)s distributors", said["count"]))
    return _(" · ").join(parts)
