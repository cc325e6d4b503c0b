"""Importing 往来账: the lists that finance hands in for a quarter."""

from flask import Blueprint

bp = Blueprint("accounts", __name__, url_prefix="/funds/accounts")

from portal.blueprints.accounts import importing  # noqa: E402, F401
