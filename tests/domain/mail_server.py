"""A mail server for tests: speaks SMTP over a real socket, and refuses what it is told to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Post:
    """What came in, and what is refused: reply codes by recipient, by sender, or for the sign-in."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    sign_in: str = "235 2.7.0 welcome"
    hello: str = "220 post.example ESMTP"
    greets: list[str] = field(default_factory=lambda: ["AUTH PLAIN"])
    connections: int = 0


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        post: Post = self.server.post  # type: ignore[attr-defined]
        post.connections += 1
        self._say(post.hello)
        while line := self.rfile.readline():
            word, said = line.decode().strip().partition(" ")[::2]
            word = word.upper()
            if word == "EHLO":
                for no, one in enumerate(offered := ["post.example", *post.greets]):
                    self._say(f"250{' ' if no == len(offered) - 1 else '-'}{one}")
            elif word == "AUTH":
                self._say(post.sign_in)
            elif word in ("MAIL", "RCPT"):
                address = said[said.index("<") + 1 : said.index(">")]
                self._say(post.refused.get(address, "250 OK"))
            elif word == "DATA":
                self._say("354 go on")
                lines = []
                while (row := self.rfile.readline()) != b".\r\n":
                    lines.append(row[1:] if row.startswith(b"..") else row)
                post.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 OK")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextmanager
def mail_server() -> Iterator[Post]:
    """A server that runs meanwhile."""
    post = Post()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.post = post  # type: ignore[attr-defined]
        post.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield post
        finally:
            server.shutdown()
