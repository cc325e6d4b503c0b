"""Verifying the books: every chain, every account at every moment, every seal; the first break ends it."""

import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import LEGAL, NEVER_NEGATIVE, AccountKind, TransferKind
from portal.domain.ledger.chain import Entry, digest
from portal.domain.ledger.models import Account, Book, Seal, Transfer
from portal.domain.ledger.services import Place

T, A = TransferKind, AccountKind
_AT_ONCE, _SEALS_AT_ONCE = 5000, 20


class Break(Exception):
    """The first thing that does not hold: a msgid and what it speaks of."""

    def __init__(self, msgid: str, **params: Any) -> None:
        super().__init__(msgid % params)
        self.msgid, self.params = msgid, params


class Posted(NamedTuple):
    """A transfer as it stands in the database; `debit_book` and `credit_book` are those of its accounts."""

    id: int
    debit_book: int
    credit_book: int
    sha256: str
    entry: Entry


@dataclass
class Count:
    """How much was looked at."""

    transfers: int = 0
    books: int = 0


_DEBIT, _CREDIT = aliased(Account), aliased(Account)
# As columns, not as objects, since there may be a million: what `Posted` says, then what its `Entry` says.
_TRANSFERS = (
    sa.select(
        Transfer.id,
        _DEBIT.book_id.label("debit_book"),
        _CREDIT.book_id.label("credit_book"),
        Transfer.sha256,
        Transfer.book_id,
        Transfer.no,
        Transfer.kind,
        _DEBIT.kind.label("debit_kind"),
        _DEBIT.part.label("debit_part"),
        _CREDIT.kind.label("credit_kind"),
        _CREDIT.part.label("credit_part"),
        Transfer.amount_fen,
        Transfer.booked_on,
        Transfer.at,
        Transfer.by_id,
        Transfer.key,
        Transfer.source,
        Transfer.source_id,
        Transfer.reverses_id,
        Transfer.facts,
    )
    .join(_DEBIT, _DEBIT.id == Transfer.debit_id)
    .join(_CREDIT, _CREDIT.id == Transfer.credit_id)
    .order_by(Transfer.book_id, Transfer.no)
    .limit(_AT_ONCE)
)


def transfers(session: Session) -> Iterator[Posted]:
    """All transfers in the order of their books and of their numbers within, a few thousand in memory at a time."""
    last = (0, 0)
    while True:
        rows: Sequence[Any] = session.execute(
            _TRANSFERS.where(sa.tuple_(Transfer.book_id, Transfer.no) > last)
        ).all()
        for row in rows:
            places = (row[7], row[8]), (row[9], row[10])
            entry = Entry._make([*row[4:7], *places, *row[11:]])
            yield Posted(row.id, row.debit_book, row.credit_book, row.sha256, entry)
        if len(rows) < _AT_ONCE:
            return
        last = (rows[-1].book_id, rows[-1].no)


def verify(session: Session, keys: "Keys") -> Count:
    """Look at every transfer once and at every seal; raises Break for the first thing that does not hold."""
    count = Count()
    heads = {
        book.id: (book.last_no, book.last_sha256)
        for book in session.execute(sa.select(Book.id, Book.last_no, Book.last_sha256))
    }
    sealed = _sealed(session, keys)
    posted = sa.select(sa.func.count()).select_from(Transfer)
    expected = session.scalar(posted)
    book = _OneBook(0)
    for transfer in transfers(session):
        entry = transfer.entry
        if entry.book_id != book.id:
            _end(book, heads)
            book = _OneBook(entry.book_id)
            count.books += 1
        book.take(transfer)
        count.transfers += 1
        for day, sha256 in sealed.pop((entry.book_id, entry.no), ()):
            if sha256 != transfer.sha256:
                raise Break(
                    N_("Transfer %(no)s of book %(book)s is another one than was sealed on %(day)s."),
                    no=entry.no,
                    book=entry.book_id,
                    day=day,
                )
    _end(book, heads)
    for (id_, no), (first, *_) in sorted(sealed.items()):
        raise Break(
            N_("Transfer %(no)s of book %(book)s was sealed on %(day)s and is gone."),
            no=no,
            book=id_,
            day=first[0],
        )
    for id_, (last_no, _) in sorted(heads.items()):
        if last_no != 0:
            raise Break(N_("Book %(book)s has lost its transfers."), book=id_)
    if count.transfers != expected:
        raise Break(
            N_("%(count)s transfers belong to no account of a book."), count=(expected or 0) - count.transfers
        )
    return count


