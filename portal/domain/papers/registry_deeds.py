"""The placeholders of amendments (S) and notices of termination (T) that the agreement itself does not have."""

from portal.domain.i18n import N_
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.values import (
    Choice,
    Daxie,
    Day,
    Email,
    Figures,
    Identifier,
    Phone,
    Text,
    Uscc,
    Whole,
)

AGREEMENT, SETTINGS = Source.AGREEMENT, Source.SETTINGS
ROW, COMPUTED, NUMBER = Source.ROW, Source.COMPUTED, Source.NUMBER

# 终止依据, and the 终止方式 that follows from each; the English is for nobody yet: both papers are Chinese.
GROUNDS = (
    ("第13.2款（提前通知）", "clause 13.2 (notice)"),
    ("第13.2款（违约）", "clause 13.2 (breach)"),
    ("第13.2款（吊销或者破产）", "clause 13.2 (revocation or insolvency)"),
    ("第14.1款（不可抗力）", "clause 14.1 (force majeure)"),
)
ENDINGS = (("提前终止协议", "ends the agreement early"), ("解除协议", "rescinds the agreement"))
NOTHING = "无"

_p = Placeholder

# fmt: off
DEEDS = (
    _p("amendment_number", "补充协议序号", N_("Number of the amendment"), "S", NUMBER, Whole(1), 1),
    _p("agreement_signed_on", "原协议签订日", N_("Day the agreement was signed"), "ST", COMPUTED, Day(),
       "2025-12-20"),
    _p("amendment_reason", "变更原因", N_("Reason of the change"), "S", AGREEMENT, Text(100), "增加受保护产品"),
    _p("amendment_effective_on", "变更生效日", N_("First day of the change"), "S", AGREEMENT, Day(),
       "2026-04-01"),
    _p("amendment_price_approval", "价格核准编号及有效期", N_("Approval of the changed prices"), "S", COMPUTED,
       Text(100), "法核2026-031，至2026年12月31日", empty="无（本次变更后的价格均为建议价或者未变更价格）"),
    _p("change.no", "序号", N_("Row of the changes"), "S", COMPUTED, Whole(1), 1),
    _p("change.clause", "条款或者附件", N_("Clause or annex"), "S", ROW, Text(60), "第3.1款"),
    _p("change.before", "变更前", N_("Text before the change"), "S", ROW, Text(1000, keeps_full_stop=True),
       "返利率为进货金额的3.00%……"),
    _p("change.after", "变更后", N_("Text after the change"), "S", ROW, Text(1000, keeps_full_stop=True),
       "返利率为进货金额的3.50%……"),
    _p("notice_number", "通知编号", N_("Number of the notice"), "T", NUMBER, Identifier(), "TZ-2026-0007"),
    _p("sender_name", "发出方名称", N_("Name of the sender"), "T", COMPUTED, Text(100), "杭州示例日化有限公司"),
    _p("sender_uscc", "发出方统一社会信用代码", N_("Credit code of the sender"), "T", COMPUTED, Uscc(),
       "91330100MA00EX1A2G"),
    _p("recipient_name", "收件方名称", N_("Name of the recipient"), "T", COMPUTED, Text(100),
       "湖州样板商贸有限公司"),
    _p("recipient_uscc", "收件方统一社会信用代码", N_("Credit code of the recipient"), "T", COMPUTED, Uscc(),
       "91330500MA00EX3B4P"),
    _p("recipient_address", "收件方地址", N_("Address of the recipient"), "T", COMPUTED, Text(120),
       "浙江省湖州市吴兴区样板街2号"),
    _p("sender_contact", "发出方联系人", N_("Contact of the sender"), "T", COMPUTED, Text(40), "张三"),
    _p("sender_phone", "发出方电话", N_("Telephone of the sender"), "T", COMPUTED, Phone(), "0571-55550101"),
    _p("sender_email", "发出方邮箱", N_("E-mail of the sender"), "T", COMPUTED, Email(),
       "contract@example.com", empty=NOTHING),
    _p("notice_on", "发出日", N_("Date of the notice"), "T", AGREEMENT, Day(), "2026-08-01"),
    _p("termination_clause", "终止依据", N_("Ground of the termination"), "T", AGREEMENT, Choice(GROUNDS),
       "第13.2款（提前通知）"),
    _p("termination_kind", "终止方式", N_("Way of the termination"), "T", COMPUTED, Choice(ENDINGS),
       "提前终止协议"),
    _p("termination_reason", "事实和理由", N_("Facts and reasons"), "T", AGREEMENT, Text(500),
       "我方调整该区域的供货安排"),
    _p("terminates_on", "终止日", N_("Day of the termination"), "TL", AGREEMENT, Day(), "2026-09-05"),
    _p("balance_on", "暂计日", N_("Day of the provisional figures"), "T", AGREEMENT, Day(), "2026-07-31"),
    _p("fund_balance_figures", "未释放基金", N_("Fund not released yet"), "T", AGREEMENT, Figures(), 228000),
    _p("fund_balance_daxie", "未释放基金大写", N_("Fund not released yet, in words"), "T", COMPUTED, Daxie(),
       228000),
    _p("fund_suspended_figures", "暂停释放的基金", N_("Fund kept for open cases"), "TL", AGREEMENT, Figures(),
       0),
    _p("fund_suspended_daxie", "暂停释放的基金大写", N_("Fund kept for open cases, in words"), "T", COMPUTED,
       Daxie(), 0),
    _p("clawback_figures", "应冲回", N_("Returns still to be reversed"), "TL", AGREEMENT, Figures(), 12000),
    _p("clawback_daxie", "应冲回大写", N_("Returns still to be reversed, in words"), "T", COMPUTED, Daxie(),
       12000),
    _p("due_debt_figures", "到期无争议欠款", N_("Due, undisputed debts"), "TL", AGREEMENT, Figures(), 100000),
    _p("due_debt_daxie", "到期无争议欠款大写", N_("Due, undisputed debts, in words"), "T", COMPUTED, Daxie(),
       100000),
    _p("payable_figures", "应付乙方", N_("Payable to party B"), "T", COMPUTED, Figures(), 116000),
    _p("payable_daxie", "应付乙方大写", N_("Payable to party B, in words"), "T", COMPUTED, Daxie(), 116000),
    _p("shortfall_figures", "差额", N_("Shortfall"), "T", COMPUTED, Figures(), 0),
    _p("shortfall_daxie", "差额大写", N_("Shortfall, in words"), "T", COMPUTED, Daxie(), 0),
    _p("settlement_on", "付款期限", N_("Last day of payment"), "TL", COMPUTED, Day(), "2026-10-05"),
    _p("open_cases", "未结案件", N_("Open cases"), "TL", AGREEMENT, Text(200),
       "WG-2026-0012（2026年第二季度）", empty=NOTHING),
    _p("handover_on", "交接期限", N_("Last day of the handover"), "TE", AGREEMENT, Day(), "2026-09-05"),
    _p("handover_items", "交接事项", N_("What is handed over"), "TE", AGREEMENT, Text(300),
       "退还陈列架，核对库存和未开发票", empty=NOTHING),
    _p("objection_days", "异议期限", N_("Days to object to a notice"), "TEL", SETTINGS, Whole(5, 60, "days"),
       15),
)
# fmt: on
