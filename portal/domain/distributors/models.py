"""The register of distributors (D1)."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.documents.models import Document
from portal.domain.importing.models import HandedIn
from portal.domain.regions.models import Region
from portal.domain.text import sound_mark
from portal.domain.users.models import User


class Level(StrEnum):
    """Place in the chain of supply."""

    GENERAL = "general"
    SECOND_TIER = "second_tier"
    RETAILER = "retailer"


class Grade(StrEnum):
    """等级 (D5): what a person says it is; a record without one is not graded yet."""

    A = "A"
    B = "B"
    C = "C"


class Channel(StrEnum):
    """渠道类型."""

    DIRECT = "direct"
    AGENT = "agent"
    DISTRIBUTOR = "distributor"
    ECOMMERCE = "e_commerce"


class Standing(StrEnum):
    """Where we stand with a distributor; its classification (D3) is another thing."""

    PROSPECT = "prospect"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ELIMINATING = "eliminating"
    ELIMINATED = "eliminated"


class Territory(Base):
    """业务区域: the area a distributor may sell in; belongs to a region."""

    __tablename__ = "territory"
    __table_args__ = (sa.UniqueConstraint("region_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(300), default="")


SERIES = re.compile(r"D-(\d{5,15})")


def series_no(code: str) -> int | None:
    """The number of a code of the portal's own series D-00001; None for any other code."""
    found = SERIES.fullmatch(code.upper())
    return int(found[1]) if found else None


def _sound(context: Any) -> str:
    return sound_mark(context.get_current_parameters()["name"])


def _series_no(context: Any) -> int | None:
    return series_no(context.get_current_parameters()["code"])


class Distributor(Base):
    """经销商: a company that buys and resells; facts not known yet are empty and show as holes."""

    __tablename__ = "distributor"
    __table_args__ = (
        sa.CheckConstraint("code <> ''", name="code_given"),
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
        sa.CheckConstraint("deposit_fen >= 0 AND credit_limit_fen >= 0", name="sums_not_negative"),
        sa.Index("ix_distributor_region_id_code", "region_id", "code"),
        sa.Index("ix_distributor_owner_id_region_id", "owner_id", "region_id"),
        # What the list is sorted by.
        sa.Index("ix_distributor_name", "name"),
        sa.Index("ix_distributor_city", "city"),
        sa.Index("ix_distributor_updated_at", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Compared without case: `code_key` is the upper-case form and unique.
    code: Mapped[str] = mapped_column(sa.String(40))
    code_key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    short_name: Mapped[str] = mapped_column(sa.String(40), default="")
    name_en: Mapped[str] = mapped_column(sa.String(120), default="")
    # Of near-same names: brackets, blanks and company suffixes taken off.
    name_key: Mapped[str] = mapped_column(sa.String(100), index=True)
    # How the name sounds, and the number of a code of the series: both follow from their columns and serve to
    # find in one step what is like a new record, and the code that comes next.
    sound: Mapped[str | None] = mapped_column(sa.String(16), index=True, default=_sound)
    series_no: Mapped[int | None] = mapped_column(index=True, default=_series_no)
    uscc: Mapped[str] = mapped_column(sa.String(18), default="", index=True)
    legal_rep: Mapped[str] = mapped_column(sa.String(40), default="")
    level: Mapped[Level] = mapped_column(enum_type(Level), default=Level.GENERAL)
    grade: Mapped[Grade | None] = mapped_column(enum_type(Grade))
    channel: Mapped[Channel] = mapped_column(enum_type(Channel), default=Channel.DISTRIBUTOR)
    standing: Mapped[Standing] = mapped_column(enum_type(Standing), default=Standing.ACTIVE, index=True)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    territory_id: Mapped[int | None] = mapped_column(sa.ForeignKey("territory.id"))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    province: Mapped[str] = mapped_column(sa.String(40), default="")
    city: Mapped[str] = mapped_column(sa.String(40), default="")
    address: Mapped[str] = mapped_column(sa.String(120), default="")
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    email: Mapped[str] = mapped_column(sa.String(120), default="")

    founded_on: Mapped[date | None]
    staff: Mapped[int | None]
    vehicles: Mapped[int | None]
    outlets: Mapped[int | None]
    brands: Mapped[str] = mapped_column(sa.String(300), default="")

    bank_account_name: Mapped[str] = mapped_column(sa.String(100), default="")
    bank_name: Mapped[str] = mapped_column(sa.String(60), default="")
    bank_account: Mapped[str] = mapped_column(sa.String(40), default="")
    credit_days: Mapped[int | None]
    # None is not known; 0 is known to be none.
    credit_limit_fen: Mapped[int | None]
    deposit_fen: Mapped[int | None]
    # 开票资料, where it differs from the facts above.
    invoice_title: Mapped[str] = mapped_column(sa.String(100), default="")
    invoice_address_phone: Mapped[str] = mapped_column(sa.String(200), default="")
    invoice_bank: Mapped[str] = mapped_column(sa.String(200), default="")
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    territory: Mapped[Territory | None] = relationship()
    owner: Mapped[User] = relationship()
    parent: Mapped["Distributor | None"] = relationship(remote_side=[id])
    phones: Mapped[list["DistributorPhone"]] = relationship(
        order_by="DistributorPhone.no", cascade="all, delete-orphan", back_populates="distributor"
    )
    contacts: Mapped[list["Contact"]] = relationship(
        order_by="(Contact.is_primary.desc(), Contact.id)", back_populates="distributor"
    )
    licences: Mapped[list["Licence"]] = relationship(
        order_by="Licence.expires_on", back_populates="distributor"
    )
    papers: Mapped[list["DistributorDocument"]] = relationship(
        order_by="DistributorDocument.filed_at.desc()", back_populates="distributor"
    )

    @property
    def people(self) -> list["Contact"]:
        """The contacts who are there now, the primary one first."""
        return [contact for contact in self.contacts if contact.ended_at is None]

    @property
    def licences_held(self) -> list["Licence"]:
        """The licences that count, the one that expires first in front."""
        return [licence for licence in self.licences if licence.ended_at is None]

    @property
    def documents_filed(self) -> list["DistributorDocument"]:
        """The documents on file, the newest first."""
        return [paper for paper in self.papers if paper.withdrawn_at is None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DistributorPhone(Base):
    """One of a distributor's telephone numbers; `digits` serves search."""

    __tablename__ = "distributor_phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    no: Mapped[int] = mapped_column(sa.Integer, default=0)
    display: Mapped[str] = mapped_column(sa.String(60))
    digits: Mapped[str] = mapped_column(sa.String(40), default="")
    extension: Mapped[str] = mapped_column(sa.String(12), default="")
    label: Mapped[str] = mapped_column(sa.String(40), default="")

    distributor: Mapped[Distributor] = relationship(back_populates="phones")


class Contact(Base):
    """A person at a distributor; personal data, in a row of its own that can be erased when its time is over."""

    __tablename__ = "contact"
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at IS NULL AND name <> '') OR (ended_at IS NOT NULL AND name = '' AND title = '' "
            "AND phone = '' AND email = '' AND birthday = '' AND personality = '' AND preferences = '')",
            name="erased_wholly_or_named",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(40), default="")
    phone: Mapped[str] = mapped_column(sa.String(60), default="")
    email: Mapped[str] = mapped_column(sa.String(120), default="")
    birthday: Mapped[str] = mapped_column(sa.String(20), default="")
    personality: Mapped[str] = mapped_column(sa.String(200), default="")
    preferences: Mapped[str] = mapped_column(sa.String(200), default="")
    is_primary: Mapped[bool] = mapped_column(default=False)
    # Left the company, or erased on request: the row stays so that references hold, the data goes (the CHECK
    # above sees to it); why, the audit trail says.
    ended_at: Mapped[datetime | None]

    distributor: Mapped[Distributor] = relationship(back_populates="contacts")


class Licence(Base):
    """A sector licence (食品经营许可证 …) with its expiry."""

    __tablename__ = "licence"

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(60))
    number: Mapped[str] = mapped_column(sa.String(60), default="")
    expires_on: Mapped[date | None]
    # Given up, or replaced by another one: it warns of nothing any more.
    ended_at: Mapped[datetime | None]

    distributor: Mapped[Distributor] = relationship(back_populates="licences")


class DistributorDocument(Base):
    """A file kept with a distributor: licence, account opening, photograph."""

    __tablename__ = "distributor_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    title: Mapped[str] = mapped_column(sa.String(60))
    filed_at: Mapped[datetime] = mapped_column(default=now)
    filed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    # Filed by mistake: it is shown no more, the row and its content stay.
    withdrawn_at: Mapped[datetime | None]

    distributor: Mapped[Distributor] = relationship(back_populates="papers")
    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)
    filed_by: Mapped[User | None] = relationship()


