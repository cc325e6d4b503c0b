"""Numbers of papers: a rule of the company gives them their form, one counter a series, no number twice (P1b)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.db import lock, today
from portal.domain.asked_once import once
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.numbering.models import NumberSequence
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

DIGITS = range(3, 9)
_LONGEST = 30
_PLACE = re.compile(r"\{([^{}]*)\}")
# Papers and their file names carry numbers: printable, no blank, nothing that a path or a search reads otherwise.
_SIGNS = re.compile(r"[A-Za-z0-9._()\-]*")
_CODE = re.compile(r"[A-Za-z0-9._\-]+")
_PLACES = ("office", "year", "yy", "quarter", "number")


@dataclass(frozen=True)
class Rule:
    """The form of a number: a pattern with {office}, {year} or {yy}, and {number} of at least so many digits."""

    pattern: str = "PPA-{year}-{number}"
    digits: int = 6

    def series(self, office: str, year: int, quarter: str = "") -> str:
        """Everything but the running number, for which # stands: what is counted together."""
        return self._filled(office, year, quarter, "#")

    def number(self, office: str, year: int, count: int, quarter: str = "") -> str:
        """A whole number; `quarter` is what a statement is of, 2026Q3, this one where none is named."""
        return self._filled(office, year, quarter, f"{count:0{self.digits}d}")

    def _filled(self, office: str, year: int, quarter: str, number: str) -> str:
        said = {
            "office": office,
            "year": f"{year:04d}",
            "yy": f"{year % 100:02d}",
            "quarter": quarter or f"{year:04d}Q{(today().month + 2) // 3}",
            "number": number,
        }
        return _PLACE.sub(lambda place: said[place[1]], self.pattern)


class Numbered(StrEnum):
    """What is numbered by a rule of its own; an amendment is no. 1, 2, 3 of its agreement, by law of its text."""

    AGREEMENT = "agreement"
    NOTICE = "notice"
    SEAL_APPLICATION = "seal_application"
    PARCEL = "parcel"
    STATEMENT = "statement"
    CASE = "case"
    PAYMENT = "payment"
    REPAYMENT = "repayment"
    VOUCHERS = "vouchers"
    CLAWBACK = "clawback"
    MEETING = "meeting"
    POLICY = "policy"

    @property
    def action(self) -> str:
        """How the audit trail names a change of its rule."""
        return "numbering.changed" if self is Numbered.AGREEMENT else f"numbering.{self}_changed"


# The rules that ship.
SHIPPED = {
    Numbered.AGREEMENT: Rule(),
    Numbered.NOTICE: Rule("TZ-{year}-{number}", 4),
    Numbered.SEAL_APPLICATION: Rule("YY-{year}-{number}", 6),
    Numbered.PARCEL: Rule("KD-{year}-{number}", 6),
    Numbered.STATEMENT: Rule("DZ-{quarter}-{number}", 6),
    Numbered.CASE: Rule("WG-{year}-{number}", 4),
    Numbered.PAYMENT: Rule("FK-{year}-{number}", 6),
    Numbered.REPAYMENT: Rule("SK-{year}-{number}", 6),
    Numbered.VOUCHERS: Rule("PZ-{year}-{number}", 6),
    Numbered.CLAWBACK: Rule("ZS-{year}-{number}", 6),
    Numbered.MEETING: Rule("HY-{year}-{number}", 4),
    Numbered.POLICY: Rule("ZC-{year}-{number}", 4),
}


@dataclass(frozen=True)
class Next:
    """What an office's next paper would be numbered; `given` so many numbers of that series are out."""

    office: Region
    number: str
    given: int


def read_rule(pattern: str, digits: int) -> Rule:
    """The rule of this pattern; DomainError says what is wrong with it."""
    pattern = re.sub(r"\s+", "", half_width(clean(pattern)))
    places = _PLACE.findall(pattern)
    if not pattern:
        raise DomainError(N_("Enter a pattern."), field="pattern")
    if unknown := [place for place in places if place not in _PLACES]:
        raise DomainError(
            N_("{%(place)s} is not a placeholder; use {office}, {year}, {yy} and {number}."),
            field="pattern",
            place=unknown[0],
        )
    if places.count("number") != 1:
        raise DomainError(N_("The pattern must contain {number} exactly once."), field="pattern")
    if not _SIGNS.fullmatch(_PLACE.sub("", pattern)):
        raise DomainError(
            N_(
                "Besides the placeholders, use only letters, digits and - . _ ( ): the number is used in file names."
            ),
            field="pattern",
        )
    if re.search(r"(?:\d|year\}|yy\}|quarter\}|office\})\{number\}|\{number\}(?:\d|\{)", pattern):
        raise DomainError(
            N_("Put a separator, such as a dash, between {number} and other digits or placeholders."),
            field="pattern",
        )
    if digits not in DIGITS:
        raise DomainError(
            N_("The running number must have %(low)s to %(high)s digits."),
            field="digits",
            low=DIGITS[0],
            high=DIGITS[-1],
        )
    return Rule(pattern, digits)


def rule(session: Session, paper: Numbered = Numbered.AGREEMENT) -> Rule:
    """The rule that holds for a paper: the company's, else the one that ships (PPA, year and six digits)."""
    return once(session, ("number rule", paper), lambda: _rule(session, paper))


