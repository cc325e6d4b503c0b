"""Finding distributors by what people remember: code, name or part of it, pinyin, initials, a telephone's tail (D1).

One full-text row per distributor, on SQLite in FTS5 and on PostgreSQL in a tsvector. Both get the same tokens,
made here: a hanzi is a token of its own (trigrams find no two-character word), written as hexadecimal so that
no database's idea of an alphabet matters; what is typed is matched as a phrase of hanzi or as the beginning of
a token.
"""

import re
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from portal.domain.text import syllables

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]")
_PIECES = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]+|[a-z0-9]+")
_TAIL = 4  # the shortest telephone tail that is found
_LATIN = re.compile(r"[a-z0-9]")
# A number as the screen writes it: 138 0000 0001, 0571-5555 0001, (0571) 5555 0001; not the end of a code.
_NUMBER = re.compile(r"(?<![a-z0-9])(?<![a-z][-_])\d+(?:[\s()\-\u2010-\u2014]+\d+)+")
_GAP = "u0"  # between two names; no character has this number


def _han(character: str) -> str:
    return f"u{ord(character):x}"


def _suffixes(parts: Sequence[str]) -> Iterable[str]:
    text = ""
    for part in reversed(parts):
        text = part + text
        yield text


def _spoken(name: str) -> Iterable[str]:
    """How a name sounds from any of its characters on: pinyin and initials, with and without digits."""
    heard = [sound for sound in syllables(name) if sound.isascii()]
    han = heard
    if _LATIN.search(name):
        han = [sound for sound in syllables("".join(_HAN.findall(name))) if sound.isascii()]
    for sounds in (heard, han) if heard != han else (han,):
        yield from _suffixes(sounds)
        yield from _suffixes([sound if sound[0].isdigit() else sound[0] for sound in sounds])


def tokens(*, code: str, names: Iterable[str], phones: Iterable[str], others: Iterable[str] = ()) -> str:
    """The text to index for one distributor: space-separated ASCII tokens."""
    written: list[str] = []
    words: list[str] = []
    for name in (*names, *others):
        folded = name.casefold()
        # Every hanzi in its place, also one that comes twice: what is typed is found as a phrase. The gap keeps
        # a phrase from running out of one name into the next.
        written += [
            _han(piece) if _HAN.match(piece) else piece
            for piece in re.findall(_HAN.pattern + r"|[a-z0-9]+", folded)
        ] + [_GAP]
        if _HAN.search(folded):
            words += _spoken(folded)
    folded_code = "".join(re.findall(r"[a-z0-9]+", code.casefold()))
    words += [folded_code, *re.findall(r"[a-z0-9]+", code.casefold())]
    words += re.findall(r"\d{2,}", folded_code)
    for digits in phones:
        words += [digits[start:] for start in range(max(1, len(digits) - _TAIL + 1))]
    return " ".join([*written, *dict.fromkeys(word for word in words if word)])


def index(session: Session, ids: Iterable[int]) -> None:
    """Write the search rows of these distributors afresh, as they stand in this transaction."""
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        _index_some(session, wanted[start : start + 500])


def _index_some(session: Session, ids: list[int]) -> None:
    session.flush()
    phones: dict[int, list[str]] = {}
    for owner, digits in session.execute(
        sa.select(DistributorPhone.distributor_id, DistributorPhone.digits).where(
            DistributorPhone.distributor_id.in_(ids)
        )
    ):
        phones.setdefault(owner, []).append(digits)
    people: dict[int, list[str]] = {}
    for owner, name, phone in session.execute(
        sa.select(Contact.distributor_id, Contact.name, Contact.phone).where(
            Contact.distributor_id.in_(ids), Contact.ended_at.is_(None)
        )
    ):
        people.setdefault(owner, []).append(name)
        phones.setdefault(owner, []).extend(re.findall(r"\d{4,}", phone.replace("-", "").replace(" ", "")))
    rows = [
        {
            "id": row.id,
            "tokens": tokens(
                code=row.code,
                names=[name for name in (row.name, row.short_name, row.name_en) if name],
                phones=phones.get(row.id, []),
                others=[*people.get(row.id, []), *([row.uscc] if row.uscc else [])],
            ),
        }
        for row in session.execute(
            sa.select(
                Distributor.id,
                Distributor.code,
                Distributor.name,
                Distributor.short_name,
                Distributor.name_en,
                Distributor.uscc,
            ).where(Distributor.id.in_(ids))
        )
    ]
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            sa.text(
                "INSERT INTO distributor_search (id, tokens) VALUES (:id, to_tsvector('simple', :tokens)) "
                "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens"
            ),
            rows,
        )
    else:
        session.execute(sa.text("DELETE FROM distributor_search WHERE rowid = :id"), rows)
        session.execute(sa.text("INSERT INTO distributor_search (rowid, tokens) VALUES (:id, :tokens)"), rows)


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


def matches(session: Session, query: str) -> sa.ColumnElement[bool]:
    """The same as a test of one distributor after another: the quicker way to the first of very many.

    Where a word stands in every fifth record, collecting its ids costs more than finding a page's worth of them
    in the order of the page.
    """
    pieces = _PIECES.findall(_folded(query))
    row = sa.table("distributor_search", sa.column("id", sa.BigInteger), sa.column("tokens", sa.Text))
    if session.get_bind().dialect.name == "postgresql":
        wanted = sa.func.to_tsquery("simple", " & ".join(map(_lexemes, pieces)))
        holds = row.c.tokens.bool_op("@@")(wanted)
        return sa.select(row.c.id).where(row.c.id == Distributor.id, holds).correlate(Distributor).exists()
    indexed = sa.literal(" ").concat(row.c.tokens).concat(" ")
    held = [
        sa.func.instr(indexed, " " + _tokens(piece) + (" " if _HAN.match(piece) else "")) > 0
        for piece in pieces
    ]
    own = sa.literal_column("distributor_search.rowid") == Distributor.id
    return sa.select(sa.literal(1)).select_from(row).where(own, *held).correlate(Distributor).exists()


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
