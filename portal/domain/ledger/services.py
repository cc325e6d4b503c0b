"""Posting: the only way into the ledger. Whoever posts holds the agreement's book until the transaction ends."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import insert_unless_there, now, today
from portal.domain.bulk import Bulk
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import LEGAL, NEVER_NEGATIVE, AccountKind, TransferKind
from portal.domain.ledger.chain import Entry, digest
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.sums import contained, net
from portal.domain.users.models import User

Place = tuple[AccountKind, str]
_MOST_KEYS = 1000


class Body(NamedTuple):
    """What a transfer says besides its key."""

    book_id: int
    kind: TransferKind
    debit: Place | None
    credit: Place | None
    amount_fen: int
    source: str
    source_id: int
    facts: str
    reverses_id: int | None


@dataclass(frozen=True)
class Draft:
    """A transfer to be posted: from `debit` to `credit`, each an account's kind and part; `key` makes it once.

    `facts` is the hash of what the source says (`chain.facts`).
    """

    kind: TransferKind
    debit: Place
    credit: Place
    amount_fen: int
    key: str
    source: str
    source_id: int
    facts: str
    booked_on: date | None = None
    reverses_id: int | None = None


@dataclass
class Held:
    """A book that this transaction holds: its accounts and what they contain, read once and kept in step."""

    session: Session
    book: Book
    accounts: dict[Place, int] = field(default_factory=dict)
    balances: dict[Place, int] = field(default_factory=dict)

    def balance(self, kind: AccountKind, part: str = "") -> int:
        """What the account contains now, in fen; 0 for one that nothing was posted to."""
        return self.balances.get((kind, part), 0)

    def parts(self, kind: AccountKind) -> list[str]:
        """The parts of this kind of account, in order."""
        return sorted(part for found, part in self.accounts if found is kind)


def hold(session: Session, agreement_id: int) -> Held:
    """The book of an agreement, opened if there is none, locked until the transaction ends."""
    return hold_all(session, [agreement_id])[agreement_id]


def hold_all(session: Session, agreement_ids: Collection[int]) -> dict[int, Held]:
    """The books of these agreements, by agreement, as `hold` gives one; five statements, however many they are.

    They are locked in the order of their agreements: two who hold several wait for one another and never for good.
    """
    wanted = sorted(set(agreement_ids))
    found: dict[int, Held] = {}
    for start in range(0, len(wanted), _MOST_KEYS):
        part = wanted[start : start + _MOST_KEYS]
        there = set(session.scalars(sa.select(Book.agreement_id).where(Book.agreement_id.in_(part))))
        opened = [{"agreement_id": id_, "last_no": 0, "last_sha256": ""} for id_ in part if id_ not in there]
        insert_unless_there(session, Book, *opened)
        books = session.scalars(
            sa.select(Book)
            .where(Book.agreement_id.in_(part))
            .order_by(Book.agreement_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found |= {book.agreement_id: Held(session, book) for book in books}
    _fill({held.book.id: held for held in found.values()}, session)
    return found


def _fill(by_book: dict[int, Held], session: Session) -> None:
    """Read the accounts of held books and what they contain."""
    books = sorted(by_book)
    for start in range(0, len(books), _MOST_KEYS):
        part = books[start : start + _MOST_KEYS]
        places: dict[int, tuple[Held, Place]] = {}
        for id_, book_id, kind, name in session.execute(
            sa.select(Account.id, Account.book_id, Account.kind, Account.part).where(
                Account.book_id.in_(part)
            )
        ):
            places[id_] = by_book[book_id], (kind, name)
            by_book[book_id].accounts[kind, name] = id_
        sums = net(part)
        for id_, fen in session.execute(sa.select(sums.c.account_id, sums.c.fen)):
            held, place = places[id_]
            held.balances[place] = fen if place[0].is_debit else -fen


def post(held: Held, actor: User | None, drafts: Iterable[Draft]) -> int:
    """Post these transfers in order, once for each key; returns how many were new.

    The key is looked up before any limit is checked: one that is there with the same body was posted already, with
    another body it is refused (DomainError). Refused as well: a kind between other accounts than LEGAL says, and
    whatever would overdraw what is owed to somebody.
    """
    return post_all(actor, [(held, list(drafts))])


def post_all(actor: User | None, wanted: Sequence[tuple[Held, Sequence[Draft]]]) -> int:
    """Post transfers to several held books, as `post` does to one; all of them or none.

    Whoever goes on after a refusal (a list whose rows stand for themselves) finds the books as they were before.
    """
    if not any(drafts for _, drafts in wanted):
        return 0
    before = [(held, held.book.last_no, held.book.last_sha256, dict(held.balances)) for held, _ in wanted]
    try:
        return _post_all(actor, wanted)
    except (DomainError, ValueError):
        for held, no, sha256, balances in before:
            held.book.last_no, held.book.last_sha256, held.balances = no, sha256, balances
        raise


def _post_all(actor: User | None, wanted: Sequence[tuple[Held, Sequence[Draft]]]) -> int:
    session = wanted[0][0].session
    there = _there(session, wanted)
    rows: list[dict[str, Any]] = []
    for held, drafts in wanted:
        for draft in drafts:
            known = there.get(draft.key)
            if known is None:
                there[draft.key] = _body(held, draft)
                rows.append(_row(held, actor, draft))
            elif known != _body(held, draft):
                raise DomainError(
                    "This booking was sent before with other content. Load the page again and look at what is "
                    "booked."
                )
    if rows:
        connection = session.connection()
        bulk = Bulk(connection.dialect, Transfer, tuple(rows[0]))
        bulk.insert(connection, [tuple(row.values()) for row in rows])
        session.flush()
    return len(rows)


def _there(session: Session, wanted: Sequence[tuple[Held, Sequence[Draft]]]) -> dict[str, Body]:
    """What was posted under these keys, in whichever book."""
    found: dict[str, Body] = {}
    places = {id_: place for held, _ in wanted for place, id_ in held.accounts.items()}
    keys = [draft.key for _, drafts in wanted for draft in drafts]
    for start in range(0, len(keys), _MOST_KEYS):
        for row in session.execute(
            sa.select(
                Transfer.key,
                Transfer.book_id,
                Transfer.kind,
                Transfer.debit_id,
                Transfer.credit_id,
                Transfer.amount_fen,
                Transfer.source,
                Transfer.source_id,
                Transfer.facts,
                Transfer.reverses_id,
            ).where(Transfer.key.in_(keys[start : start + _MOST_KEYS]))
        ):
            found[row.key] = Body(
                row.book_id,
                row.kind,
                places.get(row.debit_id),
                places.get(row.credit_id),
                row.amount_fen,
                row.source,
                row.source_id,
                row.facts,
                row.reverses_id,
            )
    return found


def _body(held: Held, draft: Draft) -> Body:
    """What must be the same when a key comes again; what another book holds is never the same."""
    return Body(
        held.book.id,
        draft.kind,
        draft.debit,
        draft.credit,
        draft.amount_fen,
        draft.source,
        draft.source_id,
        draft.facts,
        draft.reverses_id,
    )


def _row(held: Held, actor: User | None, draft: Draft) -> dict[str, Any]:
    _require_legal(held, draft)
    _move(held, draft)
    book = held.book
    entry = Entry(
        book_id=book.id,
        no=book.last_no + 1,
        kind=draft.kind,
        debit=draft.debit,
        credit=draft.credit,
        amount_fen=draft.amount_fen,
        booked_on=draft.booked_on or today(),
        at=now(),
        by_id=actor.id if actor else None,
        key=draft.key,
        source=draft.source,
        source_id=draft.source_id,
        reverses_id=draft.reverses_id,
        facts=draft.facts,
    )
    row = entry._asdict()
    del row["debit"], row["credit"]
    row["debit_id"], row["credit_id"] = _account(held, draft.debit), _account(held, draft.credit)
    row["sha256"] = book.last_sha256 = digest(book.last_sha256, entry)
    book.last_no = entry.no
    return row


def _require_legal(held: Held, draft: Draft) -> None:
    if draft.amount_fen <= 0:
        raise ValueError(f"a transfer of {draft.amount_fen} fen")
    if draft.kind is TransferKind.CORRECT:
        _require_mirror(held, draft)
        return
    if draft.reverses_id is not None:
        raise ValueError("only a correction takes a transfer back")
    debits, credits = LEGAL[draft.kind]
    if draft.debit[0] not in debits or draft.credit[0] not in credits:
        raise ValueError(f"{draft.kind} from {draft.debit} to {draft.credit}")


def _require_mirror(held: Held, draft: Draft) -> None:
    mirrored = held.session.get(Transfer, draft.reverses_id) if draft.reverses_id is not None else None
    if mirrored is None or mirrored.book_id != held.book.id or mirrored.kind is TransferKind.CORRECT:
        raise ValueError("a correction names a transfer of its own book, and no correction")
    sides = (mirrored.credit.kind, mirrored.credit.part), (mirrored.debit.kind, mirrored.debit.part)
    if sides != (draft.debit, draft.credit) or mirrored.amount_fen != draft.amount_fen:
        raise ValueError("a correction is the mirror of the transfer it names")
    if held.session.scalar(sa.select(Transfer.id).where(Transfer.reverses_id == mirrored.id)) is not None:
        raise DomainError(
            "This booking was taken back before. Load the page again and look at what is booked."
        )


def _move(held: Held, draft: Draft) -> None:
    """Keep the balances in step; refuse what overdraws one."""
    for place, sign in ((draft.debit, 1), (draft.credit, -1)):
        kind = place[0]
        left = held.balances.get(place, 0) + draft.amount_fen * (sign if kind.is_debit else -sign)
        if left < 0 and kind in NEVER_NEGATIVE:
            raise DomainError(
                "There is not as much left on the account as this would take. Load the page again: something was "
                "booked in the meantime."
            )
        held.balances[place] = left


def _account(held: Held, place: Place) -> int:
    if place not in held.accounts:
        account = Account(book_id=held.book.id, kind=place[0], part=place[1])
        held.session.add(account)
        held.session.flush()
        held.accounts[place] = account.id
    return held.accounts[place]


def reverse(held: Held, actor: User | None, transfer: Transfer, key: str) -> int:
    """Take a transfer back by its mirror, once; nothing is ever changed or deleted."""
    return post(
        held,
        actor,
        [
            Draft(
                kind=TransferKind.CORRECT,
                debit=(transfer.credit.kind, transfer.credit.part),
                credit=(transfer.debit.kind, transfer.debit.part),
                amount_fen=transfer.amount_fen,
                key=key,
                source=transfer.source,
                source_id=transfer.source_id,
                facts=transfer.facts,
                reverses_id=transfer.id,
            )
        ],
    )


def balances(session: Session, agreement_ids: Sequence[int]) -> dict[int, dict[Place, int]]:
    """What each account of these agreements contains, in fen, by agreement; the sums of their transfers."""
    rows = session.execute(contained(sa.select(Book.id).where(Book.agreement_id.in_(agreement_ids))))
    found: dict[int, dict[Place, int]] = defaultdict(dict)
    for agreement_id, kind, part, fen in rows:
        found[agreement_id][kind, part] = fen if kind.is_debit else -fen
    return dict(found)
