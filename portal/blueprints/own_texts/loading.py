"""The draft that an address names."""

from flask import abort

from portal.domain.templates import texts_in_work
from portal.domain.templates.models import TemplateDraft, TextState
from portal.extensions import db


def draft_or_404(id: int) -> TemplateDraft:
    """A draft; one that was given up can still be read."""
    return texts_in_work.draft(db.session, id) or abort(404)


def is_open(draft: TemplateDraft) -> bool:
    """Whether its text can be changed now."""
    return draft.state is TextState.DRAFT
