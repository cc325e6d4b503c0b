"""会计科目 that vouchers name: proposals, and the company's own in 用友 and 金蝶."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.text import clean
from portal.domain.users.models import User

A = AccountKind
_KEY = "voucher_subjects"


class Subject(NamedTuple):
    """会计科目: its code in 用友 and in 金蝶, and its name."""

    yonyou: str
    kingdee: str
    name: str


# Proposals after the subjects of the Accounting Standards for Business Enterprises; a company's own differ.
SUBJECTS: dict[AccountKind, Subject] = {
    A.REBATE: Subject("600109", "6001.09", "主营业务收入-销售返利"),
    A.BASE: Subject("224101", "2241.01", "其他应付款-应付基本利润"),
    A.FUND: Subject("224102", "2241.02", "其他应付款-价格保护基金"),
    A.RELEASED: Subject("224103", "2241.03", "其他应付款-已释放基金"),
    A.AWARD: Subject("224104", "2241.04", "其他应付款-应付奖励"),
    A.TAX: Subject("222112", "2221.12", "应交税费-代扣代缴个人所得税"),
    A.UNAWARDED: Subject("224105", "2241.05", "其他应付款-未奖励扣减款"),
    A.CLAWBACK: Subject("122101", "1221.01", "其他应收款-应收退回返利"),
    A.BORNE: Subject("671109", "6711.09", "营业外支出-承担的奖励"),
    A.INTEREST: Subject("660301", "6603.01", "财务费用-利息支出"),
    A.INTEREST_DUE: Subject("223101", "2231.01", "应付利息-基金利息"),
    A.MONEY: Subject("1002", "1002", "银行存款"),
    A.CREDIT_NOTE: Subject("1122", "1122", "应收账款"),
    A.GOODS: Subject("1405", "1405", "库存商品"),
}


def subjects(session: Session) -> dict[AccountKind, Subject]:
    """The subjects that the company uses: its own, else the proposals."""
    said = settings.own_values(session, regions.head_office(session)).get(_KEY)
    own = (
        {AccountKind(kind): Subject(*parts) for kind, parts in said.items()} if isinstance(said, dict) else {}
    )
    return SUBJECTS | own


def change_subjects(session: Session, actor: User, new: dict[AccountKind, Subject]) -> bool:
    """Let vouchers use these subjects from now on; False when nothing differs. The caller commits."""
    office = regions.head_office(session)
    lock(session, office)
    if not actor.can(P.PAYMENTS_MAKE, office):
        raise DomainError(
            "The subjects are one for the whole company: finance of the head office changes them."
        )
    old = subjects(session)
    read = {kind: Subject(*(clean(part) for part in subject)) for kind, subject in new.items()}
    for kind, subject in read.items():
        for name, code in (("yonyou", subject.yonyou), ("kingdee", subject.kingdee)):
            if not code or len(code) > 30 or not all(c.isalnum() or c in ".-_" for c in code):
                raise DomainError(
                    "A subject code consists of letters, digits and dots, at most 30.", field=f"{name}-{kind}"
                )
        if not 0 < len(subject.name) <= 60:
            raise DomainError("Enter the subject's name, at most 60 characters.", field=f"name-{kind}")
    if read == old:
        return False
    settings.keep(session, actor, office, _KEY, {kind.value: list(subject) for kind, subject in read.items()})
    audit.record(
        session,
        actor,
        "subjects.changed",
        office,
        region_id=office.id,
        changes={
            kind.value: [" ".join(old[kind]), " ".join(subject)]
            for kind, subject in read.items()
            if old[kind] != subject
        },
    )
    return True
