"""Doing one job: claim its row, call the kind's function, write how it ended."""

import logging
import secrets
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from portal.db import begin_reading, reading
from portal.domain.errors import DomainError
from portal.domain.jobs.runs import LeaseLost, Stopped, claim
from portal.extensions import db
from portal.jobs.kinds import KINDS

_log = logging.getLogger(__name__)


def perform(job_id: int, worker: str, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Do a job if it still waits; whatever happens stands in its row. Needs an application context."""
    begin_reading(False)
    session = db.session()
    run = claim(session, job_id, worker, is_stopping)
    if run is None:
        return
    try:
        with reading():
            run.check_owner()
            session.rollback()
        run.finish(KINDS[run.kind](session, run))
    except Stopped:
        session.rollback()
        run.give_back()
    except LeaseLost:
        session.rollback()
        _log.warning("job %s: another worker has it now", job_id)
    except DomainError as error:
        session.rollback()
        run.refuse(error)
    except OperationalError:
        # The database was busy or away: that passes, unless it does so every time.
        session.rollback()
        _log.exception("job %s was cut short", job_id)
        run.give_back(is_crash=True)
    except Exception:
        session.rollback()
        reference = secrets.token_hex(4)
        _log.exception("job %s failed, reference %s", job_id, reference)
        run.fail(reference)
