"""Pages of violation cases: a whole case by the forms, each by its own people; nobody finds out who reported."""

import io
import re
from dataclasses import replace
from datetime import date, datetime, time

import pypdfium2
import pytest
import sqlalchemy as sa
import time_machine

from portal.db import CHINA
from portal.domain.access.roles import Role
from portal.domain.price_protection.violations import reporters
from portal.domain.price_protection.violations.models import Award, Case, State
from tests.domain.case_world import JUDGMENT, CaseWorld
from tests.domain.test_reporters import CANARIES, FILE, SOURCE, everything_kept, hits
from tests.web.sheets import rows_of


def on_day(day: date) -> time_machine.travel:
    """Inside, it is ten o'clock of this day in China, for the browser's cookies too."""
    return time_machine.travel(datetime.combine(day, time(10), CHINA), tick=False)


@pytest.fixture
def world(app, session, make) -> CaseWorld:
    found = CaseWorld(session, make)
    app.extensions["reporter_vault"] = found.vault
    return found


# What shows something sealed to whoever may see it; every other answer must not.
_FOR_THOSE_WHO_MAY = re.compile(r"/source$|/evidence/1/open$|/awards/[^/]+/(open|pay)$")


class Desk:
    """Somebody at the portal on a day: every page that is seen is kept, to be searched afterwards."""

    def __init__(self, sign_in, world: CaseWorld) -> None:
        self.sign_in, self.world = sign_in, world
        self.seen: list[tuple[str, bytes]] = []

    def get(self, user, on: date, path: str) -> bytes:
        with on_day(on):
            response = self.sign_in(user).get(path)
        assert response.status_code == 200, (path, response.status_code)
        self.seen.append((path, response.data))
        return response.data

    def post(self, user, on: date, path: str, status: int = 303, /, **said) -> bytes:
        with on_day(on):
            response = self.sign_in(user).post(path, data=said, content_type="multipart/form-data")
        text = response.data.decode(errors="replace")
        assert response.status_code == status, (path, response.status_code, text[text.find("errors") :][:600])
        if not _FOR_THOSE_WHO_MAY.search(path):
            self.seen.append((path, response.data))
        return response.data

    def case(self) -> Case:
        self.world.session.rollback()
        self.world.session.expire_all()
        return self.world.session.scalars(sa.select(Case)).one()


@pytest.fixture
def desk(sign_in, world) -> Desk:
    return Desk(sign_in, world)


def report_of(agreement, **said) -> dict[str, object]:
    return {
        "accused": agreement.number,
        "act_on": "2026-07-03",
        "kinds": "cross_territory",
        "source": "outside",
        "files": (io.BytesIO(FILE[1]), FILE[0]),
        **SOURCE,
        **said,
    }


