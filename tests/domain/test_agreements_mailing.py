"""Originals by the hundred: in mailing order, each recorded once whatever happens, what cannot be printed told."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from portal.db import clock_at, now
from portal.domain.documents.models import Blob
from portal.domain.documents.services import content
from portal.domain.jobs import kept, services
from portal.domain.jobs.models import Job, JobFile, JobFilePiece, JobState
from portal.domain.price_protection import approval, letters, mailing, prints, steps
from portal.domain.price_protection.approval import Frozen
from portal.domain.price_protection.mailing import Form, Order
from portal.domain.price_protection.models import Agreement, AgreementEvent, AgreementPaper
from portal.domain.price_protection.trail.models import PaperKind
from portal.jobs import running
from portal.printing import batch, covering
from tests.domain.agreement_world import AgreementWorld
from tests.factories import Factory


def blank(pages: int, width: int = 500) -> bytes:
    """A PDF of empty pages, whose width tells one from another."""
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page(page_size=(width, 700))
        pdf.save(target, deterministic_id=True)
    return target.getvalue()


@dataclass(frozen=True)
class Paper:
    pdf: bytes
    pages: int
    seal: Any = None
    unsealed_because: Any = None


class Office(AgreementWorld):
    """An office with approved agreements whose originals are small but real PDFs."""

    def printable(self, city: str, width: int, pages: int = 3, **facts: Any) -> Agreement:
        agreement = self.submitted(self.add_distributor(city=city, **facts))

        def render(_frozen: Frozen) -> Paper:
            return Paper(blank(pages, width), pages)

        seen = approval.shown_sha256(self.session, agreement)
        approval.approve(self.session, self.manager, agreement, seen_sha256=seen, render=render)
        self.session.commit()
        return agreement


@pytest.fixture
def world(session: Session, make: Factory) -> Office:
    return Office(session, make)


@pytest.fixture
def asked(world: Office) -> Callable[..., Job]:
    def ask(*agreements: Agreement, **said: Any) -> Job:
        found = letters.of_agreements(world.session, world.author, ids=[one.id for one in agreements])
        wanted = Order([letter.id for letter in found], **{"has_list": False, **said})
        job = mailing.order(world.session, world.author, wanted)
        world.session.commit()
        return job

    return ask


@pytest.fixture(autouse=True)
def _a_short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list's look has tests of its own; here it is one page of 100 points."""

    def listed(letters: Any, **_facts: Any) -> list[bytes]:
        assert [one.recipient for one in letters] == ["李四"] * len(letters)
        return [blank(1, 100)]

    monkeypatch.setattr(batch, "covering_list", listed)


def work(app: Flask, job: Job, session: Session) -> Job:
    with app.app_context():
        running.perform(job.id, "test")
    session.rollback()
    session.refresh(job)
    return job


def data_of(session: Session, job: Job) -> bytes:
    file = kept.file_of(session, job.id)
    assert file is not None
    return b"".join(kept.pieces(session, file.id, file.pieces))


def widths(data: bytes) -> list[int]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [int(page.mediabox[2]) for page in pdf.pages]


def copies_printed(session: Session) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for event in session.scalars(sa.select(AgreementEvent).where(AgreementEvent.kind == "printed")):
        found.setdefault(event.agreement_id, []).append(event.params["copies"])
    return found


