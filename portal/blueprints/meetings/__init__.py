"""Dealer meetings: the list, one meeting, planning it, inviting to it, replies (M1)."""

from flask import Blueprint

bp = Blueprint("meetings", __name__, url_prefix="/meetings")

from portal.blueprints.meetings import (  # noqa: E402, F401
    inviting,
    mailing,
    planning,
    repeating,
    replies,
    reply_lists,
    signed,
    views,
    walls,
)
