"""A statement and the pages of the fund after a return of goods whose fund a decision had taken (8.4, 9.1)."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.money import figures
from portal.domain.price_protection.closing.models import Proposal
from portal.domain.price_protection.proving.statements import prove
from tests.domain.case_world import BOUGHT, CaseWorld
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.domain.fund_world import on_day
from tests.factories import Factory


class World(CaseWorld, CloseWorld):
    """Cases, and quarters that are closed: both are confirmed."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)
        self.closer = make.user(Role.FINANCE)

    def confirm(self, found: Any, *said: Any, **more: Any) -> Any:
        if isinstance(found, Proposal):
            return CloseWorld.confirm(self, found, *said, **{"by": self.closer, **more})
        return CaseWorld.confirm(self, found, *said, **more)


@pytest.fixture
def world(app, session, make) -> World:
    made = World(session, make)
    app.extensions["reporter_vault"] = made.vault
    return made


def test_every_yuan_of_a_case_won_after_a_return_is_told_on_the_statements_page(world, session, sign_in):
    agreement = world.with_fund(0)
    bought = world.buy(agreement, BOUGHT, 5_000_000)
    case = world.appealed(agreement)  # half of the fund of 1,000.00 is taken
    back = world.give_back(
        bought, date(2026, 9, 12), 1_250_000
    )  # a quarter of the goods: 125.00 go with them
    world.answer(case, 0)
    number, reader = case.number, world.author
    world.close()
    statement = world.statement(agreement)
    assert prove(session) == 1
    with on_day(OCTOBER):
        client = sign_in(reader)
        page = client.get(f"/funds/quarters/statements/{statement.id}").text
        fund = client.get(f"/funds/agreements/{agreement.id}/").text
        everything = client.get(f"/funds/distributors/{agreement.distributor_id}/").text
    told = {
        name: int(statement.payload["values"][f"{name}_figures"] or 0)
        for name in (
            "opening",
            "accrued",
            "reversed",
            "forfeited",
            "restored",
            "released",
            "closing",
            "release",
        )
    }
    # The paper adds up by itself ...
    assert told["closing"] == (
        told["opening"] + told["accrued"] - told["reversed"] - told["forfeited"] + told["restored"]
        - told["released"]
    ) == told["release"]  # fmt: skip
    # ... and its page tells what of the deduction was not restored, with the return that it went with.
    section = page[page.index('id="off-deductions"') :]
    section = section[: section.index("</table>")]
    off = told["forfeited"] - told["restored"]
    assert off == 12_500
    assert section.count(figures(off)) == 2  # the line and the total
    assert f"/purchases/{back.id}" in section and number in section
    # Nothing is left of the deduction, and how that came about opens all the same.
    assert re.search(r'figure=deducted">0\.00</a>', fund)
    for shown in (fund, everything):
        assert f'/funds/quarters/statements/{statement.id}">{statement.number}</a>' in shown


def test_a_statement_without_such_returns_says_nothing_of_them(world, session, sign_in):
    agreement = world.with_fund()
    world.close()
    statement = world.statement(agreement)
    with on_day(OCTOBER):
        page = sign_in(world.author).get(f"/funds/quarters/statements/{statement.id}").text
    assert "off-deductions" not in page
