"""Notices of termination 终止通知: ground, days, provisional figures, and the paper that says so (13.2, 13.3, 14.1)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor, Standing
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_, Msgid
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.papers.deeds import DeedData
from portal.domain.papers.fill import holes, is_empty, validate
from portal.domain.papers.registry_deeds import ENDINGS, GROUNDS
from portal.domain.papers.values import Raw
from portal.domain.price_protection.deeds import base
from portal.domain.price_protection.deeds.inforce import said
from portal.domain.price_protection.defaults import default_values, distributor_values, paper_of
from portal.domain.price_protection.models import (
    Agreement,
    DeedStatus,
    Ground,
    Sender,
    Status,
    Termination,
)
from portal.domain.price_protection.problems import Place, Problem, text_obstacles
from portal.domain.users.models import User

# 终止依据 in the paper's words.
CLAUSES = dict(
    zip(
        (Ground.NOTICE, Ground.BREACH, Ground.INSOLVENCY, Ground.FORCE_MAJEURE),
        (clause for clause, _english in GROUNDS),
        strict=True,
    )
)
EARLY_END, RESCISSION = (chinese for chinese, _english in ENDINGS)
NOTICE_DAYS, SETTLEMENT_DAYS, CURE_DAYS = "termination_notice_days", "settlement_days", "cure_days"
# A courier needs as long.
DAYS_OF_SERVICE = 3
_FIGURES = ("fund_balance", "fund_suspended", "clawback", "due_debt")
# Texts of the entry, by the placeholder that they print as.
_TEXTS = {"reason": "termination_reason", "open_cases": "open_cases", "handover_items": "handover_items"}


@dataclass(frozen=True)
class Notice:
    """What somebody writes into a notice; sums in fen, days in China."""

    ground: Ground
    reason: str
    notice_on: date
    expected_on: date
    terminates_on: date
    balance_on: date
    handover_on: date
    sender: Sender = Sender.MANUFACTURER
    demanded_on: date | None = None
    fund_balance_fen: int = 0
    fund_suspended_fen: int = 0
    clawback_fen: int = 0
    due_debt_fen: int = 0
    open_cases: str = ""
    handover_items: str = ""
    is_downstream_supplied: bool = False
    is_reconciled: bool = False


def proposal(session: Session, agreement: Agreement) -> Notice:
    """What a new notice proposes: the ordinary one, sent today, at the earliest day that the agreement allows."""
    expected_on = today() + timedelta(days=DAYS_OF_SERVICE)
    days = agreed_days(session, agreement, NOTICE_DAYS, expected_on)
    terminates_on = min(expected_on + timedelta(days=days), agreement.ends_on)
    return Notice(
        ground=Ground.NOTICE,
        reason="",
        notice_on=today(),
        expected_on=expected_on,
        terminates_on=terminates_on,
        balance_on=today() - timedelta(days=1),
        handover_on=terminates_on,
    )


def draft(session: Session, actor: User, agreement: Agreement, notice: Notice) -> Termination:
    """Draft a notice that ends a signed agreement early, under a number of its own; one at a time."""
    base.require_signed(session, agreement)
    if agreement.ends_on < today():
        raise DomainError(
            "The agreement ends on %(day)s anyway.", field="terminates_on", day=agreement.ends_on.isoformat()
        )
    base.require_none_open(session, Termination, agreement)
    deed = Termination(
        agreement_id=agreement.id,
        agreement=agreement,
        template_id=base.template_of(session, base.NOTICE_KEY).id,
        author_id=actor.id,
        status=DeedStatus.DRAFT,
    )
    _write(deed, notice)
    deed.number = new_number(session, agreement.region, Numbered.NOTICE)
    session.add(deed)
    session.flush()
    base.record(session, actor, deed, "drafted")
    return deed


def edit(session: Session, actor: User, deed: Termination, notice: Notice, *, version: int) -> None:
    """Replace what a draft says; Stale when somebody saved it after this version was opened."""
    base.hold(session, deed)
    base.require_status(deed, DeedStatus.DRAFT)
    if deed.version != version:
        raise Stale(N_("Somebody else saved this notice after you opened it."))
    before = asdict(notice_of(deed))
    _write(deed, notice)
    deed.updated_at = now()
    session.flush()
    changes = audit.changes(before, asdict(notice_of(deed)))
    if changes:
        base.wrote_in(actor, deed)
        session.flush()
        base.record(session, actor, deed, "edited", changes=changes)


def _write(deed: Termination, notice: Notice) -> None:
    for name, value in asdict(notice).items():
        if name in _TEXTS:
            value = str(validate(_TEXTS[name], value)) if not is_empty(value) else ""
        setattr(deed, name, value)
    if not deed.reason:
        raise DomainError(N_("Enter the reason."), field="reason")
    for name in _FIGURES:
        if getattr(deed, f"{name}_fen") < 0:
            raise DomainError(N_("This sum cannot be negative."), field=f"{name}_fen")
    if deed.ground is not Ground.BREACH:
        deed.demanded_on = None


def notice_of(deed: Termination) -> Notice:
    """What a notice says, as a form shows it."""
    return Notice(**{name: getattr(deed, name) for name in Notice.__dataclass_fields__})


def payable(deed: Termination) -> tuple[int, int]:
    """What is payable to party B and what is lacking, in fen: one of them is 0 (T 2.1 五)."""
    rest = deed.fund_balance_fen - deed.fund_suspended_fen - deed.clawback_fen - deed.due_debt_fen
    return max(rest, 0), max(-rest, 0)


def data_of(session: Session, deed: Termination) -> DeedData:
    """The notice's data as it is printed: frozen from approval on, before that as it stands now."""
    paper = base.current_paper(deed)
    if paper is not None and deed.status in (DeedStatus.APPROVED, DeedStatus.SERVED):
        return {"values": paper.payload["values"], "changes": [], "after": None}
    agreement = deed.agreement
    facts = {
        **said(session, agreement, on=deed.expected_on)["values"],
        **default_values(session, agreement.region),
        **distributor_values(agreement.distributor),
    }
    ours = deed.sender is Sender.MANUFACTURER
    sender, recipient = ("manufacturer", "distributor") if ours else ("distributor", "manufacturer")
    due, lacking = payable(deed)
    settlement_days = agreed_days(session, agreement, SETTLEMENT_DAYS, deed.terminates_on)
    values: dict[str, Raw | None] = {
        "agreement_number": agreement.number,
        "agreement_signed_on": agreement.signed_on.isoformat() if agreement.signed_on else None,
        "notice_number": deed.number,
        **{f"sender_{part}": facts.get(f"{sender}_{part}") for part in ("name", "uscc", "contact", "phone")},
        "sender_email": facts.get(f"{sender}_email"),
        **{f"recipient_{part}": facts.get(f"{recipient}_{part}") for part in ("name", "uscc", "address")},
        "notice_on": deed.notice_on.isoformat(),
        "termination_clause": CLAUSES[deed.ground],
        "termination_kind": RESCISSION if deed.ground.is_rescission else EARLY_END,
        "termination_reason": deed.reason,
        "terminates_on": deed.terminates_on.isoformat(),
        "balance_on": deed.balance_on.isoformat(),
        **{f"{name}_figures": getattr(deed, f"{name}_fen") for name in _FIGURES},
        "payable_figures": due,
        "shortfall_figures": lacking,
        "settlement_on": (deed.terminates_on + timedelta(days=settlement_days)).isoformat(),
        "open_cases": deed.open_cases,
        "handover_on": deed.handover_on.isoformat(),
        "handover_items": deed.handover_items,
        "objection_days": facts.get("objection_days"),
    }
    return {"values": values, "changes": [], "after": None}


