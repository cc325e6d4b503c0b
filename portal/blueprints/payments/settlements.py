"""追回结算单: made of what is owed back now, and printed the same for ever."""

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.forms import SettleForm
from portal.db import CHINA
from portal.domain.access.roles import Permission as P
from portal.domain.ledger.accounts import TransferKind
from portal.domain.money import daxie, figures
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import queries, settling
from portal.domain.price_protection.payments.models import ClawbackSettlement
from portal.domain.price_protection.payments.settling import Row
from portal.extensions import db
from portal.printing.listing import PrintedList, render_list
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW

T = TransferKind
# As the paper says it, in Chinese whoever prints it.
_WHAT = {
    T.CLAW_BACK_BASE: "退货",
    T.CLAW_BACK_FUND: "退货",
    T.OFFSET: "从应付返利中抵扣",
    T.COLLECT: "已返还",
}
_HEADS = ("日期", "事项", "单据", "退回的进货", "退货金额", "应返还基本利润", "应返还基金", "合计")
_WIDTHS = (11, 14, 17, 14, 12, 11, 10, 11)


@bp.route(f"/owed/<{ROW}:id>/settlement", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def settle(id: int) -> ResponseReturnValue:
    """Say to which account it is to be paid, and the settlement is made; the one that stands where nothing changed."""
    me, session = actor(), db.session()
    agreement = session.scalar(
        queries.agreements_visible_to(me, P.PAYMENTS_MAKE).where(Agreement.id == id)
    ) or abort(404)
    form = SettleForm(data={"pay_to": settling.paid_to_last(session, agreement)})
    if form.validate_on_submit():
        made = submit(form, lambda: settling.settle(session, me, agreement, form.pay_to.data or ""))
        if made is not None:
            flash(_("%(number)s is made: print it and send it.", number=made.number))
            return leave(url_for("payments.collect", id=id))
    return render("payments/settle.html", form=form, agreement=agreement)


@bp.get(f"/settlements/<{ROW}:id>")
@requires(P.FUNDS_READ)
def settlement(id: int) -> ResponseReturnValue:
    """The paper."""
    found = db.session.scalar(
        settling.settlements_visible_to(actor()).where(ClawbackSettlement.id == id)
    ) or abort(404)
    paper, made_at, number = _paper(found), found.at, found.number
    db.session.rollback()
    return shown(render_list(paper, made_at=made_at), "application/pdf", f"{number}.pdf")


def _paper(found: ClawbackSettlement) -> PrintedList:
    said, rows = found.payload, settling.rows_of(found)
    last = settling.pay_by(found)
    return PrintedList(
        title="追回结算单",
        facts=(
            ("结算单编号", found.number),
            ("协议编号", said["agreement"]),
            ("经销商（乙方）", said["distributor"]),
            ("结算日期", found.issued_on.isoformat()),
            ("应返还金额", f"人民币{figures(found.amount_fen)}元（大写：{daxie(found.amount_fen)}）"),
            ("收款账户", said["pay_to"]),
            (
                "返还期限",
                f"收到本结算单后{found.days}日内；{found.issued_on.isoformat()}收到的，"
                f"最后一日为{last.isoformat()}，以后收到的相应顺延",
            ),
        ),
        heads=_HEADS,
        widths=_WIDTHS,
        groups=(("", (*(_line(row) for row in rows), ("合计", *[""] * 6, figures(found.amount_fen)))),),
        notes=(
            "依据：协议第9.1款。退货按原进货计提的金额和比例冲回基本利润和基金；已经付清或者释放的部分，"
            "先从退货款或者此后应付的返利中抵扣，不足部分即上列应返还金额。",
        ),
        signatures=(f"甲方（盖章）：{said['manufacturer']}", f"乙方签收（盖章）：{said['distributor']}"),
        foot=f"{found.number}　协议编号 {said['agreement']}　制单 {said['by']}　{found.at.astimezone(CHINA):%Y-%m-%d}",
    )


def _line(row: Row) -> tuple[str, ...]:
    is_return = row.kind in (T.CLAW_BACK_BASE, T.CLAW_BACK_FUND)
    return (
        row.on.isoformat(),
        _WHAT.get(row.kind, "冲减"),
        row.document,
        row.returned,
        figures(row.goods_fen) if is_return else "",
        figures(row.base_fen) if is_return else "",
        figures(row.fund_fen) if is_return else "",
        figures(row.sum_fen),
    )
