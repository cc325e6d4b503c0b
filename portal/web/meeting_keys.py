"""The key that badges of meetings are signed with, and the code on a badge."""

import hmac
from datetime import timedelta

from flask import current_app

from portal.domain.meetings import kiosks, tokens
from portal.domain.meetings.models import Meeting

# A badge is good for a day after the door's devices have ended: what they saw may come in late.
_GOOD_FOR = timedelta(days=1)


def badge_key() -> bytes:
    """A key of its own, derived from the portal's secret: what it signs is good for nothing else."""
    secret = current_app.config["SECRET_KEY"]
    return hmac.digest(
        secret if isinstance(secret, bytes) else str(secret).encode(), b"meeting badge key", "sha256"
    )


def badge_code(meeting: Meeting, guest_id: int) -> str:
    """The code on a guest's badge."""
    return tokens.token(badge_key(), meeting.id, guest_id, kiosks.ends_at(meeting) + _GOOD_FOR)
