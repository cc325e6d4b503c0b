"""The tables of price protection: products with their prices, agreements, and what happens to them (P1)."""

from portal.domain.price_protection.models.agreements import (
    BINDING,
    MOVES,
    Agreement,
    AgreementPrice,
    AgreementTerms,
    AgreementViolation,
    Status,
)
from portal.domain.price_protection.models.deeds import (
    DEED_MOVES,
    OPEN,
    Amendment,
    AmendmentCheck,
    Deed,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Ground,
    PriceChange,
    Sender,
    Service,
    Termination,
)
from portal.domain.price_protection.models.life import (
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    AgreementWriter,
)
from portal.domain.price_protection.models.products import PriceApproval, PriceKind, Product, ProductPrice

__all__ = [
    "BINDING",
    "DEED_MOVES",
    "MOVES",
    "OPEN",
    "Agreement",
    "AgreementEvent",
    "AgreementPaper",
    "AgreementPrice",
    "AgreementScan",
    "AgreementTerms",
    "AgreementViolation",
    "AgreementWriter",
    "Amendment",
    "AmendmentCheck",
    "Deed",
    "DeedPaper",
    "DeedScan",
    "DeedStatus",
    "Ground",
    "PriceApproval",
    "PriceChange",
    "PriceKind",
    "Product",
    "ProductPrice",
    "Sender",
    "Service",
    "Status",
    "Termination",
]