def test_originals_come_in_mailing_order_with_the_list_in_front(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    far = world.printable("温州市", 300, address="浙江省温州市示例路1号")
    second = world.printable("湖州市", 302, address="浙江省湖州市样板街2号")
    first = world.printable("湖州市", 301, address="浙江省湖州市样板街1号")
    job = work(app, asked(far, second, first, copies=3, has_list=True), session)
    assert job.state is JobState.DONE
    assert widths(data_of(session, job)) == [100, *[301] * 3, *[302] * 3, *[300] * 3]
    assert job.result["printed"] == 3
    assert job.result["pages"] == 10
    assert copies_printed(session) == {far.id: [3], second.id: [3], first.id: [3]}


def test_copies_lie_together_and_each_begins_on_a_sheet_where_that_is_asked_for(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    one, two = world.printable("甲市", 300), world.printable("乙市", 301, pages=2)
    job = asked(one, two, copies=2, has_list=True, repeats=True, fills_sheets=True)
    data = data_of(session, work(app, job, session))
    assert widths(data) == [100, 100, *[300] * 8, *[301] * 4]


def test_single_files_have_names_that_sort_and_the_bytes_on_file(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    one = world.printable("甲市", 300, name='示例 a/b:c*?"商贸"有限公司')
    two = world.printable("甲市", 301, name='示例 a/b:c*?"商贸"有限公司', address="浙江省甲市九号")
    job = work(app, asked(one, two, form=Form.ZIP, has_list=True), session)
    with zipfile.ZipFile(io.BytesIO(data_of(session, job))) as parcel:
        assert parcel.testzip() is None
        names = parcel.namelist()
        assert sorted(names)[0] == "0000 交寄清单.pdf"
        assert len(set(names)) == 3
        assert not set('\\/:*?"<>|').intersection("".join(names))
        for agreement in (one, two):
            [name] = [name for name in names if agreement.number in name]
            paper = session.scalars(sa.select(AgreementPaper).filter_by(agreement_id=agreement.id)).one()
            assert parcel.read(name) == content(session, paper.document)


def test_what_cannot_be_printed_is_told_with_what_to_do_and_the_others_are_printed(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    good = world.printable("甲市", 300)
    draft = world.draft(prices=[])
    waiting = world.submitted()
    back = world.printable("乙市", 301)
    steps.withdraw_approval(session, world.manager, back, "价格有误")
    given_up = world.draft()
    steps.void(session, world.author, given_up, "不再需要")
    session.commit()
    job = work(app, asked(good, draft, waiting, back, given_up), session)
    why = {row["id"]: row["why"] for row in job.result["refused"]}
    assert why == {
        draft.id: prints.DRAFT,
        waiting.id: prints.WAITING,
        back.id: prints.TAKEN_BACK,
        given_up.id: prints.VOID,
    }
    [told] = [row for row in job.result["refused"] if row["id"] == draft.id]
    assert told["points"]
    assert job.result["printed"] == 1
    assert copies_printed(session) == {good.id: [2]}
    assert widths(data_of(session, job)) == [300] * 3


def unguard(session: Session) -> None:
    """Let a piece of a file be changed, as nothing but a failing disk does."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    name = "document_blob_is_kept ON document_blob" if is_postgresql else "document_blob_no_update"
    session.execute(sa.text(f"DROP TRIGGER {name}"))


def test_a_damaged_original_is_not_printed(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    good, bad, changed = (
        world.printable(city, width) for city, width in (("甲", 300), ("乙", 301), ("丙", 302))
    )
    paper = session.scalars(sa.select(AgreementPaper).filter_by(agreement_id=bad.id)).one()
    unguard(session)
    session.execute(
        sa.update(Blob).where(Blob.sha256 == paper.document.sha256).values(data=b"%PDF-1.7 eaten")
    )
    paper = session.scalars(sa.select(AgreementPaper).filter_by(agreement_id=changed.id)).one()
    paper.payload = {**paper.payload, "values": {**paper.payload["values"], "rebate_rate": 990_000}}
    session.commit()
    job = work(app, asked(good, bad, changed), session)
    assert {(row["id"], row["why"]) for row in job.result["refused"]} == {
        (bad.id, prints.DAMAGED),
        (changed.id, prints.DAMAGED),
    }
    assert copies_printed(session) == {good.id: [2]}


class Killed(BaseException):
    """The worker is gone in the middle."""


def test_what_a_killed_worker_left_goes_on_and_nothing_is_recorded_twice(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK", 2)
    agreements = [world.printable(f"{place}市", 300 + place) for place in range(5)]
    job = asked(*agreements)
    put_in, turns = batch._put_in, []

    def dies(*given: Any) -> None:
        turns.append(1)
        if len(turns) == 2:
            raise Killed
        put_in(*given)

    monkeypatch.setattr(batch, "_put_in", dies)
    with pytest.raises(Killed):
        work(app, job, session)
    session.rollback()
    session.refresh(job)
    assert (job.state, job.done) == (JobState.RUNNING, 4)
    assert len(copies_printed(session)) == 4
    # Meanwhile one of those on record is taken back: its paper must not go to the post.
    steps.withdraw_approval(session, world.manager, agreements[1], "价格有误")
    session.commit()
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        assert services.sweep(session) == [job.id]
        session.commit()
        job = work(app, job, session)
    assert job.state is JobState.DONE
    assert copies_printed(session) == {agreement.id: [2] for agreement in agreements}
    assert widths(data_of(session, job)) == [300] * 3 + [302] * 3 + [303] * 3 + [304] * 3
    assert [(row["id"], row["why"]) for row in job.result["refused"]] == [
        (agreements[1].id, prints.WITHDRAWN)
    ]


def test_a_file_that_was_half_put_in_is_put_in_anew(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PIECE", 100)
    monkeypatch.setattr(kept, "_AT_ONCE", 2)
    agreement = world.printable("甲市", 300)
    job = asked(agreement)

    def dies(_session: Session, run: Any, *_given: Any) -> Any:
        run.progress = die
        return finish(_session, run, *_given)

    def die(**_facts: Any) -> bool:
        raise Killed

    finish = batch._finish
    monkeypatch.setattr(batch, "_finish", dies)
    with pytest.raises(Killed):
        work(app, job, session)
    session.rollback()
    assert kept.file_of(session, job.id) is None
    monkeypatch.setattr(batch, "_finish", finish)
    with clock_at(now() + services.LEASE + timedelta(seconds=1)):
        services.sweep(session)
        session.commit()
        job = work(app, job, session)
        assert widths(data_of(session, job)) == [300] * 3
    assert len(session.scalars(sa.select(JobFile)).all()) == 1
    assert copies_printed(session) == {agreement.id: [2]}


def test_cancelled_the_file_holds_what_was_printed_by_then(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK", 2)
    agreements = [world.printable(f"{place}市", 300 + place) for place in range(5)]
    job = asked(*agreements)
    put_in = batch._put_in

    def cancels(*given: Any) -> None:
        put_in(*given)
        with app.app_context():
            session.execute(sa.update(Job).values(cancel_asked_at=now(), cancel_asked_by_id=world.author.id))
            session.commit()

    monkeypatch.setattr(batch, "_put_in", cancels)
    job = work(app, job, session)
    assert job.state is JobState.CANCELLED
    assert (job.result["printed"], job.result["left"]) == (4, 1)
    assert widths(data_of(session, job)) == [width for width in (300, 301, 302, 303) for _page in range(3)]
    assert copies_printed(session) == {agreement.id: [2] for agreement in agreements[:4]}


def test_nothing_is_printed_for_somebody_who_may_no_longer_print(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    job = asked(world.printable("甲市", 300))
    world.author.deactivated_at = now()
    session.commit()
    assert work(app, job, session).state is JobState.FAILED
    assert copies_printed(session) == {}


def test_files_go_after_a_week_and_with_their_task(
    app: Flask, session: Session, world: Office, asked: Callable[..., Job]
) -> None:
    job = work(app, asked(world.printable("甲市", 300)), session)
    services.sweep(session)
    session.commit()
    assert kept.file_of(session, job.id) is not None
    with clock_at(now() + kept.KEPT + timedelta(minutes=1)):
        assert kept.file_of(session, job.id) is None
        services.sweep(session)
        session.commit()
    assert session.scalars(sa.select(JobFilePiece)).all() == []
    assert job.state is JobState.DONE


def test_offices_nobody_sees_are_left_out_of_the_letters(
    session: Session, world: Office, make: Factory
) -> None:
    agreement = world.printable("甲市", 300)
    other = make.user(world.author.grants[0].role, make.region("华南示例大区"))
    session.commit()
    assert letters.of_agreements(session, other, ids=[agreement.id]) == []
    assert [letter.id for letter in letters.of_agreements(session, world.author)] == [agreement.id]
    ready, refused = prints.take(session, other, [agreement.id])
    assert ready == []
    assert [row.why for row in refused] == [prints.ELSEWHERE]


@pytest.mark.parametrize(("rows", "parts"), [(1, 1), (40, 1), (41, 2), (90, 3)])
def test_the_list_numbers_its_rows_on_from_part_to_part(
    rows: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Any] = []

    def render(job: Any) -> tuple[bytes, int]:
        jobs.append(job)
        return b"", 2

    monkeypatch.setattr(covering.pool, "render", render)
    listed = [
        letters.Addressed(
            letters.Letter(
                no,
                f"P-{no}",
                PaperKind.AGREEMENT,
                no,
                None,
                steps.Status.APPROVED,
                1,
                f"第{no // 30}大区",
                "示例<商贸>😀",
                1,
                6,
            ),
            "示例路1号",
            "李四",
            "0572-55550102",
        )
        for no in range(rows)
    ]
    facts = {"company": "示例公司", "by": "王示范", "copies": 2, "made_at": now()}
    assert len(list(covering.covering_list(listed, **facts))) == parts
    text = "".join(job.html for job in jobs)
    assert [f"<td>{no}</td><td>P-{no - 1}</td>" in text for no in range(1, rows + 1)] == [True] * rows
    assert text.count("快递单号") == parts
    assert text.count("交寄人") == text.count("<h1>") == 1
    assert "示例&lt;商贸&gt;〓" in text
    assert [f"counter-reset: page {1 + 2 * part} " in jobs[part].html for part in range(parts)] == [
        True
    ] * parts
