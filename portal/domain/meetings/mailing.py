"""Invitations by e-mail, in Chinese as on paper: who lacks one, an update or a calling-off, and where it goes (M1)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html import escape

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from portal.db import CHINA, lock, now
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.mail import services as mail
from portal.domain.mail.models import Mail, MailState
from portal.domain.meetings.calendar import Event, Method, write
from portal.domain.meetings.models import Invitation, Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

_DAYS = "一二三四五六日"
# The address where a guest answers, "" while invitations are not open to the outside.
LinkOf = Callable[[Invitation], str]


class Need(StrEnum):
    """What an invitation's mail lacks."""

    NOTHING = ""
    ADDRESS = "address"
    FIRST = "first"
    UPDATE = "update"
    CANCEL = "cancel"


_HOLDS = (MailState.QUEUED, MailState.SENDING, MailState.SENT)


@dataclass(frozen=True, slots=True)
class Line:
    """An invitation and its mail: where it goes, the last one, what it lacks."""

    invitation: Invitation
    address: str
    last: Mail | None
    need: Need


def lines(session: Session, meeting: Meeting) -> list[Line]:
    """Every invitation of a meeting as far as its mails are concerned: what failed first, then office by office.

    Whoever was taken off the list is on it only while a mail still says that they are invited.
    """
    newest = sa.select(sa.func.max(Mail.sequence)).where(Mail.about_id == Invitation.id).correlate(Invitation)
    held, of_held = aliased(Mail), newest.where(Mail.state.in_(_HOLDS))
    rows = session.execute(
        sa.select(Invitation, Mail, held)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .outerjoin(Mail, sa.and_(Mail.about_id == Invitation.id, Mail.sequence == newest.scalar_subquery()))
        .outerjoin(held, sa.and_(held.about_id == Invitation.id, held.sequence == of_held.scalar_subquery()))
        .where(Invitation.meeting_id == meeting.id)
        .options(selectinload(Invitation.distributor).selectinload(Distributor.contacts))
        .order_by(Region.path, Distributor.name_key, Invitation.id)
    )
    told = told_sha256(meeting)
    found = []
    for invitation, last, holding in rows:
        address = _address(invitation, last)
        need = _need(meeting, invitation, last, holding, address, told)
        if invitation.withdrawn_at is None or need is Need.CANCEL or (last is not None and last.is_open):
            found.append(Line(invitation, address, last, need))
    found.sort(key=lambda one: one.last is None or one.last.state is not MailState.FAILED)
    return found


def _address(invitation: Invitation, last: Mail | None) -> str:
    if last is not None and last.recipient:
        return last.recipient
    people = invitation.distributor.people
    known = [*(one.email for one in people), invitation.distributor.email]
    return next((one for one in known if mail.is_address(one)), "")


def _need(
    meeting: Meeting, invitation: Invitation, last: Mail | None, held: Mail | None, address: str, told: str
) -> Need:
    """What an invitation lacks; `held` is the newest mail that the guest has, or that is on its way."""
    if last is not None and last.erased_at is not None:
        return Need.NOTHING
    invites = held if held is not None and held.method == Method.REQUEST else None
    if meeting.cancelled_at is not None or invitation.withdrawn_at is not None:
        return Need.CANCEL if invites is not None else Need.NOTHING
    if not address:
        return Need.ADDRESS
    if invites is None:
        # What failed for good waits for a person, who looks at its address first.
        return Need.NOTHING if last is not None and last.state is MailState.FAILED else Need.FIRST
    return Need.UPDATE if invites.told_sha256 != told else Need.NOTHING


def told_sha256(meeting: Meeting) -> str:
    """What of a meeting a guest must hear of when it changes: its name, when and where it is."""
    said = (meeting.title, meeting.starts_at, meeting.ends_at, meeting.place, meeting.address)
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()


def send(
    session: Session, actor: User, invitation: Invitation, to: str, link_of: LinkOf = lambda _one: ""
) -> Mail:
    """Put an invitation into the outbox, an update of it, or that it is off: whichever holds now. The caller commits.

    DomainError: no mail server, no address, a meeting that is over.
    """
    require_host(actor, invitation.meeting)
    made = _send(session, actor, invitation, to, link_of)
    audit.record(
        session, actor, "meeting.mailed", invitation.meeting, count=1, name=invitation.distributor.name
    )
    return made


def send_all(
    session: Session, actor: User, meeting: Meeting, link_of: LinkOf = lambda _one: ""
) -> dict[Need, int]:
    """Put into the outbox what any invitation of the meeting lacks; gives how many of each. The caller commits."""
    require_host(actor, meeting)
    lock(session, meeting)
    done = dict.fromkeys((Need.FIRST, Need.UPDATE, Need.CANCEL), 0)
    for line in lines(session, meeting):
        if line.need in done:
            _send(session, actor, line.invitation, line.address, link_of)
            done[line.need] += 1
    if count := sum(done.values()):
        audit.record(session, actor, "meeting.mailed", meeting, count=count)
    return done


