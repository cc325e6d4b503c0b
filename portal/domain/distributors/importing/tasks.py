"""Planning and importing a list as jobs: what is large is not done while somebody waits for a page."""

from typing import Any

from sqlalchemy.orm import Session

from portal.db import now, reading
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.importing import files
from portal.domain.distributors.importing.course import Course
from portal.domain.distributors.importing.report import ImportReport
from portal.domain.distributors.models import ImportFile
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.runs import Run
from portal.domain.tabular import Table

_PERMISSION = Permission.DISTRIBUTORS_IMPORT


def plan_list(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind files.PLAN: read the list and say what importing it would do."""
    with reading():
        run.check_owner(_PERMISSION)
        file = _file(session, run)
        table = files.table_of(session, file)
        headings = files.headings_of(table)
        result: dict[str, Any] = {}
        if not any(sheet.match.clashes for sheet in table.sheets):
            course = _course(session, run, file, table, writes=False)
            for _told in course.chunks(tells=False):
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
        course = _course(session, run, file, table, writes=True)
        session.rollback()
    try:
        for told in course.chunks(run.earlier):
            if not run.step(told, done=course.report.read, total=max(table.count, course.report.read)):
                break
    except DomainError:
        session.rollback()
        if course.report.read:
            course.rest()
            _record(session, run, "distributor_import.stopped", course.report)
            session.commit()  # whoever does the job takes back what is not committed
        raise
    course.rest()
    report, file = course.report, _file(session, run)
    report.is_cut_short = run.is_cancelled
    file.applied_at, file.result = now(), report.as_json()
    _record(session, run, "distributor_import.applied", report)
    return {"created": report.created, "updated": report.updated, "refused": report.refused}


def _record(session: Session, run: Run, action: str, report: ImportReport) -> None:
    """Tell the audit trail what a list has come to; the caller commits."""
    owner, file = run.owner, _file(session, run)
    audit.record(
        session,
        owner,
        action,
        file,
        region_id=owner.home.id if owner.home else None,
        filename=file.document.filename,
        sha256=file.document.sha256,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        refused=report.refused,
    )


def _file(session: Session, run: Run) -> ImportFile:
    file = session.get(ImportFile, run.params["import_id"])
    assert file is not None
    return file


def _course(session: Session, run: Run, file: ImportFile, table: Table, *, writes: bool) -> Course:
    return Course(
        session,
        run.owner,
        table,
        files.owner_of(session, file),
        file.options.get("create_regions", False),
        files.defaults_of(file),
        writes=writes,
        may_go_on=lambda: run.check_owner(_PERMISSION),
    )
