"""未寄回: the one definition of what is not back yet; the list of originals, the workbench and the piles all ask it.

Not back is an original (P1b) that went out and whose signed copy has not come back: sent in a parcel whose copies are
still awaited, or printed to be signed without any record of seal or parcel. What lies at the seal or is packed has not
gone out. What was signed or served without a parcel was concluded where it lay: it is back. A scan is no original: what
was sent stays out however well it is scanned. Of a notice, which stays there, it is the proof of its service; of a
statement, which is printed by the hundred and then sent, whatever brings its answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import CHINA, today
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.closing.models import Statement, StatementScan
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    Amendment,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.trail.beginning import is_of
from portal.domain.price_protection.trail.models import HOME, AnyPaper, PaperKind, PaperTrail, Stage
from portal.domain.price_protection.trail.originals import PRINTED

withdrawn_at = sa.func.coalesce(AgreementPaper.withdrawn_at, DeedPaper.withdrawn_at)
# The amendment's, the notice's or the statement's id.
deed_id = sa.func.coalesce(DeedPaper.amendment_id, DeedPaper.termination_id, PaperTrail.statement_id)
made_at = sa.func.coalesce(AgreementPaper.made_at, DeedPaper.made_at, Statement.made_at)


def joined(statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """Trails with their agreements, their papers and what these are papers of."""
    return (
        statement.select_from(PaperTrail)
        .join(Agreement, Agreement.id == PaperTrail.agreement_id)
        .outerjoin(AgreementPaper, AgreementPaper.id == PaperTrail.paper_id)
        .outerjoin(DeedPaper, DeedPaper.id == PaperTrail.deed_paper_id)
        .outerjoin(Statement, Statement.id == PaperTrail.statement_id)
        .outerjoin(Amendment, Amendment.id == DeedPaper.amendment_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
    )


# All below are of `joined` rows.
is_waiting = sa.case(
    (PaperTrail.kind == PaperKind.AGREEMENT, Agreement.status == Status.APPROVED),
    (PaperTrail.kind == PaperKind.AMENDMENT, Amendment.status == DeedStatus.APPROVED),
    # Nobody asks a seal for a statement, and it is not out because it is printed.
    (PaperTrail.kind == PaperKind.STATEMENT, sa.false()),
    else_=Termination.status == DeedStatus.APPROVED,
)
is_in_force = sa.case(
    (PaperTrail.kind == PaperKind.AGREEMENT, Agreement.status == Status.SIGNED),
    (
        PaperTrail.kind == PaperKind.AMENDMENT,
        sa.and_(Amendment.status == DeedStatus.SIGNED, Agreement.status == Status.SIGNED),
    ),
    (PaperTrail.kind == PaperKind.STATEMENT, PaperTrail.stage.in_(HOME)),
    else_=Termination.status == DeedStatus.SERVED,
)
has_scan = sa.case(
    (
        PaperTrail.kind == PaperKind.AGREEMENT,
        sa.exists().where(AgreementScan.agreement_id == PaperTrail.agreement_id).correlate(PaperTrail),
    ),
    (
        PaperTrail.kind == PaperKind.STATEMENT,
        sa.exists().where(StatementScan.statement_id == PaperTrail.statement_id).correlate(PaperTrail),
    ),
    else_=sa.exists()
    .where(
        sa.or_(
            DeedScan.amendment_id == DeedPaper.amendment_id,
            DeedScan.termination_id == DeedPaper.termination_id,
        )
    )
    .correlate(DeedPaper),
)
_of_printing = (
    AgreementEvent.agreement_id == PaperTrail.agreement_id,
    AgreementEvent.kind == sa.case(*((PaperTrail.kind == kind, said) for kind, said in PRINTED.items())),
    # What was printed of an earlier paper is not this one.
    AgreementEvent.at >= made_at,
    sa.or_(PaperTrail.kind == PaperKind.AGREEMENT, AgreementEvent.params["deed"].as_integer() == deed_id),
)
_outer = (PaperTrail, AgreementPaper, DeedPaper, Statement)
is_printed = sa.exists().where(*_of_printing).correlate(*_outer)
_first_printed_at = (
    sa.select(sa.func.min(AgreementEvent.at)).where(*_of_printing).correlate(*_outer).scalar_subquery()
)
# For what went out without a parcel: since when.
printed_at = sa.case((PaperTrail.stage == Stage.NONE, _first_printed_at))
# Writes days and instants so that they sort, whatever the database.
out_since_order = sa.func.coalesce(sa.cast(PaperTrail.sent_on, sa.String), sa.cast(printed_at, sa.String))


def is_not_back(days: int = 0, on: date | None = None) -> sa.ColumnElement[bool]:
    """Whether a `joined` original is not back (see above), and has been out for at least so many days."""
    since = (on or today()) - timedelta(days=days)
    is_sent = sa.and_(PaperTrail.stage == Stage.SENT, PaperTrail.sent_on <= since)
    end = datetime.combine(since + timedelta(days=1), time.min, CHINA)
    is_handed_out = sa.and_(
        PaperTrail.stage == Stage.NONE, withdrawn_at.is_(None), is_waiting, _first_printed_at < end
    )
    return sa.or_(is_sent, is_handed_out)


def is_to_be_scanned() -> sa.ColumnElement[bool]:
    """Whether a `joined` paper in force lacks its scan: it is out, came back, or is signed or served and not over.

    A signed agreement that was never printed here was not sent: those of the time before the portal are nobody's to
    bring back, and there may be a hundred thousand of them.
    """
    ends_nothing = PaperTrail.kind.in_((PaperKind.NOTICE, PaperKind.STATEMENT))
    runs = sa.or_(ends_nothing, Agreement.ends_on >= today())
    is_ours = sa.or_(PaperTrail.kind != PaperKind.AGREEMENT, is_printed)
    is_home = sa.and_(is_waiting, PaperTrail.stage.in_(HOME))
    is_held = sa.or_(is_home, sa.and_(is_in_force, runs, is_ours))
    return sa.and_(withdrawn_at.is_(None), sa.or_(is_not_back(), is_held), sa.not_(has_scan))


def out_since(sent_on: date | None, printed: datetime | None) -> date | None:
    """The day (Asia/Shanghai) since which an original is out, of what the columns of these names say."""
    if sent_on is not None:
        return sent_on
    return printed.astimezone(CHINA).date() if printed is not None else None


def first_out(sent_on: date | None, printed: datetime | None) -> date | None:
    """The earlier of the two days; of the first sending and the first printing of many originals."""
    days = [day for day in (sent_on, out_since(None, printed)) if day is not None]
    return min(days) if days else None


@dataclass(frozen=True, slots=True)
class NotBack:
    """How many originals are not back, of how many owners, and since when the longest of them is out."""

    papers: int
    owners: int
    since: date


def count_not_back(
    session: Session, days: int, conditions: Sequence[sa.ColumnElement[bool]]
) -> NotBack | None:
    """What is not back for at least so many days, of the originals and their distributors that the conditions leave."""
    row = session.execute(
        joined(
            sa.select(
                sa.func.count().label("papers"),
                sa.func.count(sa.distinct(Distributor.owner_id)).label("owners"),
                sa.func.min(PaperTrail.sent_on).label("sent_on"),
                sa.func.min(printed_at).label("printed_at"),
            )
        )
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .where(is_not_back(days), *conditions)
    ).one()
    since = first_out(row.sent_on, row.printed_at)
    return NotBack(row.papers, row.owners, since) if since is not None else None


def with_days_out(session: Session, paper: AnyPaper) -> tuple[PaperTrail, int | None]:
    """The trail of a paper, and for how many days its original has been out; None when it is not."""
    statement = joined(sa.select(PaperTrail, printed_at.label("printed_at"), is_not_back().label("is_out")))
    row = session.execute(
        statement.where(is_of(paper)).options(
            joinedload(PaperTrail.application), joinedload(PaperTrail.parcel)
        )
    ).one()
    trail: PaperTrail = row.PaperTrail
    since = out_since(trail.sent_on, row.printed_at) if row.is_out else None
    return trail, (today() - since).days if since is not None else None
