"""What a pile makes of its pages: whole, missing, doubled, old; cut short, and gone on with."""

import threading
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Stopped, claim
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import Agreement, AgreementEvent, AgreementPaper, Status
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import filing, placing, reading, uploading
from portal.domain.price_protection.scans.counting import summary_of
from portal.domain.price_protection.scans.due import due
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.scans.groups import Group, Outcome
from portal.domain.price_protection.scans.models import (
    FileState,
    PageKind,
    ScanFile,
    ScanPage,
    ScanPile,
    ScanReturn,
)
from portal.domain.price_protection.scans.reminders import reminders
from portal.domain.price_protection.scans.showing import file_rows
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import Stage
from portal.domain.users.models import User
from portal.extensions import db
from portal.jobs.scans import file_pile, read_pile
from portal.scanning.reader import Broken, Reader
from portal.scanning.refusals import BROKEN
from tests.domain.agreement_world import AgreementWorld
from tests.factories import Factory
from tests.scanning.piles import pile_of
from tests.scanning.sheets import pdf_of, sheet

pytestmark = pytest.mark.usefixtures("one_reader")

PAGES = 3


@pytest.fixture
def world(session: Session, make: Factory) -> AgreementWorld:
    return AgreementWorld(session, make)


def paper_of(agreement: Agreement) -> AgreementPaper:
    paper = current_paper(agreement)
    assert paper is not None
    return paper


def printed(world: AgreementWorld) -> Agreement:
    agreement = world.approved()
    paper_of(agreement).pages = PAGES
    steps.record_print(world.session, world.author, agreement, 2)
    world.session.commit()
    return agreement


def group_of(world: AgreementWorld, pile: ScanPile, agreement: Agreement) -> Group:
    return next(
        group
        for group in groups_of(world.session, world.author, pile)
        if group.agreement_id == agreement.id and group.deed_id is None
    )


def test_due_is_what_was_printed_for_signature_and_is_not_back(
    world: AgreementWorld, session: Session
) -> None:
    out = printed(world)
    unprinted = world.approved()
    without_scan = printed(world)
    steps.sign(session, world.author, without_scan, today(), [])
    from_before = world.signed()  # the portal never sent it
    with_scan = world.signed(scans=[("scan.pdf", b"%PDF-1.7 signed")])
    withdrawn = printed(world)
    steps.withdraw_approval(session, world.manager, withdrawn, "示例原因")
    session.commit()
    pile = uploading.begin(session, world.author, world.region)
    rows = select(ScanReturn.agreement_id, ScanReturn.is_due, ScanReturn.refusal, ScanReturn.refusal_params)
    noted = session.execute(rows.where(ScanReturn.pile_id == pile.id).order_by(ScanReturn.id)).all()
    assert [tuple(row) for row in noted] == [(id, True, "", {}) for id in (out.id, without_scan.id)]
    assert session.execute(due(world.make.region())).all() == []
    assert unprinted.id and with_scan.id and from_before.id


def test_the_line_of_a_pile_adds_up(world: AgreementWorld, session: Session) -> None:
    whole, holed, _out = printed(world), printed(world), printed(world)
    stale = printed(world)
    old = paper_of(stale)
    steps.withdraw_approval(session, world.manager, stale, "示例原因")
    steps.submit(session, world.author, stale)
    session.commit()
    world.approve(stale)
    steps.record_print(session, world.author, stale, 2)
    pile = pile_of(
        world,
        *((paper_of(whole), page) for page in (3, 1, 2, 2)),
        (paper_of(holed), 1),
        None,
        (paper_of(holed), 3),
        (old, 1),
        (old, 2),
        (paper_of(holed), 9),
    )
    groups = groups_of(session, world.author, pile)
    summary = summary_of(session, pile, groups, file_rows(session, pile))
    assert (summary.due, summary.ready, summary.incomplete, summary.old_version, summary.not_back) == (
        4,
        1,
        1,
        1,
        1,
    )
    assert summary.due == sum(
        (summary.filed, summary.ready, summary.incomplete, summary.old_version, summary.not_back)
    )
    # A page beyond a paper's last is of no paper: somebody looks at it.
    assert (summary.pages, summary.unplaced, summary.doubled) == (10, 2, 1)
    group = group_of(world, pile, whole)
    assert group.doubled == [2] and group.missing == []
    assert [leaf.page_no for leaf in group.binding_order()] == [1, 2, 3, 2]
    assert group_of(world, pile, holed).missing == [2]
    assert {len(one.groups) for one in reminders(groups)} == {3}


