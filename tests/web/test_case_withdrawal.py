"""A case is withdrawn by its pages: what can be chosen, what it lets go, what its second reader reads."""

import re
from datetime import datetime, time

import pytest
import time_machine

from portal.db import CHINA
from portal.domain.price_protection.violations.models import CasePaperKind, State
from tests.domain.case_world import ANSWERED, CaseWorld


@pytest.fixture
def world(app, session, make) -> CaseWorld:
    found = CaseWorld(session, make)
    app.extensions["reporter_vault"] = found.vault
    return found


def test_a_withdrawal_offers_what_can_be_chosen_and_its_reader_reads_the_ground(world, session, sign_in):
    case = world.heard(world.with_fund())
    at = f"/violations/{case.code}"
    with time_machine.travel(datetime.combine(ANSWERED, time(10), CHINA), tick=False):
        first = sign_in(world.first, language="zh")
        form = first.get(f"{at}/withdrawal").text
        # There is time left for a decision: that there is none is no ground.
        assert re.findall(r'<option[^>]*value="([^"]+)"', form) == ["own", "clause_stopped"]
        assert "2026Q3目前持有1,000.00元" in form
        assert first.post(f"{at}/withdrawal", data={"ground": "lapsed"}).status_code == 422
        written = first.post(f"{at}/withdrawal", data={"ground": "clause_stopped"})
        second = sign_in(world.second, language="zh")
        draft = second.get(written.location).text
        assert "所依据的条款停止执行（第11.3款）" in draft
        seen = re.search(r'name="seen" value="([^"]+)"', draft)[1]
        assert second.post(f"{written.location}confirm", data={"seen": seen}).status_code == 303
        assert second.post(f"{written.location}issue").status_code == 303
        page = first.get(f"{at}/").text
        stops = re.search(r'<ol class="stops".*?</ol>', page, re.S)[0]
        assert "已撤案" in stops and str(ANSWERED) in stops and "已生效" not in stops
    session.rollback()
    session.expire_all()
    assert case.state is State.WITHDRAWN
    assert [paper.kind for paper in case.papers][-1] is CasePaperKind.WITHDRAWAL
