"""Whether a released text is offered to new drafts: counsel who finds a defect takes it out of offer, and says why.

Nothing is deleted and no agreement on it changes; each word is a row that stays.
"""

from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.templates.models import Template, TemplateOffer
from portal.domain.templates.services import is_released, stop_of
from portal.domain.text import clean
from portal.domain.users.models import User

REASON_LIMIT = 500


def stop(
    session: Session, actor: User, template: Template, *, reason: str, holds_work: bool
) -> TemplateOffer:
    """Take a released text out of offer; with `holds_work` drafts on it cannot be approved any more either.

    Raises DomainError without a reason, or when it is not offered.
    """
    lock(session, template)
    if not is_released(template):
        raise DomainError(N_("This version is not released, so there is nothing to take out of offer."))
    if stop_of(template) is not None:
        raise DomainError(N_("This version has already been taken out of offer."))
    return _say(session, actor, template, reason, is_offered=False, holds_work=holds_work)


def resume(session: Session, actor: User, template: Template, *, reason: str) -> TemplateOffer:
    """Offer a text again that was taken out of offer by mistake."""
    lock(session, template)
    if stop_of(template) is None:
        raise DomainError(N_("This version is offered already."))
    return _say(session, actor, template, reason, is_offered=True, holds_work=False)


def _say(
    session: Session, actor: User, template: Template, reason: str, *, is_offered: bool, holds_work: bool
) -> TemplateOffer:
    if not actor.can(Permission.TEMPLATES_RELEASE):
        raise DomainError(N_("Only counsel at head office decides whether a text is offered."))
    reason = clean(reason)
    if not reason:
        raise DomainError(N_("Enter the reason."), field="reason")
    if len(reason) > REASON_LIMIT:
        raise DomainError(
            N_("The reason has at most %(limit)s characters."), field="reason", limit=REASON_LIMIT
        )
    said = TemplateOffer(
        template_id=template.id,
        is_offered=is_offered,
        holds_work=holds_work,
        reason=reason,
        by_id=actor.id,
        at=now(),
    )
    session.add(said)
    session.flush()
    session.expire(template, ["offers"])
    audit.record(
        session,
        actor,
        "template.offered" if is_offered else "template.stopped",
        template,
        key=template.key,
        version=template.version,
        holds_work=holds_work,
        reason=reason,
    )
    return said


def holds_work(template: Template) -> TemplateOffer | None:
    """Counsel's word that nothing more is approved on a text, where it holds."""
    said = stop_of(template)
    return said if said is not None and said.holds_work else None
