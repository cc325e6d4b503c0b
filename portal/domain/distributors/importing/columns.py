"""What a dealer list may hold, under every heading that offices give it, and how its words are read."""

from enum import StrEnum

from portal.domain.distributors.facts import LABELS, is_grade
from portal.domain.distributors.models import Channel, Level
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.tabular import Column, Spec, heading_key


def _column(field: str, *headings: str, title: str = "", is_list: bool = False) -> Column:
    return Column(field, title or LABELS[field], headings, is_list)


# The first heading of each is the plainest: where two columns could be one field, it wins.
SPEC = Spec(
    columns=(
        _column(
            "code",
            *(
                "经销商编码",
                "编码",
                "经销商编号",
                "编号",
                "经销商代码",
                "代码",
                "客户编码",
                "客户编号",
                "客户代码",
            ),
            *("商户编码", "dealer code", "distributor code", "customer code"),
        ),
        _column(
            "name",
            *(
                "经销商名称",
                "全称",
                "经销商全称",
                "公司名称",
                "企业名称",
                "单位名称",
                "客户名称",
                "客户全称",
                "公司全称",
            ),
            *(
                "名称",
                "商户名称",
                "店名",
                "经销商",
                "客户",
                "公司",
                "name",
                "dealer name",
                "distributor name",
            ),
            *("distributor", "dealer", "company", "company name", "customer"),
        ),
        _column("short_name", "简称", "经销商简称", "公司简称", "客户简称"),
        _column("name_en", "英文名称", "英文名", "英文全称"),
        _column(
            "uscc",
            *(
                "统一社会信用代码",
                "社会信用代码",
                "信用代码",
                "统一信用代码",
                "营业执照号",
                "税号",
                "纳税人识别号",
            ),
            *("uscc", "credit code", "tax number"),
        ),
        _column(
            "legal_rep",
            "法定代表人",
            "法人",
            "法人代表",
            "法定代表人或经营者",
            "经营者",
            "legal representative",
        ),
        _column("level", "级别", "经销商级别", "客户级别", "层级", "经销商层级"),
        _column(
            "grade",
            *("等级", "客户等级", "经销商等级", "评级", "客户评级", "ABC分类", "grade", "rating"),
            *("customer grade", "dealer grade"),
        ),
        _column("channel", "渠道类型", "渠道", "经销商类型", "客户类型"),
        _column(
            "parent", "上级经销商", "上级", "供货商", "供货经销商", "上级客户", title=LABELS["parent_id"]
        ),
        _column(
            "region",
            *(
                "大区",
                "办事处",
                "所属大区",
                "所属办事处",
                "大区/办事处",
                "大区、办事处",
                "区域",
                "所属区域",
                "销售大区",
            ),
            *("片区", "分区", "region", "area", "branch"),
            title=LABELS["region_id"],
        ),
        _column("territory", "业务区域", "销售区域", "经营区域", "授权区域", title=LABELS["territory_id"]),
        _column(
            "owner",
            *(
                "负责人",
                "业务员",
                "客户经理",
                "业务负责人",
                "销售代表",
                "销售人员",
                "account manager",
                "salesperson",
            ),
            title=LABELS["owner_id"],
        ),
        _column("province", "省份", "省", "所在省", "所在省份"),
        _column("city", "城市", "市", "所在城市", "地级市", "所在市"),
        _column("address", "地址", "详细地址", "公司地址", "经营地址", "单位地址", "通讯地址", "注册地址"),
        _column(
            "phones",
            *(
                "电话",
                "联系电话",
                "手机",
                "手机号",
                "手机号码",
                "电话号码",
                "座机",
                "固定电话",
                "公司电话",
                "联系方式",
            ),
            *("phone", "tel", "mobile", "phones"),
            is_list=True,
        ),
        _column("email", "邮箱", "电子邮箱", "邮件", "电子邮件", "邮箱地址", "email"),
        _column("longitude", "经度", "lng", "lon"),
        _column("latitude", "纬度", "lat"),
        _column("contact", "联系人", "主要联系人", "联系人姓名", title=N_("Contact")),
        _column("contact_title", "联系人职务", "职务", "联系人职位", title=N_("Contact’s position")),
        _column("contact_phone", "联系人电话", "联系人手机", title=N_("Contact’s telephone")),
        _column("founded_on", "成立日期", "成立时间", "注册日期", "founded"),
        _column("staff", "员工", "员工数", "员工人数", "人数", "employees"),
        _column("vehicles", "车辆", "车辆数", "配送车辆"),
        _column("outlets", "网点", "网点数", "门店数", "终端数"),
        _column("brands", "在售品牌", "经营品牌", "代理品牌", "品牌", "brands", is_list=True),
        _column("bank_account_name", "户名", "账户名称", "账户名", "开户名称", "银行户名"),
        _column("bank_name", "开户行", "开户银行", "银行", "开户行名称"),
        _column("bank_account", "账号", "银行账号", "银行账户", "帐号", "银行帐号", "bank account"),
        _column("credit_days", "账期", "账期（天）", "信用期", "帐期"),
        _column("credit_limit_fen", "授信额度", "信用额度", "授信"),
        _column("deposit_fen", "保证金"),
        _column("invoice_title", "开票抬头", "发票抬头"),
        _column("invoice_address_phone", "开票地址电话", "开票地址、电话"),
        _column("invoice_bank", "开票开户行及账号", "开票开户行、账号"),
        _column("note", "备注", "说明", "备注说明", "remark", "remarks", "notes"),
    ),
    keys=("name", "code"),
)

