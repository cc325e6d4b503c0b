"""A meeting for the access table: with an agenda, a distributor invited, a guest who comes, a policy presented."""

import hmac
from datetime import timedelta

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.documents import services as documents
from portal.domain.mail.models import Mail, MailServer
from portal.domain.meetings import links
from portal.domain.meetings.commending.models import Commendation
from portal.domain.meetings.kiosks import OPENS_FOR
from portal.domain.meetings.minutes.models import Minutes, Task, TaskDeed, TaskRecord
from portal.domain.meetings.models import (
    AgendaItem,
    Cost,
    CostKind,
    Guest,
    Invitation,
    Kiosk,
    Lodging,
    Meeting,
    MeetingKind,
    Reply,
    Sighting,
    SignedSheet,
    Told,
    Trouble,
)
from portal.domain.meetings.policies.models import (
    Concerned,
    Policy,
    PolicyScope,
    PolicyState,
    PolicyText,
    Showing,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User

# As portal.web.meeting_keys derives it from the secret of the tests' applications.
_LINKS_KEY = hmac.digest(b"test", b"meeting reply key", "sha256")


def meeting_of(session: Session, region: Region, owner: User, distributor_id: int) -> dict[str, int | str]:
    """The ids of a meeting of tomorrow, of an invitation to it, of a guest and of a device at its door."""
    begins = now() + timedelta(days=1)
    held = Meeting(
        number=f"HY-TEST-{distributor_id}",
        kind=MeetingKind.REGULAR,
        title="示例会议",
        region_id=region.id,
        host_id=owner.id,
        created_by_id=owner.id,
        place="示例酒店",
        starts_at=begins,
        ends_at=begins + timedelta(hours=8),
        agenda=[AgendaItem(starts_at=begins, topic="示例议题")],
    )
    session.add(held)
    session.flush()
    asked = Invitation(
        meeting_id=held.id,
        distributor_id=distributor_id,
        invited_by_id=owner.id,
        reply=Reply.COMING,
        persons=2,
        replied_at=now(),
    )
    session.add(asked)
    session.flush()
    guest = Guest(
        meeting_id=held.id,
        invitation_id=asked.id,
        name="示例来宾",
        sound="shililaibin",
        initials="sllb",
        lodging=Lodging.SHARED,
    )
    device = Kiosk(meeting_id=held.id, name="1", made_by_id=owner.id, opens_until=now() + OPENS_FOR)
    cost = Cost(
        meeting_id=held.id,
        kind=CostKind.VENUE,
        amount_fen=100,
        paid_on=today(),
        key=f"cost-{held.id}",
        entered_by_id=owner.id,
    )
    letter = Mail(
        message_id=f"<{held.id}@portal.example>",
        meeting_id=held.id,
        about_id=asked.id,
        sequence=0,
        recipient="guest@dealer.example",
        subject="会议邀请",
        method="REQUEST",
        told_sha256="",
        created_by_id=owner.id,
    )
    if session.get(MailServer, 1) is None:
        session.add(MailServer(id=1, outside="https://reply.example.com"))
    session.add_all([guest, device, cost, letter])
    session.flush()
    unclear = Sighting(
        meeting_id=held.id,
        kiosk_id=device.id,
        key=f"{device.id}:unclear",
        told=Told.GUEST,
        trouble=Trouble.DOORS,
        guest_id=guest.id,
        at=begins,
    )
    session.add(unclear)
    session.flush()
    return _policy_of(session, held, owner, distributor_id) | {
        "meeting_cost": cost.id,
        "meeting": held.id,
        "mail": letter.id,
        "reply_token": links.token(_LINKS_KEY, asked),
        "meeting_invitation": asked.id,
        "meeting_guest": guest.id,
        "meeting_kiosk": device.id,
        "meeting_sighting": unclear.id,
    }


def _policy_of(session: Session, held: Meeting, owner: User, distributor_id: int) -> dict[str, int]:
    """The ids of a policy that was presented at it, and of its showing."""
    policy = Policy(
        number=f"ZC-TEST-{distributor_id}",
        title="示例政策",
        region_id=held.region_id,
        state=PolicyState.PRESENTED,
        wanted_on=(now() + timedelta(days=30)).date(),
        presented_at=now(),
        created_by_id=owner.id,
        scopes=[PolicyScope(region_id=held.region_id)],
    )
    session.add(policy)
    session.flush()
    text = PolicyText(
        policy_id=policy.id,
        no=1,
        title=policy.title,
        body="示例正文",
        wanted_on=policy.wanted_on,
        written_by_id=owner.id,
    )
    session.add_all([text, Concerned(policy_id=policy.id, distributor_id=distributor_id)])
    session.flush()
    showing = Showing(
        policy_id=policy.id,
        meeting_id=held.id,
        tied_by_id=owner.id,
        presented_at=now(),
        presented_by_id=owner.id,
        text_id=text.id,
    )
    session.add(showing)
    session.flush()
    return {"policy": policy.id, "policy_showing": showing.id} | _proceedings_of(
        session, held, owner, distributor_id
    )


def _proceedings_of(session: Session, held: Meeting, owner: User, distributor_id: int) -> dict[str, int]:
    """The ids of a task that its minutes gave, and of a commendation."""
    written = Minutes(
        meeting_id=held.id,
        no=1,
        blocks=[{"topic": "示例议题", "speaker": "", "text": "示例"}],
        decisions=["示例决议"],
        drafted_by_id=owner.id,
    )
    task = Task(
        meeting_id=held.id,
        no=1,
        what="示例任务",
        doer_id=owner.id,
        due_on=today() + timedelta(days=9),
        distributor_id=distributor_id,
        given_by_id=owner.id,
    )
    commended = Commendation(
        meeting_id=held.id, distributor_id=distributor_id, honour="示例荣誉", given_by_id=owner.id
    )
    session.add_all([written, task, commended])
    session.flush()
    session.add(TaskRecord(task_id=task.id, deed=TaskDeed.DONE, by_id=owner.id, note="示例"))
    session.flush()
    return {"meeting_task": task.id, "commendation": commended.id}


def signed_sheet_of(session: Session, meeting_id: int, scan_page_id: int, by: User) -> int:
    """The id of a page of a signed sheet that came back in a pile."""
    picture = documents.store(session, b"\xff\xd8\xff fictional sheet", filename="sheet.jpg", by=None)
    sheet = SignedSheet(
        meeting_id=meeting_id,
        scan_page_id=scan_page_id,
        picture_id=picture.id,
        printed_at=now(),
        is_by_pinyin=False,
        page=1,
        pages=2,
        filed_by_id=by.id,
    )
    session.add(sheet)
    session.flush()
    return sheet.id
