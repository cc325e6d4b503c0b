"""The demo's originals on their way: asked for, sealed, out for too long, back, and in their cabinets."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.demo.deeds import on
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail import packing, posting, returning, sealing
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import PaperKind, PaperTrail, Parcel, Seal
from portal.domain.users.models import User

PURPOSE = "签署年度价格保护协议"


class Trails:
    """Takes the demo's agreements on their way through the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._people = people
        self._sent = 0

    def load(self) -> None:
        """Earlier years in their cabinets, this year's at every stage between the seal and the cabinet."""
        signed = self._session.scalars(
            sa.select(Agreement).where(Agreement.status == Status.SIGNED).order_by(Agreement.id)
        ).all()
        past = [agreement for agreement in signed if agreement.ends_on < today()]
        current = [agreement for agreement in signed if agreement.ends_on >= today()]
        for agreement in past:
            with on(agreement.signed_on + timedelta(days=9)):  # type: ignore[operator]
                self._file(agreement, f"A-{agreement.effective_on.year}-01")
        for agreement in current[:4]:
            signed = agreement.signed_on
            assert signed is not None
            self._sealed_and_sent(agreement, days_ago=(today() - signed).days + 3)
            with on(signed + timedelta(days=1)):
                self._back(agreement)
                self._file(agreement, f"A-{agreement.effective_on.year}-02")
        for agreement, days_ago in zip(current[4:8], (41, 24, 12, 3), strict=False):
            # In January this year's were approved a few weeks ago only.
            signed = agreement.signed_on
            assert signed is not None
            self._sealed_and_sent(agreement, days_ago=min(days_ago, (today() - signed).days + 3))
        if len(current) > 7:
            with on(today() - timedelta(days=1)):
                self._back(current[7])
        for agreement in current[8:9]:
            self._sealed(agreement, days_ago=2)
            with on(today() - timedelta(days=1)):
                packing.pack(self._session, agreement.distributor.owner, {self._original(agreement): 2})
                self._session.commit()
        self._deeds()
        self._under_way()

    def _deeds(self) -> None:
        """The originals of the amendment in force and of the notice that was served, in their cabinet."""
        for trail in self._session.scalars(
            sa.select(PaperTrail).where(PaperTrail.kind != PaperKind.AGREEMENT).order_by(PaperTrail.id)
        ):
            owner = trail.agreement.distributor.owner
            with on(today() - timedelta(days=40)):
                cabinet = f"B-{today().year}-01"
                returning.put_away(self._session, owner, [trail.id], cabinet)
                self._session.commit()

    def _under_way(self) -> None:
        """What waits for the keeper of the seal: an approved agreement, printed and asked for yesterday."""
        waiting = self._session.scalars(
            sa.select(Agreement).where(Agreement.status == Status.APPROVED).order_by(Agreement.id.desc())
        ).first()
        if waiting is None:
            return
        owner = waiting.distributor.owner
        with on(today() - timedelta(days=1)):
            steps.record_print(self._session, owner, waiting, 2)
            sealing.ask(
                self._session, owner, {self._original(waiting): 2}, seal=Seal.CONTRACT, purpose=PURPOSE
            )
            self._session.commit()

    def _sealed(self, agreement: Agreement, *, days_ago: int) -> None:
        owner, keeper = agreement.distributor.owner, self._people["finance"]
        original = self._original(agreement)
        with on(today() - timedelta(days=days_ago + 1)):
            application = sealing.ask(
                self._session, owner, {original: 2}, seal=Seal.CONTRACT, purpose=PURPOSE
            )
            self._session.commit()
        with on(today() - timedelta(days=days_ago)):
            sealing.grant(self._session, keeper, application)
            sealing.seal(self._session, keeper, application)
            self._session.commit()

    def _sealed_and_sent(self, agreement: Agreement, *, days_ago: int) -> Parcel:
        owner, original = agreement.distributor.owner, self._original(agreement)
        self._sealed(agreement, days_ago=days_ago + 1)
        with on(today() - timedelta(days=days_ago)):
            self._sent += 1
            (parcel,) = packing.pack(self._session, owner, {original: 2}, courier="示例速递")
            posting.send(self._session, owner, parcel, today(), tracking=f"SL{self._sent:012d}")
            self._session.commit()
        return parcel

    def _back(self, agreement: Agreement) -> None:
        returning.take_back(
            self._session, agreement.distributor.owner, {self._original(agreement): 1}, today()
        )
        self._session.commit()

    def _file(self, agreement: Agreement, cabinet: str) -> None:
        returning.put_away(self._session, agreement.distributor.owner, [self._original(agreement)], cabinet)
        self._session.commit()

    def _original(self, agreement: Agreement) -> int:
        paper = current_paper(agreement)
        assert paper is not None
        return of_paper(self._session, paper).id
