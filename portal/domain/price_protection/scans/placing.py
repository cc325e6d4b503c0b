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
from portal.domain.price_protection.models import BINDING, Agreement, AgreementPaper
from portal.domain.price_protection.scans.grouping import has_mark
from portal.domain.price_protection.scans.models import (
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from portal.domain.price_protection.scans.reading import note_agreement
from portal.domain.price_protection.verification import normal_code
from portal.domain.users.models import User

MOST_FOUND = 12


@dataclass(frozen=True, slots=True)
class Place:
    """An agreement's paper where a page may belong; `page_no` is given where its neighbours tell."""

    paper_id: int
    number: str
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
    """The papers in force that words find: a check code, an agreement's number or a part of it, a distributor."""
    words = words.strip()
    if not words:
        return []
    typed = normal_code(words)
    part = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    plain = sa.func.replace(sa.func.upper(Agreement.number), "-", "")
    found: list[Any] = [AgreementPaper.code == typed]
    if part:
        found.append(plain.like(f"%{part}%", escape="\\"))
    matching = search.matching(session, words)
    if matching is not None:
        found.append(Agreement.distributor_id.in_(matching))
    rows = session.execute(
        _papers(actor).where(sa.or_(*found)).order_by(Agreement.number.desc()).limit(MOST_FOUND)
    )
    return [Place(row.id, row.number, row.name, row.pages) for row in rows]


def _papers(actor: User) -> sa.Select[int, str, str, int]:
    return (
        sa.select(AgreementPaper.id, Agreement.number, Distributor.name, AgreementPaper.pages)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(
            AgreementPaper.withdrawn_at.is_(None),
            Agreement.status.in_(BINDING),
            Agreement.region_id.in_(visible(actor, Permission.AGREEMENTS_WRITE)),
        )
    )


def suggestions(session: Session, actor: User, page_ids: Collection[int]) -> dict[int, Place]:
    """Where pages belong by their neighbours: behind page 2 of a paper, before its page 4, lies page 3.

    By page's id; three questions, however many they are.
    """
    if not page_ids:
        return {}
    near = aliased(ScanPage)
    rows = session.execute(
        sa.select(ScanPage.id, ScanMark.paper_id, (ScanMark.page_no + ScanPage.no - near.no).label("page_no"))
        .join(near, sa.and_(near.file_id == ScanPage.file_id, sa.func.abs(near.no - ScanPage.no) == 1))
        .join(ScanMark, ScanMark.page_id == near.id)
        .where(ScanPage.id.in_(page_ids), ScanMark.paper_id.is_not(None), ScanMark.withdrawn_at.is_(None))
        .order_by(ScanPage.id, near.no)
    ).all()
    wanted = {row.paper_id for row in rows}
    papers = {row.id: row for row in session.execute(_papers(actor).where(AgreementPaper.id.in_(wanted)))}
    taken = set(
        session.execute(
            sa.select(ScanMark.paper_id, ScanMark.page_no).where(
                ScanMark.paper_id.in_(wanted), ScanMark.withdrawn_at.is_(None)
            )
        )
    )
    found: dict[int, Place] = {}
    for row in rows:
        paper = papers.get(row.paper_id)
        if paper is None or not 1 <= row.page_no <= paper.pages or (paper.id, row.page_no) in taken:
            continue
        found.setdefault(row.id, Place(paper.id, paper.number, paper.name, paper.pages, row.page_no))
    return found


def place(
    session: Session,
    actor: User,
    pile: ScanPile,
    page: ScanPage,
    *,
    paper_id: int | None,
    page_no: int | None,
) -> ScanMark:
    """Say that a page is this paper's page of this number; who may file that agreement may say so."""
    lock(session, page)
    found = (
        session.execute(_papers(actor).where(AgreementPaper.id == paper_id)).one_or_none()
        if paper_id is not None
        else None
    )
    if found is None:
        raise DomainError("Choose the agreement that the page belongs to.", field="paper")
    if page_no is None or not 1 <= page_no <= found.pages:
        raise DomainError(
            "This agreement has pages 1 to %(pages)s. Say which one it is.",
            field="page_no",
            pages=found.pages,
        )
    _refuse_marked(session, page)
    paper = session.get_one(AgreementPaper, found.id)
    mark = ScanMark(
        page_id=page.id,
        code=paper.code,
        page_no=page_no,
        paper_id=paper.id,
        placed_at=now(),
        placed_by_id=actor.id,
    )
    session.add(mark)
    page.set_aside_at = page.set_aside_by_id = None
    note_agreement(session, pile.id, paper.agreement_id)
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
        _refuse_filed(session, pile, mark)
        mark.withdrawn_at, mark.withdrawn_by_id = now(), actor.id
    page.set_aside_at = page.set_aside_by_id = None
    _say(session, actor, pile, page, "scan_pile.page_taken_back")


def set_aside(session: Session, actor: User, pile: ScanPile, page: ScanPage) -> None:
    """Say that a page is of no agreement: a covering letter, a stray sheet. It is kept with the pile."""
    lock(session, page)
    _refuse_marked(session, page)
    page.set_aside_at, page.set_aside_by_id = now(), actor.id
    _say(session, actor, pile, page, "scan_pile.page_set_aside")


def _refuse_marked(session: Session, page: ScanPage) -> None:
    has = session.scalar(
        sa.select(ScanMark.id)
        .where(ScanMark.page_id == page.id, ScanMark.paper_id.is_not(None), ScanMark.withdrawn_at.is_(None))
        .limit(1)
    )
    if has is not None:
        raise DomainError(N_("This page has its place already. Take it back first."))


def _refuse_filed(session: Session, pile: ScanPile, mark: ScanMark) -> None:
    filed = session.scalar(
        sa.select(ScanReturn.filed_at)
        .join(AgreementPaper, AgreementPaper.agreement_id == ScanReturn.agreement_id)
        .where(ScanReturn.pile_id == pile.id, AgreementPaper.id == mark.paper_id)
    )
    if filed is not None:
        raise DomainError(N_("The agreement has been filed with this page; it stays where it is."))


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
