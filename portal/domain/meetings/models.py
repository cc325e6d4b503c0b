"""Meetings, who is invited to them, the people who come, the devices at the door and what they saw (M1)."""

from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class MeetingKind(StrEnum):
    """会议类型."""

    REGULAR = "regular"
    ANNUAL = "annual"
    ORDERING = "ordering"
    PRODUCT = "product"
    POLICY = "policy"
    COMMENDATION = "commendation"
    OTHER = "other"


class MeetingState(StrEnum):
    """Where a meeting is; it follows from its records and the clock."""

    PLANNED = "planned"
    INVITED = "invited"
    UNDER_WAY = "under_way"
    OVER = "over"
    CANCELLED = "cancelled"


class Meeting(Base):
    """会议: what is held where and when, for whom a region answers; instants, shown in Asia/Shanghai."""

    __tablename__ = "meeting"
    __table_args__ = (
        sa.CheckConstraint("title <> ''", name="title_given"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        sa.CheckConstraint("seats > 0", name="some_seats"),
        sa.CheckConstraint("budget_fen >= 0", name="budget_not_negative"),
        sa.CheckConstraint("late_after_minutes >= 0", name="lateness_not_negative"),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by_id IS NULL) AND (cancelled_at IS NULL) = (cancelled_reason = '')",
            name="cancelled_with_a_reason",
        ),
        sa.Index("ix_meeting_region_id_starts_at", "region_id", "starts_at"),
        sa.Index("ix_meeting_starts_at", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    kind: Mapped[MeetingKind] = mapped_column(enum_type(MeetingKind))
    title: Mapped[str] = mapped_column(sa.String(80))
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"))
    # Who answers for it: 联系人 on the invitation.
    host_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    place: Mapped[str] = mapped_column(sa.String(80), default="")
    address: Mapped[str] = mapped_column(sa.String(120), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    # Whoever arrives later than so many minutes after the start is late.
    late_after_minutes: Mapped[int] = mapped_column(sa.Integer, default=10)
    reply_by_on: Mapped[date | None]
    seats: Mapped[int | None] = mapped_column(sa.Integer)
    budget_fen: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # 领资料台, as portal.domain.meetings.packs reads it.
    pack_desks: Mapped[str] = mapped_column(sa.String(600), default="", server_default="")
    # The id of the first of a series; None for a meeting that stands alone.
    series_id: Mapped[int | None] = mapped_column(index=True)
    copied_from_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting.id"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    cancelled_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    host: Mapped[User] = relationship(foreign_keys=[host_id])
    cancelled_by: Mapped[User | None] = relationship(foreign_keys=[cancelled_by_id])
    agenda: Mapped[list["AgendaItem"]] = relationship(
        order_by="(AgendaItem.starts_at, AgendaItem.id)",
        cascade="all, delete-orphan",
        back_populates="meeting",
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def late_from(self) -> datetime:
        """From this instant on who arrives is late."""
        return self.starts_at + timedelta(minutes=self.late_after_minutes)


class AgendaItem(Base):
    """议程: what is spoken about, by whom, from when on; it lasts until the next one."""

    __tablename__ = "meeting_agenda_item"
    __table_args__ = (sa.CheckConstraint("topic <> ''", name="topic_given"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    starts_at: Mapped[datetime]
    topic: Mapped[str] = mapped_column(sa.String(100))
    speaker: Mapped[str] = mapped_column(sa.String(60), default="")

    meeting: Mapped[Meeting] = relationship(back_populates="agenda")


class MeetingTable(Base):
    """桌: a table of the hall, from the front to the back; who sits there stands with the guests, by its name."""

    __tablename__ = "meeting_table"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "name"),
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("seats > 0", name="some_seats"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    position: Mapped[int] = mapped_column(sa.Integer)
    name: Mapped[str] = mapped_column(sa.String(10))
    seats: Mapped[int] = mapped_column(sa.Integer)
    # 主桌: for speakers and the company's own people.
    is_head: Mapped[bool] = mapped_column(default=False)


class RoomKind(Base):
    """房型: a kind of room that the hotel keeps ready; who has which room stands with the guests, by its name."""

    __tablename__ = "meeting_room_kind"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "name"),
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("beds > 0", name="some_beds"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    position: Mapped[int] = mapped_column(sa.Integer)
    name: Mapped[str] = mapped_column(sa.String(12))
    beds: Mapped[int] = mapped_column(sa.Integer)
    # How many, or the hotel's numbers, as portal.domain.meetings.rooms reads it.
    rooms: Mapped[str] = mapped_column(sa.String(300))


class Reply(StrEnum):
    """回执: what a distributor answered."""

    COMING = "coming"
    WAITING = "waiting"
    DECLINED = "declined"


class Via(StrEnum):
    """How the answer came."""

    PHONE = "phone"
    EXCEL = "excel"
    LINK = "link"


class Invitation(Base):
    """邀请: a distributor is asked to a meeting, once; its last answer stands, earlier ones are in the audit trail."""

    __tablename__ = "meeting_invitation"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "distributor_id"),
        sa.CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name="replied_at_a_time"),
        sa.CheckConstraint(
            "(COALESCE(reply, '') = 'waiting') = (waiting_since IS NOT NULL)", name="waits_since_a_time"
        ),
        sa.CheckConstraint("persons >= 0", name="persons_not_negative"),
        # Holds all that a year's attendance asks of an invitation.
        sa.Index(
            "ix_meeting_invitation_distributor_id", "distributor_id", "meeting_id", "reply", "withdrawn_at"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    invited_at: Mapped[datetime] = mapped_column(default=now)
    invited_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    reply: Mapped[Reply | None] = mapped_column(enum_type(Reply))
    # How many will come, also where their names are not known yet.
    persons: Mapped[int | None] = mapped_column(sa.Integer)
    replied_at: Mapped[datetime | None]
    replied_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    replied_via: Mapped[Via | None] = mapped_column(enum_type(Via))
    # Rises when it is withdrawn: links that were given out before open nothing any more.
    link_version: Mapped[int] = mapped_column(sa.Integer, default=1)
    # 候补: there was no seat left when they said that they come.
    waiting_since: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    withdrawn_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship()
    distributor: Mapped[Distributor] = relationship()
    guests: Mapped[list["Guest"]] = relationship(order_by="Guest.id", back_populates="invitation")


class Lodging(StrEnum):
    """住宿."""

    NONE = "none"
    SHARED = "shared"
    SINGLE = "single"


class Guest(Base):
    """参会人: a person who is expected or came; personal data, in a row of its own that can be erased.

    `sound` and `initials` are the name's pinyin, `phone_tail` the last four digits: what the door searches by.
    """

    __tablename__ = "meeting_guest"
    __table_args__ = (
        sa.CheckConstraint(
            "(erased_at IS NULL AND name <> '') OR (erased_at IS NOT NULL AND name = '' AND sound = '' "
            "AND initials = '' AND title = '' AND phone = '' AND phone_tail = '' AND train = '')",
            name="erased_wholly_or_named",
        ),
        sa.CheckConstraint("stands_in_for_id <> id", name="stands_in_for_another"),
        sa.Index("ix_meeting_guest_meeting_id_initials", "meeting_id", "initials"),
        sa.Index("ix_meeting_guest_meeting_id_phone_tail", "meeting_id", "phone_tail"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    # None: of no invited distributor (a walk-in, a speaker).
    invitation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_invitation.id"), index=True)
    # For whom nobody is in the register: the company as it was written down.
    company: Mapped[str] = mapped_column(sa.String(100), default="")
    name: Mapped[str] = mapped_column(sa.String(40))
    sound: Mapped[str] = mapped_column(sa.String(120), default="")
    initials: Mapped[str] = mapped_column(sa.String(40), default="")
    title: Mapped[str] = mapped_column(sa.String(40), default="")
    phone: Mapped[str] = mapped_column(sa.String(60), default="")
    phone_tail: Mapped[str] = mapped_column(sa.String(4), default="")
    is_walk_in: Mapped[bool] = mapped_column(default=False)
    # 代会: the one who was expected.
    stands_in_for_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_guest.id"))
    lodging: Mapped[Lodging] = mapped_column(enum_type(Lodging), default=Lodging.NONE)
    train: Mapped[str] = mapped_column(sa.String(60), default="")
    # 女士 or 先生, asked for because rooms are shared; None where nobody said it, and it is never guessed.
    is_lady: Mapped[bool | None] = mapped_column(default=None)
    room: Mapped[str] = mapped_column(sa.String(20), default="")
    # None: as the others do (portal.domain.meetings.rooms.usual_nights).
    lodges_from: Mapped[date | None]
    lodges_until: Mapped[date | None]
    table_no: Mapped[str] = mapped_column(sa.String(10), default="")
    seat_no: Mapped[str] = mapped_column(sa.String(10), default="")
    added_at: Mapped[datetime] = mapped_column(default=now)
    # Will not come after all; the row stays, and whoever comes nevertheless is found.
    cancelled_at: Mapped[datetime | None]
    # Not expected either: their distributor waits for a seat. Moved up, they are.
    is_waiting: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship()
    invitation: Mapped[Invitation | None] = relationship(back_populates="guests")
    stands_in_for: Mapped["Guest | None"] = relationship(remote_side=[id])


class Kiosk(Base):
    """签到台: a device at the door. It can do nothing but check in at this meeting, and ends with it.

    Of its keys only hashes are kept: that which opens it, once and for a short time, and that which it then holds.
    """

    __tablename__ = "meeting_kiosk"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    name: Mapped[str] = mapped_column(sa.String(40))
    opening_sha256: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    opens_until: Mapped[datetime | None]
    key_sha256: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    meeting: Mapped[Meeting] = relationship()
    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])


class What(StrEnum):
    """What was seen of a guest."""

    ARRIVED = "arrived"
    LEFT = "left"
    UNDONE = "undone"


class How(StrEnum):
    """By what the guest was known."""

    BADGE = "badge"
    NAME = "name"
    WALK_IN = "walk_in"
    OFFICE = "office"
    SHEET = "sheet"


class Attendance(Base):
    """签到记录: written once and never changed; an arrival that was a mistake is undone by another row.

    `turn` counts a guest's arrivals: 1, and one more for each that was undone, so that the database itself lets a
    guest arrive once. `at` is when it was seen, `received_at` when the portal learned of it; `key` is the device's
    own for this sighting, sent twice it is the same row.
    """

    __tablename__ = "meeting_attendance"
    __table_args__ = (
        sa.UniqueConstraint("guest_id", "turn", "what"),
        sa.CheckConstraint("turn > 0", name="turn_positive"),
        sa.CheckConstraint("(what = 'arrived') = (how IS NOT NULL)", name="arrived_by_something"),
        sa.CheckConstraint("what <> 'undone' OR note <> ''", name="undone_with_a_reason"),
        sa.CheckConstraint("(kiosk_id IS NULL) <> (by_id IS NULL)", name="seen_by_a_device_or_a_person"),
        sa.Index("ix_meeting_attendance_meeting_id_at", "meeting_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    guest_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting_guest.id"))
    turn: Mapped[int] = mapped_column(sa.Integer)
    what: Mapped[What] = mapped_column(enum_type(What))
    how: Mapped[How | None] = mapped_column(enum_type(How))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=now)
    kiosk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_kiosk.id"))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    note: Mapped[str] = mapped_column(sa.String(100), default="")

    guest: Mapped[Guest] = relationship()
    kiosk: Mapped[Kiosk | None] = relationship()
    by: Mapped[User | None] = relationship()


class CostKind(StrEnum):
    """What money was spent on."""

    VENUE = "venue"
    MEALS = "meals"
    LODGING = "lodging"
    TRAVEL = "travel"
    MATERIALS = "materials"
    GIFTS = "gifts"
    OTHER = "other"


class Cost(Base):
    """会议费用: what was paid for a meeting, in fen; never changed, a mistake is reversed by a row of its own.

    `key` is the form's: sent twice, it is one row.
    """

    __tablename__ = "meeting_cost"
    __table_args__ = (
        sa.CheckConstraint(
            "(reverses_id IS NULL AND amount_fen > 0) OR (reverses_id IS NOT NULL AND amount_fen < 0 AND note <> '')",
            name="spent_or_reversed_with_a_reason",
        ),
        sa.CheckConstraint("reverses_id <> id", name="reverses_another"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    kind: Mapped[CostKind] = mapped_column(enum_type(CostKind))
    amount_fen: Mapped[int]
    paid_on: Mapped[date]
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    # Each row is reversed once at most.
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_cost.id"), unique=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    entered_at: Mapped[datetime] = mapped_column(default=now)
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    meeting: Mapped[Meeting] = relationship()
    entered_by: Mapped[User] = relationship()


class Told(StrEnum):
    """What a device says that it saw."""

    SCAN = "scan"
    GUEST = "guest"
    WALK_IN = "walk_in"
    SUBSTITUTE = "substitute"
    LEFT = "left"
    UNDONE = "undone"


class Trouble(StrEnum):
    """Why what a device sent is no plain arrival."""

    FORGED = "forged"
    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"
    GONE = "gone"
    REPLACED = "replaced"
    CLOCK = "clock"
    DOORS = "doors"
    ENDED = "ended"
    EARLIER = "earlier"
    UNDONE = "undone"
    SAME_NAME = "same_name"
    NOT_IN = "not_in"
    HERE = "here"
    OTHER = "other"
    # Nothing hangs on it: kept, and nobody is asked.
    TWICE = "twice"


class Sighting(Base):
    """离线签到待核: what a device sent that is no plain arrival, kept until a person says what it was.

    What was read or typed (`said`, `name`, `phone`, `company`) is personal data and can be erased; the rest stays.
    """

    __tablename__ = "meeting_sighting"
    __table_args__ = (
        sa.CheckConstraint("(kiosk_id IS NULL) <> (by_id IS NULL)", name="seen_by_a_device_or_a_person"),
        sa.Index("ix_meeting_sighting_meeting_id", "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    kiosk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_kiosk.id"))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    # The device's own for this sighting, as an attendance has it.
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    told: Mapped[Told] = mapped_column(enum_type(Told))
    trouble: Mapped[Trouble] = mapped_column(enum_type(Trouble))
    guest_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_guest.id"))
    # Of a walk-in: the expected guest of the same name.
    other_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_guest.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=now)
    said: Mapped[str] = mapped_column(sa.String(200), default="")
    name: Mapped[str] = mapped_column(sa.String(40), default="")
    phone: Mapped[str] = mapped_column(sa.String(60), default="")
    company: Mapped[str] = mapped_column(sa.String(100), default="")
    note: Mapped[str] = mapped_column(sa.String(100), default="")

    meeting: Mapped[Meeting] = relationship()
    guest: Mapped[Guest | None] = relationship(foreign_keys=[guest_id])
    other: Mapped[Guest | None] = relationship(foreign_keys=[other_id])
    kiosk: Mapped[Kiosk | None] = relationship()
    by: Mapped[User | None] = relationship()


class Verdict(StrEnum):
    """What a person says of a sighting."""

    ACCEPTED = "accepted"
    SAME = "same"
    DISMISSED = "dismissed"


class SightingVerdict(Base):
    """核定: once for each sighting, by whom, when, and where it was dismissed why; never changed."""

    __tablename__ = "meeting_sighting_verdict"
    __table_args__ = (
        sa.CheckConstraint("verdict <> 'dismissed' OR reason <> ''", name="dismissed_with_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sighting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting_sighting.id"), unique=True)
    verdict: Mapped[Verdict] = mapped_column(enum_type(Verdict))
    reason: Mapped[str] = mapped_column(sa.String(100), default="")
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    by: Mapped[User] = relationship()


class SignedSheet(Base):
    """签到表扫描页: a page of a signed sheet as it came back, filed with its meeting by the code on it.

    A print is known by the second it was made (`printed_at`); the same page may have been scanned twice.
    """

    __tablename__ = "meeting_signed_sheet"
    __table_args__ = (
        sa.UniqueConstraint("scan_page_id", "meeting_id", "printed_at", "page"),
        sa.CheckConstraint("page > 0 AND page <= pages", name="page_of_pages"),
        sa.Index("ix_meeting_signed_sheet_meeting_id", "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    # The picture lies in a pile of scans, which keeps it as it came (scan_page).
    scan_page_id: Mapped[int] = mapped_column(sa.ForeignKey("scan_page.id"))
    picture_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    printed_at: Mapped[datetime]
    is_by_pinyin: Mapped[bool]
    page: Mapped[int] = mapped_column(sa.Integer)
    pages: Mapped[int] = mapped_column(sa.Integer)
    filed_at: Mapped[datetime] = mapped_column(default=now)
    filed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    meeting: Mapped[Meeting] = relationship()
    filed_by: Mapped[User] = relationship()
