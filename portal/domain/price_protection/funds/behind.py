"""The transfers behind a figure on screen, each with how it changes that figure, so that the list adds up to it.

Whether a deduction was awarded, and whether an award was paid, tells something of the report (P5): to those who need
not know it all that decisions took is one account, what was posted to it together is one row without its number in
the book, and what was paid out of it is not listed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.price_protection.funds.showing import BY_KEY, NET, PAYABLE, goes_straight_on
from portal.domain.price_protection.purchases.models import Accrual, Purchase

T, A = TransferKind, AccountKind
# What decisions took: one account for those who are not told of awards.
TAKEN = (A.AWARD, A.UNAWARDED, A.BORNE)
# The sums of a statement that are one kind of change of the fund; opening and closing sum are all of them.
_STATED = {
    "accrued": T.ACCRUE_FUND,
    "reversed": T.REVERSE_FUND,
    "forfeited": T.DEDUCT,
    "restored": T.RESTORE,
    "released": T.RELEASE,
}
_BASE = "base_paid"
# What lists of funds show besides the figures of a quarter: kinds of transfers, and the balance of accounts.
_LISTED = {
    "net": NET,
    **{figure.key: figure.kinds for figure in BY_KEY.values()},
}
FIGURES = frozenset({"held", "payable", *_LISTED})
# What of a statement opens to transfers of its days, or up to them.
STATED = frozenset({"opening", "closing", _BASE, *_STATED})
_debit, _credit = aliased(Account), aliased(Account)
_TOUCHES = sa.or_(_debit.kind.in_(TAKEN), _credit.kind.in_(TAKEN))
SORTS: dict[str, Any] = {
    "no": sa.literal_column("row_no"),
    "day": sa.literal_column("row_on"),
    "amount": sa.literal_column("row_fen"),
}
TIE: sa.UnaryExpression[int] = sa.literal_column("row_id", sa.Integer).desc()


@dataclass(frozen=True)
class Behind:
    """What a list of transfers is narrowed to: a figure of a quarter, a statement's sum, an account, a source.

    `before_no` leaves out what was posted from that number of the book on; the days are inclusive, and of a
    statement's quarter.
    """

    quarter: str = ""
    figure: str = ""
    stated: str = ""
    account: AccountKind | None = None
    part: str = ""
    source: str = ""
    source_id: int | None = None
    before_no: int | None = None
    first_on: date | None = None
    last_on: date | None = None

    @property
    def has_sum(self) -> bool:
        """Whether the list adds up to a figure."""
        return bool(self.figure or self.stated or self.account)


def transfers(agreement_id: int, wanted: Behind, *, is_told: bool) -> sa.Select[Any]:
    """The transfers of an agreement behind a figure, one row each; `signed_fen` is how it changes the figure."""
    narrowed = _narrowed(agreement_id, wanted, is_told=is_told)
    signed = _signed(wanted)
    if is_told:
        every: tuple[Any, ...] = (
            Transfer.id.label("row_id"),
            Transfer.no.label("row_no"),
            Transfer.booked_on.label("row_on"),
            Transfer.amount_fen.label("row_fen"),
            Transfer.kind,
            signed.label("signed_fen"),
            Transfer.source,
            Transfer.source_id,
            _debit.kind.label("debit_kind"),
            _debit.part.label("debit_part"),
            _credit.kind.label("credit_kind"),
            _credit.part.label("credit_part"),
            Purchase.document_number.label("document"),
            Purchase.line_no,
        )
        return narrowed.with_only_columns(*every)
    debit, credit = _one_account(_debit), _one_account(_credit)
    sums: tuple[Any, ...] = (
        sa.func.min(Transfer.id).label("row_id"),
        sa.func.min(Transfer.no).label("row_no"),
        sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger).label("row_fen"),
        sa.cast(sa.func.sum(signed), sa.BigInteger).label("signed_fen"),
    )
    columns: tuple[Any, ...] = (
        Transfer.booked_on.label("row_on"),
        Transfer.kind,
        Transfer.source,
        Transfer.source_id,
        debit.label("debit_kind"),
        _debit.part.label("debit_part"),
        credit.label("credit_kind"),
        _credit.part.label("credit_part"),
        Purchase.document_number.label("document"),
        Purchase.line_no,
    )
    together = sa.case((_TOUCHES, 0), else_=Transfer.id)
    return (
        narrowed.with_only_columns(*sums, *columns)
        .where(told_to_all())
        .group_by(
            Transfer.kind,
            Transfer.booked_on,
            Transfer.source,
            Transfer.source_id,
            debit,
            _debit.part,
            credit,
            _credit.part,
            Purchase.document_number,
            Purchase.line_no,
            together,
        )
    )


def total(session: Session, statement: sa.Select[Any]) -> int:
    """What the rows come to, in fen."""
    rows = statement.order_by(None).subquery()
    return session.scalar(sa.select(sa.cast(sa.func.sum(rows.c.signed_fen), sa.BigInteger))) or 0


def told_to_all() -> sa.ColumnElement[bool]:
    """Of a transfer joined to `_debit` and `_credit`: nothing that was paid out of what decisions took."""
    return ~sa.and_(Transfer.kind.in_((T.PAY, T.WITHHOLD, T.RELIEVE, T.CORRECT)), _TOUCHES)


def balances_told_to_all(session: Session, books: sa.Select[int]) -> dict[tuple[AccountKind, str], int]:
    """What the accounts of these books hold together, in fen, as those see it who are not told of awards."""
    found: dict[tuple[AccountKind, str], int] = {}
    for account, sign in ((_debit, 1), (_credit, -1)):
        for kind, part, fen in session.execute(
            sa.select(account.kind, account.part, sa.cast(sa.func.sum(Transfer.amount_fen), sa.BigInteger))
            .select_from(Transfer)
            .join(_debit, _debit.id == Transfer.debit_id)
            .join(_credit, _credit.id == Transfer.credit_id)
            .where(Transfer.book_id.in_(books), told_to_all())
            .group_by(account.kind, account.part)
        ):
            place = (A.UNAWARDED if kind in TAKEN else kind, part)
            found[place] = found.get(place, 0) + fen * (sign if place[0].is_debit else -sign)
    return found


def _one_account(account: Any) -> sa.ColumnElement[AccountKind]:
    one = sa.literal(A.UNAWARDED, Account.__table__.c.kind.type)
    return sa.case((account.kind.in_(TAKEN), one), else_=account.kind)


def _is_fund(account: Any, quarter: str = "") -> sa.ColumnElement[bool]:
    """Whether a transfer's side is the fund of a quarter, or of any."""
    is_fund: sa.ColumnElement[bool] = account.kind == A.FUND
    return sa.and_(is_fund, account.part == quarter) if quarter else is_fund