def test_a_whole_case_by_its_pages_and_the_reporter_is_on_none_of_them(desk, world, session, make, caplog):
    agreement = world.with_fund()
    first, second, director, counsel = world.first, world.second, world.director, world.counsel
    administrator, auditor = make.user(Role.ADMINISTRATOR), make.user(Role.AUDITOR)
    july = date(2026, 7, 20)
    desk.get(world.author, july, "/violations/report")
    desk.post(world.author, july, "/violations/report", **report_of(agreement))
    at = f"/violations/{desk.case().code}"
    desk.get(first, july, "/violations/")
    desk.get(first, july, "/")
    desk.get(first, july, f"{at}/")
    desk.post(first, july, f"{at}/investigators", people=[str(first.id), str(second.id)])
    desk.get(second, july, f"{at}/")
    desk.post(second, july, f"{at}/take-on")
    assert SOURCE["name"] in desk.post(first, july, f"{at}/source", 200).decode()
    row = desk.case().evidence[0]
    assert desk.post(first, july, f"{at}/evidence/{row.no}/open", 200) == FILE[1]
    words = {"name": "追溯码核对记录", "summary": "追溯码与进货批次一致", "proves": "货物由乙方售出"}
    refused = desk.post(
        first, july, f"{at}/evidence/{row.no}/words", 422, **{**words, "summary": "仓库人员提供的照片" * 60}
    )
    assert b"errors" in refused
    desk.post(first, july, f"{at}/evidence/{row.no}/words", **words)
    desk.post(first, july, f"{at}/open", 422, contact="", phone="")
    desk.post(first, july, f"{at}/open", contact="周七", phone="0571-55550103")
    assert desk.case().number == "WG-2026-0001"

    desk.get(first, july, f"{at}/notice")
    desk.post(
        first,
        july,
        f"{at}/notice",
        act_time="2026年7月上旬",
        act_place="浙江省嘉兴市南湖区",
        act_facts="乙方在业务区域以外主动推销并送货",
        evidence=str(row.no),
    )
    _through(desk, at, july, first, july, status="notified")
    case = desk.case()
    assert (case.state, case.quarter) == (State.NOTIFIED, "2026Q3")
    desk.post(first, date(2026, 8, 3), f"{at}/extend", 422, days="99", reason="调取数据")
    desk.post(first, date(2026, 8, 3), f"{at}/hearing", kind="answer", on="2026-08-01", points="客户主动上门")
    decided = date(2026, 8, 4)
    desk.get(director, decided, f"{at}/decision")
    desk.post(
        director,
        decided,
        f"{at}/decision",
        outcome="proven",
        found_facts="乙方主动推销并送货",
        reasons="系乙方主动推销",
        defence_points="客户主动上门",
        share="50%",
        mitigation="情节轻微",
        findings=str(row.no),
        **{f"reason-{row.no}": "与出库单相符"},
    )
    _through(desk, at, decided, director, decided, status="decided")
    assert desk.case().state is State.DECIDED
    for user in (world.manager, world.author, world.finance, counsel, auditor):
        desk.get(user, decided, "/violations/")
        desk.get(user, decided, f"{at}/")
        desk.get(user, decided, "/")
    for user in (administrator, auditor):
        desk.get(user, decided, "/admin/audit")
    received = date(2026, 8, 10)
    desk.post(counsel, received, f"{at}/appeal", received_on="2026-08-10", points="扣减比例过高")
    desk.get(counsel, received, f"{at}/answer")
    desk.post(
        counsel,
        received,
        f"{at}/answer",
        findings="与原决定一致",
        reasons="货物已收回",
        kept="325.00",
    )
    _through(desk, at, received, counsel, received, status="effective")
    case = desk.case()
    assert (case.state, case.appeal.kept_fen) == (State.EFFECTIVE, 32_500)
    desk.get(world.manager, received, "/violations/statistics")

    award = session.scalars(sa.select(Award)).one()
    desk.post(first, received, f"{at}/payer", payer=str(world.finance.id))
    listed = desk.get(world.finance, received, "/violations/awards/").decode()
    assert award.code in listed
    assert case.number not in listed
    assert agreement.number not in listed
    shown = desk.post(world.finance, received, f"/violations/awards/{award.code}/open", 200).decode()
    assert SOURCE["account"] in shown
    said = {"paid_on": "2026-08-10", "reference": "回单0810", "tax": "65.00", "turn": "1"}
    paying = f"/violations/awards/{award.code}/pay"
    again = desk.post(world.finance, received, paying, 422, **said | {"paid_on": "2026-08-01"}).decode()
    assert SOURCE["account"] in again and "回单0810" in again  # what was typed, and whom it is for, stay
    for _click in range(3):
        desk.post(world.finance, received, paying, **said)
    desk.get(world.finance, received, "/violations/awards/")
    shown = desk.get(world.finance, received, f"/violations/awards/{award.code}").decode()
    assert "260.00" in shown and "65.00" in shown
    assert re.search(r'href="/violations/awards/"[^>]*aria-current', shown)  # where the page belongs
    told = desk.get(first, received, f"{at}/").decode()
    assert (
        award.code in told and "2026-08-10" in told.split(award.code)[1]
    )  # who investigates reads that it is paid
    taking_back = f"/violations/awards/{award.code}/take-back"
    assert '<input id="turn" name="turn" type="hidden" value="1">' in shown
    desk.post(world.finance, received, taking_back, why="returned", turn="1")
    assert "taken back" in desk.post(world.finance, received, paying, 422, **said).decode()
    desk.post(world.finance, received, paying, **said | {"turn": "2"})
    for stale in ({"turn": "1"}, {"turn": ""}):  # sent again from an old page: the second payment stands
        desk.post(world.finance, received, taking_back, 422, why="returned", **stale)
    session.rollback()
    session.refresh(award)
    assert award.paid_fen == 32_500
    desk.get(administrator, received, "/admin/audit")

    for path, page in desk.seen:
        assert hits(page) == [], path
        assert [word for word in CANARIES if word in page.decode(errors="ignore")] == [], path
    assert hits(everything_kept(session)) == []
    assert hits(caplog.text.encode()) == []


