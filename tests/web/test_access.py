"""Every route × every role × a row of the own or of another region: each cell is a real request.

A route that is not in the table fails the build, and so does a line of the table whose route is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.domain.access.roles import COMPANY_WIDE, ROLE_PERMISSIONS, Role
from portal.domain.access.roles import Permission as P
from tests.factories import Factory
from tests.web.access_rows import rows_of_region

OPEN, SIGNED_IN = "open to everyone", "open to whoever is signed in"


@dataclass(frozen=True)
class Line:
    """Who may open a route, and which row's ids stand in its address."""

    needs: str | tuple[P, ...]
    # Names of ids in the address, taken from the rows made in a region.
    row: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)


def line(*needs: P, row: tuple[str, ...] = (), **values: Any) -> Line:
    return Line(needs, row, values)


D, A = P.DISTRIBUTORS_READ, P.AGREEMENTS_READ
TABLE: dict[str, Line] = {
    "system.healthz": Line(OPEN),
    "system.readyz": Line(OPEN),
    "auth.login": Line(OPEN),
    "auth.language": Line(OPEN, values={"code": "en"}),
    "auth.account": Line(SIGNED_IN),
    "workbench.index": Line(SIGNED_IN),
}
# Ends the sign-in that the other cells need; tests/web/test_sign_in.py asks it.
ELSEWHERE = {"static", "auth.logout"}


def routes(app: Flask) -> list[tuple[str, str]]:
    return sorted(
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in ELSEWHERE
    )


def test_the_table_names_every_route_and_no_other(app):
    assert {endpoint for endpoint, _method in routes(app)} == set(TABLE)


def has(role: Role, permission: P, *, at_root: bool) -> bool:
    return permission in ROLE_PERMISSIONS[role] and (at_root or permission not in COMPANY_WIDE)


def expected(role: Role, entry: Line, *, own: bool, at_root: bool) -> str:
    """ "in", "403" or "404": a missing permission is 403, a row out of one's regions is 404."""
    if isinstance(entry.needs, str):
        return "404" if entry.row and not own else "in"
    if not any(has(role, permission, at_root=at_root) for permission in entry.needs):
        return "403"
    return "404" if entry.row and not own else "in"


def ask(client: FlaskClient, app: Flask, endpoint: str, method: str, values: dict[str, Any]) -> int:
    with app.test_request_context():
        url = app.url_for(endpoint, **values)
    return client.open(url, method=method).status_code


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_its_own_region_and_nothing_else(
    role: Role, app: Flask, session: Session, make: Factory, sign_in: Callable[..., FlaskClient]
):
    north, south = make.region("示例北区"), make.region("示例南区")
    rows = {True: rows_of_region(session, make, north), False: rows_of_region(session, make, south)}
    user = make.user(role, north)
    client = sign_in(user)
    wrong = []
    for endpoint, method in routes(app):
        entry = TABLE[endpoint]
        for own in (True, False) if entry.row else (True,):
            values = entry.values | {name: rows[own][name] for name in entry.row}
            status = ask(client, app, endpoint, method, values)
            wanted = expected(role, entry, own=own, at_root=False)
            got = {403: "403", 404: "404"}.get(
                status, "in" if status < 500 and status != 400 else str(status)
            )
            if got != wanted:
                wrong.append(
                    f"{method} {endpoint} of {'own' if own else 'other'} region: {status}, not {wanted}"
                )
    assert not wrong, "\n".join(wrong)


def test_who_is_not_signed_in_is_asked_to_sign_in_everywhere(
    app: Flask, client: FlaskClient, session: Session, make: Factory
):
    rows = rows_of_region(session, make, make.region())
    for endpoint, method in routes(app):
        entry = TABLE[endpoint]
        if entry.needs == OPEN:
            continue
        values = entry.values | {name: rows[name] for name in entry.row}
        with app.test_request_context():
            url = app.url_for(endpoint, **values)
        answer = client.open(url, method=method)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/login"), (endpoint, method)


def test_an_auditor_changes_nothing_anywhere(
    app: Flask, session: Session, make: Factory, sign_in: Callable[..., FlaskClient]
):
    region = make.region()
    rows = rows_of_region(session, make, region)
    client = sign_in(make.user(Role.AUDITOR, make.head_office()))
    for endpoint, method in routes(app):
        entry = TABLE[endpoint]
        if method != "POST" or isinstance(entry.needs, str):
            continue
        values = entry.values | {name: rows[name] for name in entry.row}
        assert ask(client, app, endpoint, method, values) in (403, 405), endpoint
