"""What is asked for once within work on many records in one short transaction, whichever of them asks.

Outside such work nothing is remembered: each question goes to the database.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from sqlalchemy.orm import Session

Found = TypeVar("Found")
_ANSWERS = "asked_once"


@contextmanager
def asking_once(session: Session) -> Iterator[None]:
    """Inside, `once` remembers what it found; end it before the transaction ends."""
    session.info[_ANSWERS] = {}
    try:
        yield
    finally:
        del session.info[_ANSWERS]


def once(session: Session, key: Hashable, find: Callable[[], Found]) -> Found:
    """What `find` gives; `key` says all that it depends on."""
    answers: dict[Hashable, object] | None = session.info.get(_ANSWERS)
    if answers is None:
        return find()
    if key not in answers:
        answers[key] = find()
    return cast(Found, answers[key])
