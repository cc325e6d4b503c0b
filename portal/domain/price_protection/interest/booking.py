"""Interest that payments owe: proposed with its calculation, confirmed by finance, then a payable like others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.models import Account, Book, Transfer
from portal.domain.ledger.services import Draft
from portal.domain.price_protection.funds.cover import calendar_of_agreement
from portal.domain.price_protection.funds.models import FundRelease
from portal.domain.price_protection.funds.releasing import SOURCE as RELEASE
from portal.domain.price_protection.interest.owing import Claim, claims
from portal.domain.price_protection.interest.rates import known_until, rates
from portal.domain.price_protection.interest.reckoning import Rate
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments.models import LateInterest, PaymentCorrection, Payout, PayoutKind
from portal.domain.users.models import User

SOURCE = "late_interest"
_YEARS = 3  # so long a claim for it can be brought (Civil Code, art. 188)


@dataclass(frozen=True)
class Proposed:
    """The interest of a payment as it is reckoned today; `lacks_on` is the first day without a known rate."""

    payout: Payout
    claims: Sequence[Claim]
    rates: Sequence[Rate]
    lacks_on: date | None

    @property
    def amount_fen(self) -> int:
        """All of it."""
        return sum(claim.fen for claim in self.claims)


def of_payout(session: Session, payout: Payout, known: Sequence[Rate] = ()) -> Proposed:
    """What interest a payment owes by the known rates; beyond them the last one is taken for the time being."""
    known = known or rates(session)
    until = known_until(known)
    found = claims(session, payout, known)
    lacks = max((claim.to_on for claim in found), default=until) > until
    return Proposed(payout, found, known, until + timedelta(days=1) if lacks else None)


def proposed(session: Session, user: User) -> list[Proposed]:
    """The payments of a user's offices that owe interest which nobody has confirmed, the latest first."""
    known = rates(session)
    found = (of_payout(session, payout, known) for payout in session.scalars(_late(user)))
    return [one for one in found if one.amount_fen]


def _late(user: User) -> sa.Select[Payout]:
    """Payments that may have been late: of a fund after its day, or with something restored; of a base rebate with a
    line older than the day before."""
    into, credited = aliased(Transfer), aliased(Account)
    restored = sa.exists().where(
        FundRelease.agreement_id == Payout.agreement_id,
        FundRelease.quarter == Payout.part,
        into.source == RELEASE,
        into.source_id == FundRelease.id,
        into.kind == TransferKind.RELEASE,
        into.key.like(f"{RELEASE}:%:restored:%"),
    )
    late = sa.exists().where(
        FundRelease.agreement_id == Payout.agreement_id,
        FundRelease.quarter == Payout.part,
        FundRelease.due_on < Payout.paid_on,
    )
    paid, earlier = aliased(Transfer), aliased(Transfer)
    own = sa.select(sa.func.min(paid.no)).where(
        paid.source == Payout.__tablename__, paid.source_id == Payout.id
    )
    before = (
        sa.select(sa.func.max(earlier.no))
        .join(credited, credited.id == earlier.debit_id)
        .where(
            earlier.book_id == Book.id,
            credited.kind == AccountKind.BASE,
            earlier.source == Payout.__tablename__,
            earlier.no < own.correlate(Payout).scalar_subquery(),
            ~sa.exists().where(PaymentCorrection.payout_id == earlier.source_id),
        )
        .correlate(Book, Payout)
    )
    old = sa.exists(
        sa.select(sa.literal(1))
        .select_from(into)
        .join(Book, Book.id == into.book_id)
        .where(
            Book.agreement_id == Payout.agreement_id,
            into.kind == TransferKind.ACCRUE_BASE,
            into.booked_on < Payout.paid_on,
            into.no < own.correlate(Payout).scalar_subquery(),
            into.no > sa.func.coalesce(before.scalar_subquery(), 0),
        )
        .correlate(Payout)
    )
    return (
        sa.select(Payout)
        .join(Agreement, Agreement.id == Payout.agreement_id)
        .options(
            joinedload(Payout.agreement, innerjoin=True).joinedload(Agreement.distributor, innerjoin=True)
        )
        .where(
            Agreement.region_id.in_(visible(user, Permission.FUNDS_READ)),
            Payout.paid_on > today() - timedelta(days=365 * _YEARS),
            ~sa.exists().where(PaymentCorrection.payout_id == Payout.id),
            ~sa.exists().where(LateInterest.payout_id == Payout.id),
            sa.or_(
                sa.and_(Payout.kind == PayoutKind.RELEASED, sa.or_(late, restored)),
                sa.and_(Payout.kind == PayoutKind.BASE, old),
            ),
        )
        .order_by(Payout.paid_on.desc(), Payout.id.desc())
    )


def booked_for(session: Session, payout_id: int) -> LateInterest | None:
    """The interest of a payment that was confirmed."""
    return session.scalar(sa.select(LateInterest).where(LateInterest.payout_id == payout_id))


def confirm(session: Session, actor: User, payout: Payout, *, seen_fen: int) -> LateInterest:
    """Book the interest of a payment as it was looked at; sent twice, once. The caller commits.

    DomainError for what is another sum by now, for a payment taken back, and while a rate is not known.
    """
    if not actor.can(Permission.PAYMENTS_MAKE, payout.agreement.region):
        raise DomainError(N_("You make no payments for this office. Ask its finance to do it."))
    held = ledger.hold(session, payout.agreement_id)
    known = booked_for(session, payout.id)
    if known is not None:
        if known.amount_fen != seen_fen:
            raise DomainError(N_("The interest of this payment was confirmed already. Load the page again."))
        return known
    if session.scalar(sa.select(PaymentCorrection.id).where(PaymentCorrection.payout_id == payout.id)):
        raise DomainError(N_("This payment was taken back: it owes no interest."))
    found = of_payout(session, payout)
    if found.lacks_on is not None:
        raise DomainError(
            N_(
                "The LPR from %(day)s on is not entered. Enter what was published, then confirm the interest."
            ),
            day=found.lacks_on.isoformat(),
        )
    if not found.amount_fen or found.amount_fen != seen_fen:
        raise DomainError(N_("The interest is another sum by now. Load the page again and look at it."))
    calendar = calendar_of_agreement(session, payout.agreement_id)
    made = LateInterest(
        agreement_id=payout.agreement_id,
        payout_id=payout.id,
        part=str(calendar.of(payout.paid_on)),
        amount_fen=found.amount_fen,
        claims=[claim.as_json() for claim in found.claims],
        by_id=actor.id,
    )
    session.add(made)
    session.flush()
    draft = Draft(
        kind=TransferKind.LATE_INTEREST,
        debit=(AccountKind.INTEREST, ""),
        credit=(AccountKind.INTEREST_DUE, made.part),
        amount_fen=made.amount_fen,
        key=f"{SOURCE}:{made.id}",
        source=SOURCE,
        source_id=made.id,
        facts=made.facts,
    )
    ledger.post(held, actor, [draft])
    audit.record(
        session,
        actor,
        "payout.interest_confirmed",
        payout,
        region_id=payout.agreement.region_id,
        number=payout.number,
        paid_fen=made.amount_fen,
        on=payout.paid_on,
    )
    session.flush()
    return made
