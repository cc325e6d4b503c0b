"""Forms of meetings: planning, and a reply taken down."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, FieldList, Form, FormField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.db import CHINA
from portal.domain.errors import DomainError
from portal.domain.meetings import agenda
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import Answer
from portal.domain.meetings.models import Guest, Invitation, Lodging, Meeting, MeetingKind, Reply
from portal.domain.meetings.planning import Facts, Item, china_at
from portal.domain.users.models import User
from portal.web.fields import AmountField, ClockField, DateOnField, LineField, LinesField, WholeField
from portal.web.meeting_words import MEETING_LABELS as LABELS
from portal.web.words import WORDS

NAMED = 8


class MeetingForm(FlaskForm):
    """A meeting as it is planned; `version` is the one that the form showed."""

    version = HiddenField()
    title = LineField(LABELS["title"], [InputRequired(_l("Enter what the meeting is called."))])
    kind = SelectField(
        LABELS["kind"], choices=[SelectChoice(kind.value, WORDS[kind]) for kind in MeetingKind]
    )
    region_id = SelectField(_l("Office that holds it"), coerce=int)
    host_id = SelectField(_l("Host"), coerce=int)
    starts_on = DateOnField(lazy_pgettext("meeting", "Day"), [InputRequired(_l("Enter a date."))])
    starts_at = ClockField(LABELS["starts_at"], [InputRequired(_l("Enter when it begins."))])
    ends_on = DateOnField(lazy_pgettext("meeting", "Last day"))
    ends_at = ClockField(LABELS["ends_at"], [InputRequired(_l("Enter when it ends."))])
    place = LineField(LABELS["place"])
    address = LineField(LABELS["address"])
    reply_by_on = DateOnField(LABELS["reply_by_on"])
    seats = WholeField(LABELS["seats"])
    budget = AmountField(LABELS["budget_fen"])
    late_after_minutes = WholeField(LABELS["late_after_minutes"], default=10)
    agenda = LinesField(LABELS["agenda"])
    note = LineField(LABELS["note"])
    with_later = BooleanField(_l("Change the later meetings of the series in the same way"))

    @classmethod
    def of(cls, facts: Facts, region_id: int, version: int | None = None) -> "MeetingForm":
        """The form as a meeting stands, or as a new one is proposed."""
        begins, ends = facts.starts_at.astimezone(CHINA), facts.ends_at.astimezone(CHINA)
        return cls(
            formdata=None,
            version="" if version is None else str(version),
            title=facts.title,
            kind=facts.kind.value,
            region_id=region_id,
            host_id=facts.host.id,
            starts_on=begins.date(),
            starts_at=begins.time(),
            ends_on=None if ends.date() == begins.date() else ends.date(),
            ends_at=ends.time(),
            place=facts.place,
            address=facts.address,
            reply_by_on=facts.reply_by_on,
            seats=facts.seats,
            budget=facts.budget_fen,
            late_after_minutes=facts.late_after_minutes,
            agenda=agenda.write(list(facts.agenda), facts.starts_at),
            note=facts.note,
        )

    def facts(self, host: User) -> Facts:
        """What was typed, as the domain takes it; DomainError for an agenda that cannot be read."""
        first: date = self.starts_on.data
        begins: time = self.starts_at.data
        starts_at = china_at(first, begins)
        return Facts(
            kind=MeetingKind(self.kind.data),
            title=self.title.data or "",
            host=host,
            starts_at=starts_at,
            ends_at=china_at(self.ends_on.data or first, self.ends_at.data),
            place=self.place.data or "",
            address=self.address.data or "",
            late_after_minutes=10 if self.late_after_minutes.data is None else self.late_after_minutes.data,
            reply_by_on=self.reply_by_on.data,
            seats=self.seats.data,
            budget_fen=self.budget.data,
            note=self.note.data or "",
            agenda=self._agenda(starts_at),
        )

    def _agenda(self, starts_at: datetime) -> tuple[Item, ...]:
        try:
            return agenda.read(self.agenda.data or "", starts_at)
        except DomainError as error:
            error.field = "agenda"
            raise

    @property
    def seen_version(self) -> int:
        """The version that the form showed; none that exists when it was tampered with."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1


