"""The words for what the audit trail holds: what was done, and the facts before and after.

A page gives its events to `tell`; every feature adds its actions to ACTIONS, and its codes and labels below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import mentions
from portal.domain.distributors.contacts import Erasure
from portal.domain.distributors.facts import CONTACT_FACTS, LABELS, LICENCE_FACTS
from portal.domain.distributors.models import Channel, Grade, Level, Standing, Territory, Verdict
from portal.domain.i18n import N_
from portal.domain.money import figures
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.web import audit_texts
from portal.web.fund_words import ACCOUNT_WORDS
from portal.web.words import WORDS

# Action → what was done, as a heading of the event.
ACTIONS: dict[str, object] = {
    "distributor.created": _l("Registered"),
    "distributor.purchases_accrued": _l("Earlier purchases accrued"),
    "distributor.imported": _l("Registered by import"),
    "distributor.updated": _l("Details changed"),
    "distributor.moved": _l("Moved to another office"),
    "distributor.owner_changed": _l("New owner"),
    "distributor.contact_added": _l("Contact added"),
    "distributor.contact_changed": _l("Contact changed"),
    "distributor.contact_erased": _l("Contact erased"),
    "distributor.licence_added": _l("Licence added"),
    "distributor.licence_changed": _l("Licence changed"),
    "distributor.licence_ended": _l("Licence ended"),
    "distributor.document_filed": _l("Document filed"),
    "distributor.document_withdrawn": _l("Document withdrawn"),
    "distributor.near_same_settled": _l("Possible duplicate resolved"),
    "territory.created": _l("Territory added"),
    "distributor_import.applied": _l("Dealer list imported"),
    "distributor_import.stopped": _l("Import of a dealer list stopped"),
    "list.exported": _l("List exported"),
    "product.created": _l("Product added"),
    "product.edited": _l("Product changed"),
    "product.discontinued": _l("Product discontinued"),
    "product.resumed": _l("Product resumed"),
    "product.approval_entered": _l("Price approval entered"),
    "product.approval_revoked": _l("Price approval revoked"),
    "purchase.entered": _l("Purchase entered"),
    "purchase.not_accrued": _l("Did not accrue: refused"),
    "account_import.applied": _l("Account reconciliations imported"),
    "account_import.stopped": _l("Import of account reconciliations stopped"),
    "purchase_import.applied": _l("Purchases imported"),
    "purchase_import.stopped": _l("Import of purchases stopped"),
    "purchase.codes_added": _l("Codes added to a purchase"),
    "purchase.returned": _l("Return entered"),
    "template.released": _l("Template released"),
    "template.stopped": _l("Template taken out of offer"),
    "template.offered": _l("Template offered again"),
    "template_draft.created": _l("Own text begun"),
    "template_draft.saved": _l("Own text saved"),
    "template_draft.submitted": _l("Own text handed over for publication"),
    "template_draft.taken_back": _l("Own text taken back"),
    "template_draft.sent_back": _l("Own text sent back"),
    "template_draft.released": _l("Own text published"),
    "template_draft.discarded": _l("Own text given up"),
    "settings.changed": _l("Settings changed"),
    "region.created": _l("Office added"),
    "region.edited": _l("Office changed"),
    "user.created": _l("User added"),
    "user.deactivated": _l("User deactivated"),
    "user.password_set": _l("Password set"),
    "user.phone_set": _l("Phone of a user changed"),
    **audit_texts.ACTIONS,
}

# Field → label, for fields that are not the register's.
FIELD_LABELS: dict[str, object] = {kind.value: said for kind, said in ACCOUNT_WORDS.items()}

ERASURES = {
    Erasure.LEFT: _l("The person has left the company"),
    Erasure.ASKED: _l("At the person's request"),
    Erasure.NOT_NEEDED: _l("The data is no longer needed"),
    Erasure.MISTAKE: _l("It was entered by mistake"),
}
VERDICTS = {
    Verdict.DIFFERENT: _l("Two different companies"),
    Verdict.SAME: _l("The same company, entered twice or as related parties"),
}
_CODES = {
    "level": Level,
    "grade": Grade,
    "channel": Channel,
    "standing": Standing,
}
_PEOPLE = {fact.name: fact.label for fact in CONTACT_FACTS} | {"is_primary": N_("main contact")}
_LICENCE = {fact.name: fact.label for fact in LICENCE_FACTS}


@dataclass(frozen=True, slots=True)
class Told:
    """One event in words; `changes` are (label, before, after)."""

    at: datetime
    title: str
    who: str
    text: str
    changes: tuple[tuple[str, str, str], ...]


def action_word(action: str) -> str:
    """What was done; an action without a word shows as its code, which a test refuses."""
    return str(ACTIONS.get(action, action))


def tell(session: Session, reader: User, events: Sequence[AuditEvent]) -> list[Told]:
    """The events in the reader's words; distributors of other offices appear as code and name only."""
    names = _Names(session, reader, events)
    return [
        Told(
            event.at,
            action_word(event.action),
            event.actor.name if event.actor else _("the system"),
            _text(event, names),
            _changes(event, names),
        )
        for event in events
    ]


