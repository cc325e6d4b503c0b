"""Every operation on a fund in any order: after each, every account holds what the slow model says, to the fen."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.errors import DomainError
from portal.domain.ledger import sealing
from portal.domain.ledger.accounts import NEVER_NEGATIVE, AccountKind
from portal.domain.ledger.models import Seal
from portal.domain.price_protection import steps
from portal.domain.price_protection.funds import deducting, releasing, suspending
from portal.domain.price_protection.funds.models import FundDeduction
from portal.domain.price_protection.interest import booking, rates
from portal.domain.price_protection.models import AgreementPrice, AgreementTerms, Status
from portal.domain.price_protection.payments import collecting, correcting, making
from portal.domain.price_protection.payments.collecting import Received
from portal.domain.price_protection.payments.making import How, Payee, Seen
from portal.domain.price_protection.payments.models import (
    LateInterest,
    Means,
    Payout,
    PayoutKind,
    PayoutList,
    Repayment,
)
from portal.domain.price_protection.payments.payable import Item, Key, Wanted, payable
from portal.domain.price_protection.payments.vouchers import taking
from portal.domain.price_protection.payments.vouchers.models import Grouping, VoucherFile
from portal.domain.price_protection.payments.vouchers.movements import Asked
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.settings import services as setting
from tests.domain.books import KEY, whole
from tests.domain.clock import on_day
from tests.domain.fund_world import FIRST, LAST, FundWorld
from tests.faults.ledger.flows import BANK
from tests.faults.ledger.model import Model, Paid
from tests.faults.ledger.size import SECONDS, progress, seeds, size

pytestmark = pytest.mark.timeout(SECONDS)
STEPS = size(75, 100)  # of one fund; Hypothesis takes no more in one go
FUNDS = size(2, 5)  # asked for at a time: Hypothesis ends some early, so it is asked until it took the steps
PARTS, WANTED = size(1, 10), size(130, 1_000)  # 10,000 steps of a seed, on ten databases one after the other
LOOKS = size(25, 50)  # the whole books are verified after so many steps, and at the end of each fund
STARTS = {(1, 1): "每年1、4、7、10月1日", (3, 26): "每年3、6、9、12月26日", (2, 28): "每年2、5、8、11月28日"}
OWED = ("base", "released", "interest_due")
TAKEN = ("award", "unawarded")
# The cases whose decision stands: only of these anything is paid. The cases themselves are another test's.
IN_EFFECT: set[str] = set()
# Small sums show what rounding does, large ones what a product of three numbers does.
FEN = st.one_of(st.integers(1, 400), st.integers(1, 10**7), st.integers(1, 10**12))
PPM = st.one_of(st.sampled_from((0, 1_000_000, 500_000)), st.integers(0, 1_000_000))
PICK = st.integers(0, 10**6)
PART = st.one_of(st.just(Fraction(1)), st.fractions(0, 1, max_denominator=9))
# Debits less credits of each account, in words of its own.
BALANCES = sa.text("""
    SELECT a.kind, a.part,
        COALESCE((SELECT SUM(amount_fen) FROM transfer WHERE debit_id = a.id), 0)
        - COALESCE((SELECT SUM(amount_fen) FROM transfer WHERE credit_id = a.id), 0)
    FROM ledger_account AS a JOIN ledger_book AS b ON b.id = a.book_id WHERE b.agreement_id = :id
