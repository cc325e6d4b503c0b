"""What is payable now, to whom, by which means, and what of it is set off against what is owed back (3.2, 4.3, 9.1)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Book
from portal.domain.ledger.sums import contained
from portal.domain.price_protection.funds.cover import Said, said_over_time
from portal.domain.price_protection.funds.quarters import calendar_of
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payments import dues, since
from portal.domain.price_protection.payments.agreed import agreed_means
from portal.domain.price_protection.payments.models import Means, PayoutKind
from portal.domain.users.models import User
from portal.domain.workdays.services import working_days_after

TO_DISTRIBUTORS = (PayoutKind.BASE, PayoutKind.RELEASED, PayoutKind.INTEREST)
_ORDER = {kind: no for no, kind in enumerate(PayoutKind)}
_BY_ACCOUNT = {kind.account: kind for kind in PayoutKind}
_AT_ONCE = 500
# An account of a book: the agreement, the kind of sum, its quarter or case.
Key = tuple[int, PayoutKind, str]


@dataclass(frozen=True)
class Item:
    """One sum that is owed: all that its account holds, in fen; `owed_back_fen` is the agreement's, before it."""

    agreement_id: int
    agreement_number: str
    distributor_id: int
    code: str
    distributor: str
    region_id: int
    kind: PayoutKind
    part: str
    amount_fen: int
    agreed: Means
    payee: str
    bank_name: str
    bank_account: str
    due_on: date | None
    owed_back_fen: int
    offset_fen: int = 0

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.agreement_id, self.kind, self.part

    @property
    def to_pay_fen(self) -> int:
        """What goes out."""
        return self.amount_fen - self.offset_fen

    @property
    def lacks_account(self) -> bool:
        """Whether the register does not say to which account money goes."""
        return not (self.payee and self.bank_name and self.bank_account)


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; an empty field narrows nothing."""

    words: str = ""
    region: sa.Select[int] | None = None
    kind: PayoutKind | None = None
    means: Means | None = None
    only: Collection[Key] | None = None
    agreement_id: int | None = None
    # With an account in the register that money can go to, without one, or both.
    has_account: bool | None = None
    # Only what should have been paid before today.
    is_overdue: bool = False


def payable(session: Session, user: User, wanted: Wanted, permission: Permission) -> list[Item]:
    """What is owed to distributors in the user's offices, in the order of distributors, agreements and quarters.

    What an agreement's distributor owes back is set off in this order: base rebate, then the oldest quarter.
    """
    agreements = sa.select(Agreement.id).where(Agreement.region_id.in_(visible(user, permission)))
    if wanted.region is not None:
        agreements = agreements.where(Agreement.region_id.in_(wanted.region))
    if wanted.agreement_id is not None:
        agreements = agreements.where(Agreement.id == wanted.agreement_id)
    if wanted.only is not None:
        agreements = agreements.where(Agreement.id.in_({key[0] for key in wanted.only}))
    if wanted.words:
        agreements = agreements.join(Distributor).where(
            sa.or_(
                Agreement.number.icontains(wanted.words, autoescape=True),
                Distributor.name.icontains(wanted.words, autoescape=True),
                Distributor.code.icontains(wanted.words, autoescape=True),
            )
        )
    if wanted.has_account is not None:
        agreements = agreements.where(
            Agreement.distributor_id.in_(
                sa.select(Distributor.id).where(_account_known() if wanted.has_account else ~_account_known())
            )
        )
    found = list(_items(session, agreements))
    if wanted.kind is not None:
        found = [item for item in found if item.kind is wanted.kind]
    if wanted.means is not None:
        found = [item for item in found if item.agreed is wanted.means]
    if wanted.only is not None:
        found = [item for item in found if item.key in wanted.only]
    if wanted.is_overdue:
        found = [item for item in found if item.due_on is not None and item.due_on < today()]
    return set_off(found)


def _account_known() -> sa.ColumnElement[bool]:
    """As `Item.lacks_account` says of one: the holder is the distributor where the register names none."""
    return sa.and_(Distributor.bank_name != "", Distributor.bank_account != "")


def set_off(items: Iterable[Item]) -> list[Item]:
    """These sums with what is set off of each; those of an agreement follow one another."""
    left: dict[int, int] = {}
    done = []
    for item in items:
        owed = left.setdefault(item.agreement_id, item.owed_back_fen)
        taken = min(owed, item.amount_fen) if item.kind.is_rebate else 0
        left[item.agreement_id] = owed - taken
        done.append(replace(item, offset_fen=taken))
    return done


def _items(session: Session, agreements: sa.Select[int]) -> Iterator[Item]:
    owed = balances(session, agreements, [kind.account for kind in TO_DISTRIBUTORS])
    if not owed:
        return
    back = {id_: fen for (id_, _, _), fen in balances(session, agreements, [AccountKind.CLAWBACK]).items()}
    ids = sorted({id_ for id_, _, _ in owed})
    said, releases = _said(session, ids), dues.of_releases(session, agreements)
    oldest = since.spans(session, agreements, [AccountKind.BASE, AccountKind.RELEASED])
    rows: dict[int, Any] = {}
    for start in range(0, len(ids), _AT_ONCE):
        for row in session.execute(
            sa.select(
                Agreement.id,
                Agreement.number,
                Agreement.region_id,
                Agreement.distributor_id,
                Distributor.code,
                Distributor.name,
                Distributor.bank_account_name,
                Distributor.bank_name,
                Distributor.bank_account,
            )
            .join(Distributor, Distributor.id == Agreement.distributor_id)
            .where(Agreement.id.in_(ids[start : start + _AT_ONCE]))
        ):
            rows[row.id] = row
    places = sorted(
        owed.items(),
        key=lambda place: (
            rows[place[0][0]].code,
            place[0][0],
            _ORDER[_BY_ACCOUNT[place[0][1]]],
            place[0][2],
        ),
    )
    for (id_, account, part), fen in places:
        row, kind = rows[id_], _BY_ACCOUNT[account]
        values = _agreed_for(said.get(id_), kind, part)
        place = id_, account, part
        due_on = (
            working_days_after(session, oldest[place].oldest_on, int(values.get("base_payment_days") or 0))
            if account is AccountKind.BASE and place in oldest
            else dues.due_on(session, releases.get((id_, part)), place, oldest, values)
        )
        yield Item(
            agreement_id=id_,
            agreement_number=row.number,
            distributor_id=row.distributor_id,
            code=row.code,
            distributor=row.name,
            region_id=row.region_id,
            kind=kind,
            part=part,
            amount_fen=fen,
            agreed=agreed_means(values, kind),
            payee=row.bank_account_name or row.name,
            bank_name=row.bank_name,
            bank_account=row.bank_account,
            due_on=due_on,
            owed_back_fen=back.get(id_, 0),
        )


def balances(
    session: Session, agreements: sa.Select[int], kinds: Sequence[AccountKind]
) -> dict[tuple[int, AccountKind, str], int]:
    """What accounts of these kinds hold in the books of these agreements, in fen; empty accounts are left out."""
    books = sa.select(Book.id).where(Book.agreement_id.in_(agreements))
    rows = session.execute(contained(books, kinds, with_empty=False))
    return {(id_, kind, part): fen if kind.is_debit else -fen for id_, kind, part, fen in rows}


def _said(session: Session, ids: list[int]) -> dict[int, Said]:
    found: dict[int, Said] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found |= said_over_time(session, ids[start : start + _AT_ONCE])
    return found


def _agreed_for(said: Said | None, kind: PayoutKind, part: str) -> dict[str, Any]:
    """What the agreement says for a sum: the fund of a quarter is paid by the words of its last day (S 2.1)."""
    if said is None:
        return {}
    if kind is PayoutKind.BASE:
        return said.on(today())
    return said.on(calendar_of(said.original.get("quarter_starts")).named(part).last_on)