def _end(book: "_OneBook", heads: dict[int, tuple[int, str]]) -> None:
    if book.id == 0:
        return
    if heads.pop(book.id, None) != (book.no, book.sha256):
        raise Break(N_("The head of book %(book)s is not its last transfer."), book=book.id)
    book.conserve()


class _OneBook:
    """A book read from its first transfer on."""

    def __init__(self, id_: int) -> None:
        self.id, self.no, self.sha256 = id_, 0, ""
        self.balances: Counter[Place] = Counter()
        self.sums: defaultdict[tuple[TransferKind, AccountKind, AccountKind], int] = defaultdict(int)
        self.mirrors: dict[int, tuple[Place, Place, int, TransferKind]] = {}

    def take(self, transfer: Posted) -> None:
        """The next transfer: in its place, unchanged, legal, and nothing overdrawn by it."""
        entry = transfer.entry
        named = {"no": entry.no, "book": self.id}
        if entry.no != self.no + 1:
            raise Break(N_("Transfer %(no)s is missing in book %(book)s."), no=self.no + 1, book=self.id)
        if transfer.debit_book != self.id or transfer.credit_book != self.id:
            raise Break(N_("Transfer %(no)s of book %(book)s moves an account of another book."), **named)
        if digest(self.sha256, entry) != transfer.sha256:
            raise Break(N_("Transfer %(no)s of book %(book)s was changed after it was written."), **named)
        self._legal(entry, named)
        self.no, self.sha256 = entry.no, transfer.sha256
        self.mirrors[transfer.id] = (entry.debit, entry.credit, entry.amount_fen, entry.kind)
        for place, sign in ((entry.debit, 1), (entry.credit, -1)):
            self.balances[place] += entry.amount_fen * (sign if place[0].is_debit else -sign)
            if self.balances[place] < 0 and place[0] in NEVER_NEGATIVE:
                raise Break(
                    N_("Transfer %(no)s of book %(book)s overdraws the account %(account)s."),
                    **named,
                    account=f"{place[0]} {place[1]}".strip(),
                )
        if entry.kind is T.RELEASE and self.balances[entry.debit]:
            raise Break(N_("Transfer %(no)s of book %(book)s releases less than the fund held."), **named)

    def _legal(self, entry: Entry, named: dict[str, int]) -> None:
        kind, debit, credit, sign = entry.kind, entry.debit, entry.credit, 1
        if kind is T.CORRECT:
            mirrored = self.mirrors.get(entry.reverses_id or 0)
            if mirrored is None or mirrored[:3] != (credit, debit, entry.amount_fen):
                raise Break(N_("Transfer %(no)s of book %(book)s corrects nothing that was there."), **named)
            kind, debit, credit, sign = mirrored[3], credit, debit, -1
        elif debit[0] not in LEGAL[kind][0] or credit[0] not in LEGAL[kind][1]:
            raise Break(N_("Transfer %(no)s of book %(book)s moves what its kind may not move."), **named)
        self.sums[kind, debit[0], credit[0]] += sign * entry.amount_fen

    def conserve(self) -> None:
        """Accrued = base net + held + released net + deducted net + reversed; and all accounts together are zero."""
        if sum(fen if place[0].is_debit else -fen for place, fen in self.balances.items()):
            raise Break(N_("The accounts of book %(book)s do not balance."), book=self.id)
        whole = conservation(self.sums, self.balances)
        if whole.accrued != whole.base + whole.held + whole.released + whole.deducted + whole.reversed:
            raise Break(
                N_("Book %(book)s does not conserve what was accrued: %(parts)s."),
                book=self.id,
                parts=str(whole._asdict()),
            )


