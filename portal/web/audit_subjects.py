"""What the audit trail's subjects are called, and where their pages are."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain.audit.models import AuditEvent
from portal.domain.audit.queries import RecordNames, names_of
from portal.domain.distributors.models import Distributor, ImportFile, Territory
from portal.domain.jobs.models import Job
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies.models import Policy
from portal.domain.price_protection.batches.models import Batch
from portal.domain.price_protection.closing.models import Proposal, Statement
from portal.domain.price_protection.interest.models import LprRate
from portal.domain.price_protection.models import Agreement, PriceChange, Product
from portal.domain.price_protection.payments.models import Payout, Repayment
from portal.domain.price_protection.payments.vouchers.models import VoucherFile
from portal.domain.price_protection.purchases.models import Purchase, PurchaseImport
from portal.domain.price_protection.receivables.models import AccountFigures, AccountImport
from portal.domain.price_protection.scans.models import ScanPile
from portal.domain.price_protection.trail.models import Parcel, SealApplication
from portal.domain.price_protection.violations.models import Case
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template, TemplateDraft
from portal.domain.users.models import User


@dataclass(frozen=True)
class Subject:
    """A kind of record: its word, the column that names one, and its page if it has one."""

    word: object
    name: InstrumentedAttribute[str]
    endpoint: str = ""
    # By which addresses name one, where that is not its row's number; also what one without a name is called.
    code: InstrumentedAttribute[str] | None = None


# What else a record is known by, for the filter.
_CODES: dict[str, InstrumentedAttribute[str]] = {
    "distributor": Distributor.code,
    "product": Product.code,
    "region": Region.code,
    "user_account": User.username,
}

# By table. Every table that events are written about stands here; a test compares.
SUBJECTS: dict[str, Subject] = {
    "agreement": Subject(_l("Agreement"), Agreement.number, "agreements.detail"),
    "agreement_batch": Subject(_l("Batch"), Batch.name, "batches.detail"),
    "distributor": Subject(_l("Distributor"), Distributor.name, "distributors.detail"),
    "distributor_import": Subject(_l("Dealer list"), ImportFile.filename),
    "job": Subject(_l("Task"), Job.title),
    "meeting": Subject(lazy_pgettext("numbered", "Meeting"), Meeting.title, "meetings.detail"),
    "policy": Subject(lazy_pgettext("numbered", "Policy"), Policy.title, "policies.detail"),
    "parcel": Subject(_l("Parcel"), Parcel.number, "papers.parcel"),
    "seal_application": Subject(_l("Seal application"), SealApplication.number, "papers.application"),
    "payout": Subject(_l("Payment"), Payout.number, "payments.detail"),
    "repayment": Subject(_l("Repayment"), Repayment.number, "payments.repayment"),
    "voucher_file": Subject(_l("File of vouchers"), VoucherFile.number, "payments.voucher_file"),
    "paper_template": Subject(_l("Template"), Template.key),
    "template_draft": Subject(_l("Own text"), TemplateDraft.key, "own_texts.review"),
    "price_change": Subject(_l("Price change"), PriceChange.reason),
    "product": Subject(_l("Product"), Product.name, "products.detail"),
    "quarter_proposal": Subject(_l("Close of a quarter"), Proposal.quarter, "quarters.detail"),
    "lpr_rate": Subject(_l("One-year LPR"), LprRate.source),
    "account_import": Subject(_l("List of accounts"), AccountImport.filename),
    "account_figures": Subject(_l("Account reconciliation"), AccountFigures.quarter),
    "statement": Subject(_l("Fund statement"), Statement.number, "quarters.statement"),
    "purchase": Subject(_l("Purchase"), Purchase.document_number, "purchases.detail"),
    "purchase_import": Subject(_l("List of purchases"), PurchaseImport.filename),
    "region": Subject(_l("Office"), Region.name, "admin.region"),
    "scan_pile": Subject(_l("Pile of scans"), ScanPile.office, "scans.detail"),
    "territory": Subject(_l("Territory"), Territory.name),
    "violation_case": Subject(_l("Violation case"), Case.number, "violations.detail", Case.code),
    "user_account": Subject(_l("User"), User.name, "admin.user"),
}


def known_by() -> RecordNames:
    """The columns in which people look for a record, by table."""
    return {
        table: [subject.name, *([_CODES[table]] if table in _CODES else [])]
        for table, subject in SUBJECTS.items()
    }


@dataclass(frozen=True)
class Named:
    """One subject in words; `url` is empty where there is no page."""

    kind: str
    name: str
    url: str


def named(session: Session, events: Sequence[AuditEvent]) -> list[Named]:
    """The subject of each event, in their order."""
    names = names_of(session, events, {table: subject.name for table, subject in SUBJECTS.items()})
    codes = names_of(
        session,
        events,
        {table: subject.code for table, subject in SUBJECTS.items() if subject.code is not None},
    )
    return [_named(event, names, codes) for event in events]


def _named(event: AuditEvent, names: dict[tuple[str, int], str], codes: dict[tuple[str, int], str]) -> Named:
    subject = SUBJECTS.get(event.subject)
    if subject is None:
        return Named(event.subject, f"#{event.subject_id}", "")
    key = event.subject, event.subject_id
    place = {"id": event.subject_id} if subject.code is None else {"code": codes.get(key, "")}
    name = names.get(key) or codes.get(key) or f"#{event.subject_id}"
    has_page = subject.endpoint in current_app.view_functions and all(place.values())
    return Named(str(subject.word), name, url_for(subject.endpoint, **place) if has_page else "")
