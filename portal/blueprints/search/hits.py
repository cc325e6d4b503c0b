"""What each feature finds for the words of the search box."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.blueprints.search import documents
from portal.blueprints.search.kinds import Hit, Kind
from portal.domain.distributors import listing
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.phases import phase_of
from portal.domain.text import clean, half_width
from portal.domain.users.models import User
from portal.web import tables
from portal.web.templating import day
from portal.web.words import tone, word


def found(session: Session, user: User, words: str, limit: int) -> list[Kind]:
    """Up to `limit` hits of every kind, only of what `user` sees."""
    if not clean(words):
        return []
    reach = listing.reach_of_lists(session, user)
    wanted = DistributorFilter(q=words)
    total = tables.counted(
        session,
        lambda: listing.countable(session, reach, wanted),
        key=("distributors", reach.key, wanted),
    )
    is_many = total >= tables.REMEMBERED_FROM
    rows = listing.likeliest(session, reach, words, limit=limit, is_many=is_many) if total else []
    kinds = [_distributors(rows, total, words), _agreements(session, user, words, limit, is_many=is_many)]
    if documents.may_be_a_number(words, is_known=any(kind.total for kind in kinds)):
        kinds += documents.found(session, user, words, limit)
    return kinds


def _distributors(rows: Sequence[Any], total: int, words: str) -> Kind:
    return Kind(
        title=_("Distributors"),
        hits=[
            Hit(
                url=url_for("distributors.detail", id=row.id),
                number=row.code,
                title=row.name,
                note=f"{row.code} · {row.office} · {row.owner}",
                state=word(row.standing),
                tone=tone(row.standing),
                is_meant=row.is_meant,
            )
            for row in rows
        ],
        total=total,
        more=url_for("distributors.index", q=words),
    )


def _agreements(session: Session, user: User, words: str, limit: int, *, is_many: bool) -> Kind:
    wanted = agreements.AgreementFilter(q=words)
    statement = agreements.agreement_rows(session, user, wanted, of_many=is_many)
    ordered = statement.order_by(agreements.SORTS["effective"].desc(), agreements.SORTS["number"].desc())
    rows = session.execute(ordered.limit(limit)).all()
    number = half_width(clean(words)).upper()
    states = [phase_of(row.status, row.effective_on, row.ends_on) for row in rows]
    return Kind(
        title=_("Price-protection agreements"),
        hits=[
            Hit(
                url=url_for("agreements.detail", id=row.id),
                number=row.number,
                title=f"{row.number} {row.distributor_name}",
                note=f"{day(row.effective_on)} – {day(row.ends_on)} · {row.region_name}",
                state=word(state),
                tone=tone(state),
                is_meant=row.number.upper() == number,
            )
            for row, state in zip(rows, states, strict=True)
        ],
        total=len(rows) if len(rows) < limit else tables.count(session, statement),
        more=url_for("agreements.index", q=words),
    )