def _through(desk: Desk, at: str, on: date, issuer, served_on: date, *, status: str) -> None:
    """The last paper that was written: read by an investigator, issued, sent, served."""
    paper = desk.case().papers[-1]
    first, second = desk.world.first, desk.world.second
    here = f"{at}/papers/{paper.id}"
    reader = second if issuer is first else first
    desk.get(reader, on, f"{here}/")
    desk.post(reader, on, f"{here}/confirm", seen=paper.sha256)
    desk.post(issuer, on, f"{here}/issue")
    page = desk.get(desk.world.manager, on, f"{here}.pdf")
    with pypdfium2.PdfDocument(page) as document:
        text = "".join(document[no].get_textpage().get_text_bounded() for no in range(len(document)))
    desk.seen.append((f"{here}.pdf, its text", text.encode()))
    assert "WG-2026-0001" in text
    desk.post(first, on, f"{here}/send", courier_company="示例速递", courier_number="SF0001")
    desk.post(first, on, f"{here}/serve", served_on=served_on.isoformat(), how="courier")
    assert desk.case().state.value == status


def test_a_refused_report_keeps_what_was_typed_and_nothing_is_kept_of_it(desk, world, session):
    agreement = world.with_fund()
    page = desk.post(
        world.author,
        date(2026, 7, 20),
        "/violations/report",
        422,
        **report_of(agreement, kinds="code_tampering"),
    )
    desk.seen.clear()
    assert SOURCE["story"] in page.decode()
    assert session.scalars(sa.select(Case)).all() == []
    assert hits(everything_kept(session)) == []


def test_the_report_and_what_is_sealed_are_kept_by_no_browser(world, sign_in):
    case = world.examined(world.with_fund())
    with on_day(date(2026, 7, 21)):
        client = sign_in(world.first)
        assert "no-store" in client.get("/violations/report").headers["Cache-Control"]
        response = client.post(f"/violations/{case.code}/source")
        assert "no-store" in response.headers["Cache-Control"]


def test_who_is_not_named_finds_no_way_to_what_is_sealed(desk, world, make):
    case = world.notified(world.with_fund())
    on = date(2026, 8, 8)
    other = make.user(Role.INVESTIGATOR)
    for path in ("source", "source/facts", "source/exclusion", "hearing"):
        data = {"kind": "inspection", "on": "2026-08-08", "points": ""} if path == "hearing" else {}
        with on_day(on):
            response = desk.sign_in(other).post(f"/violations/{case.code}/{path}", data=data)
        assert response.status_code in (400, 403, 409, 422), (path, response.status_code)
    with on_day(on):
        row = desk.case().evidence[0]
        assert desk.sign_in(other).post(f"/violations/{case.code}/evidence/{row.no}/open").status_code != 200
    assert "追溯码核对记录" in desk.get(world.manager, on, f"/violations/{case.code}/").decode()


def test_a_key_that_was_lost_is_not_made_anew(desk, world, app, tmp_path):
    world.report(world.with_fund())
    del app.extensions["reporter_vault"]
    app.config["REPORTER_KEY_FILE"] = str(tmp_path / "nowhere")
    other = world.with_fund()
    desk.post(world.author, date(2026, 7, 20), "/violations/report", 422, **report_of(other))
    assert not (tmp_path / "nowhere").exists()


def test_who_names_others_sees_nothing_of_it_once_one_has_taken_it_on(desk, world, make, sign_in):
    case = world.report(world.with_fund())
    with on_day(date(2026, 7, 21)):
        client = sign_in(make.user(Role.INVESTIGATOR))
        people = [str(world.first.id), str(world.second.id)]
        answer = client.post(f"/violations/{case.code}/investigators", data={"people": people})
        assert (
            answer.location == f"/violations/{case.code}/"
        )  # until one of them takes it on, others can be named
        assert sign_in(world.second).post(f"/violations/{case.code}/take-on").status_code == 303
        assert client.get(f"/violations/{case.code}/").status_code == 404


