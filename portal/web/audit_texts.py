"""What the events of products, agreements, users, offices and settings say; `audit_words` asks here."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.money import figures
from portal.domain.papers.fill import is_empty
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import percent
from portal.domain.price_protection.models import PriceKind
from portal.web.audit_bulk import bulk_changes
from portal.web.case_words import CASE_ACTIONS, told_of_case
from portal.web.closing_words import CLOSING_ACTIONS, told_of_closing
from portal.web.deed_words import DEED_EVENTS
from portal.web.mail_words import MAIL_LABELS
from portal.web.meeting_words import MEETING_ACTIONS, meeting_changes, told_of_meeting
from portal.web.payment_words import PAYMENT_ACTIONS, PAYMENT_LISTS, told_of_payment
from portal.web.policy_words import POLICY_ACTIONS, policy_changes, told_of_policy
from portal.web.trail_words import TRAIL_ACTIONS, TRAIL_LABELS, TRAIL_LISTS, told_of_trail
from portal.web.words import WORDS

# Action → what was done, as a heading of the event.
ACTIONS: dict[str, object] = {
    "agreement.created": _l("Agreement drafted"),
    "agreement.edited": _l("Draft changed"),
    "agreement.submitted": _l("Submitted for approval"),
    "agreement.sent_back": _l("Sent back"),
    "agreement.withdrawn": _l("Submission withdrawn"),
    "agreement.approved": _l("Approved"),
    "agreement.approval_withdrawn": _l("Approval withdrawn"),
    "agreement.sealed_electronically": _l("Electronic seal applied"),
    "agreement.printed": _l("Printed"),
    "agreement.signed": _l("Signing recorded"),
    "agreement.signing_corrected": _l("Signing date corrected"),
    "agreement.scan_filed": _l("Scan filed"),
    "agreement.too_long": _l("Too long for its sheet"),
    "scan_pile.begun": _l("Pile of scans begun"),
    "scan_pile.files_added": _l("Scans uploaded"),
    "scan_pile.page_placed": _l("Page placed by hand"),
    "scan_pile.page_taken_back": _l("Placing of a page taken back"),
    "scan_pile.page_set_aside": _l("Page set aside"),
    "scan_pile.filed": _l("Scans filed"),
    "agreement.terminated": _l("Agreement terminated"),
    "agreement.voided": _l("Voided"),
    **{f"agreement.{kind}": word for kind, word in DEED_EVENTS.items()},
    "price_change.begun": _l("Prices changed in many agreements"),
    "price_change.checks_drawn": _l("Spot checks drawn"),
    "price_change.amendment_looked_at": _l("Amendment read before a list is decided on"),
    "price_change.review_asked": _l("List of amendments reviewed"),
    "price_change.approve_asked": _l("List of amendments approved"),
    "batch.created": _l("Batch set up"),
    "batch.changed": _l("Bulk changes saved"),
    "batch.row_changed": _l("Row of a batch given terms of its own"),
    "batch.rows_added": _l("Agreements added to a batch"),
    "batch.rows_left_out": _l("Rows left out of a batch"),
    "batch.rows_taken_in": _l("Rows taken into a batch again"),
    "batch.checks_drawn": _l("Spot checks drawn"),
    "batch.row_looked_at": _l("Agreement read before a list is approved"),
    "batch.approval_asked": _l("List approved"),
    **TRAIL_ACTIONS,
    **CASE_ACTIONS,
    **PAYMENT_ACTIONS,
    **CLOSING_ACTIONS,
    **MEETING_ACTIONS,
    **POLICY_ACTIONS,
    "user.edited": _l("User renamed"),
    "user.granted": _l("Role assigned"),
    "user.revoked": _l("Role revoked"),
    "user.accounts_handed_over": _l("Accounts handed over"),
    "user.reactivated": _l("User reactivated"),
    "settings.mail_changed": _l("Mail server set up"),
    "numbering.changed": _l("Numbering rule changed"),
    "workdays.changed": _l("Working days changed"),
    "job.cancelled": _l("Task of another user cancelled"),
    "job.restarted": _l("Task of another user restarted"),
    "database.restored": _l("Database put back from a backup"),
}

_LABELS: dict[str, object] = {
    **MAIL_LABELS,
    "code": _l("Code"),
    "name": _l("Name"),
    "name_en": _l("Name in English"),
    "unit": _l("Sales unit"),
    "username": _l("Sign-in name"),
    "signing_place": _l("Place of signing"),
    "template": _l("Template"),
    "pattern": _l("Pattern"),
    **TRAIL_LABELS,
    "digits": _l("Digits in the running number"),
    "prices": _l("Prices"),
    "violations": _l("Kinds of violation"),
    **{f"price_{kind.value}": WORDS[kind] for kind in PriceKind},
}
# What was exported, by the name that its page gives.
_LISTS = {
    "meeting_replies": _l("Replies to a meeting"),
    "attendance": _l("Attendance"),
    "rooms": _l("Rooms of a meeting"),
    "distributors": _l("Distributors"),
    "agreements": _l("Agreements"),
    "batch": _l("Preview of a batch"),
    "drafts": _l("Drafts with their prices"),
    "products": _l("Products"),
    "cases": _l("Violation cases"),
    "purchases": _l("Purchases"),
    "purchase_import": _l("Refused rows of an import"),
    "account_import": _l("Refused rows of an import"),
    "accounts": _l("Account reconciliation"),
    **PAYMENT_LISTS,
    "scan_reminders": _l("Reminder list"),
    "quarter": _l("Preview of a quarter"),
    "statements": _l("Releases of a quarter"),
    "statement_register": _l("Register of statements"),
    "users": _l("Users"),
    "audit": _l("Audit trail"),
    **TRAIL_LISTS,
}
_DAYS_COUNT = {
    "off": _l("days off"),
    "worked": lazy_pgettext("calendar", "working days"),
    "listed": _l("again as the State Council's list has them"),
}


def _workdays(params: Mapping[str, Any]) -> str:
    first, last = str(params.get("first_on", "")), str(params.get("last_on", ""))
    span = first if first == last else _("%(first)s to %(last)s", first=first, last=last)
    what = str(_DAYS_COUNT.get(str(params.get("what", "")), ""))
    return str(_(" · ").join(part for part in (span, what, str(params.get("note", ""))) if part))


_FEATURES = ("product", "agreement", "parcel", "user", "region", "settings", "numbering")


def changes(event: AuditEvent) -> tuple[tuple[str, str, str], ...] | None:
    """(label, before, after) of each field that the event changed; None for other features' events."""
    if event.action in ("batch.changed", "batch.row_changed"):
        return bulk_changes(event.params.get("before") or {}, event.params.get("after") or {})
    if event.action in MEETING_ACTIONS:
        return meeting_changes(event.params.get("changes") or {})
    if event.action in POLICY_ACTIONS:
        return policy_changes(event.params.get("changes") or {})
    if event.action.split(".")[0] not in _FEATURES:
        return None
    found = event.params.get("changes")
    if not isinstance(found, dict):
        return ()
    return tuple(
        (_label(name), *(_value(name, value) for value in _differing(*pair)))
        for name, pair in found.items()
        if isinstance(pair, list) and len(pair) == 2
    )


