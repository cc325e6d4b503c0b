"""What each kind of job is called, and where its result is shown. A new kind is a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.domain.distributors.importing import files
from portal.domain.jobs.models import Job, JobState


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its title, where its result is, where one starts again, what the result says in a line."""

    title: Any
    result: Callable[[Job], str]
    again: Callable[[Job], str]
    says: Callable[[Job], str] = lambda _job: ""


def _list(job: Job) -> str:
    return url_for("distributors.import_preview", import_id=job.params["import_id"])


def _another(_job: Job) -> str:
    return url_for("distributors.import_file")


def _written(job: Job) -> str:
    count = job.result.get("created", 0) + job.result.get("updated", 0)
    return ngettext("%(num)s record was written.", "%(num)s records were written.", count)


KINDS = {
    files.PLAN: Kind(_l("Reading a dealer list"), _list, _another),
    files.IMPORT: Kind(_l("Importing a dealer list"), _list, _another, _written),
}


def result_of(job: Job) -> str:
    """The address of what came of a job; "" where there is nothing to see."""
    has_result = job.state is JobState.DONE or (job.state is JobState.CANCELLED and bool(job.result))
    return KINDS[job.kind].result(job) if has_result else ""