def test_a_decision_is_taken_back_by_two_people_with_its_judgment(desk, world, session):
    case = world.decision_served(world.with_fund())
    day, at = date(2026, 9, 10), f"/violations/{case.code}"
    director, counsel = world.director.username, world.counsel.username
    refused = desk.post(director, day, f"{at}/set-aside", 422, ground="judgment", said="判决").decode()
    assert "Choose the file of the judgment" in refused
    assert case.takings_back == []
    judgment = (io.BytesIO(JUDGMENT), "判决书.pdf")
    desk.post(director, day, f"{at}/set-aside", ground="judgment", said="（2026）示例1号判决", file=judgment)
    page = desk.get(director, day, f"{at}/").decode()
    assert "（2026）示例1号判决" in page
    assert "/confirm" not in page
    session.rollback()
    one = f"{at}/set-aside/{case.takings_back[0].no}"
    assert "You proposed this" in desk.post(director, day, f"{one}/confirm", 409).decode()
    assert desk.case().state is State.DECIDED
    page = desk.get(counsel, day, f"{at}/").decode()
    assert f"{one}/confirm" in page
    assert re.search(r"To be restored</dt>\s*<dd[^>]*>\s*500\.00", page)
    with on_day(day):
        opened = desk.sign_in(counsel).post(f"{one}/file")
    assert (opened.data, opened.headers["Cache-Control"]) == (JUDGMENT, "no-store, private")
    assert opened.headers["Content-Disposition"].startswith("attachment")
    desk.post(counsel, day, f"{one}/confirm")
    assert desk.case().state is State.OVERTURNED


def test_who_reported_is_told_once_what_happens_next(world, session, sign_in):
    agreement = world.with_fund()
    with on_day(date(2026, 7, 20)):
        client = sign_in(world.author)
        sent = client.post(
            "/violations/report", data=report_of(agreement), content_type="multipart/form-data"
        )
        assert (sent.status_code, sent.location) == (303, "/violations/report")
        page = client.get("/violations/report")
        assert "What happens next" in page.text and "<textarea" not in page.text
        assert page.headers["Cache-Control"].startswith("no-store")
        assert hits(page.data) == [] and agreement.number not in page.text
        # The same address is the empty form again.
        assert "<textarea" in client.get("/violations/report").text


def test_a_value_outside_a_list_is_refused_in_the_language_of_the_page(app, world, sign_in):
    client = sign_in(world.manager, language="zh-CN")
    said = {"accused": "X", "act_on": "2026-07-03", "source": "nobody", "kinds": "none"}
    page = client.post("/violations/report", data=said).data.decode()
    assert page.count("请从列表中选择。") >= 2
    assert "valid choice" not in page


def test_deadlines_of_a_case_that_ended_do_not_run_on(desk, world):
    case = world.appealed(world.with_fund())
    day = date(2026, 9, 25)
    assert "left</span>" in desk.get(world.counsel.username, day, f"/violations/{case.code}/").decode()
    world.answer(case, 0, on=day)
    page = desk.get(world.counsel.username, day, f"/violations/{case.code}/").decode()
    assert "no longer runs" in page
    assert "days left</span>" not in page


def test_when_a_report_was_entered_is_told_by_the_day_in_china(desk, world):
    case = world.examined(world.with_fund(), on=date(2026, 7, 20))
    vaulted = reporters.unsealed(world.session, world.vault, case)
    reporters.keep(world.session, world.vault, case, replace(vaulted, taken_at="2026-07-19T18:40:00+00:00"))
    world.session.commit()
    page = desk.post(world.first.username, date(2026, 7, 21), f"/violations/{case.code}/source", 200).decode()
    assert "2026-07-20" in page
    assert "2026-07-19" not in page


def test_accounts_name_a_case_by_its_public_number(desk, world):
    agreement = world.with_fund()
    case = world.decided(agreement)
    for user in (world.manager, world.finance):
        for path in ("", "transfers", f"transfers?account=award&part={case.code}"):
            page = desk.get(
                user.username, date(2026, 9, 2), f"/funds/agreements/{agreement.id}/{path}"
            ).decode()
            assert case.number in page, path
            assert not re.search(rf">[^<]*\bC{case.id}\b", page), path


