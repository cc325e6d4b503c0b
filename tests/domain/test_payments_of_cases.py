"""A payment of a case that is taken back: owed again is what the decision leaves, and nothing is borne (9.1)."""

import pytest
import sqlalchemy as sa

from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger import verify
from portal.domain.ledger.accounts import AccountKind as A
from portal.domain.ledger.accounts import TransferKind
from portal.domain.ledger.services import Draft
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import correcting, making
from portal.domain.price_protection.payments.models import PayoutKind as K
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.clock import on_day
from tests.domain.test_payments import BANK, JULY, PayWorld, decided, from_case, use


@pytest.fixture
def world(session, make) -> PayWorld:
    return PayWorld(session, make)


@pytest.fixture
def signed(world) -> Agreement:
    return world.in_force(world.add_distributor(**BANK))


@pytest.fixture(autouse=True)
def in_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision of the case is in effect."""
    for module in (making, correcting):
        monkeypatch.setattr(module, "award_is_payable", lambda _session, part: part == "C7")


def given_back(world: PayWorld, agreement: Agreement, fen: int) -> None:
    of_theirs = Purchase.distributor_id == agreement.distributor_id
    bought = world.session.scalars(sa.select(Purchase).where(of_theirs)).one()
    world.give_back(bought, JULY, fen)


def test_a_payment_that_came_back_is_owed_as_far_as_the_decision_leaves_it(world, session, signed):
    """Paid, then a return lessened it (the company bore that), then the bank sent the money back (9.1)."""
    decided(world, signed)
    first = from_case(world, signed, K.AWARD, 12_000)
    given_back(world, signed, 400_000)
    assert (world.balance(signed, A.BORNE, "C7"), world.balance(signed, A.AWARD, "C7")) == (4_800, 0)
    world.is_whole()
    world.correct(first)
    assert (world.balance(signed, A.BORNE, "C7"), world.balance(signed, A.AWARD, "C7")) == (0, 7_200)
    world.is_whole()
    with pytest.raises(DomainError, match="no longer what you looked at"):
        from_case(world, signed, K.AWARD, 12_000, key="c2")
    session.rollback()
    second = from_case(world, signed, K.AWARD, 7_200, key="c2")
    assert world.balance(signed, A.AWARD, "C7") == 0
    world.is_whole()
    world.correct(second)
    assert (world.balance(signed, A.BORNE, "C7"), world.balance(signed, A.AWARD, "C7")) == (0, 7_200)
    world.is_whole()


def test_of_several_uses_only_what_is_paid_beyond_the_decision_is_borne(world, session, signed):
    decided(world, signed)
    said = ("经销商培训场地", "示例培训中心")
    uses = [use(world, signed, fen, *said, key=f"u{fen}") for fen in (3_000, 4_000)]
    given_back(world, signed, 700_000)  # 8,000 becomes 2,400; 7,000 are paid
    assert (world.balance(signed, A.BORNE, "C7"), world.balance(signed, A.UNAWARDED, "C7")) == (4_600, 0)
    for payout, borne, owed in ((uses[0], 1_600, 0), (uses[1], 0, 2_400)):
        world.correct(payout)
        assert world.balance(signed, A.BORNE, "C7") == borne
        assert world.balance(signed, A.UNAWARDED, "C7") == owed
        world.is_whole()


def test_a_relief_that_no_payment_gave_back_is_found(world, session, signed):
    decided(world, signed)
    from_case(world, signed, K.AWARD, 12_000)
    given_back(world, signed, 400_000)
    with on_day(JULY):
        held = ledger.hold(session, signed.id)
        deduction = session.scalars(sa.select(FundDeduction)).one()
        ledger.post(held, world.finance, [Draft(
            kind=TransferKind.RELIEVE, debit=(A.UNAWARDED, "C7"), credit=(A.BORNE, "C7"), amount_fen=100,
            key="payout:1:relieve", source="fund_deduction", source_id=deduction.id, facts=deduction.facts,
        )])  # fmt: skip
        session.commit()
    with pytest.raises(verify.Break):
        world.is_whole()
