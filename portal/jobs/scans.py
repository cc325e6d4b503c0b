"""Reading and filing scanned piles as jobs: a page, a paper is a part; what opens files is another process."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from portal.db import now, reading
from portal.domain.access.roles import Permission
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs.runs import Run
from portal.domain.meetings import filed_sheets, sheets
from portal.domain.price_protection.scans import filing
from portal.domain.price_protection.scans import reading as pages
from portal.domain.price_protection.scans.groups import Group
from portal.domain.price_protection.scans.models import FileState, PageKind, ScanFile, ScanPage, ScanPile
from portal.domain.users.models import User
from portal.jobs import start_noted
from portal.jobs.passing import Passing
from portal.scanning.reader import Broken, PageRead, Reader, RefusedFile
from portal.web.meeting_keys import badge_key

_Answer = TypeVar("_Answer")


def read_pile(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind READ: every page of its files, one at a time; a run that follows goes on behind them."""
    with Passing(session) as passing, Reader() as reader:
        with reading():
            run.check_owner(Permission.PAPERS_HANDLE)
            files = [(file_id, document.id) for file_id, document in pages.files_of(session, run.id)]
            session.rollback()
        counts = {
            file_id: _count(session, reader, file_id, _path(session, passing, document_id))
            for file_id, document_id in files
        }
        total = sum(counts.values())
        done = 0
        for file_id, document_id in files:
            if not counts[file_id]:
                continue
            with reading():
                known = pages.pages_read(session, file_id)
                session.rollback()
            path = _path(session, passing, document_id)
            for number in range(1, counts[file_id] + 1):
                done += 1
                if number in known:
                    continue
                _read_page(session, run, reader, file_id, path, number)
                if not run.step({}, done=done, total=total):
                    return {"pile_id": run.params["pile_id"], "pages": done}
            session.get_one(ScanFile, file_id).state = FileState.READ
            session.commit()
    return {"pile_id": run.params["pile_id"], "pages": done}


def _path(session: Session, passing: Passing, document_id: int) -> Path:
    """The content as a file, for a process that knows no database."""
    with reading():
        path = passing.path(session.get_one(Document, document_id))
        session.rollback()
    return path


def _twice(ask: Callable[[], _Answer]) -> _Answer:
    """An answer of the reading process; asked again where it died or was too slow, which a busy machine makes it."""
    try:
        return ask()
    except Broken:
        return ask()


def _count(session: Session, reader: Reader, file_id: int, path: Path) -> int:
    """How many pages a file has; 0 for one that is refused, with the reason beside it.

    0 as well where nobody could say, which says nothing of the file: it waits until it is asked for again.
    """
    try:
        count = _twice(lambda: reader.count(path))
    except Broken:
        return 0
    except RefusedFile as error:
        file = session.get_one(ScanFile, file_id)
        file.state, file.refusal, file.refusal_params = FileState.REFUSED, error.msgid, error.params
        session.commit()
        return 0
    session.get_one(ScanFile, file_id).pages = count
    session.commit()
    return count


def _read_page(session: Session, run: Run, reader: Reader, file_id: int, path: Path, number: int) -> None:
    """One page, read outside any transaction and written within the part's."""
    read: PageRead | None = None
    with suppress(Broken):
        read = _twice(lambda: reader.read(path, number))
    file = session.get_one(ScanFile, file_id)
    if read is None:
        pages.keep_page(session, run.owner, file, number, kind=PageKind.BROKEN)
        return
    kind = PageKind.BLANK if read.is_blank else PageKind.READ if read.marks else PageKind.UNREAD
    page = pages.keep_page(
        session,
        run.owner,
        file,
        number,
        kind=kind,
        quarter_turns=read.quarter_turns,
        marks=read.marks,
        preview=read.preview,
    )
    for code, page_no in read.marks:
        if page_no == 0:
            _file_sheet(session, run.owner, page, code)


def _file_sheet(session: Session, owner: User, page: ScanPage, code: str) -> None:
    """A page of a sign-in sheet goes to its meeting; in the pile it is beside the papers."""
    said = sheets.read_page(badge_key(), code)
    if said is None:
        return
    if filed_sheets.keep(session, owner, said, scan_page_id=page.id, picture_id=page.preview_id) is not None:
        page.set_aside_at, page.set_aside_by_id = now(), owner.id


def file_pile(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind FILE: bind and file one paper after the other; a refusal stays with its own."""
    filed = sum(1 for step in run.earlier if step["filed"])
    refused = len(run.earlier) - filed
    with Passing(session) as passing, Reader() as reader:
        with reading():
            run.check_owner(Permission.PAPERS_HANDLE)
            pile = session.get_one(ScanPile, run.params["pile_id"])
            seen = {step["return_id"] for step in run.earlier}
            ids = [
                one
                for one in filing.ready_ids(session, run.owner, pile, run.params.get("stay", ()))
                if one not in seen
            ]
            session.rollback()
        total = filed + refused + len(ids)
        for return_id in ids:
            is_filed = _file_one(session, run, reader, passing, return_id)
            filed, refused = filed + is_filed, refused + (not is_filed)
            step = {"return_id": return_id, "filed": is_filed}
            goes_on = run.step(step, done=filed + refused, total=total)
            start_noted(session)
            if not goes_on:
                break
    pile = session.get_one(ScanPile, run.params["pile_id"])
    filing.note_done(session, run.owner, pile, filed=filed, refused=refused)
    return {"pile_id": pile.id, "filed": filed, "refused": refused}


def _file_one(session: Session, run: Run, reader: Reader, passing: Passing, return_id: int) -> bool:
    """Bind what came back of a paper outside any transaction, then file it; whether that was possible."""
    pile_id = run.params["pile_id"]
    with reading():
        pile = session.get_one(ScanPile, pile_id)
        group = filing.group_of(session, run.owner, pile, return_id)
        sources = _sources(session, group, passing) if group else []
        session.rollback()
    try:
        if group is None:
            raise DomainError(N_("Somebody else filed it, or its pages have changed meanwhile."))
        try:
            scan = reader.bind(sources)
        except Broken:
            raise DomainError(
                N_("Its pages could not be put into one file. File the scan by hand.")
            ) from None
        is_back = bool(run.params.get("is_back"))
        pile = session.get_one(ScanPile, pile_id)
        filing.file_one(session, run.owner, pile, group, scan, is_back=is_back)
    except DomainError as error:
        session.rollback()
        filing.note_refusal(session, return_id, error)
        return False
    return True


def _sources(session: Session, group: Group, passing: Passing) -> list[tuple[Path, int, int]]:
    """The pages of a paper as files, in the order in which they are bound."""
    leaves = group.binding_order()
    found = {leaf.file_id: session.get_one(ScanFile, leaf.file_id).document for leaf in leaves}
    paths = passing.paths([document for document in found.values() if document is not None])
    bound = []
    for leaf in leaves:
        document = found[leaf.file_id]
        assert document is not None
        bound.append((paths[document.id], leaf.no, leaf.quarter_turns))
    return bound
