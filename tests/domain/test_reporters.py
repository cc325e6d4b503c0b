"""A reporter stays unknown: sealed at rest, opened for named investigators only, each look on record (P5, 6.2)."""

import logging
import stat
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal.db import Base
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.price_protection.payments.making import How
from portal.domain.price_protection.violations import (
    appealing,
    awards,
    ending,
    evidence,
    investigating,
    naming,
    queries,
    reporters,
    statistics,
    writing,
)
from portal.domain.price_protection.violations.models import (
    CasePaperKind,
    CaseReporter,
    Custody,
    CustodyAction,
    State,
)
from portal.domain.price_protection.violations.reporters import Exclusion, Source
from portal.domain.price_protection.violations.todos import todos
from portal.domain.price_protection.violations.vault import FILES, Vault, make_key, read_key
from portal.domain.users.models import User
from tests.domain.case_world import OPENED, PHOTO, CaseWorld
from tests.domain.clock import on_day

# Words that stand nowhere else, in the reporter's facts and in their story, file and file name.
NAME, PHONE, ACCOUNT = "鑫淼焱垚", "13912344321", "6217990012345678909"
CANARIES = (NAME, PHONE, ACCOUNT, "夔门峡口第九仓", "彳亍踽踽", "饕餮照片", "魑魅魍魉")
FILE = ("饕餮照片.jpg", b"\xff\xd8\xff " + "魑魅魍魉".encode() * 50)
SOURCE = {
    "name": NAME,
    "phone": PHONE,
    "account": ACCOUNT,
    "place": "夔门峡口第九仓",
    "story": "我彳亍踽踽走过时看见有人卸货",
}


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def everything_kept(session) -> bytes:
    """Every row of every table, and on SQLite the files of the database as they lie on the disk."""
    found = []
    for table in Base.metadata.sorted_tables:
        for row in session.execute(sa.select(table)):
            found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    session.rollback()
    if session.get_bind().dialect.name == "sqlite":
        path = Path(session.get_bind().url.database)
        found += [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    return b"\n".join(found)


def hits(kept: bytes) -> list[str]:
    codes = [(word, word.encode(code)) for word in CANARIES for code in ("utf-8", "gb18030", "utf-16-le")]
    # JSON of the database may write 鑫 as \\u946b.
    codes += [(word, word.encode("unicode-escape")) for word in CANARIES]
    return sorted({word for word, data in codes if data in kept})


def test_a_reporter_is_found_nowhere_after_a_whole_case(world, session, caplog):
    caplog.set_level(logging.DEBUG)
    agreement = world.with_fund()
    case = world.appealed(agreement, files=(FILE,), **SOURCE)
    with on_day(date(2026, 9, 11)):
        reporters.look(session, world.vault, world.first, case)
        evidence.open_file(session, world.vault, world.second, case.evidence[0], case)
        evidence.pass_on(session, world.second, case, case.evidence[0], "交合规室保管")
        reporters.complete(session, world.vault, world.first, case, name=NAME, phone=PHONE, account=ACCOUNT)
        session.commit()
    world.answer(case, 20_000)
    with on_day(date(2026, 9, 28)):
        appealing.serve_answer(
            session,
            world.first,
            case,
            _with_courier(world, case),
            served_on=date(2026, 9, 28),
            how=writing.Service.COURIER,
        )
        award = ending.award_of(session, case)
        awards.name_payer(session, world.first, award, world.finance)
        assert awards.see_payee(session, world.vault, world.finance, award).account == ACCOUNT
        awards.pay(session, world.finance, award, How(paid_on=date(2026, 9, 28)))
        session.commit()
    assert case.state is State.EFFECTIVE
    assert hits(everything_kept(session)) == []
    assert hits(caplog.text.encode()) == []
    # The search itself finds what is there.
    assert hits(b"..." + NAME.encode()) == [NAME]


def _with_courier(world, case):
    paper = writing.issued(case, CasePaperKind.ANSWER)
    writing.sent(world.session, world.first, case, paper, "示例速递", "SF3")
    return paper


def test_who_took_a_report_in_and_when_stands_in_no_row(world, session, make):
    clerk = make.user(Role.TRAINER)
    events = session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))
    case = world.report(
        world.in_force(), by=clerk, source=Source.EMPLOYEE, files=(FILE, ("zweites.bin", b"abc"))
    )
    assert session.scalars(sa.select(AuditEvent).where(AuditEvent.subject == "violation_case")).all() == []
    assert session.scalar(sa.select(sa.func.count()).where(AuditEvent.actor_id == clerk.id)) == 0
    assert events is not None
    for row in case.evidence:
        kept = session.get_one(Document, row.document_id)
        assert (kept.stored_by_id, kept.filename, kept.media_type) == (
            None,
            "evidence",
            "application/octet-stream",
        )
        assert kept.stored_at.date() != date(2026, 7, 20)
        assert [(step.action, step.by_id, step.at) for step in row.custody] == [
            (CustodyAction.WITH_REPORT, None, None)
        ]
    with on_day(date(2026, 7, 21)):
        naming.name_investigators(session, world.vault, world.first, case, [world.first.id, world.second.id])
    found = reporters.look(session, world.vault, world.first, case)
    assert (found.user_id, found.taken_by_id) == (clerk.id, clerk.id)


