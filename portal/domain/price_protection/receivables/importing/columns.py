"""What a list of accounts may hold, under every heading that offices and their books give it."""

from portal.domain.i18n import N_
from portal.domain.tabular import Column, Spec

# The first heading of each is the plainest: where two columns could be one field, it wins.
SPEC = Spec(
    columns=(
        Column("quarter", N_("Quarter"), ("季度", "期间", "所属季度", "对账季度", "period")),
        Column(
            "distributor_code",
            N_("Distributor code"),
            ("经销商编码", "经销商编号", "经销商代码", "客户编码", "客户编号", "客户代码", "customer code"),
        ),
        Column(
            "distributor",
            N_("Distributor"),
            (
                *("经销商名称", "经销商", "客户名称", "客户", "购货单位", "往来单位", "单位名称"),
                *("distributor name", "customer"),
            ),
        ),
        Column(
            "opening",
            N_("Receivable at the beginning"),
            ("期初应收", "期初余额", "期初", "期初应收账款", "上期余额", "opening", "opening balance"),
        ),
        Column(
            "goods",
            N_("Goods invoiced"),
            ("发货", "本期发货", "发货金额", "本期应收", "本期借方", "销售金额", "goods", "sales"),
        ),
        Column("returns", N_("Goods returned"), ("退货", "本期退货", "退货金额", "returns")),
        Column(
            "payments",
            N_("Payments received"),
            ("回款", "本期回款", "回款金额", "本期收款", "收款金额", "本期贷方", "payments", "receipts"),
        ),
        Column(
            "rebates",
            N_("Rebates credited against goods"),
            ("返利冲抵", "返利", "返利冲抵货款", "冲抵返利", "rebates"),
        ),
        Column("other", N_("Other items"), ("其他", "其他调整", "调整", "其它", "other", "adjustments")),
        Column(
            "note",
            N_("What the other items are"),
            ("其他说明", "其它说明", "调整说明", "说明", "备注", "摘要", "remark", "note"),
        ),
        Column(
            "closing",
            N_("Receivable at the end"),
            ("期末应收", "期末余额", "期末", "期末应收账款", "本期余额", "closing", "closing balance"),
        ),
        Column(
            "due",
            N_("of which due"),
            ("其中已到期", "已到期", "到期应收", "已到期金额", "due", "amount due"),
        ),
        Column("reason", N_("Why it is corrected"), ("更正原因", "更正说明", "reason")),
    ),
    keys=("distributor_code", "distributor"),
)
# Without these a file says nothing that could be entered; of the pair one is enough.
NEEDED: tuple[tuple[str, ...], ...] = (
    ("distributor_code", "distributor"),
    ("opening",),
    ("goods",),
    ("returns",),
    ("payments",),
    ("due",),
)
