"""Printing many originals as a task: into one file for the printer, or a ZIP of single ones (P1b)."""

import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol

from sqlalchemy.orm import Session

from portal.db import CHINA, now, reading, today
from portal.domain.access.roles import Permission
from portal.domain.jobs import kept
from portal.domain.jobs.runs import Run
from portal.domain.price_protection import letters as post
from portal.domain.price_protection import prints
from portal.domain.price_protection.letters import Letter
from portal.domain.price_protection.mailing import Form, Order
from portal.domain.price_protection.prints import Printed, Refused
from portal.domain.text import clean
from portal.printing.covering import covering_list
from portal.printing.joining import Joined, join

CHUNK = 20  # agreements in a part: what is held of them is some megabytes
_UNFIT = str.maketrans(dict.fromkeys('\\/:*?"<>|', "_"))
_LIST = "交寄清单"


class _Target(Protocol):
    """What the originals are put into, one after another."""

    def add(self, letter: Letter, content: bytes) -> None:
        """Put an original in."""

    def add_list(self, paper: bytes) -> None:
        """Put the list in, before all of them."""

    def finish(self, made_at: datetime) -> int:
        """End the file; give the number of its pages."""

    def close(self) -> None:
        """Let go of what is open, finished or not."""


def print_agreements(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind `mailing.KIND`: each part's printing is written down once, then its originals go in.

    A run that follows another puts what is on record in again from the originals that are kept, and records
    nothing twice. What cannot be printed is told one by one, and the others are printed. Cancelled, the file holds
    what was printed by then. Nothing is printed in the name of somebody who may no longer print.
    """
    order = Order.of(run.params)
    # The file has no name: it goes with the process, however that ends.
    with TemporaryFile(prefix="portal-print-") as file, closing(_book(file, order)) as target:
        printed: list[Printed] = []
        refused: list[Refused] = []
        for no, start in enumerate(range(0, len(order.ids), CHUNK)):
            ids = order.ids[start : start + CHUNK]
            told = run.earlier[no] if no < len(run.earlier) else None
            ready, left_out = _part(session, run, order, ids, told)
            done = min(start + CHUNK, len(order.ids))
            goes_on = True
            if told is None:
                said = {
                    "printed": [[one.id, one.paper_id, one.pages] for one in ready],
                    "refused": [asdict(one) for one in left_out],
                }
                goes_on = run.step(said, done=done, total=len(order.ids))
            elif no % 10 == 9:
                goes_on = run.progress(done=done, total=len(order.ids))
            _put_in(session, order, target, ready)
            printed += ready
            refused += left_out
            if not goes_on:
                break
        return _finish(session, run, order, file, target, printed, refused)


def _part(
    session: Session, run: Run, order: Order, ids: Sequence[int], told: dict[str, Any] | None
) -> tuple[list[Printed], list[Refused]]:
    """The originals of a part: recorded as printed in a transaction that `run.step` ends, or on record already."""
    with reading():
        run.check_owner(Permission.AGREEMENTS_WRITE)
        if told is not None:
            before = [tuple(one) for one in told["printed"]]
            ready, refused = prints.take_again(session, before, is_of_originals=order.is_of_originals)
            session.rollback()
            return ready, [*(Refused(**one) for one in told["refused"]), *refused]
        ready, refused = prints.take(session, run.owner, ids, is_of_originals=order.is_of_originals)
        session.rollback()
    ready, more = prints.record(
        session, run.owner, ready, order.copies, is_of_originals=order.is_of_originals
    )
    return ready, [*refused, *more]


def _put_in(session: Session, order: Order, target: _Target, ready: list[Printed]) -> None:
    """Put a part's originals into the file and let go of them."""
    if not ready:
        return
    with reading():
        letters = {letter.id: letter for letter in _letters(session, order, ready)}
        session.rollback()
    for one in ready:
        target.add(letters[one.id], one.content)
        one.content = b""


def _letters(session: Session, order: Order, printed: Sequence[Printed]) -> list[Letter]:
    ids = [one.id for one in printed]
    if order.is_of_originals:
        return post.of_originals(session, None, ids)
    return post.of_agreements(session, None, ids=ids)


def _finish(
    session: Session,
    run: Run,
    order: Order,
    file: BinaryIO,
    target: _Target,
    printed: list[Printed],
    refused: list[Refused],
) -> dict[str, Any]:
    """Add the list, keep the file, and say what came of it; nothing is kept where nothing was printed."""
    if not printed and run.is_cancelled:
        return {}
    result: dict[str, Any] = {
        "printed": len(printed),
        "pages": 0,
        "papers": [one.paper_id for one in printed],
        "refused": [asdict(one) for one in refused],
        "left": len(order.ids) - len(printed) - len(refused),
    }
    if not printed:
        return result
    made_at = now()
    if order.has_list:
        _add_list(session, run, order, target, printed, made_at)
    result["pages"] = target.finish(made_at)
    kept.keep(
        session,
        run.id,
        file,
        filename=f"协议原件 {today()} {len(printed)}份.{order.form}",
        media_type="application/pdf" if order.form is Form.PDF else "application/zip",
        hold=run.hold,
        goes_on=lambda: run.progress(done=len(order.ids), total=len(order.ids)),
    )
    return result


def _add_list(
    session: Session, run: Run, order: Order, target: _Target, printed: list[Printed], made_at: datetime
) -> None:
    with reading():
        letters = _letters(session, order, printed)
        by, company = run.owner.name, post.sender(session, letters)
        places = {one.id: place for place, one in enumerate(printed)}
        letters.sort(key=lambda letter: places[letter.id])
        listed = list(post.addressed(session, letters))
        session.rollback()
    parts = covering_list(listed, company=company, by=by, copies=order.copies, made_at=made_at)
    target.add_list(join(parts)[0])


def _book(file: BinaryIO, order: Order) -> _Target:
    return _Book(file, order) if order.form is Form.PDF else _Parcel(file)


class _Book:
    """One PDF: the list, then the originals, each with all its copies where the order says so."""

    def __init__(self, file: BinaryIO, order: Order) -> None:
        self._joined, self._order = Joined(file), order

    def add(self, letter: Letter, content: bytes) -> None:
        copies = self._order.copies if self._order.repeats else 1
        title = f"{letter.number} {letter.company}"
        self._joined.add(content, title, copies=copies, fills_sheet=self._order.fills_sheets)

    def add_list(self, paper: bytes) -> None:
        self._joined.add(paper, _LIST, in_front=True, fills_sheet=self._order.fills_sheets)

    def finish(self, made_at: datetime) -> int:
        title = f"协议原件 {made_at.astimezone(CHINA):%Y-%m-%d}"
        return self._joined.finish(title, made_at=made_at, duplex=self._order.fills_sheets)

    def close(self) -> None:
        """Nothing is open."""


class _Parcel:
    """A ZIP: each original as it is kept, byte for byte, with names that sort in mailing order."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._count = self._pages = 0

    def add(self, letter: Letter, content: bytes) -> None:
        self._count += 1
        self._pages += letter.pages
        self._write(f"{self._count:04d} {letter.number} {letter.company}", content)

    def add_list(self, paper: bytes) -> None:
        self._write(f"0000 {_LIST}", paper)

    def finish(self, _made_at: datetime) -> int:
        self._zip.close()
        return self._pages

    def close(self) -> None:
        self._zip.close()

    def _write(self, name: str, content: bytes) -> None:
        told = zipfile.ZipInfo(f"{clean(name).translate(_UNFIT)[:80].strip(' .')}.pdf", _clock())
        self._zip.writestr(told, content)


def _clock() -> tuple[int, int, int, int, int, int]:
    moment = now().astimezone(CHINA)
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
