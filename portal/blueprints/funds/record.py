"""The fund of one agreement: its quarters, its accounts, and the transfers behind any figure."""

from datetime import date, timedelta

import sqlalchemy as sa
from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.blueprints.funds import bp
from portal.domain.access.queries import regions_visible_to, within
from portal.domain.access.roles import Permission as P
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Book
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.closing import explaining
from portal.domain.price_protection.closing import queries as closes
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.funds import behind, queries, showing
from portal.domain.price_protection.models import Agreement
from portal.domain.regions.models import Region
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.closing_words import SUMS
from portal.web.fund_told import account_word, is_told, part_key, part_of, part_word
from portal.web.htmx import render
from portal.web.plots import Stacks, stacks
from portal.web.requests import ROW
from portal.web.tables import chosen, number, page_of


def _readable(id: int) -> Agreement:
    """The agreement; 404 when it belongs to an office whose funds the user does not see."""
    statement = agreements.agreements_visible_to(actor(), P.FUNDS_READ).where(Agreement.id == id)
    return db.session.scalar(statement) or abort(404)


@bp.get(f"/agreements/<{ROW}:id>/")
@requires(P.FUNDS_READ)
def detail(id: int) -> ResponseReturnValue:
    """What each quarter accrued, gave back, lost and still holds, drawn and as a table; and the accounts."""
    agreement = _readable(id)
    quarters = showing.quarters(db.session, agreement)
    if is_told():
        balances = ledger.balances(db.session, [id]).get(id, {})
    else:
        balances = behind.balances_told_to_all(
            db.session(), sa.select(Book.id).where(Book.agreement_id == id)
        )
    return render(
        "funds/detail.html",
        a=agreement,
        quarters=quarters,
        total=showing.whole(quarters),
        accounts=sorted(
            ((kind, part, fen) for (kind, part), fen in balances.items()),
            key=lambda row: (_ORDER[row[0]], row[1]),
        ),
        account_word=account_word,
        part_word=part_word,
        part_key=part_key,
        statements=_statements([id]),
        plot=_plot(quarters),
    )


def _statements(agreement_ids: list[int]) -> dict[str, list[tuple[int, str]]]:
    """Row and number of the statements of these agreements, which the user reads, by quarter."""
    found: dict[str, list[tuple[int, str]]] = {}
    for id_, quarter, number_ in db.session.execute(
        sa.select(Statement.id, Statement.quarter, Statement.number)
        .where(Statement.agreement_id.in_(agreement_ids))
        .order_by(Statement.number)
    ):
        found.setdefault(quarter, []).append((id_, number_))
    return found


_MOST_DRAWN = 8
_ORDER = {kind: place for place, kind in enumerate(AccountKind)}


@bp.get(f"/distributors/<{ROW}:id>/")
@requires(P.FUNDS_READ)
def distributor(id: int) -> ResponseReturnValue:
    """The funds of all agreements of a distributor that the user may see, and their sum by quarter."""
    me = actor()
    statement = agreements.agreements_visible_to(me, P.FUNDS_READ).where(Agreement.distributor_id == id)
    mine = db.session.scalars(statement.order_by(Agreement.effective_on.desc())).all()
    if not mine:
        abort(404)
    quarters = showing.quarters_of_all(db.session, [one.id for one in mine])
    rows = queries.fund_rows(me, queries.FundFilter(distributor_id=id))
    return render(
        "funds/distributor.html",
        d=mine[0].distributor,
        quarters=quarters,
        total=showing.whole(quarters),
        statements=_statements([one.id for one in mine]),
        rows=db.session.execute(rows.order_by(Agreement.effective_on.desc(), Agreement.id.desc())).all(),
        plot=_plot(quarters),
    )


