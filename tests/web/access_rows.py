"""The rows that the access table asks for, made alike in any region."""

import hashlib
from datetime import timedelta
from itertools import count

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Contact, DistributorDocument, ImportFile, Licence, NearSame
from portal.domain.documents import services as documents
from portal.domain.jobs.models import Job, JobState
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.closing.models import (
    Proposal,
    Stage,
    Statement,
    StatementReply,
    StatementScan,
    Verdict,
)
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementScan,
    AgreementTerms,
    Amendment,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Ground,
    PriceApproval,
    PriceChange,
    PriceKind,
    Product,
    Sender,
    Status,
    Termination,
)
from portal.domain.price_protection.payments.models import (
    ClawbackSettlement,
    Means,
    Payout,
    PayoutKind,
    PayoutList,
    Repayment,
)
from portal.domain.price_protection.payments.vouchers import taking
from portal.domain.price_protection.payments.vouchers.entries import Entry
from portal.domain.price_protection.payments.vouchers.models import Grouping, VoucherFile, VoucherOffice
from portal.domain.price_protection.payments.vouchers.subjects import SUBJECTS
from portal.domain.price_protection.purchases.models import Purchase, PurchaseImport, Unprotected
from portal.domain.price_protection.receivables.models import AccountImport
from portal.domain.price_protection.trail.beginning import begin
from portal.domain.price_protection.trail.models import (
    Parcel,
    ParcelRow,
    Seal,
    SealApplication,
    SealApplicationRow,
)
from portal.domain.regions.models import Region
from portal.domain.templates.models import TemplateDraft
from portal.domain.templates.services import ensure_template
from portal.domain.users.models import User
from tests.factories import Factory
from tests.paper_examples import example_payload, examples_of
from tests.web.case_rows import case_of
from tests.web.meeting_rows import meeting_of, signed_sheet_of
from tests.web.scan_rows import pile_of

PDF = b"%PDF-1.7 fictional"
LIST = "经销商编码,经销商名称\nX-1,示例名单一号商贸有限公司\n".encode()
LINES = "单据号,行号,经销商编码,产品编码,进货日期,金额\nJH-0,1,X-1,P-1,2026-01-02,5\n".encode()
_numbers = count(1)


