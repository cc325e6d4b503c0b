"""What came back: the pages of a pile by agreement, amendment, notice and statement, as the database has them."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.closing.models import Statement, StatementReply, StatementScan
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementScan,
    Amendment,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.scans.groups import Group, Leaf, What
from portal.domain.price_protection.scans.models import ScanFile, ScanMark, ScanPage, ScanPile, ScanReturn
from portal.domain.price_protection.trail.models import HOME, PaperKind, PaperTrail, Parcel
from portal.domain.price_protection.trail.out import (
    deed_id,
    is_not_back,
    joined,
    made_at,
    out_since,
    printed_at,
    withdrawn_at,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User

_WHAT = {
    PaperKind.AMENDMENT: What.AMENDMENT,
    PaperKind.NOTICE: What.NOTICE,
    PaperKind.STATEMENT: What.STATEMENT,
}
_owner = aliased(User, name="return_owner")
# Of what a paper is: the kind, and the id of the agreement, amendment, notice or statement.
_Key = tuple[What, int]


def groups_of(
    session: Session, viewer: User, pile: ScanPile, returns: Collection[int] | None = None
) -> list[Group]:
    """What the pile brought of every paper that was due or found, in the order of their numbers.

    Three questions, however many they are. `returns` narrows it to these rows of the pile (ScanReturn).
    """
    groups = {_key(group): group for group in _groups(session, viewer, pile, returns)}
    owners: dict[str, _Key] = {}
    for row in _papers(session, pile, returns):
        key = _paper_key(row)
        if key not in groups:
            continue
        owners[row.code] = key
        if row.withdrawn_at is None:
            group = groups[key]
            group.code, group.paper_no, group.pages = row.code, row.no, row.pages
            group.approved_at = row.made_at
            group.is_out, group.is_home = bool(row.is_out), row.stage in HOME
            group.out_since = out_since(row.sent_on, row.printed_at) if row.is_out else None
            group.courier, group.tracking = row.courier or "", row.tracking or ""
    for leaf in _leaves(session, viewer, pile, returns):
        group = groups[owners[leaf.code]]
        if group.code == leaf.code:
            group.leaves.append(leaf)
        elif leaf.is_here:
            group.old.append(leaf)
    for group in groups.values():
        group.leaves.sort(key=lambda leaf: (leaf.page_no, leaf.file_no, leaf.no))
    _mixed_up(groups.values())
    return [group for group in groups.values() if group.counts or not group.is_reached]


def _mixed_up(groups: Collection[Group]) -> None:
    """Say of each statement that lacks pages which of them lie here of another quarter's of the same agreement."""
    by_agreement: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        if group.is_statement and group.is_reached:
            by_agreement[group.agreement_id].append(group)
    for together in by_agreement.values():
        for group in together:
            lacking = set(group.missing) if group.leaves else set()
            group.mixed_up = [
                (other.number, page)
                for other in together
                if other is not group
                for page in other.here
                if page in lacking and (other.has_scan or other.missing or page in other.doubled)
            ]


def _key(group: Group) -> _Key:
    return group.what, group.deed_id or group.agreement_id


def _of_pile(column: Any, pile: ScanPile, returns: Collection[int] | None) -> sa.Select[int]:
    """The agreements themselves, the amendments, notices or statements of a pile, by the column that names them."""
    statement = sa.select(column).where(ScanReturn.pile_id == pile.id, column.is_not(None))
    if column is ScanReturn.agreement_id:
        others = (ScanReturn.amendment_id, ScanReturn.termination_id, ScanReturn.statement_id)
        statement = statement.where(*(other.is_(None) for other in others))
    return statement if returns is None else statement.where(ScanReturn.id.in_(returns))


