"""A pile in figures: its one line, and the pages that somebody has to look at."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.price_protection.scans.groups import Group, Outcome
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanPile,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A pile in figures: papers first, then pages and files that somebody has to look at."""

    due: int
    filed: int
    ready: int
    incomplete: int
    old_version: int
    not_back: int
    unscanned: int
    # Filed by their scans, while the originals are not back.
    filed_out: int
    elsewhere: int
    doubled: int
    pages: int
    unplaced: int
    blank: int
    set_aside: int
    refused: int
    waiting: int


def summary_of(
    session: Session, pile: ScanPile, groups: Collection[Group], files: Collection[ScanFile]
) -> Summary:
    """The pile in one line; what is due is the sum of what follows it."""
    counted = Counter(group.outcome for group in groups)
    states = Counter(file.state for file in files)
    is_aside = ScanPage.set_aside_at.is_not(None).label("is_aside")
    marked = has_mark().label("marked")
    rows = session.execute(
        sa.select(ScanPage.kind, is_aside, marked, sa.func.count())
        .where(ScanPage.pile_id == pile.id)
        .group_by(ScanPage.kind, is_aside, marked)
    ).all()
    waiting = [(kind, count) for kind, aside, is_marked, count in rows if not aside and not is_marked]
    return Summary(
        due=sum(count for outcome, count in counted.items() if outcome is not Outcome.ELSEWHERE),
        filed=counted[Outcome.FILED],
        ready=counted[Outcome.READY],
        incomplete=counted[Outcome.INCOMPLETE],
        old_version=counted[Outcome.OLD_VERSION],
        not_back=counted[Outcome.NOT_BACK],
        unscanned=counted[Outcome.UNSCANNED],
        filed_out=sum(1 for group in groups if group.outcome is Outcome.FILED and group.is_out),
        elsewhere=counted[Outcome.ELSEWHERE],
        doubled=sum(1 for group in groups if group.doubled),
        pages=sum(count for *_rest, count in rows),
        unplaced=sum(count for kind, count in waiting if kind is not PageKind.BLANK),
        blank=sum(count for kind, count in waiting if kind is PageKind.BLANK),
        set_aside=sum(count for _kind, aside, _marked, count in rows if aside),
        refused=states[FileState.REFUSED],
        waiting=states[FileState.WAITING],
    )


def is_known() -> sa.ColumnElement[bool]:
    """Whether a mark is of a paper of this portal, and was not taken back."""
    return sa.and_(
        sa.or_(
            ScanMark.paper_id.is_not(None),
            ScanMark.deed_paper_id.is_not(None),
            ScanMark.statement_id.is_not(None),
        ),
        ScanMark.withdrawn_at.is_(None),
    )


def has_mark() -> sa.ColumnElement[bool]:
    """Whether a page is known to be of some paper."""
    return sa.exists().where(ScanMark.page_id == ScanPage.id, is_known()).correlate(ScanPage)
