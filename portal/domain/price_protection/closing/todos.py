"""What waits of quarters: to be closed, to be confirmed by a second person, to be finished."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Book
from portal.domain.price_protection.closing.all_base import quarters_with_lines
from portal.domain.price_protection.closing.models import Proposal, Stage
from portal.domain.price_protection.funds.models import QuarterClose
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.todos import Todo
from portal.domain.users.models import User

GROUP = "fund"


def todos(session: Session, user: User) -> Iterator[Todo]:
    """The lines of this user's workbench; three questions for whoever closes or confirms, none for others."""
    if not user.can(P.FUNDS_CLOSE) and not user.can(P.FUNDS_CONFIRM):
        return
    proposals = session.scalars(
        sa.select(Proposal)
        .where(
            Proposal.stage.in_((Stage.PROPOSED, Stage.CONFIRMED)),
            Proposal.region_id.in_(visible(user, P.FUNDS_CONFIRM)),
        )
        .options(joinedload(Proposal.proposed_by, innerjoin=True))
        .order_by(Proposal.id)
    ).all()
    for one in proposals:
        if one.stage is Stage.CONFIRMED:
            yield _of(one, N_("Finish the close of %(quarter)s"))
        elif one.proposed_by_id != user.id:
            yield _of(one, N_("Confirm the close of %(quarter)s"))
    if user.can(P.FUNDS_CLOSE):
        yield from _to_close(session, user)


def _of(one: Proposal, title: str) -> Todo:
    return Todo(
        kind=N_("Quarter close"),
        title=title,
        sub=N_("Proposed by %(name)s, agreements: %(count)s"),
        verb=N_("Look through"),
        endpoint="quarters.detail",
        args={"id": one.id},
        params={"quarter": one.quarter, "name": one.proposed_by.name, "count": one.agreements},
        amount_fen=one.release_fen,
        group=GROUP,
    )


def _to_close(session: Session, user: User) -> Iterator[Todo]:
    """The quarters that have ended, where a fund of theirs was gathered and is not closed.

    By the calendar year; the running one as well, for agreements that ended in it (13.3).
    """
    here = Calendar().of(today())
    last = Calendar().preceding(here)
    mine = sa.select(Agreement.id).where(Agreement.region_id.in_(visible(user, P.FUNDS_CLOSE)))
    funds = (
        sa.select(Book.agreement_id, Account.part)
        .join(Account, Account.book_id == Book.id)
        .where(Account.kind == AccountKind.FUND, Book.agreement_id.in_(mine))
    )
    stated = sa.union(funds, quarters_with_lines(mine)).subquery()
    rows = session.execute(
        sa.select(stated.c.part, sa.func.count(), sa.func.min(Agreement.ends_on))
        .join(Agreement, Agreement.id == stated.c.agreement_id)
        .where(
            sa.or_(
                stated.c.part <= str(last),
                sa.and_(
                    stated.c.part == str(here),
                    Agreement.ends_on >= here.first_on,
                    Agreement.ends_on < today(),
                ),
            ),
            ~sa.exists().where(
                QuarterClose.agreement_id == Agreement.id, QuarterClose.quarter == stated.c.part
            ),
        )
        .group_by(stated.c.part)
        .order_by(stated.c.part)
    ).all()
    days = (
        int(settings.values(session, regions.head_office(session)).get("statement_days") or 0) if rows else 0
    )
    for name, count, ends_on in rows:
        last_on = ends_on if name == str(here) else Calendar().named(name).last_on
        yield Todo(
            kind=N_("Quarter close"),
            title=N_("Close the quarter %(quarter)s"),
            sub=N_("Agreements: %(count)s"),
            verb=N_("Look through"),
            endpoint="quarters.show",
            args={"name": name},
            params={"quarter": name, "count": count},
            due_on=last_on + timedelta(days=days),
            group=GROUP,
        )
