"""An agreement for one sheet that does not fit on it: found by printing, kept with its record until it says less."""

from typing import Any

from sqlalchemy.orm import Session

from portal.domain.papers.agreement import payload_sha256
from portal.domain.price_protection.drafting import note
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import payload
from portal.domain.users.models import User

KIND = "too_long"


def keep(session: Session, actor: User, agreement: Agreement, pages: int) -> bool:
    """Note in the history how many pages it takes as it stands; once for each reading. The caller commits."""
    if kept(session, agreement) != pages:
        note(session, actor, agreement, KIND, pages=pages, sha256=payload_sha256(payload(session, agreement)))
    return True


def kept(session: Session, agreement: Agreement, data: Any = None) -> int | None:
    """The pages that were found too many, if it still says what it said then; None when it may fit by now.

    `data` is what it says, where it is at hand.
    """
    found = next((event for event in agreement.events if event.kind == KIND), None)
    if found is None:
        return None
    now_says = payload_sha256(data if data is not None else payload(session, agreement))
    return int(found.params["pages"]) if found.params.get("sha256") == now_says else None
