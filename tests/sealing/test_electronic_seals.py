"""Originals get the company's electronic seal when they are approved, or later; no approval is lost over it."""

import io

import pytest
import sqlalchemy as sa

from portal.domain.electronic_seals.models import ElectronicSeal
from portal.domain.price_protection import approval
from portal.sealing import looking, signing
from portal.web import papers
from tests.domain.agreement_world import AgreementWorld, FakePrint
from tests.sealing.test_verify_files import approved


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def checked(client, pdf):
    return client.post("/verify/", data={"file": (io.BytesIO(pdf), "x.pdf")}).text


@pytest.fixture
def sealing(app, monkeypatch, key):
    """The company has a certificate; it is opened in this process."""
    app.config.update(SEAL_FILE=key.file, SEAL_PASSWORD_FILE=key.password_file)
    monkeypatch.setattr(papers.pool, "seal", lambda pdf, files, **facts: signing.seal(pdf, files, **facts))


def test_an_original_kept_without_gets_its_seal_later_and_both_files_are_known(
    world, unsealed, sealing, sign_in
):
    paper = approved(world, FakePrint(unsealed, 6))
    agreement = paper.agreement
    boss = sign_in(world.manager)
    assert "Seal electronically" in boss.get(f"/agreements/{agreement.id}/").text
    assert boss.post(f"/agreements/{agreement.id}/seal").status_code == 303
    page = boss.get(f"/agreements/{agreement.id}/").text
    assert "Seal electronically" not in page and "Electronic seal: 示例日化有限公司" in page
    assert "Electronic seal applied" in page
    pdf = boss.get(f"/agreements/{agreement.id}/contract.pdf").data
    assert pdf.startswith(unsealed) and looking.look(pdf).signatures[0].covers_all
    assert "Our original, unchanged" in checked(boss, pdf)
    told = checked(boss, unsealed)
    assert "before it got its electronic seal" in told and "Our original, unchanged" in told
    again = boss.post(f"/agreements/{agreement.id}/seal")
    assert again.status_code == 409 and "carries its electronic seal already" in again.text
    assert world.session.scalar(sa.select(sa.func.count()).select_from(ElectronicSeal)) == 1


def test_who_may_not_approve_does_not_seal(world, unsealed, sealing, sign_in):
    paper = approved(world, FakePrint(unsealed, 6))
    writer = sign_in(world.author)
    page = writer.get(f"/agreements/{paper.agreement_id}/").text
    assert "No electronic seal" in page and "Seal electronically" not in page
    assert writer.post(f"/agreements/{paper.agreement_id}/seal").status_code == 403


def test_without_a_certificate_nothing_is_offered_and_a_forged_form_is_told_why(world, unsealed, sign_in):
    paper = approved(world, FakePrint(unsealed, 6))
    boss = sign_in(world.manager)
    assert "lectronic seal" not in boss.get(f"/agreements/{paper.agreement_id}/").text
    told = boss.post(f"/agreements/{paper.agreement_id}/seal")
    assert told.status_code == 409 and "has no certificate" in told.text


def test_a_certificate_that_fails_loses_no_approval_and_says_why(app, world, sign_in, sealing, key, tmp_path):
    (tmp_path / "wrong").write_text("wrong")
    app.config["SEAL_PASSWORD_FILE"] = str(tmp_path / "wrong")
    agreement = world.submitted()
    seen = approval.shown_sha256(world.session, agreement)
    boss = sign_in(world.manager)
    boss.post(f"/agreements/{agreement.id}/review", data={"do": "approve", "seen": seen})
    page = boss.get(f"/agreements/{agreement.id}/").text
    assert (
        "its original is on file, but without electronic seal: The company&#39;s certificate cannot" in page
    )
    # The page is for whoever reads agreements: it names no folder of the machine.
    assert str(tmp_path) not in page and key.file not in page
    assert "No electronic seal" in page and "Seal electronically" in page
    app.config["SEAL_PASSWORD_FILE"] = key.password_file
    boss.post(f"/agreements/{agreement.id}/seal")
    assert "Electronic seal: 示例日化有限公司" in boss.get(f"/agreements/{agreement.id}/").text


def test_an_approval_seals_its_original(world, sign_in, sealing):
    agreement = world.submitted()
    seen = approval.shown_sha256(world.session, agreement)
    boss = sign_in(world.manager)
    boss.post(f"/agreements/{agreement.id}/review", data={"do": "approve", "seen": seen})
    page = boss.get(f"/agreements/{agreement.id}/").text
    assert "Electronic seal: 示例日化有限公司" in page and "No electronic seal" not in page
    [found] = looking.look(boss.get(f"/agreements/{agreement.id}/contract.pdf").data).signatures
    assert found.is_sound and found.covers_all
