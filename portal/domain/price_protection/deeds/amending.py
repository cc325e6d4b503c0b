"""Amendments 补充协议: which terms are to be others, what the agreement says then, and the paper that says so (P1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.deeds import DeedData, changed_clauses, deed_sha256
from portal.domain.papers.fill import is_empty, validate
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.values import Raw
from portal.domain.price_protection.approvals import valid_approvals
from portal.domain.price_protection.deeds import annexes, base
from portal.domain.price_protection.deeds.inforce import said
from portal.domain.price_protection.defaults import (
    COLUMNS,
    COUNSEL_ONLY,
    default_values,
    distributor_values,
    paper_of,
    terms_of,
)
from portal.domain.price_protection.entries import PriceEntry, ViolationEntry
from portal.domain.price_protection.models import (
    Agreement,
    Amendment,
    DeedStatus,
    PriceKind,
)
from portal.domain.users.models import User

# What an amendment may say otherwise besides the further terms of the agreement's text.
AMENDABLE_COLUMNS = ("rebate_rate", "base_share", "award_share", "expires_on")
# Formalities of the paper that was signed: nothing to amend. Nor can quarters begin on other days while one runs: its
# fund would lie in two.
_NOT_AMENDABLE = frozenset({"signing_place", "copies_total", "effective_on", "quarter_starts"})
# What counsel reads first (S, drafting note): kinds and prices, violations, territory.
COUNSELS_MATTERS = frozenset({"territory_description", "territory_description_en"})
_FACTS = ("manufacturer_name", "manufacturer_uscc", "distributor_name", "distributor_uscc", "signing_place")
APPROVAL_LIMIT = REASON_LIMIT = 100
# What a preview says while nobody has entered a reason.
NO_REASON_YET = "（待填）"


@dataclass(frozen=True)
class Says:
    """What somebody writes into an amendment: from when, why, and only what changes.

    `values` are stored values by placeholder; `prices` and `violations` are the whole lists as they shall be, None
    where they stay.
    """

    effective_on: date
    reason: str
    values: dict[str, Raw] = field(default_factory=dict)
    prices: Sequence[PriceEntry] | None = None
    violations: Sequence[ViolationEntry] | None = None


def amendable(agreement: Agreement, actor: User) -> list[Placeholder]:
    """The further terms that this user may change by an amendment, in the order of the text."""
    may_say = _is_counsel(actor)
    return [
        entry
        for entry in terms_of(paper_of(agreement.template))
        if entry.name not in _NOT_AMENDABLE and (may_say or entry.name not in COUNSEL_ONLY)
    ]


def require_running(agreement: Agreement) -> None:
    """Refuse with a DomainError to amend an agreement whose last day is past."""
    if agreement.ends_on < today():
        raise DomainError("%(number)s has ended; it can be renewed, not amended.", number=agreement.number)


def draft(
    session: Session, actor: User, agreement: Agreement, says: Says, *, price_change_id: int | None = None
) -> Amendment:
    """Draft the next amendment of a signed agreement; it has the number after the last (no gaps).

    Raises DomainError while another one is under way, or when the agreement is not signed or has ended.
    """
    base.require_signed(session, agreement)
    require_running(agreement)
    base.require_none_open(session, Amendment, agreement)
    amendment = Amendment(
        agreement_id=agreement.id,
        agreement=agreement,
        no=_next_no(session, agreement),
        template_id=base.template_of(session, base.AMENDMENT_KEY).id,
        author_id=actor.id,
        price_change_id=price_change_id,
        status=DeedStatus.DRAFT,
    )
    _write(session, actor, amendment, says)
    session.add(amendment)
    session.flush()
    base.record(session, actor, amendment, "drafted")
    return amendment


def edit(session: Session, actor: User, amendment: Amendment, says: Says, *, version: int) -> None:
    """Replace what a draft says; Stale when somebody saved it after this version was opened."""
    base.hold(session, amendment)
    base.require_status(amendment, DeedStatus.DRAFT)
    if amendment.version != version:
        raise Stale(N_("Somebody else saved this amendment after you opened it."))
    before = _snapshot(amendment)
    _write(session, actor, amendment, says)
    amendment.updated_at = now()
    session.flush()
    changes = audit.changes(before, {**dict.fromkeys(before), **_snapshot(amendment)})
    if changes:
        base.wrote_in(actor, amendment)
        session.flush()
        base.record(session, actor, amendment, "edited", changes=changes)


def _snapshot(amendment: Amendment) -> dict[str, Any]:
    kept = {name: value for name, value in amendment.says.items() if name != "values"}
    return {
        "amendment_effective_on": amendment.effective_on,
        "amendment_reason": amendment.reason,
        **kept,
        **amendment.says.get("values", {}),
    }


def _next_no(session: Session, agreement: Agreement) -> int:
    last = session.scalar(
        sa.select(sa.func.max(Amendment.no)).where(
            Amendment.agreement_id == agreement.id, Amendment.status != DeedStatus.VOID
        )
    )
    return (last or 0) + 1


def _write(
    session: Session,
    actor: User,
    amendment: Amendment,
    says: Says,
    before: AgreementPaperData | None = None,
) -> None:
    """Keep what really changes of what was said; a value that the agreement says already is none."""
    agreement = amendment.agreement
    before = before or base_of(session, amendment)
    allowed = {entry.name for entry in terms_of(paper_of(agreement.template))} - _NOT_AMENDABLE
    allowed |= set(AMENDABLE_COLUMNS)
    if strange := sorted(set(says.values) - allowed):
        raise DomainError("This term cannot be changed by an amendment.", field=strange[0])
    values = {
        name: validated
        for name, raw in says.values.items()
        if not is_empty(raw) and (validated := validate(name, raw)) != before["values"].get(name)
    }
    if not _is_counsel(actor):
        for name in sorted(COUNSEL_ONLY & set(values)):
            raise DomainError("This term belongs to counsel; only counsel can change it.", field=name)
    kept: dict[str, Any] = {"values": values}
    if says.prices is not None:
        rows = annexes.checked_prices(session, says.prices)
        if rows != annexes.price_entries(before):
            kept["prices"] = [[row.product_id, row.kind.value, row.amount_fen] for row in rows]
    if says.violations is not None:
        kinds = annexes.checked_violations(session, agreement, before["violations"], says.violations)
        if kinds != {row["code"]: row["share"] for row in before["violations"]}:
            kept["violations"] = [[code, share] for code, share in kinds.items()]
    amendment.says = kept
    amendment.effective_on = says.effective_on
    amendment.reason = str(
        validate("amendment_reason", base.reason_of(says.reason, REASON_LIMIT, "amendment_reason"))
    )


def says_of(amendment: Amendment) -> Says:
    """What a draft says, as a form shows it."""
    kept = amendment.says
    prices, violations = kept.get("prices"), kept.get("violations")
    return Says(
        effective_on=amendment.effective_on,
        reason=amendment.reason,
        values=dict(kept.get("values", {})),
        prices=None if prices is None else [PriceEntry(one, PriceKind(kind), fen) for one, kind, fen in prices],
        violations=None if violations is None else [ViolationEntry(code, share) for code, share in violations],
    )  # fmt: skip


def hold_approvals(session: Session, amendment: Amendment) -> None:
    """Lock the approvals that carry its new binding prices: none is revoked before the transaction ends (P6)."""
    rows = says_of(amendment).prices or ()
    products = [row.product_id for row in rows if row.kind.needs_approval]
    if products:
        valid_approvals(session, products, amendment.effective_on, holds=True)


def base_of(session: Session, amendment: Amendment) -> AgreementPaperData:
    """What the agreement says before this amendment: the text as signed, with every amendment before it."""
    return said(session, amendment.agreement, before_no=amendment.no)


def after(session: Session, amendment: Amendment, before: AgreementPaperData) -> AgreementPaperData:
    """What the agreement says with this amendment; prices that it leaves alone keep their approval as agreed."""
    says = says_of(amendment)
    prices = before["prices"]
    if says.prices is not None:
        prices = annexes.new_prices(session, amendment, before["prices"], says.prices)
    violations = before["violations"]
    if says.violations is not None:
        violations = annexes.new_violations(
            session, amendment.agreement, before["violations"], says.violations
        )
    return {
        "values": {**before["values"], **says.values},
        "prices": prices,
        "violations": violations,
    }


def data_of(session: Session, amendment: Amendment, before: AgreementPaperData | None = None) -> DeedData:
    """The amendment's data as it is printed: frozen from approval on, before that as it stands now.

    `before` is what the agreement says without it, where that is at hand.
    """
    paper = base.current_paper(amendment)
    if paper is not None and amendment.status in (DeedStatus.APPROVED, DeedStatus.SIGNED):
        kept = paper.payload
        return {"values": kept["values"], "changes": kept["changes"], "after": kept["after"]}
    agreement = amendment.agreement
    before = before or base_of(session, amendment)
    later = after(session, amendment, before)
    facts = {
        **before["values"],
        **default_values(session, agreement.region),
        **distributor_values(agreement.distributor),
        # Where and in how many copies one signs is as with the agreement (S 3.3).
        **{name: before["values"].get(name) for name in ("signing_place", "copies_total")},
    }
    signed_on = agreement.signed_on
    values: dict[str, Raw | None] = {
        **{name: facts.get(name) for name in (*_FACTS, "copies_total")},
        "agreement_number": agreement.number,
        "agreement_signed_on": signed_on.isoformat() if signed_on else None,
        "amendment_number": amendment.no,
        "amendment_reason": amendment.reason,
        "amendment_effective_on": amendment.effective_on.isoformat(),
        "amendment_price_approval": annexes.approvals_named(before, later),
    }
    changes = changed_clauses(paper_of(agreement.template), before, later, agreement.number)
    return {"values": values, "changes": changes, "after": later}


def preview(
    session: Session,
    actor: User,
    agreement: Agreement,
    says: Says,
    *,
    before: AgreementPaperData,
    amendment: Amendment | None = None,
) -> DeedData:
    """What an amendment would say with this entry, to an agreement that says `before`; nothing is kept."""
    made = Amendment(
        agreement=agreement,
        no=amendment.no if amendment else _next_no(session, agreement),
        status=DeedStatus.DRAFT,
    )
    _write(session, actor, made, replace(says, reason=says.reason or NO_REASON_YET), before)
    return data_of(session, made, before)


def keep_as_read(amendment: Amendment, data: DeedData) -> None:
    """Keep what it says now, so that a list of many shows and binds it without making it up again."""
    amendment.sha256, amendment.changes = deed_sha256(data), [dict(row) for row in data["changes"]]


def needs_counsel(amendment: Amendment) -> bool:
    """Whether counsel must read it first: prices, violations or territory are to be others (S, drafting note)."""
    kept = amendment.says
    return "prices" in kept or "violations" in kept or bool(COUNSELS_MATTERS & set(kept.get("values", {})))


def awaits_counsel(amendment: Amendment) -> bool:
    """Whether counsel must still read it, as it was submitted or last read by anybody who decides."""
    is_read = bool(amendment.sha256) and amendment.counsel_sha256 == amendment.sha256
    return needs_counsel(amendment) and not is_read


def columns_of(data: AgreementPaperData) -> dict[str, Any]:
    """The terms that stand in columns of their own, and the rest as values, for a row of terms."""
    values = data["values"]
    return {
        "rebate_ppm": values["rebate_rate"],
        "base_share": values["base_share"],
        "award_ppm": values["award_share"],
        "values": {name: value for name, value in values.items() if name not in COLUMNS},
    }


def _is_counsel(actor: User) -> bool:
    return actor.can(Permission.TEMPLATES_RELEASE)
