"""What tests of policies start from: a meeting with dealers that came and stayed away, and a policy for them."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.db import clock_at
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies import drafting, releasing, telling
from portal.domain.meetings.policies.drafting import Said
from portal.domain.meetings.policies.models import Policy, Showing, ToldHow
from portal.domain.meetings.policies.telling import Briefing
from portal.domain.users.models import User
from tests.domain.meeting_world import BEFORE, DAY, END, START, MeetingWorld
from tests.factories import Factory

WANTED = date(2026, 7, 1)
AFTER = END + timedelta(days=1)


class PolicyWorld(MeetingWorld):
    """Each call commits."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)

    def said(self, **said: Any) -> Said:
        usual: dict[str, Any] = {
            "title": "示例三季度返利政策",
            "body": "一、示例适用范围。\n二、示例返利标准。",
            "wanted_on": WANTED,
            "offices": [self.office],
        }
        return Said(**usual | said)

    def draft(self, *, on: datetime = BEFORE, **said: Any) -> Policy:
        with clock_at(on):
            made = drafting.draft(self.session, self.manager, self.office, self.said(**said))
            self.session.commit()
        return made

    def tie(self, policy: Policy, meeting: Meeting, *, on: datetime = BEFORE) -> Showing:
        with clock_at(on):
            made = drafting.tie(self.session, self.manager, policy, meeting)
            self.session.commit()
        return made

    def present(self, showing: Showing, *, on: datetime = START + timedelta(hours=1)) -> int:
        with clock_at(on):
            found = drafting.present(self.session, self.manager, showing)
            self.session.commit()
        return found

    def acknowledge(self, showing: Showing, *dealers: Distributor, on: datetime = END) -> int:
        """These signed; all who were there for none."""
        with clock_at(on):
            ids = [one.id for one in dealers] or None
            found = telling.acknowledge(self.session, self.manager, showing, ids, ToldHow.SHEET)
            self.session.commit()
        return found

    def brief(
        self,
        policy: Policy,
        dealer: Distributor,
        *,
        on: datetime = AFTER,
        by: User | None = None,
        **said: Any,
    ) -> None:
        usual = {"how": ToldHow.PHONE, "told_on": AFTER.date(), "spoke_with": "示例店主"}
        with clock_at(on):
            telling.brief(self.session, by or self.sales, policy, dealer, Briefing(**usual | said))
            self.session.commit()

    def release(
        self, policy: Policy, effective_on: date = WANTED, *, on: datetime = AFTER, by: User | None = None
    ) -> None:
        with clock_at(on):
            releasing.release(self.session, by or self.manager, policy, effective_on)
            self.session.commit()

    def presented(self, came: int = 2, absent: int = 2) -> tuple[Policy, Showing, list[Distributor]]:
        """A policy that was presented; of its distributors the first came, the last were absent."""
        dealers = self.dealers(came + absent)
        meeting = self.plan()
        policy = self.draft()
        showing = self.tie(policy, meeting)
        for no, asked in enumerate(self.invite(meeting, dealers)):
            (guest,) = self.coming(asked, f"示例来宾{no}")
            if no < came:
                self.arrive(guest, on=START)
        self.present(showing)
        return policy, showing, dealers


__all__ = ["AFTER", "BEFORE", "DAY", "END", "START", "WANTED", "PolicyWorld"]
