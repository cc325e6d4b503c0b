"""A reporter whom nobody else may know is searched for everywhere: what anybody can open, fetch, search or carry away.

One case went its whole way, one waits for its decision, one was only reported. Everything that can be reached by a
link is opened as everybody, and looked into: workbooks, PDFs with their metadata and attachments, what they unpack to.
Then the sealed facts become somebody else's, and everything must be as it was, byte for byte.
"""

import base64
import hashlib
import io
import logging
import re
import statistics
import time as clock
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import pikepdf
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from portal.config import reporter_key_file
from portal.db import CHINA
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.price_protection.payments.making import How
from portal.domain.price_protection.violations import appealing, awards, ending, evidence, reporters, writing
from portal.domain.price_protection.violations.models import Case, CasePaperKind, CaseReporter
from portal.domain.price_protection.violations.reporters import Reporter, Source
from portal.domain.price_protection.violations.vault import Vault, make_key
from portal.domain.users.models import User
from portal.extensions import db
from tests.domain.case_world import CaseWorld
from tests.domain.clock import on_day
from tests.domain.test_reporters import CANARIES, FILE, NAME, SOURCE, everything_kept, hits
from tests.faults.ledger.size import IS_LONG, SECONDS, progress, size

pytestmark = pytest.mark.timeout(SECONDS)
TODAY = date(2026, 10, 12)
PLACES = size(1, 4)  # addresses of one route, and as many with something asked
# Nobody is called so either, and as many signs of the same kinds as in CANARIES.
NOBODY = (
    "鑱龘靐齉",
    "13912344329",
    "6217990012345678900",
    "夔门峡口第七仓",
    "彳亍彷徨",
    "饕餮影像",
    "魑魅罔两",
)
# A row's number in an address counts the reports that nobody was told of.
COUNTING = re.compile(rb"/violations/(?:awards/)?\d+[/\"]|[?&;]part=C\d")
SEARCHES = size(5, 200)
# Drawn anew for each page: nonces, and the keys by which a form is told from another.
NONCE = re.compile(rb"nonce[-=][^ '>]+|name=\"(?:key|csrf_token)\"[^>]*")
# What a user's page tells of lists that were fetched meanwhile, and how long that makes it.
LOG = re.compile(rb"<ol class=\"log\">.*?</ol>|\('Content-Length', '\d+'\), ", re.DOTALL)
SignIn = Callable[..., FlaskClient]


@pytest.fixture
def world(app: Flask, session: Session, make: Any) -> CaseWorld:
    made = CaseWorld(session, make)
    made.vault = Vault(make_key(reporter_key_file(app.config)))
    app.extensions.pop("reporter_vault", None)
    return made


@pytest.fixture
def cases(world: CaseWorld, session: Session) -> list[Case]:
    """One that is over and awarded, one under way, one only reported; all by the same person."""
    said = {"files": (FILE,), **SOURCE}
    whole = world.appealed(world.with_fund(), **said)
    with on_day(date(2026, 9, 11)):
        reporters.look(session, world.vault, world.first, whole)
        evidence.open_file(session, world.vault, world.second, whole.evidence[0], whole)
        evidence.pass_on(session, world.second, whole, whole.evidence[0], "交合规室保管")
        session.commit()
    world.answer(whole, 20_000)
    served = date(2026, 9, 28)
    with on_day(served):
        paper = writing.issued(whole, CasePaperKind.ANSWER)
        assert paper is not None
        writing.sent(session, world.first, whole, paper, "示例速递", "SF3")
        appealing.serve_answer(
            session, world.first, whole, paper, served_on=served, how=writing.Service.COURIER
        )
        award = ending.award_of(session, whole)
        assert award is not None
        awards.name_payer(session, world.first, award, world.finance)
        awards.see_payee(session, world.vault, world.finance, award)
        awards.pay(session, world.finance, award, How(paid_on=served))
        session.commit()
    return [whole, world.notified(world.with_fund(), **said), world.report(world.with_fund(), **said)]


@pytest.fixture
def people(world: CaseWorld, session: Session, make: Any) -> dict[str, User]:
    """Everybody who may sign in, those who know included: no page that is merely opened tells even them."""
    found = {"investigator": world.first, "auditor": make.user(Role.AUDITOR)}
    if IS_LONG:
        found |= {role.value: make.user(role) for role in Role}
        found |= {"owner": world.author, "manager": world.manager, "payer": world.finance}
        found |= {"decider": world.director, "counsel of the appeal": world.counsel}
    return found


def _pdf(data: bytes) -> Iterator[bytes]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        yield str(dict(pdf.docinfo)).encode()
        for found in pdf.objects:
            yield str(found).encode(errors="replace")
            if isinstance(found, pikepdf.Stream):
                with suppress(pikepdf.PdfError):
                    yield from looked_into(found.read_bytes())
    for page in PdfReader(io.BytesIO(data)).pages:
        yield re.sub(r"\s", "", page.extract_text()).encode()


