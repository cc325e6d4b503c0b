"""The outbox is looked at every few seconds: what is due leaves, what cannot waits for its next try."""

from collections.abc import Callable

from portal.domain.mail import services as mail
from portal.extensions import db
from portal.web.meeting_keys import portal_secret

SECONDS = 5


def deliver(goes_on: Callable[[], bool] = lambda: True) -> int:
    """Send what is due; needs an application context."""
    return mail.deliver(db.session(), portal_secret(), goes_on=goes_on)
