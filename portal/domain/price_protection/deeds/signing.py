"""An amendment is signed: the agreement says it from its day on, in terms of its own beside the old (P1)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from portal.db import CHINA, now, today
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.price_protection.deeds import amending, amendment_checks, base
from portal.domain.price_protection.deeds.life import keep_scans
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import (
    AgreementPrice,
    AgreementTerms,
    AgreementViolation,
    Amendment,
    DeedStatus,
    PriceKind,
)
from portal.domain.price_protection.problems import Problem
from portal.domain.price_protection.purchases import waiting
from portal.domain.users.models import User


def sign(
    session: Session,
    actor: User,
    amendment: Amendment,
    signed_on: date,
    scans: Iterable[tuple[str, bytes]] = (),
) -> AgreementTerms:
    """Record that both parties signed and sealed it, and add the terms that it makes; the old ones stay.

    `signed_on` is the later of the two signatures: not before the approval, not after today or the day from which
    the change is effective (PLACEHOLDERS 3). `scans` are (name, content), addable later.
    """
    # Its terms may take in a product that another agreement of the distributor is about to hold.
    hold_distributor(session, amendment.agreement.distributor_id)
    base.hold(session, amendment)
    base.require_status(amendment, DeedStatus.APPROVED)
    paper = base.current_paper(amendment)
    if paper is None:
        base.moved_on(amendment)
    approved_on = paper.made_at.astimezone(CHINA).date()
    if signed_on < approved_on:
        raise DomainError(
            "The signing cannot be before the approval on %(day)s.",
            field="signed_on",
            day=approved_on.isoformat(),
        )
    if signed_on > today():
        raise DomainError("This day is in the future.", field="signed_on")
    if signed_on > amendment.effective_on:
        raise DomainError(
            "It was to take effect on %(day)s and was signed later. Withdraw the approval and give it a later day.",
            field="signed_on",
            day=amendment.effective_on.isoformat(),
        )
    data = amending.data_of(session, amendment)
    for problem in amendment_checks.standing_obstacles(session, amendment, data):
        _refuse(problem)
    later = data["after"]
    assert later is not None
    terms = _terms(amendment, later)
    session.add(terms)
    agreement = amendment.agreement
    last = date.fromisoformat(str(later["values"]["expires_on"]))
    before, agreement.expires_on, agreement.ends_on = agreement.ends_on, last, last
    agreement.updated_at = now()
    amendment.move_to(DeedStatus.SIGNED)
    amendment.signed_on = signed_on
    session.flush()
    session.expire(agreement, ["terms"])
    moved: dict[str, Any] = {"changes": {"expires_on": [before, last]}} if before != last else {}
    base.record(
        session,
        actor,
        amendment,
        "signed",
        signed_on=signed_on,
        effective_on=amendment.effective_on,
        **moved,
    )
    keep_scans(session, actor, amendment, scans)
    waiting.ask(session, actor, agreement.distributor_id)
    return terms


def _refuse(problem: Problem) -> None:
    raise DomainError(problem.msgid, **problem.params)


def _terms(amendment: Amendment, later: AgreementPaperData) -> AgreementTerms:
    return AgreementTerms(
        agreement_id=amendment.agreement_id,
        no=amendment.no,
        effective_on=amendment.effective_on,
        **amending.columns_of(later),
        prices=[
            AgreementPrice(
                no=no,
                product_id=row["product_id"],
                kind=PriceKind(str(row["kind_code"])),
                amount_fen=row["amount_figures"],
                approval_id=row["approval_id"],
            )
            for no, row in enumerate(later["prices"], 1)
        ],
        violations=[
            AgreementViolation(
                no=no,
                code=row["code"],
                kind=row["kind"],
                kind_en=row["kind_en"] or "",
                definition=row["definition"],
                definition_en=row["definition_en"] or "",
                share_ppm=row["share"],
            )
            for no, row in enumerate(later["violations"], 1)
        ],
    )
