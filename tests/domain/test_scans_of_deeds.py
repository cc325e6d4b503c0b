"""Amendments and notices come back in the same piles as agreements, and are filed in the same go."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.jobs.runs import claim
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import base, life
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    DeedStatus,
    Service,
    Status,
    Termination,
)
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import filing, placing, uploading
from portal.domain.price_protection.scans.counting import summary_of
from portal.domain.price_protection.scans.filing import Own
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.scans.groups import Group, Outcome, What
from portal.domain.price_protection.scans.models import FileState, ScanFile, ScanPage, ScanPile
from portal.domain.price_protection.scans.showing import file_rows, marks_of
from portal.domain.text import syllables
from portal.jobs.scans import file_pile, read_pile
from tests.domain.deed_world import DeedWorld
from tests.factories import Factory
from tests.scanning.piles import pile_of
from tests.scanning.sheets import pdf_of, sheet

pytestmark = pytest.mark.usefixtures("one_reader")

Paper = AgreementPaper | DeedPaper
SAID = Own(today(), Service.IN_PERSON, "李四签收")


@pytest.fixture
def world(session: Session, make: Factory) -> DeedWorld:
    return DeedWorld(session, make)


def paper_of(of: Agreement | Amendment | Termination) -> Paper:
    paper = current_paper(of) if isinstance(of, Agreement) else base.current_paper(of)
    assert paper is not None
    return paper


def printed(world: DeedWorld, deed: Amendment | Termination) -> Any:
    life.record_print(world.session, world.author, deed, 2)
    world.session.commit()
    return deed


def filed_agreement(world: DeedWorld) -> Agreement:
    return world.signed(scans=[("scan.pdf", b"%PDF-1.7 " + str(world.session.info).encode())])


def seen(world: DeedWorld, pile: ScanPile) -> dict[str, Group]:
    return {group.number: group for group in groups_of(world.session, world.author, pile)}


def test_what_was_printed_of_amendments_and_notices_is_due_back(world: DeedWorld) -> None:
    amendment = printed(world, world.approved_amendment(filed_agreement(world)))
    unprinted = world.approved_amendment(filed_agreement(world))
    without_scan = world.signed_amendment(filed_agreement(world))
    notice = printed(world, world.approved_notice(filed_agreement(world)))
    unproven = world.served_notice(filed_agreement(world))
    given_up = printed(world, world.approved_amendment(filed_agreement(world)))
    life.void(world.session, world.manager, given_up, "示例原因")
    world.session.commit()
    found = seen(world, pile_of(world))
    assert set(found) == {amendment.title, without_scan.title, notice.title, unproven.title}
    assert {title for title, group in found.items() if group.outcome is Outcome.NOT_BACK} == {
        amendment.title,
        notice.title,
    }
    held = {title for title, group in found.items() if group.outcome is Outcome.UNSCANNED}
    assert held == {without_scan.title, unproven.title}
    assert found[notice.title].what is What.NOTICE and unprinted.title not in found


def test_the_line_counts_deeds_with_their_missing_doubled_and_old_pages(
    world: DeedWorld, session: Session
) -> None:
    whole = printed(world, world.approved_amendment(filed_agreement(world)))
    holed = printed(world, world.approved_amendment(filed_agreement(world)))
    stale = printed(world, world.approved_amendment(filed_agreement(world)))
    old = paper_of(stale)
    life.withdraw_approval(session, world.manager, stale, "示例原因")
    life.submit(session, world.author, stale)
    session.commit()
    world.approve_deed(stale)
    printed(world, stale)
    receipt = printed(world, world.approved_notice(filed_agreement(world)))
    no_receipt = printed(world, world.approved_notice(filed_agreement(world)))
    pile = pile_of(
        world,
        *((paper_of(whole), page) for page in (2, 1, 2)),
        (paper_of(holed), 2),
        (old, 1),
        (paper_of(receipt), 2),
        (paper_of(no_receipt), 1),
        (paper_of(whole), 7),
    )
    found = seen(world, pile)
    assert {title: group.outcome for title, group in found.items()} == {
        whole.title: Outcome.READY,
        holed.title: Outcome.INCOMPLETE,
        stale.title: Outcome.OLD_VERSION,
        # Of a notice its receipt has to come back, which is on the last page.
        receipt.title: Outcome.READY,
        no_receipt.title: Outcome.INCOMPLETE,
    }
    assert found[whole.title].doubled == [2] and found[holed.title].missing == [1]
    assert found[no_receipt.title].missing == [2] and found[receipt.title].absent == [1]
    summary = summary_of(session, pile, list(found.values()), file_rows(session, pile))
    assert (summary.due, summary.ready, summary.incomplete, summary.old_version) == (5, 2, 2, 1)
    assert summary.unplaced == 1


def test_agreements_amendments_and_notices_are_filed_in_one_go(world: DeedWorld, session: Session) -> None:
    new = world.approved()
    steps.record_print(session, world.author, new, 2)
    paper_of(new).pages = 2
    ended = filed_agreement(world)
    amendment = printed(world, world.approved_amendment(ended))
    notice = printed(world, world.approved_notice(ended))
    pile = uploading.begin(session, world.author, world.region)
    pages = [sheet(paper_of(of).code, page) for of in (notice, new, amendment) for page in (1, 2)]
    uploading.add_file(session, world.author, pile, BytesIO(pdf_of(*reversed(pages))), "一叠.pdf")
    _work(world, uploading.ask_reading(session, world.author, pile), read_pile)
    found = seen(world, pile)
    assert {group.outcome for group in found.values()} == {Outcome.READY}
    own = {found[notice.title].return_id: SAID}
    _work(world, filing.ask_filing(session, world.author, pile, today(), own), file_pile)
    assert new.status is Status.SIGNED and len(new.scans) == 1
    assert amendment.status is DeedStatus.SIGNED and len(amendment.scans) == 1
    assert notice.status is DeedStatus.SERVED and len(notice.scans) == 1
    assert (notice.served_on, notice.served_how, notice.served_note) == (
        today(),
        Service.IN_PERSON,
        "李四签收",
    )
    assert ended.status is Status.TERMINATED
    assert {group.outcome for group in seen(world, pile).values()} == {Outcome.FILED}


def _work(world: DeedWorld, job: Any, work: Callable[..., Any]) -> Any:
    world.session.commit()
    run = claim(world.session, job.id, "worker")
    assert run is not None
    result = work(world.session, run)
    run.finish(result)
    world.session.expire_all()
    return result


def test_a_notice_stays_until_somebody_says_when_it_was_served(world: DeedWorld, session: Session) -> None:
    notice = printed(world, world.approved_notice(filed_agreement(world)))
    amendment = printed(world, world.approved_amendment(filed_agreement(world)))
    pile = pile_of(world, *((paper_of(deed), page) for deed in (notice, amendment) for page in (1, 2)))
    row = seen(world, pile)[notice.title].return_id

    def refusal(day: Any, own: Own) -> str:
        with pytest.raises(DomainError) as refused:
            filing.ask_filing(session, world.author, pile, day, {row: own})
        session.rollback()
        return refused.value.msgid

    assert "courier and number" in refusal(today(), Own(today()))
    assert "on which it was served" in refusal(today(), Own(None, note="示例速递SF1"))
    assert "in the future" in refusal(today(), Own(today() + timedelta(days=1), note="示例速递SF1"))
    assert "papers were signed" in refusal(None, Own(today(), note="示例速递SF1"))
    job = filing.ask_filing(session, world.author, pile, today(), {})
    assert job.total == 1
    [left] = filing.ready_ids(session, world.author, pile)
    assert left == seen(world, pile)[amendment.title].return_id
    session.commit()
    # One filing of a pile at a time, whoever asks.
    with pytest.raises(DomainError, match="is filing this pile already"):
        filing.ask_filing(session, world.manager, pile, today(), {row: SAID})


def test_scans_of_what_was_signed_or_served_by_hand_are_added(world: DeedWorld, session: Session) -> None:
    amendment = world.signed_amendment(filed_agreement(world))
    notice = world.served_notice(filed_agreement(world))
    pile = pile_of(world, *((paper_of(deed), page) for deed in (notice, amendment) for page in (1, 2)))
    # Neither a day of signing nor one of service is asked for.
    assert filing.ask_filing(session, world.author, pile, None, {}).total == 2
    for group in seen(world, pile).values():
        filing.file_one(session, world.author, pile, group, b"%PDF-1.7 " + group.number.encode())
    session.commit()
    assert len(amendment.scans) == len(notice.scans) == 1
    assert {group.outcome for group in seen(world, pile).values()} == {Outcome.FILED}


def test_an_unread_page_finds_its_deed_by_number_name_or_pinyin(world: DeedWorld, session: Session) -> None:
    agreement = filed_agreement(world)
    amendment = printed(world, world.approved_amendment(agreement))
    notice = printed(world, world.approved_notice(agreement))
    pile = pile_of(world, (paper_of(amendment), 1), None, (paper_of(notice), 1))
    page = session.scalars(placing.unplaced(pile)).one()

    def numbers(words: str) -> set[str]:
        return {place.number for place in placing.places(session, world.author, words)}

    everything = {agreement.number, amendment.title, notice.title}
    assert numbers(agreement.distributor.name) == everything == numbers(agreement.number)
    sounds = syllables(agreement.distributor.name)
    assert numbers("".join(sounds)) == everything == numbers("".join(sound[0] for sound in sounds))
    assert numbers(amendment.title.lower()) == {amendment.title}
    assert numbers(notice.number[-6:]) >= {notice.title}
    assert numbers(paper_of(notice).code) == {notice.title}
    assert placing.places(session, world.make.user(Role.AUDITOR), agreement.number) == []
    assert placing.suggestions(session, world.author, [page.id])[page.id].number == amendment.title
    mark = placing.place(session, world.author, pile, page, code=paper_of(amendment).code, page_no=2)
    session.commit()
    assert mark.deed_paper_id == paper_of(amendment).id and mark.paper_id is None
    assert [said.number for said in marks_of(session, page)] == [amendment.title]
    assert seen(world, pile)[amendment.title].outcome is Outcome.READY
    placing.take_back(session, world.author, pile, page)
    assert seen(world, pile)[amendment.title].outcome is Outcome.INCOMPLETE


def test_a_page_that_a_later_pile_filed_stays_where_it_is(world: DeedWorld, session: Session) -> None:
    amendment = printed(world, world.approved_amendment(filed_agreement(world)))
    first = pile_of(world, None)
    page = session.scalars(placing.unplaced(first)).one()
    placing.place(session, world.author, first, page, code=paper_of(amendment).code, page_no=1)
    second = pile_of(world, (paper_of(amendment), 2))
    group = seen(world, second)[amendment.title]
    second.signed_on = today()
    filing.file_one(session, world.author, second, group, b"%PDF-1.7 bound")
    session.commit()
    with pytest.raises(DomainError, match="filed with this page"):
        placing.take_back(session, world.author, first, page)


def test_what_lay_here_by_mistake_counts_no_more_once_it_is_taken_back(
    world: DeedWorld, session: Session
) -> None:
    agreement = filed_agreement(world)
    pile = pile_of(world, None)
    page = session.scalars(placing.unplaced(pile)).one()
    placing.place(session, world.author, pile, page, code=paper_of(agreement).code, page_no=1)
    assert seen(world, pile)[agreement.number].here == [1]
    placing.take_back(session, world.author, pile, page)
    assert seen(world, pile) == {}


GUARDED = {
    "scan_pile": "by_id = by_id + 1",
    "scan_file": "filename = 'x'",
    "scan_page": "kind = 'blank'",
    "scan_mark": "page_no = page_no + 1",
    "scan_return": "refusal = 'x'",
    "deed_scan": "filed_at = filed_at",
    "agreement_scan": "filed_at = filed_at",
    "document": "filename = 'x'",
    "document_blob": "no = no",
}


@pytest.fixture
def filed(world: DeedWorld, session: Session) -> ScanPile:
    """A pile that was filed."""
    amendment = printed(world, world.approved_amendment(filed_agreement(world)))
    pile = pile_of(world, (paper_of(amendment), 1), (paper_of(amendment), 2))
    pile.signed_on = today()
    filing.file_one(session, world.author, pile, seen(world, pile)[amendment.title], b"%PDF-1.7 bound")
    session.commit()
    return pile


def test_nothing_uploaded_read_or_filed_is_taken_away_or_changed(filed: ScanPile, session: Session) -> None:
    for table, change in GUARDED.items():
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {change}"):
            with pytest.raises(sa.exc.DBAPIError, match="keeps what was written"):
                session.execute(sa.text(statement))
            session.rollback()
    # How far the work has come is not guarded.
    session.execute(sa.update(ScanFile).values(state=FileState.READ, job_id=None))
    session.execute(sa.update(ScanPage).values(set_aside_at=None))
    session.commit()
