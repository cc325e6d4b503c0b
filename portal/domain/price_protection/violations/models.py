"""Cases, who investigates them, their sealed reporters, evidence, hearing, papers, appeals and awards (P4, P5).

Nothing in a column that is not sealed says who reported, what they said in their own words, or when.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.price_protection.models import Agreement, Service
from portal.domain.price_protection.violations.codes import new_code
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class State(StrEnum):
    """Where a case stands; a deadline that passes moves it although nobody did anything (`deadlines.standing`)."""

    REPORTED = "reported"
    EXAMINED = "examined"  # one of those named has taken it on; they look whether there is anything in it
    TURNED_DOWN = "turned_down"
    OPENED = "opened"
    NOTIFIED = "notified"
    DECIDED = "decided"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"
    ANSWERED = "answered"
    EFFECTIVE = "effective"
    OVERTURNED = "overturned"


# Every legal move; what is not here is refused (tested as a table).
MOVES: dict[State, frozenset[State]] = {
    State.REPORTED: frozenset({State.EXAMINED}),
    State.EXAMINED: frozenset({State.OPENED, State.TURNED_DOWN}),
    State.TURNED_DOWN: frozenset(),
    State.OPENED: frozenset({State.NOTIFIED, State.WITHDRAWN}),
    State.NOTIFIED: frozenset({State.DECIDED, State.DISMISSED, State.WITHDRAWN}),
    State.DECIDED: frozenset({State.APPEALED, State.EFFECTIVE, State.OVERTURNED}),
    State.DISMISSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.APPEALED: frozenset({State.ANSWERED, State.OVERTURNED}),
    State.ANSWERED: frozenset({State.EFFECTIVE, State.OVERTURNED}),
    # An appeal that came in time and was entered late; a court, or clause 11.3, takes the decision back.
    State.EFFECTIVE: frozenset({State.APPEALED, State.OVERTURNED}),
    State.OVERTURNED: frozenset(),
}
# The case itself is over; a decision in effect stays open to a court only.
ENDED = (State.TURNED_DOWN, State.DISMISSED, State.WITHDRAWN, State.EFFECTIVE, State.OVERTURNED)
BEFORE_OPENING = (State.REPORTED, State.EXAMINED, State.TURNED_DOWN)
BEFORE_SERVICE = (*BEFORE_OPENING, State.OPENED)


class Withdrawal(StrEnum):
    """撤案原因 (PLACEHOLDERS 3, withdrawal_ground)."""

    OWN = "own"
    LAPSED = "lapsed"
    CLAUSE_STOPPED = "clause_stopped"


class CasePaperKind(StrEnum):
    """The papers of a case, by their letters in PLACEHOLDERS."""

    NOTICE = "N"
    DECISION = "D"
    DISMISSAL = "X"
    WITHDRAWAL = "W"
    ANSWER = "R"


class HearingKind(StrEnum):
    """What the accused did in its defence (7.2)."""

    INSPECTION = "inspection"
    ANSWER = "answer"
    ORAL_ASKED = "oral_asked"
    ORAL_HELD = "oral_held"
    ORAL_MISSED = "oral_missed"


class AppealResult(StrEnum):
    """申诉结果, counsel's phrases (7.5)."""

    REJECTED = "rejected"
    PARTLY = "partly"
    UPHELD = "upheld"
    LAPSED = "lapsed"


class TakingBackGround(StrEnum):
    """Why a decision is taken back outside an appeal (8.4, 11.3)."""

    JUDGMENT = "judgment"
    COUNSEL = "counsel"


class CustodyAction(StrEnum):
    """What happened to a piece of evidence."""

    WITH_REPORT = "with_report"
    ADDED = "added"
    SEEN = "seen"
    PASSED_ON = "passed_on"
    DESCRIBED = "described"
    DISCLOSED = "disclosed"


_ONE_CASE = sa.text("number IS NOT NULL AND (withdrawal IS NULL OR withdrawal = 'lapsed')")