def _rule(session: Session, paper: Numbered) -> Rule:
    kept = _kept(session, paper)
    return _without_office(kept) if _names_office(kept, paper) else kept


def _kept(session: Session, paper: Numbered) -> Rule:
    said = settings.own_values(session, regions.head_office(session)).get(f"numbering.{paper}")
    return Rule(str(said["pattern"]), int(said["digits"])) if isinstance(said, dict) else SHIPPED[paper]


def outdated_pattern(session: Session, paper: Numbered) -> str:
    """The pattern kept from before cases lost the office, which `rule` reads without it; empty where none is."""
    kept = _kept(session, paper)
    return kept.pattern if _names_office(kept, paper) else ""


def _names_office(rule: Rule, paper: Numbered) -> bool:
    return paper is Numbered.CASE and "{office}" in rule.pattern


def _without_office(kept: Rule) -> Rule:
    """The same rule for the whole company, in the company's own letters; the shipped one where nothing good is left."""
    # Between two separators one of them goes with it.
    left = re.sub(r"(?:(?<=[-._])|^)\{office\}[-._]", "", kept.pattern).replace("{office}", "")
    try:
        return read_rule(left, kept.digits)
    except DomainError:
        return SHIPPED[Numbered.CASE]


def change_rule(
    session: Session, actor: User | None, new: Rule, paper: Numbered = Numbered.AGREEMENT
) -> bool:
    """Let the next papers of a kind be numbered otherwise; False when the rule stands already.

    Numbers that are out stay. What the new pattern leaves alike goes on counting; what it makes new begins at 1.
    Raises DomainError when an office's number would be too long or its code cannot stand in one, and when another
    kind of paper has this pattern: its numbers would look like theirs.
    """
    office = regions.head_office(session)
    lock(session, office)
    new, old = read_rule(new.pattern, new.digits), rule(session, paper)
    if new == old and not outdated_pattern(session, paper):
        return False
    require_places(new, paper)
    for other in Numbered:
        if other is not paper and rule(session, other).pattern == new.pattern:
            raise DomainError(
                N_("Another kind of paper is numbered by this pattern; begin it with other letters."),
                field="pattern",
            )
    for region in session.scalars(sa.select(Region)):
        check_office(new, region)
    settings.keep(
        session,
        actor,
        office,
        f"numbering.{paper}",
        None if new == SHIPPED[paper] else {"pattern": new.pattern, "digits": new.digits},
    )
    audit.record(
        session,
        actor,
        paper.action,
        office,
        region_id=office.id,
        changes={"pattern": [old.pattern, new.pattern], "digits": [old.digits, new.digits]},
    )
    return True


def require_places(new: Rule, paper: Numbered) -> None:
    """Raise DomainError for a placeholder that this kind of paper is not numbered by."""
    if "{quarter}" in new.pattern and paper is not Numbered.STATEMENT:
        raise DomainError(N_("Only statements are numbered by quarter; use {year}."), field="pattern")
    if _names_office(new, paper):
        raise DomainError(
            N_(
                "Cases are numbered for the whole company: with {office} in it, a number that is missing would tell an"
                " office of a case that its accused does not know of yet."
            ),
            field="pattern",
        )


def check_office(rule: Rule, region: Region) -> None:
    """Raise DomainError when an office's number would be too long or its code cannot stand in one."""
    if "{office}" in rule.pattern and not _CODE.fullmatch(region.code):
        raise DomainError(
            N_("The code %(code)s of %(office)s cannot be used in a number: letters and digits only."),
            field="pattern",
            code=region.code,
            office=region.name,
        )
    number = rule.number(region.code, today().year, 1)
    if len(number) > _LONGEST:
        raise DomainError(
            N_("%(number)s has %(length)s characters; at most %(limit)s fit on the papers."),
            field="pattern",
            number=number,
            length=len(number),
            limit=_LONGEST,
        )


def next_numbers(session: Session, rule: Rule, offices: Sequence[Region]) -> list[Next]:
    """What the next paper of each office would be numbered; nothing is given out."""
    year = today().year
    series = {office.id: rule.series(office.code, year) for office in offices}
    given = {
        row.series: row.last
        for row in session.execute(
            sa.select(NumberSequence.series, NumberSequence.last).where(
                NumberSequence.series.in_(set(series.values()))
            )
        )
    }
    return [
        Next(office, rule.number(office.code, year, last + 1), last)
        for office in offices
        for last in (given.get(series[office.id], 0),)
    ]


def next_number(session: Session, series: str) -> int:
    """The next number of a series, from 1; two transactions never get the same one, a rollback gives it back."""
    table = NumberSequence.__table__
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # One statement that takes the row's lock, so that a first use of the series needs no second try.
    statement = (
        insert(NumberSequence)
        .values(series=series, last=1)
        .on_conflict_do_update(index_elements=[table.c.series], set_={"last": table.c.last + 1})
        .returning(table.c.last)
    )
    return int(session.scalars(statement).one())


def new_number(session: Session, office: Region, paper: Numbered, quarter: str = "") -> str:
    """A number for a new paper of this office, by the company's rule for its kind and the year in China.

    `quarter` is the one that a statement is of, 2026Q3; its year then counts, not the one in which it is made.
    """
    holding, year = rule(session, paper), int(quarter[:4]) if quarter else today().year
    check_office(holding, office)
    count = next_number(session, holding.series(office.code, year, quarter))
    return holding.number(office.code, year, count, quarter)
