"""What an agreement said on the day of an act: its annex 2, its days, and whether its prices bound (5.1, 2.2, 4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, today
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.fill import is_empty, validate
from portal.domain.papers.values import Raw
from portal.domain.price_protection.deeds.inforce import said
from portal.domain.price_protection.defaults import default_values
from portal.domain.price_protection.funds import suspending
from portal.domain.price_protection.funds.cover import IN_FORCE
from portal.domain.price_protection.funds.models import FundHold
from portal.domain.price_protection.funds.quarters import calendar_of
from portal.domain.price_protection.models import Agreement, PriceApproval, PriceKind

# What is frozen in a case; the papers print some of it, the deadlines follow from the rest.
_DAYS = (
    "limitation_months",
    "case_notice_days",
    "response_days",
    "decision_days",
    "extension_days",
    "appeal_days",
    "appeal_decision_days",
    "restore_days",
    "award_payment_days",
    "release_days",
)
_WORDS = ("appeal_body", "quarter_starts")
_AWARD = "award_share"


@dataclass(frozen=True)
class Kind:
    """A row of annex 2 as it stood on a day."""

    no: int
    code: str
    kind: str
    definition: str
    share_ppm: int
    needs_approval: bool


@dataclass(frozen=True)
class Terms:
    """What an agreement says of violations on a day."""

    kinds: tuple[Kind, ...]
    values: dict[str, Raw]
    award_ppm: int
    prices: tuple[dict[str, Raw | None], ...]

    def kind(self, code: str) -> Kind:
        """The row of this code; DomainError when annex 2 has none."""
        for one in self.kinds:
            if one.code == code:
                return one
        raise DomainError(
            N_("This kind was not in annex 2 of the agreement on the day of the act."), field="kinds"
        )

    def highest(self, codes: Sequence[str]) -> Kind:
        """Of several kinds the one with the highest share, the first of equals (5.2)."""
        if not codes:
            raise DomainError(N_("Choose a kind of violation."), field="kinds")
        return max((self.kind(code) for code in codes), key=lambda one: (one.share_ppm, -one.no))


def terms_on(session: Session, agreement: Agreement, on: date) -> Terms:
    """What the agreement said on a day, with the amendments that were in force; nothing is read from today's settings.

    A day or a word that the agreement's text does not mention is the company's own.
    """
    data: AgreementPaperData = said(session, agreement, on=on)
    values = data["values"]

    def value(name: str) -> Raw:
        found = values.get(name)
        if found is None or is_empty(found):
            found = default_values(session, agreement.region)[name]
        return validate(name, found)

    return Terms(
        kinds=tuple(
            Kind(
                no=no,
                code=str(row["code"]),
                kind=str(row["kind"]),
                definition=str(row["definition"]),
                share_ppm=int(row.get("share") or 0),
                needs_approval=bool(row.get("needs_approval")),
            )
            for no, row in enumerate(data["violations"], 1)
        ),
        values={name: value(name) for name in (*_DAYS, *_WORDS)},
        award_ppm=int(value(_AWARD)),
        prices=tuple(data["prices"]),
    )


def require_covered(agreement: Agreement, on: date) -> None:
    """Refuse an act on a day on which the agreement was not in force."""
    if on > today():
        raise DomainError(N_("This day is in the future."), field="act_on")
    if agreement.status not in IN_FORCE or not agreement.effective_on <= on <= agreement.ends_on:
        raise DomainError(
            N_("%(number)s was not in force on this day; choose the agreement that was."),
            field="act_on",
            number=agreement.number,
        )


def require_not_settled(session: Session, agreement: Agreement) -> None:
    """Refuse a case about an agreement that has ended and been settled (13.3)."""
    if is_settled(session, agreement):
        raise DomainError(
            N_("%(number)s has ended and was settled; no case can be opened about it any more."),
            field="agreement",
            number=agreement.number,
        )


# What is held for or owed to the distributor of the fund, and what it owes back of it (9.1).
_TO_SETTLE = (AccountKind.FUND, AccountKind.RELEASED, AccountKind.INTEREST_DUE, AccountKind.CLAWBACK)


def is_settled(session: Session, agreement: Agreement) -> bool:
    """Whether the agreement has ended, its last quarter was released, and by the accounts everything is paid (13.3).

    Only what a case holds back may still be there: it was left out of the settlement.
    """
    if agreement.ends_on >= today():
        return False
    starts = said(session, agreement)["values"].get("quarter_starts")
    last = str(calendar_of(starts).of(agreement.ends_on))
    held = set(
        session.scalars(
            sa.select(FundHold.quarter).where(
                FundHold.agreement_id == agreement.id, FundHold.lifted_on.is_(None)
            )
        )
    )
    if last not in held and suspending.released(session, agreement.id, last) is None:
        return False
    balances = ledger.balances(session, [agreement.id]).get(agreement.id, {})
    return not any(
        fen
        for (kind, part), fen in balances.items()
        if kind in _TO_SETTLE and not (kind is AccountKind.FUND and part in held)
    )


def approval_of(session: Session, terms: Terms, product_id: int | None, on: date) -> str:
    """The approval number that bound the price of this product on a day; DomainError without one (2.2, 6.1, 4.1)."""
    for row in terms.prices:
        if row.get("product_id") != product_id or product_id is None:
            continue
        if not PriceKind(str(row.get("kind_code"))).needs_approval or is_empty(row.get("approval_number")):
            continue
        approval = session.get(PriceApproval, _int(row.get("approval_id")))
        if (
            approval is not None
            and approval.valid_from <= on <= approval.valid_until
            and (approval.revoked_at is None or on < approval.revoked_at.astimezone(CHINA).date())
        ):
            return approval.number
    raise DomainError(
        N_(
            "A report about prices is accepted only for a product whose price counsel approved as binding on that"
            " day (clause 6.1). Suggested prices bind nobody."
        ),
        field="product",
    )


def _int(value: Any) -> int:
    return int(value) if value else 0
