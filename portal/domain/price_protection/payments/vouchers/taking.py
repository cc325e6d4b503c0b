"""Taking vouchers out: what is new, numbered on from the month's last, remembered, and the same when fetched again."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from portal.db import lock
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.bulk import Bulk
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.payments import keys
from portal.domain.price_protection.payments.vouchers.entries import Draft, Entry, drafts, entries
from portal.domain.price_protection.payments.vouchers.models import (
    Voucher,
    VoucherFile,
    VoucherOffice,
    VoucherTransfer,
)
from portal.domain.price_protection.payments.vouchers.movements import Asked, movements, require_range
from portal.domain.price_protection.payments.vouchers.subjects import Subject, subjects
from portal.domain.regions import services as regions
from portal.domain.users.models import User


@dataclass(frozen=True)
class Preview:
    """What a file would hold now; its numbers are those it would get."""

    entries: list[Entry]
    vouchers: int
    late: int
    lacking_invoice: int


def preview(session: Session, user: User, asked: Asked) -> Preview:
    """What is new of these days; nothing is remembered."""
    require_range(asked.first_on, asked.last_on)
    found = movements(session, user, asked)
    made = _numbered(session, drafts(found, asked))
    return Preview(
        _written(session, made, asked),
        len(made),
        sum(one.is_late for one in found),
        len(
            {
                one.document
                for one in found
                if one.kind is TransferKind.PAY
                and one.debit[0] in (AccountKind.BASE, AccountKind.RELEASED)
                and not one.invoice
            }
        ),
    )


def take(session: Session, actor: User, asked: Asked, *, key: str) -> VoucherFile:
    """Take out what is new of these days, once for each key: no other file holds any of it. The caller commits.

    Raises DomainError for days out of order, for more than a year, and where nothing is new.
    """
    require_range(asked.first_on, asked.last_on)
    key = keys.of_form(actor, key)
    if not actor.can(P.PAYMENTS_MAKE):
        raise DomainError("You make no payments for this office. Ask its finance to do it.")
    # Numbers run on over the whole company: one file after the other.
    lock(session, regions.head_office(session))
    known = session.scalar(sa.select(VoucherFile).where(VoucherFile.key == key))
    if known is not None:
        if Asked(known.first_on, known.last_on, known.only_payments, known.grouping) != asked:
            raise DomainError(
                "This form was sent before with other content: %(number)s was made of it. Open the page again.",
                number=known.number,
            )
        return known
    found = movements(session, actor, asked)
    if not found:
        raise DomainError("Nothing of these days is new: all that was booked stands in an earlier file.")
    made = _numbered(session, drafts(found, asked))
    written = _written(session, made, asked)
    file = VoucherFile(
        number=new_number(session, regions.head_office(session), Numbered.VOUCHERS),
        key=key,
        first_on=asked.first_on,
        last_on=asked.last_on,
        only_payments=asked.only_payments,
        grouping=asked.grouping,
        vouchers=len(made),
        entries=len(written),
        late=sum(one.is_late for one in found),
        amount_fen=sum(one.fen for one in found),
        content=packed(actor.name, written),
        by_id=actor.id,
    )
    session.add(file)
    session.flush()
    _remember(session, actor, file, made)
    audit.record(
        session,
        actor,
        "vouchers.taken",
        file,
        region_id=home.id if (home := actor.home) else None,
        number=file.number,
        count=file.vouchers,
        on=f"{file.first_on}–{file.last_on}",
    )
    session.flush()
    return file


def _numbered(session: Session, made: list[Draft]) -> list[tuple[Draft, int]]:
    """Each with its number: the one after the last of its month, whichever file that stands in."""
    rows = session.execute(
        sa.select(Voucher.month, sa.func.max(Voucher.no))
        .where(Voucher.month.in_({draft.month for draft in made}))
        .group_by(Voucher.month)
    )
    last: dict[str, int] = {month: no for month, no in rows}
    done = []
    for draft in made:
        last[draft.month] = last.get(draft.month, 0) + 1
        done.append((draft, last[draft.month]))
    return done


def _written(session: Session, made: Sequence[tuple[Draft, int]], asked: Asked) -> list[Entry]:
    used = subjects(session)
    return [entry for draft, no in made for entry in entries(draft, no, asked.grouping, used)]


def _remember(session: Session, actor: User, file: VoucherFile, made: Sequence[tuple[Draft, int]]) -> None:
    """Whose movements these are, their vouchers, and each transfer, which no other file takes from now on."""
    session.add_all(
        VoucherOffice(file_id=file.id, region_id=id_)
        for id_ in session.scalars(visible(actor, P.PAYMENTS_MAKE))
    )
    connection = session.connection()
    vouchers = Bulk(connection.dialect, Voucher, ("id", "file_id", "month", "no", "booked_on"))
    ids = vouchers.ids(connection, len(made))
    vouchers.insert(
        connection,
        [(id_, file.id, draft.month, no, draft.day) for id_, (draft, no) in zip(ids, made, strict=True)],
    )
    taken = Bulk(connection.dialect, VoucherTransfer, ("voucher_id", "transfer_id"))
    taken.insert(
        connection,
        [(id_, one.id) for id_, (draft, _) in zip(ids, made, strict=True) for one in draft.movements],
    )


def files_visible_to(user: User) -> sa.Select[VoucherFile]:
    """The files whose every office the user pays in, the latest first."""
    other = sa.exists().where(
        VoucherOffice.file_id == VoucherFile.id,
        VoucherOffice.region_id.not_in(visible(user, P.PAYMENTS_MAKE)),
    )
    return (
        sa.select(VoucherFile)
        .where(~other)
        .options(joinedload(VoucherFile.by))
        .order_by(VoucherFile.id.desc())
    )


def numbers(session: Session, file: VoucherFile) -> list[tuple[str, int, int]]:
    """By accounting month the first and the last number of its vouchers."""
    rows = session.execute(
        sa.select(Voucher.month, sa.func.min(Voucher.no), sa.func.max(Voucher.no))
        .where(Voucher.file_id == file.id)
        .group_by(Voucher.month)
        .order_by(Voucher.month)
    )
    return [(month, first, last) for month, first, last in rows]


def numbered(user: User, month: str, no: int) -> sa.Select[Any]:
    """The voucher of this month and number, where the user sees its file."""
    mine = files_visible_to(user).with_only_columns(VoucherFile.id).order_by(None)
    columns: tuple[Any, ...] = (
        Voucher.month,
        Voucher.no,
        Voucher.booked_on,
        VoucherFile.id,
        VoucherFile.number,
    )
    statement: sa.Select[Any] = sa.select(*columns).join(VoucherFile, VoucherFile.id == Voucher.file_id)
    return statement.where(Voucher.month == month, Voucher.no == no, VoucherFile.id.in_(mine))


def packed(by: str, written: Sequence[Entry]) -> bytes:
    """Entries as a file keeps them; `content` reads them again."""
    said = [[one.isoformat() if isinstance(one, date) else one for one in entry] for entry in written]
    return zlib.compress(json.dumps([by, said], ensure_ascii=False, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Content:
    """What a file holds, and what who took it out was called then."""

    by: str
    entries: list[Entry]


def content(file: VoucherFile) -> Content:
    """As it was taken out, whatever was renamed or noted since."""
    by, rows = json.loads(zlib.decompress(file.content))
    return Content(by, [_read(row) for row in rows])


def _read(row: list[Any]) -> Entry:
    month, voucher, day, late_on, kind, document, invoice, account, part, *rest, subject = row
    debit_fen, credit_fen, code, distributor, agreement = rest
    return Entry(
        month=month,
        voucher=voucher,
        day=date.fromisoformat(day),
        late_on=date.fromisoformat(late_on) if late_on else None,
        kind=TransferKind(kind),
        document=document,
        invoice=invoice,
        account=AccountKind(account),
        part=part,
        debit_fen=debit_fen,
        credit_fen=credit_fen,
        code=code,
        distributor=distributor,
        agreement=agreement,
        subject=Subject(*subject),
    )
