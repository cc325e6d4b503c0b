"""Where materials are given out: 领资料台, one for all, or by the initial of the name, or by office (M1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.regions.models import Region
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

_LETTERS = re.compile(r"([A-Za-z])(?:\s*[-–—~～至到]\s*([A-Za-z]))?")
_PARTS = re.compile(r"[,，、/\s]+")
_OTHERS = ("其他", "其它", "其余", "others", "other", "*")
MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Rule:
    """Whose materials lie at this desk: initials, offices with all below them, or everybody's who is left."""

    desk: str
    letters: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Desks:
    """The desks of a meeting; `office_names` are the names of the offices by id, as far as a rule needs them."""

    rules: tuple[Rule, ...] = ()
    office_names: tuple[tuple[int, str], ...] = ()

    def of(self, initials: str, office_path: str = "") -> str:
        """The desk of whoever has these initials and comes from this office (its path); "" where nobody said it."""
        letter = initials[:1].upper()
        above = {int(part) for part in office_path.split("/") if part.isdecimal()}
        names = {name for id, name in self.office_names if id in above}
        fits = (
            rule.desk
            for rule in self.rules
            if letter in rule.letters or names & rule.offices or (rule.is_rest)
        )
        return next(fits, "")


def read(said: str) -> tuple[Rule, ...]:
    """The rules as one writes them: a line `A-L：1号台`, `杭州办事处：3号台`, `其他：总台`, or one desk for all.

    The first that fits holds, one for the rest comes last. DomainError for a line that cannot be read.
    """
    rules: list[Rule] = []
    lines = [line for line in (half_width(clean(line)) for line in said.splitlines()) if line]
    if len(lines) > MOST_LINES:
        raise DomainError(N_("Write %(most)s lines at most."), "pack_desks", most=MOST_LINES)
    for line in lines:
        whose, colon, desk = line.replace("：", ":").partition(":")
        whose, desk = whose.strip(), desk.strip()
        if not colon:
            whose, desk = "*", whose
        if not desk or not whose or len(desk) > 30:
            raise DomainError(
                N_("Write whose it is, a colon and the desk, up to 30 letters: %(line)s"),
                "pack_desks",
                line=line[:40],
            )
        if whose.lower() in _OTHERS:
            rules.append(Rule(desk, is_rest=True))
            continue
        letters: set[str] = set()
        offices: set[str] = set()
        for part in filter(None, _PARTS.split(re.sub(r"\s*([-–—~～])\s*", r"\1", whose))):
            span = _LETTERS.fullmatch(part)
            if span is None:
                offices.add(part)
                continue
            first, last = sorted((ord(span[1].upper()), ord((span[2] or span[1]).upper())))
            letters |= {chr(no) for no in range(first, last + 1)}
        rules.append(Rule(desk, frozenset(letters), frozenset(offices)))
    return tuple(sorted(rules, key=lambda rule: rule.is_rest))


def desks(session: Session, meeting: Meeting) -> Desks:
    """The desks of a meeting, ready to be asked for each guest."""
    rules = read(meeting.pack_desks)
    names = sorted(name for rule in rules for name in rule.offices)
    known = (
        session.execute(sa.select(Region.id, Region.name).where(Region.name.in_(names))).all()
        if names
        else ()
    )
    return Desks(rules, tuple((id, name) for id, name in known))


def set_desks(session: Session, actor: User, meeting: Meeting, said: str, *, seen: str) -> None:
    """Write down where materials are given out; raises Stale where somebody else did meanwhile.

    DomainError for a line that cannot be read, or that names an office that there is not.
    """
    lock(session, meeting)
    require_host(actor, meeting)
    if meeting.pack_desks != _lines(seen):
        raise Stale(
            N_("Somebody else changed the desks a moment ago. Compare, then save again to replace them.")
        )
    lines = _lines(said)
    wanted = {name for rule in read(lines) for name in rule.offices}
    known = (
        set(session.scalars(sa.select(Region.name).where(Region.name.in_(sorted(wanted)))))
        if wanted
        else set()
    )
    for name in sorted(wanted - known):
        raise DomainError(
            N_("There is no office called %(name)s. Write letters such as A-L, or an office's name."),
            "pack_desks",
            name=name[:40],
        )
    if len(lines) > 600:
        raise DomainError(N_("Write %(most)s letters at most."), "pack_desks", most=600)
    if lines != meeting.pack_desks:
        meeting.pack_desks = lines
        session.flush()
        audit.record(session, actor, "meeting.desks_set", meeting)


def _lines(said: str | Sequence[str]) -> str:
    lines = said.splitlines() if isinstance(said, str) else said
    return "\n".join(line for line in (clean(line) for line in lines) if line)
