"""The task of a price change: an amendment for each agreement, drafted and submitted, or why it got none (P1)."""

from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.asked_once import asking_once
from portal.domain.errors import DomainError
from portal.domain.jobs.runs import Run
from portal.domain.papers.values import Raw
from portal.domain.price_protection.deeds import amending, base, life
from portal.domain.price_protection.deeds.price_reckoning import Reckoner, chosen
from portal.domain.price_protection.deeds.pricing import exceptions_of, rule_of
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import Agreement, PriceChange
from portal.domain.price_protection.problems import Place, Problem
from portal.domain.users.models import User

# Agreements in a transaction: short enough that pages may write in between.
CHUNK = 20


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
        # What is the same for all of them is asked once in each transaction.
        with asking_once(session):
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
    with suppress(DomainError):
        # Kept before the first amendment: one that is refused and undone must not take the text with it.
        base.template_of(session, base.AMENDMENT_KEY)
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
