"""A real server on a free port, a real Chromium before it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from portal import create_app
from portal.extensions import db
from tests.browser.demo_rows import rows_of_the_demo
from tests.browser.world import make_world
from tests.factories import PASSWORD

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = (1366, 768), (390, 844)


@dataclass
class Site:
    """A served application and what is in its database."""

    url: str
    app: Flask
    world: Any


def _serve(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="session")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One portal for all browser tests: they look, and what they change does not matter to one another."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(sqlite_template, folder / "portal.sqlite3")
    settings: dict[str, Any] = {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'portal.sqlite3'}",
        "INSTANCE": folder,
        "SECRET_KEY": "test",
        "ASSETS": "local",
    }
    app = create_app(**settings)
    with app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        world = make_world(session)
    for url in _serve(app):
        yield Site(url, app, world)


@pytest.fixture(scope="session")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A portal with the demo's data, as `scripts/run` shows it first."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(sqlite_template, folder / "portal.sqlite3")
    app = create_app(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'portal.sqlite3'}",
        INSTANCE=folder,
        SECRET_KEY="test",
        ASSETS="local",
    )
    loaded = app.test_cli_runner().invoke(args=["demo"])
    assert loaded.exit_code == 0, loaded.output
    with app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        world = rows_of_the_demo(session)
    for url in _serve(app):
        yield Site(url, app, world)


@pytest.fixture(scope="session")
def serve_again(site: Site) -> Iterator[Callable[..., str]]:
    """The same database served with other settings; gives the address."""
    running = []

    def serve(**overrides: Any) -> str:
        settings = {
            "SQLALCHEMY_DATABASE_URI": site.app.config["SQLALCHEMY_DATABASE_URI"],
            "INSTANCE": site.app.config["INSTANCE"],
            "SECRET_KEY": "test",
        }
        running.append(_serve(create_app(**(settings | overrides))))
        return next(running[-1])

    yield serve
    for server in running:
        server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("Chromium is missing. Run as root: apt-get install -y chromium", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A browser of one person, with everything that went wrong in it."""

    page: Page
    url: str
    scripts: bool = True
    troubles: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down what the page complains of."""
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._console)

    def _console(self, said: Any) -> None:
        if said.type == "error":
            self.troubles.append(f"{said.text} {said.location}")

    def open(self, path: str) -> Page:
        """Open a page of the site and wait until htmx is there, if scripts run."""
        self.page.goto(self.url + path)
        if self.scripts:
            self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until htmx runs."""
        self.page.wait_for_function("() => window.htmx !== undefined")


def _visits(site: Site, browser: Browser) -> Iterator[Callable[..., Visit]]:
    contexts: list[BrowserContext] = []

    def make(
        username: str = "manager",
        *,
        lang: str = "zh",
        size: tuple[int, int] = DESK,
        scripts: bool = True,
        url: str = "",
        password: str = PASSWORD,
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN" if lang == "zh" else "en-GB",
            java_script_enabled=scripts,
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        made = Visit(context.new_page(), url or site.url, scripts)
        made.listen()
        if username:
            made.open("/login")
            made.page.fill("[name=username]", username)
            made.page.fill("[name=password]", password)
            made.page.click("main button[type=submit]")
            made.page.wait_for_url(lambda address: "/login" not in address)
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """A person at a browser: `visit("manager", lang="en", size=PHONE, scripts=False)`; "" is nobody yet."""
    yield from _visits(site, browser)


@pytest.fixture(scope="module")
def make_visit(site: Site, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """The same, for people who stay at their browser throughout a module."""
    yield from _visits(site, browser)
