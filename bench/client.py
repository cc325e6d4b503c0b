"""A browser without eyes: keeps cookies and one connection, sends what a browser sends, and times the answer.

Sockets of its own, since the time of `http.client` is a good part of a short answer's; loopback only.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

_HOST = "127.0.0.1"
_SECONDS = 60
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *([^=;\s]+)=([^;\r]*)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]*)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_GZIP = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)


class BenchError(Exception):
    """Something that is to be measured does not do what it should: its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, head as sent, body as sent, seconds from the first byte out to the last one in."""

    status: int
    head: bytes
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body, unpacked."""
        body = gzip.decompress(self.body) if _GZIP.search(self.head) else self.body
        return body.decode("utf-8")

    @property
    def location(self) -> str:
        """Where the answer leads to, "" for nowhere."""
        found = _LOCATION.search(self.head)
        return found[1].decode("ascii") if found else ""


class Browser:
    """One user with one keep-alive connection to a port of this machine."""

    def __init__(self, port: int, cookies: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.cookies: dict[str, str] = dict(cookies or {})
        self._socket: socket.socket | None = None
        self._rest = b""

    def twin(self) -> Browser:
        """The same user with a connection of its own, perhaps to another worker."""
        return Browser(self.port, self.cookies)

    def get(self, path: str, *, expect: int = 200) -> Answer:
        """GET; BenchError when the status is another one."""
        return self._checked("GET", path, self._ask(b"GET", path, b""), expect)

    def post(self, path: str, fields: Mapping[str, str], *, expect: int) -> Answer:
        """POST a form; BenchError when the status is another one."""
        return self._checked("POST", path, self._ask(b"POST", path, urlencode(fields).encode()), expect)

    def send(self, path: str, told: object) -> Answer:
        """POST JSON as a page's script does; BenchError when it is not answered with 200."""
        body = json.dumps(told).encode()
        return self._checked("POST", path, self._ask(b"POST", path, body, b"application/json"), 200)

    def close(self) -> None:
        """Leave the server; the next request connects anew."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._rest = b""

    @staticmethod
    def _checked(method: str, path: str, answer: Answer, expect: int) -> Answer:
        if answer.status != expect:
            raise BenchError(f"{method} {path}: {answer.status} instead of {expect}\n{answer.text[-3000:]}")
        return answer

    def _ask(
        self, method: bytes, path: str, body: bytes, kind: bytes = b"application/x-www-form-urlencoded"
    ) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = (
            b"%s %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: Mozilla/5.0 (bench)\r\n"
            b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: zh-CN,zh;q=0.9\r\n"
            b"Accept-Encoding: gzip, deflate\r\nReferer: http://%s:%d/\r\n"
        ) % (method, path.encode(), _HOST.encode(), self.port, _HOST.encode(), self.port)
        if cookies:
            request += b"Cookie: %s\r\n" % cookies.encode()
        if method == b"POST":
            request += b"Content-Type: %s\r\nContent-Length: %d\r\n" % (kind, len(body))
        answer = self._exchange(request + b"\r\n" + body)
        for name, value in _COOKIE.findall(answer.head):
            self.cookies[name.decode()] = value.decode()
        return answer

    def _exchange(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection((_HOST, self.port), timeout=_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._socket.sendall(request)
        head, body = self._until(b"\r\n\r\n"), b""
        if found := _LENGTH.search(head):
            body = self._take(int(found[1]))
        elif _CHUNKED.search(head):
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                body += self._take(size)
                self._take(2)
            self._take(2)
        seconds = time.perf_counter() - began
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Answer(int(head[9:12]), head, body, seconds)

    def _until(self, mark: bytes) -> bytes:
        while (place := self._rest.find(mark)) < 0:
            self._receive()
        found, self._rest = self._rest[:place], self._rest[place + len(mark) :]
        return found

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._receive()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _receive(self) -> None:
        assert self._socket is not None
        piece = self._socket.recv(262_144)
        if not piece:
            raise BenchError("the server hung up")
        self._rest += piece


class _Form(HTMLParser):
    """Collects the fields of every form as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag == "form":
            self.forms.append({})
        if not self.forms:
            return
        fields = self.forms[-1]
        if tag == "input" and name and values.get("type") not in ("submit", "file", "button"):
            if values.get("type") not in ("checkbox", "radio") or "checked" in values:
                fields[name] = values.get("value", "on" if values.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in fields or "selected" in values):
            fields[self._select] = values.get("value", "")
        elif tag == "textarea":
            self._area = name
            fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][self._area] += data.removeprefix("\n")


def fields_of(html: str, holding: str) -> dict[str, str]:
    """The fields of the form that has one of this name, with the values that stand in it."""
    reader = _Form()
    reader.feed(html)
    for fields in reader.forms:
        if holding in fields:
            return fields
    raise BenchError(f"no form with {holding} in it:\n{html[:2000]}")


def sign_in(port: int, path: str, username: str, password: str, *, expect: int) -> Browser:
    """Through the page that people sign in by."""
    browser = Browser(port)
    fields = fields_of(browser.get(path).text, "password")
    browser.post(path, fields | {"username": username, "password": password}, expect=expect)
    browser.close()  # servers hang up on those who say nothing for a while
    return browser


def seconds_of(browser: Browser, paths: list[str]) -> list[float]:
    """How long each of these takes, one after the other on a connection of their own."""
    one = browser.twin()
    try:
        one.get(paths[0])  # connecting, and what the worker has to wake up
        return [one.get(path).seconds for path in paths]
    finally:
        one.close()


def per_second(browser: Browser, next_path: Callable[[int], str], *, clients: int, seconds: float) -> float:
    """Answers a second to so many clients that ask without a pause."""
    counts = [0] * clients
    failures: list[BaseException] = []
    start, end = threading.Barrier(clients + 1), [0.0]

    def ask(number: int) -> None:
        one = browser.twin()
        try:
            one.get(next_path(number))
            start.wait(_SECONDS)
            while time.perf_counter() < end[0]:
                one.get(next_path(counts[number] * clients + number))
                counts[number] += 1
        except BaseException as error:
            failures.append(error)
            start.abort()
        finally:
            one.close()

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    end[0] = time.perf_counter() + seconds
    try:
        start.wait(_SECONDS)
    except threading.BrokenBarrierError:
        raise BenchError("a client failed") from (failures[0] if failures else None)
    began = time.perf_counter()
    end[0] = began + seconds
    for thread in threads:
        thread.join(seconds + _SECONDS)
    if failures:
        raise BenchError("a client failed") from failures[0]
    return sum(counts) / (time.perf_counter() - began)


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)
