"""Pages under load, beside a plain Flask page and Django's admin on the same rows; memory; weight on the wire.

Per database four things are served at once: the portal on 100,000 and on 1,000 distributors, the plain Flask
application and Django's admin on the 100,000. Rounds go through all their pages in turn, each a few times on a
connection of its own, so that whatever else the machine does falls on all alike; a figure is the median over the
rounds of the ratio of two medians of one round. Everybody has signed in through the real form.

To see where the time of one page goes: `python -m bench.look`.
"""

from __future__ import annotations

import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from subprocess import CalledProcessError
from typing import Any

import sqlalchemy as sa

from bench import databases, weight, yardsticks
from bench.client import BenchError, Browser, median, per_second, seconds_of
from bench.databases import LARGE, SMALL, Filled
from bench.figures import Figure, Options, say
from bench.processes import offspring, share
from bench.servers import Server
from bench.stage import Stage, Typist, django_on, plain_on, portal_on

_CLIENTS = 4
_ONE_LINE = "/bench/one-line"
_GROWTH = 1.3
_KB = 1000


@dataclass
class Times:
    """Seconds by page, round by round: the median of each."""

    rounds: dict[str, list[float]] = field(default_factory=dict)
    fastest: dict[str, float] = field(default_factory=dict)

    def add(self, page: str, seconds: list[float]) -> None:
        """One round's times of a page."""
        self.rounds.setdefault(page, []).append(median(seconds))
        self.fastest[page] = min(*seconds, self.fastest.get(page, seconds[0]))

    def ratio(self, page: str, beside: str) -> float:
        """How many times as long one page takes as another, round against round."""
        return median([a / b for a, b in zip(self.rounds[page], self.rounds[beside], strict=True)])

    def ms(self, page: str) -> float:
        """Milliseconds, the median of the rounds."""
        return round(median(self.rounds[page]) * 1000, 2)

    def figure(self, name: str, page: str, beside: str, limit: float | None) -> Figure:
        """The ratio as a figure."""
        detail = {
            "ms": self.ms(page),
            "yardstick_ms": self.ms(beside),
            "rounds": len(self.rounds[page]),
            # Of the fastest single answers: what is left when the machine has much else to do.
            "at_best": round(self.fastest[page] / self.fastest[beside], 3),
            "at_best_ms": round(self.fastest[page] * 1000, 2),
            "yardstick_at_best_ms": round(self.fastest[beside] * 1000, 2),
        }
        return Figure(name, round(self.ratio(page, beside), 3), "×", limit, detail=detail)


def measure(options: Options) -> list[Figure]:
    """The figures of every database, one after the other."""
    yardsticks.django_python()
    figures: list[Figure] = []
    for name in options.databases:
        try:
            with databases.filled(name, options, (SMALL, LARGE)) as (small, large):
                figures += _of_database(small, large, options)
        except (BenchError, OSError, CalledProcessError):
            # The other database's figures took minutes to make.
            traceback.print_exc()
            told = {"error": traceback.format_exc()}
            figures.append(Figure(f"{name}: not measured, see above", 1, "", 0, detail=told))
    return figures


def _of_database(small: Filled, large: Filled, options: Options) -> list[Figure]:
    name = large.name
    with portal_on(large, options) as (server, browser):
        times = Times()
        with ExitStack() as others:
            _small_server, in_small = others.enter_context(portal_on(small, options))
            plain = others.enter_context(plain_on(large, options))
            django = others.enter_context(django_on(large, options))
            stage = Stage(large, small, browser, in_small, plain, django)
            stage.check()
            say(f"{name}: pages in turn")
            _time_pages(stage, times, options)
            say(f"{name}: answers a second")
            rates = _rates(browser, options)
            say(f"{name}: new records in turn")
            _time_creates(stage, times, options)
        # By itself from here on: what two servers share would count half for each.
        say(f"{name}: memory and weight")
        memory = _memory(server, large, browser, options)
        # Pages weigh the same whatever the database.
        weights = _weights(server, large, browser) if name == options.databases[0] else []
    return [*_page_figures(name, times), *_rate_figures(name, rates), *memory, *weights]


def _time_pages(stage: Stage, times: Times, options: Options) -> None:
    rounds, each = (4, 6) if options.quick else (15, 10)
    pages = stage.pages()
    # Every worker has seen every page, and PostgreSQL plans a statement for good when it has planned it five times.
    for _turn in range(12):
        for browser, paths in pages.values():
            seconds_of(browser, paths[:4])
    for turn in range(rounds):
        for name, (browser, paths) in pages.items():
            times.add(
                name, seconds_of(browser, [paths[(turn * each + one) % len(paths)] for one in range(each)])
            )


