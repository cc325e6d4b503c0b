"""The chain of a book: each transfer's hash covers the one before it, so that a change of any shows in all after."""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import NamedTuple

from portal.domain.ledger.accounts import AccountKind, TransferKind


class Entry(NamedTuple):
    """A transfer as its hash covers it; accounts by kind and part, so that a renamed account shows as well."""

    book_id: int
    no: int
    kind: TransferKind
    debit: tuple[AccountKind, str]
    credit: tuple[AccountKind, str]
    amount_fen: int
    booked_on: date
    at: datetime
    by_id: int | None
    key: str
    source: str
    source_id: int
    reverses_id: int | None
    facts: str


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def digest(before: str, entry: Entry) -> str:
    """The SHA-256, in hex, of this entry after `before`, the hash of the one before it (empty for the first)."""
    body = [
        before,
        entry.book_id,
        entry.no,
        entry.kind.value,
        entry.debit[0].value,
        entry.debit[1],
        entry.credit[0].value,
        entry.credit[1],
        entry.amount_fen,
        entry.booked_on.isoformat(),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.by_id,
        entry.key,
        entry.source,
        entry.source_id,
        entry.reverses_id,
        entry.facts,
    ]
    return hashlib.sha256(_encode(body).encode()).hexdigest()


def facts(*said: str | int | date | None) -> str:
    """The SHA-256, in hex, of what a source says, value by value."""
    plain = [value.isoformat() if isinstance(value, date) else value for value in said]
    return hashlib.sha256(_encode(plain).encode()).hexdigest()
