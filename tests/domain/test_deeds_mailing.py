"""Amendments and notices by the hundred: in mailing order with the agreements, each recorded on its own."""

import io
import zipfile

import pikepdf
import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.jobs import kept
from portal.domain.price_protection import letters, mailing, prints
from portal.domain.price_protection.deeds import base, life
from portal.domain.price_protection.mailing import Form, Order
from portal.domain.price_protection.models import AgreementEvent
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import PaperKind
from portal.jobs import running
from portal.printing import batch
from tests.domain.agreement_world import FakePrint
from tests.domain.deed_world import DeedWorld


def blank(pages, width):
    """A PDF of empty pages, whose width tells one from another."""
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page(page_size=(width, 700))
        pdf.save(target, deterministic_id=True)
    return target.getvalue()


class Office(DeedWorld):
    """Deeds whose originals are small but real PDFs."""

    def original(self, deed, width=None):
        """The original's id; with a width, of a submitted deed that is approved first."""
        if width is not None:
            approvers = (
                [self.manager] if deed.__class__.__name__ == "Amendment" else [self.manager, self.director]
            )
            for approver in approvers:
                life.approve(
                    self.session,
                    approver,
                    deed,
                    seen_sha256=self.seen(deed),
                    render=lambda _frozen: FakePrint(blank(1, width), 1),
                )
                self.session.commit()
        return of_paper(self.session, base.current_paper(deed)).id


@pytest.fixture
def office(session, make):
    return Office(session, make)


@pytest.fixture(autouse=True)
def _a_short_list(monkeypatch):
    """The list's look has tests of its own; here it is one page of 100 points."""

    def listed(told, **_facts):
        assert [one.recipient for one in told] == ["李四"] * len(told)
        return [blank(1, 100)]

    monkeypatch.setattr(batch, "covering_list", listed)


def done(app, office, **said):
    """Order these originals, let the task run, give the job and its file."""
    job = mailing.order(office.session, office.author, Order(**said, is_of_originals=True))
    office.session.commit()
    with app.app_context():
        running.perform(job.id, "test")
    office.session.rollback()
    office.session.refresh(job)
    file = kept.file_of(office.session, job.id)
    return job, b"".join(kept.pieces(office.session, file.id, file.pieces)) if file else b""


def test_amendments_and_notices_come_as_one_file_in_mailing_order_with_the_list(app, office):
    s = office.session
    far = office.signed(office.add_distributor(city="温州市", address="浙江省温州市示例路1号"))
    near = office.signed(office.add_distributor(city="湖州市", address="浙江省湖州市样板街2号"))
    amended_far = office.original(office.submitted_amendment(far), 300)
    noticed_near = office.original(office.submitted_notice(near), 301)
    amended_near = office.original(office.submitted_amendment(near), 302)
    found = letters.of_originals(s, office.author, [amended_far, noticed_near, amended_near])
    # The amendment PPA-…-S1 stands before the notice TZ-… of the same company; Huzhou before Wenzhou.
    assert [letter.id for letter in found] == [amended_near, noticed_near, amended_far]
    assert [letter.kind for letter in found] == [PaperKind.AMENDMENT, PaperKind.NOTICE, PaperKind.AMENDMENT]
    job, data = done(app, office, ids=[letter.id for letter in found], copies=2, repeats=True)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [int(page.mediabox[2]) for page in pdf.pages] == [100, 302, 302, 301, 301, 300, 300]
    assert (job.result["printed"], job.result["refused"], mailing.rest(s, job)) == (3, [], [])
    kinds = s.scalars(
        sa.select(AgreementEvent.kind)
        .where(AgreementEvent.kind.endswith("_printed"))
        .order_by(AgreementEvent.id)
    ).all()
    assert kinds == ["amendment_printed", "notice_printed", "amendment_printed"]
    assert mailing.is_readable(s, office.manager, job)
    assert not mailing.is_readable(s, office.make.user(Role.SALESPERSON, office.make.region()), job)


def test_each_is_a_file_of_its_own_in_a_zip(app, office):
    amended = office.original(office.submitted_amendment(), 300)
    _job, data = done(app, office, ids=[amended], form=Form.ZIP, has_list=False)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
    assert name.startswith("0001 PPA-") and "-S1 " in name


def test_what_was_superseded_or_damaged_is_told_and_the_rest_is_printed(app, office):
    s = office.session
    good = office.original(office.submitted_amendment(), 300)
    taken_back = office.submitted_amendment()
    superseded = office.original(taken_back, 301)
    broken = office.submitted_notice()
    damaged = office.original(broken, 302)
    life.withdraw_approval(s, office.manager, taken_back, "数字有误")
    paper = base.current_paper(broken)
    paper.payload = {**paper.payload, "values": {**paper.payload["values"], "notice_number": "TZ-X"}}
    s.commit()
    assert [one.is_ready for one in letters.of_originals(s, office.author, [superseded])] == [False]
    job, _data = done(app, office, ids=[good, superseded, damaged], has_list=False)
    assert job.result["printed"] == 1
    assert {row["id"]: row["why"] for row in job.result["refused"]} == {
        superseded: prints.SUPERSEDED,
        damaged: prints.DAMAGED,
    }
    assert set(mailing.rest(s, job)) == {superseded, damaged}
    assert mailing.withdrawn_since(s, office.author, job) == []


def test_one_whose_approval_is_withdrawn_after_printing_is_asked_back(app, office):
    s = office.session
    deed = office.submitted_amendment()
    printed = office.original(deed, 300)
    job, _data = done(app, office, ids=[printed], has_list=False)
    life.withdraw_approval(s, office.manager, deed, "数字有误")
    s.commit()
    (found,) = mailing.withdrawn_since(s, office.author, job)
    assert (found.number, found.deed_id) == (deed.title, deed.id)


def test_agreements_and_deeds_go_into_one_file_and_other_offices_are_left_out(app, office):
    s = office.session
    deed = office.submitted_amendment()
    amended = office.original(deed, 300)
    agreement = of_paper(s, current_paper(deed.agreement)).id
    found = letters.of_originals(s, office.author, [amended, agreement])
    assert [letter.id for letter in found] == [agreement, amended]
    stranger = office.make.user(Role.SALESPERSON, office.make.region())
    assert letters.of_originals(s, stranger, [amended, agreement]) == []
    ready, refused = prints.take(s, stranger, [amended], is_of_originals=True)
    assert (ready, [row.why for row in refused]) == ([], [prints.ELSEWHERE])