def facts_of(meeting: Meeting) -> Facts:
    """A meeting as it stands."""
    return Facts(
        kind=meeting.kind,
        title=meeting.title,
        host=meeting.host,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        place=meeting.place,
        address=meeting.address,
        late_after_minutes=meeting.late_after_minutes,
        reply_by_on=meeting.reply_by_on,
        seats=meeting.seats,
        budget_fen=meeting.budget_fen,
        note=meeting.note,
        agenda=tuple(Item(one.starts_at, one.topic, one.speaker) for one in meeting.agenda),
    )


class PersonForm(Form):
    """One who comes."""

    name = LineField(lazy_pgettext("person", "Name"))
    title = LineField(lazy_pgettext("person", "Post"))
    phone = LineField(_l("Phone"))
    lodging = SelectField(
        lazy_pgettext("meeting", "Room"), choices=[SelectChoice(one.value, WORDS[one]) for one in Lodging]
    )
    # Asked for rooms that are shared.
    lady = SelectField(
        lazy_pgettext("person", "Mr or Ms"),
        choices=[
            SelectChoice("", "—"),
            SelectChoice("0", lazy_pgettext("person", "Mr")),
            SelectChoice("1", lazy_pgettext("person", "Ms")),
        ],
        default="",
    )
    train = LineField(lazy_pgettext("meeting", "Train or flight"))


class ReplyForm(FlaskForm):
    """What a distributor says on the telephone."""

    reply = RadioField(
        LABELS["reply"],
        choices=[SelectChoice(one.value, WORDS[one]) for one in (Reply.COMING, Reply.DECLINED)],
        validators=[InputRequired(_l("Choose whether they come."))],
    )
    persons = WholeField(LABELS["persons"])
    people: Any = FieldList(FormField(PersonForm), min_entries=0, max_entries=50)
    note = LineField(LABELS["note"])

    @classmethod
    def of(cls, invitation: Invitation, proposed: Sequence[GuestFacts]) -> "ReplyForm":
        """The form as the answer stands, with room for more people; without one, who may be meant is proposed."""
        guests = [
            _said(one)
            for one in invitation.guests
            if one.erased_at is None and (one.cancelled_at is None or one.is_waiting)
        ]
        rows = guests or ([] if invitation.reply else [_row(one) for one in proposed])
        rows += [{} for _ in range(max(1, 3 - len(rows)))]
        return cls(
            formdata=None,
            reply=(Reply.DECLINED if invitation.reply is Reply.DECLINED else Reply.COMING).value,
            persons=invitation.persons or None,
            people=rows[:50],
            note=invitation.note,
        )

    @property
    def answer(self) -> Answer:
        """What was typed, as the domain takes it."""
        people = [
            GuestFacts(
                name=row["name"].data or "",
                title=row["title"].data or "",
                phone=row["phone"].data or "",
                lodging=Lodging(row["lodging"].data),
                train=row["train"].data or "",
                is_lady={"0": False, "1": True}.get(row["lady"].data),
            )
            for row in self.people
        ]
        return Answer(Reply(self.reply.data), self.persons.data or 0, people, self.note.data or "")


def _said(guest: Guest) -> dict[str, str]:
    return {
        "name": guest.name,
        "title": guest.title,
        "phone": guest.phone,
        "lodging": guest.lodging.value,
        "train": guest.train,
        "lady": {None: "", True: "1", False: "0"}[guest.is_lady],
    }


def _row(facts: GuestFacts) -> dict[str, str]:
    return {"name": facts.name, "title": facts.title, "phone": facts.phone}
