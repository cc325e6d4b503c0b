"""Doing what two people confirmed: each agreement released once and stated once, from wherever it is started (P3).

An agreement is one short transaction that holds its book: it is looked at again, closed, released, and its statement
frozen; or left out, where it is another by now than was confirmed. Killed at any moment, it goes on with the rest.
"""

from datetime import date
from typing import Any, NotRequired, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Book
from portal.domain.ledger.sums import contained
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.papers.statement import statement_sha256
from portal.domain.price_protection.approval import new_code
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.closing.preview import Outcome, Row, preview
from portal.domain.price_protection.closing.proposing import statement_text
from portal.domain.price_protection.closing.statements import statement_data
from portal.domain.price_protection.funds import releasing, suspending
from portal.domain.price_protection.funds.cover import calendar_of_agreement
from portal.domain.price_protection.funds.models import FundHold, FundRelease, QuarterClose
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.receivables.standing import Receivable
from portal.domain.users.models import User


class Left(TypedDict):
    """An agreement that was not what had been confirmed when its turn came."""

    id: int
    number: str
    confirmed: list[Any]
    found: list[Any] | None
    # Why, where it is as it was confirmed and was refused all the same: msgid and params.
    error: NotRequired[str]
    params: NotRequired[dict[str, Any]]


def remaining(session: Session, proposal: Proposal) -> list[list[Any]]:
    """The rows of a confirmed close that have no statement yet, in the order in which they were proposed.

    None of one that is done: what it left out is proposed again, though it were by now what was confirmed once.
    """
    if proposal.stage is Stage.DONE:
        return []
    done = set(
        session.scalars(sa.select(Statement.agreement_id).where(Statement.quarter == proposal.quarter))
    )
    return [row for row in proposal.rows if row[0] not in done]


def close_agreement(session: Session, proposal: Proposal, said: list[Any]) -> Statement | Left | None:
    """Close, release and state one agreement as it was confirmed; None where that is done. The caller commits."""
    agreement_id, name = int(said[0]), proposal.quarter
    ledger.hold(session, agreement_id)
    if statement_of(session, agreement_id, name) is not None:
        return None
    agreement = session.get_one(Agreement, agreement_id)
    found = preview(session, name, proposal.region_id, [agreement_id])
    if not found or found[0].gives_other(said):
        return Left(
            id=agreement_id, number=agreement.number, confirmed=said, found=found[0].said if found else None
        )
    reviewer = proposal.confirmed_by
    assert reviewer is not None
    close_before(session, reviewer, agreement, name)
    release: FundRelease | None = None
    if found[0].outcome is Outcome.HELD:
        releasing.close(session, reviewer, agreement_id, name)
    else:
        release = releasing.release(session, reviewer, agreement_id, name)
    return _state(session, proposal, agreement, release, _account(found[0], said))


def _account(row: Row, said: list[Any]) -> Receivable | None:
    """The second part as it was confirmed; it is left out where it is another by now, since no account ever keeps
    a fund from being released (4.4)."""
    return row.account if row.account and row.account.said == (said[4:] or [None])[0] else None


def refused(session: Session, said: list[Any], error: DomainError) -> Left:
    """An agreement that could not be closed, with the reason; it stays as it was."""
    agreement = session.get_one(Agreement, int(said[0]))
    return Left(
        id=agreement.id,
        number=agreement.number,
        confirmed=said,
        found=said,
        error=error.msgid,
        params={name: str(value) for name, value in error.params.items()},
    )


def counts(session: Session, proposal: Proposal) -> dict[str, int]:
    """How far a close has come: agreements stated, papers printed, and what was released, in fen."""
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(Statement.document_id),
            sa.cast(sa.func.coalesce(sa.func.sum(Statement.release_fen), 0), sa.BigInteger),
            sa.cast(sa.func.coalesce(sa.func.sum(Statement.interest_fen), 0), sa.BigInteger),
        ).where(Statement.proposal_id == proposal.id)
    ).one()
    return {"stated": row[0], "printed": row[1], "release_fen": row[2], "interest_fen": row[3]}


def close_before(session: Session, actor: User, agreement: Agreement, name: str) -> None:
    """Close the quarters of an agreement before this one, whose funds are empty: what comes late goes into an open
    one, so that no statement's opening sum changes after it was printed."""
    calendar = calendar_of_agreement(session, agreement.id)
    there = set(
        session.scalars(sa.select(QuarterClose.quarter).where(QuarterClose.agreement_id == agreement.id))
    )
    quarter, last = calendar.of(agreement.effective_on), calendar.named(name)
    while quarter.first_on < last.first_on:
        if str(quarter) not in there:
            session.add(
                QuarterClose(
                    agreement_id=agreement.id, quarter=str(quarter), closed_on=today(), by_id=actor.id
                )
            )
        quarter = calendar.following(quarter)


def statement_of(session: Session, agreement_id: int, name: str) -> Statement | None:
    """The statement of this quarter, if there is one."""
    return session.scalar(
        sa.select(Statement).where(Statement.agreement_id == agreement_id, Statement.quarter == name)
    )


