"""An agreement's record in words: its steps, what comes next and who must act, the events of its life."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.blueprints.agreements import bp
from portal.db import CHINA, today
from portal.domain.errors import DomainError
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.models import Agreement, AgreementEvent, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.people import approvers
from portal.domain.price_protection.phases import Phase, phase
from portal.domain.price_protection.problems import Problem
from portal.extensions import db
from portal.web.deed_words import DEED_EVENTS
from portal.web.htmx import say
from portal.web.templating import day
from portal.web.trail_words import TRAIL_EVENTS, told_of_trail

EVENTS = {
    "created": _l("Drafted"),
    "edited": _l("Changed"),
    "submitted": _l("Submitted for approval"),
    "sent_back": _l("Sent back"),
    "withdrawn": _l("Submission withdrawn"),
    "approved": _l("Approved"),
    "approval_withdrawn": _l("Approval withdrawn"),
    "sealed_electronically": _l("Electronic seal applied"),
    "printed": _l("Printed"),
    "signed": _l("Signing recorded"),
    "signing_corrected": _l("Signing date corrected"),
    "too_long": _l("Too long for its sheet"),
    "scan_filed": _l("Scan filed"),
    "terminated": _l("Terminated"),
    "voided": _l("Voided"),
    **DEED_EVENTS,
    **TRAIL_EVENTS,
}

PARTS = {"template": _l("Template"), "prices": _l("Products and prices"), "violations": _l("Violations")}


@bp.app_template_global("say_problem")
def say_problem(problem: Problem) -> str:
    """A problem in the user's language."""
    return say(DomainError(problem.msgid, **problem.params))


@dataclass(frozen=True)
class Next:
    """What comes next and who must act."""

    text: str
    who: str = ""


def told(event: AgreementEvent, *, is_own_page: bool = False) -> str:
    """What an event says beside its name; an amendment's or notice's also which, but not on its own page."""
    said = event.params
    if event.kind in TRAIL_EVENTS:
        shown = {name: value for name, value in said.items() if not (is_own_page and name == "original")}
        return told_of_trail(event.kind, shown, event.reason)
    if "deed" in said:
        parts = ("" if is_own_page else str(said.get("title", "")), _told_of_deed(event))
        return _(" · ").join(part for part in parts if part)
    if event.kind == "approved":
        return _approved(said)
    if event.kind == "sealed_electronically":
        return _("original no. %(paper)s, by %(name)s", paper=said.get("paper"), name=said.get("seal"))
    if event.kind == "printed":
        return _(
            "original no. %(paper)s, %(copies)s copies", paper=said.get("paper"), copies=said.get("copies")
        )
    if event.kind == "signed":
        return _("by both parties, %(day)s", day=said.get("signed_on"))
    if event.kind == "signing_corrected":
        moved = _("%(before)s → %(after)s", before=said.get("before"), after=said.get("signed_on"))
        return _(" · ").join((moved, event.reason))
    if event.kind == "too_long":
        return ngettext("%(num)s page", "%(num)s pages", said.get("pages", 0))
    if event.kind == "scan_filed":
        return str(said.get("filename", ""))
    if event.kind == "terminated":
        return _("last day %(day)s: %(reason)s", day=said.get("ends_on"), reason=event.reason)
    if event.kind == "edited":
        return _(", ").join(_label(name) for name in said.get("changes", {}))
    if event.kind == "created" and said.get("follows"):
        return _("renews %(number)s", number=said["follows"])
    return event.reason


def _approved(said: dict[str, Any]) -> str:
    """The original that an approval made, and why it lacks the electronic seal where it does."""
    original = _("original no. %(paper)s, %(pages)s pages", paper=said.get("paper"), pages=said.get("pages"))
    return _(" · ").join(part for part in (original, unsealed_because(said)) if part)


def unsealed_because(said: dict[str, Any]) -> str:
    """Why an approval could not seal its original, in words; empty where it could, or nobody wanted it."""
    if not said.get("unsealed_because"):
        return ""
    reason = _(str(said["unsealed_because"]), **said.get("unsealed_params", {}))
    return _("without electronic seal: %(reason)s", reason=reason)


def _told_of_deed(event: AgreementEvent) -> str:
    said, step = event.params, event.kind.split("_", 1)[1]
    match step:
        case "approved":
            return _approved(said)
        case "sealed_electronically":
            return _("original no. %(paper)s, by %(name)s", paper=said.get("paper"), name=said.get("seal"))
        case "printed":
            return _(
                "original no. %(paper)s, %(copies)s copies",
                paper=said.get("paper"),
                copies=said.get("copies"),
            )
        case "signed":
            return _(
                "by both parties, %(day)s; takes effect on %(effective)s",
                day=said.get("signed_on"),
                effective=said.get("effective_on"),
            )
        case "served":
            return _(", ").join(str(part) for part in (said.get("served_on"), said.get("note")) if part)
        case "lapsed":
            return _("by %(notice)s; last day %(day)s", notice=said.get("notice"), day=said.get("ends_on"))
        case "scan_filed":
            return str(said.get("filename", ""))
    return event.reason


def last_of(agreement: Agreement, kind: str, deed_id: int) -> AgreementEvent | None:
    """The newest event of a kind of one amendment or notice that no later draft has undone."""
    for event in agreement.events:
        if event.params.get("deed") != deed_id:
            continue
        if event.kind == kind:
            return event
        if event.kind.endswith(("_sent_back", "_withdrawn")):
            return None
    return None


