"""What distributors owe back: until when, and that they gave it back (9.1)."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft
from portal.domain.money import figures
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.funds.cover import frozen_values
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import keys, since
from portal.domain.price_protection.payments.models import ClawbackNotice, Means, Repayment
from portal.domain.regions import services as regions
from portal.domain.text import clean
from portal.domain.users.models import User

SOURCE = "repayment"


@dataclass(frozen=True)
class Received:
    """What came back: so much, how, when, and what is known of it."""

    amount_fen: int
    means: Means
    received_on: date
    reference: str = ""
    note: str = ""


def collect(session: Session, actor: User, agreement: Agreement, said: Received, *, key: str) -> Repayment:
    """Book what the distributor gave back; sent twice under one key, once. The caller commits.

    Raises DomainError for more than it owes, for goods, for a day to come, and for one on which it owed less.
    """
    _require_office(actor, agreement)
    key = keys.of_form(actor, key)
    held = ledger.hold(session, agreement.id)
    known = session.scalar(sa.select(Repayment).where(Repayment.key == key))
    if known is not None:
        if (known.agreement_id, known.amount_fen, known.received_on) != (
            agreement.id,
            said.amount_fen,
            said.received_on,
        ):
            raise DomainError(
                "This form was sent before with other content: %(number)s was made of it. Open the form again for "
                "another repayment.",
                number=known.number,
            )
        return known
    owed = held.balance(AccountKind.CLAWBACK)
    if said.means is Means.GOODS:
        raise DomainError("It is given back by bank or off a refund, not in goods.", field="means")
    if not 0 < said.amount_fen <= owed:
        raise DomainError(
            "The distributor owes ¥%(owed)s. Enter a sum above 0 and up to that.",
            field="amount",
            owed=figures(owed),
        )
    _require_past(said.received_on, agreement)
    owed_on = since.owed_so_much(session, (agreement.id, AccountKind.CLAWBACK, ""), said.amount_fen)
    if owed_on is not None and said.received_on < owed_on:
        raise DomainError(
            "So much was owed back from %(day)s on only. Enter the day on which it was received, from then on.",
            field="received_on",
            day=owed_on.isoformat(),
        )
    made = Repayment(
        number=new_number(session, regions.head_office(session), Numbered.REPAYMENT),
        key=key,
        agreement_id=agreement.id,
        amount_fen=said.amount_fen,
        means=said.means,
        received_on=said.received_on,
        reference=clean(said.reference),
        note=clean(said.note),
        made_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    ledger.post(
        held,
        actor,
        [
            Draft(
                kind=TransferKind.COLLECT,
                debit=(made.means.account, ""),
                credit=(AccountKind.CLAWBACK, ""),
                amount_fen=made.amount_fen,
                key=f"{SOURCE}:{made.id}:{TransferKind.COLLECT}",
                source=SOURCE,
                source_id=made.id,
                facts=made.facts,
                booked_on=made.received_on,
            )
        ],
    )
    audit.record(
        session,
        actor,
        "repayment.made",
        made,
        region_id=agreement.region_id,
        number=made.number,
        paid_fen=made.amount_fen,
        on=made.received_on,
    )
    session.flush()
    return made


def serve(
    session: Session, actor: User, agreement: Agreement, received_on: date, note: str = ""
) -> ClawbackNotice:
    """Note that the distributor received the statement of what it owes: from that day the clause's days run.

    The same day again changes nothing. The caller commits.
    """
    _require_office(actor, agreement)
    held = ledger.hold(session, agreement.id)
    owed = held.balance(AccountKind.CLAWBACK)
    if owed == 0:
        raise DomainError("The distributor owes nothing back under this agreement.")
    _require_past(received_on, agreement)
    owed_on = since.owed_so_much(session, (agreement.id, AccountKind.CLAWBACK, ""), 1)
    if owed_on is not None and received_on < owed_on:
        raise DomainError(
            "Nothing was owed back before %(day)s. Enter the day on which the statement was received.",
            field="received_on",
            day=owed_on.isoformat(),
        )
    last = session.scalar(
        sa.select(ClawbackNotice)
        .where(ClawbackNotice.agreement_id == agreement.id)
        .order_by(ClawbackNotice.id.desc())
        .limit(1)
    )
    if last is not None and (last.received_on, last.amount_fen) == (received_on, owed):
        return last
    values = frozen_values(session, agreement.id, received_on)
    made = ClawbackNotice(
        agreement_id=agreement.id,
        received_on=received_on,
        due_on=received_on + timedelta(days=int(values.get("clawback_days") or 0)),
        amount_fen=owed,
        book_no=held.book.last_no,
        note=clean(note),
        by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor,
        "clawback.served",
        agreement,
        region_id=agreement.region_id,
        number=agreement.number,
        paid_fen=owed,
        on=made.due_on,
    )
    return made


def _require_office(actor: User, agreement: Agreement) -> None:
    if not actor.can(Permission.PAYMENTS_MAKE, agreement.region):
        raise DomainError("You make no payments for this office. Ask its finance to do it.")


def _require_past(day: date, agreement: Agreement) -> None:
    if not agreement.effective_on <= day <= today():
        raise DomainError(
            "Enter a day from %(day)s, when the agreement took effect, until today.",
            field="received_on",
            day=agreement.effective_on.isoformat(),
        )