def _state(
    session: Session,
    proposal: Proposal,
    agreement: Agreement,
    release: FundRelease | None,
    account: Receivable | None,
) -> Statement:
    assert proposal.confirmed_by is not None
    number = new_number(session, agreement.region, Numbered.STATEMENT, proposal.quarter)
    data = statement_data(
        session,
        agreement,
        proposal.quarter,
        number=number,
        prepared_by=proposal.proposed_by.name,
        reviewed_by=proposal.confirmed_by.name,
        release=release,
        account=account.values() if account else None,
    )
    values = data["values"]
    made = Statement(
        proposal_id=proposal.id,
        agreement_id=agreement.id,
        quarter=proposal.quarter,
        number=number,
        code=new_code(),
        template_id=statement_text(session).id,
        release_id=release.id if release else None,
        issued_on=today(),
        due_on=date.fromisoformat(str(values["release_due_on"])),
        closing_fen=int(values["closing_figures"] or 0),
        suspended_fen=int(values["suspended_figures"] or 0),
        release_fen=release.amount_fen if release else 0,
        interest_fen=release.interest_fen if release else 0,
        payload=dict(data),
        payload_sha256=statement_sha256(data),
        made_at=now().replace(microsecond=0),
        prepared_by_id=proposal.proposed_by_id,
        reviewed_by_id=proposal.confirmed_by_id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        proposal.confirmed_by,
        "statement.made",
        made,
        region_id=agreement.region_id,
        number=number,
        quarter=proposal.quarter,
        release_fen=made.release_fen,
    )
    return made


def finish(session: Session, proposal: Proposal, left: list[Left]) -> None:
    """Every agreement had its turn and every statement is printed; the caller commits."""
    lock(session, proposal)
    if proposal.stage is Stage.CONFIRMED:
        proposal.stage, proposal.done_at, proposal.left_out = Stage.DONE, now(), [dict(one) for one in left]
        audit.record(
            session,
            proposal.confirmed_by,
            "quarter.closed",
            proposal,
            quarter=proposal.quarter,
            left_out=len(left),
        )


def release_late(session: Session, actor: User, agreement: Agreement, name: str) -> FundRelease:
    """Release a closed quarter whose case has ended, a deed of its own: nothing is reopened; the caller commits.

    What a decision was taken back of after the release is paid on by the same deed (8.4). DomainError while a case
    still holds the quarter, before it was closed, and when nothing is left to release.
    """
    if not actor.can(Permission.FUNDS_CONFIRM, agreement.region):
        raise DomainError(N_("You may not release the fund of a quarter for this office."))
    return _release_late(session, actor, agreement, name)


def _release_late(session: Session, actor: User | None, agreement: Agreement, name: str) -> FundRelease:
    ledger.hold(session, agreement.id)
    if releasing.closed(session, agreement.id, name) is None:
        raise DomainError(N_("The quarter is not closed yet; its fund is released with its close."))
    if suspending.holds(session, agreement.id, name):
        raise DomainError(
            N_("A case still holds the fund of this quarter back. It is released when the case ends.")
        )
    known = suspending.released(session, agreement.id, name)
    if known is None:
        made = releasing.release(session, actor, agreement.id, name)
        assert made is not None
        fen = made.amount_fen
    else:
        made, fen = known, releasing.release_restored(session, actor, agreement.id, name)
        if not fen:
            raise DomainError(N_("The fund of this quarter was released already; nothing is left of it."))
    audit.record(
        session,
        actor,
        "fund.released_late",
        agreement,
        quarter=name,
        number=agreement.number,
        release_fen=fen,
    )
    return made


def release_due(session: Session) -> int:
    """Release every closed quarter that holds fund and that no case holds back (8.1, 8.4); how many.

    Each in a transaction of its own; what somebody released in the meantime is passed over.
    """
    places = due(session)
    session.rollback()
    done = 0
    for agreement_id, name in places:
        try:
            _release_late(session, None, session.get_one(Agreement, agreement_id), name)
        except DomainError:
            session.rollback()
        else:
            session.commit()
            done += 1
    return done


def due(session: Session, agreement_id: int | None = None) -> list[tuple[int, str]]:
    """The closed quarters, of one agreement or of all, that hold fund although no case holds them back."""
    held = {
        (row.agreement_id, row.quarter)
        for row in session.execute(
            sa.select(FundHold.agreement_id, FundHold.quarter).where(FundHold.lifted_on.is_(None))
        )
    }
    return [place for place in _closed_with_fund(session, agreement_id) if place not in held]


def _closed_with_fund(session: Session, agreement_id: int | None) -> list[tuple[int, str]]:
    books = sa.select(Book.id)
    if agreement_id is not None:
        books = books.where(Book.agreement_id == agreement_id)
    is_closed = sa.and_(QuarterClose.agreement_id == Book.agreement_id, QuarterClose.quarter == Account.part)
    rows = session.execute(
        contained(books, [AccountKind.FUND], with_empty=False)
        .join(QuarterClose, is_closed)
        .order_by(Book.agreement_id, Account.part)
    )
    return [(id_, part) for id_, _kind, part, _fen in rows]
