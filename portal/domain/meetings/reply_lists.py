"""Replies by Excel: the list of who was asked, filled in, looked at and taken whole or not at all (M1).

The file is not kept: it holds names and telephones, which would outlive their erasure there.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import lock
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.inviting import MOST_PERSONS, Answer, answer, may_answer
from portal.domain.meetings.models import Invitation, Lodging, Meeting, Reply, Via
from portal.domain.meetings.queries import invitations_of
from portal.domain.regions.models import Region
from portal.domain.tabular import Column, Spec, Table
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

SPEC = Spec(
    columns=(
        Column("code", N_("Distributor code"), ("经销商编码", "经销商编号", "客户编码")),
        Column("company", N_("Distributor"), ("经销商名称", "经销商", "单位")),
        Column("reply", N_("Coming or not"), ("回执", "是否参加", "参加")),
        Column("persons", N_("Persons"), ("人数", "参会人数")),
        Column("name", N_("Guest"), ("姓名", "参会人")),
        Column("title", N_("Post"), ("职务", "职位")),
        Column("phone", N_("Phone"), ("手机", "电话", "联系电话")),
        Column("lodging", N_("Lodging"), ("住宿",)),
        Column("train", N_("Train or flight"), ("车次或航班", "到达车次", "车次")),
        Column("note", N_("Note"), ("备注",)),
        Column("seen", N_("State of the list"), ("名单版本",)),
    ),
    keys=("code", "reply"),
)
_REPLIES = {
    "参加": Reply.COMING, "是": Reply.COMING, "出席": Reply.COMING, "候补": Reply.COMING, "coming": Reply.COMING,
    "不参加": Reply.DECLINED, "否": Reply.DECLINED, "不出席": Reply.DECLINED, "not coming": Reply.DECLINED,
}  # fmt: skip
_LODGINGS = {
    "": Lodging.NONE, "不住宿": Lodging.NONE, "不需要": Lodging.NONE, "否": Lodging.NONE,
    "合住": Lodging.SHARED, "双人间": Lodging.SHARED, "单住": Lodging.SINGLE, "单人间": Lodging.SINGLE,
}  # fmt: skip
SAID = {Reply.COMING: "参加", Reply.WAITING: "参加", Reply.DECLINED: "不参加"}
LODGES = {Lodging.NONE: "不住宿", Lodging.SHARED: "合住", Lodging.SINGLE: "单住"}


class Fate(StrEnum):
    """What becomes of a distributor's rows."""

    NEW = "new"
    SAME = "same"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(slots=True)
class Line:
    """What a file says of one distributor; `said` is None where a row of it cannot be read."""

    code: str
    company: str
    rows: list[int] = field(default_factory=list)
    invitation: Invitation | None = None
    said: Answer | None = None
    fate: Fate = Fate.NEW
    refusal: DomainError | None = None


def asked_of(session: Session, meeting: Meeting, user: User) -> list[Invitation]:
    """The invitations whose replies the user takes, office by office."""
    statement = (
        invitations_of(meeting, user)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .order_by(Region.path, Distributor.name_key, Invitation.id)
        # Each of its own: what is joined from outside cannot be locked when the answers are taken.
        .options(
            selectinload(Invitation.distributor).selectinload(Distributor.region),
            selectinload(Invitation.guests),
        )
    )
    return [one for one in session.scalars(statement) if may_answer(user, one)]


def state_of(invitation: Invitation) -> str:
    """What the file says of the reply that it was made from, so that a later one is not overwritten unseen."""
    return f"{invitation.replied_at:%Y%m%d%H%M%S%f}" if invitation.replied_at else "0"


_CODED = {"code", "reply", "persons", "lodging", "seen"}


def _read(field: str, cell: str) -> str:
    """A cell; names and notes keep their full-width signs, so that whoever is unchanged stays the same guest."""
    said = clean(cell)
    return half_width(said) if field in _CODED else said


