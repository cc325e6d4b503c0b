"""The demo's closed quarters: released, stated and printed on two people's word, soon after each had ended.

Of the quarter that ended last one region is closed; another's close waits to be confirmed, the rest to be proposed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, today
from portal.demo.agenda import Course
from portal.domain.jobs.models import Job
from portal.domain.price_protection.closing import executing, printing, proposing
from portal.domain.price_protection.closing.models import Proposal
from portal.domain.price_protection.closing.preview import digest, preview
from portal.domain.price_protection.funds.quarters import Calendar, Quarter
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.printing.agreement import RenderedPaper
from portal.web.papers import verify_url

_AFTER = timedelta(days=6)  # a quarter's close is done
_DAY = timedelta(days=1)


def last_ended() -> Quarter:
    """The quarter that ended last, by the calendar year."""
    return Calendar().preceding(Calendar().of(today()))


class Quarters:
    """Closes quarters through the services that the pages use: finance proposes, the director confirms."""

    def __init__(
        self,
        session: Session,
        offices: dict[str, Region],
        people: dict[str, User],
        render: Callable[..., RenderedPaper],
    ) -> None:
        self._session, self._render, self._offices = session, render, offices
        self._finance, self._director = people["finance"], people["director"]

    def course(self, since: date) -> Course:
        """Every quarter from the one of a day on, each at its time; today at the latest."""
        quarter, last = Calendar().of(since), last_ended()
        while quarter.first_on < last.first_on:
            yield quarter.last_on + _AFTER
            self._close(str(quarter), self._offices["HQ"], quarter.last_on + _AFTER)
            quarter = Calendar().following(quarter)
        day = min(today(), last.last_on + _AFTER)
        yield day
        self._close(str(last), self._offices["EC"], day)

    def proposed(self) -> Course:
        """The close of another region, proposed yesterday and not confirmed yet."""
        day = max(min(today(), last_ended().last_on + _AFTER), today() - _DAY)
        yield day
        self._propose(str(last_ended()), self._offices["SC"], day)

    def _propose(self, name: str, region: Region, on: date) -> Proposal | None:
        with clock_at(datetime.combine(on, time(9, 40), CHINA)):
            rows = preview(self._session, name, region.id)
            if not rows:
                return None
            made = proposing.propose(self._session, self._finance, name, region, seen_sha256=digest(rows))
            self._session.commit()
        return made

    def _close(self, name: str, region: Region, on: date) -> None:
        made = self._propose(name, region, on)
        if made is None:
            return
        with clock_at(datetime.combine(on, time(15, 10), CHINA)):
            job = proposing.confirm(self._session, self._director, made, seen_sha256=made.sha256)
            left = []
            for said in executing.remaining(self._session, made):
                found = executing.close_agreement(self._session, made, said)
                if isinstance(found, dict):
                    left.append(found)
            # Its task is long over: tasks are forgotten after a month.
            self._session.delete(self._session.get_one(Job, job.id))
            made.job_id = None
            self._session.commit()
            self._print(made)
            executing.finish(self._session, made, left)
            self._session.commit()

    def _print(self, made: Proposal) -> None:
        """All its statements, on as many processes as print."""
        frozen = printing.unprinted(self._session, made.id, limit=1_000)
        self._session.rollback()
        asked = [
            partial(
                self._render,
                one.data,
                one.template_text,
                number=one.number,
                verify_url=verify_url(one.code),
                made_at=one.made_at,
            )
            for one in frozen
        ]
        with ThreadPoolExecutor(4) as threads:
            printed = list(threads.map(lambda render: render(), asked))
        for one, paper in zip(frozen, printed, strict=True):
            printing.keep(self._session, self._director, one.statement_id, paper.pdf, paper.pages)