def test_addresses_name_a_case_by_its_code_alone(desk, world):
    """A row's number in them would count the reports that led nowhere."""
    agreement = world.with_fund()
    world.report(world.with_fund(), act_on=date(2026, 7, 1))
    case = world.decided(agreement)
    day = date(2026, 9, 2)
    fund = f"/funds/agreements/{agreement.id}/"
    for user in (world.manager, world.finance, world.first, world.director):
        for path in ("/", "/violations/", f"/violations/{case.code}/", fund, f"{fund}transfers"):
            if path.startswith(fund) and user is world.first:
                continue  # no page of an investigator
            page = desk.get(user, day, path).decode()
            assert not re.search(r"/violations/\d+/|[?&;]part=C\d", page), (user.name, path)
    assert f"part={case.code}" in desk.get(world.finance, day, fund).decode()
    with on_day(day):
        client = desk.sign_in(world.first)
        assert client.get(f"/violations/{case.id}/").status_code == 404
        assert client.get(f"/violations/{case.code[::-1]}/").status_code == 404
        told = desk.sign_in(world.finance).get(f"{fund}transfers?account=award&part=C{case.id}")
        assert "¥" not in told.text[told.text.index("<main") :].replace("¥0.00", "")


def test_the_workbook_of_cases_holds_what_its_reader_sees_and_nothing_of_a_report(desk, world, session):
    case = world.decided(world.with_fund(), **SOURCE)
    world.report(world.with_fund(), act_on=date(2026, 7, 1))  # its investigators see that there is one
    unserved = world.noticed(world.with_fund(), act_on=date(2026, 7, 2))
    day = date(2026, 9, 2)

    def numbers(user, query: str = "") -> list[object]:
        with on_day(day):
            answer = desk.sign_in(user).get(f"/violations/export{query}")
        assert hits(answer.data) == []
        return [row[0] for row in rows_of(answer)[1:]]

    assert numbers(world.first) == numbers(world.manager) == [unserved.number, case.number]
    assert numbers(world.finance) == [case.number]  # the other is not served yet
    assert numbers(world.manager, f"?q={unserved.number}") == [unserved.number]
    with on_day(day):
        head, *rows = rows_of(desk.sign_in(world.manager).get("/violations/export"))
    told = dict(zip(head, rows[1], strict=True))
    assert (told["Case"], told["Deducted"], told["Quarter concerned"]) == (case.number, 500, "2026Q3")
    assert "2026-07-03" not in str(rows)  # the day of the act is its investigators' alone


def test_taking_a_case_on_answers_its_source_as_it_answers_everybody(desk, world):
    """A status of its own would stand in a log beside the name."""
    answers = []
    people_and_cases = [
        (by, world.report(world.with_fund(), by=by, source=reporters.Source.EMPLOYEE))
        for by in (world.manager, world.second)
    ]
    for by, case in people_and_cases:
        with on_day(date(2026, 7, 21)):
            people = [str(world.first.id), str(world.second.id)]
            first, second = desk.sign_in(world.first), desk.sign_in(world.second)
            assert (
                first.post(f"/violations/{case.code}/investigators", data={"people": people}).status_code
                == 303
            )
            answer = second.post(f"/violations/{case.code}/take-on")
            answers.append((answer.status_code, answer.location == f"/violations/{case.code}/"))
            page = second.get(f"/violations/{case.code}/").text
            assert ("Its way" in page) is (by is world.manager)  # the evidence
    assert answers == [(303, True)] * 2


@pytest.mark.parametrize("program", ["yonyou", "kingdee"])
def test_vouchers_tell_of_a_deduction_and_not_of_the_row_of_its_case(desk, world, program):
    """They leave the portal: a row's number in them would count reports for good."""
    case = world.decided(world.with_fund())
    with on_day(date(2026, 9, 2)):
        finance = desk.sign_in(world.finance)
        sent = {
            "first_on": "2026-09-01",
            "last_on": "2026-09-02",
            "what": "all",
            "grouping": "single",
            "key": "v",
        }
        taken = finance.post("/funds/payments/vouchers", data=sent)
        assert taken.status_code == 303, taken.text
        head, *rows = rows_of(finance.get(f"{taken.location}/export?program={program}"))
    said = [str(row[head.index("摘要")]) for row in rows]
    assert sum("按决定扣减基金" in text for text in said) == 2, said
    assert not any(re.search(rf"\bC{case.id}\b", text) for text in said), said
