"""The way of an original: sealed by another hand, sent, returned, filed; and what is refused on it (P1b)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import ROLE_PERMISSIONS, Permission, Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps
from portal.domain.price_protection.models import AgreementEvent
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail import courier, packing, posting, queries, returning, sealing, todos
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.courier import Outcome
from portal.domain.price_protection.trail.models import (
    SEAL_MOVES,
    PaperTrail,
    Parcel,
    Seal,
    SealApplication,
    SealStatus,
    Stage,
)
from portal.domain.price_protection.trail.originals import held, originals
from portal.domain.price_protection.trail.queries import TrailFilter
from portal.domain.price_protection.trail.reminders import Reminders, change_reminders, reminders
from portal.domain.tabular import read_table
from tests.domain.agreement_world import PDF, AgreementWorld


class Office(AgreementWorld):
    """The world of agreements with a keeper of seals."""

    def __init__(self, session, make):
        super().__init__(session, make)
        self.keeper = make.user(Role.COUNSEL)

    def printed(self, copies=2, **facts):
        agreement = self.approved(**facts)
        steps.record_print(self.session, self.author, agreement, copies)
        self.session.commit()
        return agreement

    def paper(self, agreement):
        return of_paper(self.session, current_paper(agreement)).id

    def asked(self, *agreements, copies=2, seal=Seal.CONTRACT, by=None):
        wanted = {self.paper(agreement): copies for agreement in agreements}
        made = sealing.ask(self.session, by or self.author, wanted, seal=seal, purpose="年度价格保护协议")
        self.session.commit()
        return made

    def sealed(self, *agreements, copies=2):
        application = self.asked(*agreements, copies=copies)
        sealing.grant(self.session, self.keeper, application)
        sealing.seal(self.session, self.keeper, application)
        self.session.commit()
        return application

    def packed(self, *agreements, copies=2):
        found = packing.pack(
            self.session, self.author, {self.paper(agreement): copies for agreement in agreements}
        )
        self.session.commit()
        return found

    def sent(self, agreement, on=None, tracking="SF0000000000001"):
        self.sealed(agreement)
        (parcel,) = self.packed(agreement)
        posting.send(self.session, self.author, parcel, on or today(), courier="顺丰速运", tracking=tracking)
        self.session.commit()
        return parcel

    def stage(self, agreement):
        (found,) = originals(self.session, self.keeper, [self.paper(agreement)])
        return found.stage


@pytest.fixture
def office(session, make):
    return Office(session, make)


def refused(work, *args, **said):
    with pytest.raises(DomainError) as caught:
        work(*args, **said)
    return str(caught.value)


def test_an_original_goes_from_seal_to_cabinet_and_every_step_is_on_record(office):
    s, agreement = office.session, office.printed()
    assert office.stage(agreement) is Stage.NONE
    application = office.asked(agreement)
    assert office.stage(agreement) is Stage.ASKED
    sealing.grant(s, office.keeper, application)
    assert office.stage(agreement) is Stage.TO_SEAL
    sealing.seal(s, office.keeper, application)
    assert office.stage(agreement) is Stage.SEALED
    (parcel,) = office.packed(agreement)
    assert office.stage(agreement) is Stage.PACKED
    posting.send(s, office.author, parcel, today(), courier="EMS", tracking="ＥＭ 123 456")
    assert (office.stage(agreement), parcel.tracking) == (Stage.SENT, "EM123456")
    posting.deliver(s, office.author, parcel, today())
    returning.take_back(s, office.author, {office.paper(agreement): 1}, today())
    assert office.stage(agreement) is Stage.BACK
    steps.sign(s, office.author, agreement, today())
    assert returning.put_away(
        s, office.author, [office.paper(agreement)], " A-03-12 "
    )  # no scan yet: it says so
    s.commit()
    (found,) = originals(s, office.author, [office.paper(agreement)])
    assert (found.stage, found.trail.cabinet) == (Stage.FILED, "A-03-12")
    kinds = [
        "seal_asked", "sealed", "packed", "paper_sent", "paper_delivered", "paper_back", "signed", "paper_filed"
    ]  # fmt: skip
    events = s.scalars(
        sa.select(AgreementEvent)
        .where(AgreementEvent.agreement_id == agreement.id, AgreementEvent.kind.in_(kinds))
        .order_by(AgreementEvent.id)
    ).all()
    assert [event.kind for event in events] == kinds
    audited = set(s.scalars(sa.select(AuditEvent.action)))
    assert audited >= {f"agreement.{kind}" for kind in kinds} | {
        "seal_application.asked", "seal_application.granted", "seal_application.sealed",
        "parcel.packed", "parcel.sent", "parcel.delivered",
    }  # fmt: skip


def test_only_what_is_approved_and_printed_is_sealed_and_no_more_copies_than_were_printed(office):
    s = office.session
    unprinted, printed = office.approved(), office.printed(copies=2)
    assert "has not been printed" in refused(office.asked, unprinted)
    assert "1 to 2 copies" in refused(office.asked, printed, copies=3)
    s.rollback()
    office.asked(printed, copies=1)
    assert "1 to 1 copies" in refused(office.asked, printed, copies=2)
    s.rollback()
    office.asked(printed, copies=1)
    assert "already asked for" in refused(office.asked, printed, copies=1)
    s.rollback()
    # Another seal is another matter.
    assert office.asked(printed, copies=2, seal=Seal.LEGAL_REP).status is SealStatus.ASKED


def test_an_application_is_all_or_nothing(office):
    office.session.commit()
    good, bad = office.printed(), office.approved()
    refused(office.asked, good, bad)
    office.session.rollback()
    assert office.session.scalar(sa.select(sa.func.count()).select_from(SealApplication)) == 0
    assert office.stage(good) is Stage.NONE


def test_who_asks_who_approves_the_agreement_and_who_seals_are_different_people(office):
    s, agreement = office.session, office.printed()
    application = office.asked(agreement)
    assert "keeper" in refused(sealing.grant, s, office.author, application)
    assert "keeper" in refused(sealing.grant, s, office.manager, application)
    elsewhere = office.make.user(Role.FINANCE, office.make.region())
    assert "keeper" in refused(sealing.grant, s, elsewhere, application)
    both = office.make.user(Role.COUNSEL)
    office.make.session.add(type(both.grants[0])(user_id=both.id, role=Role.SALESPERSON, region_id=1))
    s.commit()
    s.refresh(both)
    own = office.asked(office.printed(), by=both)
    assert "You asked for this seal" in refused(sealing.grant, s, both, own)
    # Who approved the agreement does not seal it, whatever other roles that person has.
    s.add(type(both.grants[0])(user_id=office.manager.id, role=Role.FINANCE, region_id=office.region.id))
    s.commit()
    s.refresh(office.manager)
    assert "You approved one of these" in refused(sealing.grant, s, office.manager, application)
    sealing.grant(s, office.keeper, application)
    for role, given in ROLE_PERMISSIONS.items():
        keeps = Permission.SEALS_KEEP in given
        assert not (keeps and given & {Permission.AGREEMENTS_WRITE, Permission.AGREEMENTS_APPROVE}), role


@pytest.mark.parametrize("status", list(SealStatus))
def test_an_application_makes_only_its_legal_moves(status):
    for wanted in SealStatus:
        application = SealApplication(number="YY-1", status=status)
        if wanted in SEAL_MOVES[status]:
            application.move_to(wanted)
            assert application.status is wanted
        else:
            refused(application.move_to, wanted)


def test_nothing_is_sealed_before_the_keeper_approved_and_a_refusal_frees_the_copies(office):
    s, agreement = office.session, office.printed()
    application = office.asked(agreement)
    assert "not approved yet" in refused(sealing.seal, s, office.keeper, application)
    assert "Enter the reason" in refused(sealing.refuse, s, office.keeper, application, "  ")
    sealing.refuse(s, office.keeper, application, "份数有误")
    s.commit()
    assert office.stage(agreement) is Stage.NONE
    refused(sealing.seal, s, office.keeper, application)
    again = office.asked(agreement)
    sealing.withdraw(s, office.author, again, "重新整理")
    s.commit()
    assert office.stage(agreement) is Stage.NONE
    assert "Only who asked" in refused(sealing.withdraw, s, office.manager, office.asked(agreement), "x")


def test_what_was_superseded_meanwhile_is_left_out_before_the_rest_is_sealed(office):
    s = office.session
    stays, goes = office.printed(), office.printed()
    application = office.asked(stays, goes)
    row = next(row for row in application.rows if row.trail_id == office.paper(goes))
    steps.withdraw_approval(s, office.manager, goes, "返利率有误")
    s.commit()
    assert "withdrawn meanwhile" in refused(sealing.grant, s, office.keeper, application)
    s.rollback()
    sealing.leave_out(s, office.keeper, application, row, "已撤回审批")
    sealing.grant(s, office.keeper, application)
    sealing.seal(s, office.keeper, application)
    s.commit()
    assert office.stage(stays) is Stage.SEALED
    last = next(row for row in application.rows if row.left_out_at is None)
    refused(sealing.leave_out, s, office.author, application, last, "x")


def test_what_was_printed_again_is_not_proposed_to_be_sealed_again(office):
    s, agreement = office.session, office.printed()  # two copies, as it says
    for _turn in range(2):
        steps.record_print(s, office.author, agreement, 2)
    s.commit()
    (original,) = held(s, [office.paper(agreement)])
    assert (original.copies_to_seal(Seal.CONTRACT), original.copies_proposed(Seal.CONTRACT)) == (6, 2)
    office.asked(agreement, copies=1)
    (original,) = held(s, [office.paper(agreement)])
    assert (original.copies_to_seal(Seal.CONTRACT), original.copies_proposed(Seal.CONTRACT)) == (5, 1)
    assert original.copies_proposed(Seal.COMPANY) == 2
    office.asked(agreement, copies=1)
    (original,) = held(s, [office.paper(agreement)])
    assert original.copies_proposed(Seal.CONTRACT) == 2


def test_a_copy_that_bears_two_seals_is_one_copy_and_a_lost_one_is_gone_under_both(office):
    s, agreement = office.session, office.printed(copies=4)

    def sealed(seal: Seal, copies: int) -> int:
        application = office.asked(agreement, copies=copies, seal=seal)
        sealing.grant(s, office.keeper, application)
        sealing.seal(s, office.keeper, application)
        s.commit()
        return s.scalar(sa.select(PaperTrail.sealed_copies)) or 0

    assert sealed(Seal.LEGAL_REP, 4) == 0
    assert sealed(Seal.CONTRACT, 2) == 2
    assert sealed(Seal.COMPANY, 2) == 2
    (parcel,) = office.packed(agreement, copies=2)
    posting.send(s, office.author, parcel, today(), courier="EMS", tracking="EM000009")
    posting.cancel(s, office.author, parcel, "快递丢失", is_lost=True)
    s.commit()
    assert sealed(Seal.COMPANY, 1) == 1
    assert sealed(Seal.CONTRACT, 2) == 2
    assert "1 to 2 copies" in refused(office.packed, agreement, copies=3)


def test_every_copy_of_a_superseded_original_is_to_come_back(office):
    s, agreement = office.session, office.printed()
    office.sent(agreement)  # two copies, one of which was to come back
    trail = s.get(PaperTrail, office.paper(agreement))
    assert (trail.sent_copies, trail.expected_copies) == (2, 1)
    steps.withdraw_approval(s, office.manager, agreement, "返利率有误")
    s.commit()
    assert (trail.expected_copies, trail.stage) == (2, Stage.SENT)
    returning.take_back(s, office.author, {trail.id: 1}, today())
    assert trail.stage is Stage.SENT
    returning.take_back(s, office.author, {trail.id: 1}, today())
    assert trail.stage is Stage.BACK


def test_what_is_not_sealed_is_not_sent_and_what_was_not_sent_does_not_come_back(office):
    s, agreement = office.session, office.printed()
    assert "not sealed yet" in refused(office.packed, agreement)
    office.sealed(agreement)
    assert "1 to 2 copies" in refused(office.packed, agreement, copies=3)
    s.rollback()
    paper = office.paper(agreement)
    assert "was not sent" in refused(returning.take_back, s, office.author, {paper: 1}, today())
    (parcel,) = office.packed(agreement)
    assert "already in a parcel" in refused(office.packed, agreement)
    assert "needs a courier" in refused(posting.send, s, office.author, parcel, today())
    s.rollback()
    tomorrow = today() + timedelta(days=1)
    assert "future" in refused(
        posting.send, s, office.author, parcel, tomorrow, courier="EMS", tracking="EM000001"
    )
    s.rollback()
    posting.send(s, office.author, parcel, today(), courier="EMS", tracking="EM000001")
    assert "1 to 2 copies" in refused(returning.take_back, s, office.author, {paper: 3}, today())
    yesterday = today() - timedelta(days=1)
    assert "cannot be before" in refused(returning.take_back, s, office.author, {paper: 1}, yesterday)


def test_several_agreements_with_one_company_go_in_one_parcel(office):
    one = office.add_distributor(province="浙江省", city="湖州市")
    first, second, other = office.printed(distributor=one), None, office.printed()
    second = office.printed(
        distributor=one,
        effective_on=today() + timedelta(days=356),
        expires_on=today() + timedelta(days=700),
    )
    office.sealed(first, second, other)
    parcels = office.packed(first, second, other)
    assert sorted(len(parcel.rows) for parcel in parcels) == [1, 2]
    shared = next(parcel for parcel in parcels if len(parcel.rows) == 2)
    assert (shared.recipient, shared.phone) == ("李四", "0572-55550102")
    assert shared.address == "浙江省湖州市吴兴区样板街2号"
    assert [row.expected for row in shared.rows] == [1, 1]
    assert len({parcel.number for parcel in parcels}) == 2


def test_a_second_parcel_for_a_company_is_the_open_one_when_that_is_asked_for(office):
    s, company = office.session, office.add_distributor()
    one, other, third = (
        office.printed(
            distributor=company,
            effective_on=today() + timedelta(days=100 * turn),
            expires_on=today() + timedelta(days=100 * turn + 99),
        )
        for turn in range(3)
    )
    office.sealed(one, other, third)
    (first,) = office.packed(one)
    assert packing.open_parcels(s, [office.paper(other)]) == [first]
    (same,) = packing.pack(s, office.author, {office.paper(other): 2}, is_added=True)
    s.commit()
    assert same.id == first.id and [row.copies for row in same.rows] == [2, 2]
    (second,) = office.packed(third)
    assert second.id != first.id
    for parcel, number in ((first, "SF000000001"), (second, "SF000000002")):
        posting.send(s, office.author, parcel, today(), courier="顺丰速运", tracking=number)
    s.commit()
    assert packing.open_parcels(s, [office.paper(other)]) == []
    assert {"parcel.packed", "parcel.added_to"} <= set(s.scalars(sa.select(AuditEvent.action)))


def test_a_parcel_that_is_lost_takes_its_copies_with_it_and_an_undelivered_one_brings_them_back(office):
    s, lost, back = office.session, office.printed(), office.printed()
    gone = office.sent(lost, tracking="SF000001")
    home = office.sent(back, tracking="SF000002")
    posting.cancel(s, office.author, gone, "快递丢失", is_lost=True)
    posting.cancel(s, office.author, home, "拒收退回")
    s.commit()
    assert (office.stage(lost), office.stage(back)) == (Stage.NONE, Stage.SEALED)
    assert "already asked for" in refused(office.asked, lost)  # it has to be printed again
    s.rollback()
    steps.record_print(s, office.author, lost, 2)
    office.sealed(lost)
    assert office.stage(lost) is Stage.SEALED
    # The number of a cancelled parcel is free again.
    (again,) = office.packed(back)
    posting.send(s, office.author, again, today(), courier="EMS", tracking="SF000002")


def test_filing_needs_a_signature_and_no_copy_that_is_still_out_but_no_scan(office):
    s, agreement = office.session, office.printed()
    office.sent(agreement)
    paper = office.paper(agreement)
    assert "not signed yet" in refused(returning.put_away, s, office.author, [paper], "A-1")
    steps.sign(s, office.author, agreement, today(), [("a.pdf", PDF)])
    s.commit()
    assert "still out" in refused(returning.put_away, s, office.author, [paper], "A-1")
    assert "cabinet number" in refused(returning.put_away, s, office.author, [paper], " ")
    s.rollback()
    returning.take_back(s, office.author, {paper: 1}, today())
    assert returning.put_away(s, office.author, [paper], "A-1") == []
    returning.put_away(s, office.author, [paper], "B-2")
    s.commit()
    assert s.scalar(sa.select(PaperTrail.cabinet)) == "B-2"
    # Signed at the table, it never went by post.
    at_the_table = office.signed()
    assert len(returning.put_away(s, office.author, [office.paper(at_the_table)], "C-3")) == 1


def test_a_wrongly_counted_return_is_put_right_with_both_figures_on_record(office):
    s, agreement = office.session, office.printed()
    office.sent(agreement)
    paper = office.paper(agreement)
    returning.take_back(s, office.author, {paper: 1}, today())
    returning.correct_back(s, office.author, paper, 0, "登记错行")
    s.commit()
    assert office.stage(agreement) is Stage.SENT
    event = s.scalars(sa.select(AgreementEvent).where(AgreementEvent.kind == "back_corrected")).one()
    assert (event.params["before"], event.params["copies"], event.reason) == (1, 0, "登记错行")


def test_a_list_of_the_courier_is_answered_row_by_row(office):
    s = office.session
    made = [office.printed() for _ in range(4)]
    office.sealed(*made)
    parcels = sorted(office.packed(*made), key=lambda parcel: parcel.number)
    one, two, three, four = (parcel.number for parcel in parcels)
    text = "\n".join(
        [
            "客户订单号,运单号,快递公司",
            f"{one},SF1000000001,顺丰速运",
            f"{two},SF1000000001,顺丰速运",
            "KD-1999-000001,SF1000000003,顺丰速运",
            f"{three.lower()},sf 1000 0000 04,",
            f"{three},SF1000000005,",
            f"{four},,",
            f"{four},no!,",
            ",SF1000000009,",
        ]
    )
    table = read_table(text.encode("gb18030"), "顺丰.csv", courier.SPEC)
    answers = courier.take_numbers(s, office.author, table, courier="中通快递", sent_on=today())
    s.commit()
    assert [answer.outcome for answer in answers] == [
        Outcome.SENT, Outcome.REFUSED, Outcome.REFUSED, Outcome.SENT,
        Outcome.REFUSED, Outcome.REFUSED, Outcome.REFUSED, Outcome.REFUSED,
    ]  # fmt: skip
    said = [str(answer.reason) for answer in answers if answer.reason]
    for part, reason in zip(
        ("already used in row 2", "no parcel KD-1999-000001", "already in row 5", "number is missing",
         "no courier number", "reference is missing"),
        said, strict=True,
    ):  # fmt: skip
        assert part in reason
    s.refresh(parcels[2])
    assert (parcels[2].tracking, parcels[2].courier) == ("SF1000000004", "中通快递")
    again = courier.take_numbers(s, office.author, table, sent_on=today())
    assert [answer.outcome for answer in again[:1]] == [Outcome.UNCHANGED]
    # Somebody else's office hears that there is no such parcel.
    stranger = office.make.user(Role.SALESPERSON, office.make.region())
    assert all(answer.outcome is Outcome.REFUSED for answer in courier.take_numbers(s, stranger, table))


def test_a_number_that_another_parcel_has_is_refused_and_leaves_nothing_behind(office):
    s = office.session
    office.sent(office.printed(), tracking="SF000001")
    agreement = office.printed()
    office.sealed(agreement)
    (parcel,) = office.packed(agreement)
    table = read_table(f"客户订单号,运单号\n{parcel.number},SF000001".encode(), "a.csv", courier.SPEC)
    (answer,) = courier.take_numbers(s, office.author, table, courier="EMS", sent_on=today())
    s.commit()
    assert "already on parcel" in str(answer.reason)
    s.refresh(parcel)
    assert (parcel.tracking, parcel.sent_on) == ("", None)


def test_what_is_not_back_is_listed_by_owner_with_the_days_since_it_was_sent(office):
    s = office.session
    other = office.make.user(Role.SALESPERSON, office.region, name="示例乙")
    office.sent(office.printed(), on=today() - timedelta(days=12), tracking="SF000001")
    office.sent(office.printed(), on=today() - timedelta(days=2), tracking="SF000002")
    theirs = office.add_distributor(owner=other)
    office.sent(office.printed(distributor=theirs), on=today() - timedelta(days=40), tracking="SF000003")
    found = queries.out_by_owner(s, office.manager, TrailFilter(), 10)
    assert [(row.owner, row.count, row.overdue) for row in found] == [
        ("示例乙", 1, 1), (office.author.name, 2, 1)
    ]  # fmt: skip
    assert (
        queries.out_by_owner(s, office.make.user(Role.FINANCE, office.make.region()), TrailFilter(), 10) == []
    )
    (mine,) = [todo for todo in todos.todos(s, office.author) if todo.endpoint == "papers.out"]
    assert (mine.params["count"], mine.params["days"]) == (1, 12)
    (late,) = todos.long_out(s, office.manager, reminders(s).manager_days)
    assert (late.params["count"], late.params["owners"]) == (1, 1)
    change_reminders(s, None, Reminders(20, 45))
    s.commit()
    assert reminders(s) == Reminders(20, 45)
    assert not [todo for todo in todos.todos(s, office.author) if todo.endpoint == "papers.out"]
    assert todos.long_out(s, office.manager, reminders(s).manager_days) == []
    assert "after the owner" in refused(change_reminders, s, None, Reminders(20, 10))


def test_an_application_waits_for_the_keepers_of_its_office_and_not_for_who_asked(office):
    s, agreement = office.session, office.printed()
    office.asked(agreement)
    elsewhere = office.make.user(Role.FINANCE, office.make.region())
    for user, count in ((office.keeper, 1), (office.author, 0), (elsewhere, 0), (office.manager, 0)):
        assert len([todo for todo in todos.todos(s, user) if todo.endpoint == "papers.application"]) == count


def test_an_original_is_found_by_cabinet_courier_number_and_company(office):
    s, agreement = office.session, office.printed()
    office.sent(agreement, tracking="SF7777777777")
    steps.sign(s, office.author, agreement, today())
    returning.take_back(s, office.author, {office.paper(agreement): 1}, today())
    returning.put_away(s, office.author, [office.paper(agreement)], "甲柜-03")
    s.commit()
    office.printed()
    for words in ("甲柜-03", "7777", agreement.number, agreement.distributor.name):
        rows = s.execute(queries.original_rows(s, office.author, TrailFilter(q=words))).all()
        assert [row.number for row in rows] == [agreement.number], words
    stages = queries.stage_counts(s, office.author)
    assert stages == {Stage.FILED: 1, Stage.NONE: 1}


def test_two_parcels_never_travel_under_one_number(office):
    """The database says so too."""
    s = office.session
    office.sent(office.printed(), tracking="SF000001")
    (parcel,) = s.scalars(sa.select(Parcel)).all()
    values = {c.name: getattr(parcel, c.name) for c in Parcel.__table__.columns if c.name != "id"}
    s.add(Parcel(**{**values, "number": "KD-X"}))
    with pytest.raises(sa.exc.IntegrityError):
        s.flush()
