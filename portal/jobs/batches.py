"""Approving a list as a job: the one task of a batch that prints."""

from typing import Any

from sqlalchemy.orm import Session

from portal.domain.jobs.runs import Run
from portal.domain.price_protection.batches import approval_run
from portal.web import papers


def approve(session: Session, run: Run) -> dict[str, Any]:
    """Do a job of the kind APPROVE with the portal's own printer."""
    return approval_run.approve_rows(session, run, papers.originals)
