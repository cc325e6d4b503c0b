"""The task of a confirmed close: stopped or killed anywhere and begun again, it releases once and states once (P3)."""

import io
from datetime import date

import pikepdf
import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from portal.domain.documents import services as documents
from portal.domain.jobs import runs
from portal.domain.jobs.models import Job, JobFile, JobState
from portal.domain.price_protection.closing import executing, proposing
from portal.domain.price_protection.closing.models import Stage, Statement
from portal.domain.price_protection.closing.printing import frozen
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.users.models import Grant
from portal.jobs import quarters
from portal.jobs.running import perform
from portal.printing.agreement import RenderedPaper
from portal.printing.statements import render_statement
from portal.web import papers
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld

JULY, AUGUST = date(2026, 7, 6), date(2026, 8, 20)


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


def quick(data, template_text, *, number, verify_url, made_at) -> RenderedPaper:
    """A paper that says its number: what the task does with papers does not depend on their looks."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.docinfo["/Title"] = number
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return RenderedPaper(out.getvalue(), 1)


def work(app, job_id: int) -> None:
    """Do a task as a worker does it: on a connection of its own."""
    with app.app_context():
        perform(job_id, "worker")


def confirmed(world: CloseWorld, count: int):
    agreements = [world.in_force() for _ in range(count)]
    for agreement in agreements:
        world.buy(agreement, JULY, 1_000_000)
    proposal = world.propose()
    return agreements, proposal, world.confirm(proposal)


def test_a_close_releases_states_prints_and_joins(app, world, session, monkeypatch):
    monkeypatch.setattr(quarters, "render_statement", quick)
    agreements, proposal, job = confirmed(world, 3)
    with on_day(OCTOBER):
        work(app, job.id)
    session.expire_all()
    job, proposal = session.get_one(Job, job.id), session.get_one(type(proposal), proposal.id)
    assert (job.state, job.result["stated"], job.result["printed"], job.result["left"]) == (
        JobState.DONE, 3, 3, [],
    )  # fmt: skip
    assert proposal.stage is Stage.DONE and proposal.done_at is not None
    assert {one.agreement_id for one in session.scalars(sa.select(FundRelease))} == {a.id for a in agreements}
    file = session.scalars(sa.select(JobFile)).one()
    assert file.made_at is not None and "3份" in file.filename
    # Each begins on a sheet of its own.
    assert job.result["pages"] == 6


@pytest.mark.parametrize("dies_at", range(6))
def test_killed_anywhere_it_goes_on_and_doubles_nothing(app, world, session, monkeypatch, dies_at):
    monkeypatch.setattr(quarters, "render_statement", quick)
    monkeypatch.setattr(quarters, "CHUNK", 1)
    _agreements, proposal, job = confirmed(world, 3)

    class Killed(BaseException):
        pass

    steps = iter(range(100))
    true_step = runs.Run.step

    def dying(run, result, *, done, total):
        if next(steps) == dies_at:
            # What the part wrote is undone with its transaction.
            run.session.rollback()
            raise Killed
        return true_step(run, result, done=done, total=total)

    monkeypatch.setattr(runs.Run, "step", dying)
    with on_day(OCTOBER):
        with pytest.raises(Killed):
            work(app, job.id)
        session.rollback()
        session.execute(sa.update(Job).values(state="queued", worker="", leased_until=None))
        session.commit()
        work(app, job.id)
    session.expire_all()
    assert session.get_one(Job, job.id).state is JobState.DONE
    assert session.get_one(type(proposal), proposal.id).stage is Stage.DONE
    statements = session.scalars(sa.select(Statement).order_by(Statement.number)).all()
    assert [one.number for one in statements] == [f"DZ-2026Q3-00000{no}" for no in (1, 2, 3)]
    assert all(one.document_id for one in statements)
    assert len(session.scalars(sa.select(FundRelease)).all()) == 3


def test_cancelled_it_is_gone_on_with_by_another_task(app, world, session, monkeypatch):
    monkeypatch.setattr(quarters, "render_statement", quick)
    _agreements, proposal, job = confirmed(world, 2)
    session.execute(sa.update(Job).values(cancel_asked_at=sa.func.current_timestamp()))
    session.commit()
    with on_day(OCTOBER):
        work(app, job.id)
        session.expire_all()
        assert session.get_one(Job, job.id).state is JobState.CANCELLED
        assert executing.counts(session, proposal)["stated"] == 1
        again = proposing.go_on(session, world.second, proposal)
        session.commit()
        work(app, again.id)
    session.expire_all()
    assert session.get_one(Job, again.id).state is JobState.DONE
    assert executing.counts(session, session.get_one(type(proposal), proposal.id))["printed"] == 2


def test_a_statement_is_printed_with_its_code_and_the_same_bytes_again(app, world, session):
    _agreements, _proposal, job = confirmed(world, 1)
    with on_day(OCTOBER):
        work(app, job.id)
    session.expire_all()
    statement = session.scalars(sa.select(Statement)).one()
    kept = documents.content(session, statement.document)
    one = frozen(statement)
    with app.app_context():
        address = papers.verify_url(one.code)
    again = render_statement(
        one.data, one.template_text, number=one.number, verify_url=address, made_at=one.made_at
    )
    assert again.pdf == kept and again.pages == statement.pages
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(kept)).pages).replace("\n", "")
    for said in ("DZ-2026Q3-000001", "2026年第三季度", "200.00", "贰佰元整", "10,000.00", world.second.name):
        assert said in words, said
    assert "往来账确认" not in words


def test_nothing_is_released_in_the_name_of_who_confirms_for_another_office_by_now(
    app, world, session, make, monkeypatch
):
    monkeypatch.setattr(quarters, "render_statement", quick)
    _agreements, _proposal, job = confirmed(world, 1)
    elsewhere = make.region()
    session.execute(sa.update(Grant).where(Grant.user_id == world.second.id).values(region_id=elsewhere.id))
    session.commit()
    with on_day(OCTOBER):
        work(app, job.id)
    session.expire_all()
    found = session.get_one(Job, job.id)
    assert (found.state, "for this office" in found.error) == (JobState.FAILED, True)
    assert session.scalars(sa.select(FundRelease)).all() == []