def rows_of_region(
    session: Session, make: Factory, region: Region, by: User | None = None
) -> dict[str, int | str]:
    """Ids by the name that the table gives them; an import belongs to whoever handed it in, here `by`."""
    owner = make.user(Role.SALESPERSON, region)
    distributor, other = make.distributor(region, owner), make.distributor(region, owner)
    granted = make.user(Role.TRAINER, region)
    number = next(_numbers)

    def kept(row: object) -> int:
        session.add(row)
        session.flush()
        return int(row.id)  # type: ignore[attr-defined]

    pdf = documents.store(session, PDF, filename="scan.pdf", by=owner)
    dealers = documents.store(session, LIST, filename="list.csv", by=by or owner, media_type="text/csv")
    lines = documents.store(session, LINES, filename="lines.csv", by=by or owner, media_type="text/csv")
    product = Product(code=f"P-{number}", name=f"示例产品{number}", unit="瓶")
    template = ensure_template(session, "price-protection.zh")
    text = template.text.replace("template: price-protection.zh", f"template: ours-{number}.zh", 1)
    own = TemplateDraft(
        key=f"ours-{number}.zh",
        version="1.0.0",
        base_key=template.key,
        name="示例版",
        text=text,
        origin_key=template.key,
        origin_version=template.version,
        origin_text=template.text,
    )
    bought = Purchase(
        distributor_id=distributor.id,
        product_id=kept(product),
        document_number=f"JH-{number}",
        line_no=1,
        purchased_on=today(),
        amount_fen=1_000,
        entered_by_id=owner.id,
        unprotected=Unprotected.NO_AGREEMENT,
    )
    ids: dict[str, int | str] = {
        "purchase": kept(bought),
        "purchase_import": kept(PurchaseImport(document_id=lines.id, by_id=(by or owner).id)),
        "account_import": kept(AccountImport(document_id=lines.id, by_id=(by or owner).id, quarter="2025Q4")),
        "text_draft": kept(own),
        "region": region.id,
        "user": owner.id,
        "granted": granted.id,
        "grant": granted.grants[0].id,
        "distributor": distributor.id,
        "contact": kept(Contact(distributor_id=distributor.id, name="示例联系人", is_primary=True)),
        "licence": kept(Licence(distributor_id=distributor.id, kind="示例许可证")),
        "document": kept(
            DistributorDocument(distributor_id=distributor.id, document_id=pdf.id, title="执照")
        ),
        "flag": kept(NearSame(distributor_id=distributor.id, other_id=other.id)),
        "import": kept(ImportFile(document_id=dealers.id, by_id=(by or owner).id)),
        "job": kept(
            Job(
                kind="distributors.import",
                owner_id=(by or owner).id,
                region_id=region.id,
                params={"import_id": 0},
                state=JobState.QUEUED,
            )
        ),
        "print_job": kept(
            Job(
                kind="agreements.print",
                owner_id=(by or owner).id,
                region_id=region.id,
                params={"ids": [], "copies": 2, "form": "pdf"},
                state=JobState.DONE,
                ended_at=now(),
                result={"printed": 1, "pages": 6, "papers": [], "refused": [], "left": 0},
            )
        ),
        "statements_job": kept(
            Job(
                kind="quarters.print",
                owner_id=(by or owner).id,
                region_id=region.id,
                params={"quarter": "2025Q4", "statement_ids": []},
                state=JobState.DONE,
                ended_at=now(),
                result={"printed": 0, "pages": 0, "quarter": "2025Q4"},
            )
        ),
        "drafts_job": kept(
            Job(
                kind="drafts.plan",
                owner_id=(by or owner).id,
                region_id=region.id,
                params={"document_id": pdf.id},
                state=JobState.DONE,
                ended_at=now(),
                result={"changed": 0, "unchanged": 0, "refused": 0, "answers": []},
            )
        ),
        "product": kept(product),
        "approval": kept(
            PriceApproval(
                number=f"法核{number}",
                product_id=product.id,
                kind=PriceKind.MAXIMUM_RETAIL,
                valid_from=today(),
                valid_until=today() + timedelta(days=300),
                entered_by_id=owner.id,
            )
        ),
    }
    agreement = Agreement(
        number=f"PPA-TEST-{number}",
        distributor_id=distributor.id,
        region_id=region.id,
        template_id=template.id,
        author_id=owner.id,
        status=Status.SIGNED,
        signed_on=today(),
        effective_on=today(),
        expires_on=today() + timedelta(days=300),
        ends_on=today() + timedelta(days=300),
    )
    ids["agreement"] = kept(agreement)
    kept(AgreementTerms(agreement_id=agreement.id, effective_on=today(), rebate_ppm=30_000, base_share=60))
    paper = AgreementPaper(
        agreement_id=agreement.id,
        no=1,
        code=f"TESTCODE{number}",
        document_id=pdf.id,
        pages=6,
        payload={**example_payload(), "prices": [], "violations": []},
        payload_sha256=hashlib.sha256(b"").hexdigest(),
        made_by_id=owner.id,
    )
    kept(paper)
    ids["paper_code"] = paper.code
    ids["paper"] = paper.id
    close = Proposal(
        quarter="2025Q4",
        region_id=region.id,
        stage=Stage.DONE,
        rows=[],
        sha256="0" * 64,
        agreements=1,
        release_fen=0,
        proposed_by_id=owner.id,
        confirmed_by_id=granted.id,
        confirmed_at=now(),
        done_at=now(),
    )
    ids["close"] = kept(close)
    stated = Statement(
        proposal_id=close.id,
        agreement_id=agreement.id,
        quarter="2025Q4",
        number=f"DZ-TEST-{number}",
        code=f"TESTDZ{number}",
        template_id=template.id,
        issued_on=today(),
        due_on=today(),
        closing_fen=0,
        suspended_fen=0,
        release_fen=0,
        interest_fen=0,
        payload={"values": examples_of("Q"), "lines": [], "account": False},
        payload_sha256=hashlib.sha256(b"").hexdigest(),
        prepared_by_id=owner.id,
        reviewed_by_id=granted.id,
        document_id=pdf.id,
        pages=2,
    )
    ids["statement"] = kept(stated)
    begin(session, stated)
    ids["statement_scan"] = kept(
        StatementScan(statement_id=stated.id, document_id=pdf.id, filed_by_id=owner.id)
    )
    objection = StatementReply(
        statement_id=stated.id,
        received_on=today(),
        fund=Verdict.OBJECTED,
        fund_objection="示例异议",
        answer_by=today(),
        entered_by_id=owner.id,
    )
    kept(objection)
    trail = begin(session, paper)
    ids["original"] = trail.id
    sealing = SealApplication(
        number=f"YY-TEST-{number}",
        region_id=region.id,
        seal=Seal.CONTRACT,
        purpose="示例用途",
        asked_by_id=owner.id,
        rows=[SealApplicationRow(trail=trail, copies=2)],
    )
    ids["seal_application"] = kept(sealing)
    ids["seal_row"] = sealing.rows[0].id
    parcel = Parcel(
        number=f"KD-TEST-{number}",
        region_id=region.id,
        distributor_id=distributor.id,
        packed_by_id=owner.id,
        courier="示例速递",
        tracking=f"SL{number:08d}",
        sent_on=today(),
        sent_by_id=owner.id,
        rows=[ParcelRow(trail=trail, copies=2, expected=1)],
    )
    ids["parcel"] = kept(parcel)
    trail.sealed_copies = trail.sent_copies = 2
    trail.expected_copies = 1
    trail.sealed_on = trail.sent_on = today()
    trail.application, trail.parcel = sealing, parcel
    trail.settle()
    ids |= pile_of(session, region, owner, paper)
    amendment = Amendment(
        agreement_id=agreement.id,
        no=1,
        template_id=ensure_template(session, "amendment.zh").id,
        author_id=owner.id,
        effective_on=today(),
        reason="示例变更",
        says={"values": {"rebate_rate": 35_000}},
        status=DeedStatus.SIGNED,
        signed_on=today(),
    )
    ids["amendment"] = kept(amendment)
    deed_paper = {
        "values": {"agreement_number": agreement.number},
        "changes": [{"clause": "第3.1款", "before": "3.00%", "after": "3.50%"}],
        "after": dict(paper.payload),
    }
    paper_of_deed = DeedPaper(
        amendment_id=amendment.id,
        no=1,
        code=f"DEEDCODE{number}",
        document_id=pdf.id,
        pages=2,
        payload=deed_paper,
        payload_sha256=hashlib.sha256(b"").hexdigest(),
        made_by_id=owner.id,
    )
    kept(paper_of_deed)
    begin(session, paper_of_deed)
    ids["deed_scan"] = kept(DeedScan(amendment_id=amendment.id, document_id=pdf.id, filed_by_id=owner.id))
    ids["price_change"] = kept(
        PriceChange(
            region_id=region.id,
            author_id=owner.id,
            effective_on=today(),
            reason="示例调价",
            rule={"how": "percent", "value": 10_000, "step_fen": 1, "product_id": None, "kind": None},
            agreement_ids=[agreement.id],
        )
    )
    ids["notice"] = kept(
        Termination(
            agreement_id=agreement.id,
            number=f"TZ-TEST-{number}",
            template_id=ensure_template(session, "termination-notice.zh").id,
            author_id=owner.id,
            sender=Sender.MANUFACTURER,
            ground=Ground.NOTICE,
            reason="示例理由",
            notice_on=today(),
            expected_on=today(),
            terminates_on=today(),
            balance_on=today(),
            handover_on=today(),
        )
    )
    ids["scan"] = kept(AgreementScan(agreement_id=agreement.id, document_id=pdf.id, filed_by_id=owner.id))
    ids |= case_of(session, agreement)
    ids |= meeting_of(session, region, owner, distributor.id)
    ids["signed_sheet"] = signed_sheet_of(session, ids["meeting"], ids["scan_page"], owner)
    ids |= _payments_of(session, owner, agreement)
    ids |= _batch_of(session, region, owner, agreement)
    session.commit()
    return ids


