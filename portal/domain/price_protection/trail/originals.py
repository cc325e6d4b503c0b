"""Originals with all that tells whether they may be sealed, sent, taken back or filed; many at once (P1b)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer, joinedload, lazyload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement, StatementScan
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    DeedPaper,
    DeedScan,
    DeedStatus,
    Status,
)
from portal.domain.price_protection.trail.models import (
    SEAL_OPEN,
    AnyPaper,
    PaperKind,
    PaperTrail,
    Seal,
    SealApplication,
    SealApplicationRow,
    SealStatus,
    Stage,
)
from portal.domain.users.models import User

MOST_AT_ONCE = 2_000
# A notice or a statement says no number: of the one a copy goes out and one stays, of the other one comes back.
COPIES = 2
# In the agreement's life: when an original of a kind was printed.
PRINTED = {
    PaperKind.AGREEMENT: "printed",
    PaperKind.AMENDMENT: "amendment_printed",
    PaperKind.NOTICE: "notice_printed",
    PaperKind.STATEMENT: "statement_printed",
}
_BINDING_DEEDS = (DeedStatus.APPROVED, DeedStatus.SIGNED, DeedStatus.SERVED)


@dataclass(frozen=True)
class Original:
    """One printed agreement, amendment, notice or statement, and where it stands."""

    trail: PaperTrail
    printed: int
    # Copies that an application asks for or that were sealed, by seal.
    spoken_for: dict[Seal, int]
    has_scan: bool

    @property
    def id(self) -> int:
        """Its trail's."""
        return self.trail.id

    @property
    def kind(self) -> PaperKind:
        """Whether it is an agreement, an amendment, a notice or a statement."""
        return self.trail.kind

    @property
    def paper(self) -> AnyPaper:
        """What was printed."""
        return self.trail.paper

    @property
    def agreement(self) -> Agreement:
        """The agreement that it is, changes, ends or states the fund of."""
        return self.trail.agreement

    @property
    def agreement_id(self) -> int:
        """The agreement's id."""
        return self.trail.agreement_id

    @property
    def deed_id(self) -> int | None:
        """The amendment's, notice's or statement's id; None for an agreement."""
        return self.trail.deed_id

    @property
    def is_statement(self) -> bool:
        """Whether it states a quarter's fund: sealed by who sends it, answered instead of signed."""
        return self.kind is PaperKind.STATEMENT

    @property
    def number(self) -> str:
        """The number on it."""
        return self.trail.number

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        return self.trail.stage

    @property
    def is_binding(self) -> bool:
        """Whether it is approved, or more than that."""
        if self.trail.deed_paper is not None:
            return self.trail.deed_paper.deed.status in _BINDING_DEEDS
        if self.is_statement:
            return True
        return self.agreement.status in BINDING

    @property
    def is_concluded(self) -> bool:
        """Whether it is signed, a notice served, a statement back."""
        if self.is_statement:
            return self.trail.back_on is not None
        if self.trail.deed_paper is not None:
            return self.trail.deed_paper.deed.status in (DeedStatus.SIGNED, DeedStatus.SERVED)
        return self.agreement.status in (Status.SIGNED, Status.TERMINATED)

    @property
    def comes_back(self) -> bool:
        """Whether copies of it are to come back signed."""
        return self.kind is not PaperKind.NOTICE

    def copies_to_seal(self, seal: Seal) -> int:
        """How many printed copies nobody has asked this seal for yet."""
        return max(self.printed - self.spoken_for.get(seal, 0), 0)

    def copies_proposed(self, seal: Seal) -> int:
        """How many copies to ask this seal for: those that the paper says there are, not all that were ever printed.

        Where they are sealed already, somebody printed more to have more sealed: as many again at most.
        """
        free, agreed = self.copies_to_seal(seal), self._copies_agreed()
        return min(free, max(agreed - self.spoken_for.get(seal, 0), 0) or agreed)

    def _copies_agreed(self) -> int:
        said = self.paper.payload["values"].get("copies_total")
        return int(said) if said else COPIES

    @property
    def copies_in_hand(self) -> int:
        """How many copies can be sent: the sealed ones; of a statement those that are sealed to be sent."""
        if self.is_statement and not self.trail.sent_copies:
            return max(self.trail.copies_in_hand, COPIES)
        return self.trail.copies_in_hand

    def why_not_seal(self, seal: Seal) -> DomainError | None:
        """What keeps this seal from being asked for; None when nothing does."""
        if self.paper.withdrawn_at is not None:
            return self._superseded()
        if self.is_statement:
            return self._refusal(
                N_(
                    "%(number)s is a statement: two people have confirmed it, so it is sealed without an application. "
                    "Pack it; that records its seal."
                )
            )
        if not self.is_binding:
            return self._refusal(N_("%(number)s is not approved; only approved originals are sealed."))
        if not self.printed:
            return self._refusal(N_("%(number)s has not been printed yet. Print the original first."))
        if not self.copies_to_seal(seal):
            return self._refusal(
                N_(
                    "This seal is already asked for, or on, all %(copies)s printed copies of %(number)s. "
                    "Print more copies if more are needed."
                ),
                copies=self.printed,
            )
        return None

    def why_not_pack(self) -> DomainError | None:
        """What keeps it from being sent; None when nothing does."""
        if self.paper.withdrawn_at is not None:
            return self._superseded()
        if self.stage is Stage.PACKED:
            return self._refusal(N_("%(number)s is already in a parcel that has not been sent."))
        if self.copies_in_hand > 0:
            return None
        if self.trail.sent_copies:
            return self._refusal(N_("All sealed copies of %(number)s have been sent already."))
        return self._refusal(N_("%(number)s is not sealed yet; only sealed originals are sent."))

    def why_not_back(self) -> DomainError | None:
        """What keeps its return from being recorded; None when nothing does."""
        if not self.comes_back:
            return self._refusal(
                N_(
                    "%(number)s is a notice and stays with its recipient. Record on its page when it was served."
                )
            )
        if not self.trail.sent_copies:
            return self._refusal(N_("%(number)s was not sent, so it cannot have come back."))
        if self.trail.back_copies >= self.trail.sent_copies:
            return self._refusal(N_("All copies of %(number)s that were sent are back."))
        return None

    def why_not_file(self) -> DomainError | None:
        """What keeps it from being put into a cabinet; None when nothing does."""
        if not self.is_concluded:
            if self.is_statement:
                return self._refusal(N_("%(number)s is still out. Record its return, then file it."))
            if not self.comes_back:
                return self._refusal(
                    N_("%(number)s is not served yet. Record its service, then file it with the proof.")
                )
            return self._refusal(N_("%(number)s is not signed yet. Record the signing, then file it."))
        if self.trail.filed_on is not None or self.trail.back_copies:
            return None
        if self.stage is Stage.PACKED:
            return self._refusal(N_("%(number)s is already in a parcel that has not been sent."))
        if self.stage is Stage.SENT and not self.copies_in_hand:
            return self._refusal(N_("%(number)s is still out. Record its return, then file it."))
        return None

    def _superseded(self) -> DomainError:
        return self._refusal(N_("The approval of %(number)s was withdrawn; this original must not be used."))

    def _refusal(self, msgid: str, **params: int) -> DomainError:
        return DomainError(msgid, None, number=self.number, **params)


