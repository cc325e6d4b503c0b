"""The demo's amendments and its notice of termination, each step at its own time by whose turn it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.domain.documents import services as documents
from portal.domain.papers.deeds import deed_sha256
from portal.domain.price_protection.deeds import amending, base, life, serving, signing, terminating
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.deeds.life import DeedRenderer
from portal.domain.price_protection.drafting import PriceEntry
from portal.domain.price_protection.models import Agreement, Amendment, Service, Termination
from portal.domain.users.models import User


class Deeds:
    """Changes and ends the demo's agreements through the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User], render: DeedRenderer) -> None:
        self._session = session
        self._people = people
        self._render = render

    def amended(self, agreement: Agreement, approver: User) -> None:
        """An amendment that has been in force for a while: another rate, and one price."""
        owner = agreement.distributor.owner
        with on(today() - timedelta(days=100)):
            deed = self._drafted(agreement, today() + timedelta(days=30), "提高返利率并调整一项建议价", 5_000)
            life.submit(self._session, owner, deed)
            self._session.commit()
        with on(today() - timedelta(days=99)):
            life.review(self._session, self._people["counsel"], deed, seen_sha256=self._seen(deed))
            self._session.commit()
            self._approve(deed, approver)
        with on(today() - timedelta(days=97)):
            life.record_print(self._session, owner, deed, 2)
            self._session.commit()
        with on(today() - timedelta(days=90)):
            signing.sign(self._session, owner, deed, today(), self._scans(deed))
            self._session.commit()

    def proposed(self, agreement: Agreement) -> None:
        """One that waits: first for counsel, since it changes a price."""
        with on(today() - timedelta(days=2)):
            deed = self._drafted(
                agreement, min(today() + timedelta(days=40), agreement.ends_on), "调整一项建议价", 0
            )
            life.submit(self._session, agreement.distributor.owner, deed)
            self._session.commit()

    def ended(self, agreement: Agreement, approver: User) -> None:
        """A notice that was approved by two, sent and served; its last day is over."""
        owner = agreement.distributor.owner
        with on(today() - timedelta(days=45)):
            notice = replace(
                terminating.proposal(self._session, agreement),
                reason="我方调整该区域的供货安排",
                is_downstream_supplied=True,
                is_reconciled=True,
            )
            deed = terminating.draft(self._session, owner, agreement, notice)
            life.submit(self._session, owner, deed)
            self._session.commit()
            self._approve(deed, approver)
            self._approve(deed, self._people["director"])
            life.record_print(self._session, owner, deed, 2)
            self._session.commit()
        with on(today() - timedelta(days=42)):
            serving.serve(
                self._session,
                owner,
                deed,
                served_on=today(),
                how=Service.COURIER,
                note="示例速递 SL0000000001",
                scans=self._scans(deed),
            )
            self._session.commit()

    def _drafted(self, agreement: Agreement, effective_on: date, reason: str, more_ppm: int) -> Amendment:
        terms = agreement.terms[0]
        first, *others = [PriceEntry(row.product_id, row.kind, row.amount_fen) for row in terms.prices]
        deed = amending.draft(
            self._session,
            agreement.distributor.owner,
            agreement,
            amending.Says(
                effective_on,
                reason,
                {"rebate_rate": terms.rebate_ppm + more_ppm},
                prices=[replace(first, amount_fen=first.amount_fen + 100), *others],
            ),
        )
        self._session.commit()
        return deed

    def _approve(self, deed: AnyDeed, approver: User) -> None:
        life.approve(self._session, approver, deed, seen_sha256=self._seen(deed), render=self._render)
        self._session.commit()

    def _seen(self, deed: AnyDeed) -> str:
        return deed_sha256(life.data_of(self._session, deed))

    def _scans(self, deed: Amendment | Termination) -> list[tuple[str, bytes]]:
        paper = base.current_paper(deed)
        assert paper is not None
        return [(f"{deed.title}.pdf", documents.content(self._session, paper.document))]


@contextmanager
def on(day: date) -> Iterator[None]:
    """The clock of the demo at half past nine of a day."""
    with clock_at(datetime.combine(day, time(9, 30), CHINA)):
        yield