class _Names:
    """Names of everything that events refer to by id, each kind read at once."""

    def __init__(self, session: Session, reader: User, events: Iterable[AuditEvent]) -> None:
        wanted: dict[str, set[int]] = {
            "user": set(),
            "region": set(),
            "territory": set(),
            "distributor": set(),
        }
        for event in events:
            for kind, value in _references(event):
                if isinstance(value, int):
                    wanted[kind].add(value)
        self._names: dict[str, dict[int, str]] = {
            kind: {
                row.id: row.name
                for row in session.execute(sa.select(model.id, model.name).where(model.id.in_(wanted[kind])))
            }
            for kind, model in (("user", User), ("region", Region), ("territory", Territory))
            if wanted[kind]
        }
        found = mentions.mentions(session, reader, wanted["distributor"])
        self._names["distributor"] = {identity: str(mention) for identity, mention in found.items()}

    def __call__(self, kind: str, identity: Any) -> str:
        if identity is None:
            return "—"
        return self._names.get(kind, {}).get(identity, f"#{identity}")


_KINDS = {"region_id": "region", "territory_id": "territory", "parent_id": "distributor", "owner_id": "user"}


def _references(event: AuditEvent) -> Iterable[tuple[str, Any]]:
    for name, pair in _pairs(event).items():
        if name in _KINDS:
            yield from ((_KINDS[name], value) for value in pair)
    params = event.params
    if event.action == "distributor.owner_changed":
        yield from (("user", params.get("from_id")), ("user", params.get("to_id")))
    if event.action == "distributor.moved":
        yield from (("region", event.region_id), ("region", params.get("to_id")))
    if event.action == "distributor.near_same_settled":
        yield "distributor", params.get("other_id")


def _pairs(event: AuditEvent) -> dict[str, list[Any]]:
    """The fields that an event says changed; events of other shapes give none."""
    changes = event.params.get("changes")
    if not isinstance(changes, dict):
        return {}
    return {name: pair for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2}


def _changes(event: AuditEvent, names: _Names) -> tuple[tuple[str, str, str], ...]:
    told = audit_texts.changes(event)
    if told is not None:
        return told
    labels = _LICENCE if event.action.startswith("distributor.licence") else LABELS
    return tuple(
        (_label(name, labels), _value(name, before, names), _value(name, after, names))
        for name, (before, after) in _pairs(event).items()
    )


def _label(name: str, labels: dict[str, str]) -> str:
    if name in FIELD_LABELS:
        return str(FIELD_LABELS[name])
    return _(labels[name]) if name in labels else name


def _value(name: str, value: Any, names: _Names) -> str:
    if name in _KINDS:
        return names(_KINDS[name], value)
    if value in (None, ""):
        return "—"
    if name.endswith("_fen") and isinstance(value, int):
        return f"¥{figures(value)}"
    if name in _CODES:
        return str(WORDS[_CODES[name](value)])
    return str(value)


def _text(event: AuditEvent, names: _Names) -> str:
    """What an event says besides the changes."""
    params, action = event.params, event.action
    if action == "distributor.owner_changed":
        before, after = names("user", params.get("from_id")), names("user", params.get("to_id"))
        moved = _("%(before)s → %(after)s", before=before, after=after)
        return _(" · ").join(part for part in (moved, str(params.get("reason", ""))) if part)
    if action == "distributor.moved":
        before, after = names("region", event.region_id), names("region", params.get("to_id"))
        return _("%(before)s → %(after)s", before=before, after=after)
    if action == "distributor.contact_erased":
        return str(ERASURES.get(params.get("why", ""), ""))  # type: ignore[call-overload]
    if action == "distributor.near_same_settled":
        verdict = str(VERDICTS.get(params.get("verdict", ""), ""))  # type: ignore[call-overload]
        other = names("distributor", params.get("other_id"))
        return _(" · ").join(part for part in (other, verdict, params.get("why", "")) if part)
    if action in ("purchase.entered", "purchase.returned"):
        return _(
            "%(document)s-%(line)s, %(amount)s yuan, %(day)s",
            document=params.get("document", ""),
            line=params.get("line", ""),
            amount=figures(int(params.get("amount_fen", 0))),
            day=params.get("purchased_on", ""),
        )
    if action == "purchase.not_accrued":
        return _(str(params.get("refusal", "")), **params.get("said", {}))
    if action == "purchase.codes_added":
        return _(
            "%(document)s-%(line)s: %(codes)s",
            document=params.get("document", ""),
            line=params.get("line", ""),
            codes=_(", ").join(params.get("codes", ())),
        )
    if action.startswith("distributor.document"):
        return _(" · ").join(part for part in (params.get("title", ""), params.get("why", "")) if part)
    if action.startswith("distributor.licence"):
        facts = params.get("facts") or {}
        return " ".join(str(facts[name]) for name in ("kind", "number", "expires_on") if facts.get(name))
    if params.get("personal") or params.get("grade_why"):
        labels = _PEOPLE if action.startswith("distributor.contact") else LABELS
        fields = [_(labels[name]) for name in params.get("personal", ()) if name in labels]
        personal = _("%(fields)s (personal: not kept here)", fields=_(", ").join(fields)) if fields else ""
        why = _("Grade: %(why)s", why=params["grade_why"]) if params.get("grade_why") else ""
        return _(" · ").join(part for part in (why, personal) if part)
    return audit_texts.text(event)
