"""Numbers that stand on papers of the fund: purchases, statements, cases, payments; each only for who sees its list.

They are looked for by their number or part of it alone: what names a company finds its distributor and agreements.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
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

# Signs: with fewer everything would be found; with so many, letters and digits, it is one.
_LEAST, _SURELY = 4, 8
_VOUCHER = re.compile(r"(?:记[-字]?)?([0-9]{4}-[0-9]{2})-([0-9]{1,7})")


class _Said(NamedTuple):
    """How one document reads; `numbers` are all that mean it, the first is its own."""

    numbers: tuple[str, ...]
    title: str
    note: str
    state: str
    tone: str = ""


@dataclass(frozen=True)
class _Documents:
    """One kind of document: whose it is to find, by what, how a row of it reads, its page and its list.

    A page's address says the row's `key`; a list that `searches` takes the number along.
    """

    title: Any
    numbered: Callable[[User, str], sa.Select[Any]]
    said: Callable[[Any], _Said]
    page: str
    listing: str
    key: str = "id"
    searches: bool = True
    needs: tuple[P, ...] = (P.FUNDS_READ,)


def may_be_a_number(words: str, *, is_known: bool) -> bool:
    """Whether the words may be part of a document's number: where they are known otherwise, only what looks like one.

    Codes and telephone numbers are typed all day: nobody waits for four more lists because of them.
    """
    number = half_width(clean(words))
    if len(number) < _LEAST or " " in number or not any(sign.isdigit() for sign in number):
        return False
    return not is_known or (len(number) >= _SURELY and any(sign.isalpha() for sign in number))


def found(session: Session, user: User, words: str, limit: int) -> list[Kind]:
    """The documents with such a number, and the goods with such a code."""
    number = half_width(clean(words)).upper()
    kinds = []
    if user.can(P.PURCHASES_READ):
        kinds = [_kind(session, user, _PURCHASES, number, limit), _goods(session, user, number)]
    kinds += [
        _kind(session, user, documents, number, limit)
        for documents in _OTHERS
        if any(user.can(permission) for permission in documents.needs)
    ]
    if user.can(P.PAYMENTS_MAKE):
        kinds.append(_vouchers(session, user, number, limit))
    return kinds


def _kind(session: Session, user: User, documents: _Documents, number: str, limit: int) -> Kind:
    statement = documents.numbered(user, number)
    rows = session.execute(statement.limit(limit)).all()
    return Kind(
        title=str(documents.title),
        hits=[_hit(documents, row, number) for row in rows],
        total=len(rows) if len(rows) < limit else tables.count(session, statement),
        more=url_for(documents.listing, q=number if documents.searches else None),
    )


def _hit(documents: _Documents, row: Any, number: str) -> Hit:
    said = documents.said(row)
    return Hit(
        url=url_for(documents.page, **{documents.key: getattr(row, documents.key)}),
        number=said.numbers[0],
        title=said.title,
        note=said.note,
        state=said.state,
        tone=said.tone,
        is_meant=number in [one.upper() for one in said.numbers],
    )


def _goods(session: Session, user: User, number: str) -> Kind:
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


def _purchase(row: Any) -> _Said:
    line = f"{row.document_number}-{row.line_no}"
    return _Said(
        numbers=(row.document_number, line),
        title=f"{line} {row.distributor}",
        note=f"{day(row.purchased_on)} · {money(row.amount_fen)} · {row.office}",
        state=_("Return of goods") if row.returns_id else _("Purchase"),
    )


def _statement(row: Any) -> _Said:
    title = f"{row.number} {row.distributor}"
    return _Said((row.number,), title, f"{row.agreement} · {row.office}", _("Statement"))


def _case(row: Any) -> _Said:
    title = f"{row.number} {row.distributor_name}"
    note = f"{row.agreement_number} · {row.region_name}"
    return _Said((row.number,), title, note, word(row.state), tone(row.state))


def _payment(row: Any) -> _Said:
    return _Said(
        numbers=(row.number, row.invoice or ""),
        title=f"{row.number} {row.distributor}",
        note=f"{day(row.paid_on)} · {money(row.paid_fen)} · {row.agreement}",
        state=word(row.kind),
    )


def _settlement(row: Any) -> _Said:
    return _Said(
        numbers=(row.number,),
        title=f"{row.number} {row.distributor}",
        note=f"{day(row.issued_on)} · {money(row.amount_fen)} · {row.agreement}",
        state=_("Claw-back settlement"),
    )


def _file(row: Any) -> _Said:
    return _Said(
        (row.number,), row.number, f"{day(row.first_on)} – {day(row.last_on)}", _("File of vouchers")
    )


def _files(user: User, number: str) -> sa.Select[Any]:
    named = VoucherFile.number.icontains(number, autoescape=True)
    files = vouchers.files_visible_to(user).where(named).subquery()
    return sa.select(files.c.id, files.c.number, files.c.first_on, files.c.last_on).order_by(
        files.c.id.desc()
    )


def _vouchers(session: Session, user: User, number: str, limit: int) -> Kind:
    """Files by their number or part of it, and the one voucher that is named as 记-2026-09-0012."""
    found = _kind(session, user, _FILES, number, limit)
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


_PURCHASES = _Documents(
    title=_l("Purchases"),
    numbered=purchases.numbered,
    said=_purchase,
    page="purchases.detail",
    listing="purchases.index",
    needs=(P.PURCHASES_READ,),
)
_OTHERS = (
    _Documents(
        title=_l("Statements"),
        numbered=closes.numbered,
        said=_statement,
        page="quarters.statement",
        listing="quarters.index",
        searches=False,
    ),
    _Documents(
        title=_l("Violation cases"),
        numbered=cases.numbered,
        said=_case,
        page="violations.detail",
        key="code",
        listing="violations.index",
        needs=(P.CASES_READ, P.CASES_FOLLOW),
    ),
    _Documents(
        title=_l("Payments"),
        numbered=payments.numbered,
        said=_payment,
        page="payments.detail",
        listing="payments.paid",
    ),
    _Documents(
        title=_l("Claw-back settlements"),
        numbered=settling.numbered,
        said=_settlement,
        page="payments.settlement",
        listing="payments.owed",
        searches=False,
    ),
)
_FILES = _Documents(
    title=_l("Vouchers"),
    numbered=_files,
    said=_file,
    page="payments.voucher_file",
    listing="payments.book_vouchers",
    searches=False,
    needs=(P.PAYMENTS_MAKE,),
)
