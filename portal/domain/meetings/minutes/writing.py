"""Writing minutes: prefilled from the agenda, issued with who was there, corrected only by another version (M1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.meetings.attended import counts_as_invited
from portal.domain.meetings.minutes.models import Minutes, Task, TaskState
from portal.domain.meetings.models import Attendance, Guest, Invitation, Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.queries import counts, standing_arrivals
from portal.domain.text import clean, clean_lines
from portal.domain.users.models import User

LONGEST = 4_000
MOST_DECISIONS = 60


@dataclass(frozen=True)
class Block:
    """What was said about a topic."""

    topic: str
    speaker: str = ""
    text: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """As a version keeps it."""
        return {"topic": self.topic, "speaker": self.speaker, "text": self.text}


@dataclass(frozen=True)
class Said:
    """Minutes as somebody typed them."""

    blocks: Sequence[Block]
    decisions: Sequence[str]
    chaired_by: str = ""
    taken_by: str = ""


def versions(session: Session, meeting: Meeting) -> list[Minutes]:
    """All versions, the first one first."""
    return list(
        session.scalars(
            sa.select(Minutes)
            .where(Minutes.meeting_id == meeting.id)
            .options(sa.orm.joinedload(Minutes.drafted_by), sa.orm.joinedload(Minutes.issued_by))
            .order_by(Minutes.no)
        )
    )


def proposed(meeting: Meeting, last: Minutes | None, actor: User) -> Said:
    """What a form begins with: the version that stands, else the agenda's topics, the host and who writes."""
    if last is not None:
        blocks = [Block(one["topic"], one["speaker"], one["text"]) for one in last.blocks]
        return Said(blocks, list(last.decisions), last.chaired_by, last.taken_by)
    blocks = [Block(one.topic, one.speaker) for one in meeting.agenda]
    return Said(blocks, [], meeting.host.name, actor.name)


def write(session: Session, actor: User, meeting: Meeting, said: Said, *, seen: str) -> Minutes:
    """Keep the minutes: the draft is changed, an issued version gets a successor. The caller commits.

    `seen` is the mark of what the form showed; Stale where somebody wrote meanwhile.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    _require_begun(meeting)
    last = _last(session, meeting)
    if seen != mark(last):
        raise Stale(
            N_("Somebody else wrote these minutes a moment ago. Compare, then save again to replace theirs.")
        )
    checked = _checked(said)
    if last is None or last.issued_at is not None:
        last = Minutes(meeting_id=meeting.id, no=last.no + 1 if last else 1, drafted_by_id=actor.id)
        session.add(last)
    last.blocks = [one.kept for one in checked.blocks]
    last.decisions = list(checked.decisions)
    last.chaired_by, last.taken_by = checked.chaired_by, checked.taken_by
    session.flush()
    audit.record(session, actor, "meeting.minutes_written", meeting, no=last.no)
    return last


def issue(session: Session, actor: User, meeting: Meeting, *, seen: str) -> Minutes:
    """Issue the draft with the figures and tasks of now; from then on it stays as it is.

    `seen` marks what somebody read before they issued it; Stale where it was written on since.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    last = _last(session, meeting)
    if last is None or last.issued_at is not None:
        raise DomainError(N_("There is no draft of the minutes to issue. Write one first."))
    if seen != mark(last):
        raise Stale(N_("Somebody else wrote on the minutes a moment ago. Read them again, then issue them."))
    if not last.decisions and not any(one["text"] for one in last.blocks):
        raise DomainError(N_("The minutes say nothing yet. Write what was said or decided, then issue them."))
    last.figures = figures(session, meeting)
    given = session.scalars(
        sa.select(Task)
        .where(Task.meeting_id == meeting.id, Task.state != TaskState.DROPPED)
        .options(sa.orm.joinedload(Task.doer), sa.orm.joinedload(Task.distributor))
        .order_by(Task.no)
    )
    last.tasks = [told(task) for task in given]
    last.issued_at, last.issued_by_id = now(), actor.id
    session.flush()
    audit.record(session, actor, "meeting.minutes_issued", meeting, no=last.no)
    return last


def told(task: Task) -> dict[str, Any]:
    """A task as the minutes tell of it."""
    return {
        "no": task.no,
        "what": task.what,
        "who": task.doer.name,
        "due_on": task.due_on.isoformat(),
        "distributor": task.distributor.name if task.distributor else "",
    }


def figures(session: Session, meeting: Meeting) -> dict[str, Any]:
    """Who was there: how many were invited, came and how many people, and which companies stayed away."""
    sums = counts(session, meeting)
    there = (
        standing_arrivals(meeting.id)
        .join(Guest, Guest.id == Attendance.guest_id)
        .where(Guest.invitation_id == Invitation.id)
        .with_only_columns(sa.literal(1))
        .correlate(Invitation)
        .exists()
    )
    absent = session.scalars(
        sa.select(Distributor.name)
        .join(Invitation, Invitation.distributor_id == Distributor.id)
        .where(
            Invitation.meeting_id == meeting.id,
            counts_as_invited(Invitation.reply, Invitation.withdrawn_at, sa.false()),
            ~there,
        )
        .order_by(Distributor.name_key)
    ).all()
    return {
        "invited": sums.companies_arrived + len(absent),
        "companies": sums.companies_arrived,
        "people": sums.arrived,
        "absent": list(absent),
    }


def mark(minutes: Minutes | None) -> str:
    """What a form remembers of the version that it showed."""
    return f"{minutes.no}.{minutes.version}" if minutes is not None else "0"


def _last(session: Session, meeting: Meeting) -> Minutes | None:
    return session.scalar(
        sa.select(Minutes)
        .where(Minutes.meeting_id == meeting.id)
        .order_by(Minutes.no.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _require_begun(meeting: Meeting) -> None:
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off, so there are no minutes of it."))
    if meeting.starts_at > now():
        raise DomainError(N_("The meeting has not begun yet. Write its minutes once it has."))


def _checked(said: Said) -> Said:
    blocks = [
        Block(clean(one.topic)[:100], clean(one.speaker)[:60], clean_lines(one.text)) for one in said.blocks
    ]
    for no, one in enumerate(blocks):
        if one.text and not one.topic:
            raise DomainError(N_("Enter what was spoken about."), f"blocks-{no}-topic")
        if len(one.text) > LONGEST:
            raise DomainError(
                N_("At most %(most)s characters about one topic."), f"blocks-{no}-text", most=LONGEST
            )
    decisions = [line for one in said.decisions if (line := clean(one))]
    if len(decisions) > MOST_DECISIONS or any(len(one) > 500 for one in decisions):
        raise DomainError(
            N_("At most %(most)s decisions of 500 characters each."), "decisions", most=MOST_DECISIONS
        )
    return Said(
        [one for one in blocks if one.topic],
        decisions,
        clean(said.chaired_by)[:60],
        clean(said.taken_by)[:60],
    )
