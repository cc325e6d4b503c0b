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
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementEvent,
    AgreementPaper,
    AgreementScan,
    Status,
)
from portal.domain.price_protection.trail.models import (
    SEAL_OPEN,
    PaperTrail,
    Seal,
    SealApplication,
    SealApplicationRow,
    SealStatus,
    Stage,
)
from portal.domain.users.models import User

MOST_AT_ONCE = 2_000


@dataclass(frozen=True)
class Original:
    """One printed agreement and where it stands; `trail` is None while nobody asked for a seal."""

    paper: AgreementPaper
    trail: PaperTrail | None
    printed: int
    # Copies that an application asks for or that were sealed, by seal.
    spoken_for: dict[Seal, int]
    has_scan: bool

    @property
    def id(self) -> int:
        """The paper's."""
        return self.paper.id

    @property
    def agreement(self) -> Agreement:
        """What was printed."""
        return self.paper.agreement

    @property
    def number(self) -> str:
        """The agreement's number."""
        return self.agreement.number

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        return self.trail.stage if self.trail else Stage.NONE

    def copies_to_seal(self, seal: Seal) -> int:
        """How many printed copies nobody has asked this seal for yet."""
        return max(self.printed - self.spoken_for.get(seal, 0), 0)

    @property
    def copies_in_hand(self) -> int:
        """How many sealed copies can be sent."""
        return self.trail.copies_in_hand if self.trail else 0

    def why_not_seal(self, seal: Seal) -> DomainError | None:
        """What keeps this seal from being asked for; None when nothing does."""
        if self.agreement.status not in BINDING:
            return self._refusal(N_("%(number)s is not approved; only approved agreements are sealed."))
        if self.paper.withdrawn_at is not None:
            return self._superseded()
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
        if self.trail is not None and self.trail.sent_copies:
            return self._refusal(N_("All sealed copies of %(number)s have been sent already."))
        return self._refusal(N_("%(number)s is not sealed yet; only sealed originals are sent."))

    def why_not_back(self) -> DomainError | None:
        """What keeps its return from being recorded; None when nothing does."""
        if self.trail is None or not self.trail.sent_copies:
            return self._refusal(N_("%(number)s was not sent, so it cannot have come back."))
        if self.trail.back_copies >= self.trail.sent_copies:
            return self._refusal(N_("All copies of %(number)s that were sent are back."))
        return None

    def why_not_file(self) -> DomainError | None:
        """What keeps it from being put into a cabinet; None when nothing does."""
        if self.agreement.status not in (Status.SIGNED, Status.TERMINATED):
            return self._refusal(N_("%(number)s is not signed yet. Record the signing, then file it."))
        if self.trail is not None and (self.trail.filed_on is not None or self.trail.back_copies):
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
    """The originals with these papers' ids that the user reaches, in the order of their numbers."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise DomainError("At most %(most)s originals are handled at once.", most=MOST_AT_ONCE)
    statement = (
        _papers()
        .where(AgreementPaper.id.in_(wanted), Agreement.region_id.in_(visible(user, permission)))
        .order_by(Agreement.number, AgreementPaper.no)
    )
    return known(session, session.scalars(statement).all())


def held(session: Session, papers: Sequence[int]) -> list[Original]:
    """The same, whoever asks, with their agreements and trails locked until the transaction ends."""
    ids = sorted(set(papers))
    of_papers = sa.select(AgreementPaper.agreement_id).where(AgreementPaper.id.in_(ids))
    session.scalars(
        sa.select(Agreement)
        .where(Agreement.id.in_(of_papers))
        .order_by(Agreement.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    statement = _papers().where(AgreementPaper.id.in_(ids)).order_by(Agreement.number, AgreementPaper.no)
    return known(session, session.scalars(statement.execution_options(populate_existing=True)).all())


def _papers() -> sa.Select[AgreementPaper]:
    of_agreement = joinedload(AgreementPaper.agreement, innerjoin=True)
    return (
        sa.select(AgreementPaper)
        .join(Agreement, Agreement.id == AgreementPaper.agreement_id)
        .options(
            # The payload is what weighs; nobody looks at it here.
            defer(AgreementPaper.payload),
            lazyload(AgreementPaper.document),
            of_agreement.joinedload(Agreement.distributor, innerjoin=True).joinedload(
                Distributor.owner, innerjoin=True
            ),
            of_agreement.joinedload(Agreement.region, innerjoin=True),
        )
    )


def of_rows(rows: Any) -> ExecutableOption:
    """How the rows of an application or a parcel are loaded with all that a page shows of their originals."""
    paper = selectinload(rows).joinedload(rows.property.mapper.class_.paper, innerjoin=True)
    agreement = joinedload(AgreementPaper.agreement, innerjoin=True)
    return paper.options(
        defer(AgreementPaper.payload),
        lazyload(AgreementPaper.document),
        agreement.joinedload(Agreement.distributor, innerjoin=True),
    )


def known(session: Session, papers: Sequence[AgreementPaper]) -> list[Original]:
    """All that is known of these papers, in their order; five questions, however many they are."""
    ids = [paper.id for paper in papers]
    agreements = {paper.agreement_id for paper in papers}
    trails = {
        trail.paper_id: trail
        for trail in session.scalars(
            sa.select(PaperTrail)
            .where(PaperTrail.paper_id.in_(ids))
            .options(joinedload(PaperTrail.application), joinedload(PaperTrail.parcel))
            .execution_options(populate_existing=True)
        )
    }
    printed: dict[tuple[int, int], int] = defaultdict(int)
    for event in session.execute(
        sa.select(AgreementEvent.agreement_id, AgreementEvent.params).where(
            AgreementEvent.agreement_id.in_(agreements), AgreementEvent.kind == "printed"
        )
    ):
        printed[event.agreement_id, event.params.get("paper", 0)] += int(event.params.get("copies", 0))
    spoken: dict[int, dict[Seal, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.execute(
        sa.select(
            SealApplicationRow.paper_id,
            SealApplication.seal,
            sa.func.sum(SealApplicationRow.copies).label("copies"),
        )
        .join(SealApplication, SealApplication.id == SealApplicationRow.application_id)
        .where(
            SealApplicationRow.paper_id.in_(ids),
            SealApplicationRow.left_out_at.is_(None),
            SealApplication.status.in_((*SEAL_OPEN, SealStatus.SEALED)),
        )
        .group_by(SealApplicationRow.paper_id, SealApplication.seal)
    ):
        spoken[row.paper_id][row.seal] = int(row.copies)
    scanned = set(
        session.scalars(
            sa.select(AgreementScan.agreement_id).where(AgreementScan.agreement_id.in_(agreements))
        )
    )
    return [
        Original(
            paper,
            trails.get(paper.id),
            printed[paper.agreement_id, paper.no],
            dict(spoken[paper.id]),
            paper.agreement_id in scanned,
        )
        for paper in papers
    ]


def trails_of(session: Session, found: Sequence[Original]) -> dict[int, PaperTrail]:
    """The trails by paper, begun where there are none yet."""
    trails = {row.id: row.trail or _begun(row) for row in found}
    session.add_all(trails.values())
    session.flush()
    return trails


def trail_of(session: Session, original: Original) -> PaperTrail:
    """Its trail, begun where there is none yet."""
    return trails_of(session, [original])[original.id]


def _begun(original: Original) -> PaperTrail:
    return PaperTrail(
        paper_id=original.id,
        stage=Stage.NONE,
        sealed_copies=0,
        sent_copies=0,
        expected_copies=0,
        back_copies=0,
        cabinet="",
    )