def _signed(wanted: Behind) -> sa.ColumnElement[int]:
    """How a transfer changes the figure."""
    if wanted.account is not None:
        grows = _debit if wanted.account.is_debit else _credit
        is_growing = sa.and_(grows.kind.in_(_kinds(wanted.account)), grows.part == wanted.part)
        return sa.case((is_growing, Transfer.amount_fen), else_=-Transfer.amount_fen)
    figure = "base" if wanted.stated == _BASE else wanted.figure
    if figure == "payable":
        return sa.case((_credit.kind.in_(PAYABLE), Transfer.amount_fen), else_=-Transfer.amount_fen)
    if figure in _LISTED:
        signs = _LISTED[figure].items()
        straight = [(goes_straight_on(_credit), Transfer.amount_fen)] if figure == "released" else []
        return sa.case(
            *straight, *((Transfer.kind == kind, Transfer.amount_fen * sign) for kind, sign in signs), else_=0
        )
    if figure or wanted.stated:
        return sa.case((_is_fund(_credit), Transfer.amount_fen), else_=-Transfer.amount_fen)
    return sa.cast(Transfer.amount_fen, sa.BigInteger)


def _kinds(account: AccountKind) -> tuple[AccountKind, ...]:
    return TAKEN if account in TAKEN else (account,)


def _of_quarter(agreement_id: int, quarter: str) -> sa.ColumnElement[bool]:
    """What a line accrued into the quarter or took from it; of the rest what names the quarter's account."""
    lines = sa.select(Accrual.purchase_id).where(
        Accrual.agreement_id == agreement_id, Accrual.quarter == quarter
    )
    return sa.or_(
        sa.and_(Transfer.source == "purchase", Transfer.source_id.in_(lines)),
        sa.and_(Transfer.source != "purchase", sa.or_(_debit.part == quarter, _credit.part == quarter)),
    )


def _narrowed(agreement_id: int, wanted: Behind, *, is_told: bool) -> sa.Select[Any]:
    statement: sa.Select[Any] = (
        sa.select(Transfer.id)
        .join(Book, Book.id == Transfer.book_id)
        .join(_debit, _debit.id == Transfer.debit_id)
        .join(_credit, _credit.id == Transfer.credit_id)
        .outerjoin(Purchase, sa.and_(Transfer.source == "purchase", Purchase.id == Transfer.source_id))
        .where(Book.agreement_id == agreement_id)
    )
    if wanted.figure == "held":
        statement = statement.where(
            sa.or_(_is_fund(_debit, wanted.quarter), _is_fund(_credit, wanted.quarter))
        )
    elif wanted.figure == "payable":
        statement = statement.where(sa.or_(_debit.kind.in_(PAYABLE), _credit.kind.in_(PAYABLE)))
    elif wanted.figure:
        counts = Transfer.kind.in_(_LISTED[wanted.figure])
        is_released = wanted.figure == "released"
        statement = statement.where(sa.or_(counts, goes_straight_on(_credit)) if is_released else counts)
    if wanted.quarter and wanted.figure != "held":
        statement = statement.where(_of_quarter(agreement_id, wanted.quarter))
    if wanted.stated == _BASE:
        statement = statement.where(Transfer.kind.in_(BY_KEY["base"].kinds))
    elif wanted.stated:
        statement = statement.where(sa.or_(_is_fund(_debit), _is_fund(_credit)))
        if wanted.stated in _STATED:
            statement = statement.where(Transfer.kind == _STATED[wanted.stated])
    if wanted.first_on is not None:
        statement = statement.where(Transfer.booked_on >= wanted.first_on)
    if wanted.last_on is not None:
        statement = statement.where(Transfer.booked_on <= wanted.last_on)
    if wanted.account is not None:
        kinds = (wanted.account,) if is_told else _kinds(wanted.account)
        statement = statement.where(
            sa.or_(*(sa.and_(one.kind.in_(kinds), one.part == wanted.part) for one in (_debit, _credit)))
        )
    if wanted.source:
        statement = statement.where(Transfer.source == wanted.source, Transfer.source_id == wanted.source_id)
    if wanted.before_no is not None:
        statement = statement.where(Transfer.no < wanted.before_no)
    return statement
