"""The words of payments: what is paid, by which means, and what happened to it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.domain.money import figures
from portal.domain.price_protection.payments.models import Mark, Means, PayoutKind
from portal.domain.price_protection.payments.noting import Outcome

PAYMENT_WORDS: tuple[tuple[StrEnum, Any], ...] = (
    (PayoutKind.BASE, _l("Base rebate")),
    (PayoutKind.RELEASED, _l("Released fund")),
    (PayoutKind.INTEREST, lazy_pgettext("fund", "Interest on the fund")),
    (PayoutKind.AWARD, lazy_pgettext("fund", "Award")),
    (PayoutKind.UNAWARDED, _l("Use of a deduction not awarded")),
    (Means.MONEY, _l("Bank transfer")),
    (Means.CREDIT_NOTE, _l("Set off against goods")),
    (Means.GOODS, _l("Free goods")),
    (Mark.INVOICE, _l("Red-letter invoice number")),
    (Mark.REFERENCE, _l("Bank or document number")),
    (Outcome.NOTED, _l("Number entered")),
    (Outcome.UNCHANGED, _l("Was entered before")),
    (Outcome.REFUSED, _l("Not taken")),
)

PAYMENT_ACTIONS: dict[str, object] = {
    "payout.made": _l("Paid"),
    "payout.corrected": _l("Payment taken back"),
    "payout.interest_confirmed": _l("Late interest confirmed"),
    "lpr.entered": _l("LPR entered"),
    "payout.invoice_noted": _l("Red-letter invoice noted"),
    "payout.reference_noted": _l("Bank or document number noted"),
    "payout.invoice_mended": _l("Red-letter invoice number mended"),
    "payout.reference_mended": _l("Bank or document number mended"),
    "repayment.made": _l("Repayment received"),
    "repayment.corrected": _l("Repayment taken back"),
    "clawback.settled": _l("Claw-back settlement made"),
    "clawback.served": _l("Statement of what is owed back received"),
    "vouchers.taken": _l("Vouchers taken out"),
    "subjects.changed": _l("Subject codes of vouchers changed"),
}

PAYMENT_LISTS = {
    "payable": _l("Sums to be paid"),
    "payments": _l("Payments"),
    "bank_list": _l("Bank list"),
    "invoices_to_enter": _l("Invoice numbers to enter"),
    "vouchers": _l("Vouchers"),
}


def told_of_payment(params: Mapping[str, Any]) -> str:
    """What such an event says besides its subject."""
    parts = []
    if isinstance(fen := params.get("paid_fen"), int):
        parts.append(f"¥{figures(fen)}")
    if isinstance(fen := params.get("offset_fen"), int) and fen:
        parts.append(_("set off ¥%(amount)s", amount=figures(fen)))
    parts += [str(params[name]) for name in ("value", "on", "why") if params.get(name)]
    return _(" · ").join(parts)
