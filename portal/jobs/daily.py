"""What is done once a day by whichever worker comes first, without anybody asking: seals, checks, due dates."""

import logging
from collections.abc import Callable
from datetime import timedelta

from flask import current_app
from sqlalchemy.orm import Session

from portal.db import insert_unless_there, lock, now, today
from portal.domain.jobs.models import DailyDeed
from portal.domain.ledger import sealing
from portal.domain.mail import services as mail
from portal.domain.price_protection.closing import executing
from portal.domain.price_protection.proving.examining import SEALING, examine
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.violations import ending
from portal.extensions import db

_log = logging.getLogger(__name__)
_AGAIN = timedelta(minutes=30)  # after a failure


def _seal(session: Session) -> None:
    sealing.seal(session, current_app.config["LEDGER_KEY"].encode())


def _examine(session: Session) -> None:
    found = examine(session, current_app.config["LEDGER_KEY"].encode())
    if not found.is_whole:
        _log.error("the ledger is broken: %s", found.break_msgid % found.break_params)


def _deadlines(session: Session) -> None:
    ending.sweep(session)


def _accrue(session: Session) -> None:
    accrued = waiting.sweep(session)
    if accrued:
        _log.warning("%s purchase lines had been left without their accrual", accrued)


def _release(session: Session) -> None:
    executing.release_due(session)


def _forget_mail(session: Session) -> None:
    mail.forget(session)


# In this order; each commits by itself and does nothing twice.
DEEDS: dict[str, Callable[[Session], None]] = {
    SEALING: _seal,
    "ledger.examine": _examine,
    "cases.deadlines": _deadlines,
    "purchases.accrue": _accrue,
    "funds.release": _release,
    "mail.forget": _forget_mail,
}


def run() -> list[str]:
    """Do what is due today and was not done yet; returns the names. One that fails is tried again in half an hour."""
    done = []
    for name, deed in DEEDS.items():
        if not _is_mine(name):
            continue
        session = db.session()
        on = today()
        try:
            deed(session)
            row = session.get_one(DailyDeed, name)
            row.done_on = on
            session.commit()
            done.append(name)
        except Exception:
            session.rollback()
            _log.exception("daily: %s", name)
    return done


def _is_mine(name: str) -> bool:
    """Whether it is due and this process is the one that does it; another one is kept away for half an hour."""
    session = db.session()
    row = session.get(DailyDeed, name)
    if row is None:
        insert_unless_there(session, DailyDeed, {"name": name})
        row = session.get_one(DailyDeed, name)
    is_due = row.done_on is None or row.done_on < today()
    if is_due:
        lock(session, row)
        is_due = row.done_on is None or row.done_on < today()
        is_due = is_due and (row.tried_at is None or row.tried_at < now() - _AGAIN)
        if is_due:
            row.tried_at = now()
    session.commit()
    return is_due
