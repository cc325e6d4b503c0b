"""What a list of purchases may hold, under every heading that offices and their books give it."""

from portal.domain.i18n import N_
from portal.domain.tabular import Column, Spec

# The first heading of each is the plainest: where two columns could be one field, it wins.
SPEC = Spec(
    columns=(
        Column(
            "document_number",
            N_("Document number"),
            (
                *("单据号", "单据编号", "单号", "出库单号", "送货单号", "发货单号", "销货单号", "销售单号"),
                *("订单号", "凭证号", "document", "document no", "doc no", "invoice number", "order number"),
            ),
        ),
        Column("line_no", N_("Line"), ("行号", "行次", "项次", "明细行号", "行", "line number", "line no")),
        Column(
            "distributor_code",
            N_("Distributor code"),
            ("经销商编码", "经销商编号", "经销商代码", "客户编码", "客户编号", "客户代码", "customer code"),
        ),
        Column(
            "distributor",
            N_("Distributor"),
            (
                "经销商名称",
                "经销商",
                "客户名称",
                "客户",
                "购货单位",
                "往来单位",
                "distributor name",
                "customer",
            ),
        ),
        Column(
            "product_code",
            N_("Product code"),
            ("产品编码", "产品编号", "存货编码", "物料编码", "商品编码", "货号", "sku", "item code"),
        ),
        Column(
            "product",
            N_("Product"),
            ("产品名称", "产品", "存货名称", "商品名称", "品名", "product name", "item"),
        ),
        Column(
            "purchased_on",
            N_("Date of purchase"),
            (
                *("进货日期", "单据日期", "日期", "出库日期", "发货日期", "开单日期", "开票日期"),
                *("date", "purchase date", "document date"),
            ),
        ),
        Column("quantity", N_("Quantity"), ("数量", "进货数量", "出库数量", "qty")),
        Column(
            "amount",
            N_("Amount (yuan)"),
            ("进货金额", "金额", "货款", "货款金额", "含税金额", "价税合计", "amount", "total amount"),
        ),
        Column(
            "returns_document",
            N_("Document returned"),
            ("所退单据号", "原单据号", "原单号", "退货原单号", "原出库单号", "original document"),
        ),
        Column(
            "returns_line",
            N_("Line returned"),
            ("所退行号", "原行号", "原单行号", "退货原行号", "original line"),
        ),
        Column(
            "codes",
            N_("Batch or box codes"),
            ("批号／箱码", "批号/箱码", "批号", "箱码", "追溯码", "batch", "batch code", "box code"),
            is_list=True,
        ),
        Column("note", N_("Note"), ("备注", "摘要", "说明", "remark", "remarks", "notes")),
    ),
    keys=("document_number",),
)
# Without these a file says nothing that could be entered; of the pairs one is enough.
NEEDED: tuple[tuple[str, ...], ...] = (
    ("document_number",),
    ("line_no",),
    ("distributor_code", "distributor"),
    ("product_code", "product"),
    ("purchased_on",),
    ("amount",),
)
