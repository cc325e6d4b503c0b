"""A list of purchases handed in on the page: kept between preview and confirmation, and its result afterwards (P2)."""

from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.queries import visible
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.importing.files import Heading, headings_of
from portal.domain.distributors.importing.report import ImportReport
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection.purchases import importing
from portal.domain.price_protection.purchases.importing.course import Course
from portal.domain.price_protection.purchases.models import PurchaseImport
from portal.domain.tabular import Table, distinct
from portal.domain.users.models import Grant, User

PLAN, IMPORT = "purchases.plan", "purchases.import"  # kinds of jobs (importing.tasks)
SMALL_BYTES = 96 * 1024  # some 1,000 rows
_IMPORTERS = [role for role, may in ROLE_PERMISSIONS.items() if Permission.PURCHASES_IMPORT in may]


def files_visible_to(user: User) -> sa.Select[PurchaseImport]:
    """The lists that `user` handed in, and those of whoever imports for the same offices."""
    colleagues = sa.select(Grant.user_id).where(
        Grant.role.in_(_IMPORTERS), Grant.region_id.in_(visible(user, Permission.PURCHASES_IMPORT))
    )
    return sa.select(PurchaseImport).where(
        sa.or_(PurchaseImport.by_id == user.id, PurchaseImport.by_id.in_(colleagues))
    )


def hand_in(session: Session, actor: User, data: bytes, *, filename: str) -> PurchaseImport:
    """Keep a list and plan its import; DomainError, field "file", when it cannot be read.

    What is large is read and planned by a job (`file.job`), which tells the same of a file that cannot be read.
    """
    if len(data) <= SMALL_BYTES:
        importing.read(data, filename)
    document = documents.store(session, data, filename=filename, by=actor, field="file")
    file = PurchaseImport(document_id=document.id, document=document, by_id=actor.id)
    session.add(file)
    session.flush()
    plan_again(session, actor, file, mapping={})
    return file


def plan_again(session: Session, actor: User, file: PurchaseImport, *, mapping: Mapping[str, str]) -> None:
    """Plan the import with these columns; while one is lacking or disputed there is no plan yet.

    A large list is planned by a job, which is to be sent after the commit.
    """
    lock(session, file)
    _refuse_applied(file)
    file.mapping, file.result = dict(mapping), {}
    if not is_small(file):
        file.job = jobs.enqueue(session, actor, PLAN, title=file.document.filename, import_id=file.id)
        return
    file.job = None
    table = table_of(session, file)
    file.headings = headings_of(table)
    if why_not(table) is None:
        file.result = importing.plan(session, actor, table).as_json()


def why_not(table: Table) -> DomainError | None:
    """What keeps a list from being planned: a column that is lacking or disputed; None when nothing does."""
    try:
        importing.require_columns(table)
    except DomainError as refusal:
        return refusal
    return None


def start(session: Session, actor: User, file: PurchaseImport) -> Job:
    """Ask for the import of the list as it was planned; its job is to be sent after the commit. Once only."""
    lock(session, file)
    _refuse_applied(file)
    report = report_of(file)
    if report is None:
        raise DomainError(N_("Say first which column is which; then look at the preview."))
    file.job = jobs.enqueue(
        session, actor, IMPORT, title=file.document.filename, total=report.read, import_id=file.id
    )
    return file.job


def keep(session: Session, actor: User | None, data: bytes, filename: str, course: Course) -> PurchaseImport:
    """Keep a list that the command imported, with what came of it; None as `actor` is the system."""
    document = documents.store(session, data, filename=filename, by=actor)
    file = PurchaseImport(document_id=document.id, document=document, by_id=actor.id if actor else None)
    session.add(file)
    session.flush()
    finish(session, actor, file, course)
    return file


def finish(session: Session, actor: User | None, file: PurchaseImport, course: Course) -> None:
    """Write down what importing the list came to; the caller commits."""
    file.applied_at, file.accrued, file.result = now(), course.accrued, course.report.as_json()
    note(session, actor, "purchase_import.applied", file, course)


def note(session: Session, actor: User | None, action: str, file: PurchaseImport, course: Course) -> None:
    """Tell the audit trail what a list has come to."""
    report, home = course.report, actor.home if actor else None
    audit.record(
        session,
        actor,
        action,
        file,
        region_id=home.id if home else None,
        filename=file.document.filename,
        sha256=file.document.sha256,
        created=report.created,
        unchanged=report.unchanged,
        refused=report.refused,
        accrued=course.accrued,
    )


def is_small(file: PurchaseImport) -> bool:
    """Whether the list is planned and imported while its sender waits."""
    return file.document.size <= SMALL_BYTES


def report_of(file: PurchaseImport) -> ImportReport | None:
    """What importing the file would do, or did; None while its columns are not clear."""
    return ImportReport.from_json(file.result) if file.result else None


def headings(session: Session, file: PurchaseImport) -> list[Heading]:
    """The columns of the file, each once, and how they were last read."""
    return [Heading(*facts) for facts in file.headings or headings_of(table_of(session, file))]


def table_of(session: Session, file: PurchaseImport) -> Table:
    """The list as a table, with the columns as they were matched by hand."""
    data = documents.content(session, file.document)
    return importing.read(data, file.document.filename, file.mapping)


def refused_rows(
    session: Session, file: PurchaseImport
) -> tuple[list[str], Iterator[tuple[str, int, list[str]]]]:
    """The headings of the file, and of each refused row its sheet, number and cells, to be mended."""
    report = report_of(file)
    wanted = {(refusal.sheet, refusal.row) for refusal in report.refusals} if report else set()
    table = table_of(session, file)
    heads = list(dict.fromkeys(label for sheet in table.sheets for label in distinct(sheet.head) if label))

    def rows() -> Iterator[tuple[str, int, list[str]]]:
        for sheet, row in table.rows():
            if (row.sheet, row.number) in wanted:
                cells = dict(zip(distinct(sheet.head), map(str, row.cells), strict=False))
                yield row.sheet, row.number, [cells.get(text, "") for text in heads]

    return heads, rows()


def _refuse_applied(file: PurchaseImport) -> None:
    if file.job is not None and not file.job.is_over:
        raise DomainError(N_("This list is being worked on. Wait for the end or cancel it."))
    if file.applied_at is not None:
        raise DomainError(N_("This list has already been imported. Upload it again to import it once more."))
