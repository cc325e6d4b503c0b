"""Doing one job: claim its row, call the kind's function, write how it ended."""

import logging
import secrets
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from portal.db import begin_reading, is_for_another_try, reading
from portal.domain.errors import DomainError
from portal.domain.jobs.runs import LeaseLost, Run, Stopped, claim
from portal.extensions import db
from portal.jobs.kinds import KINDS

_log = logging.getLogger(__name__)


def perform(job_id: int, worker: str, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Do a job if it still waits; whatever happens stands in its row. Needs an application context.

    Nothing is raised: where not even the row can be written, it stays as it is until a sweeper finds it.
    """
    begin_reading(False)
    session = db.session()
    try:
        run = claim(session, job_id, worker, is_stopping)
        if run is not None:
            _do(session, run)
    except LeaseLost:
        _rolled_back(session)
        _log.warning("job %s: another worker has it now", job_id)
    except SQLAlchemyError:
        _log.exception("job %s stands still until it is swept up", job_id)
        _rolled_back(session)


def _rolled_back(session: Session) -> None:
    try:
        session.rollback()
    except SQLAlchemyError:
        # The connection went with its transaction; the next query opens another.
        session.invalidate()


def _passes(error: Exception) -> bool:
    """Whether the database was busy or away, or another transaction in the way: not so the next time."""
    return isinstance(error, OperationalError) or (
        isinstance(error, IntegrityError) and is_for_another_try(error)
    )


def _do(session: Session, run: Run) -> None:
    """Do a claimed job and write its end; raises what keeps that from being written."""
    try:
        with reading():
            run.check_owner()
            session.rollback()
        run.finish(KINDS[run.kind](session, run))
    except Stopped:
        session.rollback()
        run.give_back()
    except LeaseLost:
        raise
    except DomainError as error:
        session.rollback()
        run.refuse(error)
    except Exception as error:
        session.rollback()
        if _passes(error):
            _log.exception("job %s was cut short", run.id)
            run.give_back(is_crash=True)
            return
        reference = secrets.token_hex(4)
        _log.exception("job %s failed, reference %s", run.id, reference)
        run.fail(reference)
