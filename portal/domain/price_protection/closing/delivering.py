"""When a statement reached the distributor: from that day on run the days to object (10.1, 16.1).

Nothing presumes a delivery: a courier's parcel is delivered on the day it is taken or refused, an e-mail on the day it
reaches the other side. What is said of it is never changed; a later word counts in its place, with the reason.
"""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement, StatementDelivery, Way
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.text import clean
from portal.domain.users.models import User

NOTE, REASON = 100, 200
# What says of each way that it was so; the agreement wants to know it.
_PROOF = {
    Way.COURIER: N_("Enter courier and number, as the receipt says."),
    Way.REFUSED: N_("Enter courier and number, as the receipt says."),
    Way.IN_PERSON: N_("Enter who took it."),
    Way.EMAIL: N_("Enter the address that it was mailed to."),
}


def deliver(
    session: Session,
    actor: User,
    statement: Statement,
    delivered_on: date,
    way: Way,
    note: str = "",
    *,
    reason: str = "",
) -> StatementDelivery:
    """Record on which day (Asia/Shanghai) and how a statement reached the distributor; the caller commits.

    Another day than was said before wants a `reason`. DomainError before it is printed or sent, in the future, and
    after it was answered.
    """
    trail = hold(session, actor, statement)
    note, reason = _line(note, NOTE, "note"), _line(reason, REASON, "reason")
    if not note and trail.parcel is not None and trail.parcel.tracking and way in (Way.COURIER, Way.REFUSED):
        note = f"{trail.parcel.courier} {trail.parcel.tracking}"
    if not note:
        raise DomainError(_PROOF[way], field="note")
    if delivered_on > today():
        raise DomainError("This day is in the future.", field="delivered_on")
    earliest = trail.sent_on if trail.sent_on is not None and statement.delivered_on is None else None
    _not_before(delivered_on, max(statement.issued_on, earliest or statement.issued_on))
    answered = first_answered(statement)
    if answered is not None and delivered_on > answered:
        raise DomainError(
            N_("It was answered on %(day)s already, so it was there by then."),
            field="delivered_on",
            day=answered.isoformat(),
        )
    known = statement.deliveries[0] if statement.deliveries else None
    if known is not None and (known.delivered_on, known.way, known.note) == (delivered_on, way, note):
        raise DomainError(N_("This is on record already."), field="delivered_on")
    if statement.delivered_on is not None and not reason:
        raise DomainError(
            N_("Its delivery on %(day)s is on record. Say why it is another day."),
            field="reason",
            day=statement.delivered_on.isoformat(),
        )
    return _say(session, actor, statement, trail, delivered_on, way, note, reason)


def delivered_in_parcel(
    session: Session,
    actor: User,
    statement: Statement,
    parcel_id: int,
    delivered_on: date,
    way: Way,
    note: str,
) -> None:
    """A parcel that it was in arrived; what somebody said of the statement itself, and an earlier answer, stand."""
    lock(session, statement)
    answered = first_answered(statement)
    if statement.delivered_on is None and (answered is None or answered >= delivered_on):
        _say(session, actor, statement, None, delivered_on, way, note[:NOTE], "", parcel_id)


def taken_back(session: Session, actor: User, statement: Statement, parcel_id: int, reason: str) -> None:
    """A parcel that was said to have arrived did not: no days to object run from it."""
    lock(session, statement)
    if statement.deliveries and statement.deliveries[0].parcel_id == parcel_id:
        _say(session, actor, statement, None, None, None, "", reason[:REASON], parcel_id)


def hold(session: Session, actor: User, statement: Statement) -> PaperTrail:
    """Keep a printed statement to this transaction, its agreement first; give its trail. Refuses who may not."""
    lock(session, session.get_one(Agreement, statement.agreement_id))
    lock(session, statement)
    # What somebody else has said meanwhile.
    session.expire(statement, ["deliveries", "scans", "replies"])
    region = statement.agreement.region
    if not (actor.can(Permission.PAPERS_HANDLE, region) and actor.can(Permission.FUNDS_READ, region)):
        raise DomainError(N_("You may not record what comes of this office's statements."))
    if statement.document_id is None:
        raise DomainError(
            N_("%(number)s is not printed yet. Finish the close, then send it."), number=statement.number
        )
    return of_paper(session, statement)


def _say(
    session: Session,
    actor: User,
    statement: Statement,
    trail: PaperTrail | None,
    day: date | None,
    way: Way | None,
    note: str,
    reason: str,
    parcel_id: int | None = None,
) -> StatementDelivery:
    before = statement.delivered_on
    said = StatementDelivery(
        statement_id=statement.id,
        delivered_on=day,
        way=way,
        note=note,
        reason=reason,
        parcel_id=parcel_id,
        by_id=actor.id,
    )
    session.add(said)
    statement.delivered_on = day
    statement.objections_until = day + timedelta(days=objection_days(statement)) if day else None
    if trail is not None and day is not None:
        went_out(trail, day)
    session.flush()
    session.expire(statement, ["deliveries"])
    audit.record(
        session,
        actor,
        "statement.delivered" if day else "statement.delivery_taken_back",
        statement,
        region_id=statement.agreement.region_id,
        number=statement.number,
        way=way.value if way else None,
        note=note or None,
        before=before if before != day else None,
        delivered_on=day,
        until=statement.objections_until,
        reason=reason or None,
    )
    return said


def went_out(trail: PaperTrail, on: date) -> None:
    """It reached its company without a parcel of ours: it was sealed and is out from that day on."""
    if not trail.sent_copies and (trail.parcel is None or not trail.parcel.is_open):
        trail.sealed_copies = max(trail.sealed_copies, 1)
        trail.sealed_on = trail.sealed_on or on
        trail.sent_copies = trail.expected_copies = 1
        trail.sent_on = on
        trail.settle()


def first_answered(statement: Statement) -> date | None:
    """The day on which the first answer came, if one did."""
    return min((reply.received_on for reply in statement.replies), default=None)


def objection_days(statement: Statement) -> int:
    """How many days the agreement gives to object, as the statement says it."""
    return int(statement.payload["values"].get("statement_objection_days") or 0)


def _not_before(day: date, earliest: date) -> None:
    if day < earliest:
        raise DomainError("This cannot be before %(day)s.", field="delivered_on", day=earliest.isoformat())


def _line(text: str, limit: int, field: str) -> str:
    text = clean(text)
    if len(text) > limit:
        raise DomainError("At most %(limit)s characters.", field=field, limit=limit)
    return text