""")
done: Counter[str] = Counter()


class Funds(RuleBasedStateMachine):
    """One agreement from its approval on, in the portal and in the model."""

    world: FundWorld  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.session: Session = self.world.session
        self.bought: list[Purchase] = []
        self.left: dict[int, int] = {}
        self.interest: dict[
            int, tuple[date, int]
        ] = {}  # of which payments interest was confirmed: day and sum
        self.paid: list[tuple[Payout | Repayment, Paid]] = []
        self.cases = 0
        self.steps = self.sealed_at = 0

    @initialize(
        rate=st.one_of(st.just(500), st.integers(1, 3_000)).map(lambda percent: percent * 100),
        share=st.integers(0, 100),
        interest=st.sampled_from((0, 36_500, 43_200)),
        start=st.sampled_from(sorted(STARTS)),
        is_signed=st.booleans(),
        bought=st.lists(st.tuples(FEN, st.integers(0, 160)), max_size=5),
    )
    def begin(
        self,
        rate: int,
        share: int,
        interest: int,
        start: tuple[int, int],
        is_signed: bool,
        bought: list[tuple[int, int]],
    ) -> None:
        world = self.world
        setting.change(self.session, None, world.make.head_office(), {"quarter_starts": STARTS[start]})
        IN_EFFECT.clear()
        self.today = FIRST
        with on_day(FIRST):
            self.agreement = world.approved(
                world.add_distributor(**BANK),
                effective_on=FIRST,
                expires_on=LAST,
                rebate_ppm=rate,
                base_share=share,
                values={"fund_interest_rate": interest},
            )
        self.model = Model(
            rate=Fraction(rate, 10**6),
            base_share=Fraction(share, 100),
            interest=Fraction(interest, 10**6),
            month=start[0],
            day=start[1],
            first=FIRST,
            last=LAST,
        )
        # From an empty fund little follows: most begin with some months behind them.
        if bought:
            self.today = FIRST + timedelta(days=160)
        for fen, days_ago in bought:
            self.buy(fen, days_ago)
        if is_signed:
            self.sign()

    def _book(self, kind: str, work: Callable[[], Any]) -> Any:
        """Do it now, commit it, and count it."""
        with on_day(self.today):
            found = work()
            self.session.commit()
        done[kind] += 1
        return found

    @precondition(lambda self: not self.model.is_signed)
    @rule()
    def sign(self) -> None:
        def work() -> None:
            steps.sign(self.session, self.world.author, self.agreement, self.today)
            self.world.accrue_waiting(self.agreement.distributor_id)

        self._book("sign", work)
        self.model.sign(self.today)

    @rule(days=st.integers(1, 40))
    def let_days_pass(self, days: int) -> None:
        self.today = min(self.today + timedelta(days=days), date(2027, 6, 30))

    @rule(fen=FEN, days_ago=st.one_of(st.just(0), st.integers(0, 200)))
    def buy(self, fen: int, days_ago: int) -> None:
        on = max(self.today - timedelta(days=days_ago), FIRST - timedelta(days=3))
        row = self.world.buy(self.agreement, on, fen, entered_on=self.today)
        done["buy"] += 1
        self.bought.append(row)
        self.left[row.id] = fen
        self.model.buy(row.id, on, fen, self.today)

    @precondition(lambda self: any(self.left.values()))
    @rule(which=PICK, part=st.one_of(st.just(Fraction(1)), st.fractions(0, 1, max_denominator=50)))
    def give_back(self, which: int, part: Fraction) -> None:
        open_ = [row for row in self.bought if self.left[row.id]]
        row = open_[which % len(open_)]
        fen = max(1, int(self.left[row.id] * part))
        on = max(row.purchased_on, self.today - timedelta(days=which % 30))
        back = self.world.give_back(row, on, fen, entered_on=self.today)
        done["give back"] += 1
        self.left[row.id] -= fen
        self.model.give_back(back.id, row.id, fen)

    @precondition(lambda self: self.bought)
    @rule(which=PICK, change=st.sampled_from((0, 1)))
    def send_a_line_again(self, which: int, change: int) -> None:
        row = self.bought[which % len(self.bought)]
        line = self.world.line(
            self.agreement, row.purchased_on, row.amount_fen + change, document_number=row.document_number
        )
        found = self.world.book(line, on=self.today)
        assert not found.created
        assert isinstance(found.lines[0], DomainError) is bool(change)

    def _quarter(self, which: int) -> str:
        """One of the quarters that may have a fund."""
        year, number = divmod(which % 7, 4)
        return f"{2026 + year}Q{number + 1}" if which % 7 else f"{self.model.quarter(FIRST)}"

    @precondition(lambda self: self.model.is_signed)
    @rule(which=PICK, clicks=st.integers(1, 3))
    def release(self, which: int, clicks: int) -> None:
        quarter = self._quarter(which)
        for _ in range(clicks):
            try:
                self._book(
                    "release",
                    lambda: releasing.release(self.session, self.world.finance, self.agreement.id, quarter),
                )
            except DomainError:
                self.session.rollback()
                assert self.model.ends(quarter) >= self.today
                return
        assert self.model.ends(quarter) < self.today
        self.model.release(quarter, self.today)

    @precondition(lambda self: self.model.is_signed)
    @rule(which=PICK)
    def close(self, which: int) -> None:
        quarter = self._quarter(which)
        if self.model.ends(quarter) < self.today:
            self._book(
                "close",
                lambda: releasing.close(self.session, self.world.finance, self.agreement.id, quarter),
            )
            self.model.close(quarter)

    @rule(which=PICK)
    def hold(self, which: int) -> None:
        quarter, case = self._quarter(which), self._new_case()
        try:
            self._book(
                "hold",
                lambda: suspending.hold_quarter(self.session, self.agreement.id, quarter, case, self.today),
            )
        except DomainError:
            self.session.rollback()
            assert quarter in self.model.released
            return
        self.model.held.add((quarter, case))

    def _new_case(self) -> int:
        self.cases += 1
        return self.cases

    @precondition(lambda self: self.model.held)
    @rule(which=PICK)
    def lift(self, which: int) -> None:
        held = sorted(self.model.held)[which % len(self.model.held)]
        self._book("lift", lambda: suspending.lift(self.session, self.agreement.id, held[1]))
        self.model.held.remove(held)

    @precondition(lambda self: self.model.is_signed)
    @rule(which=PICK, share=PPM, award=PPM, is_held=st.booleans())
    def deduct(self, which: int, share: int, award: int, is_held: bool) -> None:
        taken = {one.case for one in self.model.taken}
        waiting = sorted(one for one in self.model.held if one[1] not in taken)
        quarter, case = (
            waiting[which % len(waiting)] if is_held and waiting else (self._quarter(which), self._new_case())
        )
        for _ in range(2):
            self._book(
                "deduct",
                lambda: deducting.deduct(
                    self.session, self.world.manager, self.agreement.id, quarter, case, share, award
                ),
            )
        self.model.deduct(quarter, case, Fraction(share, 10**6), Fraction(award, 10**6))
        IN_EFFECT.add(f"C{case}")

    @precondition(lambda self: self.model.taken)
    @rule(which=PICK, kept=st.one_of(st.just(Fraction(0)), st.fractions(0, 1, max_denominator=20)))
    def restore(self, which: int, kept: Fraction) -> None:
        one = self.model.taken[which % len(self.model.taken)]
        keep = int(one.amount * kept)
        self._book("restore", lambda: deducting.restore(self.session, None, self._row(one.case), keep))
        self.model.restore(one.case, keep)
        if not keep:
            IN_EFFECT.discard(f"C{one.case}")

    def _row(self, case: int) -> FundDeduction:
        return self.session.scalars(
            sa.select(FundDeduction).where(
                FundDeduction.agreement_id == self.agreement.id,
                FundDeduction.case_part == suspending.case_part(case),
            )
        ).one()

    @precondition(lambda self: self.model.released)
    @rule(which=PICK)
    def release_restored(self, which: int) -> None:
        quarter = sorted(self.model.released)[which % len(self.model.released)]
        self._book(
            "release restored",
            lambda: releasing.release_restored(self.session, None, self.agreement.id, quarter),
        )
        self.model.release_restored(quarter)

    @precondition(lambda self: self.model.is_signed)
    @rule(which=PICK, forged=st.integers(0, 5))
    def pay(self, which: int, forged: int) -> None:
        """Some of what is owed, as a list; a forged sum is refused, a list sent twice is paid once."""
        owed = {key: fen for key, fen in self.model.balances.items() if fen and key[0] in OWED}
        items = self._owed()
        assert {(item.kind.account.value, item.part): item.amount_fen for item in items} == owed
        wanted = {item.key for no, item in enumerate(items) if which >> no & 1}
        if not wanted:
            return
        items = self._owed(wanted)
        seen = [Seen.of(item) for item in items]
        if forged == 0:
            one = seen[which % len(seen)]
            seen[which % len(seen)] = one._replace(amount_fen=one.amount_fen + (1 if which % 2 else -1))
            with pytest.raises(DomainError):
                self._book("pay", lambda: self._pay(seen))
            self.session.rollback()
            return
        made = self._book("pay", lambda: self._pay(seen))
        assert self._book("pay", lambda: self._pay(seen)).id == made.id
        places = [(item.kind.account.value, item.part) for item in items]
        paid = self.model.pay(places, {item.kind.account.value: item.agreed.value for item in items})
        assert [(one.paid_fen, one.offset_fen) for one in made.payouts] == [
            (one.fen, one.offset) for one in paid
        ]
        self.paid += zip(made.payouts, paid, strict=True)

    def _owed(self, only: set[Key] | None = None) -> list[Item]:
        self.session.rollback()
        wanted = Wanted(agreement_id=self.agreement.id, only=only)
        return payable(self.session, self.world.finance, wanted, Permission.PAYMENTS_MAKE)

    def _pay(self, seen: list[Seen]) -> PayoutList:
        how = How(paid_on=self.today)
        return making.pay(self.session, self.world.finance, seen, how, key=self._key("list"))

    def _key(self, what: str) -> str:
        return f"{what}-{self.agreement.id}-{self.steps}"

    @precondition(lambda self: any(fen for place, fen in self.model.balances.items() if place[0] in TAKEN))
    @rule(
        which=PICK, part=PART, too_much=st.integers(0, 5), tax=st.sampled_from((Fraction(0), Fraction(1, 5)))
    )
    def pay_out_of_a_case(self, which: int, part: Fraction, too_much: int, tax: Fraction) -> None:
        places = sorted(place for place, fen in self.model.balances.items() if fen and place[0] in TAKEN)
        place = places[which % len(places)]
        there = self.model.balances[place]
        is_award = place[0] == "award"
        fen = there if is_award else max(1, int(there * part))
        fen += 1 if too_much == 0 else 0
        kind = PayoutKind.AWARD if is_award else PayoutKind.UNAWARDED
        payee = None if is_award else Payee("示例服务有限公司", "示例银行", "6222020000000009")
        withheld = int(fen * tax) if is_award else 0
        note = "" if is_award else "终端价格维护"
        how = How(paid_on=self.today, note=note, means=Means.MONEY, tax_fen=withheld)

        def work() -> PayoutList:
            return making.pay_from_case(
                self.session, self.world.finance, self.agreement, kind, place[1], fen, how,
                key=self._key("case"), payee=payee,
            )  # fmt: skip

        if fen > there or place[1] not in IN_EFFECT:
            with pytest.raises(DomainError):
                self._book("pay out of a case", work)
            self.session.rollback()
            return
        made = self._book("pay out of a case", work)
        assert self._book("pay out of a case", work).id == made.id
        self.paid.append((made.payouts[0], self.model.pay_of_case(place, fen - withheld, withheld)))

    @precondition(lambda self: self.model.balances["clawback", ""])
    @rule(means=st.sampled_from(tuple(Means)), part=PART)
    def collect(self, means: Means, part: Fraction) -> None:
        fen = max(1, int(self.model.balances["clawback", ""] * part))

        def work() -> Repayment:
            said = Received(fen, means, self.today)
            return collecting.collect(
                self.session, self.world.finance, self.agreement, said, key=self._key("back")
            )

        if means is Means.GOODS:
            with pytest.raises(DomainError):
                self._book("collect", work)
            self.session.rollback()
            return
        made = self._book("collect", work)
        assert self._book("collect", work).id == made.id
        self.paid.append((made, self.model.collect(means.value, fen)))

    @precondition(lambda self: self.paid)
    @rule(which=PICK)
    def owe_interest(self, which: int) -> None:
        """A payment was late: finance confirms what interest it owes, once, and not another sum."""
        payment, _ = self.paid[which % len(self.paid)]
        if not isinstance(payment, Payout) or payment.id in self.interest:
            return
        with on_day(self.today):
            fen = booking.of_payout(self.session, payment).amount_fen
            for seen in (fen + 1, 0):
                with pytest.raises(DomainError):
                    booking.confirm(self.session, self.world.finance, payment, seen_fen=seen)
                self.session.rollback()
        if not fen:
            return

        def work() -> LateInterest:
            return booking.confirm(self.session, self.world.finance, payment, seen_fen=fen)

        made = self._book("owe interest", work)
        assert self._book("owe interest", work).id == made.id
        self.interest[payment.id] = payment.paid_on, fen
        self.model.owe_interest(payment.paid_on, fen)

    @precondition(lambda self: self.paid)
    @rule(which=PICK)
    def take_a_payment_back(self, which: int) -> None:
        payment, paid = self.paid[which % len(self.paid)]

        def work() -> object:
            return correcting.correct(self.session, self.world.finance, payment, "银行退票")

        if paid.place[0] in TAKEN and paid.place[1] not in IN_EFFECT:
            with pytest.raises(DomainError):
                self._book("take a payment back", work)
            self.session.rollback()
            return
        self.model.take_payment_back(paid)
        interest = self.interest.get(payment.id) if isinstance(payment, Payout) else None
        if interest is not None and not self.model.owe_no_interest(*interest):
            # It was paid meanwhile: that payment is to be taken back first.
            self.model.pay_again(paid)
            with pytest.raises(DomainError):
                self._book("take a payment back", work)
            self.session.rollback()
            return
        self._book("take a payment back", work)
        self.paid.remove((payment, paid))
        with pytest.raises(DomainError), on_day(self.today):
            work()
        self.session.rollback()

    @rule(days=st.integers(0, 120), grouping=st.sampled_from(Grouping), only=st.booleans())
    def take_vouchers(self, days: int, grouping: Grouping, only: bool) -> None:
        """A file of the last days: sent twice it is one file, and a second one finds nothing left."""
        asked = Asked(self.today - timedelta(days=days), self.today, only, grouping)

        def work() -> VoucherFile:
            return taking.take(self.session, self.world.finance, asked, key=self._key("vouchers"))

        with on_day(self.today):
            is_new = bool(taking.preview(self.session, self.world.finance, asked).entries)
        if is_new:
            made = self._book("take vouchers", work)
            assert self._book("take vouchers", work).id == made.id
        with on_day(self.today):
            assert not taking.preview(self.session, self.world.finance, asked).entries
            with pytest.raises(DomainError):
                taking.take(self.session, self.world.finance, asked, key=self._key("more vouchers"))
        self.session.rollback()

    @precondition(lambda self: self.model.is_signed and len(self.model.amended) < 5)
    @rule(days=st.integers(0, 60), rate=st.integers(1, 3_000), share=st.integers(0, 100))
    def amend(self, days: int, rate: int, share: int) -> None:
        """Other terms from a day on, as a signed amendment adds them."""
        since = max([self.today + timedelta(days=days), *(one[0] for one in self.model.amended)])

        def work() -> None:
            before = self.agreement.terms[-1]
            terms = AgreementTerms(
                agreement_id=self.agreement.id,
                no=before.no + 1,
                effective_on=since,
                rebate_ppm=rate * 100,
                base_share=share,
                values=before.values,
                prices=[
                    AgreementPrice(
                        no=one.no, product_id=one.product_id, kind=one.kind, amount_fen=one.amount_fen
                    )
                    for one in before.prices
                ],
            )
            self.session.add(terms)
            self.session.flush()
            self.session.expire(self.agreement, ["terms"])

        self._book("amend", work)
        self.model.amend(since, Fraction(rate, 10**4), Fraction(share, 100))

    @precondition(
        lambda self: self.model.is_signed and self.model.last == LAST and self.today > date(2026, 9, 1)
    )
    @rule()
    def end_early(self) -> None:
        """As a termination that was signed does: it ends today."""

        def work() -> None:
            self.agreement.status, self.agreement.ends_on = Status.TERMINATED, min(self.today, LAST)

        self._book("end early", work)
        self.model.end(min(self.today, LAST))

    @precondition(lambda self: self.steps > self.sealed_at + 10)
    @rule()
    def seal(self) -> None:
        """The heads of all books, for the day after the last that was sealed."""
        self.sealed_at = self.steps
        last = self.session.scalar(sa.select(sa.func.max(Seal.day))) or FIRST
        assert self._book("seal", lambda: sealing.seal(self.session, KEY, last + timedelta(days=1)))

    @invariant()
    def books_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        self.steps += 1
        self.session.rollback()
        found = {
            (AccountKind(kind), part): int(fen)
            for kind, part, fen in self.session.execute(BALANCES, {"id": self.agreement.id})
        }
        books = {
            (kind.value, part): fen if kind.is_debit else -fen for (kind, part), fen in found.items() if fen
        }
        assert books == {place: fen for place, fen in self.model.balances.items() if fen}
        assert all(
            (fen if kind.is_debit else -fen) >= 0
            for (kind, _), fen in found.items()
            if kind in NEVER_NEGATIVE
        )
        assert not sum(found.values())
        if self.steps % LOOKS == 0:
            whole(self.session)

    def teardown(self) -> None:
        if hasattr(self, "model"):
            whole(self.session)
            done["steps"] += self.steps
            done["funds"] += 1


@pytest.fixture(autouse=True)
def the_cases_whose_decision_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (making, correcting):
        monkeypatch.setattr(module, "award_is_payable", lambda _session, part: part in IN_EFFECT)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("chance", seeds(2, 20))
def test_whatever_is_done_in_whatever_order_the_books_say_what_the_model_says(session, make, chance, part):
    done.clear()
    began = time.monotonic()

    class Here(Funds):
        world = FundWorld(session, make)

    known = date(2027, 12, 21)
    with on_day(known):
        rates.enter(session, Here.world.finance, known, 30_000, "人民银行网站公告", is_gapless=True)
        session.commit()

    for turn in range(100):
        run_state_machine_as_test(
            seed(chance * 10_000 + part * 100 + turn)(Here),
            settings=settings(
                max_examples=FUNDS,
                stateful_step_count=STEPS,
                deadline=None,
                # Nothing is made smaller: the database has moved on, and a fund's steps are read as they are.
                phases=(Phase.explicit, Phase.generate),
                database=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if done["steps"] >= WANTED:
            break
    progress(f"machine, seed {chance}, part {part + 1}: {dict(done)} in {time.monotonic() - began:.0f} s")
    assert done["steps"] >= WANTED
