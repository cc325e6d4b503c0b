"""Finding the batch or the row that a page is about, within what its user may see and do."""

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from portal.domain.jobs.models import Job
from portal.domain.price_protection.batches import queries, services
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.extensions import db
from portal.jobs import start
from portal.web.access import actor
from portal.web.htmx import leave

# So many rows are done while somebody waits for the page.
SMALL = 12


def readable(id: int) -> Batch:
    """The batch; 404 when neither it nor any of its rows lies in an office that the user sees."""
    return db.session.scalar(queries.batches_visible_to(actor()).where(Batch.id == id)) or abort(404)


def writable(id: int) -> Batch:
    """The batch, to be changed; 403 for who only sees it."""
    batch = readable(id)
    if not services.may_write(actor(), batch):
        abort(403)
    return batch


def rows_only(template: str) -> str | None:
    """The rows alone where htmx puts them into the list; the whole page where it came here from a task."""
    return template if request.headers.get("HX-Target") == "list" else None


def row_of(batch: Batch, row_id: int) -> BatchRow:
    """A row of the batch; 404 when it lies in an office that the user does not see."""
    return queries.row_of(db.session, batch, actor(), row_id) or abort(404)


def on_with(job: Job, *, here: bool | None = None) -> ResponseReturnValue:
    """Send a committed task to the workers, do a small one here; then to its progress, and on to its result."""
    is_small = job.total <= SMALL and job.kind != services.APPROVE
    start(job.id, here=is_small if here is None else here)
    return leave(url_for("jobs.detail", job_id=job.id))
