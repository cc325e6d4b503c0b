"""Where pages take htmx and styles from: the CDN with its hash first, our own copy when it does not answer."""

import hashlib
from functools import cache
from pathlib import Path

from flask import current_app, url_for

HTMX_VERSION = "2.0.11"
HTMX_FILE = f"vendor/htmx-{HTMX_VERSION}.min.js"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(filename: str) -> str:
    """The address of one of our static files, with its content's hash, so that it may be cached for ever."""
    folder = Path(current_app.static_folder or "")
    return url_for("static", filename=filename, v=_digest(folder / filename))


def htmx_cdn() -> str:
    """The address of htmx on the CDN, or empty where the settings say to ask nobody outside."""
    if current_app.config["ASSETS"] == "local":
        return ""
    return f"{current_app.config['CDN_URL']}/htmx.org@{HTMX_VERSION}/dist/htmx.min.js"