def problems(session: Session, deed: Termination, data: DeedData) -> list[Problem]:
    """What is missing or wrong in it; empty when it can be submitted."""
    found = [
        Problem(N_("%(label)s is missing."), _place(hole.name), hole.name, {"label": Msgid(hole.label)})
        for hole in holes(paper_of(deed.template), data["values"])
    ]
    # Parties and addresses are computed from the register and the settings, so no hole of somebody's making.
    for name in ("sender_name", "sender_uscc", "sender_contact", "sender_phone", "recipient_name",
                 "recipient_uscc", "recipient_address", "objection_days"):  # fmt: skip
        if is_empty(data["values"].get(name)):
            found.append(_problem(N_("%(name)s is missing on the notice."), name, name=name))
    return [*found, *_of_days(session, deed), *_of_sums(deed), *_of_conditions(session, deed)]


def _place(name: str) -> Place:
    return Place.TERMS


def _of_days(session: Session, deed: Termination) -> Iterator[Problem]:
    agreement = deed.agreement
    if deed.expected_on < deed.notice_on:
        yield _problem(N_("The notice cannot arrive before it is sent."), "expected_on")
    if deed.balance_on > deed.notice_on:
        yield _problem(N_("The day of the figures cannot be after the date of the notice."), "balance_on")
    if deed.terminates_on > agreement.ends_on:
        yield _problem(
            N_("The agreement ends on %(day)s anyway."), "terminates_on", day=agreement.ends_on.isoformat()
        )
    if deed.ground is Ground.NOTICE:
        notice_days = agreed_days(session, agreement, NOTICE_DAYS, deed.expected_on)
        earliest = deed.expected_on + timedelta(days=notice_days)
        if deed.terminates_on < earliest:
            yield _problem(
                N_("Notice of %(days)s days is agreed: it cannot end before %(day)s."),
                "terminates_on",
                days=notice_days,
                day=earliest.isoformat(),
            )
    elif deed.ground.is_rescission and deed.terminates_on != deed.expected_on:
        yield _problem(
            N_("A rescission ends the agreement on the day of its service, %(day)s."),
            "terminates_on",
            day=deed.expected_on.isoformat(),
        )
    elif deed.terminates_on < deed.expected_on:
        yield _problem(N_("It cannot end before the notice arrives."), "terminates_on")
    if deed.ground is Ground.BREACH:
        if deed.demanded_on is None:
            yield _problem(
                N_("A breach must first be demanded to be put right in writing: enter that day."),
                "demanded_on",
            )
            return
        cure_days = agreed_days(session, agreement, CURE_DAYS, deed.demanded_on)
        if deed.demanded_on + timedelta(days=cure_days) >= deed.notice_on:
            yield _problem(
                N_("The %(days)s days to put the breach right are not over on the date of the notice."),
                "demanded_on",
                days=cure_days,
            )


