"""The register of distributors."""

from flask import Blueprint

bp = Blueprint("distributors", __name__, url_prefix="/distributors")

from portal.blueprints.distributors import contacts, documents, importing, likenesses, listing, views  # noqa: E402, F401
