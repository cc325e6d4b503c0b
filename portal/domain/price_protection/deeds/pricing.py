"""One price change for many agreements in force: each chosen one gets an amendment of its own (P1, S)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.papers.fill import validate
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule, Proposed, check
from portal.domain.price_protection.deeds import amending, base
from portal.domain.price_protection.deeds.price_reckoning import Exceptions, chosen
from portal.domain.price_protection.models import (
    Agreement,
    Amendment,
    DeedPaper,
    PriceChange,
    PriceKind,
    ProductPrice,
)
from portal.domain.price_protection.queries import agreements_visible_to
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.users.models import User

KIND = "agreements.price_change"
MOST_AT_ONCE = 5000


def begin(
    session: Session,
    actor: User,
    ids: Sequence[int],
    rule: PriceRule,
    *,
    effective_on: date,
    reason: str,
    title: str,
    exceptions: Exceptions | None = None,
    left_out: Iterable[int] = (),
) -> Job:
    """Keep the decision and ask for its amendments; the caller commits and starts the job.

    `left_out` are agreements that somebody chose and then took out of it: whoever decides reads which.
    """
    check(Changes(prices=(rule,)))
    if effective_on < today():
        raise DomainError(N_("The change cannot take effect in the past."), field="effective_on")
    found = list(session.scalars(chosen(actor, ids).with_only_columns(Agreement.id)))
    if not found:
        raise DomainError(N_("Choose at least one agreement."))
    if len(found) > MOST_AT_ONCE:
        raise DomainError(N_("At most %(most)s agreements at once."), most=MOST_AT_ONCE)
    taken_out = sorted(session.scalars(chosen(actor, left_out).with_only_columns(Agreement.id)))
    home = actor.home
    assert home is not None
    change = PriceChange(
        region_id=home.id,
        author_id=actor.id,
        effective_on=effective_on,
        reason=str(validate("amendment_reason", base.reason_of(reason, amending.REASON_LIMIT, "reason"))),
        rule={
            **as_json(rule),
            "exceptions": _as_json(exceptions or {}, found),
            "left_out": taken_out,
            **_kept_proposals(session, rule),
        },
        agreement_ids=found,
    )
    session.add(change)
    session.flush()
    audit.record(
        session,
        actor,
        "price_change.begun",
        change,
        count=len(found),
        effective_on=effective_on,
        reason=change.reason,
    )
    return jobs.enqueue(session, actor, KIND, title=title, total=len(found), change_id=change.id)


def as_json(rule: PriceRule) -> dict[str, Any]:
    """A rule as a row of the database keeps it."""
    return {
        "how": rule.how.value,
        "value": rule.value,
        "step_fen": rule.step_fen,
        "product_id": rule.product_id,
        "kind": rule.kind.value if rule.kind else None,
    }


def proposals(session: Session) -> Proposed:
    """What each product proposes for new agreements, in fen by product and kind."""
    rows = session.execute(sa.select(ProductPrice.product_id, ProductPrice.kind, ProductPrice.amount_fen))
    return {(row.product_id, row.kind): row.amount_fen for row in rows}


def _kept_proposals(session: Session, rule: PriceRule) -> dict[str, Any]:
    """What a rule that takes the products' proposals finds on its day: they may be others when it is decided on."""
    if rule.how is not How.PROPOSED:
        return {}
    return {"proposed": [[one, kind.value, fen] for (one, kind), fen in proposals(session).items()]}


def left_out(session: Session, user: User, change: PriceChange) -> list[Agreement]:
    """The agreements that were taken out of a change by hand, as far as this user reads them, by number."""
    ids = change.rule.get("left_out", [])
    if not ids:
        return []
    found = agreements_visible_to(user).where(Agreement.id.in_(ids)).order_by(Agreement.number)
    return list(session.scalars(found.options(selectinload(Agreement.distributor))))


def rule_of(change: PriceChange) -> PriceRule:
    """The rule of a kept change."""
    kept = change.rule
    return PriceRule(
        How(kept["how"]),
        kept["value"],
        kept["step_fen"],
        kept["product_id"],
        PriceKind(kept["kind"]) if kept["kind"] else None,
    )


def counted(change: PriceChange) -> tuple[int, int]:
    """How many prices a kept change has changed in its amendments, and how many of these were rounded."""
    return int(change.rule.get("prices", 0)), int(change.rule.get("rounded", 0))


def _as_json(exceptions: Exceptions, ids: Sequence[int]) -> dict[str, list[list[Any]]]:
    if any(fen <= 0 for own in exceptions.values() for fen in own.values()):
        raise DomainError(N_("A price is more than nothing."), field="value")
    return {
        str(id): [[product_id, kind.value, fen] for (product_id, kind), fen in exceptions[id].items()]
        for id in ids
        if exceptions.get(id)
    }


def exceptions_of(change: PriceChange) -> Exceptions:
    """The exceptions of a kept change."""
    return {
        int(id): {(product_id, PriceKind(kind)): fen for product_id, kind, fen in own}
        for id, own in change.rule.get("exceptions", {}).items()
    }


def amendments_of(user: User, change: PriceChange) -> sa.Select[Amendment]:
    """The amendments that a change made and this user may read, by the number of their agreement."""
    return (
        sa.select(Amendment)
        .join(Agreement, Agreement.id == Amendment.agreement_id)
        .where(
            Amendment.price_change_id == change.id,
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        )
        .options(selectinload(Amendment.agreement).selectinload(Agreement.distributor))
        .order_by(Agreement.number)
    )


def originals_of(user: User, change_id: int) -> sa.Select[int]:
    """The ids of the originals in force of a change's amendments that this user may read, for printing them all."""
    return (
        sa.select(PaperTrail.id)
        .join(DeedPaper, DeedPaper.id == PaperTrail.deed_paper_id)
        .join(Amendment, Amendment.id == DeedPaper.amendment_id)
        .join(Agreement, Agreement.id == Amendment.agreement_id)
        .where(
            Amendment.price_change_id == change_id,
            DeedPaper.withdrawn_at.is_(None),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        )
    )


def refusals(session: Session, user: User, change: PriceChange) -> list[list[Any]]:
    """What got no amendment, of the agreements that this user reads: id, number, msgid and its params of each."""
    ids = [row[0] for row in change.refused]
    in_sight = agreements_visible_to(user).where(Agreement.id.in_(ids))
    seen = set(session.scalars(in_sight.with_only_columns(Agreement.id)))
    return [row for row in change.refused if row[0] in seen]