_LEVELS: dict[str, Level] = {
    **dict.fromkeys(
        ("总经销商", "总经销", "总代理", "总代", "一级", "一级经销商", "一批", "经销商"), Level.GENERAL
    ),
    **dict.fromkeys(
        ("二批", "二批商", "二级", "二级经销商", "分销商", "批发商", "二级批发商"), Level.SECOND_TIER
    ),
    **dict.fromkeys(("零售商", "零售", "零售店", "终端", "门店", "零售终端"), Level.RETAILER),
    "general distributor": Level.GENERAL,
    "second-tier": Level.SECOND_TIER,
    "retailer": Level.RETAILER,
}
_CHANNELS: dict[str, Channel] = {
    **dict.fromkeys(("直销", "直营", "direct"), Channel.DIRECT),
    **dict.fromkeys(("代理", "代理商", "agent"), Channel.AGENT),
    **dict.fromkeys(("经销", "经销商", "distributor"), Channel.DISTRIBUTOR),
    **dict.fromkeys(("电商", "网络", "电子商务", "e-commerce", "ecommerce"), Channel.ECOMMERCE),
}


def _words(known: dict[str, StrEnum]) -> dict[str, StrEnum]:
    words = {heading_key(word): code for word, code in known.items()}
    return words | {heading_key(code.value): code for code in known.values()}


_READ_AS: dict[str, dict[str, StrEnum]] = {
    "level": _words(dict(_LEVELS)),
    "channel": _words(dict(_CHANNELS)),
}


def word_of(field: str, text: str) -> StrEnum:
    """The level or the channel kind that a word of the list means; refuses (DomainError) one that means
    none.
    """
    if code := _READ_AS[field].get(heading_key(text)):
        return code
    if field == "level" and is_grade(text):
        raise DomainError(
            N_(
                "%(text)s is a grade, not a level: call the column “等级” (Grade), or enter general distributor,"
                " second-tier or retailer."
            ),
            text=text,
        )
    if field == "level":
        raise DomainError(
            N_("%(text)s is not a level: enter general distributor, second-tier or retailer."), text=text
        )
    raise DomainError(
        N_("%(text)s is not a channel: enter direct, agent, distributor or e-commerce."), text=text
    )
