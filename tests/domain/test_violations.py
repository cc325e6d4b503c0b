"""The life of a case: report, notice, hearing, decision, appeal, and what time does by itself (P4, clauses 5-8)."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Permission, Role
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection.funds import releasing, suspending
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.models import PriceKind, Service
from portal.domain.price_protection.payments import making
from portal.domain.price_protection.payments.making import How, Seen
from portal.domain.price_protection.payments.models import PayoutKind
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.proving import prove
from portal.domain.price_protection.purchases.booking import book
from portal.domain.price_protection.violations import (
    appealing,
    awards,
    deadlines,
    deciding,
    ending,
    investigating,
    naming,
    overturning,
    reporters,
    writing,
)
from portal.domain.price_protection.violations.models import (
    MOVES,
    AppealResult,
    Case,
    CasePaperKind,
    HearingKind,
    State,
    Withdrawal,
)
from portal.domain.price_protection.violations.reporters import Exclusion, Source
from portal.domain.price_protection.violations.todos import todos
from tests.domain.case_world import ACT, BOUGHT, DECIDED, OPENED, REPORTED, SERVED, CaseWorld
from tests.domain.clock import on_day

A = AccountKind
Q = "2026Q3"
S = State
FUND = 100_000  # of purchases for 50,000.00


@pytest.fixture
def world(session, make) -> CaseWorld:
    return CaseWorld(session, make)


def part(case: Case) -> str:
    return suspending.case_part(case.id)


def sweep(world, on: date) -> int:
    with on_day(on):
        return ending.sweep(world.session)


LEGAL = {
    (S.REPORTED, S.EXAMINED),
    (S.EXAMINED, S.OPENED),
    (S.EXAMINED, S.TURNED_DOWN),
    (S.OPENED, S.NOTIFIED),
    (S.OPENED, S.WITHDRAWN),
    (S.NOTIFIED, S.DECIDED),
    (S.NOTIFIED, S.DISMISSED),
    (S.NOTIFIED, S.WITHDRAWN),
    (S.DECIDED, S.APPEALED),
    (S.DECIDED, S.EFFECTIVE),
    (S.DECIDED, S.OVERTURNED),
    (S.APPEALED, S.ANSWERED),
    (S.APPEALED, S.OVERTURNED),
    (S.ANSWERED, S.EFFECTIVE),
    (S.ANSWERED, S.OVERTURNED),
    (S.EFFECTIVE, S.APPEALED),
    (S.EFFECTIVE, S.OVERTURNED),
}


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_only_legal_moves_are_taken(before, after):
    case = Case(state=before)
    if (before, after) in LEGAL:
        case.move_to(after)
        assert case.state is after
    else:
        with pytest.raises(DomainError):
            case.move_to(after)
    assert set(MOVES) == set(State)


# ---- reporting


def test_a_report_freezes_what_the_agreement_said_on_the_day_of_the_act(world):
    case = world.report(world.with_fund())
    assert (case.state, case.number, case.kind_no) == (S.REPORTED, None, 1)
    assert (case.kind, case.share_ppm, case.award_ppm) == ("跨区域销售（窜货）", 1_000_000, 1_000_000)
    assert case.values["decision_days"] == 30


def test_of_several_kinds_only_the_one_with_the_highest_share_counts(world):
    agreement = world.with_fund()
    case = world.report(agreement, kinds=("hostile_quoting", "cross_territory"))
    assert case.kind_code == "cross_territory"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"act_on": date(2025, 12, 31)}, "act_on"),  # before the agreement
        ({"act_on": date(2026, 7, 21)}, "act_on"),  # in the future
        ({"kinds": ("code_tampering",)}, "kinds"),  # not in annex 2
        ({"kinds": ()}, "kinds"),
        ({"on": date(2027, 1, 3)}, "act_on"),  # six months after the act
        ({"story": " "}, "story"),
    ],
)
def test_what_cannot_become_a_case_is_refused(world, said, field):
    agreement = world.with_fund()
    with pytest.raises(DomainError) as refused:
        world.report(agreement, **said)
    assert refused.value.field == field


def test_the_last_day_for_a_case_is_the_one_before_the_months_are_full(world):
    assert world.report(world.with_fund(), on=date(2027, 1, 2)).state is S.REPORTED


def test_after_settlement_no_report_is_taken(world, session):
    """Settled is what the accounts say is paid, not what was released only."""
    distributor = world.add_distributor(bank_account_name="示例", bank_name="示例银行", bank_account="6222")
    agreement = world.with_fund(expires_on=date(2026, 9, 30), distributor=distributor)
    with on_day(date(2026, 10, 10)):
        releasing.release(session, world.finance, agreement.id, Q)
        session.commit()
    on = date(2026, 10, 11)
    assert world.report(agreement, on=on).state is S.REPORTED
    with on_day(on):
        wanted = Wanted(agreement_id=agreement.id, kind=PayoutKind.RELEASED)
        items = payable(session, world.finance, wanted, Permission.PAYMENTS_MAKE)
        making.pay(session, world.finance, list(map(Seen.of, items)), How(paid_on=on), key="settled")
        session.commit()
    with pytest.raises(DomainError, match="settled"):
        world.report(agreement, on=on, act_on=date(2026, 7, 1))


def test_a_report_about_prices_needs_an_approval_that_bound_on_that_day(world, session):
    with on_day(date(2025, 12, 1)):
        world.approve_price(
            world.product,
            PriceKind.MINIMUM_RESALE,
            valid_from=date(2025, 12, 1),
            valid_until=date(2026, 7, 3),
        )
    agreement = world.in_force(
        prices=[(world.product, PriceKind.MINIMUM_RESALE, 2850)],
        violations=("cross_territory", "approved_price"),
    )
    kinds = ("approved_price",)
    found = world.report(agreement, kinds=kinds, product_id=world.product.id)
    assert found.approval_number.startswith("法核2026-")
    for said in ({"product_id": None}, {"product_id": world.product.id, "act_on": ACT + timedelta(days=1)}):
        with pytest.raises(DomainError) as refused:
            world.report(agreement, kinds=kinds, **said)
        assert refused.value.field == "product"


def test_the_same_hand_reports_an_act_once_and_another_learns_nothing_of_it(world):
    agreement = world.with_fund()
    world.report(agreement)
    with pytest.raises(DomainError):
        world.report(agreement, place="浙江省 嘉兴市南湖区，示例市场")
    assert world.report(agreement, by=world.author).state is S.REPORTED


# ---- opening and notice


def test_two_investigators_are_named_and_never_the_owner_of_the_account(world, session, make):
    agreement = world.with_fund()
    case = world.report(agreement)
    owner = make.user(Role.INVESTIGATOR)
    agreement.distributor.owner_id = owner.id
    session.commit()
    for people in ([world.first.id], [world.first.id, owner.id], [world.first.id, world.manager.id]):
        with pytest.raises(DomainError):
            naming.name_investigators(session, world.vault, world.first, case, people)
        session.rollback()


def test_a_report_that_nobody_named_takes_on_comes_back_to_the_office(world, session, make):
    """Three working days from Monday, 20 July; it tells no more of one who reported than of one on leave."""
    colleague = make.user(Role.INVESTIGATOR)
    session.commit()
    theirs = world.report(world.with_fund(), source=Source.EMPLOYEE, user_id=world.second.id)
    absent = world.report(world.with_fund(), act_on=date(2026, 7, 6))
    third = make.user(Role.INVESTIGATOR)
    session.commit()
    with on_day(date(2026, 7, 20)):
        for case in (theirs, absent):
            people = [world.second.id, third.id]
            naming.name_investigators(session, world.vault, world.first, case, people)
        session.commit()

    def told(user, on: date) -> list[tuple[str, str]]:
        session.rollback()
        with on_day(on):
            return [(todo.kind, todo.verb) for todo in todos(session, user)]

    assert told(colleague, date(2026, 7, 23)) == []
    late = [("Nobody named has taken a report on", "Name others")] * 2
    assert told(colleague, date(2026, 7, 24)) == told(world.first, date(2026, 7, 24)) == late
    assert told(world.second, date(2026, 7, 24)) == told(third, date(2026, 7, 24))  # each is asked, as before
    assert told(world.manager, date(2026, 7, 24)) == []
    with on_day(date(2026, 7, 24)):
        people = [third.id, colleague.id]
        naming.name_investigators(session, world.vault, world.first, absent, people)
        session.commit()
    assert told(world.first, date(2026, 7, 24)) == late[:1]  # those named now have their days again
    with on_day(date(2026, 7, 27)):
        naming.take_on(session, world.vault, third, absent)
        session.commit()
    assert told(world.first, date(2026, 8, 10)) == late[:1]


def test_a_notice_that_nobody_is_there_to_read_comes_back_to_its_writer(world, session):
    case = world.opened(world.with_fund())
    with on_day(date(2026, 8, 3)):
        naming.step_aside(session, world.second, case)
        investigating.write_notice(
            session, world.vault, world.first, case, act_time="2026年7月上旬", act_place="浙江省嘉兴市南湖区",
            act_facts="乙方在业务区域以外向当地门店主动推销并送货", evidence_ids=[case.evidence[0].id],
        )  # fmt: skip
        session.commit()
        assert [todo.verb for todo in todos(session, world.first)] == ["Name others"]


def test_only_named_investigators_open_a_case_and_its_number_tells_no_report(world, session, make):
    first = world.report(world.with_fund(), act_on=date(2026, 7, 1))
    case = world.opened(world.with_fund())
    assert case.number == "WG-2026-0001"  # although it was reported second
    assert first.number is None
    other = world.examined(world.with_fund(), act_on=date(2026, 7, 2))
    with pytest.raises(DomainError):
        investigating.open_case(
            session, world.vault, make.user(Role.INVESTIGATOR), other, contact="周七", phone="0571-55550103"
        )


def test_who_reported_it_does_not_investigate_it(world, session):
    agreement = world.with_fund()
    with pytest.raises(DomainError):
        world.examined(agreement, source=Source.EMPLOYEE, user_id=world.second.id)


def test_there_is_never_a_second_case_about_one_act(world):
    agreement = world.with_fund()
    first = world.opened(agreement)
    with pytest.raises(DomainError) as refused:
        world.opened(agreement, by=world.author)
    assert refused.value.params["number"] == first.number


def test_a_notice_too_late_is_refused(world):
    # Five working days after Monday, 3 August.
    assert world.noticed(world.with_fund(), noticed_on=date(2026, 8, 10)).state is S.OPENED
    with pytest.raises(DomainError):
        world.noticed(world.with_fund(), act_on=date(2026, 7, 1), noticed_on=date(2026, 8, 11))


def test_the_writer_of_a_notice_does_not_confirm_it(world, session):
    case = world.opened(world.with_fund())
    with on_day(OPENED):
        paper = investigating.write_notice(
            session,
            world.vault,
            world.first,
            case,
            act_time="2026年7月上旬",
            act_place="浙江省嘉兴市南湖区",
            act_facts="乙方在业务区域以外主动推销",
            evidence_ids=[case.evidence[0].id],
        )
        with pytest.raises(DomainError):
            world.confirm(case, paper, world.first)
        with pytest.raises(DomainError):
            investigating.issue_notice(session, world.first, case, paper)


def test_a_notice_holds_its_quarter_back_from_its_service_and_no_other(world, session):
    agreement = world.with_fund()
    world.buy(agreement, date(2026, 5, 6), 1_000_000)
    world.noticed(agreement)
    with on_day(date(2026, 8, 6)):
        assert releasing.release(session, world.finance, agreement.id, "2026Q2") is not None
        session.commit()
        assert suspending.holds(session, agreement.id, Q) == []
    case = session.scalars(sa.select(Case)).one()
    with on_day(SERVED):
        investigating.serve_notice(
            session,
            world.first,
            case,
            writing.issued(case, CasePaperKind.NOTICE),
            served_on=SERVED,
            how=Service.REFUSED,
        )
        session.commit()
    with on_day(date(2026, 10, 10)):
        # The decision is late by now: the deadline has had its effect only once it is booked.
        assert releasing.release(session, world.finance, agreement.id, Q) is None


def test_a_quarter_released_before_the_service_makes_the_case_concern_that_of_the_service(world, session):
    agreement = world.in_force()
    world.buy(agreement, date(2026, 6, 2), 5_000_000)
    world.buy(agreement, date(2026, 7, 2), 3_000_000)
    case = world.noticed(agreement, act_on=date(2026, 6, 3))
    paper = writing.issued(case, CasePaperKind.NOTICE)
    assert paper.payload["quarter"] == "2026Q2"
    with on_day(date(2026, 8, 6)):
        releasing.release(session, world.finance, agreement.id, "2026Q2")
        session.commit()
    with on_day(SERVED), pytest.raises(DomainError):
        investigating.serve_notice(session, world.first, case, paper, served_on=SERVED, how=Service.COURIER)
    session.rollback()
    with on_day(SERVED):
        anew = investigating.write_notice(
            session,
            world.vault,
            world.first,
            case,
            act_time="2026年6月上旬",
            act_place="浙江省嘉兴市南湖区",
            act_facts="乙方在业务区域以外主动推销",
            evidence_ids=[case.evidence[0].id],
        )
        world.confirm(case, anew)
        investigating.issue_notice(session, world.first, case, anew)
        assert (anew.payload["quarter"], anew.payload["is_act_quarter"]) == (Q, False)
        assert anew.payload["suspended_fen"] == 60_000


# ---- decision


def test_a_decision_waits_for_the_answer_or_for_its_time_and_for_the_hearing_asked_for(world, session):
    case = world.notified(world.with_fund())
    # Ten working days after Friday, 7 August.
    assert deadlines.answer_by(case) == date(2026, 8, 21)
    with on_day(date(2026, 8, 21)), pytest.raises(DomainError):
        world.draft_decision(case)
    session.rollback()
    with on_day(date(2026, 8, 20)):
        investigating.hear(session, world.first, case, HearingKind.ORAL_ASKED, date(2026, 8, 20), "")
        session.commit()
    with on_day(date(2026, 8, 24)), pytest.raises(DomainError):
        world.draft_decision(case)
    session.rollback()
    with on_day(date(2026, 8, 24)):
        investigating.hear(
            session, world.first, case, HearingKind.ORAL_HELD, date(2026, 8, 24), "客户主动上门"
        )
        assert world.draft_decision(case) is not None


def test_neither_investigator_nor_owner_nor_reporter_decides(world, session, make):
    insider = make.user(Role.EXECUTIVE)
    agreement = world.with_fund()
    case = world.heard(agreement, source=Source.EMPLOYEE, user_id=insider.id)
    both = make.user(Role.EXECUTIVE)
    agreement.distributor.owner_id = both.id
    session.commit()
    words = set()
    for user in (insider, both):
        with on_day(DECIDED), pytest.raises(DomainError) as refused:
            world.draft_decision(case, by=user)
        words.add(refused.value.msgid)
        session.rollback()
    assert len(words) == 1  # the refusal does not tell one reason from another
    with on_day(DECIDED), pytest.raises(DomainError):
        world.draft_decision(case, by=world.first)


def test_a_decision_takes_its_share_and_books_the_award_with_it(world, session):
    agreement = world.with_fund()
    case = world.decided(agreement)
    assert (case.state, case.decided_on) == (S.DECIDED, DECIDED)
    assert world.balance(agreement, A.FUND, Q) == FUND // 2
    assert world.balance(agreement, A.AWARD, part(case)) == FUND // 2
    paper = writing.issued(case, CasePaperKind.DECISION)
    assert (paper.payload["base_fen"], paper.payload["deduction_fen"]) == (FUND, FUND // 2)
    # The quarter goes on: what was not taken is released with the others (8.1).
    with on_day(date(2026, 10, 5)):
        assert releasing.release(session, world.finance, agreement.id, Q).amount_fen == FUND // 2


def test_the_share_is_never_above_annex_2(world, session):
    case = world.heard(world.with_fund())
    with on_day(DECIDED), pytest.raises(DomainError) as refused:
        world.draft_decision(case, share_ppm=1_000_001)
    assert refused.value.field == "share"


def test_evidence_that_the_accused_could_not_see_carries_no_decision(world, session):
    case = world.heard(world.with_fund(), files=(("a.jpg", b"\xff\xd8\xff1"), ("b.jpg", b"\xff\xd8\xff2")))
    hidden = case.evidence[1]
    with on_day(DECIDED), pytest.raises(DomainError) as refused:
        deciding.write_decision(
            session,
            world.vault,
            world.director,
            case,
            found_facts="乙方主动推销",
            reasons="系乙方主动推销",
            findings=[(hidden.id, "与出库单相符")],
            share_ppm=1_000_000,
            defence_points="客户主动上门购买",
        )
    assert refused.value.field == "findings"


@pytest.mark.parametrize(
    ("reporter", "expected"),
    [
        ({}, None),
        ({"uscc": "91330500MA00EX3B4P"}, Exclusion.SAME_CODE),
        ({"name": ""}, Exclusion.NOBODY),
        ({"source": Source.PATROL}, Exclusion.PATROL),
    ],
)
def test_who_is_excluded_gets_no_award(world, session, reporter, expected):
    agreement = world.with_fund()
    case = world.decided(agreement, **reporter)
    found = reporters.unsealed(session, world.vault, case)
    assert reporters.excluded(session, case, found) is expected
    awarded = 0 if expected else FUND // 2
    assert world.balance(agreement, A.AWARD, part(case)) == awarded
    assert world.balance(agreement, A.UNAWARDED, part(case)) == FUND // 2 - awarded


def test_related_distributors_and_declared_people_are_excluded(world, session):
    agreement = world.with_fund()
    accused, other = agreement.distributor, world.reporting_distributor
    case = world.examined(agreement, source=Source.DISTRIBUTOR, distributor_id=other.id)

    def ground() -> Exclusion | None:
        return reporters.excluded(session, case, reporters.unsealed(session, world.vault, case))

    assert ground() is None
    parent = world.add_distributor(uscc="")
    accused.parent_id = other.parent_id = parent.id
    session.commit()
    assert ground() is Exclusion.SAME_PARENT
    other.uscc = accused.uscc
    session.commit()
    assert ground() is Exclusion.SAME_CODE
    reporters.exclude(session, world.vault, world.first, case, Exclusion.TOOK_PART, "参与了送货")
    assert ground() is Exclusion.TOOK_PART


def test_a_dismissal_takes_nothing_and_lets_the_quarter_go(world, session):
    agreement = world.with_fund()
    case = world.heard(agreement)
    with on_day(DECIDED):
        paper = deciding.write_dismissal(
            session, world.vault, world.director, case, found_facts="货物由客户自行转运", reasons="证据不足"
        )
        world.confirm(case, paper)
        deciding.decide(session, world.vault, world.director, case, paper)
        session.commit()
    assert (case.state, paper.payload["suspended_fen"]) == (S.DISMISSED, FUND)
    assert world.balance(agreement, A.FUND, Q) == FUND
    assert suspending.holds(session, agreement.id, Q) == []


# ---- deadlines that pass


def test_no_decision_in_time_withdraws_the_case_for_good(world, session):
    agreement = world.with_fund()
    case = world.heard(agreement)
    assert deadlines.decide_by(case) == date(2026, 9, 6)
    assert sweep(world, date(2026, 9, 6)) == 0
    # Before anything is booked, the day alone stops a decision.
    with on_day(date(2026, 9, 7)):
        assert deadlines.standing(case, date(2026, 9, 7)).state is S.WITHDRAWN
        with pytest.raises(DomainError):
            world.draft_decision(case)
    session.rollback()
    assert sweep(world, date(2026, 9, 9)) == 1
    assert sweep(world, date(2026, 9, 9)) == 0
    session.refresh(case)
    assert (case.state, case.withdrawal, case.ended_on) == (S.WITHDRAWN, Withdrawal.LAPSED, date(2026, 9, 7))
    assert suspending.holds(session, agreement.id, Q) == []
    with pytest.raises(DomainError, match="second case"):
        world.opened(agreement, on=date(2026, 9, 10), opened_on=date(2026, 9, 11), by=world.author)


def test_an_act_of_a_case_that_we_withdrew_ourselves_can_come_again(world, session):
    agreement = world.with_fund()
    case = world.notified(agreement)
    with on_day(date(2026, 8, 12)):
        paper = investigating.write_withdrawal(session, world.first, case, Withdrawal.OWN)
        world.confirm(case, paper)
        investigating.withdraw(session, world.first, case, paper)
        session.commit()
    assert (case.state, paper.payload["suspended_fen"]) == (S.WITHDRAWN, FUND)
    assert world.opened(agreement, by=world.author).state is S.OPENED


def test_the_time_for_the_decision_is_extended_once_and_within_its_limit(world, session):
    case = world.notified(world.with_fund())
    with on_day(date(2026, 8, 20)):
        for too_many in (0, 16):
            with pytest.raises(DomainError):
                investigating.extend(session, world.first, case, too_many, "须向平台调取数据")
        investigating.extend(session, world.first, case, 14, "须向平台调取数据")
        session.commit()
        assert deadlines.decide_by(case) == date(2026, 9, 20)
        with pytest.raises(DomainError):
            investigating.extend(session, world.first, case, 1, "再次")
    session.rollback()
    assert sweep(world, date(2026, 9, 20)) == 0


def test_without_an_appeal_the_decision_takes_effect_the_day_after_its_time(world, session):
    agreement = world.with_fund()
    case = world.decision_served(agreement)
    # Ten working days after Thursday, 3 September.
    assert deadlines.appeal_by(case) == date(2026, 9, 17)
    assert sweep(world, date(2026, 9, 17)) == 0
    assert sweep(world, date(2026, 9, 25)) == 1
    session.refresh(case)
    assert (case.state, case.effective_on) == (S.EFFECTIVE, date(2026, 9, 18))


def test_a_decision_that_was_never_served_never_takes_effect(world):
    world.decided(world.with_fund())
    assert sweep(world, date(2027, 6, 1)) == 0


def test_no_answer_to_an_appeal_in_time_upholds_it_and_restores_every_balance(world, session):
    agreement = world.with_fund()
    before = {kind: world.balance(agreement, kind, Q) for kind in (A.FUND, A.RELEASED)}
    case = world.appealed(agreement)
    assert sweep(world, date(2026, 9, 30)) == 0
    assert sweep(world, date(2026, 10, 1)) == 1
    session.refresh(case)
    assert (case.state, case.appeal.result) == (S.OVERTURNED, AppealResult.LAPSED)
    assert {kind: world.balance(agreement, kind, Q) for kind in (A.FUND, A.RELEASED)} == before
    assert world.balance(agreement, A.AWARD, part(case)) == 0


@pytest.mark.parametrize(
    ("kept", "state", "result"),
    [
        (50_000, S.ANSWERED, AppealResult.REJECTED),
        (12_345, S.ANSWERED, AppealResult.PARTLY),
        (0, S.OVERTURNED, AppealResult.UPHELD),
    ],
)
def test_an_answer_keeps_all_some_or_nothing(world, session, kept, state, result):
    agreement = world.with_fund()
    case = world.appealed(agreement)
    world.answer(case, kept)
    assert (case.state, case.appeal.result) == (state, result)
    assert world.balance(agreement, A.FUND, Q) == FUND - kept
    assert world.balance(agreement, A.AWARD, part(case)) == kept
    if state is S.ANSWERED:
        with on_day(date(2026, 9, 28)):
            paper = writing.issued(case, CasePaperKind.ANSWER)
            appealing.serve_answer(
                session, world.first, case, paper, served_on=date(2026, 9, 28), how=Service.IN_PERSON
            )
            session.commit()
        assert (case.state, case.effective_on) == (S.EFFECTIVE, date(2026, 9, 28))


@pytest.mark.parametrize(
    ("kept", "result", "told", "note"),
    [
        (50_000, AppealResult.REJECTED, (50_000, 50_000, 0), "现余人民币375.00元"),
        (12_500, AppealResult.PARTLY, (50_000, 12_500, 37_500), "实际恢复人民币250.00元"),
        (0, AppealResult.UPHELD, (50_000, 0, 50_000), "实际恢复人民币375.00元"),
    ],
)
def test_the_answer_quotes_the_decision_and_tells_what_went_with_returns(
    world, session, kept, result, told, note
):
    agreement = world.with_fund(0)
    bought = world.buy(agreement, BOUGHT, 5_000_000)
    case = world.appealed(agreement)
    # A quarter of the goods comes back: of the deduction 125.00 go with them (9.1).
    world.give_back(bought, date(2026, 9, 12), 1_250_000)
    world.answer(case, kept)
    assert case.appeal.result is result
    paper = writing.issued(case, CasePaperKind.ANSWER)
    printed = paper.payload["printed"]["values"]
    assert (printed["deduction_figures"], printed["kept_figures"], printed["returned_figures"]) == told
    assert "人民币125.00元" in printed["appeal_findings"]
    assert note in printed["appeal_findings"]


def test_rejecting_an_appeal_of_which_returns_left_nothing_rejects_it(world, session):
    agreement = world.with_fund(0)
    bought = world.buy(agreement, BOUGHT, 5_000_000)
    case = world.appealed(agreement)
    world.give_back(bought, date(2026, 9, 12), 5_000_000)
    world.answer(case, 50_000)
    assert (case.state, case.appeal.result, case.appeal.kept_fen) == (S.ANSWERED, AppealResult.REJECTED, 0)


def test_an_appeal_is_never_harsher_and_never_answered_by_who_decided(world, session):
    case = world.appealed(world.with_fund())
    with pytest.raises(DomainError) as refused:
        world.answer(case, 50_001)
    assert refused.value.field == "kept"
    session.rollback()
    with on_day(date(2026, 9, 20)), pytest.raises(DomainError) as refused:
        appealing.write_answer(
            session,
            world.vault,
            world.director,
            case,
            findings="一致",
            reasons="驳回",
            kept_fen=0,
            member_ids=[],
        )
    assert refused.value.field == "members"


def test_an_appeal_that_came_in_time_and_was_entered_late_takes_the_effect_back(world, session):
    agreement = world.with_fund()
    case = world.decision_served(agreement)
    sweep(world, date(2026, 9, 21))
    with on_day(date(2026, 9, 22)):
        with pytest.raises(DomainError):
            appealing.appeal(session, world.counsel, case, received_on=date(2026, 9, 18), points="过高")
        appealing.appeal(session, world.counsel, case, received_on=date(2026, 9, 17), points="过高")
        session.commit()
    assert (case.state, case.effective_on) == (S.APPEALED, None)


def test_a_case_that_ends_after_the_release_day_releases_what_it_held(world, session):
    agreement = world.with_fund()
    # The quarter's release day, 15 October, passes while the case is open.
    case = world.decided(
        agreement,
        on=date(2026, 9, 1),
        opened_on=date(2026, 9, 14),
        noticed_on=date(2026, 9, 16),
        served_on=date(2026, 9, 21),
        answered_on=date(2026, 9, 25),
        decided_on=date(2026, 10, 20),
    )
    with on_day(date(2026, 10, 20)):
        assert releasing.release(session, world.finance, agreement.id, Q) is None
        session.commit()
    with on_day(date(2026, 10, 22)):
        paper = writing.issued(case, CasePaperKind.DECISION)
        deciding.serve_decision(
            session, world.first, case, paper, served_on=date(2026, 10, 22), how=Service.IN_PERSON
        )
        session.commit()
    assert sweep(world, date(2026, 11, 10)) == 1
    assert world.balance(agreement, A.RELEASED, Q) == FUND // 2


def test_what_comes_back_into_a_released_quarter_is_released_too(world, session):
    agreement = world.with_fund()
    case = world.appealed(agreement)
    with on_day(date(2026, 10, 1)):
        releasing.release(session, world.finance, agreement.id, Q)
        session.commit()
    assert sweep(world, date(2026, 10, 2)) == 1
    assert world.balance(agreement, A.RELEASED, Q) == FUND
    session.refresh(case)
    assert case.state is S.OVERTURNED


def test_a_court_takes_a_decision_in_effect_back_and_the_company_bears_a_paid_award(world, session):
    agreement = world.with_fund()
    case = world.decision_served(agreement)
    sweep(world, date(2026, 9, 18))
    _pay(world, case)
    with on_day(date(2026, 12, 1)):
        found = world.propose_taking_back(case)
        assert overturning.confirm(session, world.vault, world.counsel, case, found) == FUND // 2
        session.commit()
    assert case.state is S.OVERTURNED
    assert world.balance(agreement, A.BORNE, part(case)) == FUND // 2
    assert world.balance(agreement, A.RELEASED, Q) + world.balance(agreement, A.FUND, Q) == FUND


# ---- award


def _pay(world, case) -> int:
    session = world.session
    award = ending.award_of(session, case)
    with on_day(date(2026, 9, 20)):
        awards.name_payer(session, world.first, award, world.finance)
        awards.see_payee(session, world.vault, world.finance, award)
        paid = awards.pay(session, world.finance, award, How(paid_on=date(2026, 9, 20)))
        session.commit()
    return paid


def test_a_refusal_tells_the_payer_neither_agreement_nor_case(world, session):
    agreement = world.with_fund(0)
    bought = world.buy(agreement, BOUGHT, 5_000_000)
    case = world.decision_served(agreement)
    sweep(world, date(2026, 9, 18))
    returned = date(2026, 9, 19)
    world.give_back(bought, returned, 1_250_000, entered_on=returned)
    award = ending.award_of(session, case)

    def refused(work) -> str:
        with on_day(date(2026, 9, 20)), pytest.raises(DomainError) as error:
            work()
        session.rollback()
        return error.value.msgid % error.value.params

    with on_day(date(2026, 9, 20)):
        awards.name_payer(session, world.first, award, world.finance)
        session.commit()
    early = How(paid_on=date(2026, 9, 18))
    said = refused(lambda: awards.pay(session, world.finance, award, early))
    assert "2026-09-19" in said
    _pay(world, case)
    with on_day(date(2026, 12, 1)):
        found = world.propose_taking_back(case)
        overturning.confirm(session, world.vault, world.counsel, case, found)
        session.commit()
    stays = refused(lambda: awards.take_back(session, world.finance, award, awards.Why.MISTAKE))
    assert "no longer in effect" in stays
    for name in (agreement.number, agreement.distributor.name, case.number, part(case)):
        assert name not in said + stays


def test_an_award_is_paid_once_and_only_while_the_decision_is_in_effect(world, session):
    agreement = world.with_fund()
    case = world.decision_served(agreement)
    award = ending.award_of(session, case)
    assert session.scalars(awards.payable(world.finance)).all() == []
    with on_day(date(2026, 9, 10)):
        awards.name_payer(session, world.first, award, world.finance)
        session.commit()
        with pytest.raises(DomainError, match="in effect"):
            awards.pay(session, world.finance, award, How(paid_on=date(2026, 9, 10)))
    session.rollback()
    sweep(world, date(2026, 9, 18))
    assert session.scalars(awards.payable(world.finance)).all() == [award]
    assert _pay(world, case) == FUND // 2
    with pytest.raises(DomainError):
        _pay(world, case)
    session.rollback()
    assert world.balance(agreement, A.MONEY) == -FUND // 2
    assert session.scalar(sa.select(sa.func.count()).where(Transfer.source == "payout")) == 1
    assert prove(session) > 0


def test_only_the_payer_named_sees_whom_an_award_is_for(world, session, make):
    case = world.decision_served(world.with_fund())
    award = ending.award_of(session, case)
    other = make.user(Role.FINANCE)
    awards.name_payer(session, world.first, award, world.finance)
    with pytest.raises(DomainError):
        awards.see_payee(session, world.vault, other, award)
    assert awards.see_payee(session, world.vault, world.finance, award).name == "周匿名"


def test_deductions_of_one_quarter_together_are_at_most_its_fund(world, session):
    agreement = world.with_fund()
    world.decided(agreement, share_ppm=1_000_000)
    world.decided(agreement, act_on=date(2026, 7, 4), share_ppm=1_000_000)
    taken = session.scalars(sa.select(FundDeduction.amount_fen).order_by(FundDeduction.id)).all()
    assert list(taken) == [FUND, 0]
    assert REPORTED > ACT


def test_a_dismissal_prints_what_the_fund_holds_when_its_book_is_held(world, session, monkeypatch):
    """A purchase that is booked at that instant stands in the paper as it stands in the books."""
    agreement = world.with_fund()
    case = world.heard(agreement)
    with on_day(DECIDED):
        paper = deciding.write_dismissal(
            session, world.vault, world.director, case, found_facts="货物由客户自行转运", reasons="不成立"
        )
        world.confirm(case, paper)
        session.commit()
        late, hold = iter([world.line(agreement, date(2026, 8, 30), 1_000_000)]), ledger.hold

        def held_after_another(inner, agreement_id):
            for line in late:
                book(session, world.finance, [line])
            return hold(inner, agreement_id)

        monkeypatch.setattr(ledger, "hold", held_after_another)
        deciding.decide(session, world.vault, world.director, case, paper)
        session.commit()
    monkeypatch.undo()
    assert paper.payload["suspended_fen"] == world.balance(agreement, A.FUND, Q) == FUND + 20_000
