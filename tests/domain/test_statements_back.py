"""Statements go out, come back in piles, and are answered: 相符, 不符, or nothing in their days (10.1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.worn import Wear, worn
from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.jobs.runs import claim
from portal.domain.papers.statement import statement_sha256
from portal.domain.price_protection.closing import answering, delivering, objections, printing, replying
from portal.domain.price_protection.closing.models import Finding, ReplyWay, Statement, Verdict, Way
from portal.domain.price_protection.closing.objections import Point, Ticked
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans import filing, placing, uploading
from portal.domain.price_protection.scans.counting import summary_of
from portal.domain.price_protection.scans.filing import Own
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.scans.groups import Group, Outcome, What
from portal.domain.price_protection.scans.models import ScanPage, ScanPile
from portal.domain.price_protection.scans.reminders import reminders
from portal.domain.price_protection.scans.showing import file_rows, marks_of
from portal.domain.price_protection.trail import packing, posting
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import Parcel, Stage
from portal.domain.users.models import User
from portal.jobs.scans import file_pile, read_pile
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.factories import Factory
from tests.scanning.piles import pile_of
from tests.scanning.sheets import pdf_of, sheet

pytestmark = [pytest.mark.usefixtures("one_reader"), pytest.mark.on_day(OCTOBER)]

JULY = date(2026, 7, 6)
AGREED = Ticked(Verdict.AGREED)
PAPER = b"%PDF-1.7 sealed"


@pytest.fixture
def world(session: Session, make: Factory) -> CloseWorld:
    return CloseWorld(session, make)


def stated(world: CloseWorld, count: int = 1) -> list[Statement]:
    """Agreements with a purchase in the third quarter, closed and stated on two pages each."""
    agreements = [world.in_force() for _ in range(count)]
    for agreement in agreements:
        world.buy(agreement, JULY, 1_000_000)
    world.close()
    return [world.printed(agreement) for agreement in agreements]


def sent(world: CloseWorld, statement: Statement, tracking: str = "SF1234567890") -> Parcel:
    session = world.session
    trail = of_paper(session, statement)
    trail.agreement.distributor.address = "示例路1号"
    [parcel] = packing.pack(session, world.author, {trail.id: 2}, courier="顺丰速运")
    parcel.recipient, parcel.phone = "王五", "13800000000"
    posting.send(session, world.author, parcel, today(), tracking=tracking)
    session.commit()
    return parcel


def refused(work: Any) -> str:
    with pytest.raises(DomainError) as raised:
        work()
    return str(raised.value)


def seen(world: CloseWorld, pile: ScanPile, by: Any = None) -> dict[str, Group]:
    return {group.number: group for group in groups_of(world.session, by or world.author, pile)}


def test_a_printed_statement_is_among_the_originals_and_packing_it_records_its_seal(world, session):
    [statement] = stated(world)
    trail = of_paper(session, statement)
    assert (trail.number, trail.stage, trail.deed_id) == (statement.number, Stage.NONE, statement.id)
    parcel = sent(world, statement)
    assert (trail.stage, trail.sealed_copies, trail.sent_copies, trail.expected_copies) == (
        Stage.SENT,
        2,
        2,
        1,
    )
    with on_day(OCTOBER + timedelta(days=2)):
        posting.deliver(session, world.author, parcel, today())
        session.commit()
    assert statement.delivered_on == date(2026, 10, 10)
    days = int(statement.payload["values"]["statement_objection_days"])
    assert statement.objections_until == date(2026, 10, 10) + timedelta(days=days)
    [said] = statement.deliveries
    assert (said.way, said.note, said.parcel_id) == (Way.COURIER, "顺丰速运 SF1234567890", parcel.id)


def test_a_parcel_that_did_not_arrive_stops_the_days(world, session):
    [statement] = stated(world)
    parcel = sent(world, statement)
    posting.deliver(session, world.author, parcel, today())
    session.commit()
    posting.cancel(session, world.author, parcel, "退回，地址有误")
    session.commit()
    assert (statement.delivered_on, statement.objections_until) == (None, None)
    assert [said.delivered_on for said in statement.deliveries] == [None, OCTOBER]
    trail = of_paper(session, statement)
    assert trail.stage is Stage.SEALED and trail.copies_in_hand == 2


def test_delivery_is_said_with_its_proof_and_put_right_with_a_reason(world, session):
    [statement] = stated(world)
    author, day = world.author, OCTOBER

    def deliver(on: date, way: Way = Way.COURIER, note: str = "", reason: str = "") -> Any:
        return delivering.deliver(session, author, statement, on, way, note, reason=reason)

    assert "courier and number" in refused(lambda: deliver(day))
    assert "future" in refused(lambda: deliver(day + timedelta(days=1), note="EMS 1"))
    assert "before" in refused(lambda: deliver(day - timedelta(days=1), note="EMS 1"))
    deliver(day, note="EMS 1234567")
    session.commit()
    trail = of_paper(session, statement)
    assert (trail.stage, trail.sent_on) == (Stage.SENT, day)  # it is out, and is asked after
    with on_day(day + timedelta(days=3)):
        assert "on record already" in refused(lambda: deliver(day, note="EMS 1234567"))
        assert "Say why" in refused(lambda: deliver(today(), Way.REFUSED, "EMS 1234567"))
        deliver(today(), Way.REFUSED, "EMS 1234567", "签收日看错")
        session.commit()
    assert statement.delivered_on == day + timedelta(days=3) and len(statement.deliveries) == 2
    told = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "statement.delivered")).all()
    assert told[-1].params["before"] == day.isoformat() and told[-1].params["reason"] == "签收日看错"


def test_silence_is_presumed_to_agree_and_a_late_objection_is_told_as_late(world, session):
    [statement] = stated(world)
    delivering.deliver(session, world.author, statement, OCTOBER, Way.IN_PERSON, "李四签收")
    session.commit()
    until = statement.objections_until
    assert until is not None
    assert not replying.is_presumed_right(statement, until)
    assert replying.is_presumed_right(statement, until + timedelta(days=1))
    with on_day(until + timedelta(days=1)):
        objects = Ticked(Verdict.OBJECTED, "第1行少记 100.00 元")
        said = replying.reply(session, world.author, statement, today(), objects, way=ReplyWay.LETTER)
        session.commit()
        assert replying.is_late(said) and replying.is_presumed_right(statement)
        assert said.is_open and said.answer_by is not None
    with on_day(until):
        said = replying.reply(session, world.author, statement, today(), AGREED)
        session.commit()
    assert not replying.is_late(said) and not replying.is_presumed_right(statement, until + timedelta(days=9))


def test_an_objection_names_lines_and_sums_and_finance_answers_it_once(world, session):
    [statement] = stated(world)
    author, finance = world.author, world.finance
    frozen, number = dict(statement.payload), statement.payload_sha256
    line = objections.stated_fen(statement, "1")
    assert line == 20_000 and objections.stated_fen(statement, "1.2") == 20_000

    def reply(*points: Point, text: str = "进货漏记") -> Any:
        said = Ticked(Verdict.OBJECTED, text, points=points)
        return replying.reply(session, author, statement, OCTOBER, said, said_by="周八")

    assert "what is objected to" in refused(lambda: reply(text=" "))
    assert "no item 9" in refused(lambda: reply(Point("9")))
    assert "twice" in refused(lambda: reply(Point("1"), Point("1", 5)))
    session.rollback()
    said = reply(Point("1", 30_000), Point("1.7"))
    session.commit()
    assert [(p.item, p.stated_fen, p.claimed_fen) for p in said.points] == [
        ("1", line, 30_000),
        ("1.7", line, None),
    ]
    assert "on record already" in refused(lambda: reply(Point("1", 30_000), Point("1.7")))
    days = int(frozen["values"]["statement_reply_days"])
    assert said.answer_by == OCTOBER + timedelta(days=days)
    answer = answering.answer
    assert "Only finance" in refused(lambda: answer(session, author, said, OCTOBER, Finding.PARTLY, "复核"))
    assert "Enter the answer" in refused(lambda: answer(session, finance, said, OCTOBER, Finding.PARTLY, " "))
    answer(session, finance, said, OCTOBER, Finding.PARTLY, "漏记一笔，已补录，列入下季")
    session.commit()
    assert not said.is_open and said.finding is Finding.PARTLY
    assert "answered on" in refused(lambda: answer(session, finance, said, OCTOBER, Finding.WRONG, "再答"))
    session.rollback()
    session.refresh(statement)
    assert (statement.payload, statement.payload_sha256) == (frozen, number)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE statement_reply SET way = 'email'",
        "UPDATE statement_reply SET answer = 'x'",
        "UPDATE statement_delivery SET delivered_on = '2026-10-01'",
        "DELETE FROM statement_scan",
        "UPDATE objection_point SET claimed_fen = 1",
        "UPDATE scan_mark SET statement_id = NULL",
        "DELETE FROM statement_delivery",
    ],
)
def test_what_was_said_stays_as_it_was_said(world, session, change):
    [statement] = stated(world)
    pile_of(world, (statement, 1))
    delivering.deliver(session, world.author, statement, OCTOBER, Way.IN_PERSON, "李四")
    objects = Ticked(Verdict.OBJECTED, "不符", points=(Point("1"),))
    said = replying.reply(session, world.author, statement, OCTOBER, objects, scan=("s.pdf", PAPER))
    answering.answer(session, world.finance, said, OCTOBER, Finding.WRONG, "账簿无误")
    session.commit()
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(change))
    session.rollback()


def test_statements_lie_among_contracts_in_a_pile_and_each_says_what_it_lacks(world, session):
    whole, holed, out, unsent = stated(world, 4)
    for number, statement in enumerate((whole, holed, out)):
        sent(world, statement, f"SF99000000{number}")
    contract = current_paper(whole.agreement)
    pile = pile_of(world, (whole, 2), (contract, 1), (whole, 1), (whole, 2), (holed, 2), (whole, 9), None)
    found = seen(world, pile)
    assert found[whole.number].outcome is Outcome.READY and found[whole.number].doubled == [2]
    assert (found[holed.number].outcome, found[holed.number].missing) == (Outcome.INCOMPLETE, [1])
    assert found[out.number].outcome is Outcome.NOT_BACK and found[out.number].what is What.STATEMENT
    assert unsent.number not in found  # it is not out
    assert whole.agreement.number in found
    summary = summary_of(session, pile, list(found.values()), file_rows(session, pile))
    assert (summary.ready, summary.incomplete, summary.not_back, summary.unplaced) == (1, 2, 1, 2)
    by_owner = {group.number for one in reminders(found.values()) for group in one.groups}
    assert {holed.number, out.number} <= by_owner and whole.number not in by_owner


def test_a_page_of_another_quarter_is_told_where_it_was_laid(world, session):
    agreement = world.in_force()
    world.buy(agreement, date(2026, 4, 8), 1_000_000)
    world.close("2026Q2", date(2026, 7, 8))
    world.buy(agreement, date(2026, 7, 9), 1_000_000)
    world.close()
    second, third = world.printed(agreement, "2026Q2"), world.printed(agreement, "2026Q3")
    found = seen(world, pile_of(world, (second, 1), (third, 2)))
    assert found[third.number].missing == [1] and found[third.number].mixed_up == [(second.number, 1)]
    assert found[second.number].missing == [2] and found[second.number].mixed_up == [(third.number, 2)]


def file(world: CloseWorld, pile: ScanPile, own: dict[Statement, Own], by: Any = None) -> None:
    """As the job does it, with scans that nobody has drawn."""
    session, actor = world.session, by or world.author
    found = seen(world, pile, actor)
    filing.ask_filing(
        session, actor, pile, None, {found[one.number].return_id: said for one, said in own.items()}
    )
    session.commit()
    for return_id in filing.ready_ids(session, actor, pile):
        ready = filing.group_of(session, actor, pile, return_id)
        assert ready is not None
        filing.file_one(session, actor, pile, ready, PAPER + ready.number.encode())
        session.commit()


def test_a_pile_files_the_sealed_copy_with_what_is_ticked_on_it(world, session):
    agreed, objected, unread = stated(world, 3)
    for number, statement in enumerate((agreed, objected, unread)):
        sent(world, statement, f"SF88000000{number}")
    pile = pile_of(world, *((one, page) for one in (agreed, objected, unread) for page in (1, 2)))
    found = seen(world, pile)
    blank = Own(ticked=Ticked(Verdict.OBJECTED, " "))
    ask = filing.ask_filing
    assert "what is objected to" in refused(
        lambda: ask(session, world.author, pile, None, {found[objected.number].return_id: blank})
    )
    session.rollback()
    objects = Ticked(Verdict.OBJECTED, "少记 50.00 元")
    file(world, pile, {agreed: Own(ticked=AGREED), objected: Own(ticked=objects), unread: Own()})
    session.expire_all()
    assert [(one.fund, one.received_on, one.document_id) for one in agreed.replies] == [
        (Verdict.AGREED, OCTOBER, agreed.scans[0].document_id)
    ]
    assert objected.replies[0].fund_objection == "少记 50.00 元" and objected.replies[0].is_open
    assert unread.replies == [] and len(unread.scans) == 1
    assert {of_paper(session, one).stage for one in (agreed, objected, unread)} == {Stage.BACK}
    assert {group.outcome for group in seen(world, pile).values()} == {Outcome.FILED}


def test_the_same_statement_in_two_piles_is_filed_once(world, session):
    [statement] = stated(world)
    sent(world, statement)
    first, second = (pile_of(world, (statement, 1), (statement, 2)) for _ in range(2))
    other = seen(world, second)[statement.number]
    file(world, first, {statement: Own(ticked=AGREED)})
    assert "moved on" in refused(
        lambda: filing.file_one(session, world.author, second, other, PAPER + b"again")
    )
    session.rollback()
    assert seen(world, second)[statement.number].outcome is Outcome.FILED
    session.expire_all()
    assert len(statement.scans) == len(statement.replies) == 1


def test_a_page_that_no_machine_reads_is_placed_by_hand_on_a_statement(world, session):
    [statement] = stated(world)
    pile = pile_of(world, (statement, 1), None)
    lost = session.scalars(placing.unplaced(pile)).one()
    assert placing.suggestions(session, world.author, [lost.id])[lost.id].page_no == 2
    for words in (statement.number[-6:], statement.code, statement.agreement.number):
        assert statement.code in [place.code for place in placing.places(session, world.author, words)]
    placing.place(session, world.author, pile, lost, code=statement.code, page_no=2)
    session.commit()
    assert seen(world, pile)[statement.number].outcome is Outcome.READY
    assert [
        (said.number, said.page_no) for said in marks_of(session, session.get_one(ScanPage, lost.id))
    ] == [(statement.number, 2)]


def test_other_offices_neither_see_nor_record_and_finance_files_statements_alone(world, session, make):
    [statement] = stated(world)
    sent(world, statement)
    stranger = make.user(Role.SALESPERSON, make.region("示例外区"))
    session.commit()
    assert "may not" in refused(lambda: replying.reply(session, stranger, statement, OCTOBER, AGREED))
    session.rollback()
    assert "may not" in refused(
        lambda: delivering.deliver(session, stranger, statement, OCTOBER, Way.IN_PERSON, "李四")
    )
    session.rollback()
    contract = world.approved()
    paper = current_paper(contract)
    assert paper is not None
    paper.pages = 1
    session.commit()
    mixed = pile_of(world, (paper, 1))
    assert seen(world, mixed, world.finance)[contract.number].outcome is Outcome.READY
    assert not seen(world, mixed, world.finance)[contract.number].may_file
    assert "somebody who signs" in refused(
        lambda: filing.ask_filing(session, world.finance, mixed, OCTOBER, {})
    )
    session.rollback()
    pile = pile_of(world, (statement, 1), (statement, 2))
    file(world, pile, {statement: Own(ticked=AGREED)}, world.finance)
    assert statement.replies[0].entered_by_id == world.finance.id
    administrator = make.user(Role.ADMINISTRATOR)
    session.commit()
    assert seen(world, pile, administrator)[statement.number].outcome is Outcome.ELSEWHERE


def test_an_answer_is_not_before_the_delivery_nor_the_delivery_after_the_answer(world, session):
    [statement] = stated(world)
    with on_day(OCTOBER + timedelta(days=5)):
        delivering.deliver(session, world.author, statement, today(), Way.EMAIL, "a@example.com")
        session.commit()
        assert "delivered on" in refused(
            lambda: replying.reply(session, world.author, statement, OCTOBER, AGREED)
        )
        session.rollback()
        replying.reply(session, world.author, statement, today(), AGREED)
        session.commit()
    with on_day(OCTOBER + timedelta(days=9)):
        assert "answered on" in refused(
            lambda: delivering.deliver(
                session, world.author, statement, today(), Way.EMAIL, "a@example.com", reason="更正"
            )
        )
        session.rollback()


def test_worn_pages_upside_down_are_read_filed_and_leave_the_statement_as_it_was_printed(world, session):
    whole, holed = stated(world, 2)
    for number, one in enumerate((whole, holed)):
        sent(world, one, f"SF55000000{number}")
    printed = documents.content(session, whole.document)
    pages = [
        worn(sheet(one.code, no), Wear(noise=4, angle=turned + 2, blur=0.8), no).convert("L")
        for one, no, turned in ((whole, 2, 180), (holed, 1, 0), (whole, 1, 180))
    ]
    pile = uploading.begin(session, world.author, world.region)
    uploading.add_file(session, world.author, pile, BytesIO(pdf_of(*pages)), "回件.pdf")
    work(world, uploading.ask_reading(session, world.author, pile), read_pile)
    found = seen(world, pile)
    assert found[whole.number].outcome is Outcome.READY and found[holed.number].missing == [2]
    own = {found[whole.number].return_id: Own(ticked=AGREED)}
    work(world, filing.ask_filing(session, world.author, pile, None, own), file_pile)
    session.expire_all()
    assert [reply.fund for reply in whole.replies] == [Verdict.AGREED] and len(whole.scans) == 1
    assert documents.content(session, whole.scans[0].document).startswith(b"%PDF")
    assert documents.content(session, whole.document) == printed
    assert statement_sha256(printing.frozen(whole).data) == whole.payload_sha256
    assert of_paper(session, whole).stage is Stage.BACK and of_paper(session, holed).stage is Stage.SENT


def work(world: CloseWorld, job: Any, do: Any) -> None:
    world.session.commit()
    run = claim(world.session, job.id, "tests")
    assert run is not None
    run.finish(do(world.session, run))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_people_who_enter_one_answer_at_once_enter_it_once(world, session):
    [statement] = stated(world)
    engine, told = session.get_bind().engine, (world.author.id, world.finance.id)
    both, statement_id = Barrier(2), statement.id
    session.rollback()

    def enter(user_id: int) -> str:
        with on_day(OCTOBER), Session(engine) as own:
            actor, found = own.get_one(User, user_id), own.get_one(Statement, statement_id)
            assert found.replies == []  # as the page showed it
            both.wait(10)
            try:
                replying.reply(own, actor, found, OCTOBER, AGREED)
                own.commit()
            except DomainError as refusal:
                return str(refusal)
            return "entered"

    with ThreadPoolExecutor(2) as threads:
        results = sorted(threads.map(enter, told))
    assert results[1] == "entered" and "on record already" in results[0]
    session.expire_all()
    assert len(statement.replies) == 1
