"""By which means an agreement lets a sum be paid, and who must have agreed to another (3.2, 4.3, 9.1)."""

from typing import Any

from portal.domain.errors import DomainError
from portal.domain.price_protection.payments.models import Means, PayoutKind

BY_BANK = "银行转账"


def agreed_means(values: dict[str, Any], kind: PayoutKind) -> Means:
    """What the original says for this kind of sum; what it says nothing of goes by bank."""
    if kind is PayoutKind.BASE:
        said = values.get("base_payment_method", "冲减当次货款")
    elif kind in (PayoutKind.RELEASED, PayoutKind.INTEREST):
        said = values.get("release_method", BY_BANK)
    else:
        said = BY_BANK
    return Means.MONEY if said == BY_BANK else Means.CREDIT_NOTE


def require_means(kind: PayoutKind, agreed: Means, means: Means, note: str) -> None:
    """Refuse a means that the agreement does not allow; another than agreed needs the distributor's consent.

    What is to be transferred is never set off against goods (4.2); free goods are given only where both agreed so.
    """
    if means is agreed:
        return
    if means is Means.CREDIT_NOTE and kind in (PayoutKind.RELEASED, PayoutKind.INTEREST):
        raise DomainError(
            "The agreement says that the fund is paid by bank transfer; it cannot be set off against goods "
            "(clauses 4.2 and 4.3). Choose the means as agreed.",
            field="means",
        )
    if len(note) < 4:
        raise DomainError(
            "Some of these sums are agreed to be paid otherwise. Enter where the distributor consented in writing, "
            "or choose the means as agreed.",
            field="note",
        )
