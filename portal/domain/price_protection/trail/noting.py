"""Steps of many originals, written down together in the lives of their agreements."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.audit import services as audit
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.models import AgreementEvent
from portal.domain.price_protection.trail.models import PaperKind
from portal.domain.price_protection.trail.originals import Original
from portal.domain.users.models import User

Step = tuple[Original, dict[str, Any]]


def note_all(session: Session, actor: User, kind: str, steps: Iterable[Step]) -> None:
    """Write the same kind of step of many originals, each with its own facts, and its audit event; one flush."""
    written = list(steps)
    for original, facts in written:
        agreement, facts = original.agreement, _named(original, facts)
        said = audit.plain({key: value for key, value in facts.items() if value is not None})
        session.add(
            AgreementEvent(
                agreement_id=agreement.id, kind=kind, at=now(), by_id=actor.id, reason="", params=said
            )
        )
        audit.record(session, actor, f"agreement.{kind}", agreement, number=agreement.number, **said)
    session.flush()
    for original, _facts in written:
        session.expire(original.agreement, ["events"])


def note_one(
    session: Session, actor: User, original: Original, kind: str, reason: str = "", **facts: Any
) -> None:
    """Write a step of one original."""
    note(session, actor, original.agreement, kind, reason, **_named(original, facts))


def _named(original: Original, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts, with which original it is where it is not the agreement itself."""
    if original.kind is PaperKind.AGREEMENT:
        return facts
    return {"original": original.number, "deed": original.deed_id, **facts}
