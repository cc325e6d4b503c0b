"""Policies: what they say, for which offices, at which meetings they are presented, who was told of them (M1)."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.distributors.models import Distributor
from portal.domain.documents.models import Document
from portal.domain.meetings.models import Meeting
from portal.domain.regions.models import Region
from portal.domain.users.models import User


class PolicyState(StrEnum):
    """What was done with a policy last; whether it is in force follows from its day as well."""

    DRAFT = "draft"
    TIED = "tied"
    PRESENTED = "presented"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


# The moves, and nothing else: portal/domain/meetings/policies/__init__ tells what each takes.
MOVES: dict[PolicyState, frozenset[PolicyState]] = {
    PolicyState.DRAFT: frozenset({PolicyState.TIED, PolicyState.WITHDRAWN}),
    PolicyState.TIED: frozenset({PolicyState.DRAFT, PolicyState.PRESENTED, PolicyState.WITHDRAWN}),
    PolicyState.PRESENTED: frozenset({PolicyState.RELEASED, PolicyState.WITHDRAWN}),
    PolicyState.RELEASED: frozenset({PolicyState.WITHDRAWN}),
    PolicyState.WITHDRAWN: frozenset(),
}


class Policy(Base):
    """渠道政策: what an office lays down for its distributors; `title` and `wanted_on` are the last version's."""

    __tablename__ = "policy"
    __table_args__ = (
        sa.CheckConstraint("title <> ''", name="title_given"),
        sa.CheckConstraint(
            "state NOT IN ('presented', 'released') OR presented_at IS NOT NULL", name="presented_at_a_time"
        ),
        sa.CheckConstraint(
            "(effective_on IS NULL) = (released_at IS NULL) AND (effective_on IS NULL) = (released_by_id IS NULL) "
            "AND (state <> 'released' OR effective_on IS NOT NULL)",
            name="released_for_a_day",
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL) AND (withdrawn_at IS NULL) = (withdrawn_by_id IS NULL) "
            "AND (withdrawn_at IS NULL) = (withdrawn_reason = '')",
            name="withdrawn_with_a_reason",
        ),
        sa.CheckConstraint("replaces_id <> id", name="replaces_another"),
        sa.Index("ix_policy_region_id", "region_id"),
        sa.Index("ix_policy_replaces_id", "replaces_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    title: Mapped[str] = mapped_column(sa.String(80))
    # The office that issues it and whose people write and release it.
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"))
    state: Mapped[PolicyState] = mapped_column(enum_type(PolicyState), default=PolicyState.DRAFT)
    wanted_on: Mapped[date]
    # The policy that ends on the day on which this one takes effect.
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("policy.id"))
    # When it was presented first: from then on its text stays.
    presented_at: Mapped[datetime | None]
    effective_on: Mapped[date | None]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    withdrawn_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    # The first day on which a later policy stands in its place.
    superseded_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    replaces: Mapped["Policy | None"] = relationship(remote_side=[id])
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    released_by: Mapped[User | None] = relationship(foreign_keys=[released_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])
    scopes: Mapped[list["PolicyScope"]] = relationship(
        order_by="PolicyScope.id", cascade="all, delete-orphan", back_populates="policy"
    )
    texts: Mapped[list["PolicyText"]] = relationship(order_by="PolicyText.no", back_populates="policy")
    showings: Mapped[list["Showing"]] = relationship(order_by="Showing.id", back_populates="policy")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def text(self) -> "PolicyText":
        """What it says: the last version."""
        return self.texts[-1]


class PolicyScope(Base):
    """适用办事处: an office with all below it that a policy is for; stays as it is once the policy was presented."""

    __tablename__ = "policy_scope"
    __table_args__ = (sa.UniqueConstraint("policy_id", "region_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(sa.ForeignKey("policy.id"))
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)

    policy: Mapped[Policy] = relationship(back_populates="scopes")
    region: Mapped[Region] = relationship()


class PolicyText(Base):
    """A version of what a policy says, typed or as a PDF; none is ever changed."""

    __tablename__ = "policy_text"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "no"),
        sa.CheckConstraint("no > 0", name="no_positive"),
        sa.CheckConstraint("body <> '' OR document_id IS NOT NULL", name="says_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(sa.ForeignKey("policy.id"))
    no: Mapped[int] = mapped_column(sa.Integer)
    title: Mapped[str] = mapped_column(sa.String(80))
    body: Mapped[str] = mapped_column(sa.Text, default="")
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    wanted_on: Mapped[date]
    written_at: Mapped[datetime] = mapped_column(default=now)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))

    policy: Mapped[Policy] = relationship(back_populates="texts")
    document: Mapped[Document | None] = relationship()
    written_by: Mapped[User] = relationship()


