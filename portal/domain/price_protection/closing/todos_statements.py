"""What waits of statements: to be sent in time, to be read when back, objections to be answered (10.1)."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement, StatementReply
from portal.domain.price_protection.closing.register import Standing, joined, standing_on
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.todos import Todo
from portal.domain.users.models import User

GROUP = "fund"
ONE_BY_ONE = 8  # objections that are listed each for itself
ASKED_AFTER = 30  # days: for so long an owner is told of those that were not answered
# Standing → kind, title, verb of one line a quarter.
_LINES = {
    Standing.TO_SEND: (
        N_("Send statements"),
        N_("%(count)s statements of %(quarter)s are to be sent"),
        N_("To the register"),
    ),
    Standing.BACK: (
        N_("Read statements"),
        N_("%(count)s statements of %(quarter)s are back and nobody said what is ticked"),
        N_("Enter the answers"),
    ),
    Standing.SILENT: (
        N_("Statements unanswered"),
        N_("%(count)s statements of %(quarter)s were not answered in their days"),
        N_("To the register"),
    ),
}  # fmt: skip


def todos(session: Session, user: User) -> Iterator[Todo]:
    """The lines of this user's workbench: finance sees its offices' objections, owners their own accounts'."""
    if user.can(P.FUNDS_CLOSE):
        yield from _objections(session, user)
    if user.can(P.PAPERS_HANDLE) and user.can(P.FUNDS_READ):
        yield from _by_quarter(session, user)


def _objections(session: Session, user: User) -> Iterator[Todo]:
    is_objected = standing_on(today()) == Standing.OBJECTED.value
    found = session.execute(
        joined(
            Statement.id,
            Statement.number,
            Statement.quarter,
            Distributor.name,
            StatementReply.answer_by,
            StatementReply.received_on,
        )
        .where(is_objected, Agreement.region_id.in_(visible(user, P.FUNDS_CLOSE)))
        .order_by(StatementReply.answer_by, Statement.number)
    ).all()
    for row in found[:ONE_BY_ONE]:
        yield Todo(
            kind=N_("Answer an objection"),
            title=N_("%(name)s objects to %(number)s"),
            sub=N_("Came on %(day)s"),
            verb=N_("Answer it"),
            endpoint="quarters.statement",
            args={"id": row.id},
            params={"name": row.name, "number": row.number, "day": row.received_on.isoformat()},
            due_on=row.answer_by,
            group=GROUP,
        )
    rest = found[ONE_BY_ONE:]
    for quarter in sorted({row.quarter for row in rest}):
        more = [row for row in rest if row.quarter == quarter]
        yield Todo(
            kind=N_("Answer an objection"),
            title=N_("%(count)s more objections to statements of %(quarter)s"),
            verb=N_("To the register"),
            endpoint="quarters.register",
            args={"name": quarter, "standing": Standing.OBJECTED.value},
            params={"count": len(more), "quarter": quarter},
            due_on=more[0].answer_by,
            group=GROUP,
        )


def _by_quarter(session: Session, user: User) -> Iterator[Todo]:
    """What an owner has to do about the own accounts; finance, which sends and reads them, about its offices'."""
    standing = standing_on(today()).label("standing")
    mine = Distributor.owner_id == user.id
    statement = joined(
        standing, Statement.quarter, sa.func.count().label("total"),
        sa.func.min(Statement.objections_until).label("until"),
    ).where(Agreement.region_id.in_(visible(user, P.FUNDS_READ)))  # fmt: skip
    waiting = [one.value for one in _LINES]
    is_recent = Statement.objections_until >= today() - timedelta(days=ASKED_AFTER)
    statement = statement.where(
        sa.or_(Statement.objections_until.is_(None), standing != Standing.SILENT.value, is_recent)
    )
    if user.can(P.FUNDS_CLOSE):
        of_office = Agreement.region_id.in_(visible(user, P.FUNDS_CLOSE))
        is_silent = standing == Standing.SILENT.value
        # Who asks after them is their owner.
        statement = statement.where(sa.or_(mine, sa.and_(of_office, sa.not_(is_silent))))
    else:
        statement = statement.where(mine)
    found = session.execute(
        statement.where(standing.in_(waiting))
        .group_by(standing, Statement.quarter)
        .order_by(Statement.quarter.desc())
    ).all()
    if not found:
        return
    within = int(settings.values(session, regions.head_office(session)).get("statement_days") or 0)
    for row in found:
        kind, title, verb = _LINES[Standing(row.standing)]
        args = {"name": row.quarter, "standing": row.standing}
        if not user.can(P.FUNDS_CLOSE):
            args["owner"] = user.id
        ended = Calendar().named(row.quarter).last_on
        yield Todo(
            kind=kind,
            title=title,
            verb=verb,
            endpoint="quarters.register",
            args=args,
            params={"count": row.total, "quarter": row.quarter},
            due_on=ended + timedelta(days=within) if row.standing == Standing.TO_SEND else row.until,
            group=GROUP,
        )
