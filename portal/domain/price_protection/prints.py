"""Originals taken out to be printed, each recorded as printed, and why some cannot be (P1, P1b)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.agreement import payload_sha256
from portal.domain.papers.deeds import deed_sha256
from portal.domain.papers.statement import statement_sha256
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.deeds import base, life
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.models import Agreement, AgreementPaper, Status
from portal.domain.price_protection.payload import current_paper, stored
from portal.domain.price_protection.problems import Problem, obstacles, problems
from portal.domain.price_protection.steps import hold, is_printable, record_print
from portal.domain.price_protection.trail.models import AnyPaper, PaperTrail
from portal.domain.users.models import User

_TOLD = 5  # points of one draft that are told; the rest is counted
_PERMISSION = Permission.AGREEMENTS_WRITE

DRAFT = N_("A draft with something left to do. Complete it, submit it and have it approved.")
COMPLETE = N_("A complete draft. Submit it and have it approved.")
TAKEN_BACK = N_("Its approval was withdrawn to change it. Submit it and have it approved again.")
WAITING = N_("It awaits approval. Once approved, it can be printed.")
VOID = N_("It was given up. Draft another one if it is still wanted.")
ELSEWHERE = N_("You may no longer print agreements of its office. Ask somebody there to print it.")
DAMAGED = N_("The original on file is damaged. Nothing was printed; tell an administrator.")
ANEW = N_("It was approved anew while this task ran. Print it again.")
SUPERSEDED = N_("Its approval was withdrawn; this original must not be used. Print the one approved since.")
WITHDRAWN = N_("Its approval was withdrawn while this task ran. It is not in the file.")


@dataclass(frozen=True)
class Refused:
    """What is not printed: a sentence with what to do next, and what is missing or wrong in it.

    A point is a msgid, its params, and the names of those params that are msgids themselves.
    """

    id: int
    why: str
    points: list[tuple[str, dict[str, Any], list[str]]] = field(default_factory=list)
    more: int = 0


@dataclass
class Printed:
    """An original whose printing is on record; `content` is held until it is in the file."""

    id: int
    paper_id: int
    pages: int
    content: bytes


def take(
    session: Session, actor: User, ids: Sequence[int], *, is_of_originals: bool = False
) -> tuple[list[Printed], list[Refused]]:
    """These agreements' originals, or these originals, whole and as approved, and why others are not printed.

    Writes nothing.
    """
    return (_take_originals if is_of_originals else _take_agreements)(session, actor, ids)


def _take_agreements(
    session: Session, actor: User, ids: Sequence[int]
) -> tuple[list[Printed], list[Refused]]:
    found = {
        agreement.id: agreement
        for agreement in session.scalars(
            sa.select(Agreement)
            .where(Agreement.id.in_(ids), Agreement.region_id.in_(visible(actor, _PERMISSION)))
            .options(selectinload(Agreement.papers), selectinload(Agreement.template))
        )
    }
    ready, refused = [], []
    for id in ids:
        agreement = found.get(id)
        if agreement is None:
            refused.append(Refused(id, ELSEWHERE))
        elif not is_printable(agreement):
            refused.append(_why_not(session, agreement))
        else:
            paper = current_paper(agreement)
            content = _content(session, paper) if paper else None
            if paper is None or content is None:
                refused.append(Refused(id, DAMAGED))
            else:
                ready.append(Printed(id, paper.id, paper.pages, content))
    return ready, refused


def _take_originals(session: Session, actor: User, ids: Sequence[int]) -> tuple[list[Printed], list[Refused]]:
    found = {
        trail.id: trail
        for trail in session.scalars(
            _trails(ids)
            .join(Agreement, Agreement.id == PaperTrail.agreement_id)
            .where(Agreement.region_id.in_(visible(actor, _PERMISSION)))
        )
    }
    ready, refused = [], []
    for id in ids:
        trail = found.get(id)
        if trail is None:
            refused.append(Refused(id, ELSEWHERE))
        elif trail.paper.withdrawn_at is not None:
            refused.append(Refused(id, SUPERSEDED))
        elif (content := _content(session, trail.paper)) is None:
            refused.append(Refused(id, DAMAGED))
        else:
            ready.append(Printed(id, id, trail.paper.pages or 0, content))
    return ready, refused


def _trails(ids: Sequence[int]) -> sa.Select[PaperTrail]:
    papers = (PaperTrail.agreement_paper, PaperTrail.deed_paper, PaperTrail.statement)
    return sa.select(PaperTrail).where(PaperTrail.id.in_(ids)).options(*map(joinedload, papers))


def take_again(
    session: Session, told: Sequence[tuple[int, int, int]], *, is_of_originals: bool = False
) -> tuple[list[Printed], list[Refused]]:
    """What was recorded as printed before, for the file of another run: (id, paper, pages) each."""
    ids = [paper_id for _id, paper_id, _pages in told]
    papers: dict[int, AnyPaper] = (
        {trail.id: trail.paper for trail in session.scalars(_trails(ids))}
        if is_of_originals
        else {
            paper.id: paper
            for paper in session.scalars(sa.select(AgreementPaper).where(AgreementPaper.id.in_(ids)))
        }
    )
    ready, refused = [], []
    for id, paper_id, pages in told:
        paper = papers[paper_id]
        content = None if paper.withdrawn_at is not None else _content(session, paper)
        if paper.withdrawn_at is not None:
            refused.append(Refused(id, WITHDRAWN))
        elif content is None:
            refused.append(Refused(id, DAMAGED))
        else:
            ready.append(Printed(id, paper_id, pages, content))
    return ready, refused


def record(
    session: Session,
    actor: User,
    ready: Sequence[Printed],
    copies: int,
    *,
    is_of_originals: bool = False,
) -> tuple[list[Printed], list[Refused]]:
    """Write the printing down on each of them, which is locked and looked at again; the caller commits."""
    done: list[Printed] = []
    refused: list[Refused] = []
    for one in ready:
        why = (_record_original if is_of_originals else _record_agreement)(session, actor, one, copies)
        if why is None:
            done.append(one)
        else:
            refused.append(why)
    return done, refused


def _record_agreement(session: Session, actor: User, one: Printed, copies: int) -> Refused | None:
    agreement = session.get(Agreement, one.id)
    assert agreement is not None
    session.expire(agreement, ["papers"])
    hold(session, agreement)
    paper = current_paper(agreement)
    if paper is None or not is_printable(agreement):
        return _why_not(session, agreement)
    if paper.id != one.paper_id:
        return Refused(one.id, ANEW)
    record_print(session, actor, agreement, copies)
    return None


def _record_original(session: Session, actor: User, one: Printed, copies: int) -> Refused | None:
    trail = session.get(PaperTrail, one.id)
    assert trail is not None
    hold(session, trail.agreement)
    session.refresh(trail.paper)
    if trail.paper.withdrawn_at is not None:
        return Refused(one.id, WITHDRAWN)
    if trail.statement is not None:
        note(
            session, actor, trail.agreement, "statement_printed",
            deed=trail.statement_id, title=trail.number, paper=1, copies=copies,
        )  # fmt: skip
        return None
    if trail.deed_paper is None:
        record_print(session, actor, trail.agreement, copies)
        return None
    deed = trail.deed_paper.deed
    session.expire(deed, ["papers"])
    if base.current_paper(deed) is None:
        return Refused(one.id, WITHDRAWN)
    life.record_print(session, actor, deed, copies)
    return None


def _content(session: Session, paper: AnyPaper) -> bytes | None:
    """The original, if file and data are those that were approved; None for a damaged one."""
    assert paper.document is not None
    content = b"".join(documents.pieces(session, paper.document))
    if sha256(content).hexdigest() != paper.document.sha256:
        return None
    if isinstance(paper, AgreementPaper):
        said = payload_sha256(stored(paper))
    elif isinstance(paper, Statement):
        said = statement_sha256(paper.data)
    else:
        kept = paper.payload
        said = deed_sha256({"values": kept["values"], "changes": kept["changes"], "after": kept["after"]})
    return content if said == paper.payload_sha256 else None


def _why_not(session: Session, agreement: Agreement) -> Refused:
    """Why there is no original, and what comes next."""
    if agreement.status is Status.VOID:
        return Refused(agreement.id, VOID)
    if agreement.status is Status.SUBMITTED:
        return _with_points(agreement, WAITING, obstacles(session, agreement))
    found = problems(session, agreement)
    was_approved = any(paper.withdrawn_at is not None for paper in agreement.papers)
    why = TAKEN_BACK if was_approved else DRAFT if found else COMPLETE
    return _with_points(agreement, why, [*found, *obstacles(session, agreement)])


def _with_points(agreement: Agreement, why: str, found: list[Problem]) -> Refused:
    points = [
        (
            problem.msgid,
            {name: audit.plain(value) for name, value in problem.params.items()},
            [name for name, value in problem.params.items() if isinstance(value, Msgid)],
        )
        for problem in found
    ]
    return Refused(agreement.id, why, points[:_TOLD], max(0, len(points) - _TOLD))
