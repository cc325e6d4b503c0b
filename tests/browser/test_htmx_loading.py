"""htmx comes from the CDN, or from us when the CDN is silent, wrong or absent; it runs once."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

CDN = "https://cdn.example"
FILE = Path(__file__).parents[2] / "portal/static/vendor/htmx-2.0.11.min.js"
# Counts how often htmx is run: each run assigns the global.
COUNTER = """
let held; window.runs = 0;
Object.defineProperty(window, "htmx", {
  get: () => held,
  set: (value) => { held = value; window.runs += 1; },
});
"""


@pytest.fixture(scope="module")
def portal(serve_again: Callable[..., str]) -> str:
    return serve_again(ASSETS="cdn", CDN_URL=CDN)


def right(route: Route) -> None:
    route.fulfill(
        body=FILE.read_bytes(),
        headers={"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"},
    )


def another_file(route: Route) -> None:
    route.fulfill(
        body="window.stolen = true",
        headers={"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"},
    )


def silent(route: Route) -> None:
    """Never answers."""


def missing(route: Route) -> None:
    route.fulfill(status=404, headers={"Access-Control-Allow-Origin": "*"})


def unreachable(route: Route) -> None:
    route.abort("connectionrefused")


@pytest.mark.parametrize(
    ("answer", "is_ours", "within"),
    [
        (right, False, 2.0),
        (silent, True, 3.0),
        (another_file, True, 2.0),
        (missing, True, 2.0),
        (unreachable, True, 2.0),
    ],
)
def test_htmx_runs_once_wherever_it_comes_from(
    visit: Callable[..., Any], portal: str, answer: Callable[[Route], None], is_ours: bool, within: float
):
    person = visit("", url=portal)
    asked: list[str] = []
    person.page.context.route(f"{CDN}/**", lambda route: (asked.append(route.request.url), answer(route)))
    ours: list[str] = []
    person.page.on(
        "request", lambda request: "/static/vendor/htmx" in request.url and ours.append(request.url)
    )
    person.page.add_init_script(COUNTER)
    started = time.monotonic()
    person.page.goto(portal + "/login", wait_until="commit")
    person.page.locator("[name=username]").fill("manager")  # usable while htmx is still on its way
    usable = time.monotonic() - started
    person.settle()
    took = time.monotonic() - started
    person.page.wait_for_timeout(400)
    assert usable < 2
    assert took < within
    assert person.page.evaluate("window.runs") == 1
    assert person.page.evaluate("window.stolen") is None
    assert person.page.evaluate("htmx.config.allowEval") is False
    assert (len(asked), len(ours)) == (1, 1 if is_ours else 0)


def test_a_silent_cdn_is_not_asked_again_on_the_next_page(visit: Callable[..., Any], portal: str):
    person = visit("", url=portal)
    asked: list[str] = []
    person.page.context.route(f"{CDN}/**", lambda route: asked.append(route.request.url))
    person.open("/login")
    person.settle()
    started = time.monotonic()
    person.open("/login?next=/account")
    person.settle()
    assert time.monotonic() - started < 1.5
    assert len(asked) == 1


def test_no_other_host_is_asked_when_the_settings_say_so(visit: Callable[..., Any], site: Any):
    person = visit("manager")
    hosts: set[str] = set()
    person.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    person.open("/distributors/")
    person.settle()
    assert hosts == {site.url.split("/")[2]}


def test_a_cdn_that_takes_the_call_and_never_answers_holds_nobody_up(
    visit: Callable[..., Any], serve_again: Callable[..., str]
):
    """A black hole as networks have them: a port that accepts and is silent, not a route that is intercepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as hole:
        url = serve_again(ASSETS="cdn", CDN_URL=f"http://127.0.0.1:{hole.getsockname()[1]}")
        person = visit("", url=url)
        person.page.add_init_script(COUNTER)
        started = time.monotonic()
        person.page.goto(url + "/login", wait_until="commit")
        person.page.locator("[name=username]").fill("manager")
        assert time.monotonic() - started < 2
        person.settle()
        assert time.monotonic() - started < 3.5
        person.page.wait_for_timeout(400)
        assert person.page.evaluate("window.runs") == 1