def _time_creates(stage: Stage, times: Times, options: Options) -> None:
    rounds, each = (4, 3) if options.quick else (15, 4)
    typist = Typist(stage)
    for _turn in range(12):
        typist.into_portal()
        typist.into_admin()
    for _round in range(rounds):
        times.add("create", [typist.into_portal() for _one in range(each)])
        times.add("admin create", [typist.into_admin() for _one in range(each)])
    typist.close()


def _rates(browser: Browser, options: Options) -> list[tuple[float, float]]:
    """Answers a second, of the list and of one line, in turn."""
    rounds, seconds = (2, 1.5) if options.quick else (5, 3.0)

    def at(path: str) -> float:
        return per_second(browser, lambda _number: path, clients=_CLIENTS, seconds=seconds)

    return [(at("/distributors/"), at(_ONE_LINE)) for _round in range(rounds)]


def _page_figures(name: str, times: Times) -> list[Figure]:
    return [
        times.figure(f"{name}: list beside plain Flask", "list", "plain list", 0.75),
        times.figure(f"{name}: list beside Django admin", "list", "admin list", 0.1),
        times.figure(f"{name}: detail beside Django admin", "detail", "admin detail", 0.25),
        times.figure(f"{name}: form beside Django admin", "form", "admin form", 0.333),
        times.figure(f"{name}: create beside Django admin", "create", "admin create", 0.7),
        times.figure(f"{name}: search, common word, beside list", "search, many", "list", 1.2),
        times.figure(f"{name}: search, rare word, beside list", "search, few", "list", 1.2),
        times.figure(f"{name}: list, 1,000 → 100,000", "list", "small list", _GROWTH),
        times.figure(f"{name}: search, common word, growth", "search, many", "small search, many", _GROWTH),
        times.figure(f"{name}: search, rare word, growth", "search, few", "small search, few", _GROWTH),
        times.figure(f"{name}: detail, growth", "detail", "small detail", _GROWTH),
    ]


def _rate_figures(name: str, rates: list[tuple[float, float]]) -> list[Figure]:
    detail = {
        "list_per_second": round(median([list_ for list_, _ in rates]), 1),
        "one_line_per_second": round(median([line for _, line in rates]), 1),
        "clients": _CLIENTS,
    }
    value = median([list_ / line for list_, line in rates])
    return [Figure(f"{name}: lists a second beside one line", round(value, 3), "×", 0.25, "above", detail)]


def _memory(server: Server, large: Filled, browser: Browser, options: Options) -> list[Figure]:
    """After every kind of page on every worker; then after a paper was printed."""
    paths = [
        "/",
        "/distributors/",
        "/distributors/?q=%E5%95%86%E8%B4%B8",
        "/distributors/new",
        "/search?q=sx",
    ]
    paths += [f"/distributors/{large.first + number * 7}" for number in range(20)]
    seconds = 3 if options.quick else 10
    per_second(browser, lambda number: paths[number % len(paths)], clients=2 * _CLIENTS, seconds=seconds)
    shares = server.shares()
    figures = [
        Figure(
            f"{large.name}: memory of a worker",
            round(max(shares), 1),
            "MiB",
            90,
            detail={"workers": [round(one, 1) for one in shares]},
        )
    ]
    with databases.engine_of(large.url) as engine, engine.connect() as connection:
        draft = connection.scalar(sa.text("SELECT min(id) FROM agreement WHERE status = 'draft'"))
    before = set(offspring(server.process.pid))
    for _turn in range(2 * _CLIENTS):
        one = browser.twin()
        one.get(f"/agreements/{draft}/contract.pdf")
        one.close()
    printers = set(offspring(server.process.pid)) - before
    shares = server.shares()
    detail: dict[str, Any] = {
        "workers": [round(one, 1) for one in shares],
        "printing": [round(share(pid), 1) for pid in printers],
    }
    figures.append(
        Figure(
            f"{large.name}: memory of a worker after printing", round(max(shares), 1), "MiB", detail=detail
        )
    )
    return figures


def _weights(server: Server, large: Filled, browser: Browser) -> list[Figure]:
    pages = [
        f"/distributors/{large.first + 50}",
        "/",
        "/distributors/new",
        "/distributors/?page=2",
        "/search?q=sx",
    ]
    seen = weight.views(server.port, browser.cookies, first=("/", "/distributors/"), later=pages)
    first, later = seen["first"], seen["later"]
    told = {"views": [view.told() for view in first]}
    return [
        Figure("first view", round(max(view.received for view in first) / _KB, 1), "kB", 60, detail=told),
        Figure("first view, requests", max(view.requests for view in first), "", 6, detail=told),
        Figure(
            "later views",
            round(max(view.received for view in later) / _KB, 1),
            "kB",
            8,
            detail={"views": [view.told() for view in later]},
        ),
    ]
