"""Whom to invite, and what they answer."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.blueprints.meetings import bp
from portal.blueprints.meetings.forms import ReplyForm
from portal.blueprints.meetings.loading import invitation_or_404
from portal.blueprints.meetings.replies import wanted_replies
from portal.domain.access.queries import regions_visible_to
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor, Level
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.errors import DomainError
from portal.domain.meetings import audience as audience_of
from portal.domain.meetings import inviting, queries, replies, waiting
from portal.domain.meetings.audience import Wanted
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import MOST_PERSONS
from portal.domain.meetings.models import Invitation, Reply, Via
from portal.domain.text import amount_fen
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.grades import grade_choices, wanted_grade
from portal.web.htmx import leave, render, submit
from portal.web.meeting_keys import reply_links
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import chosen, ids, number, page_of
from portal.web.templating import query_without

_SORTS = {"code": Distributor.code_key, "name": Distributor.name}


def _audience() -> DistributorFilter:
    """Whom the address narrows the choice to, also where all of them are invited by a form."""
    return DistributorFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        level=chosen(Level, "level"),
        grade=wanted_grade(),
        owner_id=number("owner"),
    )


def _more() -> Wanted:
    """What else the address narrows the choice to."""
    return Wanted(
        months=number("months") or 12,
        at_least_fen=_fen("least"),
        at_most_fen=_fen("most"),
        most=number("top"),
        absent_months=number("absent"),
    )


def _fen(name: str) -> int | None:
    """A sum of money of the address in fen; None for what is none."""
    try:
        return amount_fen(said) if (said := request.args.get(name, "").strip()[:20]) else None
    except DomainError:
        return None


@bp.get(f"/<{ROW}:id>/invite")
@requires(P.MEETINGS_WRITE)
def audience(id: int) -> ResponseReturnValue:
    """Distributors who are not invited yet, narrowed as the address says: some of them, or all."""
    meeting, me, wanted, more = own_meeting_or_404(id), actor(), _audience(), _more()
    page = page_of(
        db.session,
        inviting.candidates(db.session(), meeting, me, wanted, more).options(*queries.NAMED_BY_OFFICE),
        sorts=_SORTS,
        default="code",
        tie=Distributor.id,
    )
    return render(
        "meetings/invite.html",
        fragment="meetings/_candidates.html",
        meeting=meeting,
        page=page,
        elsewhere=audience_of.elsewhere(db.session(), meeting, [one.id for (one,) in page.rows]),
        days_off=queries.days_off(db.session, meeting),
        wanted=wanted,
        more=more,
        typed={name: request.args.get(name, "").strip()[:20] for name in ("least", "most")},
        sees_purchases=audience_of.sees_purchases(me),
        levels=list(Level),
        grades=grade_choices(),
        owners=[(one.id, one.name) for one in queries.owners(db.session, me)],
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_WRITE))
        ],
    )


@bp.post(f"/<{ROW}:id>/invite")
@requires(P.MEETINGS_WRITE)
def invite(id: int) -> ResponseReturnValue:
    """Invite those who were ticked, or all that the filter lets through."""
    meeting, me = own_meeting_or_404(id), actor()

    def work() -> int:
        wanted = ids()
        if "all" in request.form:
            chosen_ids = inviting.candidates(
                db.session(), meeting, me, _audience(), _more()
            ).with_only_columns(Distributor.id)
            wanted = list(db.session.scalars(chosen_ids))
        return inviting.invite(db.session, me, meeting, wanted)

    done = submit(None, work) or 0
    flash(ngettext("%(num)s distributor has been invited.", "%(num)s distributors have been invited.", done))
    return leave(url_for("meetings.replies", id=id))


@bp.route(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>", methods=["GET", "POST"])
@requires(P.MEETINGS_WRITE)
def reply(id: int, invitation_id: int) -> ResponseReturnValue:
    """Take a distributor's answer down, while it is on the telephone."""
    meeting = meeting_or_404(id)
    invitation = invitation_or_404(meeting, invitation_id)
    me, wanted = actor(), wanted_replies()
    form = ReplyForm() if request.method == "POST" else ReplyForm.of(invitation, _known(invitation))
    if form.validate_on_submit():

        def work() -> bool:
            inviting.answer(db.session, me, invitation, form.answer, Via.PHONE)
            return True

        if submit(form, work):
            name = invitation.distributor.name
            if invitation.reply is Reply.WAITING:
                flash(
                    _("All seats are taken: %(name)s is on the waiting list. Tell them so.", name=name),
                    "warning",
                )
            else:
                flash(_("The reply of %(name)s has been taken down.", name=name))
            onwards = replies.next_to_call(db.session(), meeting, me, wanted, invitation)
            if "next" in request.form and onwards is not None:
                return leave(_reply_address(id, onwards))
            return leave(url_for("meetings.replies", id=id) + query_without("page"))
    onwards = replies.next_to_call(db.session(), meeting, me, wanted, invitation)
    return render(
        "meetings/reply.html",
        form=form,
        meeting=meeting,
        invitation=invitation,
        free=waiting.free_seats(db.session(), meeting, invitation),
        onwards=None if onwards is None else _reply_address(id, onwards),
        most=MOST_PERSONS,
        link=reply_links(meeting)(invitation) if invitation.withdrawn_at is None else "",
        may_hold=may_hold(meeting),
    )


def _reply_address(id: int, invitation_id: int) -> str:
    """The form of another reply, of the same narrowed list."""
    return url_for("meetings.reply", id=id, invitation_id=invitation_id) + query_without("page")


@bp.post(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>/move-up")
@requires(P.MEETINGS_WRITE)
def move_up(id: int, invitation_id: int) -> ResponseReturnValue:
    """Give one who waits a place that is free."""
    meeting = own_meeting_or_404(id)
    invitation = invitation_or_404(meeting, invitation_id)

    def work() -> bool:
        waiting.move_up(db.session, actor(), invitation)
        return True

    if submit(None, work):
        flash(_("%(name)s has a place now. Tell them so.", name=invitation.distributor.name))
    return leave(url_for("meetings.replies", id=id))


def _known(invitation: Invitation) -> list[GuestFacts]:
    """Whom the register names: the one who most probably comes stands there already."""
    people = invitation.distributor.people[:1]
    return [GuestFacts(one.name, one.title, one.phone) for one in people]


@bp.post(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>/withdraw")
@requires(P.MEETINGS_WRITE)
def withdraw(id: int, invitation_id: int) -> ResponseReturnValue:
    """Take a distributor off the list."""
    meeting = own_meeting_or_404(id)
    invitation = invitation_or_404(meeting, invitation_id)
    submit(None, lambda: inviting.withdraw(db.session, actor(), invitation))
    flash(_("%(name)s is no longer invited.", name=invitation.distributor.name))
    return leave(url_for("meetings.replies", id=id))
