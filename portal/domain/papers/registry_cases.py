"""The placeholders of a violation case's papers (N, D, X, W, R) that no other paper has."""

from portal.domain.i18n import N_
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.values import (
    Choice,
    Daxie,
    Day,
    Figures,
    Identifier,
    Percent,
    Phone,
    Quarter,
    Text,
    Whole,
)

RECORD, SETTINGS = Source.AGREEMENT, Source.SETTINGS
ROW, COMPUTED, NUMBER = Source.ROW, Source.COMPUTED, Source.NUMBER

# Counsel's phrases; the English is for nobody yet: these papers are Chinese.
ACT_QUARTER, SERVICE_QUARTER = (
    ("被指行为发生在该季度", "the act was in that quarter"),
    ("行为发生季度的基金已释放，以本通知送达之日所在季度为准", "the quarter of service"),
)
WITHDRAWALS = (
    ("甲方撤回立案", "withdrawn by party A"),
    ("期满未作决定，依协议第7.4款视为撤案", "no decision in time, clause 7.4"),
    ("所依据的条款依协议第11.3款停止执行", "the clause is not applied, clause 11.3"),
)
RESULTS = (
    ("申诉不成立，维持原决定", "rejected"),
    ("申诉部分成立，变更原决定", "upheld in part"),
    ("申诉成立，撤销原决定", "upheld"),
    ("答复期满，依协议第7.5款视为申诉成立，原决定不生效", "no answer in time, clause 7.5"),
)
_BLANK, _BLANK_DAY = "________", "________年____月____日"
_UNANSWERED = "无（期满未答复）"

_p = Placeholder