class Case(Base):
    """违规案件: one act under one agreement; its number is given when it is opened and tells nothing of a report.

    Kind, share and award are those that the agreement's annex 2 and clause 8.2 had on the day of the act, and `values`
    its days and words of that day: never today's settings.
    """

    __tablename__ = "violation_case"
    __table_args__ = (
        # Never two cases for one act, but for one that we withdrew ourselves (7.4).
        sa.Index(
            "uq_violation_case_act", "agreement_id", "act_mark", unique=True,
            sqlite_where=_ONE_CASE, postgresql_where=_ONE_CASE,
        ),
        sa.Index("uq_violation_case_code", "code", unique=True),
        sa.CheckConstraint("share_ppm >= 0 AND share_ppm <= 1000000", name="share_in_range"),
        sa.CheckConstraint("award_ppm >= 0 AND award_ppm <= 1000000", name="award_in_range"),
        sa.CheckConstraint("(number IS NULL) = (opened_on IS NULL)", name="numbered_when_opened"),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawal IS NOT NULL)", name="withdrawn_for_a_reason"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    # How addresses name it; its row's number would count reports. It may be NULL for SQLite alone, which would have to
    # rebuild a guarded table.
    code: Mapped[str] = mapped_column(sa.String(10), default=new_code, nullable=True)
    number: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    state: Mapped[State] = mapped_column(enum_type(State), default=State.REPORTED, index=True)
    act_on: Mapped[date]
    # Finds the same act again (`Vault.mark`); says nothing to whoever lacks the key.
    act_mark: Mapped[str] = mapped_column(sa.String(64))
    kind_no: Mapped[int] = mapped_column(sa.Integer)
    kind_code: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[str] = mapped_column(sa.String(30))
    definition: Mapped[str] = mapped_column(sa.String(300))
    share_ppm: Mapped[int]
    award_ppm: Mapped[int]
    # Only for a kind that needs an approved price (2.2): what was sold, and counsel's number.
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"))
    approval_number: Mapped[str] = mapped_column(sa.String(40), default="")
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_on: Mapped[date | None]
    opened_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    contact: Mapped[str] = mapped_column(sa.String(40), default="")
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    # 案涉季度, from the service of the notice (1.6).
    quarter: Mapped[str] = mapped_column(sa.String(6), default="")
    notified_on: Mapped[date | None]
    extension_days: Mapped[int] = mapped_column(sa.Integer, default=0)
    extension_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    decided_on: Mapped[date | None]
    decider_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decision_served_on: Mapped[date | None]
    withdrawal: Mapped[Withdrawal | None] = mapped_column(enum_type(Withdrawal))
    effective_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    ended_because: Mapped[str] = mapped_column(sa.String(200), default="")

    agreement: Mapped[Agreement] = relationship(innerjoin=True)
    region: Mapped[Region] = relationship(innerjoin=True)
    decider: Mapped[User | None] = relationship(foreign_keys=[decider_id])
    investigators: Mapped[list["Investigator"]] = relationship(order_by="Investigator.id")
    evidence: Mapped[list["Evidence"]] = relationship(order_by="Evidence.no")
    hearings: Mapped[list["Hearing"]] = relationship(order_by="(Hearing.on, Hearing.id)")
    papers: Mapped[list["CasePaper"]] = relationship(order_by="CasePaper.id")
    appeal: Mapped["Appeal | None"] = relationship(uselist=False)
    takings_back: Mapped[list["TakingBack"]] = relationship(order_by="TakingBack.id")

    def move_to(self, state: State) -> None:
        """Take the next legal state; raises DomainError for a move that MOVES does not know."""
        if state not in MOVES[self.state]:
            self.moved_on()
        self.state = state

    def moved_on(self) -> NoReturn:
        """Refuse a step that is no longer possible."""
        raise DomainError("The case has moved on in the meantime; this step is no longer possible.")

    def is_investigator(self, user: User) -> bool:
        """Whether this user was named for it and has taken it on."""
        return any(one.user_id == user.id and one.is_at_work for one in self.investigators)

    def is_asked(self, user: User) -> bool:
        """Whether this user was named for it and has neither taken it on nor stepped aside."""
        return any(one.user_id == user.id and one.is_asked for one in self.investigators)


