"""The register as a list, and the same list as an Excel file."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import exporting, listing
from portal.domain.distributors.facts import LABELS
from portal.domain.distributors.models import Distributor, Level, Standing
from portal.domain.distributors.queries import DistributorFilter, Expected
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.cuts import Shown
from portal.web.excel import Column, record_export, workbook
from portal.web.grades import grade_choices, wanted_grade
from portal.web.htmx import render
from portal.web.i18n import language
from portal.web.parts import Html
from portal.web.tables import (
    REMEMBERED_FROM,
    chosen,
    counted,
    ids,
    number,
    page_of,
    remembered,
    row_address,
)
from portal.web.words import badge, word

_KINDS = {"credit_limit_fen": "money", "deposit_fen": "money", "founded_on": "date"} | dict.fromkeys(
    ("staff", "vehicles", "outlets", "credit_days"), "whole"
)
# A telephone below the name, where the screen is too narrow for a column of its own.
_BELOW, _END = '<span class="sub narrow">', "</span>"
_EVERYTHING = DistributorFilter()
_WIDTHS = {"name": 34, "name_en": 34, "address": 40, "phones": 36, "uscc": 22, "bank_account": 24, "note": 40}


def _filter() -> DistributorFilter:
    """What the address narrows the list to; what it says wrongly narrows nothing."""
    hint = request.args.get("hint", "")
    return DistributorFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        level=chosen(Level, "level"),
        grade=wanted_grade(),
        standing=chosen(Standing, "standing"),
        owner_id=number("owner"),
        hint=hint if hint in listing.HINTS else "",
    )


@bp.get("/")
@requires(P.DISTRIBUTORS_READ)
def index() -> ResponseReturnValue:
    """The list: narrowed, sorted and cut into pages as the address says."""
    me, wanted = actor(), _filter()
    reach, everything = _reach(me, wanted)
    expected = Expected.FROM_FEW if everything <= listing.FEW else Expected.SOME
    total = everything if wanted == _EVERYTHING else _count(reach, wanted, expected)
    if total >= REMEMBERED_FROM:
        expected = Expected.MANY
    page = page_of(
        db.session,
        listing.found(db.session, reach, wanted, expected),
        sorts=listing.SORTS,
        default="code",
        tie=Distributor.id,
        total=total,
        shown=Shown(
            listing.SHOWN,
            gathered=bool(wanted.q) and expected is not Expected.MANY,
            key=("distributors", reach.key, wanted) if expected is Expected.MANY else None,
            along="code",
            # By words alone: of what else a list is narrowed by, people see at once that they have changed it.
            keeps_ids=bool(wanted.q) and wanted == DistributorFilter(q=wanted.q) and reach.key is None,
        ),
    )
    return render(
        "distributors/index.html",
        fragment="distributors/_table.html",
        page=page,
        columns=_columns(page.rows),
        total=everything,
        wanted=wanted,
        offices=tuple((office.id, "　" * office.depth + office.name) for office in reach.offices),
        owners=remembered(
            db.session,
            lambda: listing.owners(db.session, reach),
            key=("owners", reach.key),
            when=lambda _owners: everything >= REMEMBERED_FROM,
        ),
        may_write=me.can(P.DISTRIBUTORS_WRITE),
        may_import=me.can(P.DISTRIBUTORS_IMPORT),
        levels=list(Level),
        grades=grade_choices,
        standings=list(Standing),
    )


def _reach(me: User, wanted: DistributorFilter) -> tuple[listing.Reach, int]:
    """What `me` sees, and how much that is; who sees very much may be told the offices of a moment ago."""
    if not listing.sees_everything(me):
        reach = listing.reach(db.session, me)
        return reach, _count(reach, _EVERYTHING)
    everything = _count(listing.EVERYTHING, _EVERYTHING)
    reach = remembered(
        db.session,
        lambda: listing.reach(db.session, me),
        key="every office",
        when=lambda _reach: everything >= REMEMBERED_FROM,
    )
    if wanted.region_id is not None and not reach.below(wanted.region_id):
        reach = listing.reach(db.session, me)
    return reach, everything


def _columns(rows: Sequence[Any]) -> dict[str, Sequence[str]]:
    """The cells of the page's rows, column by column, in the page's language."""
    if not rows:
        return {}
    # The columns of listing.SHOWN.
    id, code, name, level, standing, city, office, owner, phone, updated_on, has_holes, is_flagged, _along = (
        zip(*rows, strict=True)
    )
    address = row_address("distributors.detail")
    levels, standings, hints = _words(language())
    return {
        "id": Html(map(str, id)),
        "address": Html(map(address, id)),
        "code": code,
        "name": name,
        "level": [levels[one] for one in level],
        "office": office,
        "owner": owner,
        "standing": Html([standings[one] for one in standing]),
        "city": [one or "—" for one in city],
        "phone": [one or "—" for one in phone],
        "below": Html([_BELOW if one else "" for one in phone]),
        "phone_below": [one or "" for one in phone],
        "end": Html([_END if one else "" for one in phone]),
        "updated": Html(updated_on),
        "hints": [hints[bool(one), bool(other)] for one, other in zip(has_holes, is_flagged, strict=True)],
    }


@cache
def _words(_language: str) -> tuple[dict[str, str], dict[str, str], dict[tuple[bool, bool], str]]:
    """What a row says of its level, its standing and its alerts: the same in every list of one language."""
    missing, twice, comma = _("details missing"), _("possible duplicate"), _(", ")
    return (
        {code.value: word(code) for code in Level},
        {code.value: badge(code) for code in Standing},
        {
            (False, False): "",
            (True, False): missing,
            (False, True): twice,
            (True, True): f"{missing}{comma}{twice}",
        },
    )


def _count(reach: listing.Reach, wanted: DistributorFilter, expected: Expected = Expected.SOME) -> int:
    return counted(
        db.session,
        lambda: listing.countable(db.session, reach, wanted, expected),
        key=("distributors", reach.key, wanted),
    )


@bp.get("/export")
@requires(P.DISTRIBUTORS_READ)
def export() -> ResponseReturnValue:
    """The current view, or the ticked rows of it, as an Excel file; who took it is on record."""
    me, wanted = actor(), _filter()
    rows = exporting.exported(db.session, me, wanted, ids())
    record_export(me, "distributors", count=len(rows), wanted=_told(wanted))
    columns = [
        Column(_(_label(name)), _KINDS.get(name, "text"), _WIDTHS.get(name, 14))  # type: ignore[arg-type]
        for name in exporting.EXPORTED
    ]
    cells = ([_cell(name, row[name]) for name in exporting.EXPORTED] for row in rows)
    return workbook(_("Distributors"), columns, cells, f"{_('Distributors')} {today()}.xlsx")


def _label(name: str) -> str:
    return "Contact" if name == "contact" else LABELS[name]


def _cell(name: str, value: Any) -> Any:
    return word(value) if name in ("level", "grade", "channel", "standing") and value else value


def _told(wanted: DistributorFilter) -> dict[str, Any]:
    return {key: value for key, value in vars(wanted).items() if value not in (None, "")}
