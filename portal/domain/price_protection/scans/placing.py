"""Pages that no machine could read: found a place by hand, set aside, and taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import lock, now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors import search
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    DeedStatus,
    Termination,
)
from portal.domain.price_protection.scans.counting import has_mark, is_known
from portal.domain.price_protection.scans.models import PageKind, ScanFile, ScanMark, ScanPage, ScanPile
from portal.domain.price_protection.scans.reading import belongs, is_filed, note_return, papers_by_code
from portal.domain.price_protection.verification import normal_code
from portal.domain.users.models import User

MOST_FOUND = 12
# An amendment or a notice of these has a paper in force.
OUT = (DeedStatus.APPROVED, DeedStatus.SIGNED, DeedStatus.SERVED)


@dataclass(frozen=True, slots=True)
class Place:
    """A paper where a page may belong, by its check code; `page_no` is given where its neighbours tell."""

    code: str
    number: str
    agreement: str
    distributor: str
    pages: int
    page_no: int | None = None


def unplaced(pile: ScanPile) -> sa.Select[ScanPage]:
    """The pages of a pile that wait for somebody to look at them, in the order they were laid."""
    return (
        sa.select(ScanPage)
        .join(ScanPage.file)
        .where(
            ScanPage.pile_id == pile.id,
            ScanPage.set_aside_at.is_(None),
            ScanPage.kind != PageKind.BLANK,
            ~has_mark(),
        )
        .order_by(ScanFile.no, ScanPage.no)
    )


def pages_besides(pile: ScanPile) -> sa.Select[ScanPage]:
    """The pages that count for nothing: blank ones, and those that somebody set aside."""
    return (
        sa.select(ScanPage)
        .join(ScanPage.file)
        .where(
            ScanPage.pile_id == pile.id,
            sa.or_(ScanPage.set_aside_at.is_not(None), sa.and_(ScanPage.kind == PageKind.BLANK, ~has_mark())),
        )
        .order_by(ScanFile.no, ScanPage.no)
    )


def places(session: Session, actor: User, words: str) -> list[Place]:
    """The papers in force that words find: a check code, a number or a part of it, a distributor, pinyin too."""
    words = words.strip()
    if not words:
        return []
    typed = normal_code(words)
    part = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    papers = _papers(actor)
    found: list[Any] = [papers.c.code == typed]
    if part:
        for number in (papers.c.number, papers.c.agreement):
            found.append(sa.func.replace(sa.func.upper(number), "-", "").like(f"%{part}%", escape="\\"))
    matching = search.matching(session, words)
    if matching is not None:
        found.append(papers.c.distributor_id.in_(matching))
    rows = session.execute(
        sa.select(papers)
        .where(sa.or_(*found))
        .order_by(papers.c.agreement.desc(), papers.c.number.desc())
        .limit(MOST_FOUND)
    )
    return [Place(row.code, row.number, row.agreement, row.name, row.pages) for row in rows]


def _papers(actor: User) -> sa.Subquery:
    """The papers in force of agreements, amendments and notices, and the statements, that this user files.

    Code, number, pages.
    """
    may_file = Agreement.region_id.in_(visible(actor, Permission.AGREEMENTS_WRITE))
    about = (Agreement.distributor_id, Distributor.name, Agreement.number.label("agreement"))
    agreements = (
        sa.select(AgreementPaper.code, Agreement.number, AgreementPaper.pages, *about)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(AgreementPaper.withdrawn_at.is_(None), Agreement.status.in_(BINDING), may_file)
    )
    amended = Agreement.number + "-S" + sa.cast(Amendment.no, sa.String)
    deeds = (
        sa.select(DeedPaper.code, sa.func.coalesce(Termination.number, amended), DeedPaper.pages, *about)
        .outerjoin(Amendment, Amendment.id == DeedPaper.amendment_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
        .join(Agreement, Agreement.id == sa.func.coalesce(Amendment.agreement_id, Termination.agreement_id))
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            DeedPaper.withdrawn_at.is_(None),
            sa.func.coalesce(Amendment.status, Termination.status).in_(OUT),
            may_file,
        )
    )
    may_take = (
        Agreement.region_id.in_(visible(actor, permission))
        for permission in (Permission.PAPERS_HANDLE, Permission.FUNDS_READ)
    )
    statements = (
        sa.select(Statement.code, Statement.number, Statement.pages, *about)
        .join(Agreement, Agreement.id == Statement.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(Statement.document_id.is_not(None), *may_take)
    )
    return agreements.union_all(deeds, statements).subquery("papers")


def suggestions(session: Session, actor: User, page_ids: Collection[int]) -> dict[int, Place]:
    """Where pages belong by their neighbours: behind page 2 of a paper, before its page 4, lies page 3.

    By page's id; three questions, however many they are.
    """
    if not page_ids:
        return {}
    near = aliased(ScanPage)
    rows = session.execute(
        sa.select(ScanPage.id, ScanMark.code, (ScanMark.page_no + ScanPage.no - near.no).label("page_no"))
        .join(near, sa.and_(near.file_id == ScanPage.file_id, sa.func.abs(near.no - ScanPage.no) == 1))
        .join(ScanMark, ScanMark.page_id == near.id)
        .where(ScanPage.id.in_(page_ids), is_known())
        .order_by(ScanPage.id, near.no)
    ).all()
    wanted = {row.code for row in rows}
    papers = _papers(actor)
    known = {row.code: row for row in session.execute(sa.select(papers).where(papers.c.code.in_(wanted)))}
    taken = {
        (row.code, row.page_no)
        for row in session.execute(
            sa.select(ScanMark.code, ScanMark.page_no).where(ScanMark.code.in_(wanted), is_known())
        )
    }
    found: dict[int, Place] = {}
    for row in rows:
        paper = known.get(row.code)
        if paper is None or not 1 <= row.page_no <= paper.pages or (row.code, row.page_no) in taken:
            continue
        found.setdefault(
            row.id, Place(row.code, paper.number, paper.agreement, paper.name, paper.pages, row.page_no)
        )
    return found


def place(
    session: Session,
    actor: User,
    pile: ScanPile,
    page: ScanPage,
    *,
    code: str,
    page_no: int | None,
) -> ScanMark:
    """Say that a page is the page of this number of the paper with this code; who may file that may say so."""
    lock(session, page)
    papers = _papers(actor)
    found = session.execute(sa.select(papers).where(papers.c.code == code)).one_or_none()
    if found is None:
        raise DomainError("Choose the paper that the page belongs to.", field="paper")
    if page_no is None or not 1 <= page_no <= found.pages:
        raise DomainError(
            "This paper has pages 1 to %(pages)s. Say which one it is.",
            field="page_no",
            pages=found.pages,
        )
    _refuse_marked(session, page)
    paper = papers_by_code(session, [code])[code]
    mark = ScanMark(page_id=page.id, code=code, page_no=page_no, placed_at=now(), placed_by_id=actor.id)
    belongs(mark, paper)
    session.add(mark)
    page.set_aside_at = page.set_aside_by_id = None
    note_return(session, pile.id, paper)
    _say(session, actor, pile, page, "scan_pile.page_placed", number=found.number, paper_page=page_no)
    return mark


def take_back(session: Session, actor: User, pile: ScanPile, page: ScanPage) -> None:
    """Undo what was said by hand of a page: it waits again. What its own code says stays."""
    lock(session, page)
    marks = session.scalars(
        sa.select(ScanMark).where(
            ScanMark.page_id == page.id, ScanMark.placed_at.is_not(None), ScanMark.withdrawn_at.is_(None)
        )
    ).all()
    if not marks and page.set_aside_at is None:
        raise DomainError(N_("Nobody placed this page by hand; its own code says what it is."))
    for mark in marks:
        _refuse_filed(session, mark)
        mark.withdrawn_at, mark.withdrawn_by_id = now(), actor.id
    page.set_aside_at = page.set_aside_by_id = None
    _say(session, actor, pile, page, "scan_pile.page_taken_back")


def set_aside(session: Session, actor: User, pile: ScanPile, page: ScanPage) -> None:
    """Say that a page is of none of our papers: a covering letter, a stray sheet. It is kept with the pile."""
    lock(session, page)
    _refuse_marked(session, page)
    page.set_aside_at, page.set_aside_by_id = now(), actor.id
    _say(session, actor, pile, page, "scan_pile.page_set_aside")


def _refuse_marked(session: Session, page: ScanPage) -> None:
    if session.scalar(sa.select(ScanMark.id).where(ScanMark.page_id == page.id, is_known()).limit(1)):
        raise DomainError(N_("This page has its place already. Take it back first."))


def _refuse_filed(session: Session, mark: ScanMark) -> None:
    if is_filed(session, papers_by_code(session, [mark.code])[mark.code]):
        raise DomainError(N_("It has been filed with this page; it stays where it is."))


def _say(session: Session, actor: User, pile: ScanPile, page: ScanPage, action: str, **facts: Any) -> None:
    audit.record(
        session,
        actor,
        action,
        pile,
        region_id=pile.region_id,
        file=page.file.filename,
        file_page=page.no,
        **facts,
    )
