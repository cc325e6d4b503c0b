"""What a distributor answers to a statement, and what the company answers to an objection (10.1; 4.1-4.3 of it).

Confirmed or objected to, each part for itself. An objection holds back nothing that is undisputed; it is answered in
writing within the statement's own days. Who says nothing in time is presumed to agree with the fund's part, unless the
contrary is proven; of the account nothing is presumed. Nothing of a frozen statement changes: what an objection brings
about is booked, and stands in the next one.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.delivering import hold
from portal.domain.price_protection.closing.models import (
    Finding,
    ObjectionPoint,
    ReplyWay,
    Statement,
    StatementReply,
    StatementScan,
    Verdict,
)
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.text import clean
from portal.domain.users.models import User

OBJECTION, ANSWER, NAME, MOST_POINTS = 300, 500, 40, 60
# The sums of a statement by their numbers on it.
SUMS = {
    "1.1": "opening",
    "1.2": "accrued",
    "1.3": "reversed",
    "1.4": "forfeited",
    "1.5": "restored",
    "1.6": "released",
    "1.7": "closing",
    "1.8": "base_paid",
    "2.1": "release",
}


@dataclass(frozen=True, slots=True)
class Point:
    """A sum (1.3) or a line (12) that is objected to, and what the distributor has instead, in fen."""

    item: str
    claimed_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Ticked:
    """What stands on a statement that came back: either part agreed to or objected to, and in which words."""

    fund: Verdict
    fund_objection: str = ""
    account: Verdict | None = None
    account_objection: str = ""
    points: tuple[Point, ...] = ()

    def kept(self) -> dict[str, Any]:
        """As a pile keeps it until it is filed."""
        return asdict(self) | {"points": []}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Ticked | None":
        """What a pile kept; None where nothing was said."""
        if not kept:
            return None
        account = Verdict(kept["account"]) if kept["account"] else None
        return cls(Verdict(kept["fund"]), kept["fund_objection"], account, kept["account_objection"])


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
    ticked = _checked(statement, ticked)
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
        ticked = _checked(statement, ticked)
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


def answer(
    session: Session, actor: User, objection: StatementReply, answered_on: date, finding: Finding, text: str
) -> None:
    """Record the company's written answer to an objection, once; the caller commits.

    What it grants is booked as a purchase, a return or a payment of its own: no closed quarter changes.
    """
    statement = objection.statement
    lock(session, session.get_one(Agreement, statement.agreement_id))
    lock(session, objection)
    session.expire(statement, ["replies"])
    if not actor.can(Permission.FUNDS_CLOSE, statement.agreement.region):
        raise DomainError(N_("Only finance answers objections to statements of this office."))
    if not objection.has_objection:
        raise DomainError(N_("Nothing was objected to; there is nothing to answer."))
    if objection.answered_on is not None:
        raise DomainError(N_("It was answered on %(day)s already."), day=objection.answered_on.isoformat())
    if statement.replies[0].id != objection.id:
        raise DomainError(N_("The distributor has answered anew since; this objection needs no answer."))
    text = clean(text)
    if not text:
        raise DomainError(N_("Enter the answer, as it was written."), field="answer")
    if len(text) > ANSWER:
        raise DomainError("At most %(limit)s characters.", field="answer", limit=ANSWER)
    if answered_on > today():
        raise DomainError("This day is in the future.", field="answered_on")
    if answered_on < objection.received_on:
        raise DomainError(
            "This cannot be before %(day)s.", field="answered_on", day=objection.received_on.isoformat()
        )
    objection.answered_on, objection.answer, objection.finding = answered_on, text, finding
    objection.answered_by_id = actor.id
    session.flush()
    audit.record(
        session,
        actor,
        "statement.objection_answered",
        statement,
        region_id=statement.agreement.region_id,
        number=statement.number,
        finding=finding.value,
        answered_on=answered_on,
        text=text,
    )


def stated_fen(statement: Statement, item: str) -> int | None:
    """What a sum (1.3) or a line (12) of a statement says, in fen; None where it has no such item."""
    if item in SUMS:
        return int(statement.payload["values"].get(f"{SUMS[item]}_figures") or 0)
    lines = statement.payload["lines"]
    if not (item.isascii() and item.isdigit() and 1 <= int(item) <= len(lines)):
        return None
    return int(lines[int(item) - 1]["fund_figures"] or 0)


def is_late(said: StatementReply) -> bool:
    """Whether it came when the days to object were over: the fund's part is presumed right then (10.1)."""
    until = said.statement.objections_until
    return until is not None and said.received_on > until


def is_presumed_right(statement: Statement, on: date | None = None) -> bool:
    """Whether nobody said anything about it in its days (10.1)."""
    until = statement.objections_until
    in_time = any(not is_late(said) for said in statement.replies)
    return until is not None and until < (on or today()) and not in_time


def _checked(statement: Statement, said: Ticked) -> Ticked:
    """The answer in clean words, each objection with its own; DomainError names what is missing."""
    fund = _objection(said.fund, said.fund_objection, "fund_objection")
    if said.account is not None and not statement.has_account:
        raise DomainError(N_("This statement has no account to answer to."), field="account")
    account = _objection(said.account, said.account_objection, "account_objection")
    points = said.points if said.fund is Verdict.OBJECTED else ()
    items = [point.item for point in points]
    for point in points:
        if stated_fen(statement, point.item) is None:
            raise DomainError(
                N_(
                    "The statement has no item %(item)s: enter 1.1 to 2.1 for a sum, 1 to %(lines)s for a line."
                ),
                field="points",
                item=point.item,
                lines=len(statement.payload["lines"]),
            )
    if len(set(items)) < len(items):
        raise DomainError(N_("The same item stands there twice."), field="points")
    if len(items) > MOST_POINTS:
        raise DomainError(
            N_("At most %(most)s items; say the rest in words."), field="points", most=MOST_POINTS
        )
    return Ticked(said.fund, fund, said.account, account, tuple(points))


def _objection(verdict: Verdict | None, text: str, field: str) -> str:
    if verdict is not Verdict.OBJECTED:
        return ""
    text = clean(text)
    if not text:
        raise DomainError(N_("Enter what is objected to, and the sums."), field=field)
    if len(text) > OBJECTION:
        raise DomainError("At most %(limit)s characters.", field=field, limit=OBJECTION)
    return text


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


def _keep(
    session: Session, actor: User, statement: Statement, files: Collection[tuple[str, bytes]]
) -> list[Document]:
    if not files:
        raise DomainError("Choose the file with the signed paper.", field="scan")
    kept = []
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
        kept.append(document)
    return kept


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
