"""The fund of one agreement: its quarters, its accounts, and the transfers behind any figure."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from portal.blueprints.funds import bp
from portal.blueprints.funds.seen import account_word, shown
from portal.domain.access.roles import Permission as P
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import queries as agreements
from portal.domain.price_protection.funds import queries, showing
from portal.domain.price_protection.models import Agreement
from portal.extensions import db
from portal.web.access import actor, requires
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
    balances = ledger.balances(db.session, [id]).get(id, {})
    return render(
        "funds/detail.html",
        a=agreement,
        quarters=quarters,
        total=showing.whole(quarters),
        accounts=sorted(
            ((kind, part, fen) for (kind, part), fen in shown(balances).items()),
            key=lambda row: (_ORDER[row[0]], row[1]),
        ),
        account_word=account_word,
        plot=_plot(quarters),
    )


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
        rows=db.session.execute(rows.order_by(Agreement.effective_on.desc(), Agreement.id.desc())).all(),
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
    figure = request.args.get("figure", "")
    wanted = showing.Behind(
        quarter=request.args.get("quarter", "")[:6],
        figure=figure if figure in showing.BY_KEY or figure == "held" else "",
        account=chosen(AccountKind, "account"),
        part=request.args.get("part", "")[:20],
        source=request.args.get("source", "")[:30],
        source_id=number("source_id"),
    )
    return render(
        "funds/transfers.html",
        fragment="funds/_transfers.html",
        a=agreement,
        wanted=wanted,
        account_word=account_word,
        page=page_of(
            db.session,
            showing.transfers(id, wanted),
            sorts=showing.SORTS,
            default="no",
            descending=True,
            tie=Transfer.id.desc(),
        ),
    )
