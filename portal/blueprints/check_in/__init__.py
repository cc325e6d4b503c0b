"""The door of a meeting: its devices, opening one, and the page on which guests are checked in (M1)."""

from flask import Blueprint

bp = Blueprint("check_in", __name__)

from portal.blueprints.check_in import (  # noqa: E402, F401
    arriving,
    devices,
    judging,
    mending,
    offline,
    sending,
)
