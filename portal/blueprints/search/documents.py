"""Numbers that stand on papers of the fund: purchases, statements, cases, payments; each only for who sees its list.

They are looked for by their number or part of it alone: what names a company finds its distributor and agreements.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.blueprints.search.kinds import Hit, Kind
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.closing import queries as closes
from portal.domain.price_protection.payments import queries as payments
from portal.domain.price_protection.purchases import queries as purchases
from portal.domain.price_protection.purchases.codes import trace
from portal.domain.price_protection.violations import queries as cases
from portal.domain.text import clean, half_width
from portal.domain.users.models import User
from portal.web import tables
from portal.web.templating import day, money
from portal.web.words import tone, word

_LEAST, _SURELY = (
    4,
    8,
)  # signs: with fewer everything would be found; with so many, letters and digits, it is one
_Found = Callable[[Session, User, str, int], Kind]


def may_be_a_number(words: str, *, is_known: bool) -> bool:
    """Whether the words may be part of a document's number: where they are known otherwise, only what looks like one.

    Codes and telephone numbers are typed all day: nobody waits for four more lists because of them.
    """
    number = half_width(clean(words))
    if len(number) < _LEAST or " " in number or not any(sign.isdigit() for sign in number):
        return False
    return not is_known or (len(number) >= _SURELY and any(sign.isalpha() for sign in number))


def found(session: Session, user: User, words: str, limit: int) -> list[Kind]:
    """The documents with such a number."""
    number = half_width(clean(words)).upper()
    asked: tuple[tuple[tuple[P, ...], _Found], ...] = (
        ((P.PURCHASES_READ,), _purchases),
        ((P.PURCHASES_READ,), _goods),
        ((P.FUNDS_READ,), _statements),
        ((P.CASES_READ, P.CASES_FOLLOW), _cases),
        ((P.FUNDS_READ,), _payments),
    )
    return [
        find(session, user, number, limit)
        for needs, find in asked
        if any(user.can(permission) for permission in needs)
    ]


def _kind(
    session: Session,
    statement: sa.Select[Any],
    limit: int,
    title: str,
    more: str,
    hit: Callable[[Any], Hit],
) -> Kind:
    rows = session.execute(statement.limit(limit)).all()
    total = len(rows) if len(rows) < limit else tables.count(session, statement)
    return Kind(title=title, hits=[hit(row) for row in rows], total=total, more=more)


def _purchases(session: Session, user: User, number: str, limit: int) -> Kind:
    return _kind(
        session,
        purchases.numbered(user, number),
        limit,
        _("Purchases"),
        url_for("purchases.index", q=number),
        lambda row: Hit(
            url=url_for("purchases.detail", id=row.id),
            number=row.document_number,
            title=f"{row.document_number}-{row.line_no} {row.distributor}",
            note=f"{day(row.purchased_on)} · {money(row.amount_fen)} · {row.office}",
            state=_("Return of goods") if row.returns_id else _("Purchase"),
            tone="",
            is_meant=number in (row.document_number.upper(), f"{row.document_number.upper()}-{row.line_no}"),
        ),
    )


def _goods(session: Session, user: User, number: str, _limit: int) -> Kind:
    """The goods that carry exactly this code: of other offices no more is told than on the page it leads to."""
    buyers = list(dict.fromkeys(one.distributor for one in trace(session, user, number)))
    hit = Hit(
        url=url_for("purchases.codes", code=number),
        number=number,
        title=number,
        note=_("Bought by %(names)s", names="、".join(buyers[:3])),
        state=_("Batch or box code"),
        tone="",
        is_meant=True,
    )
    return Kind(_("Batch or box codes"), [hit] if buyers else [], 1 if buyers else 0, hit.url)


def _statements(session: Session, user: User, number: str, limit: int) -> Kind:
    return _kind(
        session,
        closes.numbered(user, number),
        limit,
        _("Statements"),
        url_for("quarters.index"),
        lambda row: Hit(
            url=url_for("quarters.statement", id=row.id),
            number=row.number,
            title=f"{row.number} {row.distributor}",
            note=f"{row.agreement} · {row.office}",
            state=_("Statement"),
            tone="",
            is_meant=row.number.upper() == number,
        ),
    )


def _cases(session: Session, user: User, number: str, limit: int) -> Kind:
    return _kind(
        session,
        cases.numbered(user, number),
        limit,
        _("Violation cases"),
        url_for("violations.index", q=number),
        lambda row: Hit(
            url=url_for("violations.detail", code=row.code),
            number=row.number,
            title=f"{row.number} {row.distributor_name}",
            note=f"{row.agreement_number} · {row.region_name}",
            state=word(row.state),
            tone=tone(row.state),
            is_meant=row.number.upper() == number,
        ),
    )


def _payments(session: Session, user: User, number: str, limit: int) -> Kind:
    return _kind(
        session,
        payments.numbered(user, number),
        limit,
        _("Payments"),
        url_for("payments.paid", q=number),
        lambda row: Hit(
            url=url_for("payments.detail", id=row.id),
            number=row.number,
            title=f"{row.number} {row.distributor}",
            note=f"{day(row.paid_on)} · {money(row.paid_fen)} · {row.agreement}",
            state=word(row.kind),
            tone="",
            is_meant=number in (row.number.upper(), str(row.invoice or "").upper()),
        ),
    )
