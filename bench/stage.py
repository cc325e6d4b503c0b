"""What is served side by side on one database, and who has signed in where."""

from __future__ import annotations

import contextlib
import random
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from bench import register, yardsticks
from bench.client import Answer, BenchError, Browser, fields_of, sign_in
from bench.databases import Filled
from bench.figures import Options
from bench.servers import PORTAL, Server, granian, serving
from portal.domain.users.services import DEMO_PASSWORD

_DJANGO_USER, _DJANGO_PASSWORD = "bench", "bench-bench-bench"
_ADMIN = "/admin/django_admin/distributor/"
# Lists are looked at from the front.
_PAGES = 8


@contextlib.contextmanager
def portal_on(database: Filled, options: Options) -> Iterator[tuple[Server, Browser]]:
    """The portal's server, and the demo's director signed in to it."""
    log = options.folder / f"portal-{database.name}-{database.count}.log"
    with serving(PORTAL, "bench.wsgi:app", database.environment(), log, "/healthz") as server:
        yield server, sign_in(server.port, "/login", register.READER, DEMO_PASSWORD, expect=303)


@contextlib.contextmanager
def plain_on(database: Filled, options: Options) -> Iterator[Browser]:
    """The plain Flask application, with the same user."""
    environment = database.environment() | {"BENCH_SECRET": secrets.token_urlsafe(32)}
    log = options.folder / f"plain-{database.name}.log"
    with serving(granian(sys.executable), "bench.plain_flask:app", environment, log, "/healthz") as server:
        yield sign_in(server.port, "/login", register.READER, DEMO_PASSWORD, expect=303)


@contextlib.contextmanager
def django_on(database: Filled, options: Options) -> Iterator[Browser]:
    """Django's admin, with an administrator of its own."""
    environment = database.environment() | {"BENCH_SECRET": secrets.token_urlsafe(32)}
    yardsticks.prepare_django(environment, _DJANGO_USER, _DJANGO_PASSWORD)
    log = options.folder / f"django-{database.name}.log"
    python = yardsticks.django_python()
    with serving(granian(python), "bench.django_admin.wsgi:app", environment, log, "/healthz") as server:
        yield sign_in(server.port, "/admin/login/", _DJANGO_USER, _DJANGO_PASSWORD, expect=302)


@dataclass(frozen=True)
class Stage:
    """The two registers, and a signed-in browser for each of what is served on them."""

    large: Filled
    small: Filled
    portal: Browser
    portal_small: Browser
    plain: Browser
    django: Browser

    def pages(self) -> dict[str, tuple[Browser, list[str]]]:
        """Every page that is timed: whose it is, and its addresses, taken in turn."""
        lists = [f"/distributors/?page={number}" for number in range(1, _PAGES + 1)]
        found = {
            "list": (self.portal, lists),
            "plain list": (self.plain, lists),
            "admin list": (
                self.django,
                [_ADMIN + f"?p={number}" for number in range(1, _PAGES + 1)],
            ),
            "small list": (self.portal_small, lists),
            "search, many": (
                self.portal,
                [_search(register.MANY, number) for number in range(1, _PAGES + 1)],
            ),
            "small search, many": (
                self.portal_small,
                [_search(register.MANY, number) for number in range(1, _PAGES + 1)],
            ),
            "search, few": (self.portal, [_search(register.FEW)]),
            "small search, few": (self.portal_small, [_search(register.FEW)]),
            "detail": (self.portal, [f"/distributors/{identity}" for identity in self._ids(self.large)]),
            "admin detail": (
                self.django,
                [_ADMIN + f"{identity}/change/" for identity in self._ids(self.large)],
            ),
            "small detail": (
                self.portal_small,
                [f"/distributors/{identity}" for identity in self._ids(self.small)],
            ),
            "form": (self.portal, ["/distributors/new"]),
            "admin form": (self.django, [_ADMIN + "add/"]),
        }
        return found

    @staticmethod
    def _ids(database: Filled) -> list[int]:
        return random.Random(1).sample(range(database.first, database.first + database.count), 200)

    def check(self) -> None:
        """Refuse to time pages that do not show what they should."""
        pages = self.pages()
        for name, mark in (
            ("list", "<tr data-href"),
            ("small list", "<tr data-href"),
            ("plain list", 'name="id"'),
            ("admin list", 'class="action-select"'),
            ("search, many", "<tr data-href"),
        ):
            browser, paths = pages[name]
            if (count := _page(browser, paths[0]).count(mark)) != 50:
                raise BenchError(f"{name}: {count} rows instead of 50")
        browser, paths = pages["search, few"]
        if not 0 < _page(browser, paths[0]).count("<tr data-href") < 50:
            raise BenchError("the search for a rare word finds none, or too many")