class Showing(Base):
    """宣贯: a policy is, or was, presented at a meeting; the version presented is named from then on."""

    __tablename__ = "policy_showing"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "meeting_id"),
        sa.CheckConstraint(
            "(presented_at IS NULL) = (presented_by_id IS NULL) AND (presented_at IS NULL) = (text_id IS NULL)",
            name="presented_by_somebody",
        ),
        sa.CheckConstraint("untied_at IS NULL OR presented_at IS NULL", name="presented_is_not_untied"),
        sa.Index("ix_policy_showing_meeting_id", "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(sa.ForeignKey("policy.id"))
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    tied_at: Mapped[datetime] = mapped_column(default=now)
    tied_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    untied_at: Mapped[datetime | None]
    presented_at: Mapped[datetime | None]
    presented_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    text_id: Mapped[int | None] = mapped_column(sa.ForeignKey("policy_text.id"))

    policy: Mapped[Policy] = relationship(back_populates="showings")
    meeting: Mapped[Meeting] = relationship()
    presented_by: Mapped[User | None] = relationship(foreign_keys=[presented_by_id])


class Concerned(Base):
    """A distributor that a policy concerns, written down once: when it was presented, or as a newcomer's first news."""

    __tablename__ = "policy_distributor"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "distributor_id"),
        sa.Index("ix_policy_distributor_distributor_id", "distributor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(sa.ForeignKey("policy.id"))
    distributor_id: Mapped[int] = mapped_column(sa.ForeignKey("distributor.id"))
    listed_at: Mapped[datetime] = mapped_column(default=now)
    # Became active only after the policy had been presented: is told of it too, and holds nobody up.
    is_newcomer: Mapped[bool] = mapped_column(default=False)

    policy: Mapped[Policy] = relationship()
    distributor: Mapped[Distributor] = relationship()


class ToldHow(StrEnum):
    """How a distributor came to know of a policy."""

    SHEET = "sheet"
    MEETING = "meeting"
    VISIT = "visit"
    PHONE = "phone"
    MAIL = "mail"


AT_A_MEETING = frozenset({ToldHow.SHEET, ToldHow.MEETING})


class ToldWhat(StrEnum):
    """A distributor was told, or that this was noted turned out a mistake."""

    TOLD = "told"
    UNDONE = "undone"


class Telling(Base):
    """告知记录: written once; a mistake is undone by another row. `turn` lets the database have each told once.

    Whom somebody spoke with, and what they noted of it, is personal: it can be erased, the record stays.
    """

    __tablename__ = "policy_telling"
    __table_args__ = (
        sa.UniqueConstraint("concerned_id", "turn", "what"),
        sa.CheckConstraint("turn > 0", name="turn_positive"),
        sa.CheckConstraint(
            "(what = 'told') = (how IS NOT NULL) AND (what = 'told') = (told_on IS NOT NULL)",
            name="told_somehow",
        ),
        sa.CheckConstraint(
            "(showing_id IS NOT NULL) = (how IS NOT NULL AND how IN ('sheet', 'meeting'))",
            name="at_a_meeting_or_elsewhere",
        ),
        sa.CheckConstraint("what <> 'undone' OR reason <> ''", name="undone_with_a_reason"),
        sa.CheckConstraint("erased_at IS NULL OR (spoke_with = '' AND note = '')", name="erased_wholly"),
        sa.Index("ix_policy_telling_showing_id", "showing_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    concerned_id: Mapped[int] = mapped_column(sa.ForeignKey("policy_distributor.id"))
    turn: Mapped[int] = mapped_column(sa.Integer)
    what: Mapped[ToldWhat] = mapped_column(enum_type(ToldWhat))
    how: Mapped[ToldHow | None] = mapped_column(enum_type(ToldHow))
    told_on: Mapped[date | None]
    showing_id: Mapped[int | None] = mapped_column(sa.ForeignKey("policy_showing.id"))
    noted_at: Mapped[datetime] = mapped_column(default=now)
    noted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    spoke_with: Mapped[str] = mapped_column(sa.String(40), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    erased_at: Mapped[datetime | None]

    concerned: Mapped[Concerned] = relationship()
    showing: Mapped[Showing | None] = relationship()
    noted_by: Mapped[User] = relationship()
