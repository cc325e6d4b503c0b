"""The close of a quarter killed by kill -9 and begun again from anywhere: each agreement released and stated once."""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta

import pikepdf
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA
from portal.domain.audit.models import AuditEvent
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.jobs import kept
from portal.domain.jobs.models import Job, JobFile
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind as T
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.closing import proposing
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.funds.models import FundRelease, QuarterClose
from portal.domain.price_protection.models import Agreement
from tests.domain.books import whole
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.domain.test_quarter_close import AUGUST, JULY
from tests.faults.ledger.closer import WAYS, Closer
from tests.faults.ledger.size import SECONDS, progress, size

pytestmark = [pytest.mark.timeout(SECONDS), pytest.mark.own_database]
NAME = "2026Q3"
AGREEMENTS = size(9, 40)  # of one close
KILLS = size(4, 200)
Start = Callable[[], Closer]


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


@pytest.fixture
def start(app, database_url, tmp_path, world) -> Iterator[Start]:
    """Start a process."""
    started: list[Closer] = []

    def begin() -> Closer:
        started.append(Closer(database_url, tmp_path / "instance"))
        return started[-1]

    yield begin
    for one in started:
        if one.process.is_alive():
            one.kill()


class Clock:
    """Each beginning comes a while after the one before: by then whoever was killed is missed."""

    def __init__(self) -> None:
        self.moment = datetime.combine(OCTOBER, time(0, 1), CHINA)

    def next(self) -> datetime:
        self.moment += timedelta(minutes=2)
        assert self.moment.date() == OCTOBER
        return self.moment


def confirmed(world: CloseWorld, number: int) -> tuple[list[Agreement], Proposal]:
    """A close that two people agreed on: most agreements have fund, one none, and of one a case holds it back."""
    agreements = [world.in_force(values={"fund_interest_rate": 36_500}) for _ in range(AGREEMENTS)]
    for agreement in agreements[1:]:
        world.buy(agreement, JULY, 1_000_000)
    with on_day(AUGUST):
        suspending.hold_quarter(world.session, agreements[-1].id, NAME, number, AUGUST)
        world.session.commit()
    proposal = world.propose()
    world.confirm(proposal)
    world.session.rollback()
    return agreements, proposal


def is_done(session: Session, proposal: Proposal) -> bool:
    session.rollback()
    session.refresh(proposal)
    done = proposal.stage is Stage.DONE
    session.rollback()
    return done


def test_a_close_that_is_killed_again_and_again_releases_and_states_each_agreement_once(
    world, session, start
):
    chance, clock, killed, closes = random.Random(20261122), Clock(), 0, 0
    begun: Counter[str] = Counter()
    while killed < KILLS:
        closes += 1
        agreements, proposal = confirmed(world, closes)
        clock = Clock()
        while not is_done(session, proposal):
            at_work = [start().ready() for _ in range(2 if chance.random() < 0.3 else 1)]
            for one in at_work:
                way = chance.choice(WAYS)
                begun[way] += 1
                one.begin(way, clock.next(), proposal.id, world.second.id)
            # The last close is left to end; and of none more is killed than it takes to see each of its moments.
            seconds = chance.uniform(0.01, size(2, 4) * 0.2) if killed < KILLS else 60
            for one in at_work:
                if not one.ended(seconds):
                    killed += 1
                    one.kill()
                    continue
                with suppress(EOFError, ConnectionError):
                    said = one.hear()
                    # What another is at, or has done, is refused; nothing else goes wrong.
                    assert said is None or isinstance(said, int | DomainError), said
                one.kill()
        once(world, session, agreements, proposal)
        progress(f"closes: {closes} done, {killed} of {KILLS} killed, begun by {dict(begun)}")
    assert set(begun) == set(WAYS) or KILLS < 20
    whole(session)


def once(world: CloseWorld, session: Session, agreements: list[Agreement], proposal: Proposal) -> None:
    """Every agreement has its quarter closed, its fund released and its statement printed, and each of it once."""
    session.rollback()
    session.expire_all()
    ids = [agreement.id for agreement in agreements]

    def of(model: type) -> list[int]:
        found = session.scalars(
            sa.select(model.agreement_id).where(model.agreement_id.in_(ids), model.quarter == NAME)
        )
        return sorted(found)

    assert of(QuarterClose) == ids
    assert of(FundRelease) == ids[:-1]  # the last is held back
    assert of(Statement) == ids
    for agreement in agreements:
        given = 0 if agreement in (agreements[0], agreements[-1]) else 20_000
        assert world.balance(agreement, A.RELEASED, NAME) == given
    releases = sa.select(sa.func.count()).where(Transfer.kind == T.RELEASE, Transfer.source_id.in_(
        sa.select(FundRelease.id).where(FundRelease.agreement_id.in_(ids))
    ))  # fmt: skip
    assert session.scalar(releases) == len(ids) - 2
    statements = session.scalars(
        sa.select(Statement).where(Statement.proposal_id == proposal.id).order_by(Statement.number)
    ).all()
    first = int(statements[0].number[-6:])
    assert [int(one.number[-6:]) for one in statements] == list(range(first, first + len(ids)))
    for one in statements:
        with pikepdf.open(io.BytesIO(documents.content(session, one.document))) as paper:
            assert str(paper.docinfo["/Title"]) == one.number
    for action, subjects in (
        ("statement.made", [one.id for one in statements]),
        ("quarter.closed", [proposal.id]),
    ):
        found = session.scalars(
            sa.select(AuditEvent.subject_id).where(
                AuditEvent.action == action, AuditEvent.subject_id.in_(subjects)
            )
        )
        assert sorted(found) == sorted(subjects)
    # The file for the printer holds each paper once, also where it was made more than once.
    jobs = session.scalars(sa.select(Job).where(Job.kind == proposing.KIND)).all()
    mine = [job.id for job in jobs if job.params["proposal_id"] == proposal.id]
    files = session.scalars(
        sa.select(JobFile).where(JobFile.job_id.in_(mine), JobFile.made_at.is_not(None))
    ).all()
    assert files
    for file in files:
        data = b"".join(kept.pieces(session, file.id, file.pieces))
        with pikepdf.open(io.BytesIO(data)) as joined, joined.open_outline() as outline:
            titles = [str(item.title).split()[0] for item in outline.root]
        assert sorted(titles) == [one.number for one in statements]
    session.rollback()
