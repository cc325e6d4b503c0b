"""Numbers that stand on papers of the fund: purchases, statements, cases, payments; each only for who sees its list.

They are looked for by their number or part of it alone: what names a company finds its distributor and agreements.
"""

import re
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
from portal.domain.price_protection.payments import settling
from portal.domain.price_protection.payments.vouchers import taking as vouchers
from portal.domain.price_protection.payments.vouchers.entries import label
from portal.domain.price_protection.payments.vouchers.models import VoucherFile
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
_VOUCHER = re.compile(r"(?:记[-字]?)?([0-9]{4}-[0-9]{2})-([0-9]{1,7})")
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
        ((P.FUNDS_READ,), _settlements),
        ((P.PAYMENTS_MAKE,), _vouchers),
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


def _settlements(session: Session, user: User, number: str, limit: int) -> Kind:
    return _kind(
        session,
        settling.numbered(user, number),
        limit,
        _("Claw-back settlements"),
        url_for("payments.owed"),
        lambda row: Hit(
            url=url_for("payments.settlement", id=row.id),
            number=row.number,
            title=f"{row.number} {row.distributor}",
            note=f"{day(row.issued_on)} · {money(row.amount_fen)} · {row.agreement}",
            state=_("Claw-back settlement"),
            tone="",
            is_meant=row.number.upper() == number,
        ),
    )


def _vouchers(session: Session, user: User, number: str, limit: int) -> Kind:
    """Files by their number or part of it, and the one voucher that is named as 记-2026-09-0012."""
    files = vouchers.files_visible_to(user).where(VoucherFile.number.icontains(number, autoescape=True))
    found = _kind(
        session,
        files,
        limit,
        _("Vouchers"),
        url_for("payments.book_vouchers"),
        lambda row: Hit(
            url=url_for("payments.voucher_file", id=row[0].id),
            number=row[0].number,
            title=row[0].number,
            note=f"{day(row[0].first_on)} – {day(row[0].last_on)}",
            state=_("File of vouchers"),
            tone="",
            is_meant=row[0].number.upper() == number,
        ),
    )
    named = _VOUCHER.fullmatch(number)
    row = (
        session.execute(vouchers.numbered(user, named[1], int(named[2]))).one_or_none()
        if named is not None
        else None
    )
    if row is None:
        return found
    name = label(row.month, row.no)
    hit = Hit(
        url=url_for("payments.voucher_file", id=row.id, voucher=name),
        number=name,
        title=name,
        note=f"{row.number} · {day(row.booked_on)}",
        state=_("Voucher"),
        tone="",
        is_meant=True,
    )
    return Kind(found.title, [hit, *found.hits], found.total + 1, hit.url)