def looked_into(data: bytes) -> Iterator[bytes]:
    """What the bytes say, and what they unpack to."""
    yield data
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from looked_into(archive.read(name))
    elif data[:5] == b"%PDF-" and b"startxref" in data:  # else one that took a test no time to print
        yield from _pdf(data)
    elif data[:2] == b"\x1f\x8b":
        yield from looked_into(zlib.decompress(data, 31))


def assert_nowhere(place: str, data: bytes) -> None:
    for part in looked_into(data):
        assert hits(part) == [], place


def nowhere(place: str, data: bytes, known: set[bytes]) -> None:
    """As `assert_nowhere`, what was looked into before passed over."""
    digest = hashlib.sha256(data).digest()
    if digest not in known:
        assert_nowhere(place, data)
        known.add(digest)


class Walker:
    """Opens whatever leads on from the workbench as one person, some addresses of each route."""

    known: ClassVar[set[bytes]] = set()  # what was looked into

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.seen: dict[str, bytes] = {}
        self._taken: Counter[tuple[str, bool]] = Counter()

    def walk(self) -> dict[str, bytes]:
        """Address → what came."""
        waiting, known = ["/"], {"/"}
        while waiting:
            path = waiting.pop(0)
            if not self._wanted(path):
                continue
            response = self.client.get(path)
            assert response.status_code < 500, path
            whole = str(sorted(response.headers)).encode() + response.data
            self.seen[path] = NONCE.sub(b"", whole)
            nowhere(path, response.data, self.known)
            assert hits(whole) == [], path
            counting = COUNTING.search(response.data)
            assert counting is None, (path, counting)
            text = response.data.decode(errors="ignore") if response.mimetype == "text/html" else ""
            for link in re.findall(r'(?:href|hx-get|src|action)="(/[^"#]*)', text):
                link = link.replace("&amp;", "&")
                if link not in known:
                    known.add(link)
                    waiting.append(link)
        return self.seen

    def _wanted(self, path: str) -> bool:
        asked = urlsplit(path)
        try:
            endpoint, _ = self.app.url_map.bind("portal.example").match(asked.path, method="GET")
        except HTTPException:  # what is only posted to
            return False
        if endpoint in ("static", "stylesheet", "auth.logout", "auth.language"):
            return False
        place = (str(endpoint), bool(asked.query))
        self._taken[place] += 1
        return self._taken[place] <= (6 if str(endpoint).startswith("violations.") else PLACES)


def at_work(day: date = TODAY) -> time_machine.travel:
    return time_machine.travel(datetime.combine(day, time(10), CHINA), tick=False)


