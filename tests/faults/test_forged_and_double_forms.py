"""A form that is forged, old, or sent twice changes nothing it should not, and never loses what was typed."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import unescape
from io import BytesIO
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Contact, Distributor
from portal.domain.price_protection.models import Product
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.extensions import db
from tests.factories import PASSWORD, Factory
from tests.faults.test_database_faults import FROM_HERE, TYPED, count, sent_again
from tests.web.access_rows import rows_of_region
from tests.web.test_access import TABLE, address
from tests.web.test_distributors_record import entries, opened

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def guarded(make_app: Callable[..., Flask]) -> Flask:
    """The application as it is served: with its tokens."""
    return make_app(WTF_CSRF_ENABLED=True)


# A page without a network has no token that counts: these take JSON alone, which no form of another site can send
# (tests/web/test_sightings.py).
NO_FORMS = {"check_in.sightings_of"}


def token_of(html: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]  # type: ignore[index]


def enter(app: Flask, user: User) -> FlaskClient:
    """Sign in through the page, as a browser does."""
    browser = app.test_client()
    token = token_of(browser.get("/login?lang=en").text)
    sent = {"csrf_token": token, "username": user.username, "password": PASSWORD}
    answer = browser.post("/login", data=sent)
    assert answer.status_code == 303, answer.text
    token = token_of(browser.get("/").text)
    browser.post("/language/en", data={"csrf_token": token})
    return browser


def posts(app: Flask) -> list[str]:
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())})


# What takes JSON alone asks where a request comes from instead: tests/web/test_sightings.py.
NO_FORMS = {"check_in.sightings_of"}


@pytest.mark.parametrize("token", [None, "IjEi.aaaa.bbbb"])
def test_no_form_is_taken_without_its_token(
    guarded: Flask, session: Session, make: Factory, token: str | None
) -> None:
    """Every POST route, as somebody who may do all of it."""
    user = make.user(Role.ADMINISTRATOR, make.head_office())
    rows = rows_of_region(session, make, make.region(), user)
    browser = enter(guarded, user)
    before, taken = count(session, AuditEvent), []
    for endpoint in posts(guarded):
        path = "/logout" if endpoint == "auth.logout" else address(guarded, endpoint, rows)
        data = {"name": "x"} if token is None else {"name": "x", "csrf_token": token}
        answer = browser.post(path, data=data)
        if endpoint in NO_FORMS and answer.status_code in (403, 415):
            continue
        if answer.status_code != 400 or "This form has expired" not in answer.text:
            taken.append((endpoint, answer.status_code))
    assert not taken
    assert set(posts(guarded)) - {"auth.logout"} <= set(TABLE)
    assert count(session, AuditEvent) == before
    assert browser.get("/account").status_code == 200  # still signed in


def test_a_form_forged_elsewhere_is_not_offered_back_with_a_fresh_token(guarded: Flask, clerk: User) -> None:
    browser = enter(guarded, clerk)
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://localhost.evil.example/"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Referer": "http://[", "Origin": ""},
    ):
        answer = browser.post("/distributors/new", data=TYPED, headers=headers)
        assert answer.status_code == 400
        assert 'id="again"' not in answer.text and "虚构路" not in answer.text


def test_a_form_from_before_a_new_sign_in_is_kept_and_sent_once_more(
    guarded: Flask, session: Session, clerk: User
) -> None:
    """Two tabs: signed out and in again in one of them, the other one's form has an old token."""
    browser = enter(guarded, clerk)
    form = opened(browser, "/distributors/new") | TYPED
    browser.post("/logout", data={"csrf_token": form["csrf_token"]})
    token = token_of(browser.get("/login").text)
    browser.post("/login", data={"csrf_token": token, "username": clerk.username, "password": PASSWORD})
    old = browser.post("/distributors/new", data=form, headers=FROM_HERE)
    assert old.status_code == 400
    assert 'id="again"' in old.text
    assert unescape(entries(old.text)["address"]).replace("\r\n", "\n") == TYPED["address"].replace(
        "\r\n", "\n"
    )
    assert sent_again(browser, old).status_code == 303
    assert count(session, Distributor) == 1


