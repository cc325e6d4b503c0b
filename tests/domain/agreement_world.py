"""What tests of agreements start from: a company, a released template, products, distributors that lack nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Contact, Distributor
from portal.domain.papers.parse import parse
from portal.domain.price_protection import approval, drafting, steps
from portal.domain.price_protection.approval import Frozen
from portal.domain.price_protection.drafting import Entry, PriceEntry, ViolationEntry
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    PriceApproval,
    PriceKind,
    Product,
)
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.templates.models import Template, TemplateRelease
from portal.domain.users.models import User
from tests.factories import Factory
from tests.paper_examples import CHINESE, template_text

COMPANY = {
    "manufacturer_name": "示例日化有限公司",
    "manufacturer_uscc": "91330100MA00EX1A2G",
    "manufacturer_legal_rep": "王示范",
    "manufacturer_address": "浙江省杭州市西湖区示例路1号",
    "manufacturer_contact": "张三",
    "manufacturer_phone": "0571-55550101",
    "manufacturer_email": "contract@example.com",
    "reporting_channel": "电话0571-55550199",
    "compliance_channel": "邮箱compliance@example.com",
}
PDF = b"%PDF-1.7 fictional scan"


@dataclass(frozen=True)
class FakePrint:
    """A paper that took no time to print; its bytes tell what it was printed from."""

    pdf: bytes
    pages: int = 6
    seal: Any = None
    unsealed_because: Any = None


def fake_render(frozen: Frozen) -> FakePrint:
    """Stand in for the renderer: bytes that differ whenever the paper would."""
    return FakePrint(
        b"%PDF-1.7 " + f"{frozen.number} {frozen.paper_no} {frozen.code} {frozen.sha256}".encode()
    )


class AgreementWorld:
    """One office with its people; each call states only what matters to the test, and commits."""

    def __init__(self, session: Session, make: Factory, *, is_released: bool = True) -> None:
        self.session, self.make = session, make
        self._numbers = count(1)
        root = make.head_office()
        settings.change(session, None, root, dict(COMPANY))
        self.region: Region = make.region("华东示例大区", signing_place="浙江省杭州市西湖区")
        self.author: User = make.user(Role.SALESPERSON, self.region)
        self.manager: User = make.user(Role.REGIONAL_MANAGER, self.region)
        self.counsel: User = make.user(Role.COUNSEL)
        self.template = self.add_template(is_released=is_released)
        self.product = self.add_product()
        session.commit()

    def add_template(self, key: str = CHINESE, *, is_released: bool = True, text: str = "") -> Template:
        text = text or template_text(key)
        front = parse(text).front
        template = Template(
            key=front.template, version=front.version, text=text, sha256=sha256(text.encode()).hexdigest()
        )
        self.session.add(template)
        self.session.flush()
        if is_released:
            self.session.add(
                TemplateRelease(
                    template_id=template.id, sha256=template.sha256, released_by_id=self.counsel.id
                )
            )
        self.session.commit()
        return template

    def add_product(self, **facts: Any) -> Product:
        n = next(self._numbers)
        product = Product(**{"code": f"XH-{n:03d}", "name": f"示例洗发露{n}号200毫升", "unit": "瓶", **facts})
        self.session.add(product)
        self.session.commit()
        return product

    def add_distributor(self, **facts: Any) -> Distributor:
        given = {
            "region": self.region,
            "owner": self.author,
            "uscc": "91330500MA00EX3B4P",
            "legal_rep": "李样本",
            "address": "浙江省湖州市吴兴区样板街2号",
            "phones": ["0572-55550102"],
            **facts,
        }
        distributor = self.make.distributor(**given)
        self.session.add(Contact(distributor_id=distributor.id, name="李四", is_primary=True))
        self.session.commit()
        self.session.expire(distributor)
        return distributor

    def approve_price(self, product: Product, kind: PriceKind, **facts: Any) -> PriceApproval:
        row = PriceApproval(
            **{
                "number": f"法核2026-{next(self._numbers):03d}",
                "product_id": product.id,
                "kind": kind,
                "valid_from": today() - timedelta(days=30),
                "valid_until": today() + timedelta(days=700),
                "entered_by_id": self.counsel.id,
                **facts,
            }
        )
        self.session.add(row)
        self.session.commit()
        return row

    def entry(
        self,
        *,
        prices: Sequence[tuple[Product, PriceKind, int]] | None = None,
        violations: Sequence[str] = ("cross_territory", "hostile_quoting"),
        **said: Any,
    ) -> Entry:
        rows = prices if prices is not None else [(self.product, PriceKind.SUGGESTED_RETAIL, 2850)]
        values = {
            "signing_place": "浙江省杭州市西湖区",
            "territory_description": "浙江省湖州市吴兴区、南浔区",
            **said.pop("values", {}),
        }
        return Entry(
            **{
                "template_id": self.template.id,
                "effective_on": today() - timedelta(days=10),
                "expires_on": today() + timedelta(days=355),
                "rebate_ppm": 30_000,
                "base_share": 60,
                "award_ppm": 1_000_000,
                "values": values,
                "prices": [PriceEntry(product.id, kind, fen) for product, kind, fen in rows],
                "violations": [ViolationEntry(code, 1_000_000) for code in violations],
                **said,
            }
        )

    def draft(self, distributor: Distributor | None = None, **said: Any) -> Agreement:
        agreement = drafting.draft(
            self.session, self.author, distributor or self.add_distributor(), self.entry(**said)
        )
        self.session.commit()
        return agreement

    def submitted(self, distributor: Distributor | None = None, **said: Any) -> Agreement:
        agreement = self.draft(distributor, **said)
        steps.submit(self.session, self.author, agreement)
        self.session.commit()
        return agreement

    def approve(self, agreement: Agreement, by: User | None = None) -> AgreementPaper:
        paper = approval.approve(
            self.session,
            by or self.manager,
            agreement,
            seen_sha256=approval.shown_sha256(self.session, agreement),
            render=fake_render,
        )
        self.session.commit()
        return paper

    def approved(self, distributor: Distributor | None = None, **said: Any) -> Agreement:
        agreement = self.submitted(distributor, **said)
        self.approve(agreement)
        return agreement

    def signed(
        self,
        distributor: Distributor | None = None,
        *,
        signed_on: date | None = None,
        scans: Sequence[tuple[str, bytes]] = (),
        **said: Any,
    ) -> Agreement:
        agreement = self.approved(distributor, **said)
        steps.sign(self.session, self.author, agreement, signed_on or today(), scans)
        self.session.commit()
        return agreement


__all__ = ["PDF", "AgreementWorld", "fake_render", "now"]