def _send(session: Session, actor: User, invitation: Invitation, to: str, link_of: LinkOf) -> Mail:
    lock(session, invitation)
    meeting, to = invitation.meeting, clean(to)
    server = mail.server(session)
    if server is None or not mail.is_ready(session):
        raise DomainError(N_("No mail server is set up. Ask an administrator of the head office to do it."))
    if not mail.is_address(to):
        raise DomainError(N_("Enter an e-mail address, as in name@example.com."), "to")
    if meeting.ends_at <= now():
        raise DomainError(N_("The meeting is over."))
    is_off = meeting.cancelled_at is not None or invitation.withdrawn_at is not None
    earlier = session.scalars(
        sa.select(Mail).where(Mail.about_id == invitation.id).order_by(Mail.sequence).with_for_update()
    ).all()
    for one in earlier:
        if one.state in (MailState.QUEUED, MailState.FAILED):
            one.state = MailState.GIVEN_UP  # what follows says all that it would have said
    sequence = earlier[-1].sequence + 1 if earlier else 0
    link = "" if is_off else link_of(invitation)
    method = Method.CANCEL if is_off else Method.REQUEST
    is_update = not is_off and any(one.state is MailState.SENT for one in earlier)
    body = _Body(meeting, invitation.distributor.name, link, is_off, is_update, server.sender_name)
    made = Mail(
        message_id=mail.new_message_id(server.sender),
        meeting_id=meeting.id,
        about_id=invitation.id,
        sequence=sequence,
        recipient=to,
        subject=body.subject[:200],
        text=body.text,
        html=body.html,
        ics=write(
            Event(
                uid=f"{meeting.number}-{invitation.id}@meetings.invalid",
                sequence=sequence,
                method=method,
                written_at=now(),
                starts_at=meeting.starts_at,
                ends_at=meeting.ends_at,
                summary=meeting.title,
                location=body.where,
                description=body.text,
                organizer=server.sender,
                organizer_name=server.sender_name,
                attendee=to,
            )
        ),
        method=method,
        told_sha256=told_sha256(meeting),
        created_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    return made


def mails_of(session: Session, meeting: Meeting, id_: int) -> Mail | None:
    """A mail of this meeting."""
    return session.scalar(sa.select(Mail).where(Mail.id == id_, Mail.meeting_id == meeting.id))


def again(session: Session, actor: User, meeting: Meeting, letter: Mail) -> None:
    """Send a mail once more now. The caller commits."""
    require_host(actor, meeting)
    mail.try_again(session, letter)
    audit.record(session, actor, "meeting.mail_again", meeting, count=1)


def drop(session: Session, actor: User, meeting: Meeting, letter: Mail) -> None:
    """Give a mail up. The caller commits."""
    require_host(actor, meeting)
    mail.give_up(session, letter)
    audit.record(session, actor, "meeting.mail_given_up", meeting, count=1)


@dataclass(frozen=True, slots=True)
class _Body:
    """The words of a mail: whom it asks to what, or that it is off."""

    meeting: Meeting
    company: str
    link: str
    is_off: bool
    is_update: bool
    sender_name: str

    @property
    def subject(self) -> str:
        what = "会议取消" if self.is_off else "会议变更" if self.is_update else "会议邀请"
        return f"{what}：{self.meeting.title}"

    @property
    def where(self) -> str:
        meeting = self.meeting
        if meeting.place and meeting.address:
            return f"{meeting.place}（{meeting.address}）"
        return meeting.place or meeting.address

    @property
    def _opening(self) -> str:
        title = self.meeting.title
        if self.is_off and self.meeting.cancelled_at is not None:
            return f"原定举行的“{title}”已取消，特此通知，敬请谅解。取消原因：{self.meeting.cancelled_reason}"
        if self.is_off:
            return f"此前发出的“{title}”邀请现已撤回，特此通知，敬请谅解。"
        if self.is_update:
            return f"“{title}”的安排有变更，请以本邮件为准："
        return f"诚邀贵公司派员出席“{title}”，有关事项如下："

    @property
    def _facts(self) -> list[tuple[str, str]]:
        meeting = self.meeting
        found = [("会议时间", _when(meeting.starts_at, meeting.ends_at))]
        if self.where:
            found.append(("会议地点", self.where))
        if not self.is_off:
            agenda = "；".join(
                f"{item.starts_at.astimezone(CHINA):%H:%M} {item.topic}"
                + (f"（{item.speaker}）" if item.speaker else "")
                for item in meeting.agenda
            )
            if agenda:
                found.append(("会议议程", agenda))
            if by := meeting.reply_by_on:
                found.append(("回执期限", f"{by.year}年{by.month}月{by.day}日前（含当日）"))
        phone = f"，电话 {meeting.host.phone}" if meeting.host.phone else ""
        found.append(("联系人", f"{meeting.host.name}{phone}"))
        return found

    @property
    def text(self) -> str:
        lines_ = [f"尊敬的{self.company}：", "", self._opening, ""]
        lines_ += [f"{label}：{value}" for label, value in self._facts]
        if self.link:
            lines_ += ["", f"请打开以下链接填写回执：{self.link}"]
        return "\n".join([*lines_, "", self.sender_name, ""])

    @property
    def html(self) -> str:
        rows = "".join(
            f"<tr><th align='left' valign='top' style='padding:4px 16px 4px 0;white-space:nowrap'>{escape(label)}</th>"
            f"<td style='padding:4px 0'>{escape(value)}</td></tr>"
            for label, value in self._facts
        )
        link = f"<p><a href='{escape(self.link)}'>填写回执</a></p>" if self.link else ""
        return (
            "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><body style='font-size:16px;line-height:1.6'>"
            f"<p>尊敬的{escape(self.company)}：</p><p>{escape(self._opening)}</p><table>{rows}</table>{link}"
            f"<p>{escape(self.sender_name)}</p></body></html>"
        )


def _when(starts_at: datetime, ends_at: datetime) -> str:
    first, last = starts_at.astimezone(CHINA), ends_at.astimezone(CHINA)
    said = f"{first.year}年{first.month}月{first.day}日（星期{_DAYS[first.weekday()]}）{first:%H:%M}"
    if first.date() == last.date():
        return f"{said}—{last:%H:%M}"
    return f"{said}至{last.month}月{last.day}日{last:%H:%M}"
