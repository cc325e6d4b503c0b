"""One agreement printed in earnest: through the pages, with the real printer, and out again for the shop's printer."""

import io
import zipfile

import pikepdf
import pytest
import sqlalchemy as sa

from portal.blueprints.agreements import printing
from portal.db import now
from portal.domain.access.roles import Role
from portal.domain.jobs.models import Job, JobFile
from portal.domain.price_protection import letters, steps
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


def in_file(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.status
    assert answer.content_length == len(answer.data)
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        return len(pdf.pages)


ONE_FILE = {"copies": "3", "form": "pdf"}


def test_ticked_originals_are_printed_as_one_file_and_each_remembers_it(world, session, sign_in):
    ready = [approved_on_page(world, sign_in) for _turn in range(2)]
    author = sign_in(world.author)
    ids = [agreement.id for agreement in ready]
    printed = author.post("/agreements/print", data={"id": ids, **ONE_FILE})
    assert printed.status_code == 303
    session.rollback()
    pages = sum(session.scalars(sa.select(AgreementPaper.pages)))
    assert in_file(author, printed.location) == pages
    for agreement in ready:
        session.expire(agreement, ["events"])
        assert agreement.events[0].params["copies"] == 3
    every_copy = author.post(
        "/agreements/print", data={"id": ids, **ONE_FILE, "repeats": "y", "has_list": "y"}
    )
    assert in_file(author, every_copy.location) == 1 + 3 * pages
    session.rollback()
    stranger = sign_in(world.make.user(Role.REGIONAL_MANAGER, world.make.region()))
    assert stranger.get(printed.location).status_code == 404
    # Whoever may no longer read what is in it does not get the file either.
    world.author.grants[0].region_id = world.make.region().id
    session.commit()
    assert author.get(printed.location).status_code == 404


def test_what_cannot_be_printed_is_listed_with_what_to_do(world, session, sign_in):
    ready, draft = approved_on_page(world, sign_in), world.draft(prices=[])
    author = sign_in(world.author)
    ids = [ready.id, draft.id]
    page = author.get("/agreements/print", query_string={"id": ids}).get_data(as_text=True)
    assert draft.number in page.split("no original")[1]
    printed = author.post("/agreements/print", data={"id": ids, **ONE_FILE})
    result = author.get(author.get(printed.location).location).get_data(as_text=True)
    told = result.split("Why, and what comes next")[1]
    assert draft.number in told
    assert "Complete it, submit it" in told
    assert ready.number not in told
    rest = author.get("/agreements/print", query_string={"rest": job_of(session)}).get_data(as_text=True)
    assert draft.number in rest
    assert ready.number not in rest
    steps.withdraw_approval(session, world.manager, ready, "价格有误")
    session.commit()
    again = author.get(f"/agreements/print/{job_of(session)}").get_data(as_text=True)
    assert ready.number in again.split("destroy")[1].split("</ul>")[0]


def job_of(session):
    session.rollback()
    return session.scalars(sa.select(Job.id).order_by(Job.id.desc())).first()


def test_all_that_the_list_shows_is_printed_by_a_task_unless_it_changed_meanwhile(
    world, session, sign_in, monkeypatch
):
    monkeypatch.setattr(printing, "FEW", 0)
    first = approved_on_page(world, sign_in)
    author = sign_in(world.author)
    listed = author.get("/agreements/?phase=awaiting_signature").get_data(as_text=True)
    assert "/agreements/print?all=1&amp;phase=awaiting_signature" in listed
    address = "/agreements/print?all=1&phase=awaiting_signature"
    page = author.get(address).get_data(as_text=True)
    assert first.number in page
    second = approved_on_page(world, sign_in)
    world.draft()
    refused = author.post(address, data={"seen": "1", **ONE_FILE})
    assert refused.status_code == 422
    assert "The list has changed meanwhile" in refused.text
    assert second.number in refused.text
    printed = author.post(address, data={"seen": "2", **ONE_FILE, "form": "zip", "has_list": "y"})
    assert printed.location == f"/tasks/{job_of(session)}"
    result = author.get(author.get(printed.location).location)
    assert result.status_code == 200
    # Next comes the seal, with what was printed chosen already.
    seal = "/papers/ask?all=1&stage=not_asked&job=" + str(job_of(session))
    assert (
        "2 printed originals wait for our seal" in result.text and seal.replace("&", "&amp;") in result.text
    )
    asked = author.get(seal).get_data(as_text=True)
    assert asked.count('name="id"') == 2 and first.number in asked and second.number in asked
    assert author.get(seal.replace("job=", "job=9")).get_data(as_text=True).count('name="id"') == 0
    parcel = author.get(f"/agreements/print/{job_of(session)}/file")
    assert parcel.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(parcel.data)) as files:
        assert [name[:4] for name in sorted(files.namelist())] == ["0000", "0001", "0002"]
    assert "Printing originals" in author.get("/tasks/").get_data(as_text=True)
    session.execute(sa.update(JobFile).values(expires_at=now()))
    session.commit()
    gone = author.get(f"/agreements/print/{job_of(session)}/file")
    assert gone.status_code == 303
    page = author.get(gone.location).get_data(as_text=True)
    assert f"/agreements/print?again={job_of(session)}" in page


def test_a_list_of_thousands_is_counted_by_office(world, session, sign_in, monkeypatch):
    monkeypatch.setattr(printing, "_SHOWN", 0)
    agreement = approved_on_page(world, sign_in)
    page = sign_in(world.author).get("/agreements/print?all=1").get_data(as_text=True)
    assert world.region.name in page
    assert agreement.number not in page
    monkeypatch.setattr(letters, "MOST", 0)
    assert sign_in(world.author).get("/agreements/print?all=1").status_code == 409


def test_a_draft_is_printed_with_its_holes_and_never_kept(world, session, sign_in):
    bare = world.make.distributor(world.region, world.author)
    agreement = world.draft(bare, prices=[], violations=[])
    answer = sign_in(world.author).get(f"/agreements/{agreement.id}/contract.pdf")
    assert answer.status_code == 200
    assert answer.get_data().startswith(b"%PDF-")
    session.rollback()
    assert session.scalars(sa.select(AgreementPaper)).all() == []
