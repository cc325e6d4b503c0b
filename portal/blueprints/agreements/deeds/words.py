"""A deed's record in words: its steps, what comes next and who must act."""

from collections.abc import Sequence

from flask_babel import gettext as _

from portal.blueprints.agreements.words import Next, last_of
from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.price_protection.deeds import amending, base
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.models import Amendment, DeedStatus
from portal.domain.price_protection.problems import Problem
from portal.domain.users import queries as users
from portal.extensions import db
from portal.web.htmx import say
from portal.web.templating import day


def stops(deed: AnyDeed) -> list[tuple[str, str, str]]:
    """The steps of a deed that goes its way: title, note, and "done", "now" or ""."""
    is_amendment = isinstance(deed, Amendment)
    prefix = "amendment" if is_amendment else "notice"
    approved, printed = (
        last_of(deed.agreement, f"{prefix}_{kind}", deed.id) for kind in ("approved", "printed")
    )
    is_over = deed.status in (DeedStatus.SIGNED, DeedStatus.SERVED)
    at = {
        DeedStatus.DRAFT: 0,
        DeedStatus.SUBMITTED: 1,
        DeedStatus.APPROVED: 3 if printed else 2,
        DeedStatus.SIGNED: 4,
        DeedStatus.SERVED: 4,
        DeedStatus.VOID: 0,
    }[deed.status]
    if isinstance(deed, Amendment):
        done = deed.signed_on
        titles = [_("Drafting"), _("Approval"), _("Printing"), _("Signing"), _("Takes effect")]
        last = _("from %(day)s", day=day(deed.effective_on))
        if is_over and deed.effective_on <= min(today(), deed.agreement.ends_on):
            at = 5
    else:
        done = deed.served_on
        titles = [_("Drafting"), _("Two approvals"), _("Printing"), _("Service"), _("Termination")]
        last = day(deed.agreement.ends_on if is_over else deed.terminates_on)
        if is_over and deed.agreement.ends_on < today():
            at = 5
    notes = [
        day(deed.created_at),
        day(approved.at) if approved else "",
        day(printed.at) if printed else "",
        day(done) if done else "",
        last,
    ]
    return [
        (title, note, "done" if place < at else "now" if place == at else "")
        for place, (title, note) in enumerate(zip(titles, notes, strict=True))
    ]


def _counsels() -> str:
    """Who may review it for counsel, as the one to act."""
    names = users.names_holding(db.session, Permission.TEMPLATES_RELEASE)
    return _("%(name)s to act", name=_(" or ").join(names[:3])) if names else ""


def next_step(deed: AnyDeed, *, is_complete: bool, obstacles: Sequence[Problem]) -> Next:
    """What comes next, whoever looks."""
    owner = _("%(name)s to act", name=deed.agreement.distributor.owner.name)
    is_amendment = isinstance(deed, Amendment)
    if deed.status is DeedStatus.DRAFT:
        if is_complete:
            return Next(_("Submit for approval"), owner)
        return Next(_("Fill in what is missing, then submit"), owner)
    if deed.status is DeedStatus.SUBMITTED:
        if obstacles:
            first = obstacles[0]
            who = _counsels() if isinstance(deed, Amendment) and amending.awaits_counsel(deed) else ""
            return Next(say(DomainError(first.msgid, **first.params)), who)
        names = base.approvers(db.session, deed)
        who = _("%(name)s to act", name=_(" or ").join(names[:3])) if names else ""
        if not is_amendment and deed.first_approver_id is None:
            return Next(_("Two persons approve it or send it back"), who)
        if not is_amendment:
            return Next(_("A second person approves it or sends it back"), who)
        return Next(_("Approve or send back"), who)
    if deed.status is DeedStatus.APPROVED:
        if last_of(deed.agreement, f"{'amendment' if is_amendment else 'notice'}_printed", deed.id) is None:
            return Next(_("Print this original"), owner)
        if is_amendment:
            return Next(_("Have both parties sign and seal it, then record the signing"), owner)
        return Next(_("Send it by courier, then record when it was served"), owner)
    if deed.status is DeedStatus.VOID:
        if last_of(deed.agreement, "amendment_lapsed", deed.id) is not None:
            return Next(_("Nothing to do: it lapsed when the agreement was terminated"))
        return Next(_("Nothing to do: it was voided"))
    if not deed.scans:
        return Next(
            _("File the scan of the signed paper") if is_amendment else _("File the proof of service"), owner
        )
    if isinstance(deed, Amendment):
        if deed.effective_on > deed.agreement.ends_on:
            return Next(
                _("It never takes effect: the agreement ends on %(day)s", day=day(deed.agreement.ends_on))
            )
        return Next(_("The agreement reads so from %(day)s", day=day(deed.effective_on)))
    return Next(_("The agreement ends on %(day)s", day=day(deed.agreement.ends_on)))
