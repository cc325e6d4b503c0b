"""From movements to vouchers: each balances, and what a case keeps sealed stands in none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.price_protection.payments.vouchers.models import Grouping
from portal.domain.price_protection.payments.vouchers.movements import Asked, Movement
from portal.domain.price_protection.payments.vouchers.subjects import Subject

A, T = AccountKind, TransferKind
# They name a case: a customer on one side only would never clear, and on both would tell who reported whom.
_OF_NO_CUSTOMER = frozenset({A.AWARD, A.TAX, A.UNAWARDED, A.BORNE})
_LONGEST = 200


class Entry(NamedTuple):
    """One entry of a voucher as it was taken out: a debit or a credit, in fen, the other is 0."""

    month: str
    voucher: int
    day: date
    # The day of a movement that came too late for the file of its own days.
    late_on: date | None
    kind: TransferKind
    document: str
    # The number of the red-letter invoice, where it was known by then.
    invoice: str
    account: AccountKind
    part: str
    debit_fen: int
    credit_fen: int
    # Empty where a case paid somebody: neither whom nor of which case is told.
    code: str
    distributor: str
    agreement: str
    subject: Subject

    @property
    def label(self) -> str:
        """What people call its voucher: 记-2026-09-0012."""
        return label(self.month, self.voucher)


def label(month: str, no: int) -> str:
    """What people call a voucher: its word, its accounting month and its number in it."""
    return f"记-{month}-{no:04d}"


@dataclass(frozen=True)
class Draft:
    """A voucher to be numbered: its day, and the movements that it books."""

    day: date
    movements: tuple[Movement, ...]

    @property
    def month(self) -> str:
        """The accounting month."""
        return f"{self.day:%Y-%m}"


class _Key(NamedTuple):
    day: date
    late_on: date
    agreement: str
    kind: str
    document: str


def drafts(found: Iterable[Movement], asked: Asked) -> list[Draft]:
    """The vouchers of these movements, in the order of their days; what is late stands on the first day."""
    together: dict[_Key, list[Movement]] = {}
    for one in found:
        together.setdefault(_key(one, asked), []).append(one)
    return [Draft(key.day, tuple(ones)) for key, ones in sorted(together.items())]


def _key(one: Movement, asked: Asked) -> _Key:
    day = asked.first_on if one.is_late else one.booked_on
    if asked.grouping is Grouping.DAY:
        return _Key(day, one.booked_on, "", one.kind, "")
    # Where it stood among agreements would tell which one a sealed payment is of.
    agreement = "" if one.is_sealed else one.agreement
    if not one.document:
        return _Key(day, one.booked_on, agreement, one.kind, "")
    return _Key(day, one.booked_on, agreement, "correct" if one.kind is T.CORRECT else "", one.document)


def entries(draft: Draft, no: int, grouping: Grouping, used: dict[AccountKind, Subject]) -> Iterator[Entry]:
    """The entries of a voucher, debits first; equal ones are added up."""
    sums: dict[tuple[bool, Entry], int] = {}
    papers: dict[tuple[bool, Entry], tuple[dict[str, None], dict[str, None]]] = {}
    for one in draft.movements:
        for is_credit, (account, part) in enumerate((one.debit, one.credit)):
            key = bool(is_credit), _blank(one, draft, no, grouping, account, part, used[account])
            sums[key] = sums.get(key, 0) + one.fen
            documents, invoices = papers.setdefault(key, ({}, {}))
            documents[one.document] = invoices[one.invoice] = None
    for (is_credit, entry), fen in sorted(sums.items(), key=lambda one: one[0][0]):
        documents, invoices = papers[is_credit, entry]
        yield entry._replace(
            document=_joined(documents),
            invoice=_joined(invoices),
            debit_fen=0 if is_credit else fen,
            credit_fen=fen if is_credit else 0,
        )


def _blank(
    one: Movement,
    draft: Draft,
    no: int,
    grouping: Grouping,
    account: AccountKind,
    part: str,
    subject: Subject,
) -> Entry:
    """Where a movement's side is added to: all of the entry but its sums and papers."""
    is_single = grouping is Grouping.SINGLE
    has_customer = not one.is_sealed and account not in _OF_NO_CUSTOMER
    return Entry(
        month=draft.month,
        voucher=no,
        day=draft.day,
        late_on=one.booked_on if one.is_late else None,
        kind=one.kind,
        document="",
        invoice="",
        account=account,
        part=part if is_single and has_customer else "",
        debit_fen=0,
        credit_fen=0,
        code=one.code if has_customer else "",
        distributor=one.distributor if has_customer else "",
        agreement=one.agreement if is_single and not one.is_sealed else "",
        subject=subject,
    )


def _joined(papers: Iterable[str]) -> str:
    """The numbers of the papers behind an entry; of very many the first ones."""
    said, known = "", [paper for paper in papers if paper]
    for paper in known:
        more = f"{said}、{paper}" if said else paper
        if len(more) > _LONGEST:
            return f"{said}…"
        said = more
    return said
