"""What keeps an amendment from being submitted, approved or signed (S 1.1, 2.1; PLACEHOLDERS 5)."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.distributors.models import Standing
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.checks import check_agreement
from portal.domain.papers.deeds import DeedData, deed_sha256
from portal.domain.papers.fill import holes
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Text
from portal.domain.price_protection.deeds import amending, annexes
from portal.domain.price_protection.deeds.inforce import last_effective_on
from portal.domain.price_protection.defaults import paper_of
from portal.domain.price_protection.funds.cover import is_of_rebate
from portal.domain.price_protection.models import Amendment, Status
from portal.domain.price_protection.problems import (
    Place,
    Problem,
    held_by_others,
    place_of,
    text_obstacles,
    told,
)
from portal.domain.price_protection.purchases import waiting


def problems(session: Session, amendment: Amendment, data: DeedData) -> list[Problem]:
    """What is missing or wrong in what it says; empty when it can be submitted."""
    later = data["after"]
    assert later is not None
    agreement = amendment.agreement
    found = [*_of_days(session, amendment, later), *_of_texts(data)]
    if not data["changes"]:
        found.insert(0, Problem(N_("Nothing is changed: every term reads as before."), Place.TERMS))
    found += [
        Problem(
            N_("Counsel's list has no violation %(kind)s any more; edit the draft and save it without."),
            Place.VIOLATIONS,
            "violations",
            {"kind": kind},
        )
        for kind in annexes.kinds_gone(session, later, amending.says_of(amendment).violations)
    ]
    found += [
        Problem(error.msgid, place_of(error.field or ""), error.field or "", dict(error.params))
        for error in check_agreement(paper_of(agreement.template), later)
    ]
    found += [
        Problem(N_("%(label)s is missing."), Place.TERMS, hole.name, {"label": Msgid(hole.label)})
        for hole in holes(paper_of(amendment.template), data["values"], {"change": data["changes"]})
    ]
    return found


def _of_days(session: Session, amendment: Amendment, later: AgreementPaperData) -> Iterator[Problem]:
    agreement, first = amendment.agreement, amendment.effective_on
    earliest = last_effective_on(session, agreement, before_no=amendment.no)
    last = date.fromisoformat(str(later["values"]["expires_on"]))
    if first < earliest:
        yield _problem(
            N_("The change cannot take effect before %(day)s, when the terms it changes took effect."),
            day=earliest.isoformat(),
        )
    if first > agreement.ends_on:
        yield _problem(
            N_("The change cannot take effect after the last day, %(day)s."),
            day=agreement.ends_on.isoformat(),
        )
    if last != agreement.ends_on and last < max(first, today()):
        yield _problem(
            N_("The new last day cannot be before the change takes effect, nor in the past."),
            field="expires_on",
        )


def _of_texts(data: DeedData) -> Iterator[Problem]:
    """A clause that is too long for its cell, which no shipped text makes (PLACEHOLDERS 3)."""
    for row in data["changes"]:
        for key, raw in row.items():
            kind = PLACEHOLDERS[f"change.{key}"].kind
            if isinstance(kind, Text) and len(str(raw)) > kind.limit:
                yield _problem(
                    N_("%(clause)s is longer than the %(limit)s characters of its cell."),
                    clause=row["clause"],
                    limit=kind.limit,
                )
    approval = data["values"].get("amendment_price_approval")
    limit = amending.APPROVAL_LIMIT
    if approval and len(str(approval)) > limit:
        yield _problem(
            N_("The approvals of the prices take more than %(limit)s characters: make two amendments."),
            limit=limit,
        )


def obstacles(session: Session, amendment: Amendment, data: DeedData) -> list[Problem]:
    """What keeps a well-formed amendment from being approved."""
    agreement = amendment.agreement
    found = list(standing_obstacles(session, amendment, data))
    found += text_obstacles(amendment.template)
    if amendment.effective_on < today():
        found.append(_problem(N_("The change would take effect in the past; it must be signed first.")))
    if is_of_rebate(amendment.says) and waiting.has_accrued(session, agreement.id, amendment.effective_on):
        found.append(
            _problem(
                N_(
                    "Purchases of %(day)s or later are booked already, by the terms as they are: let the change take "
                    "effect later."
                ),
                day=amendment.effective_on.isoformat(),
            )
        )
    if agreement.distributor.standing is Standing.ELIMINATED:
        found.append(
            Problem(
                N_("%(name)s is eliminated; no agreement is written with it."),
                Place.DISTRIBUTOR,
                params={"name": agreement.distributor.name},
            )
        )
    if is_waiting_for_counsel(amendment, data):
        found.append(
            _problem(N_("It changes prices, violations or the territory: counsel must review it first."))
        )
    return found


def standing_obstacles(session: Session, amendment: Amendment, data: DeedData) -> Iterator[Problem]:
    """What may have come in between even after the approval: the agreement's end, other agreements' products."""
    agreement, later = amendment.agreement, data["after"]
    assert later is not None
    if agreement.status is not Status.SIGNED or amendment.effective_on > agreement.ends_on:
        yield _problem(N_("%(number)s has been terminated meanwhile."), number=agreement.number)
    products = {int(row["product_id"] or 0) for row in later["prices"]}
    last = date.fromisoformat(str(later["values"]["expires_on"]))
    for conflict in held_by_others(session, agreement, products, amendment.effective_on, last):
        yield told(conflict)


def is_waiting_for_counsel(amendment: Amendment, data: DeedData) -> bool:
    """Whether counsel must still read it as it stands."""
    return amending.needs_counsel(amendment) and amendment.counsel_sha256 != deed_sha256(data)


def _problem(msgid: str, *, field: str = "amendment_effective_on", **params: object) -> Problem:
    return Problem(msgid, Place.TERMS, field, params)
