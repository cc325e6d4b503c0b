"""Whatever stands in an address or a header, the portal answers in words: never with a traceback."""

import inspect
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.users.models import User
from tests.factories import Factory
from tests.web.access_rows import rows_of_region
from tests.web.test_access import OPEN, TABLE, address

SignIn = Callable[..., FlaskClient]
# Where no row is asked for, one database is as good as two.
any_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# What a name in an address may carry: out of range, of another kind, what no text may hold.
FEW = ("-1", "9" * 21, "a\x00b")
VALUES = (
    *FEW,
    "９９",
    "%_\\'\"; DROP TABLE region",
    "\r\nSet-Cookie: x=1",
    "𠮷🙂\u202e\u200b",
    "2026-02-30",
    "../../etc/passwd",
)
# Bytes that are no UTF-8, lists where one value is expected, names of nothing.
RAW = (
    "&".join(f"{name}={'9' * 5000}" for name in ("page", "id", "region", "subject_id", "owner")),
    "q=%FF%FE&page=%80&sort=%C3&region=%E4%BD&id=%FF",
    "page[]=1&sort[]=name&page=1&page=2&sort=a&sort=b&&&==&=&%00=%00&id=1&id=x&id=",
)
READS = re.compile(r"request\.(?:args|values)|\b(?:number|chosen|ids|page_of|sorting)\(|_filter\(")


@pytest.fixture
def boss(make: Factory) -> User:
    return make.user(Role.ADMINISTRATOR, make.head_office())


@pytest.fixture
def rows(session: Session, make: Factory, boss: User) -> dict[str, int | str]:
    return rows_of_region(session, make, make.region(), boss)


def names_in_use(app: Flask) -> list[str]:
    """The names that views and templates read from addresses, found in the sources."""
    sources = [path.read_text() for path in Path(app.root_path).rglob("*.py")]
    found = set()
    for source in sources:
        found |= set(re.findall(r"request\.(?:args|values)(?:\.get|\.getlist)?[\[(]\s*\"(\w+)\"", source))
        found |= set(re.findall(r"(?:number|chosen|ids)\((?:\w+, )?\"(\w+)\"", source))
    return sorted(found | {"sort", "dir", "page", "id"})


def pages(app: Flask, rows: dict[str, Any]) -> dict[str, bool]:
    """The address of every page that can be looked at, and whether its module reads more than the path."""
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint in TABLE:
            view = inspect.unwrap(app.view_functions[rule.endpoint])
            is_file = rule.endpoint.rpartition(".")[2].startswith("export")
            reads = READS.search(inspect.getsource(view)) and not is_file
            found[address(app, rule.endpoint, rows)] = bool(reads)
    return found


def test_no_query_string_breaks_a_page(app: Flask, rows: dict[str, Any], boss: User, sign_in: SignIn) -> None:
    client, names = sign_in(boss), names_in_use(app)
    assert {"q", "region", "page", "subject_id", "p"} <= set(names)
    queries = {value: "&".join(f"{name}={quote(value)}" for name in names) for value in VALUES}
    broken = []
    for path, reads in pages(app, rows).items():
        for query in (
            *(queries[value] for value in (VALUES if reads else FEW)),
            *(RAW if reads else RAW[:2]),
        ):
            answer = client.get(f"{path}?{query}")
            if answer.status_code >= 500 or "x" in answer.headers.get("Set-Cookie", "")[:2]:
                broken.append((path, query[-60:], answer.status_code))
    assert not broken


def test_an_id_beyond_every_database_is_not_found(
    app: Flask, rows: dict[str, Any], boss: User, sign_in: SignIn
) -> None:
    """PostgreSQL refuses to compare a number that its column cannot hold; SQLite's driver to bind it."""
    client, wrong = sign_in(boss), []
    for rule in app.url_map.iter_rules():
        entry = TABLE.get(rule.endpoint)
        for argument in sorted(
            name for name, kind in rule._converters.items() if kind.__class__.__name__ == "IntegerConverter"
        ):
            assert entry is not None
            with app.test_request_context():
                known = {part: rows[name] for part, name in entry.rows.items()} | dict(entry.values)
                values = known | {argument: 987_654_321}
                path = app.url_for(rule.endpoint, **values)
            for number in (2**53 - 1, 2**63):
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    there = path.replace("987654321", str(number))
                    status = client.open(there, method=method).status_code
                    # What this role may not do at all is refused before anything is looked up.
                    # 405: where GET and POST have a view each, the router sees the other method before the number.
                    if status not in (404, 405) and not (status == 403 and number < 2**53):
                        wrong.append((method, there, status))
    assert not wrong, wrong


@pytest.mark.parametrize(
    "part", ["%00", "a%00b", "%FF%FE", "..%2f..%2fetc%2fpasswd", "%0d%0aX: y", "x" * 5000, "𠮷"]
)
def test_a_text_in_the_path_is_found_or_not(boss: User, sign_in: SignIn, part: str) -> None:
    client = sign_in(boss)
    for path in (
        f"/verify/{part}",
        f"/templates/{part}",
        f"/templates/{part}/{part}",
        f"/static/{part}",
        f"/{part}",
    ):
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        assert "X" not in answer.headers
    assert client.post(f"/language/{part}").status_code == 404


