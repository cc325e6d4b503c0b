"""Text as people paste it, without what they cannot see."""

import re
import unicodedata

# Letters, digits and the blank of a Chinese keyboard become plain; punctuation stays as it was typed, since
# （）： and ， are how Chinese is written.
_PLAIN = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}

# What a PDF gives for common characters when it is copied from: radicals that look the same but are other
# code points. Kangxi radicals decompose by themselves, these do not.
_RADICALS = str.maketrans(
    "⺠⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
    "民西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟",
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]|_x000[DdAa]_")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe0e\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_ODD = re.compile("[^\t\n -~\u3400-\u4dbf\u4e00-\u9fff，。、：；！？（）《》“”]")
# What needs no cleaning at all, which is nearly everything: single blanks inside, no quotes at the ends.
_TIDY = "[!#-&(-~\u3400-\u4dbf\u4e00-\u9fff，。、：；！？（）《》]+"
_CLEAN = re.compile(f"{_TIDY}(?: {_TIDY})*")
_OPENING, _CLOSING = "“‘", "”’"


class NumericText(str):
    """The text of a number cell: what is behind its 15th digit was lost before it came here."""

    __slots__ = ()


def half_width(text: str) -> str:
    """Turn every full-width form of an ASCII character into the plain one, for codes and numbers, not for
    names.
    """
    return unicodedata.normalize("NFKC", text)


def clean_lines(text: str) -> str:
    """Text of several lines as it was meant: no invisible characters, no blanks at the ends, single blanks
    inside.

    Full-width letters, digits and blanks become plain; full-width punctuation stays. Never longer than
    before.
    """
    if _ODD.search(text):
        text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
        text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).translate(_PLAIN).translate(_RADICALS)
        text = "".join(
            unicodedata.normalize("NFKC", char) if "\u2f00" <= char <= "\u2fdf" else char for char in text
        )
    elif "_x000" in text:
        text = _LINE_ENDS.sub("\n", text)
    lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\n")]
    return "\n".join(lines).strip("\n")


def clean(text: str) -> str:
    """One line of text as it was meant: as `clean_lines`, without the quotes that a broken CSV leaves around
    it.

    A lone quote in front or behind goes, and so does a pair around the whole; quotes that belong to the text
    stay (``“示例”商贸``, ``屏 5"``).
    """
    if "_x" not in text and _CLEAN.fullmatch(text):
        return text
    line = clean_lines(text)
    if "\n" in line:
        line = " ".join(part for part in line.split("\n") if part)
    return _without_stray_quotes(line) if line else line


def _without_stray_quotes(line: str) -> str:
    if line[0] == "'" and (line[1:2].isdigit() or line.count("'") == 1):
        line = line[1:].lstrip()  # Excel's mark for "this is text"
    while '"' in line:
        quotes = line.count('"')
        if len(line) == 1:
            return ""
        if line[0] == line[-1] == '"':
            line = line[1:-1].strip()
        elif line[0] == '"' and quotes % 2:
            line = line.lstrip('"').strip()
        elif line[-1] == '"' and quotes % 2 and not line[-2].isdigit():
            line = line[:-1].strip()
        else:
            break
    if line and line[0] in _OPENING and _CLOSING[_OPENING.index(line[0])] not in line:
        line = line[1:].strip()
    if line and line[-1] in _CLOSING and _OPENING[_CLOSING.index(line[-1])] not in line:
        line = line[:-1].strip()
    return line
