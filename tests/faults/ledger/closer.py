"""A process that does a confirmed close, begun from a worker, the command or the page, until somebody kills it."""

import io
import multiprocessing
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pikepdf

from portal.application import create_app
from portal.db import clock_at
from portal.domain.jobs import services
from portal.domain.price_protection.closing import proposing
from portal.domain.price_protection.closing.models import Proposal
from portal.domain.users.models import User
from portal.extensions import db
from portal.jobs import quarters
from portal.jobs.running import perform
from portal.printing.agreement import RenderedPaper
from portal.web.htmx import submit

WAYS = ("worker", "command", "page")


def quick(data, template_text, *, number, verify_url, made_at) -> RenderedPaper:
    """A paper that says its number: what a kill does to the task does not depend on looks."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.docinfo["/Title"] = number
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return RenderedPaper(out.getvalue(), 1)


def serve(said: Connection, url: str, instance: Path) -> None:
    """Begin closes as told, (way, moment, proposal, who) each, and say when one is over."""
    quarters.render_statement = quick
    quarters.CHUNK = 2
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url, INSTANCE=instance, SECRET_KEY="test", QUEUE_URL="immediate:"
    )
    with app.app_context():
        db.session.connection()
        db.session.rollback()
    said.send("ready")
    while True:
        try:
            way, moment, proposal_id, user_id = said.recv()
        except EOFError:
            return
        with clock_at(moment):
            if way == "command":
                done = app.test_cli_runner().invoke(args=["funds", "release", "2026Q3"])
                said.send(done.exception if isinstance(done.exception, Exception) else done.exit_code)
                continue
            with app.app_context():
                said.send(_at_work(way, proposal_id, user_id))


def _at_work(way: str, proposal_id: int, user_id: int) -> object:
    """As a worker, which sweeps up first what others left; or as the button of the close's page, tried as it is."""
    session = db.session()
    try:
        if way == "worker":
            jobs = list(services.sweep(session))
            session.commit()
        else:

            def press() -> int:
                user, proposal = session.get_one(User, user_id), session.get_one(Proposal, proposal_id)
                return proposing.go_on(session, user, proposal).id

            jobs = [submit(None, press)]
    except Exception as error:
        session.rollback()
        return error
    for job_id in jobs:
        perform(job_id, "worker")
    return None


class Closer:
    """Such a process as a test holds it."""

    def __init__(self, url: str, instance: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.ledger.clicker", "tests.faults.ledger.closer"])
        self.said, theirs = context.Pipe()
        self.process: ForkServerProcess = context.Process(
            target=serve, args=(theirs, url, instance), daemon=True
        )
        self.process.start()
        theirs.close()

    def ready(self) -> "Closer":
        """Wait until it can work."""
        assert self.said.recv() == "ready"
        return self

    def begin(self, way: str, moment: datetime, proposal_id: int, user_id: int) -> None:
        """Have it begin."""
        self.said.send((way, moment, proposal_id, user_id))

    def ended(self, seconds: float) -> bool:
        """Whether it came to its end within so long."""
        return self.said.poll(seconds)

    def hear(self) -> object:
        """What came of it; EOFError or ConnectionError when it was killed."""
        return self.said.recv()

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self.process.join()
        self.said.close()
