"""The demo's batches of renewals: one of Hangzhou that is looked through, one of Ningbo that awaits its approval."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.demo.deeds import on
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection import drafting, steps
from portal.domain.price_protection.batches import services
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.batches.reckoning import Reckoner
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.queries import has_successor
from portal.domain.users.models import User


class Batches:
    """Renews the agreements of this year through the same services as the pages."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session = session
        self._people = people

    def load(self) -> None:
        """Both batches."""
        year = today().year
        begins_on = date(year, 1, 1)  # in its first days nothing of the year could be renewed before
        with on(max(begins_on, today() - timedelta(days=2))):
            batch, rows = self._batch(
                "sales-hz",
                year,
                f"{year + 1} 年度续签，杭州",
                Changes(rebate_add_ppm=5_000, prices=(PriceRule(How.PERCENT, 30_000, 10),)),
            )
            if rows:
                own = Changes(rebate_ppm=30_000)
                services.except_row(self._session, batch.owner, batch, rows[0], own, version=batch.version)
            self._session.commit()
        with on(max(begins_on, today() - timedelta(days=1))):
            name = f"{year + 1} 年度续签，宁波"
            batch, rows = self._batch("sales-nb", year, name, Changes(rebate_add_ppm=2_500))
            self._submitted(batch, rows)
            self._session.commit()

    def _batch(self, username: str, year: int, name: str, changes: Changes) -> tuple[Batch, list[BatchRow]]:
        """The agreements of one salesperson's accounts that end with a year, changed in bulk and checked."""
        owner = self._people[username]
        batch = services.create(
            self._session, owner, name=name, agreement_ids=self._ending(owner, date(year, 12, 31))
        )
        services.change(self._session, owner, batch, changes, version=batch.version)
        rows = self._session.scalars(
            sa.select(BatchRow).where(BatchRow.batch_id == batch.id).order_by(BatchRow.id)
        ).all()
        self._check(batch, rows)
        return batch, list(rows)

    def _ending(self, owner: User, day: date) -> Sequence[int]:
        return self._session.scalars(
            sa.select(Agreement.id)
            .join(Distributor, Distributor.id == Agreement.distributor_id)
            .where(
                Distributor.owner_id == owner.id,
                Agreement.status == Status.SIGNED,
                Agreement.ends_on == day,
                ~has_successor(),
            )
            .order_by(Agreement.id)
        ).all()

    def _check(self, batch: Batch, rows: Sequence[BatchRow]) -> None:
        reckoner = Reckoner(self._session, batch, batch.owner)
        for row in rows:
            reckoner.write(row)

    def _submitted(self, batch: Batch, rows: Sequence[BatchRow]) -> None:
        reckoner = Reckoner(self._session, batch, batch.owner)
        for row in rows:
            if reckoner.blocks(row):
                continue
            distributor = row.earlier.distributor
            row.agreement = drafting.draft(
                self._session, batch.owner, distributor, reckoner.entry(row), follows=row.earlier
            )
            self._session.flush()
            steps.submit(self._session, batch.owner, row.agreement)
        self._check(batch, rows)
