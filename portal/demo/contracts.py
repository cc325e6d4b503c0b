"""The demo's products and agreements: one in every state, with the steps that led there."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from portal.db import today
from portal.demo.deeds import Deeds, on
from portal.domain.distributors.models import Distributor, Level
from portal.domain.documents import services as documents
from portal.domain.price_protection import approval, drafting, price_approvals, products, steps, texts
from portal.domain.price_protection.deeds.base import DEED_KEYS
from portal.domain.price_protection.deeds.life import DeedRenderer
from portal.domain.price_protection.models import Agreement, PriceKind, Product
from portal.domain.templates import services as templates
from portal.domain.templates import writing
from portal.domain.users.models import User

TEMPLATE = "price-protection.zh"

# code, name, English name, unit, suggested retail, suggested resale; fen
PRODUCTS = (
    ("XH-200", "示例洗发露200毫升", "Example Shampoo 200 ml", "瓶", 2850, 2280),
    ("XH-400", "示例洗发露400毫升", "Example Shampoo 400 ml", "瓶", 4980, 3990),
    ("XH-750", "示例洗发露750毫升", "Example Shampoo 750 ml", "瓶", 7600, 6080),
    ("MY-300", "示例沐浴露300毫升", "Example Shower Gel 300 ml", "瓶", 2600, 2080),
    ("MY-500", "示例沐浴露500毫升", "Example Shower Gel 500 ml", "瓶", 3900, 3120),
    ("XS-250", "示例洗手液250毫升", "Example Hand Wash 250 ml", "瓶", 1580, 1260),
    ("YG-120", "示例牙膏120克", "Example Toothpaste 120 g", "支", 1290, 1030),
    ("XY-2K", "示例洗衣液2千克", "Example Laundry Liquid 2 kg", "袋", 3280, 2620),
    ("XZ-101", "示例香皂101克×4", "Example Soap 4 × 101 g", "组", 1990, 1590),
    ("ZJ-10", "示例纸巾10包", "Example Tissues 10 packs", "提", 2490, 1990),
)


class Contracts:
    """Writes agreements through the same services as the pages, each step at its own time."""

    def __init__(
        self,
        session: Session,
        people: dict[str, User],
        render: approval.Renderer,
        render_deed: DeedRenderer,
    ) -> None:
        self._session = session
        self._people = people
        self._render = render
        self._deeds = Deeds(session, people, render_deed)
        self._products: list[Product] = []
        self.written = 0

    def load(self, distributors: list[Distributor]) -> None:
        """Products, the release of the texts, then agreements."""
        counsel = self._people["counsel"]
        with on(today() - timedelta(days=500)):
            self._load_products()
            self._release(counsel)
        with on(today() - timedelta(days=20)):
            self._own_text()
        ready = [made for made in distributors if made.uscc and made.contacts]
        heads = [made for made in ready if made.level is Level.GENERAL]
        others = [made for made in ready if made.level is Level.SECOND_TIER]
        self._years(heads[:5])
        self._expiring(heads[5:8])
        self._under_way(heads[8:], others)

    def _load_products(self) -> None:
        director, counsel = self._people["director"], self._people["counsel"]
        for code, name, name_en, unit, retail, resale in PRODUCTS:
            facts = products.ProductFacts(
                code=code,
                name=name,
                name_en=name_en,
                unit=unit,
                prices={PriceKind.SUGGESTED_RETAIL: retail, PriceKind.SUGGESTED_RESALE: resale},
            )
            self._products.append(products.create_product(self._session, director, facts))
        year = today().year
        price_approvals.enter_approval(
            self._session,
            counsel,
            self._products[0],
            number=f"法核{year}-018",
            kind=PriceKind.MAXIMUM_RETAIL,
            valid_from=date(year, 1, 1),
            valid_until=date(year + 1, 12, 31),
            territory="浙江省",
        )
        self._session.commit()

    def _release(self, counsel: User) -> None:
        for key in (*texts.AGREEMENT_KEYS, *DEED_KEYS, texts.STATEMENT_KEY, *texts.CASE_KEYS):
            edition = templates.edition(self._session, key)
            if edition is None:
                raise RuntimeError(f"the text {key} is missing")
            templates.release_template(
                self._session,
                counsel,
                key=key,
                version=edition.version,
                sha256=edition.sha256,
                note="示例：演示数据，未经真实律师审定",
            )
        self._session.commit()

    def _own_text(self) -> None:
        """A version of the one-sheet agreement that the company words itself, still being written."""
        origin = templates.edition(self._session, "price-protection-small.zh")
        if origin is None:
            raise RuntimeError("the one-sheet agreement is missing")
        director = self._people["director"]
        draft = writing.begin(
            self._session, director, origin, key="community-shops", version="1.0.0", name="社区店版"
        )
        text = draft.text.replace("4.1 每笔进货入账时，甲方", "4.1 每笔进货入账的当天，甲方", 1)
        writing.save(self._session, director, draft, text, row_version=draft.row_version)
        self._session.commit()

    def _years(self, heads: list[Distributor]) -> None:
        """Last year's agreement, expired, and this year's in force after it."""
        year = today().year
        current = []
        for head in heads:
            last = self._signed(head, date(year - 1, 1, 1), date(year - 1, 12, 31))
            current.append(self._signed(head, date(year, 1, 1), date(year, 12, 31), follows=last))
        if (today() - date(year, 1, 1)).days > 100:  # early in a year nothing has been amended yet
            self._deeds.amended(current[0], self._manager(current[0]))
        self._deeds.proposed(current[1])

    def _expiring(self, heads: list[Distributor]) -> None:
        """One agreement in each stage of the reminders: 7, 30 and 90 days before its last day."""
        for head, days in zip(heads, (6, 27, 80), strict=True):
            ends_on = today() + timedelta(days=days)
            self._signed(head, ends_on - timedelta(days=364), ends_on)

    def _under_way(self, heads: list[Distributor], others: list[Distributor]) -> None:
        """Whatever waits for somebody, and what came to nothing."""
        first = date(today().year + 1, 1, 1)
        last = date(first.year, 12, 31)
        # The second tier begins in Hangzhou, so that its manager and its salesperson find work waiting.
        queue = iter(others)
        self._approved(heads[0], first, last, days_ago=3)
        self._approved(next(queue), first, last, days_ago=2)
        for days_ago in (1, 2):
            self._submitted(next(queue), first, last, days_ago=days_ago)
        back = self._submitted(next(queue), first, last, days_ago=4)
        with on(today() - timedelta(days=3)):
            steps.send_back(self._session, self._manager(back), back, "返利率与去年不一致，请核对后再提交")
            self._session.commit()
        with on(today() - timedelta(days=1)):
            self._draft(next(queue), first, last)
        ends_on = today() + timedelta(days=120)
        ended = self._signed(next(queue), ends_on - timedelta(days=364), ends_on)
        self._deeds.ended(ended, self._manager(ended))
        with on(today() - timedelta(days=20)):
            void = self._draft(next(queue), first, last)
            steps.void(self._session, void.author, void, "经销商暂不续签")
            self._session.commit()
        self._signed(next(queue), date(today().year, 1, 1), date(today().year, 12, 31), has_scan=False)

    def _draft(
        self, distributor: Distributor, effective_on: date, expires_on: date, follows: Agreement | None = None
    ) -> Agreement:
        self.written += 1
        template = templates.ensure_template(self._session, TEMPLATE)
        entry = drafting.proposal(self._session, distributor, template)
        chosen = [self._products[(self.written + step) % len(self._products)] for step in range(4)]
        prices = [
            drafting.PriceEntry(product.id, price.kind, price.amount_fen)
            for product in chosen
            for price in product.prices
        ]
        entry = replace(
            entry,
            effective_on=effective_on,
            expires_on=expires_on,
            prices=prices,
            # The one term that every agreement settles for itself.
            rebate_ppm=(30_000, 25_000, 35_000)[self.written % 3],
        )
        agreement = drafting.draft(self._session, distributor.owner, distributor, entry, follows=follows)
        self._session.commit()
        return agreement

    def _submitted(
        self,
        distributor: Distributor,
        effective_on: date,
        expires_on: date,
        *,
        days_ago: int,
        follows: Agreement | None = None,
    ) -> Agreement:
        with on(today() - timedelta(days=days_ago + 1)):
            agreement = self._draft(distributor, effective_on, expires_on, follows)
        with on(today() - timedelta(days=days_ago)):
            steps.submit(self._session, distributor.owner, agreement)
            self._session.commit()
        return agreement

    def _approved(
        self,
        distributor: Distributor,
        effective_on: date,
        expires_on: date,
        *,
        days_ago: int,
        follows: Agreement | None = None,
    ) -> Agreement:
        agreement = self._submitted(
            distributor, effective_on, expires_on, days_ago=days_ago + 1, follows=follows
        )
        with on(today() - timedelta(days=days_ago)):
            seen = approval.shown_sha256(self._session, agreement)
            approval.approve(
                self._session, self._manager(agreement), agreement, seen_sha256=seen, render=self._render
            )
            self._session.commit()
        return agreement

    def _signed(
        self,
        distributor: Distributor,
        effective_on: date,
        expires_on: date,
        *,
        follows: Agreement | None = None,
        has_scan: bool = True,
    ) -> Agreement:
        days_ago = (today() - effective_on).days + 20
        agreement = self._approved(distributor, effective_on, expires_on, days_ago=days_ago, follows=follows)
        with on(today() - timedelta(days=days_ago - 1)):
            steps.record_print(self._session, distributor.owner, agreement, 2)
            self._session.commit()
        with on(today() - timedelta(days=days_ago - 8)):
            original = documents.content(self._session, agreement.papers[0].document)
            scans = [(f"{agreement.number}.pdf", original)] if has_scan else []
            steps.sign(self._session, distributor.owner, agreement, today(), scans)
            self._session.commit()
        return agreement

    def _manager(self, agreement: Agreement) -> User:
        """Who approves in this agreement's office."""
        name = {"E": "manager-hz", "H": "manager-hz", "N": "manager-hz"}.get(
            agreement.region.code[0], "manager-gz"
        )
        return self._people["manager-tj" if agreement.region.code == "TJ" else name]
