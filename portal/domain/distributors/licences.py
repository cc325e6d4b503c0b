"""Sector licences (食品经营许可证 …) and when they run out (D1)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.audit import services as audit
from portal.domain.distributors.facts import LICENCE_FACTS
from portal.domain.distributors.models import Distributor, Licence
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.users.models import User

WARNING_DAYS = 60  # a renewal at the market authority takes about a month


def add(session: Session, actor: User | None, distributor: Distributor, facts: Mapping[str, Any]) -> Licence:
    """A new licence; values by `facts.LICENCE_FACTS`. One that says the same is refused: a form sent twice."""
    lock(session, distributor)
    licence = Licence(distributor_id=distributor.id, kind="", number="")
    _apply(licence, facts)
    held = [other for other in distributor.licences if other.ended_at is None]
    if any(_snapshot(other) == _snapshot(licence) for other in held):
        raise DomainError(N_("This licence is already on record."))
    distributor.licences.append(licence)
    session.flush()
    audit.record(
        session,
        actor,
        "distributor.licence_added",
        distributor,
        licence_id=licence.id,
        facts=_snapshot(licence),
    )
    session.refresh(distributor)
    return licence


def edit(
    session: Session, actor: User, distributor: Distributor, licence: Licence, facts: Mapping[str, Any]
) -> None:
    """Change what differs; `is_ended` ends a licence that was given up or replaced: it warns no more."""
    lock(session, licence)
    if licence.ended_at is not None:
        raise DomainError(N_("This licence has been ended."))
    before = _snapshot(licence)
    _apply(licence, facts)
    changes = audit.changes(before, _snapshot(licence))
    if changes:
        audit.record(
            session, actor, "distributor.licence_changed", distributor, licence_id=licence.id, changes=changes
        )
    if facts.get("is_ended"):
        licence.ended_at = now()
        audit.record(
            session,
            actor,
            "distributor.licence_ended",
            distributor,
            licence_id=licence.id,
            facts=_snapshot(licence),
        )
    session.flush()
    session.refresh(distributor)


def state(licence: Licence) -> str:
    """ "expired", "soon" (within WARNING_DAYS), "valid", or "unknown" when no date is known."""
    if licence.expires_on is None:
        return "unknown"
    left = (licence.expires_on - today()).days
    if left < 0:
        return "expired"
    return "soon" if left <= WARNING_DAYS else "valid"


def _apply(licence: Licence, facts: Mapping[str, Any]) -> None:
    for fact in LICENCE_FACTS:
        if fact.name in facts:
            try:
                setattr(licence, fact.name, fact.read(fact.write(facts[fact.name])))
            except DomainError as error:
                raise DomainError(error.msgid, field=fact.name, **error.params) from error
    if not licence.kind:
        raise DomainError(N_("Enter the type of licence."), field="kind")


def _snapshot(licence: Licence) -> dict[str, Any]:
    return {fact.name: getattr(licence, fact.name) for fact in LICENCE_FACTS}
