"""Steps of many agreements, written down together."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.audit import services as audit
from portal.domain.price_protection.models import Agreement, AgreementEvent
from portal.domain.users.models import User

Step = tuple[Agreement, dict[str, Any]]


def note_all(session: Session, actor: User, kind: str, steps: Iterable[Step]) -> None:
    """Write the same kind of step of many agreements, each with its own facts, and its audit event; one flush."""
    written = list(steps)
    for agreement, facts in written:
        said = audit.plain({key: value for key, value in facts.items() if value is not None})
        session.add(
            AgreementEvent(
                agreement_id=agreement.id, kind=kind, at=now(), by_id=actor.id, reason="", params=said
            )
        )
        audit.record(session, actor, f"agreement.{kind}", agreement, number=agreement.number, **said)
    session.flush()
    for agreement, _facts in written:
        session.expire(agreement, ["events"])
