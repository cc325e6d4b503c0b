"""Which function does which kind of job. A new kind is a function and a line here."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.distributors.importing import files, tasks
from portal.domain.jobs.runs import Run

Handler = Callable[[Session, Run], dict[str, Any]]

KINDS: dict[str, Handler] = {
    files.PLAN: tasks.plan_list,
    files.IMPORT: tasks.import_list,
}
