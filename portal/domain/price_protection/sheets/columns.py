"""The columns of the table of drafts, and how each cell is read."""

from collections.abc import Callable
from datetime import date
from typing import Any

from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.price_protection.models import PriceKind
from portal.domain.price_protection.payload import PRICE_KIND_ZH
from portal.domain.tabular import Cell, Column, Spec

NUMBER = Column("number", N_("Agreement number"), ("协议编号", "协议号", "编号"))
VERSION = Column("version", N_("Version of the draft"), ("草稿版本", "版本"))
PRODUCT = Column("product", N_("Product code"), ("产品编码", "产品代码"))
KIND = Column("kind", N_("Kind of price"), ("价格种类", "价格类型"))
AMOUNT = Column("amount", N_("Unit price"), ("单价", "价格", "保护价"))
TERMS = (
    Column("effective_on", N_("First day"), ("生效日", "生效日期")),
    Column("expires_on", N_("Last day"), ("届满日", "到期日", "到期日期")),
    Column("rebate_ppm", N_("Rebate rate"), ("返利率",)),
    Column("base_share", N_("Base share of 100"), ("基本利润份额", "基本利润份额（以 100 计）")),
    Column("award_ppm", N_("Award to the reporter"), ("举报奖励",)),
)
SPEC = Spec((NUMBER, VERSION, *TERMS, PRODUCT, KIND, AMOUNT), keys=("number",))

# Written where a price stands, the price is agreed no longer.
REMOVED = frozenset({"删除", "去掉", "remove", "delete"})
_KINDS = {
    **{kind.value: kind for kind in PriceKind},
    **{chinese: kind for kind, chinese in PRICE_KIND_ZH.items()},
    "suggested retail price": PriceKind.SUGGESTED_RETAIL,
    "suggested resale price": PriceKind.SUGGESTED_RESALE,
    "maximum retail price": PriceKind.MAXIMUM_RETAIL,
    "minimum resale price": PriceKind.MINIMUM_RESALE,
}


def kind_of(cell: Cell) -> PriceKind:
    """The kind of price that a cell names, by its word in either language or its code."""
    said = text.clean(str(cell))
    found = _KINDS.get(said) or _KINDS.get(said.casefold())
    if found is None:
        raise DomainError(N_("“%(text)s” is no kind of price."), text=said[:40])
    return found


def _day(cell: Cell) -> date:
    return text.date_on(cell)


def _percent(cell: Cell) -> int:
    return text.rate_ppm(str(cell))


def _share(cell: Cell) -> int:
    return int(PLACEHOLDERS["base_share"].validate(str(cell)))


READERS: dict[str, Callable[[Cell], Any]] = {
    "effective_on": _day,
    "expires_on": _day,
    "rebate_ppm": _percent,
    "base_share": _share,
    "award_ppm": _percent,
}
