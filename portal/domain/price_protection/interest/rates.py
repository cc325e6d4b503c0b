"""The published one-year LPR: what is known, until when, and entering what was published since.

It is published by the National Interbank Funding Center by authority of the People's Bank of China, on the 20th of
each month or the next working day, also where it does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.interest.models import LprRate
from portal.domain.price_protection.interest.reckoning import Rate
from portal.domain.regions import services as regions
from portal.domain.text import clean
from portal.domain.users.models import User
from portal.domain.workdays import services as workdays

SOURCE = "中国人民银行授权全国银行间同业拆借中心公布"
# 一年期贷款市场报价利率 on each day on which it changed; between them it was published unchanged.
PUBLISHED = (
    Rate(date(2019, 8, 20), 42_500),
    Rate(date(2019, 9, 20), 42_000),
    Rate(date(2019, 11, 20), 41_500),
    Rate(date(2020, 2, 20), 40_500),
    Rate(date(2020, 4, 20), 38_500),
    Rate(date(2021, 12, 20), 38_000),
    Rate(date(2022, 1, 20), 37_000),
    Rate(date(2022, 8, 22), 36_500),
    Rate(date(2023, 6, 20), 35_500),
    Rate(date(2023, 8, 21), 34_500),
    Rate(date(2024, 7, 22), 33_500),
    Rate(date(2024, 10, 21), 31_000),
    Rate(date(2025, 5, 20), 30_000),
)
_PUBLISHED_AGAIN = 20  # the day of the month
_SATURDAY = 5
# A publication later than this after the one before leaves one out.
_LONGEST_DAYS = 45


@dataclass(frozen=True)
class Known:
    """A rate of the table; `entry` is None for what the portal was shipped with."""

    rate: Rate
    source: str
    entry: LprRate | None = None


def table(session: Session) -> list[Known]:
    """Every rate that counts, in the order of the days."""
    rows = session.scalars(
        sa.select(LprRate)
        .options(joinedload(LprRate.entered_by, innerjoin=True))
        .order_by(LprRate.published_on, LprRate.no)
    )
    found = {rate.since_on: Known(rate, SOURCE) for rate in PUBLISHED}
    for row in rows:
        found[row.published_on] = Known(Rate(row.published_on, row.rate_ppm), row.source, row)
    return [found[on] for on in sorted(found)]


def rates(session: Session) -> list[Rate]:
    """The same without where they are from."""
    return [known.rate for known in table(session)]


def known_until(known: Sequence[Rate]) -> date:
    """The last day whose rate is known: the one before the next publication after the last of these."""
    last = known[-1].since_on
    year, month = (last.year, last.month + 1) if last.month < 12 else (last.year + 1, 1)
    return date(year, month, _PUBLISHED_AGAIN - 1)


def due(session: Session, known: Sequence[Rate]) -> date:
    """The day of the first publication after the last one known: the 20th, or the next working day."""
    return workdays.working_days_after(session, known_until(known), 1)


def may_enter(session: Session, user: User) -> bool:
    """Whether somebody enters rates: they are one for the whole company, so its head office's finance does."""
    return user.can(Permission.ACCOUNTS_WRITE, regions.head_office(session))


def enter(
    session: Session, actor: User, published_on: date, rate_ppm: int, source: str, *, is_gapless: bool = False
) -> LprRate | None:
    """Enter what was published on a day; None where the table says so already. The caller commits.

    `is_gapless` says that nothing else was published since the one before; without it, a publication that was left
    out is refused.
    """
    if not may_enter(session, actor):
        raise DomainError(N_("The LPR is entered by the head office's finance."))
    lock(session, regions.head_office(session))  # of two at once the second sees the first one's row
    source = clean(source)
    if published_on > today():
        raise DomainError(
            N_("%(day)s is yet to come: enter a rate once it is published."),
            field="published_on",
            day=published_on.isoformat(),
        )
    if published_on <= PUBLISHED[-1].since_on:
        raise DomainError(
            N_("What was published until %(day)s stands in the table already."),
            field="published_on",
            day=PUBLISHED[-1].since_on.isoformat(),
        )
    # Of weekdays the calendar may say that the company is off: that keeps nobody from publishing.
    is_off = published_on.weekday() >= _SATURDAY and not workdays.is_working(session, published_on)
    if published_on.day < _PUBLISHED_AGAIN or is_off:
        raise DomainError(
            N_(
                "%(day)s is no day of publication: it is the 20th, or the next working day after it. Enter the day of "
                "the announcement."
            ),
            field="published_on",
            day=published_on.isoformat(),
        )
    if not 0 < rate_ppm < 200_000 or rate_ppm % 100:
        raise DomainError(
            N_("The LPR is a rate between 0 and 20 % with at most two decimals, as in 3.00."), field="rate"
        )
    if len(source) < 4 or len(source) > 200:
        raise DomainError(N_("Say where it was published, in 4 to 200 characters."), field="source")
    known = table(session)
    there = next((one for one in known if one.rate.since_on == published_on), None)
    if there is not None and there.rate.ppm == rate_ppm:
        return None
    before = [one.rate.since_on for one in known if one.rate.since_on < published_on][-1]
    if there is None and (published_on - before).days > _LONGEST_DAYS and not is_gapless:
        raise DomainError(
            N_(
                "The last one before it is of %(day)s: the publications between are missing. Enter them first, or tick "
                "that none of them changed the rate."
            ),
            field="is_gapless",
            day=before.isoformat(),
        )
    last = session.scalar(sa.select(sa.func.max(LprRate.no)).where(LprRate.published_on == published_on))
    made = LprRate(
        published_on=published_on,
        no=(last or 0) + 1,
        rate_ppm=rate_ppm,
        source=source,
        entered_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor,
        "lpr.entered",
        made,
        region_id=regions.head_office(session).id,
        on=published_on,
        rate_ppm=rate_ppm,
        source=source,
    )
    return made
