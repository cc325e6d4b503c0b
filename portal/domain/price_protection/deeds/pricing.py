"""One price change for many agreements in force: each chosen one gets an amendment of its own (P1, S)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from portal.domain.jobs.runs import Run
from portal.domain.money import PPM
from portal.domain.papers.fill import validate
from portal.domain.papers.values import Raw
from portal.domain.price_protection.approvals import Covered, valid_approvals
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule, check, new_prices
from portal.domain.price_protection.deeds import amending, base, life
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import (
    OPEN,
    Agreement,
    AgreementPrice,
    AgreementTerms,
    Amendment,
    DeedPaper,
    PriceApproval,
    PriceChange,
    PriceKind,
    ProductPrice,
    Status,
)
from portal.domain.price_protection.problems import Place, Problem
from portal.domain.price_protection.queries import agreements_visible_to
from portal.domain.price_protection.trail.models import PaperTrail
from portal.domain.users.models import User

KIND = "agreements.price_change"
MOST_AT_ONCE = 5000
# Agreements in a transaction: short enough that pages may write in between.
CHUNK = 20
# Prices in fen that one agreement gets instead of what the rule makes, by product and kind, by the agreement's id.
Exceptions = Mapping[int, Mapping[tuple[int, PriceKind], int]]


@dataclass(frozen=True)
class Line:
    """A price that changes, or is excepted, in fen; `after` is None where it is taken out."""

    product_id: int
    product: str
    kind: PriceKind
    before: int
    after: int | None
    # Whether the percentage came to another sum before it was rounded to its step.
    is_rounded: bool = False

    @property
    def changes(self) -> bool:
        """Whether it will be another."""
        return self.before != self.after


@dataclass(frozen=True)
class Row:
    """What the change does to one agreement, or why it cannot."""

    agreement: Agreement
    lines: tuple[Line, ...]
    refusal: Problem | None = None


class Reckoner:
    """Reckons the change for agreement after agreement with a few statements for all of them."""

    def __init__(
        self,
        session: Session,
        agreements: Sequence[Agreement],
        rule: PriceRule,
        effective_on: date,
        exceptions: Exceptions,
    ) -> None:
        self.rule, self.effective_on, self._exceptions = rule, effective_on, exceptions
        ids = [agreement.id for agreement in agreements]
        products = {row.product_id for agreement in agreements for row in agreement.terms[-1].prices}
        self._under_way: dict[int, Amendment] = {
            row.agreement_id: row
            for row in session.scalars(
                sa.select(Amendment).where(Amendment.agreement_id.in_(ids), Amendment.status.in_(OPEN))
            )
        }
        self._proposed = {
            (row.product_id, row.kind): row.amount_fen
            for row in session.scalars(sa.select(ProductPrice).where(ProductPrice.product_id.in_(products)))
        }
        self._approvals: dict[Covered, PriceApproval] = valid_approvals(session, products, effective_on)

    def entries(self, agreement: Agreement) -> list[PriceEntry]:
        """Annex 1 as it shall read: by the rule, but for the agreement's exceptions."""
        own = self._exceptions.get(agreement.id, {})
        ruled = new_prices((), (self.rule,), _entries(agreement), self._proposed)
        return [replace(row, amount_fen=own.get((row.product_id, row.kind), row.amount_fen)) for row in ruled]

    def row(self, agreement: Agreement) -> Row:
        """What the change does to this agreement, line by line."""
        after = {(row.product_id, row.kind): row.amount_fen for row in self.entries(agreement)}
        own = self._exceptions.get(agreement.id, {})
        lines = tuple(
            line
            for row in agreement.terms[-1].prices
            for key in ((row.product_id, row.kind),)
            for now in (after.get(key),)
            for line in (
                Line(
                    row.product_id,
                    row.product.name,
                    row.kind,
                    row.amount_fen,
                    now,
                    key not in own and now is not None and self._is_rounded(row, now),
                ),
            )
            if line.changes or key in own
        )
        return Row(agreement, lines, self._refusal(agreement, lines, after))

    def _is_rounded(self, row: AgreementPrice, after: int) -> bool:
        entry = PriceEntry(row.product_id, row.kind, row.amount_fen)
        if self.rule.how is not How.PERCENT or not self.rule.fits(entry):
            return False
        return after * PPM != row.amount_fen * (PPM + self.rule.value)

    def _refusal(
        self, agreement: Agreement, lines: Sequence[Line], after: dict[tuple[int, PriceKind], int]
    ) -> Problem | None:
        under_way = self._under_way.get(agreement.id)
        if agreement.status is not Status.SIGNED:
            return _problem(N_("It is not a signed agreement in force."))
        if under_way is not None:
            return _problem(N_("%(number)s is still under way."), number=under_way.title)
        if self.effective_on > agreement.ends_on:
            return _problem(N_("It ends on %(day)s, before the change."), day=agreement.ends_on.isoformat())
        earliest = agreement.terms[-1].effective_on
        if self.effective_on < earliest:
            return _problem(
                N_("Its terms took effect on %(day)s, after the change."), day=earliest.isoformat()
            )
        if not any(line.changes for line in lines):
            return _problem(N_("None of its prices changes."))
        if not after:
            return _problem(N_("No price would be left in annex 1."))
        if any(fen <= 0 for fen in after.values()):
            return _problem(N_("A new price is missing: the product proposes none, or it rounds to nothing."))
        changed = {key for key, fen in after.items() if (key, fen) not in _known(agreement)}
        if any(kind.needs_approval and (one, kind) not in self._approvals for one, kind in changed):
            return _problem(N_("A binding price has no approval of counsel on that day."))
        return None


