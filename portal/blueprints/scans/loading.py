"""Finding the pile or page that an address is about, within what its user may see and do."""

from flask import abort, url_for

from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.scans.groups import Group, What
from portal.domain.price_protection.scans.models import ScanPage, ScanPile
from portal.domain.price_protection.scans.uploading import piles_visible_to
from portal.extensions import db
from portal.web.access import actor


def readable(pile_id: int) -> ScanPile:
    """The pile; 404 when it was begun for an office that the user does not see."""
    return db.session.scalar(piles_visible_to(actor()).where(ScanPile.id == pile_id)) or abort(404)


def writable(pile_id: int) -> ScanPile:
    """The pile, to be added to, placed and filed; 403 for whoever may only read.

    What of it somebody may file depends on the paper (`Group.may_file`).
    """
    pile = readable(pile_id)
    if not actor().can(P.PAPERS_HANDLE, pile.region):
        abort(403)
    return pile


def page_of(pile: ScanPile, page_id: int) -> ScanPage:
    """A page of this pile."""
    page = db.session.get(ScanPage, page_id)
    return page if page is not None and page.pile_id == pile.id else abort(404)


def address(group: Group) -> str:
    """The record of the agreement, amendment, notice or statement."""
    if group.what is What.AGREEMENT:
        return url_for("agreements.detail", id=group.agreement_id)
    if group.is_statement:
        return url_for("quarters.statement", id=group.deed_id)
    what = "amendments" if group.what is What.AMENDMENT else "notices"
    return url_for("agreements.deed", id=group.agreement_id, what=what, deed_id=group.deed_id)
