"""From the report to the hearing: naming investigators, opening, notice, what the accused says (7.1-7.3)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.papers.values import Phone
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.funds.quarters import calendar_of
from portal.domain.price_protection.models import Service
from portal.domain.price_protection.violations import (
    base,
    ending,
    evidence,
    printed,
    reporters,
    reporting,
    writing,
)
from portal.domain.price_protection.violations.deadlines import (
    answer_by,
    days,
    decide_by,
    notice_by,
    open_by,
)
from portal.domain.price_protection.violations.models import (
    Case,
    CasePaper,
    CasePaperKind,
    Evidence,
    Hearing,
    HearingKind,
    State,
    Withdrawal,
)
from portal.domain.price_protection.violations.terms import approval_of, require_not_settled, terms_on
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User


def turn_down(session: Session, actor: User, case: Case) -> None:
    """There is nothing in it that could be proven: no case is opened. Why stays with the investigators."""
    base.hold(session, case, State.EXAMINED)
    reporters.require_named(case, actor)
    case.move_to(State.TURNED_DOWN)
    case.ended_on = today()
    base.record(session, actor, case, "turned_down")
    session.flush()


def open_case(session: Session, vault: Vault, actor: User, case: Case, *, contact: str, phone: str) -> None:
    """Open the case on first evidence: it gets a number that tells nothing of a report (7.1).

    Refused (DomainError): too late (5.2), after settlement (13.3), a price kind whose approval does not hold, whoever
    reported it, and a second case about the same act.
    """
    base.hold(session, case, State.EXAMINED)
    reporters.require_named(case, actor)
    latest = open_by(case.act_on, days(case, "limitation_months"))
    if today() > latest:
        raise DomainError(
            N_("The act is too long ago: a case about it could be opened until %(day)s (clause 5.2)."),
            day=latest.isoformat(),
        )
    require_not_settled(session, case.agreement)
    if case.approval_number:
        approval_of(session, terms_on(session, case.agreement, case.act_on), case.product_id, case.act_on)
    # Of the others nothing is asked: none of them has taken it on who is its source.
    reporters.require_no_source(session, vault, case, actor)
    _require_one_case(session, case)
    case.contact = base.text(contact, 40, "contact")
    case.phone = str(Phone().accept(phone, Msgid(N_("Telephone"))))
    if case.contact == case.agreement.distributor.owner.name:
        raise DomainError(
            N_("Who looks after the account does not answer for the case; name somebody else."),
            field="contact",
        )
    reporters.check_secrecy(session, vault, case, [case.contact, case.phone])
    case.move_to(State.OPENED)
    case.number = new_number(session, case.region, Numbered.CASE)
    case.opened_on, case.opened_by_id = today(), actor.id
    session.flush()
    base.record(session, actor, case, "opened", on=case.opened_on)


def _require_one_case(session: Session, case: Case) -> None:
    """Never two cases about one act, but for one that we withdrew ourselves (7.4)."""
    for other in reporting.same_act(session, case):
        if other.number is not None and other.withdrawal in (None, Withdrawal.LAPSED):
            raise DomainError(
                N_("%(number)s is about the same act; there is no second case about it (clause 7.4)."),
                number=other.number,
            )


def write_notice(
    session: Session,
    vault: Vault,
    actor: User,
    case: Case,
    *,
    act_time: str,
    act_place: str,
    act_facts: str,
    evidence_ids: Sequence[int],
) -> CasePaper:
    """Write the notice 立案通知: when, where and what, and the evidence that the accused may inspect (7.1)."""
    base.hold(session, case, State.OPENED)
    reporters.require_named(case, actor)
    rows = _described(case, evidence_ids)
    says = {
        "act_time": base.text(act_time, 60, "act_time"),
        "act_place": base.text(act_place, 80, "act_place"),
        "act_facts": base.text(act_facts, 1000, "act_facts"),
        "evidence": [
            {"evidence_id": row.id, "name": row.name, "summary": row.summary, "proves": row.proves}
            for row in rows
        ],
    }
    reporters.check_secrecy(session, vault, case, list(writing.texts(says)))
    return writing.write(session, actor, case, CasePaperKind.NOTICE, says)


def _described(case: Case, evidence_ids: Sequence[int]) -> list[Evidence]:
    rows = [row for row in case.evidence if row.id in set(evidence_ids)]
    if not rows or len(rows) != len(set(evidence_ids)):
        raise DomainError(N_("Choose the evidence that the accused may inspect."), field="evidence")
    for row in rows:
        if not row.name:
            raise DomainError(
                N_("Describe evidence no. %(no)s in redacted words first."), field="evidence", no=row.no
            )
    return rows


def issue_notice(session: Session, actor: User, case: Case, paper: CasePaper) -> None:
    """Issue the notice; the evidence that it lists is open to the accused from now on."""
    base.hold(session, case, State.OPENED)
    reporters.require_named(case, actor)
    latest = notice_by(case)
    if latest is not None and today() > latest and writing.issued(case, CasePaperKind.NOTICE) is None:
        raise DomainError(
            N_(
                "The notice was due by %(day)s (clause 7.1). The case can only be withdrawn; unless the act is too"
                " long ago, another can be opened afterwards."
            ),
            day=latest.isoformat(),
        )
    writing.issue(session, actor, case, paper)
    quarter = quarter_concerned(session, case, today())
    paper.payload = {
        **paper.payload,
        "quarter": quarter,
        "is_act_quarter": quarter == _act_quarter(case),
        "balance_on": today().isoformat(),
        "suspended_fen": suspended(session, case, quarter),
    }
    for row in _described(case, [said["evidence_id"] for said in paper.says["evidence"]]):
        evidence.disclosed(session, actor, row)
    printed.freeze(session, case, paper)
    base.record(session, actor, case, "notice_issued", on=paper.issued_on, quarter=quarter)
    session.flush()


def quarter_concerned(session: Session, case: Case, on: date) -> str:
    """案涉季度 of a notice served on a day: the act's, or that of the day when the act's was released before (1.6)."""
    quarter = _act_quarter(case)
    release = suspending.released(session, case.agreement_id, quarter)
    if release is None or release.released_on > on:
        return quarter
    return str(calendar_of(str(case.values["quarter_starts"])).of(on))


def _act_quarter(case: Case) -> str:
    return str(calendar_of(str(case.values["quarter_starts"])).of(case.act_on))


def suspended(session: Session, case: Case, quarter: str) -> int:
    """What a paper says that the quarter's fund holds: nothing is booked between it and the paper's effect."""
    return ledger.hold(session, case.agreement_id).balance(AccountKind.FUND, quarter)


def unreleased(session: Session, case: Case, quarter: str) -> int:
    """What the fund of a quarter holds now, in fen, for a page; a paper asks `suspended`."""
    found = ledger.balances(session, [case.agreement_id]).get(case.agreement_id, {})
    return found.get((AccountKind.FUND, quarter), 0)


def serve_notice(
    session: Session, actor: User, case: Case, paper: CasePaper, *, served_on: date, how: Service
) -> None:
    """Record the service of the notice: deadlines run, and the quarter concerned is held back (4.4).

    Refused when the quarter was released before that day and the notice names it: another notice is needed.
    """
    base.hold(session, case, State.OPENED)
    reporters.require_named(case, actor)
    if paper is not writing.issued(case, CasePaperKind.NOTICE):
        case.moved_on()
    writing.served(case, paper, served_on, how)
    quarter = quarter_concerned(session, case, served_on)
    if quarter != paper.payload["quarter"]:
        raise DomainError(
            N_(
                "The fund of %(quarter)s was released before the notice was served, so the case concerns another"
                " quarter (clause 1.6). Write the notice anew and send it."
            ),
            quarter=paper.payload["quarter"],
        )
    case.move_to(State.NOTIFIED)
    case.notified_on, case.quarter = served_on, quarter
    session.flush()
    if suspending.released(session, case.agreement_id, quarter) is None:
        suspending.hold_quarter(session, case.agreement_id, quarter, case.id, served_on)
    base.record(session, actor, case, "notice_served", on=served_on, how=how.value, quarter=quarter)
    session.flush()


def hear(session: Session, actor: User, case: Case, kind: HearingKind, on: date, points: str) -> Hearing:
    """Record what the accused did in its defence: inspected, answered, asked for a hearing, was heard (7.2)."""
    base.hold(session, case, State.NOTIFIED)
    reporters.require_named(case, actor)
    assert case.notified_on is not None
    base.day(on, case.notified_on, "on", N_("It cannot be before %(day)s, the day the notice was served."))
    is_said = kind in (HearingKind.ANSWER, HearingKind.ORAL_HELD)
    row = Hearing(
        case_id=case.id,
        kind=kind,
        on=on,
        points=base.text(points, 1000, "points", is_needed=is_said),
        by_id=actor.id,
    )
    session.add(row)
    session.flush()
    session.expire(case, ["hearings"])
    base.record(session, actor, case, "heard", kind=kind.value, on=on)
    return row


def is_heard(case: Case) -> bool:
    """Whether the accused had its say, or its time for it is over; a hearing it asked for is held first (7.2)."""
    kinds = {row.kind for row in case.hearings}
    if HearingKind.ORAL_ASKED in kinds and not kinds & {HearingKind.ORAL_HELD, HearingKind.ORAL_MISSED}:
        return False
    latest = answer_by(case)
    return HearingKind.ANSWER in kinds or (latest is not None and today() > latest)


def extend(session: Session, actor: User, case: Case, more_days: int, reason: str) -> None:
    """Put the decision off, once, in writing and while there is time (7.4)."""
    base.hold(session, case, State.NOTIFIED)
    reporters.require_named(case, actor)
    most = days(case, "extension_days")
    if case.extension_days:
        raise DomainError(N_("The time for the decision was extended already; it is extended once only."))
    if not 1 <= more_days <= most:
        raise DomainError(
            N_("The time can be extended by 1 to %(most)s days (clause 7.4)."), field="days", most=most
        )
    case.extension_reason = base.text(reason, 200, "reason")
    case.extension_days = more_days
    base.record(session, actor, case, "extended", days=more_days, until=decide_by(case))
    session.flush()


def write_withdrawal(session: Session, actor: User, case: Case, ground: Withdrawal) -> CasePaper:
    """Write the paper that tells of a withdrawal 撤案决定; its ground is one of counsel's phrases."""
    base.hold(session, case, State.OPENED, State.NOTIFIED, State.WITHDRAWN)
    reporters.require_named(case, actor)
    has_lapsed = case.withdrawal is Withdrawal.LAPSED
    if case.state is State.WITHDRAWN and ground is not case.withdrawal:
        ground = case.withdrawal or ground
    elif ground is Withdrawal.LAPSED and not has_lapsed:
        raise DomainError(N_("There is still time for a decision; choose another ground."), field="ground")
    return writing.write(session, actor, case, CasePaperKind.WITHDRAWAL, {"ground": ground.value})


def withdraw(session: Session, actor: User, case: Case, paper: CasePaper) -> None:
    """Issue the withdrawal; of a case that lapsed it only tells what has happened already (PLACEHOLDERS 4.12)."""
    base.hold(session, case, State.OPENED, State.NOTIFIED, State.WITHDRAWN)
    reporters.require_named(case, actor)
    writing.issue(session, actor, case, paper)
    held_fen = suspended(session, case, case.quarter) if case.quarter else 0
    paper.payload = {**paper.payload, "suspended_fen": held_fen}
    if case.state is not State.WITHDRAWN:
        ending.withdraw(session, actor, case, Withdrawal(paper.says["ground"]), today())
    if case.notified_on is not None:  # before that nobody is told, since nobody knew
        printed.freeze(session, case, paper)
