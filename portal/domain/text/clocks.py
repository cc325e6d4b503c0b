"""Times of day as people write them in China."""

import re
from datetime import time

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.text.cleaning import clean, half_width

_HALF = "(?P<half>上午|早上|早|中午|下午|晚上|晚|am|pm)?"
_CLOCK = re.compile(
    _HALF
    + r"\s*(?P<hour>\d{1,2})\s*(?:[:点时.]\s*(?P<minute>\d{1,2}|半)?\s*分?|(?P<joined>\d{2}))?\s*(?P<after>am|pm)?"
)
_LATER = {"下午", "晚上", "晚", "pm"}


def clock(text: str | time) -> time:
    """Read a time of day: 9:00, 9点半, 0900, 14时30分, 下午2点, 2pm, or a time cell; DomainError for any other."""
    if isinstance(text, time):
        return text.replace(second=0, microsecond=0, tzinfo=None)
    plain = half_width(clean(text)).lower().replace("：", ":").replace("點", "点").strip()
    found = _CLOCK.fullmatch(plain)
    if found is not None:
        hour = int(found["hour"])
        said = found["minute"] or found["joined"] or "0"
        minute = 30 if said == "半" else int(said)
        half = found["half"] or found["after"]
        if half in _LATER and hour < 12:
            hour += 12
        if half == "中午" and hour < 3:
            hour += 12
        if half == "am" and hour == 12:
            hour = 0
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise DomainError(
        N_("This cannot be read as a time: %(text)s. Write hours and minutes, as in 09:00."),
        text=str(text).strip(),
    )