def test_nothing_that_anybody_can_open_says_who_reported_or_changes_with_it(
    app: Flask,
    world: CaseWorld,
    session: Session,
    sign_in: SignIn,
    cases: list[Case],
    people: dict[str, User],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    session.commit()
    with at_work():
        clients = {name: sign_in(user) for name, user in people.items()}
        for client in clients.values():
            client.get("/")  # the first page after signing in takes a cookie away
        before = {name: Walker(app, client).walk() for name, client in clients.items()}
        addresses = {path for seen in before.values() for path in seen}
        progress(
            f"reporter: {sum(map(len, before.values()))} answers, {len(addresses)} addresses, {len(people)} people"
        )
        # What leads on is not a page or two.
        assert {urlsplit(path).path for path in addresses} >= {f"/violations/{case.code}/" for case in cases}
        assert any(".pdf" in path for path in addresses) and any("export" in path for path in addresses)
        assert {urlsplit(path).path for path in before["auditor"]} >= {"/admin/audit", "/admin/audit/export"}
        of_cases = sa.select(sa.func.count()).where(AuditEvent.subject == "violation_case")
        events = session.scalar(of_cases)
        other = Reporter(
            Source.DISTRIBUTOR, "欧阳示例", "0571-55558888", "", "91330100MA00EX1A2G",
            distributor_id=world.reporting_distributor.id, place="别处", story="另有所见" * 90,
        )  # fmt: skip
        session.rollback()
        for case in cases:
            reporters.keep(session, world.vault, case, other)
        session.commit()
        for name, client in clients.items():
            after = Walker(app, client).walk()
            # That somebody fetched a list is itself an event of the trail, though not of a case.
            old, new = _without_the_trail(before[name]), _without_the_trail(after)
            unlike = [path for path in old.keys() | new if new.get(path) != old.get(path)]
            assert not unlike, (name, unlike, _difference(old, new, unlike[0]))
    session.rollback()
    assert session.scalar(of_cases) == events
    assert hits(caplog.text.encode()) == []
    assert NAME not in caplog.text


def _without_the_trail(seen: dict[str, bytes]) -> dict[str, bytes]:
    """What came, but for the audit trail with its part about a user, and for the machine's disk and clock."""
    return {
        path: LOG.sub(b"", answer) if path.startswith("/admin/users/") else answer
        for path, answer in seen.items()
        if not path.startswith(("/admin/audit", "/admin/health"))
    }


def _difference(before: dict[str, bytes], after: dict[str, bytes], path: str) -> list[tuple[bytes, bytes]]:
    lines = zip_longest(before.get(path, b"").splitlines(), after.get(path, b"").splitlines())
    return [line for line in lines if line[0] != line[1]][:3]


def test_no_search_answers_otherwise_to_a_reporter_than_to_nobody(
    app: Flask,
    world: CaseWorld,
    session: Session,
    sign_in: SignIn,
    cases: list[Case],
    people: dict[str, User],
) -> None:
    """Neither in what it says, nor in what it asks of the database, nor in how long it takes."""
    session.commit()
    asked: list[str] = []
    with app.app_context():
        engine = db.engine
    said = lambda _c, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", said)
    words = list(zip(CANARIES, NOBODY, strict=True))[: size(2, 7)]
    try:
        with at_work():
            places = _lists_with_words(app, sign_in(people["auditor"]))
            for name, user in people.items():
                client = sign_in(user)
                for place in places:
                    for pair in words:
                        answers = []
                        for word in pair:
                            asked.clear()
                            found = client.get(f"{place}?q={quote(word)}")
                            text = NONCE.sub(b"", found.data).decode(errors="replace")
                            for form in (word, quote(word), quote(word, safe="")):
                                text = text.replace(form, "?")
                            answers.append(
                                [str(found.status_code), *text.splitlines(), *_of_the_search(asked)]
                            )
                        unlike = [lines for lines in zip_longest(*answers) if lines[0] != lines[1]]
                        assert not unlike, (name, place, pair[0], unlike[:2])
            progress(f"reporter: {len(people) * len(places) * len(words)} searches at {places}")
            assert _ratio(sign_in(people["auditor"])) < 1.5
    finally:
        sa.event.remove(engine, "before_cursor_execute", said)


def _of_the_search(asked: list[str]) -> list[str]:
    """Without what is asked now and then, whatever is searched for."""
    return [statement for statement in asked if "is_demo" not in statement]


def _lists_with_words(app: Flask, client: FlaskClient) -> list[str]:
    """Every list that is narrowed by words, with the search over everything."""
    found = {"/search", "/search/suggestions", "/violations/", "/distributors/"}
    if not IS_LONG:
        return sorted(found)
    left_out = ("auth.logout", "admin.health")  # the latter tells of the machine's disk and clock
    for rule in app.url_map.iter_rules():
        if not rule.arguments and "GET" in (rule.methods or ()) and rule.endpoint not in left_out:
            answer = client.get(rule.rule)
            if answer.mimetype == "text/html" and b'name="q"' in answer.data:
                found.add(rule.rule)
    assert found >= {"/purchases/", "/agreements/"}
    return sorted(found)


def _ratio(client: FlaskClient) -> float:
    """How much longer the search for the reporter takes than that for nobody, by the medians of turns."""
    took: dict[str, list[float]] = {CANARIES[0]: [], NOBODY[0]: []}
    for _ in range(SEARCHES * 2):
        for word, times in took.items():
            began = clock.perf_counter()
            client.get(f"/search?q={quote(word)}")
            times.append(clock.perf_counter() - began)
    medians = [statistics.median(times) for times in took.values()]
    progress(f"reporter: searched in {medians[0] * 1000:.2f} ms, nobody in {medians[1] * 1000:.2f} ms")
    return max(medians) / min(medians)


def test_what_is_carried_away_holds_nothing_of_a_reporter_without_the_key(
    app: Flask, world: CaseWorld, session: Session, cases: list[Case], tmp_path: Path
) -> None:
    """The rows, the files of the database and of the instance, and a backup, even one with the portal's own keys."""
    session.commit()
    kept = everything_kept(session)
    assert_nowhere("rows", kept)
    key_file = reporter_key_file(app.config)
    key = key_file.read_text(encoding="ascii").strip()
    for path in Path(app.config["INSTANCE"]).rglob("*"):
        if path.is_file():
            assert_nowhere(str(path), path.read_bytes())
            assert path == key_file or key.encode() not in path.read_bytes()
    runner = app.test_cli_runner()
    for words in ([], ["--with-keys"]):
        file = tmp_path / f"backup{len(words)}.zip"
        done = runner.invoke(args=["backup", str(file), *words])
        assert done.exit_code == 0, done.output
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                data = archive.read(name)
                assert_nowhere(name, data)
                assert key.encode() not in data and bytes.fromhex(key) not in data, name
                for said in re.findall(rb'"([A-Za-z0-9+/=]{40,})"', data):
                    with suppress(ValueError):
                        assert_nowhere(f"{name}, its bytes", base64.b64decode(said, validate=True))
    # The sealed row opens with its key, and with no other.
    sealed = session.scalars(sa.select(CaseReporter.sealed).where(CaseReporter.case_id == cases[0].id)).one()
    assert NAME.encode() in Vault(bytes.fromhex(key)).open(sealed, f"case:{cases[0].id}:reporter")
    # The search itself finds what is there.
    assert hits(NAME.encode()) == [NAME]
    with pytest.raises(AssertionError):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("xl/sharedStrings.xml", f"<t>{NAME}</t>")
        assert_nowhere("a workbook", packed.getvalue())