def test_only_the_investigators_named_look_and_each_look_is_an_event_without_a_name(world, session, make):
    case = world.examined(world.with_fund(), **SOURCE)
    everybody_else = [make.user(role) for role in Role] + [world.manager, world.counsel, world.author]
    for user in everybody_else:
        with pytest.raises(DomainError):
            reporters.look(session, world.vault, user, case)
        with pytest.raises(DomainError):
            evidence.open_file(session, world.vault, user, case.evidence[0], case)
    assert reporters.look(session, world.vault, world.second, case).name == NAME
    session.flush()
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "case.reporter_seen")).one()
    assert (event.actor_id, event.subject_id, event.params) == (world.second.id, case.id, {})


def test_an_investigator_who_left_the_case_sees_nothing_any_more(world, session, make):
    third = make.user(Role.INVESTIGATOR)
    case = world.examined(world.with_fund())
    naming.name_investigators(session, world.vault, world.first, case, [world.first.id, third.id])
    naming.take_on(session, world.vault, third, case)
    with pytest.raises(DomainError):
        reporters.look(session, world.vault, world.second, case)
    assert reporters.look(session, world.vault, third, case) is not None


def test_every_case_has_one_sealed_row_of_one_length_whatever_its_source(world, session):
    agreement = world.with_fund()
    world.report(agreement, name="", phone="", account="", source=Source.PATROL)
    world.report(agreement, act_on=date(2026, 7, 1), story="看见了" * 400)
    lengths = session.scalars(sa.select(sa.func.length(CaseReporter.sealed))).all()
    assert len(lengths) == 2
    assert len(set(lengths)) == 1


def test_a_file_is_sealed_before_it_is_addressed_and_comes_back_whole(world, session):
    case = world.examined(world.with_fund(), files=(("示例.jpg", PHOTO), ("示例.jpg", PHOTO)))
    first, second = (session.get_one(Document, row.document_id) for row in case.evidence)
    assert first.sha256 != second.sha256  # one content, two addresses: equal files are not to be matched
    assert first.size == second.size > FILES
    assert evidence.open_file(session, world.vault, world.first, case.evidence[0], case) == (
        "示例.jpg",
        "image/jpeg",
        PHOTO,
    )
    session.flush()
    session.expire_all()
    assert [step.action for step in case.evidence[0].custody] == [
        CustodyAction.WITH_REPORT,
        CustodyAction.SEEN,
    ]
    assert session.scalars(sa.select(Custody).where(Custody.by_id == world.first.id)).one().at is not None


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}在场",
        "鑫 淼 焱 垚 在场",
        "联系电话139-1234-4321",
        "电话１３９１２３４４３２１",
        "收款账户6217 9900 1234 5678 909",
    ],
)
def test_no_paper_says_who_reported_however_it_is_written(world, session, text):
    case = world.opened(world.with_fund(), **SOURCE)
    with on_day(OPENED), pytest.raises(DomainError) as refused:
        investigating.write_notice(
            session,
            world.vault,
            world.first,
            case,
            act_time="2026年7月上旬",
            act_place="浙江省嘉兴市南湖区",
            act_facts=text,
            evidence_ids=[case.evidence[0].id],
        )
    assert NAME not in str(refused.value)
    assert refused.value.params == {}


@pytest.mark.parametrize("word", ["据举报", "接到举报", "线索人", "据 举 报"])
def test_no_paper_says_that_there_was_a_report(world, session, word):
    case = world.heard(world.with_fund())
    with pytest.raises(DomainError):
        writing.write(session, world.director, case, CasePaperKind.DECISION, {"reasons": f"{word}，乙方送货"})


def test_a_reporting_distributor_is_known_by_its_names_code_and_people(world, session):
    other = world.reporting_distributor
    case = world.opened(world.with_fund(), source=Source.DISTRIBUTOR, distributor_id=other.id, name="")
    for text in (other.name, other.code, "0572-55550102", "与李四当面核对"):
        with pytest.raises(DomainError):
            reporters.check_secrecy(session, world.vault, case, [text])
    reporters.check_secrecy(session, world.vault, case, ["乙方主动推销并送货", "2026年7月上旬"])


