"""The keys that badges of meetings and what leaves the portal are signed and sealed with, and a badge's code."""

import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import current_app

from portal.db import now
from portal.domain.mail import services as mail
from portal.domain.meetings import kiosks, links, tokens
from portal.domain.meetings.models import Meeting
from portal.extensions import db

# A badge is good for a day after the door's devices have ended: what they saw may come in late.
_GOOD_FOR = timedelta(days=1)


def badge_key() -> bytes:
    """A key of its own, derived from the portal's secret: what it signs is good for nothing else."""
    return hmac.digest(portal_secret(), b"meeting badge key", "sha256")


def portal_secret() -> bytes:
    """The portal's secret, for what derives keys of its own from it."""
    secret = current_app.config["SECRET_KEY"]
    return secret if isinstance(secret, bytes) else str(secret).encode()


def badge_code(meeting: Meeting, guest_id: int) -> str:
    """The code on a guest's badge."""
    return tokens.token(badge_key(), meeting.id, guest_id, kiosks.ends_at(meeting) + _GOOD_FOR)


def reply_key() -> bytes:
    """What links of invitations are signed with."""
    return hmac.digest(portal_secret(), b"meeting reply key", "sha256")


def reply_links(meeting: Meeting) -> Callable[[Any], str]:
    """The address under which a guest answers, by the invitation or a row of it.

    "" while invitations are not open to the outside, or too late.
    """
    row = mail.server(db.session())
    if row is None or not row.outside or now() >= links.until(meeting):
        return lambda _one: ""
    base, key = row.outside, reply_key()
    return lambda one: f"{base}/reply/{links.token(key, one)}"
