"""The paper trail: seal applications 用印申请, parcels 寄件, and where each original stands (P1b)."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.models import Agreement, AgreementPaper, DeedPaper
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class Seal(StrEnum):
    """Which of the company's seals is asked for."""

    CONTRACT = "contract_seal"
    COMPANY = "company_seal"
    LEGAL_REP = "legal_rep_seal"


class SealStatus(StrEnum):
    """Where a seal application stands."""

    ASKED = "asked"
    GRANTED = "granted"
    SEALED = "sealed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


# Every legal move; what is not here is refused (tested as a table).
SEAL_MOVES: dict[SealStatus, frozenset[SealStatus]] = {
    SealStatus.ASKED: frozenset({SealStatus.GRANTED, SealStatus.REFUSED, SealStatus.WITHDRAWN}),
    SealStatus.GRANTED: frozenset({SealStatus.SEALED, SealStatus.REFUSED, SealStatus.WITHDRAWN}),
    SealStatus.SEALED: frozenset(),
    SealStatus.REFUSED: frozenset(),
    SealStatus.WITHDRAWN: frozenset(),
}
# While an application is one of these, its copies are spoken for.
SEAL_OPEN = (SealStatus.ASKED, SealStatus.GRANTED)


class Stage(StrEnum):
    """Where an original is on its way: 用印 → 寄出 → 寄回 → 归档."""

    NONE = "not_asked"
    ASKED = "seal_asked"
    TO_SEAL = "to_seal"
    SEALED = "in_hand"
    PACKED = "packed"
    SENT = "out"
    BACK = "back"
    FILED = "filed"


# Of an original that was sent: nothing of it is out any more.
HOME = (Stage.BACK, Stage.FILED)


class PaperKind(StrEnum):
    """What an original is: of these all are sealed and sent, and only a notice does not come back signed.

    A statement is sealed by who sends it, without an application: two people have confirmed what it says.
    """

    AGREEMENT = "agreement"
    AMENDMENT = "amendment"
    NOTICE = "termination"
    STATEMENT = "statement"


AnyPaper = AgreementPaper | DeedPaper | Statement
_OF = ("paper_id", "deed_paper_id", "statement_id")


def count_of(*columns: str) -> str:
    """In SQL: how many of these columns are not empty."""
    return " + ".join(f"(CASE WHEN {column} IS NULL THEN 0 ELSE 1 END)" for column in columns)


