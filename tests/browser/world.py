"""What stands in the database of the browser tests: offices, people, distributors for several pages."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.distributors import contacts, documents, licences
from portal.domain.distributors.models import (
    Contact,
    Distributor,
    DistributorDocument,
    Level,
    Licence,
    NearSame,
    Standing,
)
from portal.domain.documents import services as stored
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job, JobState
from portal.domain.meetings import checking_in, filed_sheets, guests, verdicts
from portal.domain.meetings.checking_in import By
from portal.domain.meetings.guests import GuestFacts
from portal.domain.meetings.models import (
    Guest,
    How,
    Meeting,
    MeetingKind,
    Sighting,
    SignedSheet,
    Told,
    Trouble,
)
from portal.domain.meetings.sheets import Order, SheetPage
from portal.domain.price_protection.scans.models import FileState, PageKind, ScanFile, ScanPage, ScanPile
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from tests.factories import Factory
from tests.scanning.sheets import jpeg_of, sheet

COUNT = 120


@dataclass
class World:
    """The rows that tests name."""

    distributor: Distributor
    # A distributor of whom everything is known, and parts of it.
    full: Distributor
    contact: Contact
    licence: Licence
    document: DistributorDocument
    flag: NearSame
    # A task that waits for a worker, and one that failed.
    job: Job
    failed: Job
    # Under way, with guests who are expected, the first of them in.
    meeting: Meeting
    guests: list[Guest]
    # A page of its signed sheet that came back.
    signed: SignedSheet
    count: int = COUNT


def make_world(session: Session) -> World:
    """Two offices with people and distributors, and somebody in a third office that has none."""
    make = Factory(session)
    east = make.region("示例华东大区", code="EAST")
    city = make.region("示例杭州办事处", east, code="HZ")
    empty = make.region("示例新办事处", east, code="NEW")
    make.user(Role.EXECUTIVE, username="boss", name="示例总经理", is_demo=True)
    make.user(Role.ADMINISTRATOR, username="admin", name="示例管理员", is_demo=True)
    make.user(Role.COUNSEL, username="counsel", name="示例法务", is_demo=True)
    manager = make.user(Role.REGIONAL_MANAGER, east, username="manager", name="示例经理", is_demo=True)
    make.user(Role.REGIONAL_MANAGER, east, username="linguist", name="示例双语", is_demo=True)
    make.user(Role.SALESPERSON, empty, username="newcomer", name="示例新人", is_demo=True)
    sales = make.user(Role.SALESPERSON, city, username="sales", name="示例销售", is_demo=True)
    levels, standings = list(Level), list(Standing)
    made = [
        make.distributor(
            city if n % 3 else east,
            sales,
            code=f"D-{n:05d}",
            name=f"示例第{n}商贸有限公司",
            level=levels[n % len(levels)],
            standing=standings[n % len(standings)],
            city="杭州市" if n % 2 else "",
            phones=[f"0571-8800{n:04d}"] if n % 4 else [],
        )
        for n in range(1, COUNT + 1)
    ]
    full = made[1]
    full.uscc = "91330500MA00EX3B4P"
    full.legal_rep, full.address = "示例法人", "浙江省杭州市余杭区示例路2号"
    full.bank_account, full.credit_days, full.note = "6200000000000051", 30, "第一行\n第二行"
    for child, parent in ((2, 1), (3, 2), (4, 3), (5, 4)):
        made[child].parent_id = made[parent].id
    contact = contacts.add(
        session, sales, full, {"name": "示例联系人", "phone": "13800000051（本人）", "preferences": "喝茶"}
    )
    licence = licences.add(
        session, sales, full, {"kind": "食品经营许可证", "expires_on": today() + timedelta(days=20)}
    )
    document = documents.file(session, sales, full, b"%PDF-1.7 sample", filename="执照.pdf", title="营业执照")
    flag = NearSame(distributor_id=full.id, other_id=made[9].id)
    job, failed = (
        jobs.enqueue(session, manager, "distributors.import", title="示例名录.xlsx", total=5000, import_id=0)
        for _turn in range(2)
    )
    failed.state, failed.reference, failed.done, failed.ended_at = JobState.FAILED, "0123abcd", 2000, now()
    session.add(flag)
    meeting, expected = _meeting(session, city, manager)
    signed = _signed(session, meeting, manager)
    session.commit()
    return World(made[0], full, contact, licence, document, flag, job, failed, meeting, expected, signed)


def _meeting(session: Session, region: Region, host: User) -> tuple[Meeting, list[Guest]]:
    meeting = Meeting(
        number="HY-2026-0901",
        kind=MeetingKind.REGULAR,
        title="示例秋季经销商会议",
        region_id=region.id,
        host_id=host.id,
        created_by_id=host.id,
        starts_at=now(),
        ends_at=now() + timedelta(hours=8),
    )
    session.add(meeting)
    session.flush()
    names = ("示例先到", "周小满", "周立群", "欧阳示例", "王示例", "张示例", "李示例", "示例后到", "示例同来")
    facts = [
        GuestFacts(name, phone=f"1380000{1000 + no}", company="示例商贸") for no, name in enumerate(names)
    ]
    expected = [guests.add(session, meeting, one) for one in facts]
    for no, guest in enumerate(expected, 1):
        guest.table_no, guest.seat_no = "8", str(no)
    checking_in.arrive(session, meeting, expected[0], By(user=host), how=How.NAME, key="first")
    unclear = (Trouble.FORGED, Trouble.DOORS, Trouble.SAME_NAME, Trouble.TWICE, Trouble.ELSEWHERE)
    for no, trouble in enumerate(unclear):
        one = Sighting(
            meeting_id=meeting.id, by_id=host.id, key=f"unclear-{no}", trouble=trouble, at=now(), said="HYAAAAAAAAAA",
            told=Told.WALK_IN if trouble is Trouble.SAME_NAME else Told.SCAN,
            guest_id=expected[0].id if trouble in (Trouble.DOORS, Trouble.SAME_NAME, Trouble.TWICE) else None,
            other_id=expected[1].id if trouble is Trouble.SAME_NAME else None,
        )  # fmt: skip
        session.add(one)
    session.flush()
    verdicts.dismiss(session, host, one, "示例：走错会场")
    return meeting, expected


def _signed(session: Session, meeting: Meeting, by: User) -> SignedSheet:
    """The second of three pages, in a pile of its own."""
    pile = ScanPile(region_id=meeting.region_id, by_id=by.id)
    picture = stored.store(session, jpeg_of(sheet()), filename="1-1.jpg", by=by, media_type="image/jpeg")
    session.add(pile)
    session.flush()
    file = ScanFile(
        pile_id=pile.id, no=1, filename="sheet.jpg", document_id=picture.id, state=FileState.READ, pages=1
    )
    session.add(file)
    session.flush()
    page = ScanPage(
        pile_id=pile.id,
        file_id=file.id,
        no=1,
        kind=PageKind.READ,
        preview_id=picture.id,
        set_aside_at=now(),
        set_aside_by_id=by.id,
    )
    session.add(page)
    session.flush()
    said = SheetPage(meeting.id, now(), 2, 3, Order.OFFICE)
    made = filed_sheets.keep(session, by, said, scan_page_id=page.id, picture_id=picture.id)
    assert made is not None
    return made
