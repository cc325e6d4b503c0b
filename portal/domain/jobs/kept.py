"""Files that jobs make: put in and given out a piece at a time, whatever their size; gone after a week."""

import os
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.jobs.models import JobFile, JobFilePiece

KEPT = timedelta(days=7)
PIECE = 1024 * 1024
_AT_ONCE = 8  # pieces in a transaction: others want to write too


def keep(
    session: Session,
    job_id: int,
    source: BinaryIO,
    *,
    filename: str,
    media_type: str,
    hold: Callable[[], object] = lambda: None,
    goes_on: Callable[[], object] = lambda: None,
) -> JobFile:
    """Put a file in, in several transactions, the last of which the caller commits with the job's end.

    What an earlier run put in of it is removed first, in a transaction that `hold` makes sure is still ours to
    write: a run that slept removes nothing of the one that went on without it. `goes_on` is called between the
    transactions and may raise too.
    """
    hold()
    forget(session, jobs=[job_id])
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    file = JobFile(
        job_id=job_id,
        filename=filename,
        media_type=media_type,
        size=size,
        pieces=-(-size // PIECE),
        expires_at=now() + KEPT,
    )
    session.add(file)
    session.commit()
    for no in range(file.pieces):
        session.execute(sa.insert(JobFilePiece), {"file_id": file.id, "no": no, "data": source.read(PIECE)})
        if no % _AT_ONCE == _AT_ONCE - 1:
            session.commit()
            goes_on()
    file.made_at = now()
    session.flush()
    return file


def file_of(session: Session, job_id: int) -> JobFile | None:
    """The finished file of a job; None before, and once its time is over."""
    return session.scalar(
        sa.select(JobFile)
        .where(JobFile.job_id == job_id, JobFile.made_at.is_not(None), JobFile.expires_at >= now())
        .order_by(JobFile.id.desc())
        .limit(1)
    )


def pieces(session: Session, file_id: int, count: int) -> Iterator[bytes]:
    """The content in order; no transaction stays open while somebody takes a piece at leisure."""
    for no in range(count):
        data = session.scalar(
            sa.select(JobFilePiece.data).where(JobFilePiece.file_id == file_id, JobFilePiece.no == no)
        )
        session.rollback()
        if data is None:
            raise RuntimeError(f"piece {no} of file {file_id} has gone")
        yield data


def forget(session: Session, *, jobs: Collection[int] | None = None) -> None:
    """Remove the files of these jobs, or else those whose time is over; the caller commits."""
    wanted = JobFile.expires_at < now() if jobs is None else JobFile.job_id.in_(jobs)
    old = session.scalars(sa.select(JobFile.id).where(wanted)).all()
    if old:
        session.execute(sa.delete(JobFilePiece).where(JobFilePiece.file_id.in_(old)))
        session.execute(
            sa.delete(JobFile).where(JobFile.id.in_(old)).execution_options(synchronize_session=False)
        )
