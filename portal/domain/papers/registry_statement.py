"""The placeholders of the quarterly statement (Q): the fund, its lines, and the account in its second part."""

from portal.domain.i18n import N_
from portal.domain.money import DAXIE_LIMIT_FEN
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.values import Choice, Daxie, Day, Figures, Identifier, Quarter, Text, Whole

SETTINGS, ROW, COMPUTED, NUMBER = Source.SETTINGS, Source.ROW, Source.COMPUTED, Source.NUMBER
LEDGER = Source.LEDGER
NONE, DASH = "无", "—"
BOUGHT, RETURNED, RELEASED, DEDUCTED, RESTORED = "进货", "退货", "释放", "扣减", "恢复"
# The words of 类别; the paper is Chinese only.
LINE_KINDS = (
    (BOUGHT, "purchase"),
    (RETURNED, "return"),
    (RELEASED, "release"),
    (DEDUCTED, "deduction"),
    (RESTORED, "restoration"),
)
_SIGNED = Figures(low_fen=-DAXIE_LIMIT_FEN)

_p = Placeholder

# fmt: off
STATEMENT = (
    _p("statement_number", "对账单编号", N_("Number of the statement"), "Q", NUMBER, Identifier(),
       "DZ-2026Q3-000123"),
    _p("quarter", "季度", N_("Quarter"), "Q", LEDGER, Quarter(), "2026Q3"),
    _p("quarter_from", "季度首日", N_("First day of the quarter"), "Q", LEDGER, Day(), "2026-07-01"),
    _p("quarter_to", "季度末日", N_("Last day of the quarter"), "Q", LEDGER, Day(), "2026-09-30"),
    _p("opening_figures", "期初未释放", N_("Fund at the beginning of the quarter"), "Q", LEDGER, Figures(),
       120000),
    _p("accrued_figures", "本季计提", N_("Fund accrued in the quarter"), "Q", LEDGER, Figures(), 240000),
    _p("reversed_figures", "退货冲回", N_("Fund reversed by returns"), "Q", LEDGER, Figures(), 12000),
    _p("forfeited_figures", "扣减", N_("Fund deducted by decisions"), "Q", LEDGER, Figures(), 0),
    _p("restored_figures", "恢复", N_("Fund put back"), "Q", LEDGER, Figures(), 0),
    _p("released_figures", "本季内已释放", N_("Fund released during the quarter"), "Q", LEDGER, Figures(),
       120000),
    _p("closing_figures", "期末未释放", N_("Fund at the end of the quarter"), "Q", LEDGER, Figures(), 228000),
    _p("closing_daxie", "期末未释放大写", N_("Fund at the end of the quarter, in words"), "Q", COMPUTED,
       Daxie(), 228000),
    _p("suspended_figures", "暂停释放", N_("Part of it held back for open cases"), "Q", LEDGER, Figures(), 0),
    _p("base_paid_figures", "已付基本利润", N_("Base rebate of the quarter, net of returns"), "Q", LEDGER,
       _SIGNED, 342000),
    _p("release_figures", "本次释放", N_("Fund of the quarter now released"), "Q", LEDGER, Figures(), 228000),
    _p("release_daxie", "本次释放大写", N_("Fund of the quarter now released, in words"), "Q", COMPUTED,
       Daxie(), 228000),
    _p("interest_figures", "利息", N_("Interest on this release"), "Q", LEDGER, Figures(), 0),
    _p("release_due_on", "释放期限", N_("Day by which the fund is released"), "Q", LEDGER, Day(),
       "2026-10-15"),
    _p("suspension_cases", "暂停原因", N_("Cases that hold the fund back"), "Q", LEDGER, Text(200),
       "WG-2026-0012", empty=NONE),
    _p("statement_reply_days", "异议答复期限", N_("Days to answer an objection"), "QEL", SETTINGS,
       Whole(5, 30, "days"), 15),
    _p("statement_on", "出具日", N_("Date of the statement"), "Q", LEDGER, Day(), "2026-10-08"),
    _p("prepared_by", "制单人", N_("Prepared by"), "QL", LEDGER, Text(40), "陈五"),
    _p("reviewed_by", "复核人", N_("Checked by"), "QL", LEDGER, Text(40), "赵六"),
    _p("line.no", "序号", N_("Row of the lines"), "Q", COMPUTED, Whole(1), 1),
    _p("line.on", "日期", N_("Booking day"), "Q", ROW, Day(is_short=True), "2026-07-03"),
    _p("line.document", "单据号", N_("Document number"), "Q", ROW, Text(40), "JH-20260703-01"),
    _p("line.kind", "类别", N_("What happened"), "Q", ROW, Choice(LINE_KINDS), BOUGHT),
    _p("line.amount_figures", "进货金额", N_("Purchase amount"), "Q", ROW, _SIGNED, 8000000, empty=DASH),
    _p("line.base_figures", "基本利润", N_("Base rebate"), "Q", ROW, _SIGNED, 144000, empty=DASH),
    _p("line.fund_figures", "基金增减", N_("Change of the fund"), "Q", ROW, _SIGNED, 96000),
    _p("line.balance_figures", "基金余额", N_("Fund after the line"), "Q", ROW, Figures(), 216000),
    _p("account_opening_figures", "期初应收", N_("Receivable at the beginning of the quarter"), "Q", LEDGER,
       _SIGNED, 2000000),
    _p("account_goods_figures", "发货", N_("Goods invoiced"), "Q", LEDGER, Figures(), 20000000),
    _p("account_returns_figures", "退货", N_("Goods returned"), "Q", LEDGER, Figures(), 1000000),
    _p("account_payments_figures", "回款", N_("Payments received"), "Q", LEDGER, Figures(), 17120000),
    _p("account_rebates_figures", "返利冲抵", N_("Rebates credited against goods"), "Q", LEDGER, Figures(),
       342000),
    _p("account_other_figures", "其他", N_("Other items of the account"), "Q", LEDGER, _SIGNED, -38000),
    _p("account_other_note", "其他说明", N_("What the other items are"), "Q", LEDGER, Text(100),
       "运费折让380.00元", empty=NONE),
    _p("account_closing_figures", "期末应收", N_("Receivable at the end of the quarter"), "Q", COMPUTED,
       _SIGNED, 3500000),
    _p("account_due_figures", "已到期", N_("Part of it that is due"), "Q", LEDGER, Figures(), 500000),
)
# fmt: on
