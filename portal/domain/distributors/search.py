"""Finding distributors by what people remember: code, name or part of it, pinyin, initials, a telephone's tail (D1).

One full-text row per distributor, on SQLite in FTS5 and on PostgreSQL in a tsvector. Both get the same tokens,
made here: a hanzi is a token of its own (trigrams find no two-character word), written as hexadecimal so that
no database's idea of an alphabet matters; what is typed is matched as a phrase of hanzi or as the beginning of
a token.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from portal.domain.text import syllables

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]")
_PIECES = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]+|[a-z0-9]+")
_PIECE = re.compile(_HAN.pattern + "|[a-z0-9]+")
_LETTERS, _DIGITS = re.compile("[a-z0-9]+"), re.compile(r"\d{2,}")
_TAIL = 4  # the shortest telephone tail that is found
_LATIN = re.compile(r"[a-z0-9]")
# A number as the screen writes it: 138 0000 0001, 0571-5555 0001, (0571) 5555 0001; not the end of a code.
_NUMBER = re.compile(r"(?<![a-z0-9])(?<![a-z][-_])\d+(?:[\s()\-\u2010-\u2014]+\d+)+")
_CALLED, _SPACED = re.compile(r"\d{4,}"), re.compile("[- ]")
_NAMES = ("name", "short_name", "name_en")
_GATHERED = 16 * 2**20  # bytes
_SEGMENTS, _SEGMENTS_OF_MANY = 4, 16  # of one size, before they are merged
_MERGED = 10_000  # pages at most, when an import ends
_MANY = 500  # what is not left to the commit
_GAP = "u0"  # between two names; no character has this number


def _han(character: str) -> str:
    return f"u{ord(character):x}"


class _Written(dict[str, str]):
    """How a hanzi or a run of letters and digits stands in the index; bounded by the hanzi there are."""

    def __missing__(self, piece: str) -> str:
        if not _HAN.match(piece):
            return piece
        written = self[piece] = _han(piece)
        return written


_written = _Written()


def _suffixes(parts: Sequence[str]) -> list[str]:
    """The parts joined, from each of them on; the longest last."""
    return list(accumulate(reversed(parts), _before))


def _before(end: str, part: str) -> str:
    return part + end


@lru_cache(maxsize=4096)  # persons and short names come again and again
def _spoken(name: str) -> tuple[str, ...]:
    """How a name sounds from any of its characters on: pinyin and initials, with and without digits."""
    heard = [sound for sound in syllables(name) if sound.isascii()]
    han = heard
    if _LATIN.search(name):
        han = [sound for sound in syllables("".join(_HAN.findall(name))) if sound.isascii()]
    words: list[str] = []
    for sounds in (heard, han) if heard != han else (han,):
        words += _suffixes(sounds)
        words += _suffixes([sound if sound[0].isdigit() else sound[0] for sound in sounds])
    return tuple(words)


def tokens(*, code: str, names: Iterable[str], phones: Iterable[str], others: Iterable[str] = ()) -> str:
    """The text to index for one distributor: space-separated ASCII tokens."""
    written: list[str] = []
    words: list[str] = []
    for name in (*names, *others):
        folded = name.casefold()
        # Every hanzi in its place, also one that comes twice: what is typed is found as a phrase. The gap keeps
        # a phrase from running out of one name into the next.
        written += map(_written.__getitem__, _PIECE.findall(folded))
        written.append(_GAP)
        if not folded.isascii() and _HAN.search(folded):
            words += _spoken(folded)
    parts = _LETTERS.findall(code.casefold())
    folded_code = "".join(parts)
    if folded_code:
        words.append(folded_code)
    words += parts
    words += _DIGITS.findall(folded_code)
    for digits in phones:
        words += [digits[start:] for start in range(max(1, len(digits) - _TAIL + 1)) if digits]
    return " ".join([*written, *_longest(words)])


def _longest(words: Iterable[str]) -> list[str]:
    """The words without those that another one begins with: they are found by its beginning."""
    ordered = sorted(set(words))
    return [
        word
        for word, following in zip(ordered, [*ordered[1:], ""], strict=True)
        if not following.startswith(word)
    ]


def index(session: Session, ids: Iterable[int]) -> None:
    """Write the search rows of these distributors afresh, as they stand in this transaction."""
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        _index_some(session, wanted[start : start + 500])


def index_new(session: Session, distributor: Distributor) -> None:
    """Write the search row of a record that this transaction has just made: nothing of it need be read."""
    facts = {name: getattr(distributor, name) for name in (*_NAMES, "uscc")}
    people = [(contact.name, contact.phone) for contact in distributor.contacts]
    numbers = [phone.digits for phone in distributor.phones]
    add(session, [(distributor.id, tokens_of(distributor.code, facts, numbers, people))])


def _index_some(session: Session, ids: list[int]) -> None:
    session.flush()
    phones: dict[int, list[str]] = {}
    for owner, digits in session.execute(
        sa.select(DistributorPhone.distributor_id, DistributorPhone.digits)
        .where(DistributorPhone.distributor_id.in_(ids))
        .order_by(DistributorPhone.id)
    ):
        phones.setdefault(owner, []).append(digits)
    people: dict[int, list[tuple[str, str]]] = {}
    for owner, name, phone in session.execute(
        sa.select(Contact.distributor_id, Contact.name, Contact.phone)
        .where(Contact.distributor_id.in_(ids), Contact.ended_at.is_(None))
        .order_by(Contact.id)
    ):
        people.setdefault(owner, []).append((name, phone))
    facts = [Distributor.code, *(getattr(Distributor, name) for name in (*_NAMES, "uscc"))]
    rows = [
        (row.id, tokens_of(row.code, dict(row._mapping), phones.get(row.id, ()), people.get(row.id, ())))
        for row in session.execute(sa.select(Distributor.id, *facts).where(Distributor.id.in_(ids)))
    ]
    if rows and session.get_bind().dialect.name != "postgresql":
        session.execute(
            sa.text("DELETE FROM distributor_search WHERE rowid = :id"), [{"id": row[0]} for row in rows]
        )
    add(session, rows)


def tokens_of(
    code: str, facts: Mapping[str, Any], phones: Iterable[str], people: Iterable[tuple[str, str]]
) -> str:
    """The text to index for a record: its code, its facts by their names, its numbers, its people with theirs."""
    known = list(people)
    numbers = [number for _, phone in known for number in _CALLED.findall(_SPACED.sub("", phone))]
    uscc = facts.get("uscc")
    return tokens(
        code=code,
        names=[name for field in _NAMES if (name := facts.get(field))],
        phones=[*phones, *numbers],
        others=[*(name for name, _ in known), *([uscc] if uscc else [])],
    )


def expect_many(session: Session) -> None:
    """Let SQLite gather what a few thousand records add before it writes and merges; PostgreSQL does anyhow.

    Whoever expects many says `expect_few` afterwards; where that was never said, a search is a little slower.
    """
    _configure(session, hashsize=_GATHERED, automerge=_SEGMENTS_OF_MANY)


def expect_few(session: Session) -> None:
    """Have the index merged again as single records come, and what lies about unmerged merged now."""
    if session.connection().dialect.name == "sqlite":
        _configure(session, automerge=_SEGMENTS, merge=_MERGED)


def _configure(session: Session, **settings: int) -> None:
    connection = session.connection()
    if connection.dialect.name == "sqlite":  # https://sqlite.org/fts5.html#special_insert_commands
        connection.exec_driver_sql(
            "INSERT INTO distributor_search (distributor_search, rank) VALUES (?, ?)", list(settings.items())
        )


def add(session: Session, rows: Iterable[tuple[int, str]]) -> None:
    """Write the tokens of records, by their ids; on SQLite of such as have none yet."""
    given = dict(rows)
    _add(session.connection(), given, is_all=len(given) >= _MANY)


@contextmanager
def adding(session: Session, rows: Mapping[int, str], *, is_all: bool) -> Iterator[None]:
    """As `add`, in a thread of its own: what stands inside goes on meanwhile and leaves the session alone.

    The index is half of what an import gives a database to do, and the database does it without Python. What is
    gathered is written with the last of a transaction (`is_all`).
    """
    connection = session.connection()
    with ThreadPoolExecutor(1, "Index") as thread:
        done = thread.submit(_add, connection, rows, is_all=is_all)
        yield
        done.result()


def _add(connection: sa.Connection, given: Mapping[int, str], *, is_all: bool) -> None:
    if not given:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "INSERT INTO distributor_search (id, tokens)"
            " SELECT id, to_tsvector('simple', tokens)"
            " FROM unnest(%(ids)s::bigint[], %(tokens)s::text[]) AS given (id, tokens)"
            " ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens",
            {"ids": list(given), "tokens": list(given.values())},
        )
        return
    # One statement, so that the thread asks for Python's lock once and not for each row.
    connection.exec_driver_sql(
        "INSERT INTO distributor_search (rowid, tokens) SELECT CAST(key AS INTEGER), value FROM json_each(?)",
        (json.dumps(given),),
    )
    if is_all:
        connection.exec_driver_sql("INSERT INTO distributor_search (distributor_search) VALUES ('flush')")


def matching(session: Session, query: str) -> sa.Select[int] | None:
    """Ids of the distributors that hold every piece of `query`, as a Select; None when there is no piece."""
    pieces = _PIECES.findall(_folded(query))
    if not pieces:
        return None
    if session.get_bind().dialect.name == "postgresql":
        sql = "SELECT id FROM distributor_search WHERE tokens @@ to_tsquery('simple', :portal_search)"
        wanted = " & ".join(map(_lexemes, pieces))
    else:
        sql = "SELECT rowid AS id FROM distributor_search WHERE distributor_search MATCH :portal_search"
        wanted = " AND ".join(f'"{_tokens(piece)}"' + ("" if _HAN.match(piece) else "*") for piece in pieces)
    return sa.select(sa.text(sql).bindparams(portal_search=wanted).columns(Distributor.id).subquery().c.id)


def matches(session: Session, query: str, *, by_turns: bool) -> sa.ColumnElement[bool]:
    """The same as a test of one distributor after another: the quicker way to the first of very many.

    Where a word stands in every fifth record, collecting its ids costs more than finding a page's worth of them
    in the order of the page: `by_turns` leaves no other way.
    """
    pieces = _PIECES.findall(_folded(query))
    row = sa.table("distributor_search", sa.column("id", sa.BigInteger), sa.column("tokens", sa.Text))
    if session.get_bind().dialect.name == "postgresql":
        wanted = sa.func.to_tsquery("simple", " & ".join(map(_lexemes, pieces)))
        # The operator's own function. An index serves the operator alone, and how many records hold a word that
        # begins so, PostgreSQL cannot guess: it would take two hundred for nearly all, and collect them.
        function = sa.func.ts_match_vq(row.c.tokens, wanted, type_=sa.Boolean)
        holds = function if by_turns else row.c.tokens.bool_op("@@")(wanted)
        return sa.select(row.c.id).where(row.c.id == Distributor.id, holds).correlate(Distributor).exists()
    # FTS5 keeps the text in a table of its own (sqlite.org/fts5.html, "%_content"), which is read in half the time.
    content = sa.table("distributor_search_content", sa.column("id", sa.BigInteger), sa.column("c0", sa.Text))
    held = [_begins_a_token(content.c.c0, _tokens(piece)) for piece in pieces]
    own = content.c.id == Distributor.id
    return sa.select(sa.literal(1)).select_from(content).where(own, *held).correlate(Distributor).exists()


def _begins_a_token(tokens: sa.ColumnElement[str], wanted: str) -> sa.ColumnElement[bool]:
    # Where a hanzi's token begins it also ends: none of four digits begins one of five (U+20000 to U+323AF).
    first = sa.func.substr(tokens, 1, len(wanted)) == wanted
    return sa.or_(sa.func.instr(tokens, " " + wanted) > 0, first)


def _tokens(piece: str) -> str:
    """A piece of a query as it stands in the index."""
    return " ".join(_han(character) for character in piece) if _HAN.match(piece) else piece


def _lexemes(piece: str) -> str:
    """A piece of a query for PostgreSQL: hanzi one after the other, or how a token begins."""
    return "(" + " <-> ".join(map(_han, piece)) + ")" if _HAN.match(piece) else f"{piece}:*"


def _folded(query: str) -> str:
    """Full-width letters and digits as half-width, a number in groups as one, signs inside codes taken out, lower
    case.
    """
    half = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in query).casefold()
    half = re.sub(r"^\s*(\+|00)86[\s-]*", "", half)
    half = _NUMBER.sub(lambda number: re.sub(r"\D", "", number[0]), half)
    return re.sub(r"(?<=[a-z0-9])[-_](?=[a-z0-9])", "", half)
