"""Proving what was taken out: every voucher balances and books just its transfers, each of them once."""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, undefer

from portal.domain.i18n import N_
from portal.domain.ledger.accounts import AccountKind
from portal.domain.ledger.models import Account, Transfer
from portal.domain.ledger.verify import Break
from portal.domain.price_protection.payments.vouchers.entries import label
from portal.domain.price_protection.payments.vouchers.models import Voucher, VoucherFile, VoucherTransfer
from portal.domain.price_protection.payments.vouchers.taking import content

Sums = Counter[tuple[str, int, AccountKind, bool]]
_WRONG = N_("Voucher %(number)s says something else than the transfers that it books.")


def prove(session: Session) -> int:
    """Compare every file's entries with the books; returns how many vouchers; raises Break for the first."""
    count = 0
    for id_ in session.scalars(sa.select(VoucherFile.id).order_by(VoucherFile.id)).all():
        file = session.scalars(
            sa.select(VoucherFile)
            .where(VoucherFile.id == id_)
            .options(undefer(VoucherFile.content))
            .execution_options(populate_existing=True)
        ).one()
        said, days = _said(file)
        booked = _booked(session, file)
        if wrong_sums := (said - booked) + (booked - said):
            month, no, *_ = min(wrong_sums)
            raise Break(_WRONG, number=label(month, no))
        stored = {
            (month, no): day
            for month, no, day in session.execute(
                sa.select(Voucher.month, Voucher.no, Voucher.booked_on).where(Voucher.file_id == file.id)
            )
        }
        if stored != days:
            wrong = min(set(stored.items()) ^ set(days.items()))[0]
            raise Break(_WRONG, number=label(*wrong))
        debits = sum(fen for (*_, is_credit), fen in said.items() if not is_credit)
        if (len(days), debits) != (file.vouchers, file.amount_fen):
            raise Break(N_("The file of vouchers %(number)s does not hold what it says."), number=file.number)
        count += len(days)
        session.expunge(file)
    return count


def _said(file: VoucherFile) -> tuple[Sums, dict[tuple[str, int], object]]:
    sums: Sums = Counter()
    days: dict[tuple[str, int], object] = {}
    for entry in content(file).entries:
        place = entry.month, entry.voucher
        days[place] = entry.day
        for is_credit, fen in ((False, entry.debit_fen), (True, entry.credit_fen)):
            if fen:
                sums[*place, entry.account, is_credit] += fen
    return sums, days


def _booked(session: Session, file: VoucherFile) -> Sums:
    sums: Sums = Counter()
    debit, credit = aliased(Account), aliased(Account)
    for month, no, from_, to, fen in session.execute(
        sa.select(Voucher.month, Voucher.no, debit.kind, credit.kind, Transfer.amount_fen)
        .join(VoucherTransfer, VoucherTransfer.voucher_id == Voucher.id)
        .join(Transfer, Transfer.id == VoucherTransfer.transfer_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Voucher.file_id == file.id)
    ):
        sums[month, no, from_, False] += fen
        sums[month, no, to, True] += fen
    return sums
