"""What came back: the pages of a pile by agreement, what is missing, doubled or of a withdrawn version."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPaper,
    AgreementScan,
    Status,
)
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanMark,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class Outcome(StrEnum):
    """What a pile brought of one agreement."""

    FILED = "filed"
    READY = "ready"  # all pages of the paper in force are there
    INCOMPLETE = "incomplete"
    OLD_VERSION = "old_version"  # nothing but pages of a paper that was withdrawn or replaced
    NOT_BACK = "not_back"
    ELSEWHERE = "elsewhere"  # of an office that the viewer does not reach: its number and office, no more


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a paper, where it lies, and whether somebody put it there by hand."""

    mark_id: int
    page_id: int
    page_no: int
    paper_id: int
    file_id: int
    file_no: int
    filename: str
    no: int
    quarter_turns: int
    is_here: bool  # in this pile, not in an earlier one
    is_placed: bool
    has_preview: bool


@dataclass(slots=True)
class Group:
    """One agreement of a pile; `pages` are those of its paper in force."""

    return_id: int
    agreement_id: int
    number: str
    status: Status
    region: str
    distributor: str
    distributor_id: int
    owner_id: int
    owner: str
    is_due: bool
    has_scan: bool
    signed_on: date | None
    own_signed_on: date | None
    filed_at: datetime | None
    refusal: str
    refusal_params: dict[str, Any]
    paper_id: int | None
    paper_no: int | None
    approved_at: datetime | None
    pages: int
    is_reached: bool
    leaves: list[Leaf] = field(default_factory=list)  # of the paper in force, in order
    old: list[Leaf] = field(default_factory=list)  # of withdrawn or replaced papers

    @property
    def missing(self) -> list[int]:
        """The pages that nobody has seen yet."""
        seen = {leaf.page_no for leaf in self.leaves}
        return [number for number in range(1, self.pages + 1) if number not in seen]

    @property
    def doubled(self) -> list[int]:
        """The pages that lie in this pile more than once."""
        here = Counter(leaf.page_no for leaf in self.leaves if leaf.is_here)
        return sorted(number for number, count in here.items() if count > 1)

    @property
    def outcome(self) -> Outcome:
        """What is to be said of it, one thing only, so that the counts of a pile add up."""
        if not self.is_reached:
            return Outcome.ELSEWHERE
        if self.has_scan:
            return Outcome.FILED
        if self.status in BINDING and self.paper_id is not None:
            if self.leaves:
                return Outcome.INCOMPLETE if self.missing else Outcome.READY
            return Outcome.OLD_VERSION if self.old else Outcome.NOT_BACK
        return Outcome.OLD_VERSION if self.old else Outcome.NOT_BACK

    @property
    def counts(self) -> bool:
        """Whether it belongs to what is due back: what became void meanwhile and was not found does not."""
        if not self.is_reached:
            return False
        return self.outcome is not Outcome.NOT_BACK or self.status in BINDING

    def binding_order(self) -> list[Leaf]:
        """The pages as they are bound: one of each in order, then the doubled ones; a picture once only."""
        first: dict[int, Leaf] = {}
        spare: list[Leaf] = []
        for leaf in sorted(
            self.leaves, key=lambda leaf: (leaf.page_no, not leaf.is_here, leaf.file_no, leaf.no)
        ):
            if leaf.page_no in first:
                spare.append(leaf)
            else:
                first[leaf.page_no] = leaf
        order = {leaf.page_id: leaf for leaf in reversed([*first.values(), *spare])}
        return list(reversed(order.values()))


@dataclass(frozen=True, slots=True)
class Summary:
    """A pile in figures: agreements first, then pages and files that somebody has to look at."""

    due: int
    filed: int
    ready: int
    incomplete: int
    old_version: int
    not_back: int
    elsewhere: int
    doubled: int
    pages: int
    unplaced: int
    blank: int
    set_aside: int
    refused: int
    waiting: int


_owner = aliased(User, name="return_owner")


def groups_of(
    session: Session, viewer: User, pile: ScanPile, agreements: Collection[int] | None = None
) -> list[Group]:
    """What the pile brought of every agreement that was due or found, in the order of their numbers.

    Four questions, however many they are. `agreements` narrows it to these.
    """
    groups = {group.agreement_id: group for group in _agreements(session, viewer, pile, agreements)}
    current: dict[int, int] = {}
    owners: dict[int, int] = {}
    rows = session.execute(
        sa.select(
            AgreementPaper.id,
            AgreementPaper.agreement_id,
            AgreementPaper.no,
            AgreementPaper.pages,
            AgreementPaper.made_at,
            AgreementPaper.withdrawn_at,
        )
        .where(AgreementPaper.agreement_id.in_(_of_pile(pile, agreements)))
        .order_by(AgreementPaper.no)
    )
    for row in rows:
        owners[row.id] = row.agreement_id
        if row.withdrawn_at is None:
            group = groups[row.agreement_id]
            group.paper_id, group.paper_no, group.pages = row.id, row.no, row.pages
            group.approved_at = row.made_at
            current[row.agreement_id] = row.id
    for leaf in _leaves(session, pile, agreements):
        group = groups[owners[leaf.paper_id]]
        if current.get(group.agreement_id) == leaf.paper_id:
            group.leaves.append(leaf)
        elif leaf.is_here:
            group.old.append(leaf)
    for group in groups.values():
        group.leaves.sort(key=lambda leaf: (leaf.page_no, leaf.file_no, leaf.no))
    return [group for group in groups.values() if group.counts or not group.is_reached]


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
        elsewhere=counted[Outcome.ELSEWHERE],
        doubled=sum(1 for group in groups if group.doubled),
        pages=sum(count for *_rest, count in rows),
        unplaced=sum(count for kind, count in waiting if kind is not PageKind.BLANK),
        blank=sum(count for kind, count in waiting if kind is PageKind.BLANK),
        set_aside=sum(count for _kind, aside, _marked, count in rows if aside),
        refused=states[FileState.REFUSED],
        waiting=states[FileState.WAITING],
    )


