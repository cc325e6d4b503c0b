"""Each paper: what it says is read, the transaction ends, then it is printed."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from portal.blueprints.meeting_papers import bp
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings import expected, sheets
from portal.domain.meetings.expected import Expected, Sender
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.sheets import Order
from portal.extensions import db
from portal.printing.meetings import badges, letters, sign_in
from portal.printing.meetings.badges import Bearer
from portal.printing.meetings.facts import MeetingFacts, facts_of
from portal.printing.meetings.letters import Addressee
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.meeting_keys import badge_code, badge_key, reply_links
from portal.web.meetings import meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import as_id, ids

Row = TypeVar("Row")

# What is laid out at once: more takes a reader's patience, and every preview waits behind it.
MOST_ROWS, MOST_CARDS, MOST_LETTERS, MOST_PICTURES = 2_000, 500, 200, 100


@bp.app_template_global("meeting_paper_parts")
def paper_parts(name: str, count: int) -> list[int | None]:
    """The parts in which so many are printed, None for all at once; `name` is the paper's endpoint."""
    most = {"invitations": MOST_LETTERS, "pictures": MOST_PICTURES}.get(name, MOST_CARDS)
    parts = -(-count // most)
    return list(range(1, parts + 1)) if parts > 1 else [None]


def _meeting(id: int) -> Meeting:
    """The meeting, if the user sees it; one that was called off has no papers any more."""
    found = meeting_or_404(id)
    if found.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off, so nothing is printed for it any more."))
    return found


def _shown(pdf: bytes, name: str, meeting: MeetingFacts) -> Response:
    return shown(pdf, "application/pdf", f"{name}-{meeting.number}.pdf")


def _part(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """So many of them as are printed at once: all, or the part that the address asks for."""
    parts = -(-len(rows) // most)
    asked = as_id(request.args.get("part", ""))
    if asked is not None and 1 <= asked <= parts:
        return rows[(asked - 1) * most : asked * most]
    if asked is not None or parts > 1:
        raise DomainError(
            N_("These are %(count)s, printed %(most)s at a time. Choose one of the %(parts)s parts."),
            count=len(rows),
            most=most,
            parts=parts,
        )
    return rows


@bp.get(f"/<{ROW}:id>/sign-in-sheet.pdf")
@requires(P.MEETINGS_READ)
def sign_in_sheet(id: int) -> ResponseReturnValue:
    """签到表, office by office or by pinyin."""
    me, meeting = actor(), _meeting(id)
    people = expected.expected(db.session(), meeting, me)
    if len(people) > MOST_ROWS:
        raise DomainError(
            N_(
                "A sign-in sheet has at most %(most)s rows; these are %(count)s. Plan a meeting for each office."
            ),
            most=MOST_ROWS,
            count=len(people),
        )
    facts, is_part, key = facts_of(meeting), not expected.sees_all(meeting, me), badge_key()
    db.session.rollback()
    pdf = sign_in.sign_in_sheet(
        facts,
        people,
        order=Order.PINYIN if request.args.get("by") == Order.PINYIN else Order.OFFICE,
        is_part=is_part,
        code=lambda page: sheets.page_code(key, page),
        made_at=now(),
    )
    return _shown(pdf, "签到表", facts)


def _bearers(meeting: Meeting) -> Sequence[Bearer]:
    """The guests whose names are known, or those of them that the address asks for, each with the token."""
    wanted = set(ids("guest"))
    people: list[tuple[int, Expected]] = [
        (one.guest_id, one)
        for one in expected.expected(db.session(), meeting, actor())
        if one.guest_id is not None and (not wanted or one.guest_id in wanted)
    ]
    if not people:
        raise DomainError(N_("Nobody who comes is named yet. Take down the replies with names, then print."))
    return [Bearer(one, badge_code(meeting, guest_id)) for guest_id, one in _part(people, MOST_CARDS)]


def _cards(id: int, printed: Callable[..., bytes], name: str) -> ResponseReturnValue:
    meeting = _meeting(id)
    bearers, facts = _bearers(meeting), facts_of(meeting)
    db.session.rollback()
    return _shown(printed(facts, bearers, made_at=now()), name, facts)


@bp.get(f"/<{ROW}:id>/badges.pdf")
@requires(P.MEETINGS_READ)
def badges_pdf(id: int) -> ResponseReturnValue:
    """胸卡 of everybody named, or of the guests asked for."""
    return _cards(id, badges.badges, "胸卡")


@bp.get(f"/<{ROW}:id>/table-cards.pdf")
@requires(P.MEETINGS_READ)
def table_cards(id: int) -> ResponseReturnValue:
    """桌卡 of everybody named, or of the guests asked for."""
    return _cards(id, badges.table_cards, "桌卡")


@bp.get(f"/<{ROW}:id>/agenda.pdf")
@requires(P.MEETINGS_READ)
def agenda(id: int) -> ResponseReturnValue:
    """会议议程."""
    facts = facts_of(_meeting(id))
    db.session.rollback()
    if not facts.agenda:
        raise DomainError(N_("The meeting has no agenda yet. Enter it, then print."))
    return _shown(letters.agenda(facts, made_at=now()), "议程", facts)


def _letters(id: int, invitation_id: int | None, most: int) -> tuple[MeetingFacts, Sender, list[Addressee]]:
    """What letters say, to whom: all, a part of them or one; the transaction is over then."""
    meeting = _meeting(id)
    asked = expected.invited(db.session(), meeting, actor())
    if invitation_id is not None:
        asked = [one for one in asked if one.id == invitation_id] or abort(404)
    elif not asked:
        raise DomainError(N_("Nobody is invited yet. Invite distributors, then print."))
    # Whoever holds the link answers for the guest: it stands on letters of who takes replies.
    link_of = reply_links(meeting) if actor().can(P.MEETINGS_WRITE) else None
    to = [
        Addressee(one.company, one.invited_at, link_of(one) if link_of else "") for one in _part(asked, most)
    ]
    facts, sender = facts_of(meeting), expected.sender(db.session(), meeting)
    db.session.rollback()
    return facts, sender, to


def _invitations(id: int, invitation_id: int | None = None) -> ResponseReturnValue:
    facts, sender, to = _letters(id, invitation_id, MOST_LETTERS)
    return _shown(letters.invitations(facts, sender, to, made_at=now()), "邀请函", facts)


@bp.get(f"/<{ROW}:id>/invitations.pdf")
@requires(P.MEETINGS_READ)
def invitations(id: int) -> ResponseReturnValue:
    """邀请函 for every distributor invited, or a part of them."""
    return _invitations(id)


@bp.get(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>.pdf")
@requires(P.MEETINGS_READ)
def invitation(id: int, invitation_id: int) -> ResponseReturnValue:
    """邀请函 for one distributor."""
    return _invitations(id, invitation_id)


@bp.get(f"/<{ROW}:id>/invitations/<{ROW}:invitation_id>.png")
@requires(P.MEETINGS_READ)
def picture(id: int, invitation_id: int) -> ResponseReturnValue:
    """邀请函 for one distributor as a picture, to be sent by WeChat."""
    facts, sender, to = _letters(id, invitation_id, MOST_PICTURES)
    (drawn,) = letters.pictures(facts, sender, to, made_at=now())
    return shown(drawn, "image/png", f"邀请函-{file_name(to[0].company)}.png")


@bp.get(f"/<{ROW}:id>/invitations.zip")
@requires(P.MEETINGS_READ)
def pictures(id: int) -> ResponseReturnValue:
    """The pictures of all, or of a part of them, each called by its distributor."""
    facts, sender, to = _letters(id, None, MOST_PICTURES)
    drawn = letters.pictures(facts, sender, to, made_at=now())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for no, (one, data) in enumerate(zip(to, drawn, strict=True), 1):
            archive.writestr(f"{no:03d}-{file_name(one.company)}.png", data)
    return shown(packed.getvalue(), "application/zip", f"邀请函图片-{facts.number}.zip")


def file_name(company: str) -> str:
    """A company's name as every system takes it in a file's name."""
    return "".join(char for char in company if char.isalnum() or char in "-_（）()")[:60] or "邀请函"
