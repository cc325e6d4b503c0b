"""Queries per page are counted: as many with many rows as with few, and never more than stated here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.distributors.models import (
    Contact,
    Distributor,
    DistributorDocument,
    DistributorPhone,
    Licence,
    NearSame,
    Territory,
)
from portal.domain.documents import services as documents
from portal.domain.ledger import services as ledger
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.ledger.services import Draft
from portal.domain.meetings.commending.models import Commendation
from portal.domain.meetings.minutes.models import Minutes, Task, TaskDeed, TaskRecord
from portal.domain.meetings.models import AgendaItem, Attendance, Guest, How, Invitation, Reply, What
from portal.domain.meetings.policies.models import Concerned, PolicyScope, PolicyText, Showing
from portal.domain.price_protection.batches.models import BatchCheck, BatchRow
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import (
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementPrice,
    AgreementScan,
    AgreementTerms,
    PriceApproval,
    PriceKind,
    Product,
    Status,
)
from portal.domain.price_protection.payments.models import Payout
from portal.domain.price_protection.purchases.models import Purchase, Unprotected
from portal.domain.price_protection.scans.models import ScanFile, ScanReturn
from portal.domain.price_protection.trail.models import ParcelRow, SealApplicationRow
from portal.domain.price_protection.violations.models import (
    Custody,
    CustodyAction,
    Evidence,
    Hearing,
    HearingKind,
)
from portal.domain.regions.models import Region
from portal.domain.users.models import Grant, User
from portal.extensions import db
from portal.web import tables
from tests.factories import Factory
from tests.web.access_rows import rows_of_region
from tests.web.meeting_rows import signed_sheet_of
from tests.web.scan_rows import more_page
from tests.web.test_access import ELSEWHERE, TABLE, address

# What a page may ask at most, the four of sign-in and frame included; a page that needs more is named with its own.
ORDINARY = 14
CEILINGS = {
    # With what changed or ends it, the day asked for, and the way of its original.
    "agreements.detail": 23,
    # What it says with all its amendments, the products, the settings it is compared with; a record shows its paper.
    # Whether counsel offers the text that it would be drafted on: its versions, their releases and stops.
    "agreements.amend": 25,
    # Both texts, the seal on its paper, and the way of its original.
    "agreements.deed": 21,
    # With the meetings of this year, and those to come.
    "distributors.detail": 26,
    # Its offices, versions and meetings, who was told by owner and one by one, its history.
    "policies.detail": 18,
    # The pile by agreement, the pages to place with what their neighbours say, those beside, files and tasks.
    "scans.detail": 15,
    # Their rows, totals, largest moves, spot checks and offices; the days on which the old ones end; the last
    # year's agreement with its prices.
    "batches.approval": 18,
    "batches.changes": 15,
    "batches.detail": 15,
    "batches.row": 16,
    # Every kind of work asks for its own, here of somebody who does all of it.
    "workbench.index": 57,
    # Its people, papers, evidence with its custody, hearings, what it holds and took, the days off.
    "violations.detail": 18,
    # Whether and which accounts its statements print.
    "quarters.show": 20,
    # With what returns took off deductions.
    "quarters.statement": 23,
    "quarters.export": 18,
}
# What a search looks for.
WORDS = {"search.index": "?q=示例", "search.suggestions": "?q=示例", "distributors.choose": "?q=示例"}
# They print, or look at the machine itself.
UNCOUNTED = {"agreements.contract", "own_texts.paper_pdf", "admin.health", "papers.sheet", "papers.print_out"}
# Prints; what it asks is what "meeting_reports.attendance" asks.
UNCOUNTED |= {"meeting_reports.report_pdf"}
# Counted in tests/web/test_meeting_papers.py, where nothing is laid out.
UNCOUNTED |= {
    f"meeting_papers.{paper}"
    for paper in (
        "sign_in_sheet",
        "badges_pdf",
        "table_cards",
        "agenda",
        "invitations",
        "invitation",
        "pictures",
        "picture",
    )
}
UNCOUNTED |= {f"policies.{paper}" for paper in ("text_pdf", "absentees_pdf", "sign_pdf")}
UNCOUNTED |= {"minutes.paper", "commendations.certificates"}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that the application sends meanwhile."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


class World:
    """A region with one of everything, and ways to make much more of it."""

    def __init__(self, session: Session, make: Factory) -> None:
        self.session, self.make = session, make
        head = make.head_office()
        self.region = make.region(parent=head)
        self.me = make.user(Role.ADMINISTRATOR, head)
        # Whoever may open every page: what answers 403 asks for nothing.
        roles = (Role.EXECUTIVE, Role.COUNSEL, Role.REGIONAL_MANAGER, Role.FINANCE, Role.INVESTIGATOR)
        for role in roles:
            session.add(Grant(user_id=self.me.id, role=role, region_id=head.id))
        session.commit()
        self.rows = rows_of_region(session, make, self.region, by=self.me)
        self.made = 0

    def more(self, times: int) -> None:
        """As many more of everything that a page of the region or of its rows may show."""
        for _time in range(times):
            self.made += 1
            self._once()
        self.session.commit()

    def _once(self) -> None:
        session, make, rows = self.session, self.make, self.rows
        others = rows_of_region(session, make, make.region(parent=self.region), by=self.me)
        rows_of_region(session, make, self.region, by=self.me)
        distributor = session.get(Distributor, rows["distributor"])
        assert distributor is not None
        identity, owner = distributor.id, session.get(User, rows["user"])
        for subject in (
            distributor,
            session.get(Agreement, rows["agreement"]),
            session.get(Product, rows["product"]),
        ):
            assert subject is not None
            for actor in (owner, self.me) * 4:  # more than a record shows at first
                audit.record(
                    session,
                    actor,
                    f"{subject.__tablename__}.edited",
                    subject,
                    region_id=self.region.id,
                    changes={},
                )
        make.distributor(self.region, owner, parent_id=identity)
        below = make.distributor(session.get(Region, others["region"]), parent_id=identity)
        pdf = documents.store(session, f"%PDF-1.7 {self.made}".encode(), filename="a.pdf", by=owner)
        self._row_of_batch(int(others["agreement"]))
        self._money(others, pdf.id)
        self._pages_of_scans()
        signed_sheet_of(session, int(rows["meeting"]), int(rows["scan_page"]), self.me)
        session.add_all(
            [
                Contact(distributor_id=identity, name=f"示例联系人{self.made}"),
                Licence(distributor_id=identity, kind="示例许可证", expires_on=today() + timedelta(days=9)),
                DistributorPhone(distributor_id=identity, no=self.made, display="0571-55550000"),
                DistributorDocument(
                    distributor_id=identity, document_id=pdf.id, title="照片", filed_by_id=owner.id
                ),
                NearSame(distributor_id=identity, other_id=below.id),
                Territory(region_id=self.region.id, name=f"示例区域{self.made}"),
                Grant(user_id=int(rows["granted"]), role=Role.AUDITOR, region_id=int(others["region"])),
                AgreementScan(agreement_id=int(rows["agreement"]), document_id=pdf.id, filed_by_id=owner.id),
                PriceApproval(
                    number=f"示例核价{self.made}",
                    product_id=int(rows["product"]),
                    kind=PriceKind.MAXIMUM_RETAIL,
                    valid_from=today(),
                    valid_until=today() + timedelta(days=300),
                    entered_by_id=owner.id,
                ),
                terms := AgreementTerms(
                    agreement_id=int(rows["agreement"]),
                    no=self.made,
                    effective_on=date(2030, 1, 1) + timedelta(days=self.made),
                    rebate_ppm=30_000,
                    base_share=60,
                ),
            ]
        )
        session.add(
            SealApplicationRow(
                application_id=int(rows["seal_application"]), trail_id=int(others["original"]), copies=2
            )
        )
        session.add(
            ParcelRow(parcel_id=int(rows["parcel"]), trail_id=int(others["original"]), copies=2, expected=1)
        )
        meeting_id = int(rows["meeting"])
        session.add(
            asked := Invitation(
                meeting_id=meeting_id, distributor_id=below.id, invited_by_id=self.me.id, reply=Reply.COMING,
                replied_at=now(), persons=1,
            )
        )  # fmt: skip
        session.flush()
        session.add(guest := Guest(meeting_id=meeting_id, invitation_id=asked.id, name=f"示例{self.made}"))
        session.add(AgendaItem(meeting_id=meeting_id, starts_at=now() + timedelta(days=7), topic="示例"))
        session.flush()
        session.add(
            Attendance(
                meeting_id=meeting_id, guest_id=guest.id, turn=1, what=What.ARRIVED, how=How.OFFICE, at=now(),
                by_id=self.me.id, key=f"more-{self.made}",
            )
        )  # fmt: skip
        session.add_all(
            [
                Concerned(policy_id=rows["policy"], distributor_id=below.id),
                PolicyScope(policy_id=rows["policy"], region_id=below.region_id),
                PolicyText(
                    policy_id=rows["policy"], no=self.made + 1, title="示例", body="示例", wanted_on=today(),
                    written_by_id=self.me.id,
                ),
                Showing(policy_id=others["policy"], meeting_id=meeting_id, tied_by_id=self.me.id),
                Minutes(
                    meeting_id=meeting_id, no=self.made + 1, drafted_by_id=self.me.id,
                    blocks=[{"topic": "示例", "speaker": "", "text": "示例"}], decisions=["示例"],
                ),
                Task(
                    meeting_id=meeting_id, no=self.made + 1, what="示例", doer_id=below.owner_id, due_on=today(),
                    distributor_id=below.id, given_by_id=self.me.id,
                ),
                TaskRecord(task_id=rows["meeting_task"], deed=TaskDeed.DONE, by_id=below.owner_id, note="示例"),
                Commendation(
                    meeting_id=meeting_id, distributor_id=below.id, honour="示例", given_by_id=self.me.id
                ),
                Commendation(
                    meeting_id=others["meeting"], distributor_id=rows["distributor"], honour="示例",
                    given_by_id=self.me.id,
                ),
                Showing(policy_id=rows["policy"], meeting_id=others["meeting"], tied_by_id=self.me.id),
            ]
        )  # fmt: skip
        session.flush()
        for no, product_id in enumerate(session.scalars(sa.select(Product.id)).all()):
            price = {"terms_id": terms.id, "no": no, "product_id": product_id, "amount_fen": 100}
            session.add(AgreementPrice(kind=PriceKind.MAXIMUM_RETAIL, **price))
        session.flush()

    def _money(self, others: Mapping[str, int | str], document_id: int) -> None:
        """One more of what pages of the fund list: a quarter with a transfer, a statement, a payment, a return, and
        of a case one more piece of evidence, hearing and custody."""
        session, rows, by_id = self.session, self.rows, self.me.id
        held = ledger.hold(session, int(rows["agreement"]))
        ledger.post(
            held,
            self.me,
            [
                Draft(
                    kind=TransferKind.ACCRUE_FUND,
                    debit=(AccountKind.REBATE, ""),
                    credit=(AccountKind.FUND, f"{2000 + self.made}Q1"),
                    amount_fen=100,
                    key=f"more:{self.made}",
                    source="purchase",
                    source_id=int(others["purchase"]),
                    facts="",
                )
            ],
        )
        first = session.get_one(Statement, others["statement"])
        payout = session.get_one(Payout, others["payout"])
        evidence = Evidence(
            case_id=rows["case"], no=self.made + 1, document_id=document_id, key_id="", sealed=b"sealed"
        )
        session.add(evidence)
        session.flush()
        copied = ("agreement_id", "code", "issued_on", "due_on", "template_id", "payload", "payload_sha256")
        copied += (
            "closing_fen",
            "suspended_fen",
            "release_fen",
            "interest_fen",
            "prepared_by_id",
            "reviewed_by_id",
        )
        session.add_all(
            [
                Statement(
                    **{name: getattr(first, name) for name in copied}
                    | {
                        "proposal_id": rows["close"],
                        "quarter": f"{2000 + self.made}Q2",
                        "number": f"DZ-MORE-{self.made}",
                        "code": f"MOREDZ{self.made}",
                    }
                ),
                Payout(
                    number=f"FK-MORE-{self.made}",
                    list_id=rows["payout_list"],
                    agreement_id=payout.agreement_id,
                    kind=payout.kind,
                    amount_fen=100,
                    means=payout.means,
                    paid_on=today(),
                    made_by_id=by_id,
                ),
                Purchase(
                    distributor_id=rows["distributor"],
                    product_id=rows["product"],
                    document_number=f"TH-MORE-{self.made}",
                    line_no=1,
                    purchased_on=today(),
                    amount_fen=-1,
                    returns_id=rows["purchase"],
                    entered_by_id=by_id,
                    unprotected=Unprotected.NO_AGREEMENT,
                ),
                Hearing(
                    case_id=rows["case"], kind=HearingKind.ANSWER, on=today(), points="示例", by_id=by_id
                ),
                Custody(evidence_id=evidence.id, action=CustodyAction.ADDED, by_id=by_id),
            ]
        )
        session.flush()

    def _pages_of_scans(self) -> None:
        """One page more that was read, one that was not, and an agreement more that was due."""
        file = self.session.get(ScanFile, self.rows["scan_file"])
        paper = self.session.scalar(sa.select(AgreementPaper).order_by(AgreementPaper.id.desc()).limit(1))
        assert file is not None and paper is not None
        for no in (self.made * 2 + 1, self.made * 2 + 2):
            more_page(self.session, file, paper, no)
        self.session.add(ScanReturn(pile_id=file.pile_id, agreement_id=paper.agreement_id, is_due=True))

    def _row_of_batch(self, earlier_id: int) -> None:
        """One more row of the batch, submitted, with something different and something missing."""
        product_id = int(self.rows["product"])
        earlier = self.session.get(Agreement, earlier_id)
        assert earlier is not None
        draft = Agreement(
            number=f"PPA-BATCH-{self.made}",
            distributor_id=earlier.distributor_id,
            region_id=self.region.id,
            template_id=earlier.template_id,
            author_id=earlier.author_id,
            status=Status.SUBMITTED,
            effective_on=date(2031, 1, 1),
            expires_on=date(2031, 12, 31),
            ends_on=date(2031, 12, 31),
        )
        self.session.add(draft)
        self.session.flush()
        event = AgreementEvent(agreement_id=draft.id, kind="submitted", by_id=earlier.author_id)
        price = [f"price {product_id} suggested_retail", 1_000 + self.made, 2_000 + self.made]
        row = BatchRow(
            batch_id=int(self.rows["batch"]),
            earlier_id=earlier_id,
            agreement_id=draft.id,
            facts={"differences": [price, ["template_id", 1, earlier.template_id]], "unusual": [price]},
        )
        self.session.add_all([event, row])
        self.session.flush()
        self.session.add(BatchCheck(row_id=row.id, user_id=self.me.id))


def pages(app: Flask) -> list[str]:
    gets = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return sorted(gets & set(TABLE) - ELSEWHERE - UNCOUNTED)


def test_no_page_asks_more_with_many_rows_than_with_few(app, session, make, sign_in, monkeypatch):
    # What is remembered for half a minute would be asked for again in the middle, wherever that happens to be.
    monkeypatch.setattr(tables, "REMEMBERED_SECONDS", 3_600)
    world = World(session, make)
    world.more(10)  # enough for what says "and more": 20 hits of a search, 12 events of a history
    client = sign_in(world.me)
    few = asked(app, client.get, world)
    world.more(4)
    many = asked(app, client.get, world)
    grown = {page: (few[page], many[page]) for page in few if many[page] > few[page]}
    above = {page: count for page, count in many.items() if count > CEILINGS.get(page, ORDINARY)}
    assert (grown, above) == ({}, {}), f"{grown} {above}"


def asked(app: Flask, get: Callable[..., object], world: World) -> dict[str, int]:
    """How many statements each page sends; it is opened twice, since the first time may warm something up."""
    found = {}
    for page in pages(app):
        url = address(app, page, world.rows) + WORDS.get(page, "")
        get(url)
        with counted(app) as statements:
            get(url)
        found[page] = len(statements)
    return found
