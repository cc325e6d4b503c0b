"""Which cases a user sees, and how much of each (P5): the row is the query's, the reporter nobody's."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.funds.suspending import case_part
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.violations.ending import left_of
from portal.domain.price_protection.violations.models import (
    BEFORE_OPENING,
    BEFORE_SERVICE,
    Case,
    Investigator,
    State,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import User

# Kept from the timeline that everybody reads: who looked at what is sealed concerns the audit trail alone, and that
# somebody was awarded says that there was a reporter who could be.
_ONLY_AUDITED = (
    "case.reporter_seen",
    "case.sealed_facts_changed",
    "case.payee_seen",
    "case.payer_named",
    "case.award_paid",
    "case.award_taken_back",
    "case.judgment_seen",
)


def cases_visible_to(user: User) -> sa.Select[Case]:
    """The cases a user may see.

    Named investigators see theirs from the first day. Before a case is opened, whoever investigates in the office sees
    that there is one to take up; managers, counsel and auditors see it from its opening on; the sales people of the
    accused, and finance, only once the accused itself knows of it.
    """
    mine = sa.select(Investigator.case_id).where(
        Investigator.user_id == user.id, Investigator.left_at.is_(None)
    )
    return sa.select(Case).where(
        sa.or_(
            Case.id.in_(mine),
            sa.and_(
                Case.state == State.REPORTED,
                Case.region_id.in_(visible(user, Permission.CASES_INVESTIGATE)),
            ),
            sa.and_(
                Case.state.not_in(BEFORE_OPENING), Case.region_id.in_(visible(user, Permission.CASES_READ))
            ),
            sa.and_(
                Case.state.not_in(BEFORE_SERVICE),
                Case.notified_on.is_not(None),
                Case.region_id.in_(visible(user, Permission.CASES_FOLLOW)),
            ),
        )
    )


def visible_case(session: Session, user: User, code: str) -> Case | None:
    """The case of this code, if the user may see it."""
    return session.scalar(cases_visible_to(user).where(Case.code == code))


def timeline(session: Session, user: User, case: Case) -> list[AuditEvent]:
    """What happened in the case, newest first; what came before its opening is for its investigators."""
    events = audit.history(case).where(AuditEvent.action.not_in(_ONLY_AUDITED))
    if not case.is_investigator(user):
        opened = (
            sa.select(sa.func.min(AuditEvent.id))
            .where(
                AuditEvent.subject == "violation_case",
                AuditEvent.subject_id == case.id,
                AuditEvent.action == "case.opened",
            )
            .scalar_subquery()
        )
        events = events.where(AuditEvent.id >= opened)
    return list(session.scalars(events))


def rows(user: User, *, q: str = "", state: State | None = None) -> sa.Select[*tuple[object, ...]]:
    """The list of cases that the user sees, by number, agreement or distributor, and by state."""
    ids = cases_visible_to(user).with_only_columns(Case.id)
    statement = (
        sa.select(
            Case.id,
            Case.code,
            Case.number,
            Case.state,
            Case.kind,
            Case.quarter,
            Case.opened_on,
            Case.notified_on,
            Agreement.number.label("agreement_number"),
            Distributor.name.label("distributor_name"),
            Region.name.label("region_name"),
        )
        .join(Agreement, Agreement.id == Case.agreement_id)
        .join(Distributor, Distributor.id == Agreement.distributor_id)
        .join(Region, Region.id == Case.region_id)
        .where(Case.id.in_(ids))
    )
    if q:
        like = f"%{q.replace('%', '').replace('_', '')}%"
        statement = statement.where(
            sa.or_(
                Case.number.ilike(like),
                Agreement.number.ilike(like),
                Distributor.name.ilike(like),
                Distributor.code.ilike(like),
            )
        )
    return statement.where(Case.state == state) if state is not None else statement


def exported(
    session: Session, user: User, *, q: str = "", state: State | None = None
) -> list[tuple[Case, int | None, int | None]]:
    """The opened cases that the user sees, with what was deducted and what is left of it, in fen.

    A report that was not opened is in no workbook: its row would say that there was one. Neither is the day of the act,
    who investigates, nor anything of an award.
    """
    ids = rows(user, q=q, state=state).where(Case.number.is_not(None)).with_only_columns(Case.id)
    cases = session.scalars(
        sa.select(Case)
        .where(Case.id.in_(ids))
        .options(
            selectinload(Case.appeal),
            selectinload(Case.region),
            selectinload(Case.agreement).selectinload(Agreement.distributor),
        )
        .order_by(Case.opened_on.desc(), Case.id.desc())
    ).all()
    taken = {
        one.case_part: one
        for one in session.scalars(
            sa.select(FundDeduction)
            .options(selectinload(FundDeduction.changes))
            .where(FundDeduction.agreement_id.in_({case.agreement_id for case in cases}))
        )
    }
    found: list[tuple[Case, int | None, int | None]] = []
    for case in cases:
        one = taken.get(case_part(case.id))
        found.append((case, one.amount_fen if one else None, left_of(one) if one else None))
    return found


def numbered(user: User, number: str) -> sa.Select[*tuple[object, ...]]:
    """The cases with such a number, or part of it, that the user sees; one without a number is never found."""
    return rows(user).where(Case.number.icontains(number, autoescape=True)).order_by(Case.id.desc())


SORTS = {
    "number": Case.number,
    "opened": Case.opened_on,
    "distributor": Distributor.name,
    "quarter": Case.quarter,
}


def with_deadlines(session: Session, user: User, ids: Sequence[int]) -> dict[int, Case]:
    """These cases with what their deadlines follow from, by id."""
    found = session.scalars(cases_visible_to(user).where(Case.id.in_(ids)).options(selectinload(Case.appeal)))
    return {case.id: case for case in found}
