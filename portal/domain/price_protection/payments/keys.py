"""What makes a payment once: a form's key is its sender's own, a case's is the portal's; none passes for another."""

import hashlib

from portal.domain.errors import DomainError
from portal.domain.users.models import User

_LONGEST = 40


def of_form(actor: User, said: str) -> str:
    """The key of a form that this person sends: another person's, or the portal's own, is never the same.

    Raises DomainError for a form without key: sent twice, nothing would tell that it is the same.
    """
    if not 0 < len(said.strip()) <= _LONGEST:
        raise DomainError(
            "This form is not one that the portal gave out. Open the page again and fill it in there."
        )
    return "form:" + hashlib.sha256(f"{actor.id}:{said.strip()}".encode()).hexdigest()[:32]


def of_award(award_id: int, turn: int) -> str:
    """The key of the payment of an award: its first is turn 1; each that was taken back makes room for one more."""
    return f"award:{award_id}:{turn}"
