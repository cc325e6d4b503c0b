"""Beginning a pile and handing files in: each is kept before anything is made of it."""

from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.access.queries import regions_visible_to, visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.documents.services import Looked
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection.scans.due import due
from portal.domain.price_protection.scans.models import FileState, ScanFile, ScanPile, ScanReturn
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

READ, FILE = "scans.read", "scans.file"  # kinds of jobs (portal.jobs.scans)
MOST_FILES = 500
_NAME = 200


def piles_visible_to(user: User, permission: Permission = Permission.AGREEMENTS_READ) -> sa.Select[ScanPile]:
    """The piles of the offices in which `user` has the permission."""
    return sa.select(ScanPile).where(ScanPile.region_id.in_(visible(user, permission)))


def offices(session: Session, user: User) -> list[Region]:
    """The offices for which `user` may begin a pile, in the order of the tree."""
    return list(session.scalars(regions_visible_to(user, Permission.PAPERS_HANDLE)))


def begin(session: Session, actor: User, region: Region) -> ScanPile:
    """Begin a pile for an office and those below it, and note what is out for signature there."""
    if not actor.can(Permission.PAPERS_HANDLE, region):
        raise DomainError(N_("You may not file papers of this office."), field="region")
    pile = ScanPile(region_id=region.id, by_id=actor.id)
    session.add(pile)
    session.flush()
    out = due(region).subquery()
    session.execute(
        sa.insert(ScanReturn).from_select(
            ["pile_id", "is_due", "agreement_id", "amendment_id", "termination_id", "statement_id"],
            sa.select(sa.literal(pile.id), sa.true(), *out.c).order_by(out.c.agreement_id),
        )
    )
    audit.record(session, actor, "scan_pile.begun", pile, region_id=region.id)
    return pile


def look_at(source: BinaryIO) -> Looked | DomainError:
    """What a file is, or why it is no scan; asks the database nothing and takes seconds for a large one."""
    try:
        return documents.look_at(source, documents.SCANS)
    except DomainError as error:
        return error


def add_file(
    session: Session,
    actor: User,
    pile: ScanPile,
    source: BinaryIO,
    filename: str,
    *,
    looked: Looked | DomainError | None = None,
) -> ScanFile:
    """Keep a file of the pile as it came; one that is no scan, or lies there already, is noted with the reason.

    `looked` is what `look_at` said of it, before this transaction.
    """
    looked = looked or look_at(source)
    lock(session, pile)
    last = session.scalar(sa.select(sa.func.max(ScanFile.no)).where(ScanFile.pile_id == pile.id)) or 0
    if last >= MOST_FILES:
        raise DomainError("A pile has at most %(most)s files. Begin another one.", most=MOST_FILES)
    file = ScanFile(pile_id=pile.id, no=last + 1, filename=clean(filename)[-_NAME:] or "file")
    try:
        with session.begin_nested():
            if isinstance(looked, DomainError):
                raise looked
            document = documents.store_file(session, source, looked, filename=filename, by=actor)
            _refuse_second(session, pile, document)
        file.document_id, file.filename = document.id, document.filename
    except DomainError as error:
        file.state, file.refusal, file.refusal_params = FileState.REFUSED, error.msgid, dict(error.params)
    session.add(file)
    session.flush()
    return file


def _refuse_second(session: Session, pile: ScanPile, document: Document) -> None:
    earlier = session.scalar(
        sa.select(ScanFile.filename)
        .join(Document, Document.id == ScanFile.document_id)
        .where(
            ScanFile.pile_id == pile.id,
            ScanFile.state != FileState.REFUSED,
            Document.sha256 == document.sha256,
        )
        .limit(1)
    )
    if earlier is not None:
        raise DomainError(N_("The same file is already in this pile: %(name)s"), name=earlier)


def ask_reading(session: Session, actor: User, pile: ScanPile) -> Job | None:
    """Have a job read the files that wait and that no job under way has; to be sent after the commit."""
    lock(session, pile)
    waiting = [
        file
        for file in session.scalars(
            sa.select(ScanFile)
            .where(ScanFile.pile_id == pile.id, ScanFile.state == FileState.WAITING)
            .order_by(ScanFile.no)
        )
        if file.job is None or file.job.is_over
    ]
    if not waiting:
        return None
    job = jobs.enqueue(session, actor, READ, title=waiting[0].filename, pile_id=pile.id)
    for file in waiting:
        file.job_id = job.id
    audit.record(session, actor, "scan_pile.files_added", pile, region_id=pile.region_id, count=len(waiting))
    return job
