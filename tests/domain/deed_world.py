"""What tests of amendments and notices start from: an office with a signed agreement, and all who act."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.papers.deeds import deed_sha256
from portal.domain.price_protection.deeds import amending, life, serving, signing, terminating
from portal.domain.price_protection.deeds.amending import Says
from portal.domain.price_protection.deeds.life import FrozenDeed
from portal.domain.price_protection.deeds.terminating import Notice
from portal.domain.price_protection.models import (
    Agreement,
    Amendment,
    DeedPaper,
    Service,
    Termination,
)
from portal.domain.users.models import User
from tests.domain.agreement_world import AgreementWorld, FakePrint
from tests.paper_examples import AMENDMENT, NOTICE


def fake_deed_render(frozen: FrozenDeed) -> FakePrint:
    """Stand in for the renderer: bytes that differ whenever the paper would."""
    return FakePrint(b"%PDF-1.7 " + f"{frozen.title} {frozen.paper_no} {frozen.code}".encode(), 2)


class DeedWorld(AgreementWorld):
    """An office as in `AgreementWorld`, with the texts of deeds and a second approver; every call commits."""

    def __init__(self, session: Any, make: Any, *, is_released: bool = True) -> None:
        super().__init__(session, make)
        self.deed_templates = [self.add_template(key, is_released=is_released) for key in (AMENDMENT, NOTICE)]
        self.director: User = make.user(Role.EXECUTIVE)

    def says(self, **said: Any) -> Says:
        """A rate of 3.5 % from in thirty days, unless something else is said."""
        return replace(Says(today() + timedelta(days=30), "调整返利率", {"rebate_rate": 35_000}), **said)

    def amendment(self, agreement: Agreement | None = None, **said: Any) -> Amendment:
        deed = amending.draft(self.session, self.author, agreement or self.signed(), self.says(**said))
        self.session.commit()
        return deed

    def submitted_amendment(self, agreement: Agreement | None = None, **said: Any) -> Amendment:
        deed = self.amendment(agreement, **said)
        life.submit(self.session, self.author, deed)
        self.session.commit()
        return deed

    def reviewed(self, deed: Amendment) -> Amendment:
        life.review(self.session, self.counsel, deed, seen_sha256=self.seen(deed))
        self.session.commit()
        return deed

    def approved_amendment(self, agreement: Agreement | None = None, **said: Any) -> Amendment:
        deed = self.submitted_amendment(agreement, **said)
        if amending.needs_counsel(deed):
            self.reviewed(deed)
        self.approve_deed(deed)
        return deed

    def signed_amendment(self, agreement: Agreement | None = None, **said: Any) -> Amendment:
        deed = self.approved_amendment(agreement, **said)
        signing.sign(self.session, self.author, deed, today())
        self.session.commit()
        return deed

    def seen(self, deed: Amendment | Termination) -> str:
        return deed_sha256(life.data_of(self.session, deed))

    def approve_deed(self, deed: Amendment | Termination, by: User | None = None) -> DeedPaper | None:
        paper = life.approve(
            self.session,
            by or self.manager,
            deed,
            seen_sha256=self.seen(deed),
            render=fake_deed_render,
        )
        self.session.commit()
        return paper

    def notice_says(self, agreement: Agreement, **said: Any) -> Notice:
        """The ordinary notice, sent today, with what the company settles before it."""
        return replace(
            terminating.proposal(self.session, agreement),
            reason="我方调整该区域的供货安排",
            is_downstream_supplied=True,
            is_reconciled=True,
            **said,
        )

    def notice(self, agreement: Agreement | None = None, **said: Any) -> Termination:
        agreement = agreement or self.signed()
        deed = terminating.draft(self.session, self.author, agreement, self.notice_says(agreement, **said))
        self.session.commit()
        return deed

    def submitted_notice(self, agreement: Agreement | None = None, **said: Any) -> Termination:
        deed = self.notice(agreement, **said)
        life.submit(self.session, self.author, deed)
        self.session.commit()
        return deed

    def approved_notice(self, agreement: Agreement | None = None, **said: Any) -> Termination:
        deed = self.submitted_notice(agreement, **said)
        self.approve_deed(deed)
        self.approve_deed(deed, by=self.director)
        return deed

    def served_notice(self, agreement: Agreement | None = None, **said: Any) -> Termination:
        deed = self.approved_notice(agreement, **said)
        serving.serve(
            self.session, self.author, deed, served_on=today(), how=Service.COURIER, note="示例速递SF1"
        )
        self.session.commit()
        return deed
