"""用印: a seal is asked for, its keeper decides, and the papers are sealed; two different people (P1b)."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.price_protection.models import AgreementPaper, DeedPaper, Termination
from portal.domain.price_protection.trail.models import (
    SEAL_OPEN,
    PaperTrail,
    Seal,
    SealApplication,
    SealApplicationRow,
    SealStatus,
)
from portal.domain.price_protection.trail.noting import note_all, note_one
from portal.domain.price_protection.trail.originals import Original, held
from portal.domain.regions.models import Region
from portal.domain.text import clean
from portal.domain.users.models import User

REASON_LIMIT = 500
PURPOSE_LIMIT = 200


def ask(
    session: Session,
    actor: User,
    copies: Mapping[int, int],
    *,
    seal: Seal,
    purpose: str,
    is_across_pages: bool = True,
) -> SealApplication:
    """Ask for a seal on so many copies of each original (its id → copies); all of them or none.

    Raises DomainError for what is not approved or printed, and for more copies than were printed and not asked
    for yet; its field is the number box of that original, `copies-<id>`.
    """
    purpose = _line(purpose, "purpose", N_("Say what the papers are sealed for."), PURPOSE_LIMIT)
    found = held(session, list(copies))
    if not found:
        raise DomainError("Choose at least one original.")
    for original in found:
        require(actor, Permission.AGREEMENTS_WRITE, original.agreement.region)
        refusal = original.why_not_seal(seal)
        if refusal is not None:
            raise refusal
        free = original.copies_to_seal(seal)
        if not 1 <= copies[original.id] <= free:
            raise DomainError(
                "%(number)s: enter 1 to %(most)s copies; so many are printed and not asked for yet.",
                field=f"copies-{original.id}",
                number=original.number,
                most=free,
            )
    office = _office_above(session, found)
    application = SealApplication(
        number=new_number(session, office, Numbered.SEAL_APPLICATION),
        region_id=office.id,
        seal=seal,
        is_across_pages=is_across_pages,
        purpose=purpose,
        status=SealStatus.ASKED,
        asked_by_id=actor.id,
        asked_at=now(),
        rows=[SealApplicationRow(trail_id=row.id, copies=copies[row.id]) for row in found],
    )
    session.add(application)
    session.flush()
    audit.record(
        session, actor, "seal_application.asked", application,
        number=application.number, seal=seal.value, count=len(found),
        copies=sum(copies[row.id] for row in found), purpose=purpose,
    )  # fmt: skip
    for original in found:
        original.trail.application = application
        original.trail.settle()
    facts = {"application": application.number, "seal": seal.value}
    note_all(
        session, actor, "seal_asked",
        [(row, {**facts, "copies": copies[row.id]}) for row in found],
    )  # fmt: skip
    return application


def grant(session: Session, actor: User, application: SealApplication) -> None:
    """Approve an application; only a keeper of seals who neither asked nor approved one of its papers."""
    lock(session, application)
    refusal = why_not_decide(session, actor, application)
    if refusal is not None:
        raise refusal
    for original in _originals(session, application):
        _still_sealable(original)
    application.move_to(SealStatus.GRANTED)
    application.decided_by_id, application.decided_at = actor.id, now()
    _settle(session, application)
    audit.record(session, actor, "seal_application.granted", application, number=application.number)


def refuse(session: Session, actor: User, application: SealApplication, reason: str) -> None:
    """Refuse an application, with the reason; what was granted may still be refused until it is sealed."""
    lock(session, application)
    reason = reason_of(reason)
    refusal = why_not_decide(session, actor, application)
    if refusal is not None:
        raise refusal
    application.move_to(SealStatus.REFUSED)
    application.decided_by_id, application.decided_at, application.reason = actor.id, now(), reason
    _settle(session, application)
    audit.record(
        session, actor, "seal_application.refused", application, number=application.number, reason=reason
    )
    for original in _originals(session, application):
        note_one(session, actor, original, "seal_refused", reason, application=application.number)


def withdraw(session: Session, actor: User, application: SealApplication, reason: str) -> None:
    """Take one's own application back before it is sealed."""
    lock(session, application)
    reason = reason_of(reason)
    if actor.id != application.asked_by_id:
        raise DomainError(
            "Only who asked for the seal can withdraw the application; its keeper can refuse it."
        )
    application.move_to(SealStatus.WITHDRAWN)
    application.reason = reason
    _settle(session, application)
    audit.record(
        session, actor, "seal_application.withdrawn", application, number=application.number, reason=reason
    )


def leave_out(
    session: Session, actor: User, application: SealApplication, row: SealApplicationRow, reason: str
) -> None:
    """Leave one original out of an application that is not sealed yet: by who asked, or by who may decide."""
    lock(session, application)
    reason = reason_of(reason)
    if actor.id != application.asked_by_id:
        refusal = why_not_decide(session, actor, application)
        if refusal is not None:
            raise refusal
    if application.status not in SEAL_OPEN or row.left_out_at is not None:
        raise DomainError(
            "%(number)s has moved on in the meantime; this step is no longer possible.",
            number=application.number,
        )
    if len(_rows(application)) == 1:
        raise DomainError("This is the last original of the application. Withdraw or refuse it instead.")
    row.left_out_at, row.left_out_by_id, row.left_out_reason = now(), actor.id, reason
    session.flush()
    (original,) = held(session, [row.trail_id])
    if original.trail.application_id == application.id:
        original.trail.application = None
        original.trail.settle()
    note_one(session, actor, original, "seal_left_out", reason, application=application.number)


