"""The outbox is looked at every few seconds: what is due leaves, what cannot waits for its next try."""

import logging
from collections.abc import Callable

from flask import current_app

from portal.domain.mail import services as mail
from portal.extensions import db

_log = logging.getLogger(__name__)
SECONDS = 5


def secret() -> bytes:
    """What the mail server's password is sealed under."""
    key = current_app.config["SECRET_KEY"]
    return key if isinstance(key, bytes) else str(key).encode()


def deliver(goes_on: Callable[[], bool] = lambda: True) -> int:
    """Send what is due; needs an application context."""
    return mail.deliver(db.session(), secret(), goes_on=goes_on)