def test_a_file_of_which_the_reading_process_died_waits_and_a_refused_one_is_handed_in_again(
    world: AgreementWorld, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = pdf_of(sheet())
    pile = uploading.begin(session, world.author, world.region)
    file = uploading.add_file(session, world.author, pile, BytesIO(scan), "scan.pdf")
    broken = uploading.add_file(session, world.author, pile, BytesIO(b"%PDF-1.7 cut short"), "cut.pdf")

    def read_again() -> None:
        job = uploading.ask_reading(session, world.author, pile)
        assert job is not None
        session.commit()
        run = claim(session, job.id, "test")
        assert run is not None
        run.finish(read_pile(session, run))
        session.expire_all()

    asked = Mock(side_effect=Broken)
    with monkeypatch.context() as patched:
        patched.setattr(Reader, "count", asked)
        read_again()
    assert asked.call_count == 4  # a busy machine is given a second chance
    assert (file.state, broken.state) == (FileState.WAITING, FileState.WAITING)
    read_again()
    assert (file.state, broken.state, broken.refusal) == (FileState.READ, FileState.REFUSED, BROKEN)
    again = uploading.add_file(session, world.author, pile, BytesIO(b"%PDF-1.7 cut short"), "cut.pdf")
    assert again.state is FileState.WAITING
    second = uploading.add_file(session, world.author, pile, BytesIO(scan), "scan.pdf")
    assert second.refusal == "The same file is already in this pile: %(name)s"


def test_two_jobs_may_read_the_same_at_once(
    app: Flask, world: AgreementWorld, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blank page looks like any other; two files of a pile may bring the same agreement, which was not due."""
    pile = uploading.begin(session, world.author, world.region)
    agreement = printed(world)
    files = [
        uploading.add_file(session, world.author, pile, BytesIO(b"%PDF-1.7 " + bytes([no])), "scan.pdf").id
        for no in range(2)
    ]
    mark, author = (paper_of(agreement).code, 1), world.author.id
    session.commit()
    both, ended = threading.Barrier(2), []
    if session.get_bind().dialect.name == "postgresql":
        # Neither commits before the other writes as well; on SQLite the second has not even begun by then.
        writing = threading.Barrier(2)
        store = documents.store

        def meet(*args: Any, **said: Any) -> Document:
            writing.wait(10)
            return store(*args, **said)

        monkeypatch.setattr(reading.documents, "store", meet)

    def read(file_id: int) -> None:
        with app.app_context(), Session(db.engine) as own:
            with suppress(threading.BrokenBarrierError):
                both.wait(10)
            file, owner = own.get_one(ScanFile, file_id), own.get_one(User, author)
            reading.keep_page(own, owner, file, 1, kind=PageKind.READ, marks=[mark], preview=b"\xff\xd8\xff")
            own.commit()
            ended.append(file_id)

    threads = [threading.Thread(target=read, args=(file_id,)) for file_id in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == files
    session.rollback()
    assert session.scalar(select(func.count()).select_from(ScanReturn)) == 1
    assert session.scalar(select(func.count()).select_from(ScanPage)) == 2


def test_an_agreement_given_up_meanwhile_is_no_longer_due(world: AgreementWorld, session: Session) -> None:
    agreement = printed(world)
    pile = pile_of(world)
    assert [group.outcome for group in groups_of(session, world.author, pile)] == [Outcome.NOT_BACK]
    steps.void(session, world.manager, agreement, "示例原因")
    session.commit()
    assert groups_of(session, world.author, pile) == []


def test_a_page_that_was_missing_comes_with_a_later_pile(world: AgreementWorld, session: Session) -> None:
    agreement = printed(world)
    paper = paper_of(agreement)
    first = pile_of(world, (paper, 1), (paper, 3))
    assert group_of(world, first, agreement).outcome is Outcome.INCOMPLETE
    second = pile_of(world, (paper, 2))
    assert group_of(world, second, agreement).outcome is Outcome.READY
    assert group_of(world, second, agreement).doubled == []


def test_neighbours_say_where_a_page_belongs(world: AgreementWorld, session: Session) -> None:
    paper = paper_of(printed(world))
    pile = pile_of(world, (paper, 1), None, (paper, 3), None)
    inner, after = session.scalars(placing.unplaced(pile)).all()
    found = placing.suggestions(session, world.author, [inner.id, after.id])
    assert {page: place.page_no for page, place in found.items()} == {inner.id: 2}


def job_of(world: AgreementWorld, ask: Callable[[ScanPile], Job | None], pile: ScanPile) -> int:
    job = ask(pile)
    assert job is not None
    world.session.commit()
    return job.id


def stops_after(parts: int) -> Callable[[], bool]:
    done = iter(range(parts))
    return lambda: next(done, None) is None


def test_a_reading_and_a_filing_that_are_cut_short_go_on_where_they_were(
    world: AgreementWorld, session: Session
) -> None:
    one, other = printed(world), printed(world)
    pile = uploading.begin(session, world.author, world.region)
    sheets = [sheet(paper_of(which).code, page) for which in (one, other) for page in (1, 2, 3)]
    uploading.add_file(session, world.author, pile, BytesIO(pdf_of(*sheets)), "scan.pdf")
    session.commit()

    def cut_short(job_id: int, work: Callable[..., object]) -> None:
        run = claim(session, job_id, "first", stops_after(1))
        assert run is not None
        with pytest.raises(Stopped):
            work(session, run)
        session.rollback()
        run.give_back()
        again = claim(session, job_id, "second")
        assert again is not None
        again.finish(work(session, again))

    cut_short(job_of(world, lambda pile: uploading.ask_reading(session, world.author, pile), pile), read_pile)
    assert session.scalar(select(func.count()).select_from(ScanPage)) == 6
    assert session.scalar(select(ScanFile.state)) is FileState.READ
    ask = lambda pile: filing.ask_filing(session, world.author, pile, today(), {})  # noqa: E731
    cut_short(job_of(world, ask, pile), file_pile)
    for agreement in (one, other):
        session.refresh(agreement)
        assert agreement.status is Status.SIGNED and len(agreement.scans) == 1
    signed = select(func.count()).where(AgreementEvent.kind == "signed").select_from(AgreementEvent)
    assert session.scalar(signed) == 2
    # Nothing more to file: a second asking says so.
    with pytest.raises(Exception, match="Nothing in this pile"):
        filing.ask_filing(session, world.author, pile, today(), {})


def test_originals_that_came_with_their_scans_are_recorded_as_back_only_when_said_so(
    app: Flask, world: AgreementWorld, session: Session
) -> None:
    sent, kept = printed(world), printed(world)
    trails = [of_paper(session, paper_of(which)) for which in (sent, kept)]
    trails[0].sealed_copies = trails[0].sent_copies = trails[0].expected_copies = 2
    trails[0].sealed_on = trails[0].sent_on = today()
    trails[0].settle()
    session.commit()

    def filed(which: Agreement, *, is_back: bool) -> None:
        pile = uploading.begin(session, world.author, world.region)
        sheets = [sheet(paper_of(which).code, page) for page in (1, 2, 3)]
        uploading.add_file(session, world.author, pile, BytesIO(pdf_of(*sheets)), "scan.pdf")
        session.commit()
        for ask, work in (
            (lambda pile: uploading.ask_reading(session, world.author, pile), read_pile),
            (
                lambda pile: filing.ask_filing(session, world.author, pile, today(), {}, is_back=is_back),
                file_pile,
            ),
        ):
            run = claim(session, job_of(world, ask, pile), "one")
            assert run is not None
            run.finish(work(session, run))  # type: ignore[operator]

    filed(sent, is_back=True)
    # What never went out is signed and filed all the same: nothing of it comes back.
    filed(kept, is_back=True)
    session.expire_all()
    assert [(row.stage, row.back_copies, row.back_on) for row in trails] == [
        (Stage.BACK, 2, today()),
        (Stage.NONE, 0, None),
    ]
    assert [which.status for which in (sent, kept)] == [Status.SIGNED, Status.SIGNED]
    back = [event for event in sent.events if event.kind == "paper_back"]
    assert [event.params["copies"] for event in back] == [2]
    other = world.make.user(Role.AUDITOR)
    pile = uploading.begin(session, world.author, world.region)
    with pytest.raises(DomainError, match="may not record the return"):
        filing.ask_filing(session, other, pile, today(), {}, is_back=True)


def test_a_paper_whose_seal_is_missing_stays_while_the_others_are_filed(
    app: Flask, world: AgreementWorld, session: Session
) -> None:
    whole, unsealed = printed(world), printed(world)
    pile = uploading.begin(session, world.author, world.region)
    sheets = [sheet(paper_of(which).code, page) for which in (whole, unsealed) for page in (1, 2, 3)]
    uploading.add_file(session, world.author, pile, BytesIO(pdf_of(*sheets)), "scan.pdf")
    session.commit()

    def done(job_id: int, work: Callable[..., object]) -> None:
        run = claim(session, job_id, "one")
        assert run is not None
        run.finish(work(session, run))

    done(job_of(world, lambda pile: uploading.ask_reading(session, world.author, pile), pile), read_pile)
    stays = {group_of(world, pile, unsealed).return_id: filing.Own(stays=True)}
    done(
        job_of(world, lambda pile: filing.ask_filing(session, world.author, pile, today(), stays), pile),
        file_pile,
    )
    for agreement, status in ((whole, Status.SIGNED), (unsealed, Status.APPROVED)):
        session.refresh(agreement)
        assert agreement.status is status
    assert group_of(world, pile, unsealed).outcome is Outcome.READY
    with pytest.raises(DomainError, match="Every paper is said to stay"):
        filing.ask_filing(session, world.author, pile, today(), stays)