def plan(session: Session, meeting: Meeting, user: User, table: Table) -> list[Line]:
    """What taking the file would do, distributor by distributor; nothing is written."""
    known = {one.distributor.code: one for one in asked_of(session, meeting, user)}
    found: dict[str, tuple[Line, list[dict[str, str]]]] = {}
    for sheet, row in table.rows():
        if row.skip is not None:
            continue
        cells = {
            column.field: _read(column.field, str(next(iter(sheet.cells(row, column.field)), "") or ""))
            for column in SPEC.columns
        }
        code = cells["code"]
        line, rows = found.setdefault(code, (Line(code, cells["company"]), []))
        line.rows.append(row.number)
        rows.append(cells)
    lines = []
    for code, (line, rows) in found.items():
        line.invitation = known.get(code)
        try:
            line.said = _answer_of(line, rows)
        except DomainError as refusal:
            line.fate, line.refusal = Fate.REFUSED, refusal
        if line.said is None and line.refusal is None:
            continue  # nothing filled in
        if line.invitation is not None and line.said is not None:
            line.company = line.invitation.distributor.name
            seen = next((one["seen"] for one in rows if one["seen"]), "")
            if _is_same(line.invitation, line.said):
                line.fate = Fate.SAME
            elif seen and seen != state_of(line.invitation):
                line.fate = Fate.STALE
        lines.append(line)
    return lines


def _answer_of(line: Line, rows: list[dict[str, str]]) -> Answer | None:
    if line.invitation is None:
        if not any(one["reply"] or one["name"] for one in rows):
            return None
        raise DomainError(N_("No distributor of this code is invited, or you do not take its replies."))
    replies = {one["reply"].lower() for one in rows if one["reply"]}
    if not replies and not any(one["name"] or one["persons"] for one in rows):
        return None
    if not replies <= _REPLIES.keys() or len({_REPLIES[one] for one in replies}) != 1:
        raise DomainError(N_("Enter 参加 or 不参加, the same in all rows of a distributor."), "reply")
    reply = _REPLIES[replies.pop()]
    persons = 0
    for one in rows:
        said = one["persons"].removesuffix("人").removesuffix(".0").strip()
        if said and not (said.isascii() and said.isdigit() and len(said) < 4):
            raise DomainError(N_("The number of persons is no number."), "persons")
        persons = max(persons, int(said or 0))
    guests = []
    for one in rows:
        if one["lodging"] not in _LODGINGS:
            raise DomainError(N_("Lodging is 不住宿, 合住 or 单住."), "lodging")
        if one["name"]:
            lodging = _LODGINGS[one["lodging"]]
            guests.append(GuestFacts(one["name"], one["title"], one["phone"], lodging, one["train"]))
    persons = max(persons, len(guests)) if reply is Reply.COMING else 0
    if reply is Reply.COMING and not 0 < persons <= MOST_PERSONS:
        raise DomainError(N_("Enter how many come, 1 to %(most)s."), "persons", most=MOST_PERSONS)
    note = next((one["note"] for one in rows if one["note"]), "")
    return Answer(reply, persons, guests if reply is Reply.COMING else [], note)


def _is_same(invitation: Invitation, said: Answer) -> bool:
    reply = Reply.COMING if invitation.reply is Reply.WAITING else invitation.reply
    if (reply, invitation.persons or 0, invitation.note) != (said.reply, said.persons, said.note[:200]):
        return False
    return sorted(_facts(one) for one in guests_of(invitation)) == sorted(_facts(one) for one in said.guests)


def guests_of(invitation: Invitation) -> list[Any]:
    """Who is named in the reply as it stands."""
    return [
        one for one in invitation.guests if one.erased_at is None and (not one.cancelled_at or one.is_waiting)
    ]


def _facts(one: Any) -> tuple[str, str, str, str, str]:
    return (one.name, one.title, one.phone, one.lodging.value, one.train)


def take(session: Session, actor: User, meeting: Meeting, table: Table) -> int:
    """Take the answers of a file that the preview found whole; gives how many. The caller commits.

    DomainError, and nothing is taken: a row that is refused, or an answer that came in since the file was made.
    """
    lock(session, meeting)
    # A reply taken on the telephone meanwhile is in before the file is looked at, or waits until it is taken.
    asked = sa.select(Invitation.id).where(Invitation.meeting_id == meeting.id).order_by(Invitation.id)
    session.execute(asked.with_for_update())
    session.expire_all()
    lines = plan(session, meeting, actor, table)
    bad = [one for one in lines if one.fate in (Fate.REFUSED, Fate.STALE)]
    if bad:
        raise DomainError(
            N_(
                "%(company)s has a row that cannot be taken. Look at the preview, mend the file, hand it in again."
            ),
            "file",
            company=bad[0].company or bad[0].code,
        )
    done = 0
    for line in lines:
        if line.fate is Fate.NEW and line.invitation is not None and line.said is not None:
            answer(session, actor, line.invitation, line.said, Via.EXCEL)
            done += 1
    return done
