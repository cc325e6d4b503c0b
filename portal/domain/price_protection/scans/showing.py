"""What the pages about piles show: rows and pictures, without the records behind them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.jobs.models import ENDED, Job
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    Termination,
)
from portal.domain.price_protection.scans.models import (
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as it is shown: where it lies, and what its code says where that is of no agreement's paper."""

    id: int
    file_id: int
    filename: str
    no: int
    kind: PageKind
    has_preview: bool
    is_aside: bool
    code: str
    # The amendment or notice that the code is of, as files and lists call it, and its agreement.
    deed: str
    deed_agreement_id: int | None


def pile_rows(user: User) -> sa.Select[*tuple[Any, ...]]:
    """The columns of the list of piles that a user sees."""
    return (
        sa.select(
            ScanPile.id,
            ScanPile.at,
            Region.name.label("region"),
            User.name.label("by"),
            _count(ScanFile.pile_id).label("files"),
            _count(ScanPage.pile_id).label("pages"),
            _count(ScanReturn.pile_id, ScanReturn.filed_at.is_not(None)).label("filed"),
        )
        .join(Region, Region.id == ScanPile.region_id)
        .join(User, User.id == ScanPile.by_id)
        .where(ScanPile.region_id.in_(visible(user, Permission.AGREEMENTS_READ)))
    )


def _count(of: Any, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count()).where(of == ScanPile.id, *conditions).correlate(ScanPile).scalar_subquery()
    )


def pictures(session: Session, pages: sa.Select[ScanPage]) -> list[Picture]:
    """The pages that a statement gives, joined with their files, as pictures."""
    found = session.scalars(pages.options(contains_eager(ScanPage.file))).all()
    if not found:
        return []
    codes: dict[int, str] = dict(
        session.execute(
            sa.select(ScanMark.page_id, ScanMark.code).where(
                ScanMark.page_id.in_([page.id for page in found]), ScanMark.paper_id.is_(None)
            )
        ).all()
    )
    deeds = _deeds(session, set(codes.values()))
    return [
        Picture(
            id=page.id,
            file_id=page.file_id,
            filename=page.file.filename,
            no=page.no,
            kind=page.kind,
            has_preview=page.preview_id is not None,
            is_aside=page.set_aside_at is not None,
            code=codes.get(page.id, ""),
            deed=deeds.get(codes.get(page.id, ""), ("", None))[0],
            deed_agreement_id=deeds.get(codes.get(page.id, ""), ("", None))[1],
        )
        for page in found
    ]


def _deeds(session: Session, codes: set[str]) -> dict[str, tuple[str, int | None]]:
    """The amendments and notices whose papers bear these codes, by code: title and agreement."""
    if not codes:
        return {}
    papers = session.scalars(
        sa.select(DeedPaper)
        .where(DeedPaper.code.in_(codes))
        .options(
            selectinload(DeedPaper.amendment).selectinload(Amendment.agreement),
            selectinload(DeedPaper.termination).selectinload(Termination.agreement),
        )
    )
    return {paper.code: (paper.deed.title, paper.deed.agreement_id) for paper in papers}


@dataclass(frozen=True, slots=True)
class Said:
    """What a page is known to be: which agreement's page, and who said so, if not its own code."""

    agreement_id: int
    number: str
    page_no: int
    placed_by: str


def page_query(page: ScanPage) -> sa.Select[ScanPage]:
    """One page, for `pictures`."""
    return sa.select(ScanPage).join(ScanPage.file).where(ScanPage.id == page.id)


def marks_of(session: Session, page: ScanPage) -> list[Said]:
    """What a page is known to be."""
    rows = session.execute(
        sa.select(Agreement.id, Agreement.number, ScanMark.page_no, User.name)
        .select_from(ScanMark)
        .join(AgreementPaper, AgreementPaper.id == ScanMark.paper_id)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .outerjoin(User, User.id == ScanMark.placed_by_id)
        .where(ScanMark.page_id == page.id, ScanMark.withdrawn_at.is_(None))
        .order_by(ScanMark.id)
    )
    return [Said(row.id, row.number, row.page_no, row.name or "") for row in rows]


def file_rows(session: Session, pile: ScanPile) -> list[ScanFile]:
    """The files of a pile in their order."""
    return list(session.scalars(sa.select(ScanFile).where(ScanFile.pile_id == pile.id).order_by(ScanFile.no)))


def running_jobs(session: Session, pile: ScanPile) -> list[Job]:
    """What is being read of a pile, or waits to be."""
    return list(
        session.scalars(
            sa.select(Job).where(
                Job.id.in_(sa.select(ScanFile.job_id).where(ScanFile.pile_id == pile.id)),
                Job.state.not_in(ENDED),
            )
        )
    )
