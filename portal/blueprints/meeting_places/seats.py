"""Tables and seats: laid out, proposed, moved by hand, pasted, printed; where materials are given out."""

from collections.abc import Callable, Mapping

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm

from portal.blueprints.meeting_places import bp
from portal.blueprints.meeting_places.forms import DesksForm, LinesForm, OwnForm, SeatsForm, TablesForm
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import expected, packs, seats
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.seats import Move, Seated
from portal.extensions import db
from portal.printing.meetings import places
from portal.printing.meetings.facts import facts_of
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import as_id


@bp.get(f"/<{ROW}:id>/seats")
@requires(P.MEETINGS_READ)
def plan(id: int) -> ResponseReturnValue:
    """Who sits where, table by table, and what can be done about it."""
    return _page(meeting_or_404(id))


def _page(
    meeting: Meeting,
    form: FlaskForm | None = None,
    *,
    typed: Mapping[str, str] | None = None,
    refused: str = "",
) -> ResponseReturnValue:
    """The page; `form` was refused and keeps what was typed, `refused` names the entry of a seat."""
    tables = seats.tables_of(db.session(), meeting)
    people = seats.seated(db.session(), meeting, actor())
    laid = seats.write_tables(tables)
    # A form that comes back has shown, by now, what stands.
    if isinstance(form, TablesForm):
        form.seen.data = laid
    if isinstance(form, DesksForm):
        form.seen.data = meeting.pack_desks
    return render(
        "meeting_places/seats.html",
        form=form,
        meeting=meeting,
        may_hold=may_hold(meeting) and meeting.cancelled_at is None,
        tables=tables,
        at={
            table.name: sorted(
                (one for one in people if one.seat and one.seat[0] == table.name), key=_by_seat
            )
            for table in tables
        },
        standing=[one for one in people if not one.seat],
        people=len(people),
        room=sum(table.seats for table in tables),
        desks=packs.read(meeting.pack_desks),
        tables_form=_own(form, TablesForm) or TablesForm(formdata=None, tables=laid, seen=laid),
        seats_form=_own(form, SeatsForm) or SeatsForm(formdata=None),
        lines_form=_own(form, LinesForm) or LinesForm(formdata=None),
        desks_form=_own(form, DesksForm)
        or DesksForm(formdata=None, pack_desks=meeting.pack_desks, seen=meeting.pack_desks),
        own_form=_own(form, OwnForm) or OwnForm(formdata=None),
        typed=typed or {},
        refused=refused,
    )


def _own(form: FlaskForm | None, kind: type[FlaskForm]) -> FlaskForm | None:
    return form if isinstance(form, kind) else None


def _by_seat(one: Seated) -> int:
    return one.seat[1] if one.seat else 0


def _sent(id: int, form: FlaskForm, work: Callable[[Meeting], str]) -> ResponseReturnValue:
    """Do what a form of the page asks for and say so, or show the page with the form as it was refused."""
    meeting = own_meeting_or_404(id)
    if form.validate_on_submit() and (said := submit(form, lambda: work(meeting))) is not None:
        flash(said)
        return leave(url_for("meeting_places.plan", id=id))
    return _page(own_meeting_or_404(id), form)


@bp.post(f"/<{ROW}:id>/seats/tables")
@requires(P.MEETINGS_WRITE)
def tables(id: int) -> ResponseReturnValue:
    """Set the tables up."""
    form = TablesForm()

    def work(meeting: Meeting) -> str:
        laid = seats.lay(
            db.session(),
            actor(),
            meeting,
            form.tables.data or "",
            seen=form.seen.data or "",
            may_unseat=form.may_unseat.data,
        )
        room = sum(table.seats for table in laid)
        return _("%(tables)s tables with %(seats)s seats.", tables=len(laid), seats=room)

    return _sent(id, form, work)


