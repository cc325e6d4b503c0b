"""What every step of a deed begins with: its rows locked, its reason read, its event written."""

from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock
from portal.domain.access.roles import Permission
from portal.domain.asked_once import once
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import people
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.models import (
    OPEN,
    Agreement,
    Amendment,
    Deed,
    DeedPaper,
    DeedStatus,
    Status,
    Termination,
)
from portal.domain.price_protection.steps import hold as hold_agreement
from portal.domain.price_protection.steps import must_be_another
from portal.domain.price_protection.texts import AMENDMENT_KEY, DEED_KEYS, NOTICE_KEY
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template
from portal.domain.text import clean
from portal.domain.users.models import User

# A deed as its services take it.
AnyDeed = Amendment | Termination


def hold(session: Session, deed: AnyDeed, version: int | None = None) -> None:
    """Lock the agreement and the deed and read them afresh; Stale reading when `version` is another by now."""
    hold_agreement(session, deed.agreement)
    lock(session, deed)
    if version is not None and deed.version != version:
        raise DomainError(
            "Somebody else changed %(number)s after you opened it. Check it again before you go on.",
            number=deed.title,
        )


def require_status(deed: Deed, *allowed: DeedStatus) -> None:
    """Refuse a step that the deed has left behind."""
    if deed.status not in allowed:
        moved_on(deed)


def moved_on(deed: Deed) -> NoReturn:
    """Refuse a step that is no longer possible."""
    raise DomainError(
        "%(number)s has moved on in the meantime; this step is no longer possible.", number=deed.title
    )


def record(
    session: Session, actor: User | None, deed: AnyDeed, what: str, reason: str = "", **params: Any
) -> None:
    """Write a step of the deed into its agreement's life and the audit trail: `amendment_signed`, say."""
    kind = f"{'amendment' if isinstance(deed, Amendment) else 'notice'}_{what}"
    note(session, actor, deed.agreement, kind, reason, deed=deed.id, title=deed.title, **params)


def require_signed(session: Session, agreement: Agreement) -> None:
    """Refuse deeds about what is not a signed agreement."""
    hold_agreement(session, agreement)
    if agreement.status is not Status.SIGNED or agreement.signed_on is None:
        raise DomainError(
            "%(number)s is not a signed agreement in force; there is nothing to amend or terminate.",
            number=agreement.number,
        )


def open_deed(session: Session, kind: type[Amendment] | type[Termination], agreement: Agreement) -> Any:
    """The one amendment, or notice, of this agreement that is under way; None when there is none."""
    return session.scalar(sa.select(kind).where(kind.agreement_id == agreement.id, kind.status.in_(OPEN)))


def require_none_open(
    session: Session, kind: type[Amendment] | type[Termination], agreement: Agreement
) -> None:
    """Refuse a second amendment or notice while the first is under way: both would begin from the same terms."""
    found = open_deed(session, kind, agreement)
    if found is not None:
        raise DomainError(
            "%(number)s is still under way; finish it or void it before you draft the next.",
            number=found.title,
        )


def require_offered(session: Session, key: str) -> None:
    """Refuse a new deed on a text that counsel took out of offer; no older version comes back in its place (P8)."""
    found = once(session, ("offered", key), lambda: templates.edition(session, key))
    if found is not None and found.stop is not None:
        raise DomainError(
            "Counsel has taken the template %(key)s %(version)s out of offer: %(reason)s "
            "A new one can be drafted as soon as counsel offers it again or releases a newer version.",
            key=key,
            version=found.version,
            reason=found.stop.reason,
        )


def template_of(session: Session, key: str) -> Template:
    """The text that a new deed is printed on: the released one, else the newest; DomainError where it is stopped."""
    require_offered(session, key)
    return once(session, ("template of deeds", key), lambda: templates.ensure_template(session, key))


def current_paper(deed: AnyDeed) -> DeedPaper | None:
    """The paper that the approval in force made; None before, and after it was withdrawn."""
    return next((paper for paper in deed.papers if paper.withdrawn_at is None), None)


def wrote_in(actor: User, deed: AnyDeed) -> None:
    """Keep who changed what a deed says: whoever did does not approve it."""
    if actor.id not in _writers(deed):
        deed.writers = [*deed.writers, actor.id]


def _writers(deed: AnyDeed) -> set[int]:
    return {deed.author_id, *(deed.writers or ())}


def barred(deed: AnyDeed) -> set[int]:
    """The ids of those who do not approve it, as it stands: who wrote in it, submitted it, or approved it first."""
    first = deed.first_approver_id if isinstance(deed, Termination) else None
    return {*_writers(deed), *(id for id in (deed.submitted_by_id, first) if id is not None)}


def is_approver(actor: User, deed: AnyDeed) -> bool:
    """Whether nothing keeps this user from approving or sending back."""
    return actor.id not in barred(deed) and actor.can(Permission.AGREEMENTS_APPROVE, deed.agreement.region)


def approvers(session: Session, deed: AnyDeed) -> list[str]:
    """Names of those who may approve it, the nearest office's first."""
    return people.approvers(session, deed.agreement, besides=barred(deed))


def why_not_approver(session: Session, actor: User, deed: AnyDeed) -> DomainError | None:
    """What keeps this user from approving or sending back, and who may; None when nothing does."""
    if is_approver(actor, deed):
        return None
    if not actor.can(Permission.AGREEMENTS_APPROVE, deed.agreement.region):
        return DomainError(N_("You may not approve agreements of this office."))
    wrote = _writers(deed)
    if actor.id in wrote:
        names = people.names_of(session, User.id.in_(wrote)).values()
        return must_be_another(names, approvers(session, deed))
    if actor.id == deed.submitted_by_id:
        return must_be_another((), approvers(session, deed))
    return DomainError(N_("You approved it already; a second person must approve it."))


def require_approver(session: Session, actor: User, deed: AnyDeed) -> None:
    """Refuse whoever may not approve this deed."""
    refusal = why_not_approver(session, actor, deed)
    if refusal is not None:
        raise refusal


def reason_of(text: str, limit: int = 500, field: str = "reason") -> str:
    """A reason in one line; refused when it is missing or too long."""
    reason = clean(" ".join(text.split()))
    if not reason:
        raise DomainError(N_("Enter the reason."), field=field)
    if len(reason) > limit:
        raise DomainError(N_("The reason has at most %(limit)s characters."), field=field, limit=limit)
    return reason


__all__ = ["AMENDMENT_KEY", "DEED_KEYS", "NOTICE_KEY"]
