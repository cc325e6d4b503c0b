"""Planning and importing a list of purchases as jobs: what is large is not done while somebody waits for a page."""

from typing import Any

from sqlalchemy.orm import Session

from portal.db import reading
from portal.domain.access.roles import Permission
from portal.domain.distributors.importing.files import headings_of
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.runs import Run
from portal.domain.price_protection.purchases.importing import files
from portal.domain.price_protection.purchases.importing.course import Course
from portal.domain.price_protection.purchases.models import PurchaseImport

_PERMISSION = Permission.PURCHASES_IMPORT


def plan_list(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind files.PLAN: read the list and say what importing it would do."""
    with reading():
        run.check_owner(_PERMISSION)
        table = files.table_of(session, _file(session, run))
        headings = headings_of(table)
        result: dict[str, Any] = {}
        if files.why_not(table) is None:
            course = Course(session, run.owner, table, writes=False)
            for _told in course.chunks():
                session.rollback()
                if not run.progress(done=course.report.read, total=max(table.count, course.report.read)):
                    return {}
            result = course.report.as_json()
        session.rollback()
    file = _file(session, run)
    file.headings, file.result = headings, result
    return {}


def import_list(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind files.IMPORT: each chunk of rows is a transaction of its own, and is written once.

    Nothing is written in the name of somebody who may no longer import: it stops before the next chunk, and the
    audit trail says what was written until then.
    """
    with reading():
        run.check_owner(_PERMISSION)
        file = _file(session, run)
        if file.applied_at is not None:
            raise DomainError(
                N_("This list has already been imported. Upload it again to import it once more.")
            )
        table = files.table_of(session, file)
        course = Course(
            session, run.owner, table, writes=True, may_go_on=lambda: run.check_owner(_PERMISSION)
        )
        session.rollback()
    try:
        for told in course.chunks(run.earlier):
            if not run.step(told, done=course.report.read, total=max(table.count, course.report.read)):
                break
    except DomainError:
        session.rollback()
        if course.report.read:
            files.note(session, run.owner, "purchase_import.stopped", _file(session, run), course)
            session.commit()  # whoever does the job takes back what is not committed
        raise
    course.report.is_cut_short = run.is_cancelled
    files.finish(session, run.owner, _file(session, run), course)
    return {"created": course.report.created, "refused": course.report.refused, "accrued": course.accrued}


def _file(session: Session, run: Run) -> PurchaseImport:
    return session.get_one(PurchaseImport, run.params["import_id"])
