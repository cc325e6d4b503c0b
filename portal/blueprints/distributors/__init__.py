"""The register of distributors."""

from flask import Blueprint

bp = Blueprint("distributors", __name__, url_prefix="/distributors")

from portal.blueprints.distributors import listing  # noqa: E402, F401
