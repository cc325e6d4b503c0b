"""The words of the paper trail: where originals and applications stand, and what happened to them (P1b)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext, pgettext

from portal.domain.numbering.services import Numbered
from portal.domain.price_protection.trail.courier import Outcome
from portal.domain.price_protection.trail.models import PaperKind, Seal, SealStatus, Stage

SEALS = {
    Seal.CONTRACT: _l("Contract seal"),
    Seal.COMPANY: _l("Company seal"),
    Seal.LEGAL_REP: _l("Legal representative's seal"),
}

# For portal.web.words: what each code is called, and its colour.
TRAIL_WORDS = (
    *SEALS.items(),
    (Numbered.AGREEMENT, _l("Agreement")),
    (Numbered.NOTICE, _l("Notice of termination")),
    (Numbered.SEAL_APPLICATION, _l("Seal application")),
    (Numbered.PARCEL, _l("Parcel")),
    (Numbered.CASE, _l("Violation case")),
    (Numbered.PAYMENT, _l("Payment list")),
    (Numbered.REPAYMENT, _l("Repayment")),
    (Numbered.VOUCHERS, _l("File of vouchers")),
    (Numbered.CLAWBACK, _l("Claw-back settlement")),
    (Numbered.MEETING, lazy_pgettext("numbered", "Meeting")),
    (Numbered.POLICY, lazy_pgettext("numbered", "Policy")),
    (Numbered.STATEMENT, _l("Fund statement")),
    (PaperKind.AGREEMENT, _l("Agreement")),
    (PaperKind.AMENDMENT, _l("Amendment")),
    (PaperKind.NOTICE, _l("Notice of termination")),
    (PaperKind.STATEMENT, _l("Fund statement")),
    (SealStatus.ASKED, _l("Awaiting the keeper's decision")),
    (SealStatus.GRANTED, _l("Approved, to be sealed")),
    (SealStatus.SEALED, lazy_pgettext("original", "Sealed")),
    (SealStatus.REFUSED, lazy_pgettext("seal", "Refused")),
    (SealStatus.WITHDRAWN, lazy_pgettext("seal", "Withdrawn")),
    (Stage.NONE, _l("Seal not asked for")),
    (Stage.ASKED, _l("Seal asked for")),
    (Stage.TO_SEAL, _l("To be sealed")),
    (Stage.SEALED, lazy_pgettext("original", "Sealed")),
    (Stage.PACKED, _l("Packed, not sent")),
    (Stage.SENT, _l("Sent, not back")),
    (Stage.BACK, lazy_pgettext("original", "Back")),
    (Stage.FILED, lazy_pgettext("original", "In its cabinet")),
    (Outcome.GIVEN, _l("Number taken")),
    (Outcome.SENT, _l("Number taken, sent")),
    (Outcome.UNCHANGED, _l("Known already")),
    (Outcome.REFUSED, _l("Not taken")),
)
TRAIL_TONES = (
    (SealStatus.ASKED, "wait"),
    (SealStatus.GRANTED, "wait"),
    (SealStatus.SEALED, "ok"),
    (SealStatus.REFUSED, "bad"),
    (SealStatus.WITHDRAWN, "warn"),
    (Stage.ASKED, "wait"),
    (Stage.TO_SEAL, "wait"),
    (Stage.SEALED, "ok"),
    (Stage.PACKED, "wait"),
    (Stage.SENT, "wait"),
    (Stage.BACK, "ok"),
    (Stage.FILED, "ok"),
    (Outcome.GIVEN, "ok"),
    (Outcome.SENT, "ok"),
    (Outcome.UNCHANGED, ""),
    (Outcome.REFUSED, "bad"),
)

_STAGES = {code: said for code, said in TRAIL_WORDS if isinstance(code, Stage)}
_STAGE_TONES = {code: tone for code, tone in TRAIL_TONES if isinstance(code, Stage)}
# A notice stays where it was sent to: what comes is the day of its service.
_OWN_STAGES = {
    PaperKind.NOTICE: {Stage.SENT: _l("Sent, not served"), Stage.BACK: lazy_pgettext("original", "Served")},
    # Sealed by who sends it: nobody asks for that.
    PaperKind.STATEMENT: {Stage.NONE: _l("To be sent")},
}


def stage_word(stage: Stage, kind: PaperKind | None = None) -> str:
    """Where an original of this kind, or of any, stands, in words."""
    said = _OWN_STAGES.get(kind, {}).get(stage) if kind is not None else None
    return str(said or _STAGES[stage])


def stage_tone(stage: Stage) -> str:
    """The colour of where it stands."""
    return _STAGE_TONES.get(stage, "")


# Kinds of an agreement's events.
TRAIL_EVENTS: dict[str, object] = {
    "seal_asked": _l("Asked for the seal"),
    "seal_refused": _l("Seal refused"),
    "seal_left_out": _l("Left out of the seal application"),
    "sealed": lazy_pgettext("original", "Sealed"),
    "packed": lazy_pgettext("original", "Packed"),
    "paper_sent": _l("Original sent"),
    "paper_delivered": _l("Original delivered"),
    "parcel_cancelled": _l("Parcel taken back"),
    "paper_back": _l("Original came back"),
    "back_corrected": _l("Return corrected"),
    "paper_filed": _l("Original filed"),
}
# Actions of the audit trail about applications, parcels and reminders.
TRAIL_ACTIONS: dict[str, object] = {
    "seal_application.asked": _l("Asked for the seal"),
    "seal_application.granted": _l("Seal approved"),
    "seal_application.refused": _l("Seal refused"),
    "seal_application.withdrawn": _l("Seal application withdrawn"),
    "seal_application.sealed": lazy_pgettext("original", "Sealed"),
    "parcel.packed": lazy_pgettext("original", "Packed"),
    "parcel.added_to": _l("More originals packed"),
    "parcel.changed": _l("Parcel changed"),
    "parcel.sent": _l("Parcel sent"),
    "parcel.delivered": _l("Parcel delivered"),
    "parcel.cancelled": _l("Parcel taken back"),
    "settings.reminders_changed": _l("Reminders changed"),
    Numbered.NOTICE.action: _l("Numbering rule of notices changed"),
    Numbered.SEAL_APPLICATION.action: _l("Numbering rule of seal applications changed"),
    Numbered.PARCEL.action: _l("Numbering rule of parcels changed"),
    Numbered.CASE.action: _l("Numbering rule of violation cases changed"),
    Numbered.PAYMENT.action: _l("Numbering rule of payment lists changed"),
    Numbered.REPAYMENT.action: _l("Numbering rule of repayments changed"),
    Numbered.VOUCHERS.action: _l("Numbering rule of files of vouchers changed"),
    Numbered.CLAWBACK.action: _l("Numbering rule of claw-back settlements changed"),
    Numbered.MEETING.action: _l("Numbering rule of meetings changed"),
    Numbered.POLICY.action: _l("Numbering rule of policies changed"),
    Numbered.STATEMENT.action: _l("Numbering rule of fund statements changed"),
    **{f"agreement.{kind}": word for kind, word in TRAIL_EVENTS.items()},
}
TRAIL_LABELS: dict[str, object] = {
    "courier": _l("Courier"),
    "tracking": _l("Courier's number"),
    "is_by_hand": _l("Handed over in person"),
    "owner_days": _l("Remind the owner after"),
    "manager_days": _l("Tell the managers after"),
}
TRAIL_LISTS: dict[str, object] = {
    "originals": _l("Originals"),
    "originals_out": _l("Originals not back yet"),
    "parcels": _l("List for the courier"),
}


def told_of_trail(kind: str, said: Mapping[str, Any], reason: str = "") -> str:
    """What a deed on the paper trail says beside its name."""
    parts: list[str] = [str(said["original"])] if said.get("original") else []
    if "seal" in said and said["seal"] in list(Seal):
        parts.append(str(SEALS[Seal(said["seal"])]))
    if kind == "back_corrected":
        parts.append(_("%(before)s → %(after)s", before=said.get("before"), after=said.get("copies")))
    else:
        if "count" in said:
            parts.append(ngettext("%(num)s original paper", "%(num)s original papers", said["count"]))
        if "copies" in said:
            parts.append(_("%(copies)s copies", copies=said["copies"]))
    if said.get("missing"):
        parts.append(_("%(copies)s copies still out", copies=said["missing"]))
    if said.get("by_hand"):
        parts.append(_("in person"))
    parts += [str(said[name]) for name in ("courier", "tracking") if said.get(name)]
    if said.get("cabinet"):
        parts.append(_("cabinet %(cabinet)s", cabinet=said["cabinet"]))
    if said.get("without_scan"):
        parts.append(_("scan missing"))
    if said.get("lost"):
        parts.append(pgettext("parcel", "lost"))
    parts += [str(said[name]) for name in ("sent_on", "delivered_on", "back_on") if said.get(name)]
    parts += [str(said[name]) for name in ("application", "parcel", "purpose") if said.get(name)]
    if reason:
        parts.append(reason)
    return _(" · ").join(parts)
