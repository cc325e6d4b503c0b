"""What came of the demo's statements: sent by the quarter, delivered, agreed to or objected to (10.1)."""

from datetime import date, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.demo.deeds import on as on_day
from portal.domain.price_protection.closing import answering, objections, printing, replying
from portal.domain.price_protection.closing.models import Finding, ReplyWay, Statement, Verdict
from portal.domain.price_protection.closing.objections import Point, Ticked
from portal.domain.price_protection.trail import packing, posting
from portal.domain.price_protection.trail.models import PaperTrail, Parcel
from portal.domain.users.models import User

AGREED = Ticked(Verdict.AGREED)


class Statements:
    """Sends and answers through the services that the pages use; of the newest quarter some are still out."""

    def __init__(self, session: Session, people: dict[str, User]) -> None:
        self._session, self._finance = session, people["finance"]
        self._sent = 0

    def load(self) -> None:
        """Every quarter in its turn; nothing is done on a day that has not come."""
        found = self._session.scalars(
            sa.select(Statement)
            .where(Statement.document_id.is_not(None))
            .order_by(Statement.quarter, Statement.id)
        ).all()
        newest = max((one.quarter for one in found), default="")
        for quarter, group in groupby(found, lambda one: one.quarter):
            self._quarter(list(group), is_newest=quarter == newest)

    def _quarter(self, statements: list[Statement], *, is_newest: bool) -> None:
        issued_on = max(one.issued_on for one in statements)
        # Of the newest the last few are still to be sent.
        going = statements[: -2 if is_newest and len(statements) > 4 else None]
        parcels = self._send(going, min(issued_on + timedelta(days=1), today()))
        for no, statement in enumerate(going):
            if is_newest and no % 5 == 4:
                continue  # on its way: nobody knows yet that it arrived
            arrived = min(issued_on + timedelta(days=3 + no % 2), today())
            with on_day(arrived):
                posting.deliver(self._session, self._finance, parcels[statement.id], arrived)
                self._session.commit()
            if is_newest and no % 5 == 3:
                continue  # nothing has come
            self._answer(
                statement, min(arrived + timedelta(days=6), today()), objects=no % 5 == 2, waits=is_newest
            )

    def _send(self, statements: list[Statement], on: date) -> dict[int, Parcel]:
        """One parcel for each company, by the statements' ids."""
        trails = {
            trail.id: trail.statement_id
            for trail in self._session.scalars(
                sa.select(PaperTrail).where(PaperTrail.statement_id.in_([one.id for one in statements]))
            )
        }
        with on_day(on):
            parcels = packing.pack(self._session, self._finance, dict.fromkeys(trails, 2), courier="示例速递")
            numbers = {}
            for parcel in parcels:
                self._sent += 1
                numbers[parcel.id] = f"DZ{self._sent:012d}"
            known = {one.id for one in parcels if one.recipient and one.phone and one.address}
            posting.send_all(
                self._session,
                self._finance,
                parcels,
                on,
                tracking={id: number for id, number in numbers.items() if id in known},
                by_hand=set(numbers) - known,
            )
            self._session.commit()
        return {int(trails[row.trail_id] or 0): parcel for parcel in parcels for row in parcel.rows}

    def _answer(self, statement: Statement, on: date, *, objects: bool, waits: bool) -> None:
        has_lines = bool(statement.payload["lines"])
        with on_day(on):
            owner = statement.agreement.distributor.owner
            said = AGREED
            if objects and has_lines:
                stated = objections.stated_fen(statement, "1") or 0
                said = Ticked(
                    Verdict.OBJECTED,
                    "明细第1行与我方入库单不符，请核对。",
                    points=(Point("1", stated + 12_000), Point("1.7")),
                )
            scan = printing.paper(self._session, statement.id)[2]
            reply = replying.reply(
                self._session,
                owner,
                statement,
                on,
                said,
                way=ReplyWay.COPY,
                said_by="示例经办人",
                scan=("回签.pdf", scan),
            )
            self._session.commit()
            if reply.has_objection and not waits:
                answering.answer(
                    self._session,
                    self._finance,
                    reply,
                    on,
                    Finding.WRONG,
                    "经核对账簿和签收单，第1行金额无误；附签收单复印件。",
                )
                self._session.commit()
