"""The hotel's rooms: written down, proposed, shared by hand, handed to the hotel on paper and as Excel."""

from collections.abc import Mapping

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from flask_wtf import FlaskForm

from portal.blueprints.meeting_places import bp
from portal.blueprints.meeting_places.forms import KindsForm, RoomsForm
from portal.db import now
from portal.domain import text
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import expected, rooms
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.rooms import Change, Lodger
from portal.extensions import db
from portal.printing.meetings import hotel
from portal.printing.meetings.facts import facts_of
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.meetings import may_hold, meeting_or_404, own_meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import as_id
from portal.web.words import word


@bp.get(f"/<{ROW}:id>/rooms")
@requires(P.MEETINGS_READ)
def lodging(id: int) -> ResponseReturnValue:
    """Who sleeps where, room by room, and what the hotel keeps ready night by night."""
    return _page(meeting_or_404(id))


def _page(
    meeting: Meeting,
    form: FlaskForm | None = None,
    *,
    typed: Mapping[str, str] | None = None,
    refused: str = "",
) -> ResponseReturnValue:
    kinds = rooms.kinds_of(db.session(), meeting)
    people = rooms.lodgers(db.session(), meeting, actor())
    written = rooms.write_kinds(kinds)
    if isinstance(form, KindsForm):
        form.seen.data = written
    inside = _inside(people)
    return render(
        "meeting_places/rooms.html",
        form=form,
        meeting=meeting,
        may_hold=may_hold(meeting) and meeting.cancelled_at is None,
        kinds=kinds,
        rooms=[(room, inside[room.name]) for kind in kinds for room in kind.rooms if room.name in inside],
        mixed={name for name, here in inside.items() if rooms.is_mixed(here)},
        without=[one for one in people if not one.guest.room],
        unsaid=sum(one.guest.is_lady is None and not one.guest.room for one in people),
        people=len(people),
        count=sum(len(kind.rooms) for kind in kinds),
        free={kind.name: [room.name for room in kind.rooms if room.name not in inside] for kind in kinds},
        nights=rooms.nights(kinds, people),
        usual=rooms.usual_nights(meeting),
        kinds_form=form
        if isinstance(form, KindsForm)
        else KindsForm(formdata=None, kinds=written, seen=written),
        rooms_form=form if isinstance(form, RoomsForm) else RoomsForm(formdata=None),
        typed=typed or {},
        refused=refused,
    )


def _inside(people: list[Lodger]) -> dict[str, list[Lodger]]:
    found: dict[str, list[Lodger]] = {}
    for one in people:
        if one.guest.room:
            found.setdefault(one.guest.room, []).append(one)
    return found


@bp.post(f"/<{ROW}:id>/rooms/kinds")
@requires(P.MEETINGS_WRITE)
def kinds(id: int) -> ResponseReturnValue:
    """Write the hotel's rooms down."""
    meeting, form = own_meeting_or_404(id), KindsForm()

    def work() -> int:
        laid = rooms.lay(
            db.session(),
            actor(),
            meeting,
            form.kinds.data or "",
            seen=form.seen.data or "",
            may_unlodge=form.may_unlodge.data,
        )
        return sum(len(kind.rooms) for kind in laid)

    if form.validate_on_submit() and (count := submit(form, work)) is not None:
        flash(ngettext("The hotel has %(num)s room.", "The hotel has %(num)s rooms.", count))
        return leave(url_for("meeting_places.lodging", id=id))
    return _page(own_meeting_or_404(id), form)


@bp.post(f"/<{ROW}:id>/rooms/propose")
@requires(P.MEETINGS_WRITE)
def lodge(id: int) -> ResponseReturnValue:
    """Give rooms to those who have none, or to everybody afresh."""
    meeting = own_meeting_or_404(id)
    afresh = "afresh" in request.form
    done = submit(None, lambda: rooms.propose(db.session(), actor(), meeting, afresh=afresh))
    given, without = done or (0, 0)
    flash(ngettext("%(num)s guest has been given a room.", "%(num)s guests have been given a room.", given))
    if without:
        flash(
            ngettext(
                "%(num)s guest has no room: there are too few, or nobody said Mr or Ms.",
                "%(num)s guests have no room: there are too few, or nobody said Mr or Ms.",
                without,
            ),
            "warning",
        )
    return leave(url_for("meeting_places.lodging", id=id))