def _differing(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two lists only the rows that are not in both: one changed price is not to be looked for among eight."""
    if isinstance(before, list) and isinstance(after, list):
        return [row for row in before if row not in after], [row for row in after if row not in before]
    return before, after


def _label(name: str) -> str:
    if name in PLACEHOLDERS:
        return _(PLACEHOLDERS[name].label)
    return str(_LABELS.get(name, name))


def _value(name: str, value: Any) -> str:
    """A value of an event in words; what is unknown or of another shape shows as it was kept."""
    if value is None or value == "" or value == []:
        return "—"
    if name.startswith("price_") and isinstance(value, int):
        return figures(value)
    if name == "prices" and isinstance(value, list):
        return _(", ").join(f"{code} {_kind(kind)} {figures(fen)}" for code, kind, fen in value)
    if name == "violations" and isinstance(value, list):
        return _(", ").join(f"{code} {percent(share)}" for code, share in value)
    if name in PLACEHOLDERS and isinstance(value, str | int) and not is_empty(value):
        return PLACEHOLDERS[name].kind.print(value, "zh")
    return str(value)


def text(event: AuditEvent) -> str:
    """What an event says besides the changes; empty when it says nothing more."""
    params = event.params
    if event.action in TRAIL_ACTIONS:
        kind = event.action.split(".", 1)[1]
        return told_of_trail(kind, params, str(params.get("reason", "")))
    if event.action in CASE_ACTIONS:
        return told_of_case(params)
    if event.action in PAYMENT_ACTIONS:
        return told_of_payment(params)
    if event.action in CLOSING_ACTIONS:
        return told_of_closing(params)
    if event.action in MEETING_ACTIONS:
        return told_of_meeting(params)
    if event.action in POLICY_ACTIONS:
        return told_of_policy(params)
    if event.action == "workdays.changed":
        return _workdays(params)
    match event.action:
        case "product.approval_entered":
            return _(
                "%(number)s, %(kind)s, %(first)s to %(last)s",
                number=params.get("number"),
                kind=_kind(params.get("kind")),
                first=params.get("valid_from"),
                last=params.get("valid_until"),
            )
        case "product.approval_revoked":
            return _(
                "%(number)s, %(kind)s: %(reason)s",
                number=params.get("number"),
                kind=_kind(params.get("kind")),
                reason=params.get("reason"),
            )
        case (
            "template.stopped"
            | "template.offered"
            | "template_draft.created"
            | "template_draft.saved"
            | "template_draft.submitted"
            | "template_draft.taken_back"
            | "template_draft.sent_back"
            | "template_draft.released"
            | "template_draft.discarded"
        ):
            said = (params.get("version"), params.get("origin"), params.get("reason"))
            return " · ".join(str(part) for part in said if part)
        case "template.released":
            return (
                f"{params.get('version')} · {params.get('note')} · SHA-256 {str(params.get('sha256'))[:12]}…"
            )
        case "user.granted" | "user.revoked":
            return f"{_role(params.get('role'))} · {params.get('office')}"
        case "user.created":
            grants = (f"{_role(role)} {region}" for role, region in params.get("grants", []))
            return " · ".join([str(params.get("username", "")), *grants])
        case "region.created":
            return _("%(code)s, below %(parent)s", code=params.get("code"), parent=params.get("parent"))
        case "list.exported":
            what = str(_LISTS.get(str(params.get("what")), params.get("what")))
            return _("%(what)s, %(count)s rows", what=what, count=params.get("count"))
        case "user.accounts_handed_over":
            facts = _("%(count)s distributors, to %(name)s", count=params.get("count"), name=params.get("to"))
            return " · ".join(
                str(part) for part in (facts, params.get("office"), params.get("reason")) if part
            )
        case "job.cancelled" | "job.restarted":
            return _("%(title)s, task of %(name)s", title=params.get("title"), name=params.get("owner"))
        case "database.restored":
            return _(
                "backup of %(made_at)s, %(rows)s rows", made_at=params.get("made_at"), rows=params.get("rows")
            )
        case "price_change.begun":
            counted = _("%(count)s agreements", count=params.get("count"))
            return _(" · ").join((counted, str(params.get("effective_on")), str(params.get("reason"))))
        case "batch.created":
            return _("%(count)s agreements", count=params.get("count"))
        case "batch.rows_added" | "batch.rows_left_out" | "batch.rows_taken_in" | "batch.checks_drawn":
            return (
                _(" · ")
                .join((_listed(params.get("numbers"), params.get("count")), str(params.get("reason") or "")))
                .removesuffix(_(" · "))
            )
        case "price_change.checks_drawn":
            return _listed(params.get("numbers"), params.get("count"))
        case "price_change.review_asked" | "price_change.approve_asked":
            return _("%(count)s amendments", count=params.get("count"))
        case "batch.row_changed" | "batch.row_looked_at" | "price_change.amendment_looked_at":
            return str(params.get("number", ""))
        case "batch.approval_asked":
            return _(
                "%(count)s agreements, read before: %(read)s",
                count=params.get("count"),
                read=_listed(params.get("looked_at"), None),
            )
        case "agreement.approved" | "agreement.printed" if params.get("paper"):
            return _("paper %(no)s", no=params["paper"])
        case "agreement.signed" if params.get("signed_on"):
            return str(params["signed_on"])
        case "agreement.signing_corrected":
            moved = _("%(before)s → %(after)s", before=params.get("before"), after=params.get("signed_on"))
            return _(" · ").join((moved, str(params.get("reason", ""))))
        case (
            "distributor_import.applied"
            | "distributor_import.stopped"
            | "account_import.applied"
            | "account_import.stopped"
            | "purchase_import.applied"
            | "purchase_import.stopped"
        ):
            return _(
                "new %(created)s, changed %(updated)s, unchanged %(unchanged)s, refused %(refused)s",
                **{what: params.get(what, 0) for what in ("created", "updated", "unchanged", "refused")},
            )
        case "scan_pile.files_added":
            return ngettext("%(num)s file", "%(num)s files", params.get("count", 0))
        case "scan_pile.page_placed" | "scan_pile.page_taken_back" | "scan_pile.page_set_aside":
            where = _("%(file)s, page %(no)s", file=params.get("file"), no=params.get("file_page"))
            if "number" not in params:
                return where
            place = _("Page %(page)s of %(number)s", page=params.get("paper_page"), number=params["number"])
            return f"{where} → {place}"
        case "scan_pile.filed":
            return _(
                "filed %(filed)s, refused %(refused)s",
                filed=params.get("filed", 0),
                refused=params.get("refused", 0),
            )
        case "agreement.too_long":
            return ngettext("%(num)s page", "%(num)s pages", params.get("pages", 0))
        case "agreement.scan_filed":
            return str(params.get("filename", ""))
    said = (params.get("title") if "deed" in params else "", params.get("reason"))
    return _(" · ").join(str(part) for part in said if part)


def _listed(numbers: Any, count: Any) -> str:
    """The first numbers of a list; of more than are kept, how many there are."""
    kept = [str(number) for number in numbers or []]
    said = "、".join(kept[:10])
    total = count if isinstance(count, int) else len(kept)
    return _("%(numbers)s and more, %(count)s in all", numbers=said, count=total) if total > 10 else said


def _kind(value: Any) -> str:
    return str(WORDS[PriceKind(value)]) if value in list(PriceKind) else str(value)


def _role(value: Any) -> str:
    return str(WORDS[Role(value)]) if value in list(Role) else str(value)
