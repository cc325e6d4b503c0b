"""A worker process: takes ids from the queue, says that it lives, and looks after what others left."""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any

import sqlalchemy as sa
from flask import Flask
from huey.consumer import Consumer

from portal.db import Base
from portal.domain.i18n import N_
from portal.domain.jobs import services
from portal.extensions import db
from portal.jobs import IMMEDIATE, daily, post
from portal.jobs.queue import Queue
from portal.jobs.running import perform
from portal.printing import pool
from portal.web.speaking import both

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DAILY_SECONDS = 60  # between two looks whether the day asks for something
GRACE_SECONDS = 10  # what is not at the end of its part by then is cut off, and goes on elsewhere


class Worker:
    """Does jobs in `threads` threads until it is told to end; any number of workers may run beside it."""

    def __init__(self, app: Flask, threads: int = 2) -> None:
        self.app, self.threads = app, threads
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        self.running: set[int] = set()
        self.queue = Queue(app, self._perform)

    def run(self, *, ends_with: int = 0) -> None:
        """Work until SIGINT, SIGTERM or SIGHUP, or until the process of the id `ends_with` has gone.

        A job that is under way stops after its part and waits.
        """
        with self.app.app_context():
            self._beat()
        beating = threading.Thread(target=self._look_after, name="Beat", daemon=True)
        beating.start()
        threading.Thread(target=self._daily, name="Daily", daemon=True).start()
        threading.Thread(target=self._post, name="Post", daemon=True).start()
        if ends_with:
            threading.Thread(target=self._watch, args=(ends_with,), name="Watch", daemon=True).start()
        _Consumer(self).run()
        self.stopping.set()
        beating.join(services.BEAT.total_seconds())
        with self.app.app_context():
            services.leave(db.session(), self.name)
            db.session.commit()

    def _perform(self, job_id: int) -> None:
        if self.stopping.is_set():
            return  # the sweeper of another worker, or of this one's next start, sends it again
        with self.app.app_context():
            self.running.add(job_id)
            try:
                perform(job_id, self.name, self.stopping.is_set)
            finally:
                self.running.discard(job_id)

    def _look_after(self) -> None:
        """Beat and sweep until the end; a database that is away for a while is no reason to give up."""
        while True:
            try:
                with self.app.app_context():
                    self._beat()
                    for job_id in self._sweep():
                        self.queue.send(job_id)
            except Exception:
                _log.exception("the worker could not say that it lives")
            if self.stopping.wait(services.BEAT.total_seconds()):
                return

    def _daily(self) -> None:
        """What the day asks for, in a thread of its own: it may take longer than a beat."""
        while not self.stopping.wait(_DAILY_SECONDS):
            try:
                with self.app.app_context():
                    daily.run()
            except Exception:
                _log.exception("the day's deeds could not be done")

    def _post(self) -> None:
        """Send what waits in the outbox, in a thread of its own: a mail server may be slow."""
        while not self.stopping.wait(post.SECONDS):
            try:
                with self.app.app_context():
                    post.deliver(lambda: not self.stopping.is_set())
            except Exception:
                _log.exception("the outbox could not be sent")

    def _beat(self) -> None:
        session = db.session()
        services.beat(session, self.name, tuple(self.running))
        session.commit()

    def _sweep(self) -> list[int]:
        session = db.session()
        waiting = list(services.sweep(session))
        session.commit()
        return waiting

    def _watch(self, process: int) -> None:
        while not self.stopping.wait(0.5):
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                os.kill(os.getpid(), signal.SIGTERM)
                return


class _Consumer(Consumer):  # type: ignore[misc]
    """huey's consumer, which ends alike on every signal and lets jobs know of it."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(
            worker.queue.huey,
            workers=worker.threads,
            periodic=False,  # sweeping does not wait behind jobs
            max_delay=0.5,
            shutdown_timeout=GRACE_SECONDS,
        )
        self._worker = worker

    def _set_signal_handlers(self) -> None:
        for signum in _SIGNALS:
            signal.signal(signum, self._handle_signal)

    def _handle_signal(self, signum: int, frame: FrameType | None) -> None:
        self._worker.stopping.set()
        self._signum, self._restart, self._graceful = signum, False, True


def _threads(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(both(N_("Give a whole number from 1: %(text)s"), text=text))


def main(app: Flask, arguments: list[str] | None = None) -> None:
    """`python -m portal.jobs`: run a worker until Ctrl-C; exit 2 where it cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m portal.jobs", description="Run a worker until Ctrl-C.")
    parser.add_argument("--threads", type=_threads, default=2, help="jobs done at once")
    parser.add_argument("--ends-with", type=int, default=0, metavar="PID", help="end with this process")
    with app.app_context():
        wanted: Any = parser.parse_args(arguments)
        if app.config["QUEUE_URL"] == IMMEDIATE:
            told = N_(
                "With PORTAL_QUEUE_URL=%(url)s each request does its tasks itself, and there is no queue for a"
                " worker. Set it to sqlite:///…, postgresql://… or redis://…, or leave it empty, to start workers."
            )
            print(both(told, url=IMMEDIATE), file=sys.stderr)
            sys.exit(2)
        if Base.metadata.tables.keys() - sa.inspect(db.engine).get_table_names():
            told = N_("The database does not have the tables of this version yet. Run %(command)s first.")
            print(both(told, command="flask --app wsgi db upgrade"), file=sys.stderr)
            sys.exit(2)
    pool.use(os.cpu_count() or 1)  # a task that prints hundreds of papers may have both cores
    Worker(app, wanted.threads).run(ends_with=wanted.ends_with)