def has_mark() -> sa.ColumnElement[bool]:
    """Whether a page is known to be of some agreement's paper."""
    return (
        sa.exists()
        .where(
            ScanMark.page_id == ScanPage.id,
            ScanMark.paper_id.is_not(None),
            ScanMark.withdrawn_at.is_(None),
        )
        .correlate(ScanPage)
    )


def _of_pile(pile: ScanPile, agreements: Collection[int] | None) -> sa.Select[int]:
    statement = sa.select(ScanReturn.agreement_id).where(ScanReturn.pile_id == pile.id)
    return statement if agreements is None else statement.where(ScanReturn.agreement_id.in_(agreements))


def _agreements(
    session: Session, viewer: User, pile: ScanPile, agreements: Collection[int] | None
) -> list[Group]:
    statement = (
        sa.select(
            ScanReturn,
            Agreement.number,
            Agreement.status,
            Agreement.signed_on,
            Region.name.label("region"),
            Distributor.name.label("distributor"),
            Distributor.id.label("distributor_id"),
            _owner.id.label("owner_id"),
            _owner.name.label("owner"),
            Region.id.in_(visible(viewer, Permission.AGREEMENTS_READ)).label("is_reached"),
            sa.exists()
            .where(AgreementScan.agreement_id == Agreement.id)
            .correlate(Agreement)
            .label("has_scan"),
        )
        .join(Agreement, Agreement.id == ScanReturn.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .where(ScanReturn.pile_id == pile.id)
        .order_by(Agreement.number)
    )
    if agreements is not None:
        statement = statement.where(ScanReturn.agreement_id.in_(agreements))
    return [
        Group(
            return_id=row.ScanReturn.id,
            agreement_id=row.ScanReturn.agreement_id,
            number=row.number,
            status=row.status,
            region=row.region,
            distributor=row.distributor,
            distributor_id=row.distributor_id,
            owner_id=row.owner_id,
            owner=row.owner,
            is_due=row.ScanReturn.is_due,
            has_scan=bool(row.has_scan),
            signed_on=row.signed_on,
            own_signed_on=row.ScanReturn.signed_on,
            filed_at=row.ScanReturn.filed_at,
            refusal=row.ScanReturn.refusal,
            refusal_params=dict(row.ScanReturn.refusal_params),
            paper_id=None,
            paper_no=None,
            approved_at=None,
            pages=0,
            is_reached=bool(row.is_reached),
        )
        for row in session.execute(statement)
    ]


def _leaves(session: Session, pile: ScanPile, agreements: Collection[int] | None) -> list[Leaf]:
    """Every known page of these agreements' papers, of earlier piles too: what was missing comes later."""
    rows = session.execute(
        sa.select(
            ScanMark.id,
            ScanMark.page_id,
            ScanMark.page_no,
            ScanMark.paper_id,
            ScanMark.placed_at,
            ScanPage.file_id,
            ScanPage.pile_id,
            ScanPage.no,
            ScanPage.quarter_turns,
            ScanPage.preview_id,
            ScanFile.no.label("file_no"),
            ScanFile.filename,
        )
        .join(ScanPage, ScanPage.id == ScanMark.page_id)
        .join(ScanFile, ScanFile.id == ScanPage.file_id)
        .join(AgreementPaper, AgreementPaper.id == ScanMark.paper_id)
        .where(
            AgreementPaper.agreement_id.in_(_of_pile(pile, agreements)),
            ScanMark.withdrawn_at.is_(None),
            ScanPage.set_aside_at.is_(None),
        )
        .order_by(ScanPage.pile_id, ScanFile.no, ScanPage.no)
    )
    return [
        Leaf(
            mark_id=row.id,
            page_id=row.page_id,
            page_no=row.page_no,
            paper_id=row.paper_id,
            file_id=row.file_id,
            file_no=row.file_no,
            filename=row.filename,
            no=row.no,
            quarter_turns=row.quarter_turns,
            is_here=row.pile_id == pile.id,
            is_placed=row.placed_at is not None,
            has_preview=row.preview_id is not None,
        )
        for row in rows
    ]