def _groups(session: Session, viewer: User, pile: ScanPile, returns: Collection[int] | None) -> list[Group]:
    has_scan = sa.case(
        (
            ScanReturn.amendment_id.is_not(None),
            sa.exists().where(DeedScan.amendment_id == ScanReturn.amendment_id).correlate(ScanReturn),
        ),
        (
            ScanReturn.termination_id.is_not(None),
            sa.exists().where(DeedScan.termination_id == ScanReturn.termination_id).correlate(ScanReturn),
        ),
        (
            ScanReturn.statement_id.is_not(None),
            sa.exists().where(StatementScan.statement_id == ScanReturn.statement_id).correlate(ScanReturn),
        ),
        else_=sa.exists().where(AgreementScan.agreement_id == Agreement.id).correlate(Agreement),
    )
    # The newest answer to a statement counts.
    newest = (
        sa.select(sa.func.max(StatementReply.id))
        .where(StatementReply.statement_id == Statement.id)
        .correlate(Statement)
        .scalar_subquery()
    )
    of_funds = Region.id.in_(visible(viewer, Permission.FUNDS_READ))
    handles = Region.id.in_(visible(viewer, Permission.PAPERS_HANDLE))
    is_statement = ScanReturn.statement_id.is_not(None)
    statement = (
        sa.select(
            ScanReturn,
            Agreement.number,
            Agreement.status,
            Agreement.signed_on,
            Amendment.no,
            Amendment.status.label("amendment_status"),
            Amendment.signed_on.label("amended_on"),
            Termination.number.label("notice"),
            Termination.status.label("notice_status"),
            Termination.served_on,
            Statement.number.label("statement"),
            Statement.quarter,
            Statement.payload["account"].as_boolean().label("has_account"),
            StatementReply.fund.label("verdict"),
            StatementReply.received_on,
            Region.name.label("region"),
            Distributor.name.label("distributor"),
            Distributor.id.label("distributor_id"),
            _owner.id.label("owner_id"),
            _owner.name.label("owner"),
            sa.and_(
                Region.id.in_(visible(viewer, Permission.AGREEMENTS_READ)),
                sa.or_(sa.not_(is_statement), of_funds),
            ).label("is_reached"),
            sa.case(
                (is_statement, sa.and_(of_funds, handles)),
                else_=Region.id.in_(visible(viewer, Permission.AGREEMENTS_WRITE)),
            ).label("may_file"),
            has_scan.label("has_scan"),
        )
        .join(Agreement, Agreement.id == ScanReturn.agreement_id)
        .outerjoin(Amendment, Amendment.id == ScanReturn.amendment_id)
        .outerjoin(Termination, Termination.id == ScanReturn.termination_id)
        .outerjoin(Statement, Statement.id == ScanReturn.statement_id)
        .outerjoin(StatementReply, StatementReply.id == newest)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Agreement.region_id)
        .join(_owner, _owner.id == Distributor.owner_id)
        .where(ScanReturn.pile_id == pile.id)
        .order_by(Agreement.number, sa.func.coalesce(Amendment.no, 0), Termination.number, Statement.number)
    )
    if returns is not None:
        statement = statement.where(ScanReturn.id.in_(returns))
    return [_group(row) for row in session.execute(statement)]


def _group(row: Any) -> Group:
    said: ScanReturn = row.ScanReturn
    status: Status | DeedStatus | None
    deed_id: int | None
    if said.statement_id is not None:
        what, deed_id, number = What.STATEMENT, said.statement_id, row.statement
        status, day = None, row.received_on
    elif said.amendment_id is not None:
        what, deed_id, number = What.AMENDMENT, said.amendment_id, f"{row.number}-S{row.no}"
        status, day = row.amendment_status, row.amended_on
    elif said.termination_id is not None:
        what, deed_id, number = What.NOTICE, said.termination_id, row.notice
        status, day = row.notice_status, row.served_on
    else:
        what, deed_id, number = What.AGREEMENT, None, row.number
        status, day = row.status, row.signed_on
    return Group(
        return_id=said.id,
        what=what,
        agreement_id=said.agreement_id,
        deed_id=deed_id,
        number=number,
        status=status,
        region=row.region,
        distributor=row.distributor,
        distributor_id=row.distributor_id,
        owner_id=row.owner_id,
        owner=row.owner,
        is_due=said.is_due,
        has_scan=bool(row.has_scan),
        signed_on=day,
        own_signed_on=said.signed_on,
        served_how=said.served_how,
        served_note=said.served_note,
        filed_at=said.filed_at,
        refusal=said.refusal,
        refusal_params=dict(said.refusal_params),
        is_reached=bool(row.is_reached),
        may_file=bool(row.may_file),
        quarter=row.quarter or "",
        has_account=bool(row.has_account),
        verdict=row.verdict,
        ticked=dict(said.ticked or {}),
    )


def _paper_key(row: Any) -> _Key:
    if row.kind is PaperKind.AGREEMENT:
        return What.AGREEMENT, row.agreement_id
    return _WHAT[row.kind], row.deed_id