# fmt: off
CASES = (
    _p("case_number", "案号", N_("Number of the case"), "NDXWR", NUMBER, Identifier(), "WG-2026-0012"),
    _p("case_opened_on", "立案日", N_("Day the case was opened"), "NDXW", RECORD, Day(), "2026-08-03"),
    _p("case_notice_on", "立案通知日", N_("Date of the case notice"), "N", RECORD, Day(), "2026-08-05"),
    _p("act_time", "行为时间", N_("Time of the act"), "N", RECORD, Text(60), "2026年7月上旬"),
    _p("act_place", "行为地点", N_("Place of the act"), "N", RECORD, Text(80), "浙江省嘉兴市南湖区"),
    _p("act_facts", "被指事实", N_("Facts alleged"), "N", RECORD, Text(1000),
       "乙方在业务区域以外向当地门店主动推销并送货，货物的追溯码属于乙方所进批次"),
    _p("case_kind_no", "违规种类序号", N_("Row of the kind in annex 2"), "NDX", RECORD, Whole(1), 1),
    _p("case_kind", "违规种类", N_("Kind of violation"), "NDXR", RECORD, Text(30), "跨区域销售（窜货）"),
    _p("case_definition", "认定标准", N_("Test of a violation"), "ND", RECORD, Text(300, keeps_full_stop=True),
       "（见附件二）"),
    _p("case_share", "附件二比例", N_("Share in annex 2"), "ND", RECORD, Percent(max_decimals=2), 1000000),
    _p("evidence.no", "序号", N_("Row of the evidence"), "N", COMPUTED, Whole(1), 1),
    _p("evidence.name", "证据", N_("Kind of evidence"), "N", ROW, Text(60), "追溯码核对记录"),
    _p("evidence.summary", "内容摘要", N_("What the evidence shows"), "N", ROW, Text(300),
       "所列追溯码与乙方进货批次一致"),
    _p("evidence.proves", "拟证明的事实", N_("What the evidence proves"), "N", ROW, Text(100), "货物由乙方售出"),
    _p("quarter_concerned", "案涉季度", N_("Quarter concerned"), "NDXWR", RECORD, Quarter(), "2026Q3"),
    _p("quarter_concerned_basis", "案涉季度依据", N_("Ground of the quarter concerned"), "N", RECORD,
       Choice((ACT_QUARTER, SERVICE_QUARTER)), ACT_QUARTER[0]),
    _p("case_balance_on", "基金截至日", N_("Day of the fund's figure"), "N", RECORD, Day(), "2026-08-04"),
    _p("case_suspended_figures", "暂停释放金额", N_("Fund held back by the case"), "NXW", RECORD, Figures(), 130000),
    _p("case_suspended_daxie", "暂停释放金额大写", N_("Fund held back by the case, in words"), "NXW", COMPUTED,
       Daxie(), 130000),
    _p("inspection_place", "查阅地点", N_("Place to inspect evidence"), "N", SETTINGS, Text(100),
       "浙江省杭州市西湖区示例路1号合规室"),
    _p("inspection_hours", "查阅时间", N_("Hours to inspect evidence"), "N", SETTINGS, Text(60),
       "工作日9时至17时，请先电话预约"),
    _p("case_contact", "案件联系人", N_("Contact for the case"), "NDXW", RECORD, Text(40), "周七"),
    _p("case_phone", "案件联系电话", N_("Telephone for the case"), "NDXW", RECORD, Phone(), "0571-55550103"),
    _p("courier_company", "快递公司", N_("Courier"), "NDXWRE", RECORD, Text(40), "示例速递", empty=_BLANK),
    _p("courier_number", "快递单号", N_("Courier's number"), "NDXWRE", RECORD, Identifier(), "SF0000000000001",
       empty=_BLANK),
    _p("served_on", "送达日", N_("Served on"), "NDXWRE", RECORD, Day(), "2026-08-07", empty=_BLANK_DAY),
    _p("case_notice_served_on", "立案通知送达日", N_("Day the notice was served"), "DXW", RECORD, Day(),
       "2026-08-07"),
    _p("case_extension", "延长决定期限", N_("Extension of the time to decide"), "D", RECORD, Text(60),
       "已书面延长至2026年9月20日", empty="无"),
    _p("defence_record", "查阅、申辩和陈述", N_("Record of the defence"), "D", RECORD, Text(300),
       "8月12日查阅证据，8月18日提交书面意见，8月20日当面陈述"),
    _p("defence_points", "申辩意见", N_("Points of the defence"), "D", RECORD, Text(1000),
       "部分货物由客户主动上门购买", empty="未提出"),
    _p("found_facts", "认定的事实", N_("Facts found"), "DX", RECORD, Text(1000),
       "乙方于7月上旬在业务区域以外主动推销并送货"),
    _p("finding.no", "序号", N_("Row of the findings"), "D", COMPUTED, Whole(1), 1),
    _p("finding.name", "证据", N_("Evidence relied on"), "D", ROW, Text(60), "追溯码核对记录"),
    _p("finding.summary", "内容摘要", N_("What the evidence shows"), "D", ROW, Text(300),
       "所列追溯码与乙方进货批次一致"),
    _p("finding.reason", "采信理由", N_("Why the evidence is believed"), "D", ROW, Text(200),
       "与乙方提交的出库单相符"),
    _p("decision_reasons", "理由", N_("Reasons of the decision"), "DX", RECORD, Text(1000),
       "主动上门购买的部分不计；其余系乙方主动推销"),
    _p("mitigation", "减轻、免除的情节", N_("Mitigation"), "D", RECORD, Text(200), "情节轻微，已收回货物", empty="无"),
    _p("decision_base_figures", "决定之日未释放的基金", N_("Fund on the day of the decision"), "D", RECORD,
       Figures(), 130000),
    _p("decision_share", "适用的比例", N_("Share applied"), "D", RECORD, Percent(max_decimals=2), 500000),
    _p("deduction_figures", "扣减额", N_("Deduction"), "DR", RECORD, Figures(), 65000),
    _p("deduction_daxie", "扣减额大写", N_("Deduction in words"), "D", COMPUTED, Daxie(), 65000),
    _p("remainder_figures", "其余金额", N_("Remainder"), "D", RECORD, Figures(), 65000),
    _p("appeal_address", "申诉材料地址", N_("Address of the appeal body"), "D", SETTINGS, Text(120),
       "邮箱appeal@example.com"),
    _p("decided_by", "决定人", N_("Decided by"), "DX", RECORD, Text(40), "吴八"),
    _p("decided_on", "决定日", N_("Day of the decision"), "DXWR", RECORD, Day(), "2026-09-01"),
    _p("original_release_on", "原定释放日", N_("Original day of release"), "XWR", RECORD, Day(), "2026-10-15"),
    _p("withdrawn_on", "撤案日", N_("Day of the withdrawal"), "W", RECORD, Day(), "2026-09-07"),
    _p("withdrawal_ground", "撤案原因", N_("Ground of the withdrawal"), "W", RECORD, Choice(WITHDRAWALS),
       WITHDRAWALS[0][0]),
    _p("decision_served_on", "决定送达日", N_("Day the decision was served"), "R", RECORD, Day(), "2026-09-03"),
    _p("appeal_received_on", "申诉收到日", N_("Day the appeal was received"), "R", RECORD, Day(), "2026-09-10"),
    _p("appeal_points", "申诉的请求和理由", N_("Points of the appeal"), "R", RECORD, Text(1000), "扣减比例过高"),
    _p("appeal_findings", "复核认定", N_("Findings of the review"), "R", RECORD, Text(1000),
       "与原决定认定的事实一致", empty=_UNANSWERED),
    _p("appeal_reasons", "对申诉理由的答复", N_("Answer to the points of the appeal"), "R", RECORD, Text(1000),
       "货物已全部收回，应再予减轻", empty=_UNANSWERED),
    _p("appeal_result", "申诉结果", N_("Result of the appeal"), "R", RECORD, Choice(RESULTS), RESULTS[1][0]),
    _p("kept_figures", "维持额", N_("Sum kept"), "R", RECORD, Figures(), 32500),
    _p("kept_daxie", "维持额大写", N_("Sum kept, in words"), "R", COMPUTED, Daxie(), 32500),
    _p("returned_figures", "恢复额", N_("Sum restored"), "R", RECORD, Figures(), 32500),
    _p("returned_daxie", "恢复额大写", N_("Sum restored, in words"), "R", COMPUTED, Daxie(), 32500),
    _p("appeal_contact", "申诉联系人", N_("Contact of the appeal body"), "R", SETTINGS, Text(40), "郑九"),
    _p("appeal_phone", "申诉联系电话", N_("Telephone of the appeal body"), "R", SETTINGS, Phone(), "0571-55550104"),
    _p("appeal_members", "办理人", N_("Who heard the appeal"), "R", RECORD, Text(100), "郑九、王十"),
    _p("appeal_decided_on", "答复日", N_("Day of the answer"), "R", RECORD, Day(), "2026-09-25"),
)
# fmt: on
