"""What entering many lines costs does not depend on how many agreements they are of."""

from datetime import date

from sqlalchemy import event

from portal.domain.price_protection.purchases.booking import enter
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld

MAY = date(2026, 5, 6)


def test_lines_of_many_agreements_are_entered_with_as_many_statements_as_those_of_one(session, make):
    world = FundWorld(session, make)
    agreements = [world.in_force() for _ in range(4)]
    asked: list[str] = []

    def enter_lines_of(some) -> int:
        lines = [world.line(agreement, MAY, 10_000) for agreement in some for _ in range(3)]
        asked.clear()
        with on_day(MAY):
            done = enter(session, world.finance, lines)
            session.commit()
        assert done.accrued == len(lines)
        return len(asked)

    enter_lines_of(agreements)  # opens their books and accounts
    event.listen(
        session.get_bind(), "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement)
    )
    assert 0 < enter_lines_of(agreements) <= enter_lines_of(agreements[:1])
