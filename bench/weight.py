"""What pages weigh on the wire, as Chromium counts it: the first one with an empty cache, and those after it."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Response, sync_playwright

from bench.client import BenchError

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@dataclass
class View:
    """One page view: requests that went out, bytes that came in, and what they would be with gzip."""

    path: str
    requests: int = 0
    received: int = 0
    packed: int = 0
    parts: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """For the results."""
        return {
            "path": self.path,
            "requests": self.requests,
            "bytes": self.received,
            "bytes_if_gzipped": self.packed,
            "parts": self.parts,
        }


def views(
    port: int, cookies: Mapping[str, str], first: Sequence[str], later: Sequence[str]
) -> dict[str, list[View]]:
    """The `first` pages, each in a browser that was never here, then the `later` ones in one that was."""
    chromium = next(filter(None, map(shutil.which, _NAMES)), None)
    if chromium is None:
        raise BenchError(f"none of {', '.join(_NAMES)} is installed")
    base = f"http://127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        found: dict[str, list[View]] = {"first": [], "later": []}
        for path in first:
            page = _page(browser, base, cookies)
            found["first"].append(_visit(page, base, path))
            if path == first[-1]:
                found["later"] = [_visit(page, base, one) for one in later]
            page.context.close()
        browser.close()
    return found


def _page(browser: Browser, base: str, cookies: Mapping[str, str]) -> Page:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
    return context.new_page()


def _visit(page: Page, base: str, path: str) -> View:
    view = View(path)
    kept: set[str] = set()
    names: dict[str, str] = {}
    answers: list[Response] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def began(event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        if address.startswith("http"):
            names[event["requestId"]] = address.removeprefix(base).split("?")[0]

    def ended(event: dict[str, Any]) -> None:
        identity = event["requestId"]
        if identity in names and identity not in kept and event["encodedDataLength"]:
            view.requests += 1
            size = int(event["encodedDataLength"])
            view.received += size
            view.parts[names[identity]] = size

    def answered(answer: Response) -> None:
        answers.append(answer)

    session.on("Network.requestWillBeSent", began)
    session.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    session.on("Network.loadingFinished", ended)
    page.on("response", answered)
    answer = page.goto(base + path, wait_until="networkidle")
    if answer is None or answer.status != 200:
        raise BenchError(f"{path} does not open in Chromium")
    page.wait_for_timeout(300)
    page.remove_listener("response", answered)
    session.detach()
    for one in answers:
        name = one.url.removeprefix(base).split("?")[0]
        if name in view.parts:
            body = one.body()
            head = max(view.parts[name] - int(one.headers.get("content-length") or len(body)), 0)
            view.packed += min(len(gzip.compress(body, 6)) + head, view.parts[name])
    return view