@bp.get(f"/offices/<{ROW}:id>/")
@requires(P.FUNDS_READ)
def office(id: int) -> ResponseReturnValue:
    """The funds of an office and those below it by quarter, drawn and as a table; and each office's own sums."""
    me = actor()
    statement = regions_visible_to(me, P.FUNDS_READ).where(Region.id == id)
    region = db.session.scalar(statement) or abort(404)
    mine = agreements.agreements_visible_to(me, P.FUNDS_READ).where(Agreement.region_id.in_(within(id)))
    quarters = showing.quarters_of_all(db.session, mine.with_only_columns(Agreement.id))
    return render(
        "funds/office.html",
        region=region,
        quarters=quarters,
        total=showing.whole(quarters),
        regions=queries.by_region(db.session, me, id),
        plot=_plot(quarters),
    )


def _plot(quarters: list[showing.QuarterSums]) -> Stacks:
    """The last eight quarters: held, released, deducted."""
    drawn = reversed(quarters[:_MOST_DRAWN])
    return stacks(
        [(one.quarter, [max(0, fen) for fen in (one.held, one.released, one.deducted)]) for one in drawn]
    )


@bp.get(f"/agreements/<{ROW}:id>/transfers")
@requires(P.FUNDS_READ)
def transfers(id: int) -> ResponseReturnValue:
    """The transfers behind a figure, an account or a source; all of the book where the address names none."""
    agreement = _readable(id)
    wanted, statement = _wanted(agreement)
    rows = behind.transfers(id, wanted, is_told=is_told())
    return render(
        "funds/transfers.html",
        fragment="funds/_transfers.html",
        a=agreement,
        wanted=wanted,
        statement=statement,
        is_told=is_told(),
        account_word=account_word,
        part_word=part_word,
        heading=_heading(wanted, statement),
        how=explaining.explained(db.session(), id, wanted.source, wanted.source_id or 0),
        sum_fen=behind.total(db.session(), rows) if wanted.has_sum else None,
        page=page_of(db.session, rows, sorts=behind.SORTS, default="no", descending=True, tie=behind.TIE),
    )


def _wanted(agreement: Agreement) -> tuple[behind.Behind, Statement | None]:
    """What the address asks for, and the statement whose sum it is; what it asks wrongly is passed over."""
    figure, stated = request.args.get("figure", ""), None
    if (id_ := number("statement")) is not None and figure in behind.STATED:
        stated = db.session.scalar(
            closes.statements_visible_to(actor()).where(
                Statement.id == id_, Statement.agreement_id == agreement.id
            )
        ) or abort(404)
        said = stated.payload["values"]
        first_on, last_on = (date.fromisoformat(said[name]) for name in ("quarter_from", "quarter_to"))
        is_opening = figure == "opening"
        return (
            behind.Behind(
                stated=figure,
                first_on=None if figure in ("opening", "closing") else first_on,
                last_on=first_on - timedelta(days=1) if is_opening else last_on,
            ),
            stated,
        )
    return (
        behind.Behind(
            quarter=request.args.get("quarter", "")[:6],
            figure=figure if figure in behind.FIGURES else "",
            account=chosen(AccountKind, "account"),
            part=part_of(request.args.get("part", "")[:20]),
            source=request.args.get("source", "")[:30],
            source_id=number("source_id"),
            before_no=number("before"),
        ),
        None,
    )


_FIGURES = {
    "base": _l("Base rebate, net"),
    "accrued": _l("Fund accrued"),
    "reversed": _l("Reversed by returns"),
    "deducted": _l("Fund deducted"),
    "released": _l("Fund released"),
    "held": _l("Fund held"),
    "net": _l("Fund accrued, net"),
    "payable": _l("Payable to the distributor"),
}

_OF_ONE = {"payout": _l("of one payment"), "repayment": _l("of one repayment")}


def _heading(wanted: behind.Behind, statement: Statement | None) -> str:
    """What the transfers are those of, in words; empty for the whole book."""
    if statement is not None:
        return f"{dict(SUMS)[wanted.stated]} · {statement.number}"
    if wanted.figure:
        return " ".join(str(part) for part in (wanted.quarter, _FIGURES[wanted.figure]) if part)
    if wanted.account is not None:
        return f"{account_word(wanted.account)} {part_word(wanted.part)}".strip()
    return str(_OF_ONE.get(wanted.source, wanted.quarter))