def originals(
    session: Session, user: User, ids: Iterable[int], permission: Permission = Permission.PAPERS_HANDLE
) -> list[Original]:
    """The originals with these ids that the user reaches, in the order of their numbers."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise DomainError("At most %(most)s originals are handled at once.", most=MOST_AT_ONCE)
    statement = _trails(wanted).where(Agreement.region_id.in_(visible(user, permission)))
    return known(session, session.scalars(statement).all())


def held(session: Session, ids: Sequence[int]) -> list[Original]:
    """The same, whoever asks, with their agreements locked until the transaction ends and all read afresh."""
    of_trails = sa.select(PaperTrail.agreement_id).where(PaperTrail.id.in_(set(ids)))
    session.scalars(
        sa.select(Agreement)
        .where(Agreement.id.in_(of_trails))
        .order_by(Agreement.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    statement = _trails(ids).execution_options(populate_existing=True)
    return known(session, session.scalars(statement).all())


def _trails(ids: Iterable[int]) -> sa.Select[PaperTrail]:
    of_agreement = joinedload(PaperTrail.agreement, innerjoin=True)
    return (
        sa.select(PaperTrail)
        .join(Agreement, Agreement.id == PaperTrail.agreement_id)
        .where(PaperTrail.id.in_(set(ids)))
        .options(
            *_of_papers(),
            of_agreement.options(
                joinedload(Agreement.distributor, innerjoin=True).joinedload(
                    Distributor.owner, innerjoin=True
                ),
                joinedload(Agreement.region, innerjoin=True),
            ),
            joinedload(PaperTrail.application),
            joinedload(PaperTrail.parcel),
        )
        .order_by(PaperTrail.number, PaperTrail.id)
    )


def _of_papers() -> list[Any]:
    """How a trail's paper and its deed are loaded, without what weighs and nobody looks at here."""
    return [
        joinedload(PaperTrail.agreement_paper).options(
            defer(AgreementPaper.payload), lazyload(AgreementPaper.document)
        ),
        joinedload(PaperTrail.statement).options(defer(Statement.payload)),
        joinedload(PaperTrail.deed_paper).options(
            defer(DeedPaper.payload),
            lazyload(DeedPaper.document),
            joinedload(DeedPaper.amendment),
            joinedload(DeedPaper.termination),
        ),
    ]


