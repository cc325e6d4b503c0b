"""The queue and its workers: a job's row is the truth, its message only the row's id (docs/adr/0010)."""

import logging
from importlib import import_module
from typing import Any

from portal.later import later

# The processes that a worker starts pass through here, and answer no requests.
flask = later("flask")
services = later("portal.domain.jobs.services")
IMMEDIATE = "immediate:"
HERE = "here"  # the worker's name of what a request does itself


def start_noted(session: Any) -> None:
    """Send what services asked for in the transaction that was just committed."""
    for job_id in services.noted(session):
        start(job_id)


def start(job_id: int, *, here: bool = False) -> None:
    """Send a job, once its row is committed, to the workers; a small one is done `here` and now.

    A message that cannot be sent is sent again by the sweeper of any worker; nothing is raised.
    """
    if here or flask.current_app.config["QUEUE_URL"] == IMMEDIATE:
        import_module("portal.jobs.running").perform(job_id, HERE)
        return
    try:
        # Loaded by whoever sends: a server that never does keeps the memory.
        import_module("portal.jobs.queue").send(flask.current_app, job_id)
    except Exception:
        logging.getLogger(__name__).exception("job %s waits for the sweeper", job_id)
