"""Where pages take htmx and styles from: the CDN with its hash, our own copy when it does not answer."""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

HTMX_VERSION = "2.0.11"
HTMX_FILE = f"vendor/htmx-{HTMX_VERSION}.min.js"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(filename: str) -> str:
    """The address of one of our static files, with its content's hash, so that it may be cached for ever."""
    return _address(request.script_root, Path(current_app.static_folder or ""), filename)


@cache
def _address(_root: str, folder: Path, filename: str) -> str:
    return url_for("static", filename=filename, v=_digest(folder / filename))


def htmx_cdn() -> str:
    """The address of htmx on the CDN, or empty where the settings say to ask nobody outside."""
    if current_app.config["ASSETS"] == "local":
        return ""
    return f"{current_app.config['CDN_URL']}/htmx.org@{HTMX_VERSION}/dist/htmx.min.js"


@cache
def _integrity(path: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode("ascii")


def htmx_integrity() -> str:
    """What htmx must hash to, wherever it comes from: the hash of our own copy."""
    return _integrity(Path(current_app.static_folder or "") / HTMX_FILE)


def htmx_config() -> str:
    """The settings of htmx: nothing evaluated, nothing kept, no other site; a refused form (422) is shown."""
    return json.dumps(
        {
            "allowEval": False,
            "allowScriptTags": False,
            "includeIndicatorStyles": False,
            "historyCacheSize": 0,
            "refreshOnHistoryMiss": False,
            "selfRequestsOnly": True,
            "timeout": 30_000,
            "scrollBehavior": "instant",
            "responseHandling": [
                {"code": "204", "swap": False},
                {"code": "[23]..", "swap": True},
                {"code": "422", "swap": True},
                {"code": "...", "swap": False, "error": True},
            ],
        }
    )


def init_app(app: Flask) -> None:
    """Let browsers keep a file that was asked for with its content's hash; others they ask about again."""

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code in (200, 304):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
