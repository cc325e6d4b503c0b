"""What an agreement prints: one function makes it for preview, checks, hash and paper."""

from sqlalchemy.orm import Session

from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.papers.fill import is_empty
from portal.domain.papers.values import Raw
from portal.domain.price_protection import texts
from portal.domain.price_protection.approvals import Covered, valid_approvals
from portal.domain.price_protection.defaults import (
    Values,
    default_values,
    distributor_values,
    inputs_of,
    paper_of,
)
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementPrice,
    AgreementTerms,
    PriceApproval,
    PriceKind,
    Status,
)

# The words of the paper for the codes of the database; the paper is Chinese whatever the screen's language.
PRICE_KIND_ZH = {
    PriceKind.SUGGESTED_RETAIL: "建议零售价",
    PriceKind.SUGGESTED_RESALE: "建议出货价",
    PriceKind.MAXIMUM_RETAIL: "最高零售价",
    PriceKind.MINIMUM_RESALE: "最低出货价",
}


def payload(session: Session, agreement: Agreement) -> AgreementPaperData:
    """The agreement's data as it is printed: frozen from approval on, before that as everything stands now."""
    if agreement.status not in (Status.DRAFT, Status.SUBMITTED):
        paper = current_paper(agreement)
        if paper is not None:
            return stored(paper)
    return live_payload(session, agreement, agreement.terms[0])


def stored(paper: AgreementPaper) -> AgreementPaperData:
    """The data that a kept paper was printed from."""
    kept = paper.payload
    return {"values": kept["values"], "prices": kept["prices"], "violations": kept["violations"]}


def current_paper(agreement: Agreement) -> AgreementPaper | None:
    """The paper that the approval in force made; None before, and after it was withdrawn."""
    return next((paper for paper in agreement.papers if paper.withdrawn_at is None), None)


def live_payload(session: Session, agreement: Agreement, terms: AgreementTerms) -> AgreementPaperData:
    """The data as settings, register and the draft's own terms make it at this moment."""
    values: Values = {
        **default_values(session, agreement.region),
        **distributor_values(agreement.distributor),
        **terms.values,
        "rebate_rate": terms.rebate_ppm or "",  # not said yet
        "base_share": terms.base_share,
        "award_share": terms.award_ppm,
        "effective_on": agreement.effective_on.isoformat(),
        "expires_on": agreement.expires_on.isoformat(),
    }
    paper = paper_of(agreement.template)
    approvals = valid_approvals(session, [row.product_id for row in terms.prices], agreement.effective_on)
    needing = {row.code: row.needs_approval for row in texts.kinds(session, agreement.template)}
    return {
        "values": {
            entry.name: values[entry.name]
            for entry in inputs_of(paper)
            if not is_empty(values.get(entry.name))
        },
        "prices": [price_row(row, approvals) for row in sorted(terms.prices, key=lambda row: row.no)],
        "violations": [
            {
                "code": row.code,
                "kind": row.kind,
                "kind_en": row.kind_en,
                "definition": row.definition,
                "definition_en": row.definition_en,
                "share": row.share_ppm,
                "needs_approval": needing.get(row.code, False),
            }
            for row in sorted(terms.violations, key=lambda row: row.no)
        ],
    }


def price_row(row: AgreementPrice, approvals: dict[Covered, PriceApproval]) -> dict[str, Raw | None]:
    """A row of annex 1 as the payload holds it."""
    product = row.product
    approval = approvals.get((row.product_id, row.kind)) if row.kind.needs_approval else None
    return {
        "product_id": row.product_id,
        "product_code": product.code,
        "product_name": product.name,
        "product_name_en": product.name_en,
        "unit": product.unit,
        "kind": PRICE_KIND_ZH[row.kind],
        "kind_code": row.kind.value,
        "amount_figures": row.amount_fen or None,
        "approval_id": approval.id if approval else None,
        "approval_number": approval.number if approval else None,
        "approval_expires_on": approval.valid_until.isoformat() if approval else None,
    }
