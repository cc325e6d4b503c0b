"""Paying: what an account owes is paid whole, less what is set off, once for each key (3.2, 4.3, 8.2, 8.3, 9.1).

Whoever pays holds the books concerned; a sum that is not the one that was looked at is refused, so of two people
who pay the same one wins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.chain import facts
from portal.domain.ledger.services import Draft, Held
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.closing.cases import case_names
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import keys, since
from portal.domain.price_protection.payments.agreed import require_means
from portal.domain.price_protection.payments.awards import award_is_payable
from portal.domain.price_protection.payments.marking import require_value
from portal.domain.price_protection.payments.models import (
    Mark,
    Means,
    Payout,
    PayoutKind,
    PayoutList,
    PayoutMark,
)
from portal.domain.price_protection.payments.payable import Item, Key, Wanted, payable
from portal.domain.regions import services as regions
from portal.domain.users.models import User

SOURCE = "payout"
MOST = 1000
_CHANGED = N_(
    "Some of these sums are no longer what you looked at: somebody paid or booked in the meantime. Look at the "
    "list again."
)


class Seen(NamedTuple):
    """A sum as somebody looked at it: whose, what of it is owed and what is set off, in fen."""

    key: Key
    amount_fen: int
    offset_fen: int

    @classmethod
    def of(cls, item: Item) -> "Seen":
        """As it stands now."""
        return cls(item.key, item.amount_fen, item.offset_fen)


@dataclass(frozen=True)
class How:
    """By which means (None: as each agreement says), on which day, and what is known of it already.

    `tax_fen` is withheld of an award, by the law and clause 8.3.
    """

    paid_on: date
    means: Means | None = None
    note: str = ""
    reference: str = ""
    tax_fen: int = 0


def pay(session: Session, actor: User, seen: Sequence[Seen], how: How, *, key: str) -> PayoutList:
    """Pay these sums of distributors, as they were looked at; sent twice under one key, they are paid once.

    `key` is the form's, of this actor alone.
    Raises DomainError for a sum that changed meanwhile, a missing bank account, a means that was not agreed, a day
    to come, and one before the last booking that a sum consists of. The caller commits.
    """
    key = keys.of_form(actor, key)
    asked = _asked(actor, [(*one.key, one.amount_fen, one.offset_fen) for one in seen], how)
    if not 0 < len(seen) <= MOST:
        raise DomainError("Choose between 1 and %(most)s sums to pay.", most=MOST)
    ids = {one.key[0] for one in seen}
    mine = sa.select(Agreement.id).where(
        Agreement.id.in_(ids), Agreement.region_id.in_(visible(actor, Permission.PAYMENTS_MAKE))
    )
    if set(session.scalars(mine)) != ids:
        raise DomainError(_CHANGED)
    held = ledger.hold_all(session, ids)
    if (known := _known(session, key, asked)) is not None:
        return known
    wanted = Wanted(only={one.key for one in seen})
    owed = {item.key: item for item in payable(session, actor, wanted, Permission.PAYMENTS_MAKE)}
    items = [item for one in seen if (item := owed.get(one.key)) is not None and Seen.of(item) == one]
    if len(items) != len(seen) or len({one.key for one in seen}) != len(seen):
        raise DomainError(_CHANGED)
    return _make(session, actor, held, check(session, items, how), how, key, asked)


def check(session: Session, items: Sequence[Item], how: How) -> list[tuple[Item, Means]]:
    """By which means each goes out; DomainError for a day, a means or an account that keeps one from being paid."""
    if not 0 < len(items) <= MOST:
        raise DomainError("Choose between 1 and %(most)s sums to pay.", most=MOST)
    _require_day(session, how.paid_on, items)
    going = [(item, _means(item, how)) for item in items]
    without = [
        item for item, means in going if means is Means.MONEY and item.to_pay_fen and item.lacks_account
    ]
    if without:
        raise DomainError(
            "The register does not say to which bank account these are paid: %(names)s. Leave them out, or have the "
            "account entered with the distributor.",
            names="、".join(dict.fromkeys(f"{item.code} {item.distributor}" for item in without)),
        )
    return going


@dataclass(frozen=True)
class Payee:
    """Who gets what a case paid for a purpose; of an award nobody is named here: that is sealed in its case."""

    name: str = ""
    bank_name: str = ""
    bank_account: str = ""


def pay_from_case(
    session: Session,
    actor: User,
    agreement: Agreement,
    kind: PayoutKind,
    part: str,
    amount_fen: int,
    how: How,
    *,
    key: str,
    payee: Payee | None = None,
) -> PayoutList:
    """Pay an award whole, or use of what was not awarded so much for the purpose of clause 8.2 (`how.note`).

    Once for each key. Refused until the decision is in effect, beyond what is there, and of what was not awarded
    without purpose and payee. `key` is the form's of the actor, of an award the award's own (`keys.of_award`). The
    caller commits.
    """
    if kind is not PayoutKind.AWARD:
        key = keys.of_form(actor, key)
    item = _of_case(agreement, kind, part, amount_fen, payee or Payee())
    asked = _asked(actor, [(*item.key, item.amount_fen, item.payee, item.bank_account)], how)
    held = ledger.hold_all(session, [agreement.id])
    if (known := _known(session, key, asked)) is not None:
        return known
    if not actor.can(Permission.PAYMENTS_MAKE, agreement.region):
        raise DomainError("You make no payments for this office. Ask its finance to do it.")
    if not award_is_payable(session, part):
        raise DomainError(
            "Nothing is paid out of %(case)s yet: its decision is not in effect (clause 8.3).",
            case=case_names(session, [part])[part],
        )
    there = held[agreement.id].balance(kind.account, part)
    if kind is PayoutKind.AWARD and amount_fen != there:
        raise DomainError(_CHANGED)
    if not 0 <= how.tax_fen < amount_fen:
        raise DomainError(
            "The tax withheld is less than the award: enter it in yuan, 0 where none is withheld.",
            field="tax",
        )
    if not 0 < amount_fen <= there:
        raise DomainError("At most what is there can be used: enter a sum up to that.", field="amount")
    if kind is PayoutKind.UNAWARDED and len(how.note) < 4:
        raise DomainError("Enter for what it is used: clause 8.2 binds it to a purpose.", field="note")
    if kind is PayoutKind.UNAWARDED and not item.payee:
        raise DomainError("Enter to whom it is paid.", field="payee")
    _require_day(session, how.paid_on, [item])
    return _make(session, actor, held, [(item, how.means or Means.MONEY)], how, key, asked)


def _of_case(agreement: Agreement, kind: PayoutKind, part: str, amount_fen: int, payee: Payee) -> Item:
    if not kind.is_of_a_case:
        raise ValueError(f"{kind} is of no case")
    if kind is PayoutKind.AWARD and payee != Payee():
        raise ValueError("whom an award goes to is not kept with its payment")
    return Item(
        agreement_id=agreement.id,
        agreement_number=agreement.number,
        distributor_id=agreement.distributor_id,
        code="",
        distributor="",
        region_id=agreement.region_id,
        kind=kind,
        part=part,
        amount_fen=amount_fen,
        agreed=Means.MONEY,
        payee=payee.name,
        bank_name=payee.bank_name,
        bank_account=payee.bank_account,
        due_on=None,
        owed_back_fen=0,
    )


def _known(session: Session, key: str, asked: str) -> PayoutList | None:
    found = session.scalar(sa.select(PayoutList).where(PayoutList.key == key))
    if found is not None and found.asked != asked:
        raise DomainError(
            "This form was sent before with other content: %(number)s was made of it. Look at what is paid, and "
            "begin a new list for the rest.",
            number=found.number,
        )
    return found


def _asked(actor: User, sums: Iterable[tuple[object, ...]], how: How) -> str:
    said = sorted(":".join(map(str, one)) for one in sums)
    withheld = [how.tax_fen] if how.tax_fen else []
    return facts(actor.id, *said, how.paid_on, how.means, how.note, how.reference, *withheld)


def _require_day(session: Session, paid_on: date, items: Sequence[Item]) -> None:
    """Money goes out today or went out a while ago: never in the future, nor before what it pays was booked."""
    if paid_on > today():
        raise DomainError(
            "The day of payment is yet to come. Enter the day on which it is paid, today at most.",
            field="paid_on",
        )
    ids = {item.agreement_id for item in items}
    first = session.scalar(sa.select(sa.func.max(Agreement.effective_on)).where(Agreement.id.in_(ids)))
    if first is not None and paid_on < first:
        raise DomainError(
            "One of these agreements takes effect on %(day)s only. Enter the day on which it is paid.",
            field="paid_on",
            day=first.isoformat(),
        )
    whole = sa.select(Agreement.id).where(Agreement.id.in_(ids))
    booked = since.spans(session, whole, {item.kind.account for item in items})
    for item in items:
        _require_booked(paid_on, item, *_booked_last(session, item, booked))


def _booked_last(session: Session, item: Item, booked: dict[since.Place, since.Span]) -> list[date | None]:
    """The days before which this sum, and what is set off of it, was not owed."""
    place = item.agreement_id, item.kind.account, item.part
    if item.kind is PayoutKind.UNAWARDED:
        return [since.owed_so_much(session, place, item.amount_fen)]
    span = booked.get(place)
    days = [span.latest_on if span is not None else None]
    if item.offset_fen:
        back = item.agreement_id, AccountKind.CLAWBACK, ""
        days.append(since.owed_so_much(session, back, item.offset_fen))
    return days


def _require_booked(paid_on: date, item: Item, *days: date | None) -> None:
    last = max((day for day in days if day is not None), default=None)
    if last is None or paid_on >= last:
        return
    if item.kind.is_of_a_case:
        # Of which agreement an award is, and in which row its case stands, its payer is not told either.
        raise DomainError(
            "This sum was booked as late as %(day)s; it cannot have been paid before. Enter the day on which it is "
            "paid.",
            field="paid_on",
            day=last.isoformat(),
        )
    raise DomainError(
        "%(what)s was booked as late as %(day)s; it cannot have been paid before. Enter the day on which it is "
        "paid, or leave it out.",
        field="paid_on",
        what=" ".join(part for part in (item.agreement_number, item.distributor, item.part) if part),
        day=last.isoformat(),
    )


def _means(item: Item, how: How) -> Means:
    means = how.means or item.agreed
    require_means(item.kind, item.agreed, means, how.note)
    return means


def _make(
    session: Session,
    actor: User,
    held: dict[int, Held],
    items: Sequence[tuple[Item, Means]],
    how: How,
    key: str,
    asked: str,
) -> PayoutList:
    number = new_number(session, regions.head_office(session), Numbered.PAYMENT)
    made = PayoutList(number=number, key=key, asked=asked, paid_on=how.paid_on, made_by_id=actor.id)
    session.add(made)
    session.flush()
    payouts = [
        Payout(
            number=f"{number}-{no}",
            list_id=made.id,
            agreement_id=item.agreement_id,
            kind=item.kind,
            part=item.part,
            amount_fen=item.amount_fen,
            offset_fen=item.offset_fen,
            tax_fen=how.tax_fen if item.kind is PayoutKind.AWARD else 0,
            means=means,
            paid_on=how.paid_on,
            payee=item.payee,
            bank_name=item.bank_name if means is Means.MONEY else "",
            bank_account=item.bank_account if means is Means.MONEY else "",
            note=how.note,
            made_by_id=actor.id,
        )
        for no, (item, means) in enumerate(items, 1)
    ]
    session.add_all(payouts)
    session.flush()
    if how.reference:
        value = require_value(Mark.REFERENCE, how.reference)
        session.add_all(
            PayoutMark(payout_id=payout.id, what=Mark.REFERENCE, value=value, by_id=actor.id)
            for payout in payouts
        )
    by_agreement: dict[int, list[Draft]] = {}
    for payout in payouts:
        by_agreement.setdefault(payout.agreement_id, []).extend(_drafts(payout))
    ledger.post_all(actor, [(held[id_], drafts) for id_, drafts in sorted(by_agreement.items())])
    for payout, (item, _) in zip(payouts, items, strict=True):
        audit.record(
            session,
            actor,
            "payout.made",
            payout,
            region_id=item.region_id,
            number=payout.number,
            paid_fen=payout.paid_fen,
            offset_fen=payout.offset_fen,
            on=payout.paid_on,
        )
    session.flush()
    return made


def _drafts(payout: Payout) -> list[Draft]:
    debit = payout.kind.account, payout.part
    return [
        Draft(
            kind=kind,
            debit=debit,
            credit=(credit, ""),
            amount_fen=fen,
            key=f"{SOURCE}:{payout.id}:{kind}",
            source=SOURCE,
            source_id=payout.id,
            facts=payout.facts,
            booked_on=payout.paid_on,
        )
        for kind, credit, fen in (
            (TransferKind.OFFSET, AccountKind.CLAWBACK, payout.offset_fen),
            (TransferKind.WITHHOLD, AccountKind.TAX, payout.tax_fen),
            (TransferKind.PAY, payout.means.account, payout.paid_fen),
        )
        if fen
    ]
