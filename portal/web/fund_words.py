"""The fund's accounts and transfers in words; on screen 兑付 is said for release (PLACEHOLDERS 4.10)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.domain.ledger.accounts import AccountKind, TransferKind

A, T = AccountKind, TransferKind

ACCOUNT_WORDS: dict[AccountKind, Any] = {
    A.REBATE: _l("Rebate expense"),
    A.BASE: _l("Base rebate payable"),
    A.FUND: _l("Protection fund held"),
    A.RELEASED: _l("Released fund payable"),
    A.AWARD: _l("Awards payable"),
    A.TAX: _l("Tax payable on awards"),
    A.UNAWARDED: _l("Deductions not awarded"),
    A.CLAWBACK: _l("Owed back by distributors"),
    A.BORNE: _l("Awards borne by the company"),
    A.INTEREST: _l("Interest expense"),
    A.INTEREST_DUE: _l("Interest payable"),
    A.MONEY: _l("Money in the bank"),
    A.CREDIT_NOTE: _l("Set off against goods"),
    A.GOODS: _l("Free goods"),
}

MEANINGS: dict[AccountKind, Any] = {
    A.REBATE: _l("What the company gives for purchases under an agreement, less what returns took back."),
    A.BASE: _l("The part of the rebate that is due with the purchase and not paid yet."),
    A.FUND: _l(
        "The part of the rebate that is held until the quarter is over; one account for each quarter."
    ),
    A.RELEASED: _l(
        "What a closed quarter gave to the distributor and is not paid yet; one account for each quarter."
    ),
    A.AWARD: _l(
        "What decisions awarded; it is paid once the decision is in effect. One account for each case."
    ),
    A.TAX: _l(
        "What was withheld of awards for the tax office; that it was paid there stands in the company's books."
    ),
    A.UNAWARDED: _l(
        "What was deducted and awarded to nobody; it serves the purpose of clause 8.2, never income."
    ),
    A.CLAWBACK: _l("What distributors owe for goods that came back after their rebate was paid or released."),
    A.BORNE: _l(
        "Awards that had been paid when the deduction was reversed; the distributor does not pay for it."
    ),
    A.INTEREST: _l("Interest that agreements grant on the fund, and for late payment."),
    A.INTEREST_DUE: _l("Interest that is due and not paid yet."),
    A.MONEY: _l("What was paid out by bank, less what distributors paid back."),
    A.CREDIT_NOTE: _l("What was credited against the price of goods."),
    A.GOODS: _l("What was given as goods."),
}

TRANSFER_WORDS: dict[TransferKind, Any] = {
    T.ACCRUE_BASE: _l("Base rebate accrued"),
    T.ACCRUE_FUND: _l("Fund accrued"),
    T.REVERSE_BASE: _l("Base rebate reversed by a return"),
    T.REVERSE_FUND: _l("Fund reversed by a return"),
    T.REVERSE_DEDUCTION: _l("Deduction reversed by a return"),
    T.CLAW_BACK_BASE: _l("Base rebate to be paid back"),
    T.CLAW_BACK_FUND: _l("Released fund to be paid back"),
    T.RELEASE: lazy_pgettext("fund", "Release"),
    T.INTEREST: _l("Interest"),
    T.LATE_INTEREST: _l("Late interest"),
    T.DEDUCT: _l("Deduction by decision"),
    T.RESTORE: _l("Restoration"),
    T.PAY: lazy_pgettext("fund", "Payment"),
    T.WITHHOLD: _l("Tax withheld of an award"),
    T.OFFSET: _l("Set off against what is owed back"),
    T.COLLECT: _l("Paid back by the distributor"),
    T.RELIEVE: _l("Borne by the company no more"),
    T.CORRECT: _l("Correction"),
}