class Verdict(StrEnum):
    """What a person says two near-same records are."""

    DIFFERENT = "different"
    SAME = "same"


class NearSame(Base):
    """Two records whose names or credit codes are the same or nearly so; a person says what they are.

    `distributor` is the one that raised the flag, `other` the one that was there before.
    """

    __tablename__ = "near_same"
    __table_args__ = (
        sa.UniqueConstraint("distributor_id", "other_id"),
        sa.CheckConstraint("distributor_id <> other_id", name="two_records"),
        sa.CheckConstraint("(settled_at IS NULL) = (verdict IS NULL)", name="settled_with_a_verdict"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"), index=True)
    # "name" or "uscc": why they were flagged.
    reason: Mapped[str] = mapped_column(sa.String(20), default="name")
    raised_at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    verdict: Mapped[Verdict | None] = mapped_column(enum_type(Verdict))
    settled_why: Mapped[str] = mapped_column(sa.String(300), default="")

    other: Mapped[Distributor] = relationship(foreign_keys=[other_id])
    distributor: Mapped[Distributor] = relationship(foreign_keys=[distributor_id])
    settled_by: Mapped[User | None] = relationship()


class ImportFile(HandedIn):
    """A dealer list handed in; its choices, and its columns matched by hand, are `options`."""

    __tablename__ = "distributor_import"

    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def mapping(self) -> dict[str, str]:
        """Heading → field, where that was chosen by hand."""
        chosen: dict[str, str] = (self.options or {}).get("mapping", {})
        return chosen

    @mapping.setter
    def mapping(self, chosen: dict[str, str]) -> None:
        self.options = (self.options or {}) | {"mapping": chosen}
