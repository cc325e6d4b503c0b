"""Originals of many agreements for the post: which, in which order, to whom, and why some are left out (P1, P1b)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.papers.agreement import payload_sha256
from portal.domain.price_protection.defaults import distributor_values
from portal.domain.price_protection.models import Agreement, AgreementPaper, Status
from portal.domain.price_protection.payload import current_paper, stored
from portal.domain.price_protection.problems import Problem, obstacles, problems
from portal.domain.price_protection.queries import AgreementFilter, agreement_rows
from portal.domain.price_protection.steps import MOST_COPIES, hold, is_printable, record_print
from portal.domain.regions.models import Region
from portal.domain.text import pinyin
from portal.domain.users.models import User

KIND = "agreements.print"
MOST = 5_000  # agreements in one task
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
WITHDRAWN = N_("Its approval was withdrawn while this task ran. It is not in the file.")


class Form(StrEnum):
    """What comes out: one file for the printer, or each original as a file of its own."""

    PDF = "pdf"
    ZIP = "zip"


@dataclass(frozen=True)
class Order:
    """What is printed and how; `ids` are in mailing order.

    `repeats`: the file holds every copy, those of one agreement one after another, and is printed once.
    `fills_sheets`: each agreement begins on a sheet of its own when both sides are printed.
    """

    ids: Sequence[int]
    copies: int = 2
    form: Form = Form.PDF
    has_list: bool = True
    repeats: bool = False
    fills_sheets: bool = False

    @classmethod
    def of(cls, params: dict[str, Any]) -> "Order":
        """The order that a task's row keeps."""
        return cls(**{**params, "form": Form(params["form"])})


@dataclass(frozen=True)
class Letter:
    """An agreement as the post gets it: where it stands in the order, and whether there is an original."""

    id: int
    number: str
    status: Status
    office_id: int
    office: str
    company: str
    paper_id: int | None
    pages: int

    @property
    def is_ready(self) -> bool:
        """Whether there is an original to print."""
        return self.paper_id is not None


@dataclass(frozen=True)
class Addressed:
    """A letter with whom it goes to, as the register says today; without a contact, as the agreement says."""

    letter: Letter
    address: str
    recipient: str
    phone: str


@dataclass(frozen=True)
class Refused:
    """An agreement that is not printed: a sentence with what to do next, and what is missing or wrong in it.

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


def letters(
    session: Session,
    user: User | None,
    *,
    ids: Sequence[int] | None = None,
    wanted: AgreementFilter | None = None,
) -> list[Letter]:
    """These agreements, or those that a list's filter leaves, in mailing order, as far as `user` may print them.

    Without a user, of `ids` that are known to be printed.
    By office in the order of the tree, then province and city by their sound, address, and the distributor's code,
    so that what goes one way lies together. DomainError: more than MOST.
    """
    statement = (
        sa.select(
            Agreement.id,
            Agreement.number,
            Agreement.status,
            Region.id.label("office_id"),
            Region.name.label("office"),
            Region.path,
            Distributor.name.label("company"),
            Distributor.province,
            Distributor.city,
            Distributor.address,
            Distributor.code_key,
            AgreementPaper.id.label("paper_id"),
            AgreementPaper.pages,
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .outerjoin(
            AgreementPaper,
            sa.and_(AgreementPaper.agreement_id == Agreement.id, AgreementPaper.withdrawn_at.is_(None)),
        )
    )
    if user is not None:
        statement = statement.where(Agreement.region_id.in_(visible(user, _PERMISSION)))
    if user is not None and ids is None:
        chosen = agreement_rows(session, user, wanted).with_only_columns(Agreement.id).order_by(None)
        statement = statement.where(Agreement.id.in_(chosen))
    else:
        statement = statement.where(Agreement.id.in_(ids or ()))
    rows = session.execute(statement.limit(MOST + 1)).all()
    if len(rows) > MOST:
        raise DomainError(
            N_(
                "At most %(most)s agreements are printed in one task. Narrow the list, by office for instance."
            ),
            most=f"{MOST:,}",
        )
    sounds = {place: pinyin(place).full for row in rows for place in (row.province, row.city)}
    rows = sorted(
        rows,
        key=lambda row: (
            row.path,
            sounds[row.province],
            sounds[row.city],
            row.address,
            row.code_key,
            row.number,
        ),
    )
    return [
        Letter(
            row.id,
            row.number,
            row.status,
            row.office_id,
            row.office,
            row.company,
            row.paper_id if row.status not in (Status.DRAFT, Status.SUBMITTED, Status.VOID) else None,
            row.pages or 0,
        )
        for row in rows
    ]


def order(session: Session, actor: User, wanted: Order, *, title: str = "") -> Job:
    """Ask for the printing; the caller commits and starts the task. DomainError: nothing to print, or copies."""
    if not wanted.ids:
        raise DomainError(N_("Select approved agreements; a draft has no original yet."))
    if not 1 <= wanted.copies <= MOST_COPIES:
        raise DomainError("Print between 1 and %(most)s copies.", field="copies", most=MOST_COPIES)
    return jobs.enqueue(session, actor, KIND, title=title, total=len(wanted.ids), **asdict(wanted))


def rest(session: Session, job: Job) -> list[int]:
    """The agreements of a task that it did not print: left when it was cancelled, or refused."""
    papers = job.result.get("papers", [])
    done = set(session.scalars(sa.select(AgreementPaper.agreement_id).where(AgreementPaper.id.in_(papers))))
    return [id for id in job.params["ids"] if id not in done]


def withdrawn_since(session: Session, user: User, job: Job) -> list[Agreement]:
    """The agreements in a task's file whose approval was withdrawn since: their paper must not go to the post."""
    statement = (
        sa.select(Agreement)
        .join(AgreementPaper, AgreementPaper.agreement_id == Agreement.id)
        .where(
            AgreementPaper.id.in_(job.result.get("papers", [])),
            AgreementPaper.withdrawn_at.is_not(None),
            Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
        )
        .order_by(Agreement.number)
    )
    return list(session.scalars(statement))