@bp.post(f"/<{ROW}:id>/rooms")
@requires(P.MEETINGS_WRITE)
def change_rooms(id: int) -> ResponseReturnValue:
    """Lodge guests as typed, all or none."""
    meeting, form = own_meeting_or_404(id), RoomsForm()
    typed = {name: said for name, said in request.form.items() if "-" in name}
    refused: list[str] = []

    def work() -> int:
        try:
            return rooms.change(db.session(), actor(), meeting, _changes(typed))
        except DomainError as error:
            refused.append(error.field or "")
            raise

    done = submit(form, work) if form.validate_on_submit() else None
    if done is not None:
        flash(
            ngettext(
                "%(num)s guest's room has been changed.", "%(num)s guests' rooms have been changed.", done
            )
        )
        return leave(url_for("meeting_places.lodging", id=id))
    return _page(own_meeting_or_404(id), form, typed=typed, refused="".join(refused))


def _changes(typed: Mapping[str, str]) -> list[Change]:
    found = []
    for name, said in typed.items():
        id = as_id(name.removeprefix("room-")) if name.startswith("room-") else None
        if id is None:
            continue
        try:
            days = [
                text.date_on(typed[key]) if typed.get(key := f"{side}-{id}", "").strip() else None
                for side in ("from", "until")
            ]
        except DomainError as error:
            error.field = f"room-{id}"
            raise
        lady = {"0": False, "1": True}.get(typed.get(f"lady-{id}", ""))
        found.append(Change(id, typed.get(f"was-{id}", ""), said, days[0], days[1], lady))
    return found


@bp.get(f"/<{ROW}:id>/rooms.pdf")
@requires(P.MEETINGS_READ)
def room_list(id: int) -> ResponseReturnValue:
    """分房表 for the hotel."""
    meeting, me = meeting_or_404(id), actor()
    kinds, people = _lodged(meeting)
    facts, is_part = facts_of(meeting), not expected.sees_all(meeting, me)
    sleepers = [
        hotel.Sleeper(
            one.guest.room,
            one.guest.name,
            # The paper is in Chinese, whoever prints it.
            {None: "", True: "女士", False: "先生"}[one.guest.is_lady],
            one.guest.phone,
            one.company,
            one.from_on,
            one.until_on,
            one.guest.train,
        )
        for one in people
    ]
    nights = rooms.nights(kinds, people)
    db.session.rollback()
    pdf = hotel.room_list(facts, kinds, sleepers, nights, is_part=is_part, made_at=now())
    return shown(pdf, "application/pdf", f"分房表-{facts.number}.pdf")


@bp.get(f"/<{ROW}:id>/rooms.xlsx")
@requires(P.MEETINGS_READ)
def room_workbook(id: int) -> ResponseReturnValue:
    """The same as Excel."""
    meeting, me = meeting_or_404(id), actor()
    kinds, people = _lodged(meeting)
    kind_of = {room.name: kind.name for kind in kinds for room in kind.rooms}
    rows = [
        (
            kind_of.get(one.guest.room, ""), one.guest.room, one.guest.name, _called(one), one.guest.phone,
            one.company, word(one.guest.lodging), one.from_on, one.until_on, one.nights, one.guest.train,
        )
        for one in people
    ]  # fmt: skip
    record_export(me, "rooms", count=len(rows), wanted={"meeting": meeting.number})
    columns = [
        Column(_("Kind of room")),
        Column(pgettext("hotel", "Room"), width=10),
        Column(pgettext("person", "Name")),
        Column(pgettext("person", "Mr or Ms"), width=8),
        Column(_("Phone"), width=18),
        Column(_("Company"), width=32),
        Column(_("Lodging"), width=10),
        Column(pgettext("hotel", "Arrives"), "date"),
        Column(pgettext("hotel", "Leaves"), "date"),
        Column(pgettext("hotel", "Nights"), "whole", width=8),
        Column(pgettext("meeting", "Train or flight"), width=18),
    ]
    return workbook(pgettext("hotel", "Rooms"), columns, rows, f"分房表-{meeting.number}.xlsx")


def _lodged(meeting: Meeting) -> tuple[list[rooms.Kind], list[Lodger]]:
    """The rooms, and who sleeps there, room by room; whoever has none yet comes last."""
    kinds = rooms.kinds_of(db.session(), meeting)
    people = rooms.lodgers(db.session(), meeting, actor())
    if not people:
        raise DomainError(N_("Nobody needs a room. It is said in the replies."))
    place = {room.name: no for no, room in enumerate(room for kind in kinds for room in kind.rooms)}
    people.sort(key=lambda one: place.get(one.guest.room, len(place)))
    return kinds, people


def _called(one: Lodger) -> str:
    return {None: "", True: pgettext("person", "Ms"), False: pgettext("person", "Mr")}[one.guest.is_lady]
