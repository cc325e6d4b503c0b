"""What the company answers to an objection: in writing, within the statement's own days (10.1; 4.2 of it).

An objection holds back nothing that is undisputed. Nothing of a frozen statement changes: what an objection brings
about is booked, and stands in the next one.
"""

from datetime import date

from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Finding, StatementReply
from portal.domain.price_protection.models import Agreement
from portal.domain.text import clean
from portal.domain.users.models import User

ANSWER = 500


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