def of_rows(rows: Any) -> ExecutableOption:
    """How the rows of an application or a parcel are loaded with all that a page shows of their originals."""
    trail = selectinload(rows).joinedload(rows.property.mapper.class_.trail, innerjoin=True)
    agreement = joinedload(PaperTrail.agreement, innerjoin=True)
    return trail.options(*_of_papers(), agreement.joinedload(Agreement.distributor, innerjoin=True))


def known(session: Session, trails: Sequence[PaperTrail]) -> list[Original]:
    """All that is known of these originals, in their order; four questions, however many they are."""
    agreements = {trail.agreement_id for trail in trails}
    printed: dict[tuple[int, str, int | None, int], int] = defaultdict(int)
    for event in session.execute(
        sa.select(AgreementEvent.agreement_id, AgreementEvent.kind, AgreementEvent.params).where(
            AgreementEvent.agreement_id.in_(agreements), AgreementEvent.kind.in_(PRINTED.values())
        )
    ):
        said = event.params
        key = event.agreement_id, event.kind, said.get("deed"), said.get("paper", 0)
        printed[key] += int(said.get("copies", 0))
    spoken: dict[int, dict[Seal, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.execute(
        sa.select(
            SealApplicationRow.trail_id,
            SealApplication.seal,
            sa.func.sum(SealApplicationRow.copies).label("copies"),
        )
        .join(SealApplication, SealApplication.id == SealApplicationRow.application_id)
        .where(
            SealApplicationRow.trail_id.in_({trail.id for trail in trails}),
            SealApplicationRow.left_out_at.is_(None),
            SealApplication.status.in_((*SEAL_OPEN, SealStatus.SEALED)),
        )
        .group_by(SealApplicationRow.trail_id, SealApplication.seal)
    ):
        spoken[row.trail_id][row.seal] = int(row.copies)
    scanned = _scanned(session, trails)
    return [
        Original(trail, printed[_printing_of(trail)], dict(spoken[trail.id]), trail.id in scanned)
        for trail in trails
    ]


def _printing_of(trail: PaperTrail) -> tuple[int, str, int | None, int]:
    return trail.agreement_id, PRINTED[trail.kind], trail.deed_id, trail.paper.no


def _scanned(session: Session, trails: Sequence[PaperTrail]) -> set[int]:
    """Of which of these a signed scan, or the proof of service, is on file."""
    statements = {trail.statement_id for trail in trails} - {None}
    stated: set[int] = set()
    if statements:
        of_statements = sa.select(StatementScan.statement_id).where(
            StatementScan.statement_id.in_(statements)
        )
        stated = set(session.scalars(of_statements))
    wanted = {trail.agreement_id for trail in trails if trail.agreement_paper is not None}
    agreements: set[int] = set()
    if wanted:
        rows = sa.select(AgreementScan.agreement_id).where(AgreementScan.agreement_id.in_(wanted))
        agreements = set(session.scalars(rows))
    papers = [trail.deed_paper for trail in trails if trail.deed_paper is not None]
    deeds: set[tuple[int | None, int | None]] = set()
    if papers:
        found = session.execute(
            sa.select(DeedScan.amendment_id, DeedScan.termination_id).where(
                sa.or_(
                    DeedScan.amendment_id.in_({paper.amendment_id for paper in papers} - {None}),
                    DeedScan.termination_id.in_({paper.termination_id for paper in papers} - {None}),
                )
            )
        )
        deeds = {(row.amendment_id, row.termination_id) for row in found}
    return {
        trail.id
        for trail in trails
        if trail.statement_id in stated
        or (trail.agreement_paper is not None and trail.agreement_id in agreements)
        or (
            trail.deed_paper is not None
            and (trail.deed_paper.amendment_id, trail.deed_paper.termination_id) in deeds
        )
    }
