"""Amendments and notices on the way that agreements go: sealed, sent, signed or served, filed (P1b)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.deeds import base, life, serving, signing
from portal.domain.price_protection.models import AgreementEvent, Service
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail import packing, posting, queries, returning, sealing
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import PaperKind, PaperTrail, Seal, Stage
from portal.domain.price_protection.trail.originals import originals
from portal.domain.price_protection.trail.queries import TrailFilter
from tests.domain.deed_world import DeedWorld


class Office(DeedWorld):
    """The world of amendments and notices with a keeper of seals."""

    def __init__(self, session, make):
        super().__init__(session, make)
        self.keeper = make.user(Role.FINANCE)

    def trail(self, deed) -> int:
        return of_paper(self.session, base.current_paper(deed)).id

    def original(self, deed):
        (found,) = originals(self.session, self.author, [self.trail(deed)])
        return found

    def printed(self, deed, copies=2):
        life.record_print(self.session, self.author, deed, copies)
        self.session.commit()
        return deed

    def sealed(self, *trails, copies=2):
        made = sealing.ask(
            self.session,
            self.author,
            dict.fromkeys(trails, copies),
            seal=Seal.CONTRACT,
            purpose="年度文件",
        )
        sealing.grant(self.session, self.keeper, made)
        sealing.seal(self.session, self.keeper, made)
        self.session.commit()
        return made

    def sent(self, *trails, copies=2, tracking="SF0000000000001"):
        self.sealed(*trails, copies=copies)
        (parcel,) = packing.pack(self.session, self.author, dict.fromkeys(trails, copies))
        posting.send(self.session, self.author, parcel, today(), courier="顺丰速运", tracking=tracking)
        self.session.commit()
        return parcel


@pytest.fixture
def office(session, make):
    return Office(session, make)


def refused(work, *args, **said):
    with pytest.raises(DomainError) as caught:
        work(*args, **said)
    return str(caught.value)


def test_an_amendment_goes_out_twice_comes_back_once_and_is_filed(office):
    s = office.session
    deed = office.printed(office.approved_amendment())
    trail = office.trail(deed)
    parcel = office.sent(trail)
    assert [(row.copies, row.expected) for row in parcel.rows] == [(2, 1)]
    assert "not signed yet" in refused(returning.put_away, s, office.author, [trail], "B-1")
    s.rollback()
    returning.take_back(s, office.author, {trail: 1}, today())
    signing.sign(s, office.author, deed, today())
    assert [one.number for one in returning.put_away(s, office.author, [trail], "B-1")] == [deed.title]
    s.commit()
    assert (office.original(deed).stage, office.original(deed).trail.cabinet) == (Stage.FILED, "B-1")
    told = s.execute(
        sa.select(AgreementEvent.kind, AgreementEvent.params)
        .where(AgreementEvent.agreement_id == deed.agreement_id, AgreementEvent.kind.in_(("sealed", "paper_filed")))
        .order_by(AgreementEvent.id)
    ).all()  # fmt: skip
    assert [(kind, params["original"], params["deed"]) for kind, params in told] == [
        ("sealed", deed.title, deed.id),
        ("paper_filed", deed.title, deed.id),
    ]


def test_a_notice_stays_there_until_its_service_is_recorded_and_then_its_proof_is_filed(office):
    s = office.session
    deed = office.printed(office.approved_notice(), copies=1)
    trail = office.trail(deed)
    parcel = office.sent(trail, copies=1)
    assert [(row.copies, row.expected) for row in parcel.rows] == [(1, 0)]
    assert office.original(deed).stage is Stage.SENT
    posting.deliver(s, office.author, parcel, today())
    assert "stays with its recipient" in refused(returning.take_back, s, office.author, {trail: 1}, today())
    assert "stays with its recipient" in refused(returning.correct_back, s, office.author, trail, 0, "数错")
    assert "not served yet" in refused(returning.put_away, s, office.author, [trail], "B-2")
    s.rollback()
    posting.deliver(s, office.author, parcel, today())
    serving.serve(s, office.author, deed, served_on=today(), how=Service.COURIER, note="顺丰 SF0000000000001")
    s.commit()
    found = office.original(deed)
    assert (found.stage, found.trail.back_on) == (Stage.BACK, today())
    returning.put_away(s, office.author, [trail], "B-2")
    s.commit()
    assert office.original(deed).stage is Stage.FILED


def test_who_approved_a_notice_first_or_second_does_not_seal_it(office):
    s = office.session
    deed = office.printed(office.approved_notice(), copies=1)
    made = sealing.ask(s, office.author, {office.trail(deed): 1}, seal=Seal.CONTRACT, purpose="终止通知")
    for user in (office.manager, office.director):
        s.add(type(user.grants[0])(user_id=user.id, role=Role.FINANCE, region_id=office.region.id))
        s.commit()
        s.refresh(user)
        assert "You approved one of these papers" in refused(sealing.grant, s, user, made)
    sealing.grant(s, office.keeper, made)


def test_a_withdrawn_amendment_is_neither_sealed_nor_sent(office):
    s = office.session
    deed = office.printed(office.approved_amendment())
    trail = office.trail(deed)
    life.withdraw_approval(s, office.manager, deed, "数字有误")
    s.commit()
    (found,) = originals(s, office.author, [trail])
    assert "approval of" in str(found.why_not_seal(Seal.CONTRACT))
    assert queries.stage_counts(s, office.author, PaperKind.AMENDMENT) == {}


def test_one_list_holds_all_three_kinds_and_is_narrowed_to_one(office):
    s = office.session
    amended = office.printed(office.approved_amendment())
    noticed = office.printed(office.approved_notice(), copies=1)
    agreement = amended.agreement

    def listed(**said):
        rows = s.execute(queries.original_rows(s, office.author, TrailFilter(**said))).all()
        return {(row.kind, row.number, row.is_waiting, row.is_printed, row.has_scan) for row in rows}

    assert {kind for kind, *_ in listed()} == set(PaperKind) - {PaperKind.STATEMENT}
    assert listed(kind=PaperKind.AMENDMENT) == {(PaperKind.AMENDMENT, amended.title, True, True, False)}
    assert listed(kind=PaperKind.NOTICE) == {(PaperKind.NOTICE, noticed.number, True, True, False)}
    # Whoever looks for an agreement finds its amendment with it; both deeds wait for their seal.
    assert {number for _kind, number, *_ in listed(q=agreement.number)} == {agreement.number, amended.title}
    assert {kind for kind, *_ in listed(stage=Stage.NONE)} == {PaperKind.AMENDMENT, PaperKind.NOTICE}
    assert queries.stage_counts(s, office.author, PaperKind.NOTICE) == {Stage.NONE: 1}
    assert (
        s.execute(queries.original_rows(s, office.make.user(Role.SALESPERSON, office.make.region()))).all()
        == []
    )


def test_an_agreement_and_its_amendment_travel_in_one_parcel_and_are_asked_after_together(office):
    s = office.session
    deed = office.printed(office.approved_amendment())
    steps.record_print(s, office.author, deed.agreement, 2)
    s.commit()
    both = [of_paper(s, current_paper(deed.agreement)).id, office.trail(deed)]
    parcel = office.sent(*both)
    assert len(parcel.rows) == 2
    s.execute(sa.update(PaperTrail).values(sent_on=today() - timedelta(days=12)))
    (debt,) = queries.out_by_owner(s, office.author, TrailFilter(), 10)
    assert (debt.count, debt.overdue) == (2, 2)
    (debt,) = queries.out_by_owner(s, office.author, TrailFilter(kind=PaperKind.AMENDMENT), 10)
    assert debt.count == 1