def _page(browser: Browser, path: str) -> str:
    one = browser.twin()
    text = one.get(path).text
    one.close()
    return text


def _search(words: str, page: int = 1) -> str:
    return f"/distributors/?q={quote(words)}&page={page}"


# What is typed in for one new record, where the portal and the admin call it the same.
_FACTS = {
    "legal_rep": "示例法人",
    "province": "浙江省",
    "city": "杭州市",
    "address": "浙江省杭州市城西区人民路18号",
    "email": "new@example.com",
    "staff": "12",
    "vehicles": "3",
    "outlets": "40",
    "brands": "样本日化、样本食品",
    "bank_name": "示例银行杭州分行",
    "bank_account": "6200000000000001",
    "credit_days": "30",
}
_PHONE, _PERSON, _TITLE, _MOBILE = "0571-5555 0001", "示例联系人", "经理", "138 0000 0001"
_chance = random.Random(2)


def _new_name() -> str:
    # Six characters: like nothing that is registered already.
    return "".join(_chance.choices(register.SIGNS, k=6)) + "商贸有限公司"


def in_portal() -> dict[str, str]:
    """A new record by the names of the portal's form."""
    return _FACTS | {
        "name": _new_name(),
        "phones": _PHONE,
        "contact_name": _PERSON,
        "contact_title": _TITLE,
        "contact_phone": _MOBILE,
    }


def in_admin() -> dict[str, str]:
    """A new record by the names of the admin's form; it gives no codes by itself."""
    return _FACTS | {
        "code": f"B-{_chance.randrange(10**12)}",
        "name": _new_name(),
        "phones-0-no": "0",
        "phones-0-display": _PHONE,
        "phones-0-digits": "057155550001",
        "contacts-0-name": _PERSON,
        "contacts-0-title": _TITLE,
        "contacts-0-phone": _MOBILE,
    }


class Typist:
    """Registers one distributor after the other, in the portal and in the admin; only the sending is timed."""

    def __init__(self, stage: Stage) -> None:
        self._portal, self._django = stage.portal.twin(), stage.django.twin()
        self._form = fields_of(self._portal.get("/distributors/new").text, "legal_rep")
        office = {"region": self._form["region_id"], "owner": self._form["owner_id"]}
        self._admin_form = fields_of(self._django.get(_ADMIN + "add/").text, "legal_rep") | office

    def into_portal(self) -> float:
        """Seconds of one."""
        return self._seen(
            self._portal, self._portal.post("/distributors/new", self._form | in_portal(), expect=303)
        )

    def into_admin(self) -> float:
        """Seconds of one."""
        return self._seen(
            self._django, self._django.post(_ADMIN + "add/", self._admin_form | in_admin(), expect=302)
        )

    @staticmethod
    def _seen(browser: Browser, answer: Answer) -> float:
        # Looked at, as people do: what is said of the new record waits in the cookie until then.
        browser.get(answer.location)
        return answer.seconds

    def close(self) -> None:
        """Leave both servers."""
        self._portal.close()
        self._django.close()
