"""How large a text can be printed in a box: measured beforehand by the widths of our letters, never cut off."""

import unicodedata
from dataclasses import dataclass

from portal.domain.papers.characters import with_lost_marked

MM_PER_POINT = 25.4 / 72
LINE_HEIGHT = 1.15  # as `.fit` has it in meeting.css
# Of ASCII from the blank to the tilde, the widest among our faces, in hundredths of an em.
_WIDTHS = (
    26, 37, 58, 62, 60, 97, 81, 33, 40, 40, 51, 61, 34, 37, 34, 40, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 34, 34,
    61, 61, 61, 52, 101, 75, 71, 71, 79, 67, 65, 76, 87, 43, 57, 77, 65, 100, 82, 79, 68, 79, 75, 63, 70, 82, 74,
    110, 73, 70, 63, 38, 40, 38, 61, 60, 63, 60, 68, 57, 66, 59, 41, 60, 69, 35, 34, 65, 36, 101, 69, 63, 68, 65,
    50, 50, 43, 68, 58, 88, 60, 59, 52, 39, 34, 39, 61,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text, the size at which it fits, and how far below the upper edge it begins so as to stand in the middle."""

    text: str
    size_pt: float
    top_mm: float


# A word is torn apart only where that makes the letters so much larger.
_WORTH_TEARING = 1.5


def fit(text: str, width_mm: float, height_mm: float, *, largest: float, smallest: float) -> Fitted:
    """The largest size, in steps of half a point, at which the text fits into the box.

    Below the smallest size it is not looked for: then the text is printed whether or not it fits.
    """
    said = with_lost_marked(text)
    whole, torn = (_fit(said, width_mm, height_mm, largest, smallest, may_tear) for may_tear in (False, True))
    return torn if torn.size_pt >= _WORTH_TEARING * whole.size_pt else whole


def _fit(
    text: str, width_mm: float, height_mm: float, largest: float, smallest: float, may_tear: bool
) -> Fitted:
    size = largest
    while True:
        lines, is_torn = _lines(text, width_mm / (size * MM_PER_POINT))
        height = lines * size * LINE_HEIGHT * MM_PER_POINT
        if size <= smallest or (height <= height_mm and (may_tear or not is_torn)):
            return Fitted(text, size, round(max(0.0, (height_mm - height) / 2), 2))
        size -= 0.5


def _width(character: str) -> float:
    if " " <= character <= "~":
        return _WIDTHS[ord(character) - 32] / 100
    return 0.9 if unicodedata.east_asian_width(character) in ("N", "Na", "H") else 1.0


def _lines(text: str, measure: float) -> tuple[int, bool]:
    """How many lines of so many em it takes, and whether a word is longer than a line."""
    lines, used, torn, word = 1, 0.0, False, 0.0
    for character in text + " ":
        width = _width(character)
        if character != " " and character <= "\u2e7f":
            word += width
            continue
        if word > measure:
            torn = True
            lines += int(word / measure) + (used > 0)
            used = word % measure
        elif used + word > measure:
            lines, used = lines + 1, word
        else:
            used += word
        word = 0.0
        if character == " ":
            used += width
        elif used + width > measure:
            lines, used = lines + 1, width
        else:
            used += width
    return lines, torn
