"""Signed sheets that came back: filed by their codes, and read by somebody who checks in whoever signed (M1)."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.checking_in import By, arrive, rows_of
from portal.domain.meetings.models import Attendance, Guest, How, Invitation, Meeting, SignedSheet, What
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.queries import standing_arrivals
from portal.domain.meetings.sheets import Order, SheetPage
from portal.domain.regions.models import Region
from portal.domain.users.models import User


def keep(
    session: Session, owner: User, said: SheetPage, *, scan_page_id: int, picture_id: int | None
) -> SignedSheet | None:
    """File a page with the meeting that its code names; None where its owner does not see that meeting."""
    meeting = session.get(Meeting, said.meeting_id)
    if meeting is None or not owner.can(P.MEETINGS_READ, meeting.region):
        return None
    if not 0 < said.page <= said.pages:
        return None
    sheet = SignedSheet(
        meeting_id=meeting.id,
        scan_page_id=scan_page_id,
        picture_id=picture_id,
        printed_at=said.printed_at,
        is_by_pinyin=said.order is Order.PINYIN,
        page=said.page,
        pages=said.pages,
        filed_by_id=owner.id,
    )
    session.add(sheet)
    session.flush()
    audit.record(session, owner, "meeting.sheet_filed", meeting, name=f"{said.page}/{said.pages}")
    return sheet


@dataclass(slots=True)
class Edition:
    """A print of the sheet with what came back of it, in the order of its pages."""

    printed_at: datetime
    is_by_pinyin: bool
    pages: int
    sheets: list[SignedSheet] = field(default_factory=list)

    @property
    def missing(self) -> list[int]:
        """The pages that did not come back."""
        here = {sheet.page for sheet in self.sheets}
        return [page for page in range(1, self.pages + 1) if page not in here]

    @property
    def doubled(self) -> list[int]:
        """The pages that were scanned more than once."""
        return sorted(page for page, times in Counter(one.page for one in self.sheets).items() if times > 1)


def editions(session: Session, meeting: Meeting) -> list[Edition]:
    """The prints of which something came back, the oldest first."""
    found: dict[tuple[datetime, bool, int], Edition] = {}
    for sheet in session.scalars(
        sa.select(SignedSheet)
        .where(SignedSheet.meeting_id == meeting.id)
        .order_by(SignedSheet.printed_at, SignedSheet.page, SignedSheet.id)
        .options(joinedload(SignedSheet.filed_by))
    ):
        print_ = (sheet.printed_at, sheet.is_by_pinyin, sheet.pages)
        found.setdefault(print_, Edition(*print_)).sheets.append(sheet)
    return list(found.values())


def of_pages(session: Session, scan_page_ids: Collection[int]) -> dict[int, SignedSheet]:
    """Which of these pages of piles are filed with a meeting, by the page's id."""
    if not scan_page_ids:
        return {}
    rows = session.scalars(
        sa.select(SignedSheet)
        .where(SignedSheet.scan_page_id.in_(scan_page_ids))
        .options(joinedload(SignedSheet.meeting))
    )
    return {sheet.scan_page_id: sheet for sheet in rows}


def neighbours(session: Session, sheet: SignedSheet) -> tuple[int | None, int | None]:
    """The filed pages before and after one, by the order of all that came back of the meeting."""
    ids = [one.id for edition in editions(session, sheet.meeting) for one in edition.sheets]
    place = ids.index(sheet.id)
    return (ids[place - 1] if place else None), (ids[place + 1] if place + 1 < len(ids) else None)


def not_in(session: Session, meeting: Meeting, *, by_pinyin: bool) -> list[Any]:
    """Who is on the list and not checked in, as the sheet is sorted: id, name, title, company, telephone's end."""
    company = sa.func.coalesce(Distributor.name, Guest.company)
    columns: tuple[Any, ...] = (Guest.id, Guest.name, Guest.title, Guest.phone_tail, company.label("company"))
    here = standing_arrivals(meeting.id).with_only_columns(Attendance.guest_id)
    statement: sa.Select[Any] = (
        sa.select(*columns)
        .select_from(Guest)
        .outerjoin(Invitation, Invitation.id == Guest.invitation_id)
        .outerjoin(Distributor, Distributor.id == Invitation.distributor_id)
        .outerjoin(Region, Region.id == Distributor.region_id)
        .where(
            Guest.meeting_id == meeting.id,
            Guest.cancelled_at.is_(None),
            Guest.erased_at.is_(None),
            Guest.id.not_in(here),
        )
    )
    by_office = (Region.path.is_(None), Region.path, Distributor.name_key, company, Guest.id)
    order = (Guest.sound, Guest.name, Guest.id) if by_pinyin else by_office
    return list(session.execute(statement.order_by(*order)))


def take_down(
    session: Session, actor: User, sheet: SignedSheet, guest_ids: Collection[int], at: datetime
) -> int:
    """Check in those who signed this page and were not scanned; returns how many were not in before.

    DomainError: nobody is ticked, one of them is another meeting's, or the door was not open at that time.
    The caller commits.
    """
    meeting = sheet.meeting
    require_host(actor, meeting)
    if not guest_ids:
        raise DomainError(N_("Tick those who signed this page and are not checked in yet."))
    here = standing_arrivals(meeting.id).with_only_columns(Attendance.guest_id)
    before = set(session.scalars(here.where(Attendance.guest_id.in_(guest_ids))))
    by = By(user=actor)
    # In one order, so that two who read the same page do not wait for each other.
    for guest_id in sorted(set(guest_ids)):
        guest = session.get(Guest, guest_id)
        if guest is None or guest.meeting_id != meeting.id or guest.erased_at is not None:
            raise DomainError(N_("This guest belongs to another meeting."))
        undone = sum(row.what is What.UNDONE for row in rows_of(session, guest))
        # Taken back and ticked again it is another arrival.
        key = f"sheet{sheet.id}-{guest.id}" + (f"-{undone}" if undone else "")
        arrive(session, meeting, guest, by, how=How.SHEET, key=key, at=at)
    if new := len(set(guest_ids) - before):
        audit.record(session, actor, "meeting.sheet_taken_down", meeting, guests=new)
    return new
