"""The key that badges of meetings are signed with."""

import hmac

from flask import current_app


def badge_key() -> bytes:
    """A key of its own, derived from the portal's secret: what it signs is good for nothing else."""
    secret = current_app.config["SECRET_KEY"]
    return hmac.digest(
        secret if isinstance(secret, bytes) else str(secret).encode(), b"meeting badge key", "sha256"
    )
