"""A list handed in on the page: kept between preview and confirmation, and its result afterwards (D1)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.access.queries import visible
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission
from portal.domain.distributors import importing
from portal.domain.distributors.importing.report import ImportReport
from portal.domain.distributors.importing.rows import Defaults
from portal.domain.distributors.models import Channel, ImportFile, Level
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.regions import services as regions
from portal.domain.tabular import Table, distinct
from portal.domain.users.models import Grant, User

PLAN, IMPORT = "distributors.plan", "distributors.import"  # kinds of jobs (importing.tasks)
SMALL_BYTES = 128 * 1024  # some 600 rows
_IMPORTERS = [role for role, may in ROLE_PERMISSIONS.items() if Permission.DISTRIBUTORS_IMPORT in may]
_KEEPERS = [role for role, may in ROLE_PERMISSIONS.items() if Permission.DISTRIBUTORS_WRITE in may]


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of the file: its heading, the field it is read as ("" for none), whether others claim it."""

    text: str
    field: str
    is_disputed: bool = False


def files_visible_to(user: User) -> sa.Select[ImportFile]:
    """The lists that `user` handed in, and those of whoever imports for the same offices."""
    colleagues = sa.select(Grant.user_id).where(
        Grant.role.in_(_IMPORTERS), Grant.region_id.in_(visible(user, Permission.DISTRIBUTORS_IMPORT))
    )
    return sa.select(ImportFile).where(sa.or_(ImportFile.by_id == user.id, ImportFile.by_id.in_(colleagues)))


def may_make_regions(session: Session, user: User) -> bool:
    """Whether `user` may have offices made that a list names."""
    return user.can(Permission.REGIONS_MANAGE, regions.head_office(session))


def owners(session: Session, user: User) -> list[User]:
    """Every active user who keeps the records of some office that `user` imports for."""
    paths = user.paths(Permission.DISTRIBUTORS_IMPORT)
    found = session.scalars(
        sa.select(User)
        .where(
            User.deactivated_at.is_(None),
            User.id.in_(sa.select(Grant.user_id).where(Grant.role.in_(_KEEPERS))),
        )
        .order_by(User.name, User.id)
    )
    return [
        one
        for one in found
        if any(
            path.startswith(theirs) or theirs.startswith(path)
            for path in paths
            for theirs in one.paths(Permission.DISTRIBUTORS_WRITE)
        )
    ]


def hand_in(
    session: Session,
    actor: User,
    data: bytes,
    *,
    filename: str,
    owner: User | None,
    create_regions: bool | Collection[str],
    defaults: Defaults | None = None,
) -> ImportFile:
    """Keep a list and plan its import; DomainError, field "file", when it cannot be read.

    What is large is read and planned by a job (`file.job`), which tells the same of a file that cannot be read.
    """
    if len(data) <= SMALL_BYTES:
        importing.read(data, filename)
    document = documents.store(session, data, filename=filename, by=actor, field="file")
    file = ImportFile(document_id=document.id, document=document, by_id=actor.id)
    session.add(file)
    session.flush()
    plan_again(
        session, actor, file, mapping={}, owner=owner, create_regions=create_regions, defaults=defaults
    )
    return file


def plan_again(
    session: Session,
    actor: User,
    file: ImportFile,
    *,
    mapping: Mapping[str, str],
    owner: User | None,
    create_regions: bool | Collection[str],
    defaults: Defaults | None = None,
) -> None:
    """Plan the import with these choices; while columns are disputed there is no plan yet.

    A large list is planned by a job, which is to be sent after the commit.
    """
    lock(session, file)
    _refuse_applied(file)
    defaults = defaults or Defaults()
    file.options = {
        "mapping": dict(mapping),
        "owner_id": owner.id if owner else None,
        "create_regions": (
            create_regions if isinstance(create_regions, bool) else sorted(set(create_regions))
        ),
        "level": defaults.level,
        "channel": defaults.channel,
    }
    file.result = {}
    if not is_small(file):
        file.job = jobs.enqueue(session, actor, PLAN, title=file.document.filename, import_id=file.id)
        return
    file.job = None
    table = table_of(session, file)
    file.headings = headings_of(table)
    if any(sheet.match.clashes for sheet in table.sheets):
        return
    report = importing.plan(
        session, actor, table, owner=owner, create_regions=create_regions, defaults=defaults
    )
    file.result = report.as_json()


def start(session: Session, actor: User, file: ImportFile) -> Job:
    """Ask for the import of the list as it was planned; its job is to be sent after the commit.

    The result is kept with the list. A second time is refused.
    """
    lock(session, file)
    _refuse_applied(file)
    report = report_of(file)
    if report is None:
        raise DomainError(N_("Two columns could be the same field. Choose below which one to use."))
    job = jobs.enqueue(
        session, actor, IMPORT, title=file.document.filename, total=report.read, import_id=file.id
    )
    file.job = job
    return job


def is_small(file: ImportFile) -> bool:
    """Whether the list is planned and imported while its sender waits."""
    return file.document.size <= SMALL_BYTES


def report_of(file: ImportFile) -> ImportReport | None:
    """What importing the file would do, or did; None while its columns are disputed."""
    return ImportReport.from_json(file.result) if file.result else None


def owner_of(session: Session, file: ImportFile) -> User | None:
    """The owner chosen for new records."""
    identity = file.options.get("owner_id")
    return session.get(User, identity) if identity is not None else None


def defaults_of(file: ImportFile) -> Defaults:
    """What new records are where the list does not say."""
    usual = Defaults()
    return Defaults(
        Level(file.options.get("level", usual.level)), Channel(file.options.get("channel", usual.channel))
    )


def is_picked(file: ImportFile) -> bool:
    """Whether somebody has already said office by office what is made."""
    return isinstance(file.options.get("create_regions"), list)


def headings(session: Session, file: ImportFile) -> list[Heading]:
    """The columns of the file, each once, and how they were last read."""
    kept = file.headings or headings_of(table_of(session, file))
    return [Heading(*facts) for facts in kept]


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


def refused_rows(
    session: Session, file: ImportFile
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


def table_of(session: Session, file: ImportFile) -> Table:
    """The list as a table, with the columns as they were matched by hand."""
    data = documents.content(session, file.document)
    return importing.read(data, file.document.filename, file.options.get("mapping"))


def _refuse_applied(file: ImportFile) -> None:
    if file.job is not None and not file.job.is_over:
        raise DomainError(N_("This list is being worked on. Wait for the end or cancel it."))
    if file.applied_at is not None:
        raise DomainError(N_("This list has already been imported. Upload it again to import it once more."))