def _payments_of(session: Session, owner: User, agreement: Agreement) -> dict[str, int]:
    """A payment list with one payment, and a repayment."""
    number = next(_numbers)
    made = PayoutList(
        number=f"FK-T-{number}", key=f"list-{number}", asked="", paid_on=today(), made_by_id=owner.id
    )
    session.add(made)
    session.flush()
    payout = Payout(
        number=f"FK-T-{number}-1",
        list_id=made.id,
        agreement_id=agreement.id,
        kind=PayoutKind.BASE,
        amount_fen=100,
        means=Means.MONEY,
        paid_on=today(),
        payee="示例收款人",
        bank_name="示例银行",
        bank_account="6222020000000001",
        made_by_id=owner.id,
    )
    repayment = Repayment(
        number=f"SK-T-{number}",
        key=f"repayment-{number}",
        agreement_id=agreement.id,
        amount_fen=100,
        means=Means.MONEY,
        received_on=today(),
        made_by_id=owner.id,
    )
    session.add_all([payout, repayment])
    session.flush()
    settled = ClawbackSettlement(
        number=f"ZS-T-{number}",
        agreement_id=agreement.id,
        issued_on=today(),
        amount_fen=100,
        days=30,
        book_no=0,
        payload={
            "manufacturer": "示例日化",
            "distributor": "示例一号商贸",
            "agreement": agreement.number,
            "pay_to": "示例日化，示例银行，6200",
            "by": "示例财务",
            "lines": [[today().isoformat(), "claw_back_base", "TH-1-1", "JH-1-1", 2_000, 100, 0, 0]],
        },
        by_id=owner.id,
    )
    session.add(settled)
    session.flush()
    taken = voucher_file(session, owner, agreement, f"PZ-T-{number}", "示例一号商贸")
    return {
        "payout": payout.id,
        "payout_list": made.id,
        "repayment": repayment.id,
        "settlement": settled.id,
        "voucher_file": taken,
    }


