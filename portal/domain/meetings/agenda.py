"""An agenda as people type or paste it: one line each, the time, what is spoken about, by whom."""

import re
from datetime import date, datetime, timedelta

from portal.db import CHINA
from portal.domain import text
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.planning import Item, china_at

_DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?\s+")
_CLOCK = r"\d{1,2}[:：点时](?:\d{1,2}分?|半)?"
_TIME = re.compile(rf"((?:上午|中午|下午|晚上)?\s*{_CLOCK})(?:\s*[-–—~至到]\s*{_CLOCK})?[\s,，、]*")
_BETWEEN = re.compile(r"\t+|\s*[|｜]\s*|\s{2,}|　+")
_BRACKETS = re.compile(r"(.+?)\s*[(（](.+?)[)）]")


def read(said: str, starts_at: datetime) -> tuple[Item, ...]:
    """The lines of an agenda; one without a time begins with the one before it, a time before that is the next day's.

    Topic and speaker are parted by a tab, |, two blanks, or one blank between Chinese words; a speaker may stand in
    brackets behind the topic. DomainError names the line that cannot be read.
    """
    found: list[Item] = []
    on, at = starts_at.astimezone(CHINA).date(), starts_at
    for line in said.splitlines():
        line = text.half_width(line).strip("\r\n ")
        if not line.strip():
            continue
        if day := _DAY.match(line):
            on = _on(line, day, on)
            line = line[day.end() :]
        clock = _TIME.match(line)
        if clock:
            moment = china_at(on, text.clock(clock[1]))
            if found and moment < found[-1].starts_at and not day:
                on += timedelta(days=1)
                moment += timedelta(days=1)
            at, line = moment, line[clock.end() :]
        topic, speaker = _parted(line.strip())
        found.append(Item(at, topic, speaker))
    return tuple(found)


def write(items: "tuple[Item, ...] | list[Item]", starts_at: datetime) -> str:
    """The same as lines that `read` understands; days are named from the second one on."""
    lines, last = [], starts_at.astimezone(CHINA).date()
    for one in items:
        here = one.starts_at.astimezone(CHINA)
        day = f"{here:%m-%d} " if here.date() != last else ""
        last = here.date()
        lines.append(f"{day}{here:%H:%M}  {one.topic}" + (f" | {one.speaker}" if one.speaker else ""))
    return "\n".join(lines)


def _on(line: str, day: re.Match[str], before: date) -> date:
    try:
        return date(int(day[1] or before.year), int(day[2]), int(day[3]))
    except ValueError:
        raise DomainError(N_("There is no such day: %(line)s"), "agenda", line=line[:40]) from None


def _parted(line: str) -> tuple[str, str]:
    parts = [part.strip() for part in _BETWEEN.split(line) if part.strip()]
    if len(parts) > 1:
        return " ".join(parts[:-1]), parts[-1]
    if brackets := _BRACKETS.fullmatch(line):
        return brackets[1], brackets[2]
    topic, _, speaker = line.rpartition(" ")
    if topic and " " not in topic and not (topic + speaker).isascii() and len(speaker) <= 12:
        return topic, speaker
    return line, ""