def is_readable(session: Session, user: User, job: Job) -> bool:
    """Whether `user` may read every original in a task's file."""
    hidden = (
        sa.select(AgreementPaper.id)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .where(
            AgreementPaper.id.in_(job.result.get("papers", [])),
            Agreement.region_id.not_in(visible(user, Permission.AGREEMENTS_READ)),
        )
    )
    return session.scalar(hidden.limit(1)) is None


def take(session: Session, actor: User, ids: Sequence[int]) -> tuple[list[Printed], list[Refused]]:
    """The originals of these agreements, whole and as approved, and why others have none; writes nothing."""
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


def take_again(session: Session, told: Sequence[tuple[int, int, int]]) -> tuple[list[Printed], list[Refused]]:
    """What was recorded as printed before, for the file of another run: (agreement, paper, pages) each."""
    papers = {
        paper.id: paper
        for paper in session.scalars(
            sa.select(AgreementPaper).where(
                AgreementPaper.id.in_([paper_id for _id, paper_id, _pages in told])
            )
        )
    }
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
    session: Session, actor: User, ready: Sequence[Printed], copies: int
) -> tuple[list[Printed], list[Refused]]:
    """Write the printing down on each agreement, which is locked and looked at again; the caller commits."""
    done, refused = [], []
    for one in ready:
        agreement = session.get(Agreement, one.id)
        assert agreement is not None
        session.expire(agreement, ["papers"])
        hold(session, agreement)
        paper = current_paper(agreement)
        if paper is None or not is_printable(agreement):
            refused.append(_why_not(session, agreement))
        elif paper.id != one.paper_id:
            refused.append(Refused(one.id, ANEW))
        else:
            record_print(session, actor, agreement, copies)
            done.append(one)
    return done, refused


def addressed(session: Session, letters: Sequence[Letter]) -> Iterator[Addressed]:
    """Where each letter goes, in their order; some hundreds are held at a time."""
    for start in range(0, len(letters), 200):
        part = letters[start : start + 200]
        rows = session.execute(
            sa.select(Agreement, Distributor, AgreementPaper)
            .join(Distributor, Distributor.id == Agreement.distributor_id)
            .join(AgreementPaper, AgreementPaper.agreement_id == Agreement.id)
            .where(AgreementPaper.id.in_([letter.paper_id for letter in part]))
            .options(selectinload(Distributor.contacts), selectinload(Distributor.phones))
        )
        known = {agreement.id: (distributor, paper) for agreement, distributor, paper in rows}
        for letter in part:
            distributor, paper = known[letter.id]
            now, agreed = distributor_values(distributor), stored(paper)["values"]
            recipient = str(now.get("distributor_contact") or agreed.get("distributor_contact") or "")
            phone = str(now.get("distributor_phone") or agreed.get("distributor_phone") or "")
            address = _postal(distributor) or str(agreed.get("distributor_address") or "")
            yield Addressed(letter, address, recipient, phone)
        session.expunge_all()


def sender(session: Session, letters: Sequence[Letter]) -> str:
    """Party A of the first letter, as it was approved."""
    paper = session.get(AgreementPaper, letters[0].paper_id)
    assert paper is not None
    return str(stored(paper)["values"].get("manufacturer_name") or "")


def _postal(distributor: Distributor) -> str:
    """Province, city and street in one line, none of them twice."""
    if not distributor.address:
        return ""
    found = distributor.address
    for part in (distributor.city, distributor.province):
        if part and part not in found:
            found = part + found
    return found


def _content(session: Session, paper: AgreementPaper) -> bytes | None:
    """The original, if file and data are those that were approved; None for a damaged one."""
    content = b"".join(documents.pieces(session, paper.document))
    is_whole = sha256(content).hexdigest() == paper.document.sha256
    return content if is_whole and payload_sha256(stored(paper)) == paper.payload_sha256 else None


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
