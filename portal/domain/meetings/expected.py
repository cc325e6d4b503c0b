"""Who is printed on a meeting's papers: the guests that are expected, and those whose names nobody said yet (M1)."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Guest, Invitation, Meeting, Reply
from portal.domain.meetings.queries import guests_of, invitations_of
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.users.models import User


@dataclass(frozen=True, slots=True)
class Expected:
    """A place at a meeting; `guest_id` None and an empty name: a distributor sends somebody and has not said whom."""

    company: str
    office: str = ""
    guest_id: int | None = None
    name: str = ""
    sound: str = ""
    title: str = ""
    phone_tail: str = ""
    table_no: str = ""
    seat_no: str = ""


def expected(session: Session, meeting: Meeting, user: User) -> list[Expected]:
    """Everybody expected whom the user sees, office by office, there by company and in the order they were named.

    Whoever is of no distributor stands at the end. As many nameless ones as a reply has persons without names.
    """
    found = [
        (path or "~", company_key or own, guest_id, Expected(
            company=company or own, office=office or "", guest_id=guest_id, name=name, sound=sound, title=title,
            phone_tail=tail, table_no=table_no, seat_no=seat_no,
        ))
        for (guest_id, name, sound, title, tail, table_no, seat_no, own, company, company_key, office, path)
        in session.execute(_named(meeting, user))
    ]  # fmt: skip
    for company, company_key, office, path, persons, named in session.execute(_coming(meeting, user)):
        nobody = Expected(company=company, office=office)
        found += [(path, company_key, _LAST, nobody)] * (persons - named)
    found.sort(key=lambda one: one[:3])
    return [one for _path, _company, _id, one in found]


_LAST = 1 << 62


def _named(meeting: Meeting, user: User) -> sa.Select[Any]:
    columns: tuple[Any, ...] = (
        Guest.id, Guest.name, Guest.sound, Guest.title, Guest.phone_tail, Guest.table_no, Guest.seat_no,
        Guest.company, Distributor.name, Distributor.name_key, Region.name, Region.path,
    )  # fmt: skip
    return (
        guests_of(meeting, user)
        .outerjoin(Region, Region.id == Distributor.region_id)
        .where(
            Guest.cancelled_at.is_(None),
            Guest.erased_at.is_(None),
            sa.or_(Guest.invitation_id.is_(None), Invitation.withdrawn_at.is_(None)),
        )
        .with_only_columns(*columns)
    )


def _coming(meeting: Meeting, user: User) -> sa.Select[Any]:
    """Of each that comes: the company, how many persons, and of how many the names are known."""
    named = (
        sa.select(sa.func.count())
        .where(Guest.invitation_id == Invitation.id, Guest.cancelled_at.is_(None))
        .correlate(Invitation)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        Distributor.name, Distributor.name_key, Region.name, Region.path, Invitation.persons, named,
    )  # fmt: skip
    return (
        invitations_of(meeting, user)
        .select_from(Invitation)
        .join(Distributor, Distributor.id == Invitation.distributor_id)
        .join(Region, Region.id == Distributor.region_id)
        .where(Invitation.reply == Reply.COMING, Invitation.persons > 0)
        .with_only_columns(*columns)
    )


def sees_all(meeting: Meeting, user: User) -> bool:
    """Whether the user sees everybody, or only the distributors of the own offices."""
    return user.can(P.MEETINGS_READ, meeting.region)


def invited(session: Session, meeting: Meeting, user: User) -> list[Any]:
    """The invitations that the user sees, as rows (id, company, invited_at, link_version), office by office."""
    columns: tuple[Any, ...] = (
        Invitation.id, Distributor.name.label("company"), Invitation.invited_at, Invitation.link_version,
    )  # fmt: skip
    return list(
        session.execute(
            invitations_of(meeting, user)
            .select_from(Invitation)
            .join(Distributor, Distributor.id == Invitation.distributor_id)
            .join(Region, Region.id == Distributor.region_id)
            .with_only_columns(*columns)
            .order_by(Region.path, Distributor.name_key, Invitation.id)
        )
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """Who invites: the company that the meeting's office contracts through, as far as somebody said it."""

    company: str = ""
    phone: str = ""


def sender(session: Session, meeting: Meeting) -> Sender:
    """What the settings of the meeting's office say of the company."""
    said = settings.values(session, meeting.region)
    return Sender(str(said.get("manufacturer_name") or ""), str(said.get("manufacturer_phone") or ""))