class SealApplication(Base):
    """用印申请: who asks for which seal on which originals; the seal's keeper decides, then seals."""

    __tablename__ = "seal_application"
    __table_args__ = (
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_by_somebody"),
        sa.CheckConstraint("(sealed_by_id IS NULL) = (sealed_at IS NULL)", name="sealed_by_somebody"),
        sa.CheckConstraint("(status = 'sealed') = (sealed_at IS NOT NULL)", name="sealed_at_a_moment"),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> asked_by_id OR status = 'withdrawn'",
            name="decided_by_another",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    # The nearest office above all of its agreements.
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    seal: Mapped[Seal] = mapped_column(enum_type(Seal))
    # 骑缝章: across the edges of the fanned pages as well.
    is_across_pages: Mapped[bool] = mapped_column(default=True)
    purpose: Mapped[str] = mapped_column(sa.String(200))
    status: Mapped[SealStatus] = mapped_column(enum_type(SealStatus), default=SealStatus.ASKED, index=True)
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=now)
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    # Why it was refused or withdrawn.
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    sealed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    sealed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    asked_by: Mapped[User] = relationship(foreign_keys=[asked_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    sealed_by: Mapped[User | None] = relationship(foreign_keys=[sealed_by_id])
    rows: Mapped[list["SealApplicationRow"]] = relationship(
        back_populates="application", order_by="SealApplicationRow.id"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    def move_to(self, status: SealStatus) -> None:
        """Take the next legal status; raises DomainError for a move that SEAL_MOVES does not know."""
        if status not in SEAL_MOVES[self.status]:
            raise DomainError(
                "%(number)s has moved on in the meantime; this step is no longer possible.",
                number=self.number,
            )
        self.status = status


class SealApplicationRow(Base):
    """One original of a seal application, and how many copies of it; one that is left out says why."""

    __tablename__ = "seal_application_row"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "trail_id"),
        sa.CheckConstraint("copies > 0", name="copies_positive"),
        sa.CheckConstraint(
            "(left_out_at IS NULL) = (left_out_by_id IS NULL)"
            " AND (left_out_at IS NULL) = (left_out_reason = '')",
            name="left_out_by_somebody",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(sa.ForeignKey("seal_application.id"), index=True)
    trail_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_trail.id"), index=True)
    copies: Mapped[int]
    left_out_at: Mapped[datetime | None]
    left_out_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    left_out_reason: Mapped[str] = mapped_column(sa.String(500), default="")

    application: Mapped[SealApplication] = relationship(back_populates="rows")
    trail: Mapped["PaperTrail"] = relationship()


_HAS_NUMBER = sa.text("tracking <> '' AND cancelled_at IS NULL")


class Parcel(Base):
    """寄件: originals to one company in one envelope; `number` is our reference in the courier's list."""

    __tablename__ = "parcel"
    __table_args__ = (
        sa.Index(
            "uq_parcel_tracking_in_use", "tracking", unique=True,
            sqlite_where=_HAS_NUMBER, postgresql_where=_HAS_NUMBER,
        ),
        sa.CheckConstraint("(sent_on IS NULL) = (sent_by_id IS NULL)", name="sent_by_somebody"),
        sa.CheckConstraint("(delivered_on IS NULL) = (delivered_by_id IS NULL)", name="delivered_by_somebody"),
        sa.CheckConstraint(
            "delivered_on IS NULL OR (sent_on IS NOT NULL AND delivered_on >= sent_on)", name="sent_first"
        ),
        sa.CheckConstraint(
            "sent_on IS NULL OR is_by_hand OR (courier <> '' AND tracking <> '')", name="sent_with_a_number"
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by_id IS NULL)"
            " AND (cancelled_at IS NULL) = (cancelled_reason = '')",
            name="cancelled_by_somebody",
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    # Copied from the register when packed, and open to change until it is sent.
    recipient: Mapped[str] = mapped_column(sa.String(40), default="")
    phone: Mapped[str] = mapped_column(sa.String(60), default="")
    address: Mapped[str] = mapped_column(sa.String(200), default="")
    courier: Mapped[str] = mapped_column(sa.String(40), default="")
    tracking: Mapped[str] = mapped_column(sa.String(40), default="")
    # 当面交付: handed over in person, without a courier.
    is_by_hand: Mapped[bool] = mapped_column(default=False)
    packed_at: Mapped[datetime] = mapped_column(default=now)
    packed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    sent_on: Mapped[date | None] = mapped_column(index=True)
    sent_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    delivered_on: Mapped[date | None]
    delivered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    cancelled_reason: Mapped[str] = mapped_column(sa.String(500), default="")
    # Lost on the way: its copies are gone and have to be printed and sealed again.
    is_lost: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    distributor: Mapped[Distributor] = relationship()
    packed_by: Mapped[User] = relationship(foreign_keys=[packed_by_id])
    rows: Mapped[list["ParcelRow"]] = relationship(back_populates="parcel", order_by="ParcelRow.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def is_open(self) -> bool:
        """Whether it is packed and neither sent nor cancelled."""
        return self.sent_on is None and self.cancelled_at is None

    @property
    def is_back(self) -> bool:
        """Whether nothing that it held is still out, whoever said that it arrived."""
        return self.sent_on is not None and all(row.trail.stage in HOME for row in self.rows)


class ParcelRow(Base):
    """One original in a parcel: how many copies, and how many of them are to come back."""

    __tablename__ = "parcel_row"
    __table_args__ = (
        sa.UniqueConstraint("parcel_id", "trail_id"),
        sa.CheckConstraint("copies > 0 AND expected >= 0 AND expected <= copies", name="copies_in_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[int] = mapped_column(sa.ForeignKey("parcel.id"), index=True)
    trail_id: Mapped[int] = mapped_column(sa.ForeignKey("paper_trail.id"), index=True)
    copies: Mapped[int]
    expected: Mapped[int]

    parcel: Mapped[Parcel] = relationship(back_populates="rows")
    trail: Mapped["PaperTrail"] = relationship()


class PaperTrail(Base):
    """Where one original stands, from its approval on; how it came there is told by the agreement's events."""

    __tablename__ = "paper_trail"
    __table_args__ = (
        sa.CheckConstraint(
            "sealed_copies >= 0 AND sent_copies >= 0 AND expected_copies >= 0 AND back_copies >= 0",
            name="copies_not_negative",
        ),
        sa.CheckConstraint("back_copies <= sent_copies", name="back_after_sent"),
        sa.CheckConstraint("sent_copies <= sealed_copies", name="sent_after_sealed"),
        sa.CheckConstraint("(filed_on IS NULL) = (cabinet = '')", name="filed_somewhere"),
        sa.CheckConstraint(f"{count_of(*_OF)} = 1", name="of_one_paper"),
        sa.CheckConstraint(
            "(kind = 'agreement') = (paper_id IS NOT NULL) AND (kind = 'statement') = (statement_id IS NOT NULL)",
            name="kind_of_its_paper",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[PaperKind] = mapped_column(enum_type(PaperKind))
    # The agreement that it is, changes, ends or states the fund of.
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    paper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agreement_paper.id"), unique=True)
    deed_paper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deed_paper.id"), unique=True)
    statement_id: Mapped[int | None] = mapped_column(sa.ForeignKey("statement.id"), unique=True)
    # As it is printed on the paper.
    number: Mapped[str] = mapped_column(sa.String(60), index=True)
    stage: Mapped[Stage] = mapped_column(enum_type(Stage), default=Stage.NONE, index=True)
    sealed_copies: Mapped[int] = mapped_column(default=0)
    sent_copies: Mapped[int] = mapped_column(default=0)
    expected_copies: Mapped[int] = mapped_column(default=0)
    back_copies: Mapped[int] = mapped_column(default=0)
    sealed_on: Mapped[date | None]
    sent_on: Mapped[date | None] = mapped_column(index=True)
    back_on: Mapped[date | None]
    filed_on: Mapped[date | None]
    # 柜号: cabinet, shelf, folder, as the office numbers them.
    cabinet: Mapped[str] = mapped_column(sa.String(40), default="", index=True)
    # The application and the parcel it was in last.
    application_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seal_application.id"))
    parcel_id: Mapped[int | None] = mapped_column(sa.ForeignKey("parcel.id"))

    agreement: Mapped[Agreement] = relationship()
    agreement_paper: Mapped[AgreementPaper | None] = relationship()
    deed_paper: Mapped[DeedPaper | None] = relationship()
    statement: Mapped[Statement | None] = relationship()
    application: Mapped[SealApplication | None] = relationship()
    parcel: Mapped[Parcel | None] = relationship()

    @property
    def paper(self) -> AnyPaper:
        """What was printed."""
        found = self.agreement_paper or self.deed_paper or self.statement
        assert found is not None
        return found

    @property
    def deed_id(self) -> int | None:
        """The amendment's, notice's or statement's id; None for an agreement."""
        deed = self.deed_paper
        return (deed.amendment_id or deed.termination_id) if deed else self.statement_id

    @property
    def copies_in_hand(self) -> int:
        """How many sealed copies have not been sent yet."""
        return self.sealed_copies - self.sent_copies

    @property
    def copies_missing(self) -> int:
        """How many of the copies that were sent are to come back and have not."""
        return max(self.expected_copies - self.back_copies, 0)

    def settle(self) -> None:
        """Take the stage that the counts and dates say."""
        if self.filed_on is not None:
            self.stage = Stage.FILED
        elif self.parcel is not None and self.parcel.is_open:
            self.stage = Stage.PACKED
        elif self.kind is PaperKind.STATEMENT and self.back_on is not None:
            self.stage = Stage.BACK
        elif self.sent_copies:
            self.stage = Stage.SENT if self._is_awaited() else Stage.BACK
        elif self.sealed_copies:
            self.stage = Stage.SEALED
        elif self.application is not None and self.application.status in SEAL_OPEN:
            is_asked = self.application.status is SealStatus.ASKED
            self.stage = Stage.ASKED if is_asked else Stage.TO_SEAL
        else:
            self.stage = Stage.NONE

    def _is_awaited(self) -> bool:
        """Whether copies of it are to come back; of a notice, which stays there, the day of its service.

        Of a statement, whatever brings its answer: a copy, a scan, or a letter.
        """
        if self.kind in (PaperKind.NOTICE, PaperKind.STATEMENT):
            return self.back_on is None
        return self.back_copies < self.expected_copies
