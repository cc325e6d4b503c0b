"""Working days: the State Council's list, what the company says otherwise, and the deadlines that count them."""

from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.administration.todos import todos
from portal.domain.errors import DomainError
from portal.domain.price_protection.violations import deadlines
from portal.domain.workdays import services as workdays
from portal.domain.workdays.models import WorkdayException
from tests.domain.case_world import CaseWorld
from tests.domain.clock import on_day

NOVEMBER = date(2026, 11, 22)


@pytest.fixture
def keeper(make):
    return make.user(Role.ADMINISTRATOR, make.head_office())


def test_working_days_pass_over_holidays_and_count_the_days_worked_instead(session):
    # National Day 2026: 1-7 October off; 20 September and 10 October are worked.
    after = workdays.working_days_after
    assert after(session, date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert after(session, date(2026, 10, 9), 1) == date(2026, 10, 10)
    assert after(session, date(2031, 1, 3), 1) == date(2031, 1, 6)  # not announced yet


def test_what_the_company_says_goes_before_the_list_and_before_weekdays(session, keeper):
    with on_day(NOVEMBER):
        assert workdays.lacks(session, 2028)
        said = workdays.say(
            session, keeper, date(2028, 1, 26), date(2028, 2, 1), is_working=False, note="春节"
        )
        assert said == 5  # the weekend between is off anyway
        assert workdays.say(session, keeper, date(2028, 1, 22), date(2028, 1, 22), is_working=True) == 1
        session.commit()
        assert not workdays.lacks(session, 2028)
        assert workdays.working_days_after(session, date(2028, 1, 25), 1) == date(2028, 2, 2)
        assert workdays.working_days_after(session, date(2028, 1, 21), 1) == date(2028, 1, 22)
        # The same again changes nothing; what the list says anyway is not kept.
        assert (
            workdays.say(session, keeper, date(2028, 1, 26), date(2028, 2, 1), is_working=False, note="春节")
            == 0
        )
        assert workdays.say(session, keeper, date(2028, 1, 22), date(2028, 1, 22), is_working=False) == 1
        workdays.take_back(session, keeper, date(2028, 1, 26))
        session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(WorkdayException)) == 4
    assert workdays.working_days_after(session, date(2028, 1, 25), 1) == date(2028, 1, 26)


def test_an_announced_holiday_can_be_worked(session, keeper):
    with on_day(NOVEMBER):
        assert workdays.working_days_after(session, date(2026, 12, 31), 1) >= date(2027, 1, 1)
        workdays.say(session, keeper, date(2026, 12, 5), date(2026, 12, 5), is_working=True, note="年终盘点")
        session.commit()
        assert workdays.working_days_after(session, date(2026, 12, 4), 1) == date(2026, 12, 5)
        found = [one for one in workdays.days_of(session, 2026) if one.entered]
        assert [(one.on, one.is_working) for one in found] == [(date(2026, 12, 5), True)]


def test_days_that_have_come_and_nonsense_are_refused(session, make, keeper):
    def refused(first, last=None, by=keeper, note="", match=""):
        with pytest.raises(DomainError, match=match):
            workdays.say(session, by, first, last or first, is_working=False, note=note)
        session.rollback()

    with on_day(NOVEMBER):
        refused(NOVEMBER, match="from tomorrow on")
        refused(date(2026, 12, 9), date(2026, 12, 8), match="before the first")
        refused(date(2026, 12, 1), date(2027, 1, 1), match="At most 31 days")
        refused(date(2029, 12, 1), match="too far ahead")
        refused(date(2026, 12, 9), note="节" * 41, match="At most 40")
        refused(date(2026, 12, 9), by=make.user(Role.FINANCE), match="may not change")
        with pytest.raises(DomainError, match="any more"):
            workdays.take_back(session, keeper, date(2026, 12, 9))
        with pytest.raises(DomainError, match="from tomorrow on"):
            workdays.take_back(session, keeper, NOVEMBER)


def test_a_cases_deadline_moves_with_a_day_that_is_said_to_be_off(session, make):
    world = CaseWorld(session, make)
    agreement = world.with_fund()
    case = world.notified(agreement)
    before = deadlines.answer_by(case)
    keeper = make.user(Role.ADMINISTRATOR, make.head_office())
    with on_day(case.notified_on):
        workdays.say(session, keeper, before, before, is_working=False, note="示例停电")
        session.commit()
    assert deadlines.answer_by(case) == workdays.working_days_after(session, before, 1)


def test_in_december_the_next_years_days_off_wait_for_the_administrator(session, keeper):
    def waits():
        return "Enter the days off of %(year)s" in [todo.title for todo in todos(session, keeper)]

    with on_day(date(2027, 11, 30)):
        assert not waits()
    with on_day(date(2027, 12, 1)):
        assert waits()
        workdays.say(session, keeper, date(2028, 1, 26), date(2028, 1, 26), is_working=False)
        session.commit()
        assert not waits()
