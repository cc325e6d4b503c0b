"""What the system check and the commands say of the company's certificate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from portal.domain.electronic_seals.models import ElectronicSeal
from portal.health import seal as check
from portal.health.findings import State
from portal.health.here import here
from portal.sealing import signing
from portal.web import papers
from tests.domain.agreement_world import AgreementWorld, FakePrint
from tests.sealing.conftest import COMPANY, MADE_AT, made, with_password
from tests.sealing.test_verify_files import approved

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """Open the key in this process: the printing process has its own test."""
    monkeypatch.setattr(check.pool, "describe_seal", signing.describe)
    monkeypatch.setattr(papers.pool, "seal", lambda pdf, files, **facts: signing.seal(pdf, files, **facts))


def said(app, files=None, at=MADE_AT + timedelta(days=30)):
    app.config.update(
        SEAL_FILE=files.file if files else "", SEAL_PASSWORD_FILE=files.password_file if files else ""
    )
    with app.app_context():
        place = here(is_thorough=False)
    with time_machine.travel(at, tick=False):
        return [
            (found.state, found.text % found.params, found.todo and found.todo % found.params)
            for found in check.seal(replace(place, config=app.config))
        ]


@on_sqlite
def test_no_certificate_is_in_order(app):
    [(state, text, _todo)] = said(app)
    assert state is State.OK and "No certificate" in text


@on_sqlite
def test_a_certificate_says_whose_it_is_and_until_when(app, key):
    [(state, text, _todo)] = said(app, key)
    assert state is State.OK
    for part in (COMPANY, "2029-03-01", "ECDSA P-256", "made by the company itself"):
        assert part in text


@on_sqlite
def test_sixty_days_before_its_end_it_is_a_warning_and_afterwards_a_fault(app, key):
    ends = MADE_AT + timedelta(days=3 * 365)
    for before, expected in ((61, State.OK), (59, State.WARNING), (1, State.WARNING), (-1, State.FAILED)):
        [(state, text, todo)] = said(app, key, ends - timedelta(days=before))
        assert state is expected and COMPANY in text
        assert bool(todo) is (expected is not State.OK)


@on_sqlite
def test_what_is_wrong_with_the_files_is_a_fault_with_what_to_do(app, key, tmp_path):
    for files, part in (
        (with_password(key, tmp_path, "wrong"), "does not open"),
        (replace(key, file=str(tmp_path / "none.p12")), "cannot be read"),
    ):
        [(state, text, todo)] = said(app, files)
        assert state is State.FAILED and part in text and todo


@on_sqlite
@pytest.mark.parametrize(("mode", "faults"), [(0o644, 1), (0o660, 1), (0o640, 0), (0o600, 0)])
def test_a_key_that_others_can_read_is_a_fault(app, tmp_path, mode, faults):
    files = made(tmp_path)
    Path(files.file).chmod(mode)
    found = [text for state, text, _todo in said(app, files) if state is State.FAILED]
    assert len(found) == faults and all("could seal as the company" in text for text in found)


# ---- the commands ----------------------------------------------------------------------------------------------------


def run(app, *args):
    return app.test_cli_runner().invoke(args=["seal", *args])


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


@on_sqlite
def test_new_makes_a_certificate_in_the_companys_name_and_says_what_to_set(app, world):
    told = run(app, "new")
    path = Path(app.config["INSTANCE"]) / "seal.p12"
    assert told.exit_code == 0 and f"PORTAL_SEAL_FILE={path}" in told.output
    files = papers.SealFiles(str(path), str(path.with_name("seal-password")))
    assert signing.describe(files).subject == COMPANY
    before = path.read_bytes()
    again = run(app, "new")
    assert again.exit_code == 2 and "there already" in again.output and path.read_bytes() == before


@on_sqlite
def test_new_wants_the_companys_name_and_a_place_that_can_be_written(app, world, session, make, tmp_path):
    app.config["SEAL_FILE"] = str(tmp_path / "nowhere" / "seal.p12")
    told = run(app, "new")
    assert told.exit_code == 2 and "cannot be written" in told.output
    session.execute(sa.text("DELETE FROM setting WHERE key = 'manufacturer_name'"))
    session.commit()
    told = run(app, "new")
    assert told.exit_code == 2 and "has no name yet" in told.output


def test_originals_seals_what_was_approved_since_a_day_and_can_be_repeated(app, world, unsealed, key):
    paper = approved(world, FakePrint(unsealed, 6))
    nothing = run(app, "originals", "--since", "2026-01-01")
    assert nothing.exit_code == 2 and "PORTAL_SEAL_FILE" in nothing.output
    app.config.update(SEAL_FILE=key.file, SEAL_PASSWORD_FILE=key.password_file)
    later = run(app, "originals", "--since", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}")
    assert later.exit_code == 0 and "Sealed: 0." in later.output
    app.config["SEAL_PASSWORD_FILE"] = "/nowhere/password"
    failed = run(app, "originals", "--since", "2026-01-01")
    assert (
        failed.exit_code == 1 and paper.agreement.number in failed.output and "system check" in failed.output
    )
    app.config["SEAL_PASSWORD_FILE"] = key.password_file
    done = run(app, "originals", "--since", "2026-01-01")
    assert done.exit_code == 0 and "Sealed: 1. Not sealed: 0." in done.output
    assert "Sealed: 0." in run(app, "originals", "--since", "2026-01-01").output
    world.session.rollback()
    world.session.refresh(paper)
    assert world.session.scalar(sa.select(ElectronicSeal.document_id)) == paper.document_id
