"""Lists handed in: kept between preview and confirmation, planned and imported at once or by a job, and their result.

What is large is not done while somebody waits for a page.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, reading
from portal.domain.access.queries import visible
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.importing.course import Course, Needed, require_columns
from portal.domain.importing.models import HandedIn
from portal.domain.importing.report import ImportReport
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.jobs.runs import Run
from portal.domain.tabular import Spec, Table, distinct, read_table
from portal.domain.users.models import Grant, User

FileT = TypeVar("FileT", bound=HandedIn)
ReportT = TypeVar("ReportT", bound=ImportReport)


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of the file: its heading, the field it is read as ("" for none), whether others claim it."""

    text: str
    field: str
    is_disputed: bool = False


class Lists(ABC, Generic[FileT, ReportT]):
    """One kind of list: what it is called, who imports it, what its columns are, what importing it means.

    `name` is of its jobs ("purchases.plan", "purchases.import"), `subject` of its record in the audit trail. Lists
    of at most `small_bytes` are planned and imported while their sender waits.
    """

    name: str
    subject: str
    permission: Permission
    model: type[FileT]
    reports: type[ReportT]
    spec: Spec
    needed: Needed = ()
    small_bytes: int
    unclear = N_("Say first which column is which; then look at the preview.")

    @abstractmethod
    def course(
        self,
        session: Session,
        actor: User | None,
        table: Table,
        file: FileT,
        *,
        writes: bool,
        may_go_on: Callable[[], None] = lambda: None,
    ) -> Course[Any, ReportT]:
        """The import of this list, with what was chosen for it."""

    @property
    def plan_kind(self) -> str:
        """The kind of the jobs that plan."""
        return f"{self.name}.plan"

    @property
    def import_kind(self) -> str:
        """The kind of the jobs that import."""
        return f"{self.name}.import"

    # ---- on the page ------------------------------------------------------------------------------------------------

    def visible_to(self, user: User) -> sa.Select[FileT]:
        """The lists that `user` handed in, and those of whoever imports for the same offices."""
        importers = [role for role, may in ROLE_PERMISSIONS.items() if self.permission in may]
        colleagues = sa.select(Grant.user_id).where(
            Grant.role.in_(importers), Grant.region_id.in_(visible(user, self.permission))
        )
        by = self.model.by_id
        return sa.select(self.model).where(sa.or_(by == user.id, by.in_(colleagues)))

    def read(self, data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
        """Read a list; `mapping` says for a heading which field it is ("" for none), where that is not clear.

        Refuses (DomainError, field "file") a file that cannot be read. Columns that are disputed or lacking are told
        by `why_not`.
        """
        return read_table(data, filename, self.spec, mapping)

    def hand_in(
        self,
        session: Session,
        actor: User,
        data: bytes,
        *,
        filename: str,
        choose: Callable[[FileT], None] = lambda _file: None,
    ) -> FileT:
        """Keep a list and plan its import; DomainError, field "file", when it cannot be read.

        `choose` writes down what was chosen for the whole list. What is large is read and planned by a job
        (`file.job`), which tells the same of a file that cannot be read.
        """
        if len(data) <= self.small_bytes:
            self.read(data, filename)
        file = self._kept(session, actor, data, filename, field="file")
        self.plan_again(session, actor, file, mapping={}, choose=choose)
        return file

    def plan_again(
        self,
        session: Session,
        actor: User,
        file: FileT,
        *,
        mapping: Mapping[str, str],
        choose: Callable[[FileT], None] = lambda _file: None,
    ) -> None:
        """Plan the import with these columns and choices; while a column is lacking or disputed there is no plan yet.

        A large list is planned by a job, which is to be sent after the commit.
        """
        lock(session, file)
        _refuse_applied(file)
        choose(file)
        file.mapping, file.result = dict(mapping), {}
        if not self.is_small(file):
            file.job = jobs.enqueue(
                session, actor, self.plan_kind, title=file.document.filename, import_id=file.id
            )
            return
        file.job = None
        table = self.table_of(session, file)
        file.headings = headings_of(table)
        if self.why_not(table) is None:
            course = self.course(session, actor, table, file, writes=False)
            for _told in course.chunks():
                pass
            file.result = course.report.as_json()

    def why_not(self, table: Table) -> DomainError | None:
        """What keeps a list from being planned: a column that is lacking or disputed; None when nothing does."""
        try:
            require_columns(table, self.spec, self.needed)
        except DomainError as refusal:
            return refusal
        return None

    def start(self, session: Session, actor: User, file: FileT) -> Job:
        """Ask for the import of the list as it was planned; its job is to be sent after the commit. Once only."""
        lock(session, file)
        _refuse_applied(file)
        report = self.report_of(file)
        if report is None:
            raise DomainError(self.unclear)
        job = jobs.enqueue(
            session,
            actor,
            self.import_kind,
            title=file.document.filename,
            total=report.read,
            import_id=file.id,
        )
        file.job = job
        return job

    def is_small(self, file: FileT) -> bool:
        """Whether the list is planned and imported while its sender waits."""
        return file.document.size <= self.small_bytes

    def report_of(self, file: FileT) -> ReportT | None:
        """What importing the file would do, or did; None while its columns are not clear."""
        return self.reports.from_json(file.result) if file.result else None

    def headings(self, session: Session, file: FileT) -> list[Heading]:
        """The columns of the file, each once, and how they were last read."""
        return [Heading(*facts) for facts in file.headings or headings_of(self.table_of(session, file))]

    def table_of(self, session: Session, file: FileT) -> Table:
        """The list as a table, with the columns as they were matched by hand."""
        data = documents.content(session, file.document)
        return self.read(data, file.document.filename, file.mapping)

    def refused_rows(
        self, session: Session, file: FileT
    ) -> tuple[list[str], Iterator[tuple[str, int, list[str]]]]:
        """The headings of the file, and of each refused row its sheet, number and cells, to be mended."""
        report = self.report_of(file)
        wanted = {(refusal.sheet, refusal.row) for refusal in report.refusals} if report else set()
        table = self.table_of(session, file)
        heads = list(
            dict.fromkeys(label for sheet in table.sheets for label in distinct(sheet.head) if label)
        )

        def rows() -> Iterator[tuple[str, int, list[str]]]:
            for sheet, row in table.rows():
                if (row.sheet, row.number) in wanted:
                    cells = dict(zip(distinct(sheet.head), map(str, row.cells), strict=False))
                    yield row.sheet, row.number, [cells.get(text, "") for text in heads]

        return heads, rows()

    # ---- what came of it --------------------------------------------------------------------------------------------

    def keep(
        self,
        session: Session,
        actor: User | None,
        data: bytes,
        filename: str,
        course: Course[Any, ReportT],
    ) -> FileT:
        """Keep a list that a command imported, with what came of it; None as `actor` is the system."""
        file = self._kept(session, actor, data, filename)
        self.finish(session, actor, file, course)
        return file

    def finish(self, session: Session, actor: User | None, file: FileT, course: Course[Any, ReportT]) -> None:
        """Write down what importing the list came to; the caller commits."""
        file.applied_at, file.result = now(), course.report.as_json()
        self._note(session, actor, "applied", file, course)

    def _note(
        self, session: Session, actor: User | None, what: str, file: FileT, course: Course[Any, ReportT]
    ) -> None:
        home = actor.home if actor else None
        audit.record(
            session,
            actor,
            f"{self.subject}.{what}",
            file,
            region_id=home.id if home else None,
            filename=file.document.filename,
            sha256=file.document.sha256,
            **course.counts,
        )

    def _kept(
        self, session: Session, actor: User | None, data: bytes, filename: str, *, field: str | None = None
    ) -> FileT:
        document = documents.store(session, data, filename=filename, by=actor, field=field)
        file = self.model(document_id=document.id, document=document, by_id=actor.id if actor else None)
        session.add(file)
        session.flush()
        return file

    # ---- as jobs ----------------------------------------------------------------------------------------------------

    def do_plan(self, session: Session, run: Run) -> dict[str, Any]:
        """Do a job of `plan_kind`: read the list and say what importing it would do."""
        with reading():
            run.check_owner(self.permission)
            file = self._file(session, run)
            table = self.table_of(session, file)
            headings = headings_of(table)
            result: dict[str, Any] = {}
            if self.why_not(table) is None:
                course = self._course(session, run, table, file, writes=False)
                for _told in course.chunks():
                    session.rollback()
                    done = course.report.read
                    if not run.progress(done=done, total=max(table.count, done)):
                        return {}
                result = course.report.as_json()
            session.rollback()
        file = self._file(session, run)
        file.headings, file.result = headings, result
        return {}

    def do_import(self, session: Session, run: Run) -> dict[str, Any]:
        """Do a job of `import_kind`: each chunk of rows is a transaction of its own, and is written once.

        Nothing is written in the name of somebody who may no longer import: it stops before the next chunk, and the
        audit trail says what was written until then.
        """
        with reading():
            run.check_owner(self.permission)
            file = self._file(session, run)
            if file.applied_at is not None:
                raise DomainError(
                    N_("This list has already been imported. Upload it again to import it once more.")
                )
            table = self.table_of(session, file)
            course = self._course(session, run, table, file, writes=True)
            session.rollback()
        try:
            for told in course.chunks(run.earlier):
                done = course.report.read
                if not run.step(told, done=done, total=max(table.count, done)):
                    break
        except DomainError:
            session.rollback()
            if course.report.read:
                course.rest()
                self._note(session, run.owner, "stopped", self._file(session, run), course)
                session.commit()  # whoever does the job takes back what is not committed
            raise
        course.rest()
        course.report.is_cut_short = run.is_cancelled
        self.finish(session, run.owner, self._file(session, run), course)
        return course.counts

    def _file(self, session: Session, run: Run) -> FileT:
        return session.get_one(self.model, run.params["import_id"])

    def _course(
        self, session: Session, run: Run, table: Table, file: FileT, *, writes: bool
    ) -> Course[Any, ReportT]:
        return self.course(
            session,
            run.owner,
            table,
            file,
            writes=writes,
            may_go_on=lambda: run.check_owner(self.permission),
        )


def headings_of(table: Table) -> list[list[Any]]:
    """The columns of a table as a list keeps them: heading, field, whether others claim it."""
    found: dict[str, list[Any]] = {}
    for sheet in table.sheets:
        taken = {place: name for name, places in sheet.match.fields.items() for place in places}
        disputed = {heading for clash in sheet.match.clashes for heading in clash.headings}
        for place, (text, label) in enumerate(zip(sheet.head, distinct(sheet.head), strict=True)):
            if text and label not in found:
                found[label] = [label, taken.get(place, ""), text in disputed]
    return list(found.values())


def _refuse_applied(file: HandedIn) -> None:
    if file.job is not None and not file.job.is_over:
        raise DomainError(N_("This list is being worked on. Wait for the end or cancel it."))
    if file.applied_at is not None:
        raise DomainError(N_("This list has already been imported. Upload it again to import it once more."))
