"""One agreement printed in earnest: through the pages, with the real printer, and out again for the shop's printer."""

import io

import pikepdf
import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.price_protection.models import Agreement, AgreementPaper
from tests.domain.agreement_world import AgreementWorld


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def approved_on_page(world, sign_in, **said):
    agreement = world.submitted(**said)
    manager = sign_in(world.manager)
    address = f"/agreements/{agreement.id}/review"
    page = manager.get(address).get_data(as_text=True)
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    answer = manager.post(address, data={"do": "approve", "seen": seen})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return agreement


def test_the_original_is_made_once_kept_and_joined_for_the_printer(app, world, session, sign_in, tmp_path):
    first = approved_on_page(world, sign_in)
    second = approved_on_page(world, sign_in)
    reader = sign_in(world.author)
    address = f"/agreements/{first.id}/contract.pdf"
    original = reader.get(address).get_data()
    world.product.name = "改名之后的洗发露"
    session.commit()
    assert reader.get(address).get_data() == original
    with pikepdf.open(io.BytesIO(original)) as pdf:
        pages = len(pdf.pages)
    session.rollback()
    paper = session.scalars(sa.select(AgreementPaper).where(AgreementPaper.agreement_id == first.id)).one()
    assert paper.pages == pages >= 3

    target = tmp_path / "all.pdf"
    runner = app.test_cli_runner()
    done = runner.invoke(
        args=["agreements", "print", first.number, second.number.lower(), "--out", str(target)]
    )
    assert done.exit_code == 0, done.output
    with pikepdf.open(target) as pdf:
        assert len(pdf.pages) == pages * 2

    unknown = tmp_path / "unknown.pdf"
    refused = runner.invoke(
        args=["agreements", "print", first.number, "PPA-1999-000001", "--out", str(unknown)]
    )
    assert refused.exit_code == 2
    assert "PPA-1999-000001" in refused.output
    assert not unknown.exists()
    draft = world.draft()
    refused = runner.invoke(args=["agreements", "print", draft.number, "--out", str(unknown)])
    assert refused.exit_code == 2
    assert session.get(Agreement, draft.id).number in refused.output


def test_ticked_originals_are_printed_as_one_file_and_each_remembers_it(world, session, sign_in):
    ready = [approved_on_page(world, sign_in) for _turn in range(2)]
    draft = world.draft()
    author = sign_in(world.author)
    ids = [agreement.id for agreement in (*ready, draft)]
    page = author.get("/agreements/print", query_string={"id": ids}).get_data(as_text=True)
    assert draft.number in page.split("no original")[1]
    printed = author.post("/agreements/print", data={"id": ids, "copies": "3"})
    assert printed.status_code == 303
    with pikepdf.open(io.BytesIO(author.get(printed.location).get_data())) as pdf:
        session.rollback()
        assert len(pdf.pages) == sum(session.scalars(sa.select(AgreementPaper.pages)))
    for agreement in ready:
        session.expire(agreement, ["events"])
        assert agreement.events[0].params["copies"] == 3
    stranger = sign_in(world.make.user(Role.REGIONAL_MANAGER, world.make.region()))
    assert stranger.get("/agreements/originals.pdf", query_string={"id": ids}).status_code == 409


def test_a_draft_is_printed_with_its_holes_and_never_kept(world, session, sign_in):
    bare = world.make.distributor(world.region, world.author)
    agreement = world.draft(bare, prices=[], violations=[])
    answer = sign_in(world.author).get(f"/agreements/{agreement.id}/contract.pdf")
    assert answer.status_code == 200
    assert answer.get_data().startswith(b"%PDF-")
    session.rollback()
    assert session.scalars(sa.select(AgreementPaper)).all() == []
