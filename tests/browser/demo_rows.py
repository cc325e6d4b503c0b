"""Ids of the demo's rows that the addresses of pages name."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.distributors.models import Contact
from portal.domain.meetings.minutes.models import Minutes, Task, TaskState
from portal.domain.meetings.models import Invitation, Meeting, Reply
from portal.domain.meetings.policies.models import Concerned, Policy, PolicyState, Showing, Telling
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    Amendment,
    DeedPaper,
    DeedStatus,
    Product,
    Status,
    Termination,
)
from portal.domain.price_protection.payments.models import (
    PaymentCorrection,
    Payout,
    PayoutKind,
    PayoutList,
    PayoutMark,
)
from portal.domain.price_protection.payments.vouchers.models import VoucherFile
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.price_protection.scans.models import PageKind, ScanPage, ScanPile
from portal.domain.price_protection.trail.models import PaperTrail, Parcel, SealApplication, SealStatus, Stage
from portal.domain.price_protection.violations.models import Case
from portal.domain.regions.models import Region
from portal.domain.templates.models import TemplateDraft
from portal.domain.users.models import User


def rows_of_the_demo(session: Session) -> dict[str, object]:
    """One of each kind; an agreement of every status by the status's name."""

    def first(column: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]) -> int:
        found = session.scalar(sa.select(column).where(*conditions).order_by(column).limit(1))
        assert found is not None, f"the demo has no such row: {column} {[str(c) for c in conditions]}"
        return found

    rows: dict[str, object] = {
        status.value: first(Agreement.id, Agreement.status == status)
        for status in Status
        if status is not Status.VOID
    }
    # What has ended can only be looked at and renewed.
    rows["signed"] = first(Agreement.id, Agreement.status == Status.SIGNED, Agreement.ends_on > today())
    distributor = first(Contact.distributor_id, Contact.is_primary, Contact.ended_at.is_(None))
    amendment = first(Amendment.id, Amendment.status == DeedStatus.SIGNED)
    rows["batch"] = first(Batch.id, Batch.region_id == first(Region.id, Region.code == "HZ"))
    rows["batch_row"] = first(BatchRow.id, BatchRow.batch_id == rows["batch"])
    rows["handed_over"] = first(Batch.id, Batch.id != rows["batch"])
    rows["handed_over_row"] = first(BatchRow.id, BatchRow.batch_id == rows["handed_over"])
    rows["notice"] = first(Termination.id, Termination.status == DeedStatus.SERVED)
    rows["terminated"] = first(Termination.agreement_id, Termination.id == rows["notice"])
    for no, code in enumerate(session.scalars(sa.select(Case.code).order_by(Case.id)), 1):
        rows[f"case_{no}"] = code
    return rows | {
        "amendment": amendment,
        "amended": first(Amendment.agreement_id, Amendment.id == amendment),
        "deed_paper": session.scalar(sa.select(DeedPaper.code).where(DeedPaper.amendment_id == amendment)),
        "distributor": distributor,
        "paper": session.scalar(
            sa.select(AgreementPaper.code).where(AgreementPaper.agreement_id == rows["signed"])
        ),
        "product": first(Product.id),
        "meeting": (meeting := first(Meeting.id, Meeting.starts_at > now())),
        "invitation": first(
            Invitation.id, Invitation.meeting_id == meeting, Invitation.reply == Reply.COMING
        ),
        "held": first(Minutes.meeting_id),
        "task": first(Task.id, Task.state == TaskState.OPEN),
        "policy": (policy := first(Policy.id, Policy.state == PolicyState.PRESENTED)),
        "effective_policy": first(Policy.id, Policy.state == PolicyState.RELEASED),
        "tied_policy": first(Policy.id, Policy.state == PolicyState.TIED),
        "showing": first(Showing.id, Showing.policy_id == policy),
        "absentee": first(
            Concerned.distributor_id,
            Concerned.policy_id == policy,
            Concerned.id.not_in(sa.select(Telling.concerned_id)),
        ),
        "payout_list": first(PayoutList.id),
        "voucher_file": first(VoucherFile.id),
        "taken_back": first(PaymentCorrection.payout_id, PaymentCorrection.payout_id.is_not(None)),
        "unbilled": first(
            Payout.id,
            Payout.kind == PayoutKind.BASE,
            ~sa.exists().where(PayoutMark.payout_id == Payout.id),
            ~sa.exists().where(PaymentCorrection.payout_id == Payout.id),
        ),
        "purchase": first(Purchase.id, Purchase.amount_fen > 0, Purchase.unprotected.is_(None)),
        "own_text": first(TemplateDraft.id),
        "application": first(SealApplication.id, SealApplication.status == SealStatus.ASKED),
        "parcel": first(Parcel.id, Parcel.sent_on.is_(None)),
        "original": first(PaperTrail.id, PaperTrail.stage == Stage.BACK),
        "pile": first(ScanPile.id),
        "scan_page": first(ScanPage.id, ScanPage.kind == PageKind.UNREAD),
        "region": first(Region.id, Region.code == "HZ"),
        "user": first(User.id, User.username == "sales-hz"),
    }
