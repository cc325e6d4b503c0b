"""The papers of a case: written by one, read by a second for what they give away, issued, served (PLACEHOLDERS 5)."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from portal.db import CHINA, now, today
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.agreement import canonical_json
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import base, reporters
from portal.domain.price_protection.violations.models import Case, CasePaper, CasePaperKind
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User

# A decision is one or the other.
_OF_ONE_PLACE = {
    CasePaperKind.DECISION: (CasePaperKind.DECISION, CasePaperKind.DISMISSAL),
    CasePaperKind.DISMISSAL: (CasePaperKind.DECISION, CasePaperKind.DISMISSAL),
}


def texts(says: object) -> Iterator[str]:
    """Every text that somebody wrote for a paper."""
    if isinstance(says, str):
        yield says
    elif isinstance(says, dict):
        for part in says.values():
            yield from texts(part)
    elif isinstance(says, list):
        for part in says:
            yield from texts(part)


def write(session: Session, actor: User, case: Case, kind: CasePaperKind, says: dict[str, Any]) -> CasePaper:
    """Keep what a paper is to say; the draft before it counts no more. The caller has checked who writes."""
    reporters.check_words(list(texts(says)))
    for other in case.papers:
        if other.kind in _OF_ONE_PLACE.get(kind, (kind,)) and other.issued_on is None:
            other.dropped_at = other.dropped_at or now()
    paper = CasePaper(
        case_id=case.id,
        kind=kind,
        says=says,
        sha256=hashlib.sha256(canonical_json({"kind": kind.value, "says": says})).hexdigest(),
        written_by_id=actor.id,
    )
    session.add(paper)
    session.flush()
    session.expire(case, ["papers"])
    base.record(session, actor, case, "paper_written", paper=kind.value)
    return paper


def draft(case: Case, *kinds: CasePaperKind) -> CasePaper | None:
    """The draft of these kinds that is under way."""
    return next(
        (
            one
            for one in reversed(case.papers)
            if one.kind in kinds and one.issued_on is None and one.dropped_at is None
        ),
        None,
    )


def issued(case: Case, *kinds: CasePaperKind) -> CasePaper | None:
    """The last paper of these kinds that was issued."""
    return next(
        (one for one in reversed(case.papers) if one.kind in kinds and one.issued_on is not None), None
    )


def confirm_redaction(
    session: Session, vault: Vault, actor: User, case: Case, paper: CasePaper, *, seen_sha256: str
) -> None:
    """Confirm that nothing in the paper gives a reporter away: a named investigator who did not write it.

    Bound to what was read (`seen_sha256`). The texts are compared with what is sealed; whoever reads this refusal may
    know the reporter, the writer of a decision may not and is never told.
    """
    base.hold(session, case)
    reporters.require_named(case, actor)
    _require_draft(case, paper)
    if actor.id == paper.written_by_id:
        raise DomainError(N_("A second investigator reads what you wrote and confirms it."))
    if paper.sha256 != seen_sha256:
        raise DomainError(N_("The paper has changed since you opened it. Please read it again."))
    reporters.check_secrecy(session, vault, case, list(texts(paper.says)))
    if reporters.knows(session, vault, case, paper.says.get("members", ())):
        raise DomainError(
            N_("A source of this case is among those who hear the appeal. Send the paper back to its writer.")
        )
    paper.confirmed_by_id, paper.confirmed_at = actor.id, now()
    base.record(session, actor, case, "redaction_confirmed", paper=paper.kind.value)
    session.flush()


def send_back(session: Session, actor: User, case: Case, paper: CasePaper) -> None:
    """Give a draft back to its writer: it gives something away. No reason is kept; a reason might say what."""
    base.hold(session, case)
    reporters.require_named(case, actor)
    _require_draft(case, paper)
    paper.dropped_at = now()
    base.record(session, actor, case, "paper_sent_back", paper=paper.kind.value)
    session.flush()


def _require_draft(case: Case, paper: CasePaper) -> None:
    if paper.case_id != case.id or paper.issued_on is not None or paper.dropped_at is not None:
        case.moved_on()


def issue(session: Session, actor: User, case: Case, paper: CasePaper) -> None:
    """Let a confirmed paper go: what it says is fixed from here on. Its effect is its caller's."""
    _require_draft(case, paper)
    if paper.confirmed_at is None:
        raise DomainError(
            N_("An investigator named for the case must first confirm that the paper gives no reporter away.")
        )
    paper.issued_on, paper.issued_at, paper.issued_by_id = today(), now(), actor.id
    session.flush()


def sent(session: Session, actor: User, case: Case, paper: CasePaper, company: str, number: str) -> None:
    """Record the courier and its number, by which the paper is served (16.1)."""
    base.hold(session, case)
    _require_issued(case, paper)
    if paper.served_on is not None:
        raise DomainError(N_("The paper was served already."))
    paper.courier_company = base.text(company, 40, "courier_company")
    paper.courier_number = base.text(number, 60, "courier_number")
    base.record(session, actor, case, "paper_sent", paper=paper.kind.value)
    session.flush()


def served(case: Case, paper: CasePaper, served_on: date, how: Service) -> None:
    """Record the day on which it was signed for or refused; the effects are the callers'."""
    _require_issued(case, paper)
    if paper.served_on is not None:
        raise DomainError(N_("The paper was served already."))
    if how is not Service.IN_PERSON and not paper.courier_number:
        raise DomainError(
            N_("Enter courier and number first: the agreement asks for a courier."), field="courier_number"
        )
    assert paper.issued_at is not None
    paper.served_on = base.day(
        served_on,
        paper.issued_at.astimezone(CHINA).date(),
        "served_on",
        N_("It cannot have been served before %(day)s, the day it was issued."),
    )
    paper.served_how = how


def _require_issued(case: Case, paper: CasePaper) -> None:
    if paper.case_id != case.id or paper.issued_on is None:
        raise DomainError(N_("The paper must be issued before it is sent."))