def _known(agreement: Agreement) -> set[tuple[tuple[int, PriceKind], int]]:
    return {((row.product_id, row.kind), row.amount_fen) for row in agreement.terms[-1].prices}


def _entries(agreement: Agreement) -> list[PriceEntry]:
    return [PriceEntry(row.product_id, row.kind, row.amount_fen) for row in agreement.terms[-1].prices]


def _problem(msgid: str, **params: object) -> Problem:
    return Problem(msgid, Place.PRICES, params=params)


def chosen(user: User, ids: Iterable[int]) -> sa.Select[Agreement]:
    """Of these agreements the ones that this user may write, by number, with what a change is reckoned from."""
    return (
        sa.select(Agreement)
        .where(
            Agreement.id.in_(list(ids)),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
        )
        .options(
            selectinload(Agreement.terms).selectinload(AgreementTerms.prices),
            selectinload(Agreement.distributor),
        )
        .order_by(Agreement.number)
    )


def preview(
    session: Session,
    user: User,
    ids: Iterable[int],
    rule: PriceRule,
    effective_on: date,
    exceptions: Exceptions | None = None,
) -> list[Row]:
    """What the change would do to each of these agreements; nothing is kept. DomainError for a wrong rule."""
    check(Changes(prices=(rule,)))
    agreements = session.scalars(chosen(user, ids)).all()
    reckoner = Reckoner(session, agreements, rule, effective_on, exceptions or {})
    return [reckoner.row(agreement) for agreement in agreements]


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
) -> Job:
    """Keep the decision and ask for its amendments; the caller commits and starts the job."""
    check(Changes(prices=(rule,)))
    if effective_on < today():
        raise DomainError(N_("The change cannot take effect in the past."), field="effective_on")
    found = list(session.scalars(chosen(actor, ids).with_only_columns(Agreement.id)))
    if not found:
        raise DomainError(N_("Choose at least one agreement."))
    if len(found) > MOST_AT_ONCE:
        raise DomainError(N_("At most %(most)s agreements at once."), most=MOST_AT_ONCE)
    home = actor.home
    assert home is not None
    change = PriceChange(
        region_id=home.id,
        author_id=actor.id,
        effective_on=effective_on,
        reason=str(validate("amendment_reason", base.reason_of(reason, amending.REASON_LIMIT, "reason"))),
        rule={**as_json(rule), "exceptions": _as_json(exceptions or {}, found)},
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


def make_amendments(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind KIND: an amendment for each agreement, drafted and submitted; none gets two."""
    run.check_owner(Permission.AGREEMENTS_WRITE)
    change = session.get(PriceChange, run.params["change_id"])
    assert change is not None
    ids, made, refused = list(change.agreement_ids), 0, list[list[Any]]()
    for told in run.earlier:
        made += told["made"]
        refused += told["refused"]
    done = sum(told["done"] for told in run.earlier)
    while done < len(ids):
        run.check_owner(Permission.AGREEMENTS_WRITE)
        told = _chunk(session, run.owner, change, ids[done : done + CHUNK])
        made += told["made"]
        refused += told["refused"]
        done += told["done"]
        if not run.step(told, done=done, total=len(ids)):
            break
    return {"made": made, "refused": refused, "change_id": change.id}


def _chunk(session: Session, owner: User, change: PriceChange, ids: list[int]) -> dict[str, Any]:
    agreements = session.scalars(chosen(owner, ids)).all()
    reckoner = Reckoner(session, agreements, rule_of(change), change.effective_on, exceptions_of(change))
    refused: list[list[Any]] = []
    made = prices = rounded = 0
    for agreement in agreements:
        row = reckoner.row(agreement)
        problem = row.refusal
        if problem is None:
            problem = _made(session, owner, change, agreement, reckoner.entries(agreement))
        if problem is None:
            made += 1
            prices += sum(line.changes for line in row.lines)
            rounded += sum(line.is_rounded for line in row.lines)
        else:
            params: dict[str, Raw] = {name: str(value) for name, value in problem.params.items()}
            refused.append([agreement.id, agreement.number, problem.msgid, params])
    change.refused = [*change.refused, *refused]
    # What the rule did, told with it: how many prices it changed, and how many of them were rounded.
    counted = {"prices": prices, "rounded": rounded}
    change.rule = {
        **change.rule,
        **{name: change.rule.get(name, 0) + count for name, count in counted.items()},
    }
    return {"made": made, "refused": refused, "done": len(ids)}


def _made(
    session: Session, owner: User, change: PriceChange, agreement: Agreement, prices: list[PriceEntry]
) -> Problem | None:
    """Draft and submit one amendment; a refusal undoes what was begun and is told."""
    says = amending.Says(change.effective_on, change.reason, prices=prices)
    try:
        with session.begin_nested():
            deed = amending.draft(session, owner, agreement, says, price_change_id=change.id)
            life.submit(session, owner, deed)
            session.flush()
    except life.Incomplete as error:
        return error.problems[0]
    except DomainError as error:
        return Problem(error.msgid, Place.PRICES, params=dict(error.params))
    return None


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
