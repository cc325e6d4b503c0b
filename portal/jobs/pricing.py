"""Approving the amendments of a price change as a job, with the portal's own printer."""

from typing import Any

from sqlalchemy.orm import Session

from portal.domain.jobs.runs import Run
from portal.domain.price_protection.deeds import deciding
from portal.web import papers


def approve_amendments(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind APPROVE of `deeds.deciding`."""
    return deciding.approve_all(session, run, papers.deed_original)
