"""How queue and workers are, for the pages and for `flask doctor`."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from flask import current_app

from portal.db import now
from portal.domain.jobs import queries
from portal.domain.jobs.models import JobState
from portal.domain.jobs.services import LEASE
from portal.extensions import db
from portal.jobs import IMMEDIATE


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """`fault` says in English what is wrong with the queue itself; empty when messages can be sent."""

    is_immediate: bool  # no worker is needed: requests do the jobs themselves
    last_beat: datetime | None
    waiting: int
    waiting_since: datetime | None
    running: int
    failed: int
    fault: str = ""

    @property
    def has_worker(self) -> bool:
        """Whether a worker has said lately that it lives."""
        return self.is_immediate or (self.last_beat is not None and self.last_beat > now() - LEASE)


def queue_health() -> QueueHealth:
    """Look at queue and workers; needs an application context and only reads."""
    session = db.session()
    counts = queries.counts(session)
    is_immediate = current_app.config["QUEUE_URL"] == IMMEDIATE
    fault = ""
    if not is_immediate:
        try:
            import_module("portal.jobs.queue").of(current_app).size()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
    return QueueHealth(
        is_immediate=is_immediate,
        last_beat=queries.last_beat(session),
        waiting=counts[JobState.QUEUED],
        waiting_since=queries.waiting_since(session),
        running=counts[JobState.RUNNING],
        failed=counts[JobState.FAILED],
        fault=fault,
    )