def _papers(session: Session, pile: ScanPile, returns: Collection[int] | None) -> list[Any]:
    """Every paper ever made of these and of what is written about the same agreements, and where its original is.

    Of statements those of the pile alone: an agreement gets one every quarter.
    """
    of = sa.select(ScanReturn.agreement_id).where(ScanReturn.pile_id == pile.id)
    if returns is not None:
        of = of.where(ScanReturn.id.in_(returns))
    own, deeds = AgreementPaper, DeedPaper
    statement = sa.select(
        PaperTrail.kind,
        PaperTrail.agreement_id,
        deed_id.label("deed_id"),
        sa.func.coalesce(own.code, deeds.code, Statement.code).label("code"),
        sa.func.coalesce(own.no, deeds.no, 1).label("no"),
        sa.func.coalesce(own.pages, deeds.pages, Statement.pages).label("pages"),
        made_at.label("made_at"),
        withdrawn_at.label("withdrawn_at"),
        is_not_back().label("is_out"),
        PaperTrail.stage,
        PaperTrail.sent_on,
        printed_at.label("printed_at"),
        Parcel.courier,
        Parcel.tracking,
    )
    statement = joined(statement).outerjoin(Parcel, Parcel.id == PaperTrail.parcel_id)
    stated = PaperTrail.statement_id.in_(_of_pile(ScanReturn.statement_id, pile, returns))
    return list(
        session.execute(
            statement.where(
                PaperTrail.agreement_id.in_(of), sa.or_(PaperTrail.kind != PaperKind.STATEMENT, stated)
            )
        )
    )


def _of_deeds(pile: ScanPile, returns: Collection[int] | None) -> sa.ColumnElement[bool]:
    """Whether a paper is of an amendment or a notice of the pile."""
    return sa.or_(
        DeedPaper.amendment_id.in_(_of_pile(ScanReturn.amendment_id, pile, returns)),
        DeedPaper.termination_id.in_(_of_pile(ScanReturn.termination_id, pile, returns)),
    )


def _leaves(session: Session, viewer: User, pile: ScanPile, returns: Collection[int] | None) -> list[Leaf]:
    """Every known page of these papers, of earlier piles too: what was missing comes later."""
    pages = (
        sa.select(
            ScanMark.id,
            ScanMark.page_id,
            ScanMark.page_no,
            ScanMark.code,
            ScanMark.placed_at,
            ScanPage.file_id,
            ScanPage.pile_id,
            ScanPage.no,
            ScanPage.quarter_turns,
            ScanPage.preview_id,
            ScanPile.region_id.in_(visible(viewer, Permission.AGREEMENTS_READ)).label("is_reached"),
            ScanFile.no.label("file_no"),
            ScanFile.filename,
        )
        .join(ScanPage, ScanPage.id == ScanMark.page_id)
        .join(ScanFile, ScanFile.id == ScanPage.file_id)
        .join(ScanPile, ScanPile.id == ScanPage.pile_id)
        .where(ScanMark.withdrawn_at.is_(None), ScanPage.set_aside_at.is_(None))
    )
    of_agreements = pages.join(AgreementPaper, AgreementPaper.id == ScanMark.paper_id).where(
        AgreementPaper.agreement_id.in_(_of_pile(ScanReturn.agreement_id, pile, returns))
    )
    of_deeds = pages.join(DeedPaper, DeedPaper.id == ScanMark.deed_paper_id).where(_of_deeds(pile, returns))
    of_statements = pages.where(ScanMark.statement_id.in_(_of_pile(ScanReturn.statement_id, pile, returns)))
    rows = session.execute(of_agreements.union_all(of_deeds, of_statements)).all()
    return [
        Leaf(
            mark_id=row.id,
            page_id=row.page_id,
            page_no=row.page_no,
            code=row.code,
            file_id=row.file_id,
            file_no=row.file_no,
            filename=row.filename,
            no=row.no,
            quarter_turns=row.quarter_turns,
            pile_id=row.pile_id,
            is_here=row.pile_id == pile.id,
            is_reached=bool(row.is_reached),
            is_placed=row.placed_at is not None,
            has_preview=row.preview_id is not None,
        )
        for row in sorted(rows, key=lambda row: (row.pile_id, row.file_no, row.no))
    ]
