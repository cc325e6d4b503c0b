"""Company names: how they sound, and whether two of them are probably one company."""

import hashlib
import re
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from portal.domain.text.cleaning import clean


def _lines(name: str) -> list[list[str]]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


_READINGS: dict[str, tuple[str, ...]] = {word: tuple(sounds) for word, *sounds in _lines("readings.txt")}
# All characters in one text, sound by sound, and where each sound begins: as a dictionary they would cost every
# worker 4 MB, and pypinyin's own 11 MB.
_SOUNDS: tuple[str, ...]
_GROUPS: tuple[str, ...]
_SOUNDS, _GROUPS = zip(*_lines("sounds.txt"), strict=True)
_CHARACTERS = "".join(_GROUPS)
_BEGINS = list(accumulate(map(len, _GROUPS), initial=0))
# How long the words are that begin with two characters, or with one that has a reading of its own.
_LENGTHS: dict[str, tuple[int, ...]] = {}
for _word in sorted(_READINGS, key=len, reverse=True):
    _LENGTHS[_word[:2]] = tuple(dict.fromkeys((*_LENGTHS.get(_word[:2], ()), len(_word))))
_FIRST = frozenset(_word[0] for _word in _READINGS)
_RUN = re.compile(r"[a-z]+|[0-9]+|[^\W_a-z0-9]+")
_LEGAL_FORM = re.compile("(有限责任公司|责任有限公司|责任公司|有限公司|公司)$")
_LIMITED = re.compile("有限责任公司|责任有限公司|责任公司")
_TRADE = re.compile("商贸|经贸|贸易")
_PLACE_RANK = re.compile("^(.{2,6}?)(?:省|(?<![超都城])市)(?=.{3})")


class Pinyin(NamedTuple):
    """A name as it sounds: ``shiyansanxi``, and its initials: ``sysx``."""

    full: str
    initials: str


def pinyin(name: str) -> Pinyin:
    """Give a name's pinyin without tones or blanks, and its initials; letters and digits stay, in lower case.

    Characters of several readings are read as names read them (重庆 chongqing, 长沙 changsha, 商行
    shanghang).
    """
    sounds = syllables(name)
    return Pinyin("".join(sounds), "".join(sound[0] for sound in sounds))


@lru_cache(maxsize=4096)  # an import asks for each name several times
def syllables(name: str) -> tuple[str, ...]:
    """Give a name's pinyin syllable by syllable, without tones; a run of letters or digits is one, too."""
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", clean(name)).lower()):
        if run.isascii():
            found.append(run)
            continue
        if _FIRST.isdisjoint(run):
            found += map(_sound, run)
            continue
        place, end = 0, len(run)
        while place < end:
            char = run[place]
            if char in _FIRST:
                for length in (*_LENGTHS.get(run[place : place + 2], ()), *_LENGTHS.get(char, ())):
                    if place + length <= end and (sounds := _READINGS.get(run[place : place + length])):
                        break
                else:
                    sounds, length = (_sound(char),), 1
                found += sounds
                place += length
            else:
                found.append(_sound(char))
                place += 1
    return tuple(found)


@cache  # bounded by the number of characters there are
def _sound(char: str) -> str:
    """The usual reading of one character without its tone; without a reading it stands for itself."""
    place = _CHARACTERS.find(char)
    return char if place < 0 else _SOUNDS[bisect_right(_BEGINS, place) - 1]


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """Reduce a company's name to what tells it from others: same key, probably the same company.

    Width, case, brackets, blanks and punctuation do not count, nor does the legal form at the end (有限公司
    and 有限责任公司, but a branch stays a branch), nor 省 and 市 behind a place; 商贸, 经贸 and 贸易 are
    one. The place itself and every other word count.
    """
    key = unicodedata.normalize("NFKC", clean(name)).casefold()
    key = "".join(char for char in key if char.isalnum())
    key = _LEGAL_FORM.sub("", _LIMITED.sub("有限公司", key)) or key
    key = _TRADE.sub("贸易", key)
    while place := _PLACE_RANK.match(key):
        key = place[1] + key[place.end() :]
    return key


@lru_cache(maxsize=4096)
def sound_key(name: str) -> str:
    """Give the sound of a name's key: the typical slip of an input method (株州 for 株洲) does not change
    it.
    """
    return "".join(syllables(name_key(name)))


def sound_mark(name: str) -> str:
    """A short mark of a name's sound, to look up by: names of one sound have one mark."""
    return hashlib.blake2b(sound_key(name).encode(), digest_size=8).hexdigest()


def swapped(key: str) -> list[str]:
    """The keys that a slip of the fingers makes of this one: two unlike neighbours swapped, digits excepted."""
    pairs = ((place, key[place], key[place + 1]) for place in range(len(key) - 1))
    return [
        key[:place] + b + a + key[place + 2 :] for place, a, b in pairs if a != b and not (a + b).isdigit()
    ]


def near_same(one: str, other: str) -> bool:
    """Say whether two names are probably one company's: the same key, the same sound, or two neighbours
    swapped.

    A single differing character is no sign of it (深圳标恒 and 深圳标华 are sister companies), and
    12号 and 21号 are two shops.
    """
    a, b = name_key(one), name_key(other)
    if a == b:
        return True
    if len(a) != len(b) or len(a) < 4:
        return False
    if sound_key(one) == sound_key(other):
        return True
    differing = [place for place, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    return (
        len(differing) == 2
        and differing[1] == differing[0] + 1
        and a[differing[0]] == b[differing[1]]
        and a[differing[1]] == b[differing[0]]
        and not (a[differing[0]] + a[differing[1]]).isdigit()
    )