def _of_sums(deed: Termination) -> Iterator[Problem]:
    if deed.fund_suspended_fen > deed.fund_balance_fen:
        yield _problem(N_("No more can be kept for open cases than the fund holds."), "fund_suspended_fen")
    if deed.fund_suspended_fen and not deed.open_cases:
        yield _problem(N_("Name the open cases for which part of the fund is kept."), "open_cases")


def _of_conditions(session: Session, deed: Termination) -> Iterator[Problem]:
    """What the company settles before it gives notice (T, drafting note; D4)."""
    if deed.sender is not Sender.MANUFACTURER:
        return
    if not deed.is_downstream_supplied:
        yield _problem(
            N_(
                "Confirm first that its downstream customers (%(count)s in the register) have a new supplier."
            ),
            "is_downstream_supplied",
            count=downstream(session, deed.agreement),
        )
    if not deed.is_reconciled:
        yield _problem(
            N_("Confirm first that the sums, the zeros too, agree with the books."), "is_reconciled"
        )


def downstream(session: Session, agreement: Agreement) -> int:
    """How many customers in the register are supplied by this distributor."""
    statement = sa.select(sa.func.count()).where(
        Distributor.parent_id == agreement.distributor_id, Distributor.standing != Standing.ELIMINATED
    )
    return session.scalar(statement) or 0


def obstacles(session: Session, deed: Termination, data: DeedData) -> list[Problem]:
    """What keeps a complete notice from being approved."""
    found = []
    if deed.agreement.status is not Status.SIGNED:
        found.append(_problem(N_("%(number)s is not in force any more."), "", number=deed.agreement.number))
    found += text_obstacles(deed.template)
    if deed.expected_on < today():
        found.append(
            _problem(
                N_("The day on which it should arrive has passed; send it back for new days."), "expected_on"
            )
        )
    return found


def agreed_days(session: Session, agreement: Agreement, name: str, on: date) -> int:
    """How many days of a kind the agreement gives, by the terms of the day from which they run (PLACEHOLDERS 4.7).

    Days of notice run from the service, days to put a breach right from the demand, days of settlement from the end.
    """
    days = said(session, agreement, on=on)["values"].get(name)
    if is_empty(days):  # a text that does not say it: the company's own
        days = default_values(session, agreement.region)[name]
    return int(validate(name, days))


def _problem(msgid: str, field: str, **params: object) -> Problem:
    return Problem(msgid, Place.TERMS, field, params)
