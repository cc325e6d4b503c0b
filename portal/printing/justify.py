"""Set Chinese lines flush on both sides.

WeasyPrint 70 stretches a justified line at its spaces only, and Chinese has none: a line that ends early,
since no line begins with 。 or since it holds narrow digits, stays short. This spreads what is left evenly
between the hanzi of the line, as printing houses and word processors do, and leaves Latin words and numbers
alone. A line of words that would be torn apart, before a long address, stays short. It replaces `justify_line`
where the library looks it up; lines are broken before that and stay so.
"""

import re
from collections.abc import Iterator
from typing import Any

from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline
from weasyprint.text.ffi import TO_UNITS, ffi, pango
from weasyprint.text.line_break import Layout, line_size

# Hanzi, their punctuation and full-width forms, and the space between Latin words.
_STRETCHABLE = re.compile(
    "[ \u2014\u2018\u2019\u201c\u201d\u2026\u2e80-\ufaff\uff00-\uffee\U00020000-\U0003ffff]+"
)
# A gap wider than this share of a letter looks like a blank; such a line stays short.
_WIDEST_GAP = 0.5
# So does a line of Latin words whose blanks would grow by more than this share of an em: they are a quarter.
_WIDEST_BLANK = 0.35

_original_justify_line = inline.justify_line


class SpreadLayout(Layout):
    """A line of text with a little space between its hanzi when it is drawn."""

    def __init__(self, style: Any, gap: float) -> None:
        super().__init__(style)
        self.gap = gap

    def set_text(self, text: str, justify: bool = False) -> None:
        """Set the text and, for drawing, spread it."""
        super().set_text(text, justify)
        if not justify:
            return
        attributes = pango.pango_layout_get_attributes(self.layout)
        if attributes == ffi.NULL:
            attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
        for match in _STRETCHABLE.finditer(self.text):
            spacing = pango.pango_attr_letter_spacing_new(int(self.gap * TO_UNITS))
            spacing.start_index = len(self.text[: match.start()].encode())
            spacing.end_index = len(self.text[: match.end()].encode())
            pango.pango_attr_list_change(attributes, spacing)
        pango.pango_layout_set_attributes(self.layout, attributes)


def _spread(box: Any, gap: float) -> tuple[SpreadLayout, float]:
    """Lay a text box out with gaps; give the layout and its width."""
    layout = SpreadLayout(box.style, gap)
    layout.set_text(box.text, justify=True)
    width, _ = line_size(layout.get_first_line()[0], box.style)
    layout.deactivate()
    return layout, width


def _text_boxes(box: Any) -> Iterator[Any]:
    if isinstance(box, boxes.TextBox):
        yield box
    elif isinstance(box, boxes.LineBox | boxes.InlineBox):
        for child in box.children:
            if child.is_in_normal_flow():
                yield from _text_boxes(child)


def justify_line(context: Any, line: Any, extra_width: float) -> None:
    """Spread what is left of a Chinese line between its hanzi; stretch any other at its spaces."""
    texts = [box for box in _text_boxes(line) if _STRETCHABLE.search(box.text)]
    if (line.style["lang"] or "").startswith("en") or not texts:
        words = "".join(box.text for box in _text_boxes(line))
        blanks = words.count(" ") + words.count("\u00a0")
        if extra_width <= blanks * _WIDEST_BLANK * line.style["font_size"]:
            _original_justify_line(context, line, extra_width)
        return
    # How much a gap of one pixel widens the line is measured, since Pango halves gaps at the ends of a run.
    gaps = sum(_spread(box, 1)[1] - box.width for box in texts)
    gap = extra_width / gaps if gaps > 0 else 0
    if 0 < gap <= _WIDEST_GAP * line.style["font_size"]:
        _widen(line, gap, 0)


def _widen(box: Any, gap: float, shift: float) -> float:
    """Spread the texts in a box and move what follows them; give the shift of what comes next."""
    if isinstance(box, boxes.TextBox):
        box.position_x += shift
        if _STRETCHABLE.search(box.text):
            box.pango_layout, width = _spread(box, gap)
            shift += width - box.width
            box.width = width
    elif isinstance(box, boxes.LineBox | boxes.InlineBox):
        box.position_x += shift
        before = shift
        for child in box.children:
            if child.is_in_normal_flow():
                shift = _widen(child, gap, shift)
        box.width += shift - before
    else:
        box.translate(shift, 0)
    return shift


def install() -> None:
    """Make WeasyPrint justify Chinese lines."""
    inline.justify_line = justify_line
