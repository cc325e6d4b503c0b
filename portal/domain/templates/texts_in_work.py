"""The company's own texts while they are in work: which there are, who wrote them, who may publish them (P8)."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.templates.models import Template, TemplateDraft, TemplateDraftStep, TextState
from portal.domain.users.models import User

OPEN = (TextState.DRAFT, TextState.SUBMITTED)
_WRITING = ("created", "saved")


def drafts(session: Session) -> list[TemplateDraft]:
    """Every draft that was not given up, the one changed last first."""
    return list(
        session.scalars(
            sa.select(TemplateDraft)
            .where(TemplateDraft.state != TextState.DISCARDED)
            .options(selectinload(TemplateDraft.steps).joinedload(TemplateDraftStep.by))
            .order_by(TemplateDraft.updated_at.desc(), TemplateDraft.id.desc())
        )
    )


def in_work(session: Session) -> list[TemplateDraft]:
    """The drafts that are written or wait for publication."""
    return [one for one in drafts(session) if one.state in OPEN]


def came_back(draft: TemplateDraft) -> TemplateDraftStep | None:
    """The step that sent a draft back, while nobody did anything with it since."""
    step = draft.steps[-1] if draft.steps else None
    return step if step is not None and step.kind == "sent_back" and draft.state is TextState.DRAFT else None


def draft(session: Session, draft_id: int) -> TemplateDraft | None:
    """One draft with its steps; None when there is none, or it was given up."""
    found = session.scalar(
        sa.select(TemplateDraft)
        .where(TemplateDraft.id == draft_id)
        .options(selectinload(TemplateDraft.steps).joinedload(TemplateDraftStep.by))
    )
    return found


def draft_of(session: Session, template: Template) -> TemplateDraft | None:
    """The draft that a published text was; None for a text that ships."""
    if not template.base_key:
        return None
    return session.scalar(
        sa.select(TemplateDraft)
        .where(TemplateDraft.template_id == template.id)
        .options(selectinload(TemplateDraft.steps).joinedload(TemplateDraftStep.by))
    )


def writers(draft: TemplateDraft) -> dict[int, User]:
    """Everybody who began or saved the text, by id, in the order in which they came to it."""
    return {step.by_id: step.by for step in draft.steps if step.kind in _WRITING}


def last(draft: TemplateDraft, kind: str) -> TemplateDraftStep | None:
    """The last step of a kind."""
    return next((step for step in reversed(draft.steps) if step.kind == kind), None)


def why_not_publish(actor: User, draft: TemplateDraft) -> str:
    """The msgid of why this user cannot publish what was handed over; empty when they can."""
    if not actor.can(Permission.TEMPLATES_RELEASE):
        return N_("Only counsel at head office publishes a text.")
    if actor.id in writers(draft):
        return N_("You wrote in this text; another person has to publish it.")
    return ""