def _label(name: str) -> str:
    """What a part of an agreement is called on screen."""
    if name in PARTS:
        return str(PARTS[name])
    entry = PLACEHOLDERS.get(name)
    return _(entry.label) if entry else name


def last(agreement: Agreement, kind: str) -> AgreementEvent | None:
    """The newest event of a kind that no later draft has undone."""
    for event in agreement.events:
        if event.kind == kind:
            return event
        if event.kind in ("sent_back", "withdrawn", "approval_withdrawn"):
            return None
    return None


def stops(agreement: Agreement) -> list[tuple[str, str, str]]:
    """The steps of a life that goes its way: title, note, and "done", "now" or ""."""
    here = phase(agreement)
    approved, printed, signed = (last(agreement, kind) for kind in ("approved", "printed", "signed"))
    ends = agreement.ends_on
    order = [_("Drafting"), _("Approval"), _("Printing"), _("Signing"), _("In force")]
    order.append(_("Termination") if here in (Phase.ENDING, Phase.TERMINATED) else _("End"))
    at = {
        Phase.DRAFT: 0,
        Phase.AWAITING_APPROVAL: 1,
        Phase.AWAITING_SIGNATURE: 3 if printed else 2,
        Phase.NOT_YET_EFFECTIVE: 4,
        Phase.EFFECTIVE: 4,
        Phase.ENDING: 4,
        Phase.EXPIRED: 5,
        Phase.TERMINATED: 5,
        Phase.VOID: 0,
    }[here]
    notes = [
        day(agreement.created_at),
        _with_name(approved),
        _("%(day)s, %(copies)s copies", day=day(printed.at), copies=printed.params.get("copies"))
        if printed
        else "",
        (
            _("%(day)s, scan filed", day=day(agreement.signed_on))
            if agreement.scans
            else _("%(day)s, scan missing", day=day(agreement.signed_on))
        )
        if signed
        else "",
        _("from %(day)s", day=day(agreement.effective_on)),
        _("%(day)s, %(days)s days left", day=day(ends), days=(ends - today()).days)
        if ends >= today()
        else day(ends),
    ]
    return [
        (title, note, "done" if place < at else "now" if place == at else "")
        for place, (title, note) in enumerate(zip(order, notes, strict=True))
    ]


def _with_name(event: AgreementEvent | None) -> str:
    if event is None:
        return ""
    return _(
        "%(day)s, %(name)s", day=day(event.at.astimezone(CHINA)), name=event.by.name if event.by else "—"
    )


def next_step(agreement: Agreement, *, is_complete: bool, successor: Agreement | None) -> Next:
    """What comes next, whoever looks."""
    here = phase(agreement)
    owner = _("%(name)s to act", name=agreement.distributor.owner.name)
    if here is Phase.DRAFT:
        back = last_turn(agreement)
        if back is not None:
            return Next(_("Correct and submit again: %(reason)s", reason=back.reason), owner)
        if is_complete:
            return Next(_("Submit for approval"), owner)
        return Next(_("Fill in what is missing, then submit"), owner)
    if here is Phase.AWAITING_APPROVAL:
        names = approvers(db.session, agreement)
        return Next(
            _("Approve or send back"),
            _("%(name)s to act", name=_(" or ").join(names[:3]))
            if names
            else _("nobody in %(office)s may approve: ask an administrator", office=agreement.region.name),
        )
    if here is Phase.AWAITING_SIGNATURE:
        if last(agreement, "printed") is None:
            return Next(_("Print the original"), owner)
        return Next(_("Have both parties sign and seal it, then record the signing"), owner)
    if agreement.status in (Status.SIGNED, Status.TERMINATED) and not agreement.scans:
        return Next(_("File the scan of the signed paper"), owner)
    if here is Phase.NOT_YET_EFFECTIVE:
        return Next(_("Takes effect automatically on %(day)s", day=day(agreement.effective_on)))
    if here in (Phase.EFFECTIVE, Phase.EXPIRED):
        if successor is not None:
            return Next(_("Renewed by %(number)s", number=successor.number))
        if here is Phase.EXPIRED:
            return Next(_("It ended on %(day)s and has not been renewed", day=day(agreement.ends_on)), owner)
        if agreement.ends_on - timedelta(days=90) <= today():
            return Next(_("Renew it before %(day)s", day=day(agreement.ends_on)), owner)
        return Next(
            _("In force; can be renewed from %(day)s", day=day(agreement.ends_on - timedelta(days=90)))
        )
    if here is Phase.ENDING:
        return Next(_("In force until %(day)s, then terminated", day=day(agreement.ends_on)))
    if here is Phase.TERMINATED:
        return Next(_("It ended on %(day)s; the fund is settled separately", day=day(agreement.ends_on)))
    return Next(_("Nothing to do: it was voided"))


def last_turn(agreement: Agreement) -> AgreementEvent | None:
    """The event by which a draft came back from approval; None when it did not, or its author took it back."""
    for event in agreement.events:
        if event.kind in ("sent_back", "approval_withdrawn"):
            return event
        if event.kind in ("created", "withdrawn", "submitted"):
            return None
    return None


def is_printed(agreement: Agreement) -> bool:
    """Whether the original in force was printed."""
    event, paper = last(agreement, "printed"), current_paper(agreement)
    return event is not None and paper is not None and event.params.get("paper") == paper.no