class Conservation(NamedTuple):
    """What became of everything that was ever accrued, in fen."""

    accrued: int
    base: int
    held: int
    released: int
    deducted: int
    reversed: int


Sums = dict[tuple[TransferKind, AccountKind, AccountKind], int]


def conservation(sums: Sums, balances: dict[Place, int]) -> Conservation:
    """The parts, each from its own transfers; what is held from its accounts' balances."""

    def moved(
        *kinds: TransferKind, debit: AccountKind | None = None, credit: AccountKind | None = None
    ) -> int:
        return sum(
            fen
            for (kind, from_, to), fen in sums.items()
            if kind in kinds and (debit is None or from_ is debit) and (credit is None or to is credit)
        )

    return Conservation(
        accrued=moved(T.ACCRUE_BASE, T.ACCRUE_FUND),
        base=moved(T.ACCRUE_BASE) - moved(T.REVERSE_BASE, T.CLAW_BACK_BASE),
        held=sum(fen for (kind, _), fen in balances.items() if kind is A.FUND),
        released=moved(T.RELEASE) + moved(T.ACCRUE_FUND, credit=A.RELEASED) - moved(T.CLAW_BACK_FUND),
        deducted=moved(T.DEDUCT) - moved(T.RESTORE) - moved(T.REVERSE_DEDUCTION),
        reversed=moved(
            T.REVERSE_BASE, T.REVERSE_FUND, T.REVERSE_DEDUCTION, T.CLAW_BACK_BASE, T.CLAW_BACK_FUND
        ),
    )


Keys = bytes


def heads_hmac(key: bytes, day: date, before_on: date | None, heads: list[list[int | str]]) -> str:
    """The seal of a day's heads, which names the seal before it; the first has none, nor had any at first."""
    said = [day.isoformat(), heads] if before_on is None else [day.isoformat(), before_on.isoformat(), heads]
    return hmac.new(key, json.dumps(said, separators=(",", ":")).encode(), "sha256").hexdigest()


def _sealed(session: Session, key: bytes) -> dict[tuple[int, int], list[tuple[str, str]]]:
    """What seals say of which transfer: (book, no) → (day, hash); each seal's own HMAC is looked at first.

    A seal that is gone shows in the one after it; that the last ones are gone, `require_sealed` tells.
    """
    found: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    last: tuple[date, date | None] | None = None
    # Some at a time: a year's seals name each book a hundred times.
    columns = sa.select(Seal.day, Seal.before_on, Seal.heads, Seal.hmac).order_by(Seal.day)
    for on, before_on, heads, sealed in session.execute(columns.execution_options(yield_per=_SEALS_AT_ONCE)):
        day = on.isoformat()
        if not hmac.compare_digest(heads_hmac(key, on, before_on, heads), sealed):
            raise Break(N_("The seal of %(day)s is not ours, or its key is another one."), day=day)
        # Seals of before that named none stand at the beginning only.
        if before_on != (last[0] if last else None) and (before_on or (last and last[1])):
            raise Break(
                N_("The seal of %(gone)s is gone: that of %(day)s was made after it."),
                gone=(before_on or on).isoformat(),
                day=day,
            )
        for book_id, no, sha256 in heads:
            known = found[int(book_id), int(no)]
            if not known or known[-1][1] != sha256:
                known.append((day, str(sha256)))
        last = on, before_on
    return dict(found)


def require_sealed(session: Session, day: date) -> None:
    """Raise Break when the seal of a day on which one was made is not there, with all that came after it."""
    last = session.scalar(sa.select(sa.func.max(Seal.day)))
    if last is None or last < day:
        raise Break(N_("The seal of %(gone)s is gone."), gone=day.isoformat())