def voucher_file(session: Session, owner: User, agreement: Agreement, number: str, name: str) -> int:
    """A file of vouchers of the agreement's office, with one entry that names `name` wherever a name may stand."""
    entry = Entry(
        month="2026-06",
        voucher=1,
        day=today(),
        late_on=None,
        kind=TransferKind.PAY,
        document=name,
        invoice=name,
        account=AccountKind.BASE,
        part="",
        debit_fen=100,
        credit_fen=0,
        code=name,
        distributor=name,
        agreement=name,
        subject=SUBJECTS[AccountKind.BASE]._replace(name=name),
    )
    made = VoucherFile(
        number=number,
        key=number,
        first_on=today(),
        last_on=today(),
        only_payments=True,
        grouping=Grouping.SINGLE,
        vouchers=1,
        entries=1,
        late=0,
        amount_fen=100,
        content=taking.packed(name, [entry]),
        by_id=owner.id,
    )
    session.add(made)
    session.flush()
    session.add(VoucherOffice(file_id=made.id, region_id=agreement.region_id))
    session.flush()
    return made.id


def _batch_of(session: Session, region: Region, owner: User, agreement: Agreement) -> dict[str, int]:
    """A batch with one row whose draft is made."""
    facts = {"template_id": agreement.template_id, "author_id": owner.id, "region_id": region.id}
    first = agreement.ends_on + timedelta(days=1)
    draft = Agreement(
        number=f"{agreement.number}-B",
        distributor_id=agreement.distributor_id,
        status=Status.DRAFT,
        effective_on=first,
        expires_on=first + timedelta(days=300),
        ends_on=first + timedelta(days=300),
        follows_id=agreement.id,
        **facts,
    )
    batch = Batch(name="示例批次", owner_id=owner.id, region_id=region.id)
    session.add_all([draft, batch])
    session.flush()
    terms = AgreementTerms(agreement_id=draft.id, effective_on=first, rebate_ppm=30_000, base_share=60)
    row = BatchRow(batch_id=batch.id, earlier_id=agreement.id, agreement_id=draft.id)
    session.add_all([terms, row])
    session.flush()
    return {"batch": batch.id, "batch_row": row.id}
