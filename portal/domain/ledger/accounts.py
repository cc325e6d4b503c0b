"""The chart of accounts: what each one holds, and which transfer may move what between which two.

Sums are fen. A liability and an income grow on the credit side, an asset and an expense on the debit side.
"""

from enum import StrEnum


class AccountKind(StrEnum):
    """An account of an agreement's book; `part` tells those of one kind apart (a quarter, a case)."""

    REBATE = "rebate"  # 返利费用: expense
    BASE = "base"  # 应付基本利润: liability
    FUND = "fund"  # 价格保护基金, held: liability, one a quarter
    RELEASED = "released"  # 应付基金, released and not yet paid: liability, one a quarter
    AWARD = "award"  # 应付奖励: liability, one a case
    TAX = "tax"  # 应交税费, withheld from awards (8.3): liability
    UNAWARDED = "unawarded"  # 未奖励的扣减款, for the purpose of 8.2: liability, one a case
    CLAWBACK = "clawback"  # 应收退回, owed by the distributor (9.1): asset
    BORNE = "borne"  # 公司承担的奖励 (9.1, 8.4): expense
    INTEREST = "interest"  # 利息费用: expense
    INTEREST_DUE = "interest_due"  # 应付利息: liability, one a quarter
    MONEY = "money"  # 银行存款: asset
    CREDIT_NOTE = "credit_note"  # 冲减货款: asset (the distributor's receivable falls)
    GOODS = "goods"  # 货补: asset (goods given)

    @property
    def is_debit(self) -> bool:
        """Whether its balance stands on the debit side."""
        return self in _DEBIT


_DEBIT = frozenset(
    {
        AccountKind.REBATE,
        AccountKind.CLAWBACK,
        AccountKind.BORNE,
        AccountKind.INTEREST,
        AccountKind.MONEY,
        AccountKind.CREDIT_NOTE,
        AccountKind.GOODS,
    }
)
# May never be overdrawn, at no moment: what is owed to somebody, and what somebody owes.
NEVER_NEGATIVE = frozenset(
    {
        AccountKind.BASE,
        AccountKind.FUND,
        AccountKind.RELEASED,
        AccountKind.AWARD,
        AccountKind.TAX,
        AccountKind.UNAWARDED,
        AccountKind.CLAWBACK,
        AccountKind.BORNE,
        AccountKind.INTEREST_DUE,
    }
)


class TransferKind(StrEnum):
    """Why money moved."""

    ACCRUE_BASE = "accrue_base"
    ACCRUE_FUND = "accrue_fund"
    REVERSE_BASE = "reverse_base"
    REVERSE_FUND = "reverse_fund"
    REVERSE_DEDUCTION = "reverse_deduction"
    CLAW_BACK_BASE = "claw_back_base"
    CLAW_BACK_FUND = "claw_back_fund"
    RELEASE = "release"
    INTEREST = "interest"
    LATE_INTEREST = "late_interest"
    DEDUCT = "deduct"
    RESTORE = "restore"
    PAY = "pay"
    WITHHOLD = "withhold"
    OFFSET = "offset"
    COLLECT = "collect"
    RELIEVE = "relieve"
    CORRECT = "correct"


A, T = AccountKind, TransferKind
_MEANS = (A.MONEY, A.CREDIT_NOTE, A.GOODS)
_TO_DISTRIBUTOR = (A.BASE, A.RELEASED, A.INTEREST_DUE)
_TAKEN = (A.AWARD, A.UNAWARDED)

# Every legal transfer: kind → (accounts it may debit, accounts it may credit). What is not here is refused, by
# `post` and again by `verify`. A correction mirrors the transfer that it names.
LEGAL: dict[TransferKind, tuple[frozenset[AccountKind], frozenset[AccountKind]]] = {
    T.ACCRUE_BASE: (frozenset({A.REBATE}), frozenset({A.BASE})),
    # Into what was released only the odd fen of a return (`returning.take_back`).
    T.ACCRUE_FUND: (frozenset({A.REBATE}), frozenset({A.FUND, A.RELEASED})),
    T.REVERSE_BASE: (frozenset({A.BASE}), frozenset({A.REBATE})),
    T.REVERSE_FUND: (frozenset({A.FUND}), frozenset({A.REBATE})),
    T.REVERSE_DEDUCTION: (frozenset({*_TAKEN, A.BORNE}), frozenset({A.REBATE})),
    T.CLAW_BACK_BASE: (frozenset({A.CLAWBACK}), frozenset({A.REBATE})),
    T.CLAW_BACK_FUND: (frozenset({A.CLAWBACK}), frozenset({A.REBATE})),
    T.RELEASE: (frozenset({A.FUND}), frozenset({A.RELEASED})),
    T.INTEREST: (frozenset({A.INTEREST}), frozenset({A.INTEREST_DUE})),
    T.LATE_INTEREST: (frozenset({A.INTEREST}), frozenset({A.INTEREST_DUE})),
    T.DEDUCT: (frozenset({A.FUND}), frozenset(_TAKEN)),
    T.RESTORE: (frozenset({*_TAKEN, A.BORNE}), frozenset({A.FUND})),
    T.PAY: (frozenset({*_TO_DISTRIBUTOR, *_TAKEN}), frozenset(_MEANS)),
    T.WITHHOLD: (frozenset({A.AWARD}), frozenset({A.TAX})),
    T.OFFSET: (frozenset(_TO_DISTRIBUTOR), frozenset({A.CLAWBACK})),
    T.COLLECT: (frozenset(_MEANS), frozenset({A.CLAWBACK})),
    # A payment that the company had borne in part is taken back: so much of it is owed to nobody (9.1).
    T.RELIEVE: (frozenset(_TAKEN), frozenset({A.BORNE})),
}