class Investigator(Base):
    """指定的调查人员: who may see the reporter of this case, and decides nothing in it.

    Only once they said that they are free of any tie (回避声明): whoever reported cannot say so, and nobody else learns
    why it was not said (`investigating.take_on`).
    """

    __tablename__ = "case_investigator"
    __table_args__ = (sa.UniqueConstraint("case_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    named_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    named_at: Mapped[datetime] = mapped_column(default=now)
    taken_on_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)

    @property
    def is_at_work(self) -> bool:
        """Whether they investigate now."""
        return self.taken_on_at is not None and self.left_at is None

    @property
    def is_asked(self) -> bool:
        """Whether they have not said yet whether they take it on."""
        return self.taken_on_at is None and self.left_at is None


class CaseReporter(Base):
    """举报人: one sealed row per case, whatever its source, and of one length (`reporters.Reporter`)."""

    __tablename__ = "case_reporter"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"), unique=True)
    key_id: Mapped[str] = mapped_column(sa.String(16))
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Evidence(Base):
    """A piece of evidence: its file sealed before it is addressed, and what the accused may read of it.

    `name`, `summary` and `proves` are the redacted words of the papers; `disclosed_on` is the day from which the
    accused could inspect it: what was never disclosed carries no decision (7.3).
    """

    __tablename__ = "case_evidence"
    __table_args__ = (sa.UniqueConstraint("case_id", "no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    key_id: Mapped[str] = mapped_column(sa.String(16))
    # Its name, its kind and the hash of its content, sealed: a file is known by its hash to whoever has it.
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    name: Mapped[str] = mapped_column(sa.String(60), default="")
    summary: Mapped[str] = mapped_column(sa.String(300), default="")
    proves: Mapped[str] = mapped_column(sa.String(100), default="")
    disclosed_on: Mapped[date | None]

    document: Mapped[Document] = relationship(innerjoin=True)
    custody: Mapped[list["Custody"]] = relationship(order_by="Custody.id")


class Custody(Base):
    """Who added, saw, described or passed on a piece of evidence; what came with a report names nobody."""

    __tablename__ = "evidence_custody"

    id: Mapped[int] = mapped_column(primary_key=True)
    evidence_id: Mapped[int] = mapped_column(sa.ForeignKey("case_evidence.id"), index=True)
    action: Mapped[CustodyAction] = mapped_column(enum_type(CustodyAction))
    # None for what came with a report: neither who took it in nor when.
    at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    note: Mapped[str] = mapped_column(sa.String(200), default="")

    by: Mapped[User | None] = relationship()


class Hearing(Base):
    """查阅、申辩、当面陈述: what the accused did, on which day, in a few words."""

    __tablename__ = "case_hearing"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"), index=True)
    kind: Mapped[HearingKind] = mapped_column(enum_type(HearingKind))
    on: Mapped[date]
    points: Mapped[str] = mapped_column(sa.String(1000), default="")
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CasePaper(Base):
    """A paper of the case: written, read for what it gives away by a second person, issued, served.

    `says` is what its writer said, `sha256` its hash, to which the confirmation is bound; `payload` what is printed,
    frozen when it is issued.
    """

    __tablename__ = "case_paper"
    __table_args__ = (
        sa.CheckConstraint(
            "(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name="confirmed_by_somebody"
        ),
        sa.CheckConstraint("issued_on IS NULL OR confirmed_at IS NOT NULL", name="issued_once_confirmed"),
        sa.CheckConstraint("served_on IS NULL OR issued_on IS NOT NULL", name="served_once_issued"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"), index=True)
    kind: Mapped[CasePaperKind] = mapped_column(enum_type(CasePaperKind))
    says: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    written_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    confirmed_at: Mapped[datetime | None]
    # Another was written in its place, or the case went another way.
    dropped_at: Mapped[datetime | None]
    issued_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    issued_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    template_id: Mapped[int | None] = mapped_column(sa.ForeignKey("paper_template.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    courier_company: Mapped[str] = mapped_column(sa.String(40), default="")
    courier_number: Mapped[str] = mapped_column(sa.String(60), default="")
    served_on: Mapped[date | None]
    served_how: Mapped[Service | None] = mapped_column(enum_type(Service))

    written_by: Mapped[User] = relationship(foreign_keys=[written_by_id], innerjoin=True)
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])


class Appeal(Base):
    """申诉: when it came, what it asks, and how it ended (7.5)."""

    __tablename__ = "case_appeal"
    __table_args__ = (
        sa.CheckConstraint("kept_fen IS NULL OR kept_fen >= 0", name="kept_not_negative"),
        sa.CheckConstraint("(result IS NULL) = (answered_on IS NULL)", name="answered_with_a_result"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"), unique=True)
    received_on: Mapped[date]
    points: Mapped[str] = mapped_column(sa.String(1000))
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    entered_at: Mapped[datetime] = mapped_column(default=now)
    result: Mapped[AppealResult | None] = mapped_column(enum_type(AppealResult))
    kept_fen: Mapped[int | None]
    answered_on: Mapped[date | None]
    # Who heard it: the ids of its members.
    members: Mapped[list[Any]] = mapped_column(default=list)


_WAITS = sa.text("confirmed_at IS NULL AND dropped_at IS NULL")


class TakingBack(Base):
    """撤销决定: proposed with the judgment or counsel's opinion, confirmed by a second person (8.4, 11.3)."""

    __tablename__ = "case_taking_back"
    __table_args__ = (
        sa.UniqueConstraint("case_id", "no"),
        # One waits at a time.
        sa.Index(
            "uq_case_taking_back_waiting", "case_id", unique=True,
            sqlite_where=_WAITS, postgresql_where=_WAITS,
        ),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name="confirmed_by_somebody"),
        sa.CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name="by_two_people"),
        sa.CheckConstraint("confirmed_at IS NULL OR dropped_at IS NULL", name="confirmed_or_dropped"),
        sa.CheckConstraint("said <> ''", name="says_why"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    ground: Mapped[TakingBackGround] = mapped_column(enum_type(TakingBackGround))
    said: Mapped[str] = mapped_column(sa.String(200))
    # The judgment or the opinion, sealed before it is addressed.
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    confirmed_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]

    document: Mapped[Document] = relationship(innerjoin=True)
    proposed_by: Mapped[User] = relationship(foreign_keys=[proposed_by_id], innerjoin=True)
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])


class Award(Base):
    """奖励: what finance sees of it is a code, until the payer named for it opens it (8.3)."""

    __tablename__ = "case_award"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("violation_case.id"), unique=True)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    payer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    paid_on: Mapped[date | None]
    paid_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    paid_fen: Mapped[int | None]

    case: Mapped[Case] = relationship(innerjoin=True)
    payer: Mapped[User | None] = relationship(foreign_keys=[payer_id])
