"""The company's own texts: written article by article, looked at, handed over and published."""

from flask import Blueprint

bp = Blueprint("own_texts", __name__, url_prefix="/admin/texts")

from portal.blueprints.own_texts import editing, looking, starting, steps  # noqa: E402, F401
