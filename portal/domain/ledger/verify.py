"""Verifying the books: every chain, every account at every moment, every seal; the first break ends it."""

import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
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
_AT_ONCE = 5000


class Break(Exception):
    """The first thing that does not hold: a msgid and what it speaks of."""

    def __init__(self, msgid: str, **params: Any) -> None:
        super().__init__(msgid % params)
        self.msgid, self.params = msgid, params


class Posted(NamedTuple):
    """A transfer as it stands in the database."""

    id: int
    book_id: int
    no: int
    kind: TransferKind
    debit: Place
    credit: Place
    debit_book: int
    credit_book: int
    amount_fen: int
    source: str
    source_id: int
    facts: str
    reverses_id: int | None
    sha256: str
    entry: Entry


@dataclass
class Count:
    """How much was looked at."""

    transfers: int = 0
    books: int = 0


def transfers(session: Session, after_book: int = 0) -> Iterator[Posted]:
    """All transfers in the order of their books and of their numbers within, a few thousand in memory at a time."""
    debit, credit = aliased(Account), aliased(Account)
    last = (after_book, 0)
    while True:
        rows = session.execute(
            sa.select(
                Transfer, debit.book_id, debit.kind, debit.part, credit.book_id, credit.kind, credit.part
            )
            .join(debit, debit.id == Transfer.debit_id)
            .join(credit, credit.id == Transfer.credit_id)
            .where(sa.tuple_(Transfer.book_id, Transfer.no) > last)
            .order_by(Transfer.book_id, Transfer.no)
            .limit(_AT_ONCE)
            .execution_options(populate_existing=True)
        ).all()
        for row in rows:
            yield _posted(row[0], row[1], (row[2], row[3]), row[4], (row[5], row[6]))
        if len(rows) < _AT_ONCE:
            return
        last = (rows[-1][0].book_id, rows[-1][0].no)
        session.expunge_all()


def _posted(row: Transfer, debit_book: int, debit: Place, credit_book: int, credit: Place) -> Posted:
    entry = Entry(
        book_id=row.book_id,
        no=row.no,
        kind=row.kind,
        debit=debit,
        credit=credit,
        amount_fen=row.amount_fen,
        booked_on=row.booked_on,
        at=row.at,
        by_id=row.by_id,
        key=row.key,
        source=row.source,
        source_id=row.source_id,
        reverses_id=row.reverses_id,
        facts=row.facts,
    )
    return Posted(
        row.id,
        row.book_id,
        row.no,
        row.kind,
        debit,
        credit,
        debit_book,
        credit_book,
        row.amount_fen,
        row.source,
        row.source_id,
        row.facts,
        row.reverses_id,
        row.sha256,
        entry,
    )


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
        if transfer.book_id != book.id:
            _end(book, heads)
            book = _OneBook(transfer.book_id)
            count.books += 1
        book.take(transfer)
        count.transfers += 1
        for day, sha256 in sealed.pop((transfer.book_id, transfer.no), ()):
            if sha256 != transfer.sha256:
                raise Break(
                    N_("Transfer %(no)s of book %(book)s is another one than was sealed on %(day)s."),
                    no=transfer.no,
                    book=transfer.book_id,
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
        named = {"no": transfer.no, "book": self.id}
        if transfer.no != self.no + 1:
            raise Break(N_("Transfer %(no)s is missing in book %(book)s."), no=self.no + 1, book=self.id)
        if transfer.debit_book != self.id or transfer.credit_book != self.id:
            raise Break(N_("Transfer %(no)s of book %(book)s moves an account of another book."), **named)
        if digest(self.sha256, transfer.entry) != transfer.sha256:
            raise Break(N_("Transfer %(no)s of book %(book)s was changed after it was written."), **named)
        self._legal(transfer, named)
        self.no, self.sha256 = transfer.no, transfer.sha256
        self.mirrors[transfer.id] = (transfer.debit, transfer.credit, transfer.amount_fen, transfer.kind)
        for place, sign in ((transfer.debit, 1), (transfer.credit, -1)):
            self.balances[place] += transfer.amount_fen * (sign if place[0].is_debit else -sign)
            if self.balances[place] < 0 and place[0] in NEVER_NEGATIVE:
                raise Break(
                    N_("Transfer %(no)s of book %(book)s overdraws the account %(account)s."),
                    **named,
                    account=f"{place[0]} {place[1]}".strip(),
                )
        if transfer.kind is T.RELEASE and self.balances[transfer.debit]:
            raise Break(N_("Transfer %(no)s of book %(book)s releases less than the fund held."), **named)

    def _legal(self, transfer: Posted, named: dict[str, int]) -> None:
        kind, debit, credit, sign = transfer.kind, transfer.debit, transfer.credit, 1
        if kind is T.CORRECT:
            mirrored = self.mirrors.get(transfer.reverses_id or 0)
            if mirrored is None or mirrored[:3] != (credit, debit, transfer.amount_fen):
                raise Break(N_("Transfer %(no)s of book %(book)s corrects nothing that was there."), **named)
            kind, debit, credit, sign = mirrored[3], credit, debit, -1
        elif debit[0] not in LEGAL[kind][0] or credit[0] not in LEGAL[kind][1]:
            raise Break(N_("Transfer %(no)s of book %(book)s moves what its kind may not move."), **named)
        self.sums[kind, debit[0], credit[0]] += sign * transfer.amount_fen

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
    last: Seal | None = None
    for seal in session.scalars(sa.select(Seal).order_by(Seal.day)):
        day = seal.day.isoformat()
        if not hmac.compare_digest(heads_hmac(key, seal.day, seal.before_on, seal.heads), seal.hmac):
            raise Break(N_("The seal of %(day)s is not ours, or its key is another one."), day=day)
        # Seals of before that named none stand at the beginning only.
        if seal.before_on != (last.day if last else None) and (seal.before_on or (last and last.before_on)):
            gone = seal.before_on or seal.day
            raise Break(
                N_("The seal of %(gone)s is gone: that of %(day)s was made after it."),
                gone=gone.isoformat(),
                day=day,
            )
        for book_id, no, sha256 in seal.heads:
            found[int(book_id), int(no)].append((day, str(sha256)))
        last = seal
    return dict(found)


def require_sealed(session: Session, day: date) -> None:
    """Raise Break when the seal of a day on which one was made is not there, with all that came after it."""
    last = session.scalar(sa.select(sa.func.max(Seal.day)))
    if last is None or last < day:
        raise Break(N_("The seal of %(gone)s is gone."), gone=day.isoformat())
