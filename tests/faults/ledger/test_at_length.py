"""The command that verifies, over books of 100,000 transfers and a year of seals: how long, and how much memory."""

import json
import sys
from datetime import date, timedelta

import pytest

from bench.processes import spent
from portal.config import key_file
from portal.domain.ledger import sealing
from portal.domain.price_protection.funds import deducting, releasing
from portal.domain.price_protection.purchases.booking import enter
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld
from tests.faults.ledger.size import SECONDS, progress, size

pytestmark = pytest.mark.timeout(SECONDS)
VERIFY = [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "verify", "--json"]
AGREEMENTS, LINES, SEALS = size(3, 50), size(200, 1_000), size(3, 365)  # lines of each agreement
# What a night's look may take of the machine, the start of the program included.
CPU_SECONDS, MEGABYTES = 60, 250
QUARTERS, LAST = ("2026Q1", "2026Q2", "2026Q3", "2026Q4"), date(2026, 12, 29)


def test_books_of_many_transfers_are_verified_in_little_time_and_memory(
    session, make, database_url, tmp_path
):
    world = FundWorld(session, make)
    key = key_file(tmp_path, "ledger_key").encode()
    agreements = [
        world.in_force(world.add_distributor(), values={"fund_interest_rate": 36_500})
        for _ in range(AGREEMENTS)
    ]
    for no, agreement in enumerate(agreements):
        days = [date(2026, 1, 1) + timedelta(days=no % 360) for no in range(LINES)]
        bought = [world.line(agreement, day, 100_000 + no) for no, day in enumerate(days)]
        back = [world.line(agreement, LAST, -1_000, returns=(one.document_number, 1)) for one in bought[::20]]
        with on_day(LAST):
            for lines in (bought, back):
                enter(session, world.finance, lines)
                session.commit()
        with on_day(date(2027, 1, 10)):
            deducting.deduct(session, world.manager, agreement.id, "2026Q2", 7, 500_000, 700_000)
            for quarter in QUARTERS:
                releasing.release(session, world.finance, agreement.id, quarter)
            session.commit()
        if no % 10 == 9:
            progress(f"at length: {no + 1} of {AGREEMENTS} agreements")
    for day in range(SEALS):
        sealing.seal(session, key, date(2027, 2, 1) + timedelta(days=day))
    session.commit()

    run = spent(VERIFY, database_url, tmp_path)
    said = json.loads(run.said)
    progress(f"at length: {said}, {run.cpu:.1f} s of a processor, {run.peak:.0f} MB")
    assert said["whole"] and said["books"] == AGREEMENTS
    assert said["transfers"] >= AGREEMENTS * LINES * 2
    assert run.cpu <= CPU_SECONDS and run.peak <= MEGABYTES
