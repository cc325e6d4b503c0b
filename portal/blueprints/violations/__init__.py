"""Violation cases: reports, the case file, its papers, awards and numbers (P4, P5)."""

from flask import Blueprint

bp = Blueprint("violations", __name__, url_prefix="/violations")

from portal.blueprints.violations import (  # noqa: E402, F401
    awards,
    cases,
    evidence,
    exporting,
    overturning,
    papers,
    reporting,
    sealed,
    writing,
)
