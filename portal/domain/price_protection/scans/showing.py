"""What the pages about piles show: rows and pictures, without the records behind them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.jobs.models import ENDED, Job
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    Termination,
)
from portal.domain.price_protection.scans.counting import is_known
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
    """A page as it is shown: where it lies, and what its code says where nobody knows that."""

    id: int
    file_id: int
    filename: str
    no: int
    kind: PageKind
    has_preview: bool
    is_aside: bool
    code: str


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
                ScanMark.page_id.in_([page.id for page in found]),
                ScanMark.paper_id.is_(None),
                ScanMark.deed_paper_id.is_(None),
                ScanMark.statement_id.is_(None),
            )
        ).all()
    )
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
        )
        for page in found
    ]


@dataclass(frozen=True, slots=True)
class Said:
    """What a page is known to be: which paper's page, and who said so, if not its own code."""

    number: str
    page_no: int
    placed_by: str


def page_query(page: ScanPage) -> sa.Select[ScanPage]:
    """One page, for `pictures`."""
    return sa.select(ScanPage).join(ScanPage.file).where(ScanPage.id == page.id)


def marks_of(session: Session, page: ScanPage) -> list[Said]:
    """What a page is known to be."""
    rows = session.execute(
        sa.select(
            Agreement.number,
            Amendment.no,
            sa.func.coalesce(Termination.number, Statement.number).label("own"),
            ScanMark.page_no,
            User.name,
        )
        .select_from(ScanMark)
        .outerjoin(AgreementPaper, AgreementPaper.id == ScanMark.paper_id)
        .outerjoin(DeedPaper, DeedPaper.id == ScanMark.deed_paper_id)
        .outerjoin(Amendment, Amendment.id == DeedPaper.amendment_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
        .outerjoin(Statement, Statement.id == ScanMark.statement_id)
        .join(
            Agreement,
            Agreement.id
            == sa.func.coalesce(
                AgreementPaper.agreement_id,
                Amendment.agreement_id,
                Termination.agreement_id,
                Statement.agreement_id,
            ),
        )
        .outerjoin(User, User.id == ScanMark.placed_by_id)
        .where(ScanMark.page_id == page.id, is_known())
        .order_by(ScanMark.id)
    )
    return [
        Said(row.own or (f"{row.number}-S{row.no}" if row.no else row.number), row.page_no, row.name or "")
        for row in rows
    ]


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