@any_database
@pytest.mark.parametrize(
    "path",
    [
        "../../wsgi.py",
        "..%2f..%2fwsgi.py",
        "%2e%2e/%2e%2e/wsgi.py",
        "..\\..\\wsgi.py",
        "/etc/passwd",
        "vendor",
    ],
)
def test_static_files_never_lead_out_of_their_folder(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/static/{path}")
    assert answer.status_code in (404, 308)
    assert b"create_app" not in answer.data and b"root:" not in answer.data


@any_database
def test_a_wrong_method_is_told_so_and_shown_the_right_ones(app: Flask, client: FlaskClient) -> None:
    known: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        known.setdefault(rule.rule, set()).update(rule.methods or ())
    for rule, methods in known.items():
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule)
        path = re.sub(r"<string\(length=(\d+)\)[^>]*>", lambda said: "1" * int(said[1]), path)
        path = re.sub(r"<[^>]*>", "1", path)
        for method in {"GET", "POST", "DELETE"} - methods:
            answer = client.open(path, method=method)
            assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, methods), (
                method,
                path,
            )
    assert "use the buttons" in client.put("/distributors/import", headers={"Accept-Language": "en"}).text


HEADERS: list[dict[str, str]] = [
    {"Accept-Language": "zh;q=abc,,;;==\x80"},
    {"Accept-Language": "x" * 8000},
    {"Cookie": "portal=not.a.session; portal=\xff; =; ;;"},
    {"Cookie": "portal=" + "A" * 16_000},
    {"Referer": "http://[", "HX-Current-URL": "http://["},
    {"Range": "bytes=-1,5-2,x"},
    {"If-Modified-Since": "30 Feb 2026", "If-None-Match": '"'},
    {"HX-Request": "\xff", "HX-Target": "a" * 8000},
    {"X-Forwarded-For": "'; --", "X-Forwarded-Host": "evil.example"},
    {"Content-Type": "multipart/form-data; boundary=\xff", "Content-Length": "5"},
]


@any_database
@pytest.mark.parametrize("headers", HEADERS)
def test_no_header_breaks_a_page(
    boss: User, sign_in: SignIn, client: FlaskClient, headers: dict[str, str]
) -> None:
    signed_in = sign_in(boss)
    for path in ("/login", "/", "/distributors/", "/nothing-here"):
        for browser in (client, signed_in):
            assert browser.get(path, headers=headers).status_code < 500
    assert client.post("/login", headers=headers).status_code < 500


@any_database
@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"\xff\xfe&=&==%FF=%80", "application/x-www-form-urlencoded"),
        (b"username=%00&password=%00", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n\xff',
            "multipart/form-data; boundary=b",
        ),
        (b"not a part at all", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b'{"username": ["a"]}', "application/json"),
        (b"<x/>", "text/xml"),
        (b"&".join(b"a%d=1" % n for n in range(30_000)), "application/x-www-form-urlencoded"),
        (
            b"".join(
                b'--b\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n' % n for n in range(20_001)
            )
            + b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_no_body_breaks_a_page(client: FlaskClient, data: bytes, content_type: str) -> None:
    answer = client.post("/login", data=data, content_type=content_type, headers={"Accept-Language": "en"})
    assert answer.status_code in (400, 413, 422)
    assert "<h1" in answer.text


def test_the_host_header_leads_nobody_elsewhere(
    app: Flask, rows: dict[str, Any], boss: User, sign_in: SignIn, client: FlaskClient
) -> None:
    evil = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Referer": "http://elsewhere.example/x",
    }
    client = sign_in(boss)
    for path in ("/", "/distributors/", f"/agreements/{rows['agreement']}/", "/admin/users", "/nothing-here"):
        answer = client.get(path, headers=evil)
        assert "evil.example" not in answer.text and "elsewhere.example" not in answer.text
    sent_on = app.test_client().get("/distributors/?q=x", headers=evil)
    assert sent_on.location.startswith("/login?")


@any_database
def test_the_way_back_stays_on_this_site(boss: User, sign_in: SignIn) -> None:
    client = sign_in(boss)
    here = client.get("/nothing-here", headers={"Referer": "http://localhost/distributors/?q=a%26b"})
    assert 'href="/distributors/?q=a%26b"' in here.text
    for elsewhere in (
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost//evil.example",
    ):
        assert "evil.example" not in client.get("/nothing-here", headers={"Referer": elsewhere}).text


@any_database
@pytest.mark.parametrize(
    "target", ["/\t/evil.example", "/\t/[x", "/\\[x", "//[x", "/\r\nX: y", "javascript:alert(1)"]
)
def test_next_never_breaks_nor_leads_elsewhere(boss: User, sign_in: SignIn, target: str) -> None:
    answer = sign_in(boss).get("/login", query_string={"next": target})
    assert (answer.status_code, answer.location) == (303, "/")


@any_database
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_body_beyond_the_limit_is_refused_with_the_limit(
    app: Flask, boss: User, sign_in: SignIn, language: str
) -> None:
    client = sign_in(boss, language=language)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    answer = client.post("/distributors/import", data={"file": (BytesIO(b"x" * 2**21), "a.csv")})
    assert answer.status_code == 413
    assert ("1 MB" in answer.text) and ("<h1" in answer.text)
    assert ("At most" in answer.text) == (language == "en")


def test_every_page_that_is_open_to_all_stands_hostile_words_too(
    app: Flask, client: FlaskClient, session: Session, make: Factory
) -> None:
    rows = rows_of_region(session, make, make.region())
    for endpoint, line in TABLE.items():
        if line.needs == OPEN and endpoint != "auth.language":
            for value in VALUES:
                assert client.get(f"{address(app, endpoint, rows)}?next={quote(value)}").status_code < 500
