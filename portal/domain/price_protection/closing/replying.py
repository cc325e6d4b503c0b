"""What a distributor answers to a statement, and how it came (10.1; 4.1-4.3 of it).

Confirmed or objected to, each part for itself. Who says nothing in time is presumed to agree with the fund's part,
unless the contrary is proven; of the account nothing is presumed.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.delivering import hold
from portal.domain.price_protection.closing.models import (
    ObjectionPoint,
    ReplyWay,
    Statement,
    StatementReply,
    StatementScan,
    Verdict,
)
from portal.domain.price_protection.closing.objections import Ticked, checked, stated_fen
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.text import clean
from portal.domain.users.models import User

NAME = 40


def reply(
    session: Session,
    actor: User,
    statement: Statement,
    received_on: date,
    ticked: Ticked,
    *,
    way: ReplyWay = ReplyWay.COPY,
    said_by: str = "",
    scan: tuple[str, bytes] | None = None,
) -> StatementReply:
    """Record what the distributor answered, and how it came; with `scan` (name, content) its picture is filed too.

    It counts in the place of an earlier answer, which stays. DomainError in the future, before the delivery, without
    words to an objection, and where the same is on record.
    """
    trail = hold(session, actor, statement)
    ticked = checked(statement, ticked)
    _check_day(statement, received_on)
    said_by = clean(said_by)
    if len(said_by) > NAME:
        raise DomainError("At most %(limit)s characters.", field="said_by", limit=NAME)
    known = statement.replies[0] if statement.replies else None
    if known is not None and _same(known, received_on, ticked):
        raise DomainError(
            N_("This answer is on record already, entered by %(name)s."), name=known.entered_by.name
        )
    if scan is not None:
        _keep(session, actor, statement, [scan])
    if way is ReplyWay.COPY and trail.sent_copies and not trail.back_copies:
        trail.back_copies = min(max(trail.expected_copies, 1), trail.sent_copies)
    return _say(session, actor, statement, trail, received_on, ticked, way, said_by)


def file_scan(
    session: Session,
    actor: User,
    statement: Statement,
    files: Iterable[tuple[str, bytes]],
    came_on: date,
    ticked: Ticked | None = None,
) -> None:
    """File the sealed copy that came back on this day; with what is ticked on it, its answer as well.

    DomainError where another answer is on record: which one counts is for somebody to say on the statement's page.
    """
    trail = hold(session, actor, statement)
    _check_day(statement, came_on)
    known = statement.replies[0] if statement.replies else None
    if ticked is not None:
        ticked = checked(statement, ticked)
        if known is not None and (known.fund, known.account) != (ticked.fund, ticked.account):
            raise DomainError(
                N_(
                    "%(number)s: another answer is on record. File the scan without one, "
                    "then say on its page which counts."
                ),
                number=statement.number,
            )
    _keep(session, actor, statement, list(files))
    _came_back(trail, came_on)
    if ticked is not None and known is None:
        _say(session, actor, statement, trail, came_on, ticked, ReplyWay.COPY, "")


def is_late(said: StatementReply) -> bool:
    """Whether it came when the days to object were over: the fund's part is presumed right then (10.1)."""
    until = said.statement.objections_until
    return until is not None and said.received_on > until


def is_presumed_right(statement: Statement, on: date | None = None) -> bool:
    """Whether nobody said anything about it in its days (10.1)."""
    until = statement.objections_until
    in_time = any(not is_late(said) for said in statement.replies)
    return until is not None and until < (on or today()) and not in_time


def _check_day(statement: Statement, day: date) -> None:
    if day > today():
        raise DomainError("This day is in the future.", field="received_on")
    if day < statement.issued_on:
        raise DomainError(
            "This cannot be before %(day)s.", field="received_on", day=statement.issued_on.isoformat()
        )
    if statement.delivered_on is not None and day < statement.delivered_on:
        raise DomainError(
            N_(
                "It was delivered on %(day)s, so it cannot have come back before. Correct one of the two days."
            ),
            field="received_on",
            day=statement.delivered_on.isoformat(),
        )


def _same(known: StatementReply, received_on: date, ticked: Ticked) -> bool:
    said = (received_on, ticked.fund, ticked.fund_objection, ticked.account, ticked.account_objection)
    points = {point.item: point.claimed_fen for point in ticked.points}
    return (
        known.received_on,
        known.fund,
        known.fund_objection,
        known.account,
        known.account_objection,
    ) == said and {point.item: point.claimed_fen for point in known.points} == points


def _keep(session: Session, actor: User, statement: Statement, files: Sequence[tuple[str, bytes]]) -> None:
    if not files:
        raise DomainError("Choose the file with the signed paper.", field="scan")
    for name, content in files:
        document = documents.store(
            session, content, filename=name, by=actor, allowed=documents.SCANS, field="scan"
        )
        if any(scan.document.sha256 == document.sha256 for scan in statement.scans):
            raise DomainError("This file has already been filed: %(title)s", field="scan", title=name)
        session.add(StatementScan(statement_id=statement.id, document_id=document.id, filed_by_id=actor.id))
        session.flush()
        session.expire(statement, ["scans"])
        audit.record(
            session,
            actor,
            "statement.scan_filed",
            statement,
            region_id=statement.agreement.region_id,
            number=statement.number,
            filename=document.filename,
        )


def _came_back(trail: PaperTrail, on: date) -> None:
    """Nothing of it is awaited any more, however it came."""
    trail.back_on = trail.back_on or on
    trail.settle()


def _say(
    session: Session,
    actor: User,
    statement: Statement,
    trail: PaperTrail,
    received_on: date,
    ticked: Ticked,
    way: ReplyWay,
    said_by: str,
) -> StatementReply:
    latest = session.scalar(
        sa.select(StatementScan.document_id)
        .where(StatementScan.statement_id == statement.id)
        .order_by(StatementScan.id.desc())
        .limit(1)
    )
    objects = Verdict.OBJECTED in (ticked.fund, ticked.account)
    said = StatementReply(
        statement_id=statement.id,
        received_on=received_on,
        way=way,
        said_by=said_by,
        fund=ticked.fund,
        fund_objection=ticked.fund_objection,
        account=ticked.account,
        account_objection=ticked.account_objection,
        document_id=latest,
        entered_by_id=actor.id,
        answer_by=received_on + timedelta(days=reply_days(statement)) if objects else None,
        points=[
            ObjectionPoint(
                item=point.item,
                stated_fen=stated_fen(statement, point.item),
                claimed_fen=point.claimed_fen,
            )
            for point in ticked.points
        ],
    )
    session.add(said)
    session.flush()
    session.expire(statement, ["replies"])
    _came_back(trail, received_on)
    audit.record(
        session,
        actor,
        "statement.replied",
        statement,
        region_id=statement.agreement.region_id,
        number=statement.number,
        received_on=received_on,
        way=way.value,
        fund=ticked.fund.value,
        account=ticked.account.value if ticked.account else None,
        objection=" ".join(part for part in (ticked.fund_objection, ticked.account_objection) if part)
        or None,
        late=is_late(said) or None,
    )
    return said


def reply_days(statement: Statement) -> int:
    """Within how many days the company answers an objection, as the statement says it."""
    return int(statement.payload["values"].get("statement_reply_days") or 0)