def seal(session: Session, actor: User, application: SealApplication) -> None:
    """Record that everything of a granted application is sealed, now, by this keeper.

    Refused while one of its originals was superseded meanwhile: it is left out first.
    """
    lock(session, application)
    if application.status is SealStatus.ASKED:
        raise DomainError("%(number)s is not approved yet; approve it, then seal.", number=application.number)
    refusal = why_not_decide(session, actor, application)
    if refusal is not None:
        raise refusal
    found = _originals(session, application)
    for original in found:
        _still_sealable(original)
    copies = {row.trail_id: row.copies for row in _rows(application)}
    before = _sealed(session, copies)
    application.move_to(SealStatus.SEALED)
    application.sealed_by_id, application.sealed_at = actor.id, now()
    session.flush()
    after = _sealed(session, copies)
    for original in found:
        trail = original.trail
        # What is in hand or on its way is less where a parcel was lost.
        trail.sealed_copies += after.get(original.id, 0) - before.get(original.id, 0)
        trail.sealed_on = today()
        trail.settle()
    facts = {"application": application.number, "seal": application.seal.value}
    note_all(
        session, actor, "sealed",
        [(row, {**facts, "copies": copies[row.id]}) for row in found],
    )  # fmt: skip
    audit.record(
        session, actor, "seal_application.sealed", application,
        number=application.number, count=len(found), copies=sum(copies.values()),
    )  # fmt: skip


def why_not_decide(session: Session, actor: User, application: SealApplication) -> DomainError | None:
    """What keeps this user from deciding and sealing; None when nothing does."""
    if not actor.can(Permission.SEALS_KEEP, application.region):
        return DomainError("Only a keeper of the seals of this office can do this.")
    if actor.id == application.asked_by_id:
        return DomainError("You asked for this seal; another keeper must decide.")
    # Whoever makes a paper is who approves it; the first of a notice's two approvers makes none.
    own = session.scalar(
        sa.select(PaperTrail.id)
        .outerjoin(AgreementPaper, AgreementPaper.id == PaperTrail.paper_id)
        .outerjoin(DeedPaper, DeedPaper.id == PaperTrail.deed_paper_id)
        .outerjoin(Termination, Termination.id == DeedPaper.termination_id)
        .where(
            PaperTrail.id.in_([row.trail_id for row in _rows(application)]),
            sa.or_(
                AgreementPaper.made_by_id == actor.id,
                DeedPaper.made_by_id == actor.id,
                Termination.first_approver_id == actor.id,
            ),
        )
        .limit(1)
    )
    if own is not None:
        return DomainError("You approved one of these papers; another keeper must decide about the seal.")
    return None


def require(actor: User, permission: Permission, region: Region) -> None:
    """Refuse whoever lacks the permission in this office."""
    if not actor.can(permission, region):
        raise DomainError("You may not do this with agreements of %(office)s.", office=region.name)


def reason_of(reason: str) -> str:
    """The reason as it is kept; DomainError when there is none."""
    return _line(reason, "reason", N_("Enter the reason."), REASON_LIMIT)


def _line(text: str, field: str, missing: str, limit: int) -> str:
    text = clean(text)
    if not text:
        raise DomainError(missing, field=field)
    if len(text) > limit:
        raise DomainError("At most %(limit)s characters.", field=field, limit=limit)
    return text


def _office_above(session: Session, found: list[Original]) -> Region:
    """The nearest office that all of them belong to or stand below."""
    paths = [row.agreement.region.ancestor_ids() for row in found]
    common = paths[0]
    for path in paths[1:]:
        common = [one for one, other in zip(common, path, strict=False) if one == other]
    office = session.get(Region, common[-1])
    assert office is not None
    return office


def _sealed(session: Session, originals: Collection[int]) -> dict[int, int]:
    """How many copies of each original bear a seal of the company's.

    A copy may bear the contract seal and the company's, and nobody writes down which copies they are: as many are
    sealed as bear the one that stands on more of them. The legal representative's seal alone seals nothing.
    """
    by_seal = (
        sa.select(SealApplicationRow.trail_id, sa.func.sum(SealApplicationRow.copies).label("copies"))
        .join(SealApplication, SealApplication.id == SealApplicationRow.application_id)
        .where(
            SealApplicationRow.trail_id.in_(originals),
            SealApplicationRow.left_out_at.is_(None),
            SealApplication.status == SealStatus.SEALED,
            SealApplication.seal != Seal.LEGAL_REP,
        )
        .group_by(SealApplicationRow.trail_id, SealApplication.seal)
        .subquery()
    )
    rows = session.execute(
        sa.select(by_seal.c.trail_id, sa.func.max(by_seal.c.copies)).group_by(by_seal.c.trail_id)
    )
    return {trail_id: int(copies) for trail_id, copies in rows}


def _rows(application: SealApplication) -> list[SealApplicationRow]:
    return [row for row in application.rows if row.left_out_at is None]


def _originals(session: Session, application: SealApplication) -> list[Original]:
    return held(session, [row.trail_id for row in _rows(application)])


def _still_sealable(original: Original) -> None:
    if original.paper.withdrawn_at is not None:
        raise DomainError(
            "The approval of %(number)s was withdrawn meanwhile. Leave it out of the application first.",
            number=original.number,
        )


def _settle(session: Session, application: SealApplication) -> None:
    """Let the originals stand where the application now leaves them."""
    session.flush()
    for original in _originals(session, application):
        if original.trail.application_id == application.id:
            original.trail.settle()