@bp.post(f"/<{ROW}:id>/seats/propose")
@requires(P.MEETINGS_WRITE)
def propose(id: int) -> ResponseReturnValue:
    """Seat those who have no seat, or everybody afresh."""
    meeting = own_meeting_or_404(id)
    afresh = "afresh" in request.form
    done = submit(None, lambda: seats.propose(db.session(), actor(), meeting, afresh=afresh))
    moved, standing = done or (0, 0)
    flash(ngettext("%(num)s seat has been given.", "%(num)s seats have been given.", moved))
    if standing:
        flash(
            ngettext(
                "%(num)s guest has no seat: there are too few. Add a table.",
                "%(num)s guests have no seat: there are too few. Add a table.",
                standing,
            ),
            "warning",
        )
    return leave(url_for("meeting_places.plan", id=id))


@bp.post(f"/<{ROW}:id>/seats")
@requires(P.MEETINGS_WRITE)
def move(id: int) -> ResponseReturnValue:
    """Seat guests as typed, all or none."""
    meeting, form = own_meeting_or_404(id), SeatsForm()
    typed = {name: said for name, said in request.form.items() if name.startswith("seat-")}
    moves = [
        Move(guest_id, request.form.get(f"was-{guest_id}", ""), said)
        for name, said in typed.items()
        if (guest_id := as_id(name.removeprefix("seat-"))) is not None
    ]
    refused: list[str] = []

    def work() -> int:
        try:
            return seats.move(db.session(), actor(), meeting, moves)
        except DomainError as error:
            refused.append(error.field or "")
            raise

    done = submit(form, work) if form.validate_on_submit() else None
    if done is not None:
        flash(ngettext("%(num)s seat has been changed.", "%(num)s seats have been changed.", done))
        return leave(url_for("meeting_places.plan", id=id))
    return _page(own_meeting_or_404(id), form, typed=typed, refused="".join(refused))


@bp.post(f"/<{ROW}:id>/seats/lines")
@requires(P.MEETINGS_WRITE)
def lines(id: int) -> ResponseReturnValue:
    """Seats as a spreadsheet has them, pasted."""
    form = LinesForm()

    def work(meeting: Meeting) -> str:
        people = seats.seated(db.session(), meeting)
        moves = seats.read_moves(people, form.lines.data or "")
        try:
            done = seats.move(db.session(), actor(), meeting, moves)
        except DomainError as error:
            error.field = "lines"
            raise
        return ngettext("%(num)s seat has been changed.", "%(num)s seats have been changed.", done)

    return _sent(id, form, work)


@bp.post(f"/<{ROW}:id>/seats/desks")
@requires(P.MEETINGS_WRITE)
def desks(id: int) -> ResponseReturnValue:
    """Where materials are given out."""
    form = DesksForm()

    def work(meeting: Meeting) -> str:
        said, seen = form.pack_desks.data or "", form.seen.data or ""
        packs.set_desks(db.session(), actor(), meeting, said, seen=seen)
        return _("The desks have been saved; the door tells each guest where to go.")

    return _sent(id, form, work)


@bp.post(f"/<{ROW}:id>/seats/own")
@requires(P.MEETINGS_WRITE)
def own(id: int) -> ResponseReturnValue:
    """Speakers and own people come too."""
    form = OwnForm()

    def work(meeting: Meeting) -> str:
        made = seats.add_own(db.session(), actor(), meeting, form.people.data or "")
        return ngettext("%(num)s person has been added.", "%(num)s people have been added.", made)

    return _sent(id, form, work)


@bp.get(f"/<{ROW}:id>/table-plan.pdf")
@requires(P.MEETINGS_READ)
def table_plan(id: int) -> ResponseReturnValue:
    """桌次图: the tables with their guests, and a list to find one's seat by pinyin."""
    meeting, me = meeting_or_404(id), actor()
    tables = seats.tables_of(db.session(), meeting)
    people = [one for one in seats.seated(db.session(), meeting, me) if one.seat]
    if not people:
        raise DomainError(N_("Nobody has a seat yet. Propose the seats, then print."))
    guests = [
        places.Placed(one.guest.name, one.guest.sound, one.company, *one.seat) for one in people if one.seat
    ]
    facts, is_part = facts_of(meeting), not expected.sees_all(meeting, me)
    db.session.rollback()
    pdf = places.table_plan(facts, tables, guests, is_part=is_part, made_at=now())
    return shown(pdf, "application/pdf", f"桌次图-{facts.number}.pdf")