def test_a_sign_in_that_ended_leads_to_the_sign_in_and_saves_nothing(
    guarded: Flask, session: Session, clerk: User
) -> None:
    browser = enter(guarded, clerk)
    form = opened(browser, "/distributors/new") | TYPED
    session.execute(sa.text("DELETE FROM sign_in"))
    session.commit()
    came = {**FROM_HERE, "Referer": "http://localhost/distributors/new"}
    answer = browser.post("/distributors/new", data=form, headers=came)
    assert (answer.status_code, answer.location) == (303, "/login?next=/distributors/new")
    assert "nothing was saved" in browser.get(answer.location, headers={"Accept-Language": "en"}).text
    assert count(session, Distributor) == 0


# ---- Sent twice --------------------------------------------------------------------------------------------------


def at_once(app: Flask, user: User, path: str, data: dict[str, str], table: str) -> list[int]:
    """What two clicks get whose requests run at the same moment; where they can, both write at once."""
    gate, writing = Barrier(2), Barrier(2)

    def meet(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} "):
            # On SQLite, and behind a lock, only one of them comes here.
            with suppress(BrokenBarrierError):
                writing.wait(0.3)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", meet)
    first = enter_plainly(app, user)
    cookie = first.get_cookie("portal")
    assert cookie is not None

    def click(_no: int) -> TestResponse:
        browser = app.test_client()
        browser.set_cookie("portal", cookie.value)
        gate.wait(10)
        return browser.post(path, data=data)

    with ThreadPoolExecutor(2) as pool:
        return sorted(answer.status_code for answer in pool.map(click, range(2)))


def enter_plainly(app: Flask, user: User) -> FlaskClient:
    browser = app.test_client()
    assert browser.post("/login", data={"username": user.username, "password": PASSWORD}).status_code == 303
    return browser


def new_things(office: Region) -> dict[str, tuple[str, dict[str, str], type[Any]]]:
    return {
        "a distributor": ("/distributors/new", TYPED, Distributor),
        "a product": ("/products/new", {"code": "P1", "name": "示例洗发露", "unit": "瓶"}, Product),
        "an office": ("/admin/regions/new", {"code": "NEW", "name": "示例新区", "parent_id": "1"}, Region),
        "a user": (
            "/admin/users/new",
            {"username": "newcomer", "name": "示例新人", "role": "salesperson", "region_id": str(office.id)},
            User,
        ),
    }


@pytest.mark.parametrize("thing", ["a distributor", "a product", "an office", "a user"])
def test_two_clicks_at_once_make_one_thing(
    app: Flask, session: Session, make: Factory, office: Region, sign_in: SignIn, thing: str
) -> None:
    boss = make.user(Role.ADMINISTRATOR, make.head_office())
    path, said, model = new_things(office)[thing]
    form = (opened(sign_in(boss), path) if model is Distributor else {}) | said
    before = count(session, model)
    session.rollback()
    statuses = at_once(app, boss, path, form, model.__tablename__)
    assert count(session, model) == before + 1, statuses
    assert statuses[1] in (409, 422) and statuses[0] in (200, 303), statuses
    # The second click after the first one's answer changes nothing either.
    again = sign_in(boss).post(path, data=form)
    assert again.status_code in (409, 422)
    assert count(session, model) == before + 1


def test_a_contact_sent_twice_is_entered_once(
    app: Flask, session: Session, distributor: Distributor, clerk: User
) -> None:
    browser = enter_plainly(app, clerk)
    path = f"/distributors/{distributor.id}/contacts/new"
    form = opened(browser, path) | {"name": "欧阳示例", "phone": "13800000051"}
    session.rollback()
    at_once(app, clerk, path, form, "contact")
    assert count(session, Contact) == 1


def test_a_document_sent_twice_is_filed_once(
    app: Flask, session: Session, distributor: Distributor, clerk: User
) -> None:
    browser = enter_plainly(app, clerk)
    path = f"/distributors/{distributor.id}/documents/new"
    for _click in range(2):
        sent = {"title": "执照", "file": (BytesIO(b"%PDF-1.7 x"), "执照.pdf")}
        assert browser.post(path, data=sent).status_code in (303, 409, 422)
    session.rollback()
    assert len(distributor.documents_filed) == 1
