"""Renewals in batches: choosing, bulk changes, the preview, drafts, submission, and approving the list."""

from flask import Blueprint

bp = Blueprint("batches", __name__, url_prefix="/agreements/batches")

from portal.blueprints.agreements.batches import approving, changing, choosing, record, sheets  # noqa: E402, F401
