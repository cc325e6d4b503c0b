"""The key of reporters as `doctor` sees it: not needed yet, there, lost, or another one."""

import pytest

from portal.config import reporter_key_file
from portal.domain.price_protection.violations import reporters as domain
from portal.domain.price_protection.violations.vault import Vault, make_key
from portal.health.findings import State
from portal.health.here import here
from portal.health.reporters import reporters
from tests.domain.case_world import CaseWorld


@pytest.fixture
def looked(app):
    def look() -> list[tuple[State, str]]:
        with app.app_context():
            return [(found.state, found.text) for found in reporters(here(is_thorough=True))]

    return look


def test_before_the_first_report_there_is_no_key(looked):
    assert [state for state, _text in looked()] == [State.OK]


def test_a_lost_key_and_another_one_are_found(app, session, make, looked):
    path = reporter_key_file(app.config)
    world = CaseWorld(session, make)
    world.vault = Vault(make_key(path))
    world.report(world.in_force())
    assert domain.key_ids(session) == {world.vault.key_id}
    session.rollback()
    assert "No backup holds it" in looked()[0][1]
    path.unlink()
    assert [state for state, _text in looked()] == [State.FAILED]
    make_key(path)
    assert "is not the key" in looked()[0][1]
    path.write_text("nothing", encoding="ascii")
    assert [state for state, _text in looked()] == [State.FAILED]
