"""Every flow that moves money, each from a state of its own: `FLOWS[name](world)` gives the day and what is done on it.

`posting_services` finds by the code itself which services of the domain post to the books, however far down; the
test of interruptions holds this list against them.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

import portal.domain
from portal.domain.access.roles import Permission, Role
from portal.domain.jobs.models import Job, JobState
from portal.domain.jobs.runs import Run, claim
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Transfer
from portal.domain.price_protection import steps
from portal.domain.price_protection.closing import executing
from portal.domain.price_protection.funds import releasing, suspending
from portal.domain.price_protection.interest import booking, rates
from portal.domain.price_protection.models import Agreement, Service
from portal.domain.price_protection.payments import collecting, correcting, making
from portal.domain.price_protection.payments.collecting import Received
from portal.domain.price_protection.payments.making import How, Payee, Seen
from portal.domain.price_protection.payments.models import Means, Payout, PayoutKind
from portal.domain.price_protection.payments.payable import Wanted, payable
from portal.domain.price_protection.payments.vouchers import taking
from portal.domain.price_protection.payments.vouchers.movements import Asked
from portal.domain.price_protection.purchases import entering, waiting
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.price_protection.violations import (
    appealing,
    awards,
    deciding,
    ending,
    investigating,
    overturning,
    writing,
)
from portal.domain.price_protection.violations import (
    steps as case_steps,
)
from portal.domain.price_protection.violations.awards import Why
from portal.domain.price_protection.violations.models import Case, CasePaper, CasePaperKind
from portal.domain.price_protection.violations.models import Withdrawal as Ground
from portal.domain.price_protection.violations.reporters import Source
from tests.domain.case_world import DECIDED, SERVED, CaseWorld
from tests.domain.clock import on_day
from tests.domain.close_world import CloseWorld
from tests.domain.fund_world import FIRST, LAST
from tests.domain.tabular_files import csv_text

MAY, JULY, AUGUST = date(2026, 5, 6), date(2026, 7, 10), date(2026, 8, 20)
JUNE_LPR = date(2026, 6, 22)  # the 20th is a Saturday
OCTOBER, LATE = date(2026, 10, 8), date(2026, 10, 20)
BANK = {
    "bank_account_name": "湖州示例商贸有限公司",
    "bank_name": "示例银行湖州支行",
    "bank_account": "6222020000000001",
}


class World(CaseWorld, CloseWorld):
    """An office in which purchases are made, quarters closed, cases decided and sums paid."""

    def owing(self) -> Agreement:
        """Base rebate, a released quarter and interest to pay, and something to set off."""
        agreement = self.in_force(self.add_distributor(**BANK), values={"fund_interest_rate": 36_500})
        bought = self.buy(agreement, MAY, 1_000_000)
        self.release(agreement, "2026Q2")
        self.pay([agreement])
        self.give_back(bought, JULY, 400_000)
        self.buy(agreement, JULY, 2_000_000)
        return agreement

    def release(self, agreement: Agreement, quarter: str, on: date = JULY) -> None:
        with on_day(on):
            releasing.release(self.session, self.finance, agreement.id, quarter)
            self.session.commit()

    def owed(self, agreements: list[Agreement]) -> list[Seen]:
        return [
            Seen.of(item)
            for agreement in agreements
            for item in payable(
                self.session, self.finance, Wanted(agreement_id=agreement.id), Permission.PAYMENTS_MAKE
            )
        ]

    def pay(self, agreements: list[Agreement], reference: str = "") -> list[Payout]:
        with on_day(JULY):
            how = How(paid_on=JULY, reference=reference)
            key = f"paid-{agreements[0].id}-{reference}"
            made = making.pay(self.session, self.finance, self.owed(agreements), how, key=key)
            self.session.commit()
        return list(made.payouts)

    def held_over(self) -> Agreement:
        """A quarter that was closed while a case held it, and the case has ended since."""
        agreement = self.in_force(values={"fund_interest_rate": 36_500})
        self.buy(agreement, JULY, 1_000_000)
        with on_day(AUGUST):
            suspending.hold_quarter(self.session, agreement.id, "2026Q3", 99, AUGUST)
            self.session.commit()
        with on_day(OCTOBER):
            releasing.close(self.session, self.finance, agreement.id, "2026Q3")
            suspending.lift(self.session, agreement.id, 99)
            self.session.commit()
        return agreement

    def with_dismissal(self) -> tuple[Case, CasePaper]:
        case = self.heard(self.with_fund())
        with on_day(DECIDED):
            paper = deciding.write_dismissal(
                self.session, self.vault, self.director, case, found_facts="系客户上门购买", reasons="不构成"
            )
            self.confirm(case, paper)
            self.session.commit()
        return case, paper

    def with_answer(self, kept_fen: int) -> tuple[Case, CasePaper]:
        case = self.appealed(self.with_fund())
        with on_day(date(2026, 9, 25)):
            paper = appealing.write_answer(
                self.session,
                self.vault,
                self.counsel,
                case,
                findings="与原决定认定的事实一致",
                reasons="货物已全部收回，应再予减轻",
                kept_fen=kept_fen,
                member_ids=[],
            )
            self.confirm(case, paper)
            self.session.commit()
        return case, paper

    def in_effect(self, **said: object) -> Case:
        """A decision that nobody appealed against in time."""
        case = self.decision_served(self.with_fund(), **said)
        with on_day(LATE):
            ending.sweep(self.session)
        self.session.refresh(case)
        return case


@dataclass(frozen=True)
class Flow:
    """What is done, and when; `commits`: it commits its parts itself, as a sweep does."""

    on: date
    do: Callable[[], object]
    commits: bool = False


Made = Callable[[World], Flow]
FLOWS: dict[str, Made] = {}


def flow(made: Made) -> Made:
    """A flow, by its name."""
    FLOWS[made.__name__] = made
    return made


# ---- purchases


@flow
def enter_a_document(world: World) -> Flow:
    agreement = world.in_force()
    bought = world.buy(agreement, MAY, 1_234_567)
    document = f"DJ-{agreement.id}"
    lines = [
        world.line(agreement, JULY, 7_654_321, document_number=document, codes=("XH-1", "XH-2")),
        world.line(
            agreement, JULY, -234_567, document_number=document, line_no=2,
            returns=(bought.document_number, bought.line_no),
        ),
    ]  # fmt: skip
    clerk = world.make.user(Role.FINANCE)
    return Flow(JULY, lambda: entering.enter(world.session, clerk, agreement.distributor, lines))


def _claimed(world: World, job: Job) -> Run:
    """The job for another worker; the one before is gone, and the sweeper has seen it."""
    world.session.refresh(job)
    if job.state is not JobState.QUEUED:
        job.state, job.worker, job.leased_until = JobState.QUEUED, "", None
        world.session.commit()
    run = claim(world.session, job.id, "worker")
    assert run is not None
    return run


@flow
def import_a_list(world: World) -> Flow:
    agreement = world.in_force()
    distributor, product = agreement.distributor, world.product
    rows = [
        (f"DR-{agreement.id}", str(no), distributor.code, product.code, "2026-05-06", f"{no}000.01")
        for no in (1, 2, 3)
    ]
    data = csv_text(("单据号", "行号", "经销商编码", "产品编码", "进货日期", "金额"), *rows).encode()
    with on_day(JULY):
        file = PURCHASES.hand_in(world.session, world.finance, data, filename="进货.csv")
        world.session.commit()
    job = Job(
        kind=PURCHASES.import_kind,
        owner_id=world.finance.id,
        params={"import_id": file.id},
        state=JobState.QUEUED,
    )
    world.session.add(job)
    world.session.commit()

    def do() -> None:
        run = _claimed(world, job)
        PURCHASES.do_import(world.session, run)

    return Flow(JULY, do, commits=True)


def _waiting(world: World) -> Agreement:
    """Signed without the task that accrues what was bought before."""
    with on_day(FIRST):
        agreement = world.approved(
            world.add_distributor(), effective_on=FIRST, expires_on=LAST, rebate_ppm=50_000
        )
    bought = world.buy(agreement, MAY, 1_000_001)
    world.give_back(bought, MAY, 400_000)
    with on_day(JULY):
        steps.sign(world.session, world.author, agreement, JULY)
        world.session.commit()
    return agreement


@flow
def accrue_what_waited(world: World) -> Flow:
    agreement = _waiting(world)
    job = world.session.query(Job).filter_by(kind=waiting.KIND).order_by(Job.id.desc()).first()
    assert job is not None and job.params["distributor_id"] == agreement.distributor_id

    def do() -> None:
        run = _claimed(world, job)
        run.finish(waiting.accrue_list(world.session, run))

    return Flow(JULY, do, commits=True)


@flow
def accrue_what_was_left(world: World) -> Flow:
    _waiting(world)
    return Flow(JULY, lambda: waiting.sweep(world.session), commits=True)


# ---- quarters


@flow
def close_an_agreement(world: World) -> Flow:
    agreement = world.in_force(values={"fund_interest_rate": 36_500})
    world.buy(agreement, JULY, 1_000_000)
    proposal = world.propose()
    CloseWorld.confirm(world, proposal, by=world.make.user(Role.FINANCE))
    [said] = [row for row in proposal.rows if row[0] == agreement.id]
    return Flow(OCTOBER, lambda: executing.close_agreement(world.session, proposal, said))


@flow
def release_late(world: World) -> Flow:
    agreement = world.held_over()
    return Flow(LATE, lambda: executing.release_late(world.session, world.finance, agreement, "2026Q3"))


@flow
def release_whatever_is_due(world: World) -> Flow:
    world.held_over()
    return Flow(LATE, lambda: executing.release_due(world.session), commits=True)


# ---- payments


@flow
def pay_a_list(world: World) -> Flow:
    agreements = [world.owing(), world.owing()]
    seen = world.owed(agreements)
    how = How(paid_on=JULY, reference="SF-001")
    key = f"list-{agreements[0].id}"
    return Flow(JULY, lambda: making.pay(world.session, world.finance, seen, how, key=key))


@flow
def confirm_interest_for_late_payment(world: World) -> Flow:
    with on_day(JULY):
        rates.enter(world.session, world.finance, JUNE_LPR, 30_000, "人民银行网站公告", is_gapless=True)
        world.session.commit()
    agreement = world.in_force(world.add_distributor(**BANK))
    world.buy(agreement, MAY, 50_000_000)
    [payout] = world.pay([agreement], "SF-004")
    with on_day(JULY):
        owed = booking.of_payout(world.session, payout).amount_fen
    assert owed
    return Flow(JULY, lambda: booking.confirm(world.session, world.finance, payout, seen_fen=owed))


@flow
def take_a_payment_back(world: World) -> Flow:
    payout = next(one for one in world.pay([world.owing()], "SF-002") if one.offset_fen and one.paid_fen)
    return Flow(JULY, lambda: correcting.correct(world.session, world.finance, payout, "银行退票"))


@flow
def collect_what_is_owed_back(world: World) -> Flow:
    agreement = world.owing()
    said = Received(1_234, Means.MONEY, JULY, "SF-003")
    key = f"back-{agreement.id}"
    return Flow(JULY, lambda: collecting.collect(world.session, world.finance, agreement, said, key=key))


@flow
def take_a_repayment_back(world: World) -> Flow:
    agreement = world.owing()
    with on_day(JULY):
        said = Received(1_234, Means.CREDIT_NOTE, JULY)
        made = collecting.collect(world.session, world.finance, agreement, said, key=f"back-{agreement.id}")
        world.session.commit()
    return Flow(JULY, lambda: correcting.correct(world.session, world.finance, made, "录入错误"))


@flow
def pay_an_award(world: World) -> Flow:
    case = world.in_effect()
    award = ending.award_of(world.session, case)
    assert award is not None
    with on_day(LATE):
        awards.name_payer(world.session, world.first, award, world.finance)
        world.session.commit()
    return Flow(LATE, lambda: awards.pay(world.session, world.finance, award, How(paid_on=LATE)))


@flow
def take_the_payment_of_an_award_back(world: World) -> Flow:
    case = world.in_effect()
    award = ending.award_of(world.session, case)
    assert award is not None
    with on_day(LATE):
        awards.name_payer(world.session, world.first, award, world.finance)
        awards.pay(world.session, world.finance, award, How(paid_on=LATE, tax_fen=100))
        world.session.commit()
    return Flow(LATE, lambda: awards.take_back(world.session, world.finance, award, Why.RETURNED))


@flow
def take_back_what_the_company_bore_in_part(world: World) -> Flow:
    case = world.in_effect()
    award = ending.award_of(world.session, case)
    assert award is not None
    with on_day(LATE):
        awards.name_payer(world.session, world.first, award, world.finance)
        awards.pay(world.session, world.finance, award, How(paid_on=LATE))
        world.session.commit()
    bought = world.session.scalars(
        sa.select(Purchase)
        .where(Purchase.distributor_id == case.agreement.distributor_id, Purchase.amount_fen > 0)
        .order_by(Purchase.id.desc())
    ).first()
    assert bought is not None
    world.give_back(bought, LATE, bought.amount_fen)
    part = suspending.case_part(case.id)
    assert ledger.hold(world.session, case.agreement_id).balance(AccountKind.BORNE, part)
    world.session.rollback()
    return Flow(LATE, lambda: awards.take_back(world.session, world.finance, award, Why.RETURNED))


@flow
def take_vouchers_out(world: World) -> Flow:
    world.owing()
    asked = Asked(JULY.replace(day=1), JULY, only_payments=False)
    key = f"vouchers {world.session.scalar(sa.select(sa.func.count(Transfer.id)))}"
    return Flow(JULY, lambda: taking.take(world.session, world.finance, asked, key=key))


@flow
def use_what_was_not_awarded(world: World) -> Flow:
    case = world.in_effect(source=Source.PATROL, name="", phone="", account="")
    how = How(paid_on=LATE, note="终端价格维护", means=Means.MONEY)
    payee = Payee("示例市场服务有限公司", "示例银行", "6222020000000009")
    return Flow(
        LATE,
        lambda: making.pay_from_case(
            world.session, world.finance, case.agreement, PayoutKind.UNAWARDED, suspending.case_part(case.id),
            10_000, how, key=f"used-{case.id}", payee=payee,
        ),
    )  # fmt: skip


# ---- cases


@flow
def serve_a_notice(world: World) -> Flow:
    case = world.noticed(world.with_fund())
    paper = writing.issued(case, CasePaperKind.NOTICE)
    return Flow(
        SERVED,
        lambda: investigating.serve_notice(
            world.session, world.first, case, paper, served_on=SERVED, how=Service.COURIER
        ),
    )


@flow
def decide_that_it_is_proven(world: World) -> Flow:
    case = world.heard(world.with_fund())
    with on_day(DECIDED):
        paper = world.draft_decision(case)
        world.confirm(case, paper)
        world.session.commit()
    return Flow(DECIDED, lambda: deciding.decide(world.session, world.vault, world.director, case, paper))


@flow
def decide_that_it_is_not_proven(world: World) -> Flow:
    case, paper = world.with_dismissal()
    return Flow(DECIDED, lambda: deciding.decide(world.session, world.vault, world.director, case, paper))


@flow
def withdraw_a_case(world: World) -> Flow:
    case = world.heard(world.with_fund())
    with on_day(DECIDED):
        paper = investigating.write_withdrawal(world.session, world.first, case, Ground.OWN)
        world.confirm(case, paper)
        world.session.commit()
    return Flow(DECIDED, lambda: investigating.withdraw(world.session, world.first, case, paper))


@flow
def let_the_time_to_decide_pass(world: World) -> Flow:
    world.heard(world.with_fund())
    return Flow(LATE, lambda: ending.sweep(world.session), commits=True)


@flow
def let_the_time_to_appeal_pass(world: World) -> Flow:
    world.decision_served(world.with_fund())
    return Flow(LATE, lambda: ending.sweep(world.session), commits=True)


@flow
def let_the_time_to_answer_pass(world: World) -> Flow:
    world.appealed(world.with_fund())
    return Flow(date(2026, 11, 20), lambda: ending.sweep(world.session), commits=True)


@flow
def answer_an_appeal_in_part(world: World) -> Flow:
    case, paper = world.with_answer(20_000)
    return Flow(
        date(2026, 9, 26), lambda: case_steps.issue(world.session, world.vault, world.counsel, case, paper)
    )


@flow
def serve_an_answer(world: World) -> Flow:
    case, paper = world.with_answer(20_000)
    with on_day(date(2026, 9, 26)):
        appealing.answer(world.session, world.vault, world.counsel, case, paper)
        writing.sent(world.session, world.first, case, paper, "示例速递", "SF0000000000003")
        world.session.commit()
    return Flow(
        LATE,
        lambda: case_steps.serve(
            world.session, world.first, case, paper, served_on=LATE, how=Service.COURIER
        ),
    )


@flow
def answer_an_appeal_in_full(world: World) -> Flow:
    case, paper = world.with_answer(0)
    return Flow(
        date(2026, 9, 26), lambda: appealing.answer(world.session, world.vault, world.counsel, case, paper)
    )


@flow
def set_a_decision_aside(world: World) -> Flow:
    case = world.in_effect()
    with on_day(LATE):
        found = world.propose_taking_back(case)
        world.session.commit()
    return Flow(LATE, lambda: overturning.confirm(world.session, world.vault, world.counsel, case, found))


# ---- which services post, by the code itself

DOMAIN = Path(portal.domain.__file__).parent
_POSTS = {f"portal.domain.ledger.services.{name}" for name in ("post", "post_all", "reverse")}


def _module(path: Path) -> str:
    parts = ("portal", "domain", *path.relative_to(DOMAIN).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.Module) -> dict[str, str]:
    """What a module calls by which name: modules and functions of the portal alike."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("portal."):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions of a module by name; those of a class by the class, which is what others call."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield node.name, inner


def _called(function: ast.FunctionDef, module: str, imported: dict[str, str]) -> Iterator[str]:
    """What a function names in its body: called at once, or handed on to be called."""
    for node in (node for statement in function.body for node in ast.walk(statement)):
        if isinstance(node, ast.Name):
            yield imported.get(node.id, f"{module}.{node.id}")
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported
        ):
            yield f"{imported[node.value.id]}.{node.attr}"


def posting_services() -> set[str]:
    """The public functions of the domain, outside the ledger, from which a posting is reached."""
    calls: defaultdict[str, set[str]] = defaultdict(set)
    for path in DOMAIN.rglob("*.py"):
        tree, module = ast.parse(path.read_text(encoding="utf-8")), _module(path)
        imported = _imported(tree)
        for name, function in _functions(tree):
            calls[f"{module}.{name}"] |= set(_called(function, module, imported))
    found = set(_POSTS)
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return {
        name
        for name in found
        if not name.startswith("portal.domain.ledger.") and not name.rpartition(".")[2].startswith("_")
    }