def test_a_decider_learns_nothing_from_a_guess_and_the_second_reader_stops_the_paper(world, session):
    case = world.heard(world.with_fund(), **SOURCE)
    with on_day(date(2026, 9, 1)):
        says = {"found_facts": f"{NAME}所述属实"}
        paper = writing.write(session, world.director, case, CasePaperKind.DISMISSAL, says)
        with pytest.raises(DomainError):
            world.confirm(case, paper)
        writing.send_back(session, world.second, case, paper)
    assert writing.draft(case, CasePaperKind.DISMISSAL) is None


def test_an_exclusion_leaves_no_trace_of_its_reason(world, session):
    case = world.examined(world.with_fund())
    reporters.exclude(session, world.vault, world.first, case, Exclusion.IMPROPER, "彳亍踽踽引诱交易")
    session.commit()
    assert hits(everything_kept(session)) == []
    event = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "case.sealed_facts_changed")
    ).one()
    assert event.params == {}


def test_who_sees_a_case_and_from_when(world, session, make):
    agreement = world.with_fund()
    users = {
        "unnamed": make.user(Role.INVESTIGATOR),
        "named": world.first,
        "manager": world.manager,
        "sales": world.author,
        "elsewhere": make.user(Role.REGIONAL_MANAGER, make.region()),
        "administrator": make.user(Role.ADMINISTRATOR),
        "auditor": make.user(Role.AUDITOR),
        "finance": world.finance,
    }

    def seeing() -> set[str]:
        return {name for name, user in users.items() if session.scalars(queries.cases_visible_to(user)).all()}

    case = world.report(agreement)
    assert seeing() == {"unnamed", "named"}
    naming.name_investigators(session, world.vault, world.first, case, [world.first.id, world.second.id])
    session.commit()
    assert seeing() == {"named"}
    case = world.noticed(agreement, act_on=date(2026, 7, 1))
    assert seeing() == {"unnamed", "named", "manager", "auditor"}
    other = world.notified(agreement, act_on=date(2026, 7, 2))
    assert seeing() == {"unnamed", "named", "manager", "auditor", "sales", "finance"}
    shown = {event.action for event in queries.timeline(session, world.manager, other)}
    assert "case.opened" in shown
    assert not shown & {"case.investigators_named", "case.reporter_seen"}
    assert case.number is not None


def test_statistics_count_only_what_the_accused_know_of(world, session):
    agreement = world.with_fund()
    world.noticed(agreement, act_on=date(2026, 7, 1))
    world.report(agreement, act_on=date(2026, 7, 2))
    assert statistics.rows(session, world.manager) == []
    world.decided(agreement)
    (row,) = statistics.rows(session, world.manager)
    assert (row.cases, row.pending, row.deducted_fen) == (1, 1, 0)


def test_the_workbench_and_the_numbers_ask_no_more_for_more_cases(world, session):
    agreement = world.with_fund()
    asked: list[str] = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *said: asked.append(said[2]))

    def statements() -> list[int]:
        counts = []
        for work in (
            lambda: list(todos(session, world.first)),
            lambda: statistics.rows(session, world.manager),
        ):
            session.rollback()
            session.expunge_all()
            user = session.get_one(User, world.first.id), session.get_one(User, world.manager.id)
            asked.clear()
            work()
            counts.append(len(asked))
            assert user
        return counts

    world.notified(agreement, act_on=date(2026, 7, 1))
    few = statements()
    for day in (2, 4, 5):
        world.notified(agreement, act_on=date(2026, 7, day))
    assert statements() == few


# ---- the key


def test_what_is_sealed_opens_only_with_its_key_and_for_its_purpose():
    vault = Vault(b"a" * 32)
    sealed = vault.seal(b"said", "case:1:reporter")
    assert vault.open(sealed, "case:1:reporter") == b"said"
    for other, purpose in ((Vault(b"b" * 32), "case:1:reporter"), (vault, "case:2:reporter")):
        with pytest.raises(DomainError):
            other.open(sealed, purpose)
    with pytest.raises(DomainError):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "case:1:reporter")
    assert vault.seal(b"said", "x") != vault.seal(b"said", "x")


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "reporter_key"
    assert read_key(path) is None
    key = make_key(path)
    assert make_key(path) == key == read_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("nonsense", encoding="ascii")
    with pytest.raises(DomainError):
        read_key(path)
