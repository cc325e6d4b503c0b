"""A worker process that does to the fund what it is told, many things at once, as a worker of the portal does."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from portal.application import create_app
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.services import Draft
from portal.domain.price_protection.funds import deducting, releasing
from portal.domain.price_protection.purchases.booking import Line, book
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.htmx import submit
from tests.domain.clock import on_day


@dataclass(frozen=True)
class Act:
    """One thing to do, in a transaction of its own: its name, the day, and what it is told."""

    name: str
    on: date
    said: tuple[Any, ...]


def _release(by: User, agreement_id: int, quarter: str) -> int | None:
    made = releasing.release(db.session, by, agreement_id, quarter)
    return made.id if made else None


def _deduct(by: User, agreement_id: int, quarter: str, case: int, share: int, award: int) -> int:
    return deducting.deduct(db.session, by, agreement_id, quarter, case, share, award).amount_fen


def _post(_by: User, agreement_id: int, draft: Draft) -> int:
    return ledger.post(ledger.hold(db.session, agreement_id), None, [draft])


def _buy(by: User, *lines: Line) -> list[int]:
    done = book(db.session, by, lines)
    for line in done.lines:
        if isinstance(line, DomainError):
            raise line
    return [line.id for line in done.lines if not isinstance(line, DomainError)]


ACTS: dict[str, Callable[..., Any]] = {"release": _release, "deduct": _deduct, "post": _post, "buy": _buy}


def serve(said: Connection, url: str, instance: Path, user_id: int) -> None:
    """Do batches of acts, those of one batch at the same moment, until nobody speaks any more."""
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url,
        INSTANCE=instance,
        SECRET_KEY="test",
        QUEUE_URL="immediate:",
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 60},
    )

    def act(start: threading.Barrier, one: Act, found: list[Any], place: int) -> None:
        start.wait()
        with app.app_context(), on_day(one.on):
            by = db.session.get_one(User, user_id)
            db.session.rollback()
            try:
                found[place] = submit(None, lambda: ACTS[one.name](by, *one.said))
            except (DomainError, sa.exc.SQLAlchemyError) as error:
                found[place] = error if isinstance(error, DomainError) else RuntimeError(str(error))

    said.send("ready")
    while True:
        try:
            batch: Sequence[Act] = said.recv()
        except EOFError:
            return
        found: list[Any] = [None] * len(batch)
        start = threading.Barrier(len(batch))
        threads = [
            threading.Thread(target=act, args=(start, one, found, place)) for place, one in enumerate(batch)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said.send(found)


class Clicker:
    """A worker process as a test holds it."""

    def __init__(self, url: str, instance: Path, user_id: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.ledger.clicker"])
        self.said, theirs = context.Pipe()
        self.process: ForkServerProcess = context.Process(
            target=serve, args=(theirs, url, instance, user_id), daemon=True
        )
        self.process.start()
        theirs.close()

    def ready(self) -> "Clicker":
        """Wait until it can work."""
        assert self.said.recv() == "ready"
        return self

    def tell(self, *batch: Act) -> None:
        """Have it begin."""
        self.said.send(batch)

    def hear(self) -> list[Any]:
        """What became of a batch; EOFError or ConnectionError when it was killed meanwhile."""
        return list(self.said.recv())

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self.process.join()
        self.said.close()
