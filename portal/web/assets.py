"""Where pages take htmx and styles from: the CDN with its hash, our own copy when it does not answer.

A page that is opened for the first time asks for little: both stylesheets come as one, icons stand in the page.
"""

import base64
import hashlib
import json
import re
from functools import cached_property
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for
from markupsafe import Markup

from portal.web.access import public

HTMX_VERSION = "2.0.11"
HTMX_FILE = f"vendor/htmx-{HTMX_VERSION}.min.js"
STYLES = ("vendor/tabler.css", "app.css")
ICON, ICONS = "icon.svg", "icons.svg"


class _Assets:
    """Our static files of one application, each read and hashed when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.addresses: dict[tuple[str, str], str] = {}

    def read(self, filename: str) -> bytes:
        return (self.folder / filename).read_bytes()

    @cached_property
    def styles(self) -> tuple[bytes, str]:
        """Our stylesheets in their order, without our comments (a licence, `/*!`, stays), and their hash."""
        texts = [self.read(name).decode("utf-8") for name in STYLES]
        whole = re.sub(r"/\*(?!!).*?\*/", "", "\n".join(texts), flags=re.DOTALL)
        written = re.sub(r"\s*\n\s*", "\n", whole).encode()
        return written, hashlib.sha256(written).hexdigest()[:12]

    @cached_property
    def icons(self) -> dict[str, Markup]:
        found = re.findall(
            r'<symbol id="i-([\w-]+)" viewBox="([^"]+)">(.*?)</symbol>', self.read(ICONS).decode("utf-8")
        )
        return {
            name: Markup(f'<svg class="ico" viewBox="{box}" aria-hidden="true">{drawing}</svg>')  # noqa: S704 - our file
            for name, box, drawing in found
        }

    @cached_property
    def htmx_integrity(self) -> str:
        return "sha384-" + base64.b64encode(hashlib.sha384(self.read(HTMX_FILE)).digest()).decode("ascii")


def _assets() -> _Assets:
    assets: _Assets = current_app.extensions["portal_assets"]
    return assets


def asset(filename: str) -> str:
    """The address of one of our static files, with its content's hash, so that it may be cached for ever."""
    assets, key = _assets(), (request.script_root, filename)
    if key not in assets.addresses:
        digest = hashlib.sha256(assets.read(filename)).hexdigest()[:12]
        assets.addresses[key] = url_for("static", filename=filename, v=digest)
    return assets.addresses[key]


def stylesheet() -> str:
    """The address of all styles."""
    return f"{request.script_root}/styles.css?v={_assets().styles[1]}"


@public
def styles() -> Response:
    """All styles."""
    written, digest = _assets().styles
    response = Response(written, mimetype="text/css")
    response.set_etag(digest)
    return response.make_conditional(request)


def site_icon() -> str:
    """The address of the site's icon."""
    return asset(ICON)


def icon(name: str) -> Markup:
    """An icon of our file, to stand in a page; it helps to find, the words beside it say."""
    return _assets().icons[name]


def htmx_cdn() -> str:
    """The address of htmx on the CDN, or empty where the settings say to ask nobody outside."""
    if current_app.config["ASSETS"] == "local":
        return ""
    return f"{current_app.config['CDN_URL']}/htmx.org@{HTMX_VERSION}/dist/htmx.min.js"


def htmx_integrity() -> str:
    """What htmx must hash to, wherever it comes from: the hash of our own copy."""
    return _assets().htmx_integrity


# Nothing evaluated, nothing kept, no other site; a refused form (422) is shown.
_HTMX = {
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
# Between single quotes JSON need not be escaped.
HTMX_CONFIG = Markup(json.dumps(_HTMX, separators=(",", ":")))  # noqa: S704 - ours


def init_app(app: Flask) -> None:
    """Let browsers keep a file that was asked for with its content's hash; others they ask about again."""

    app.extensions["portal_assets"] = _Assets(Path(app.static_folder or ""))
    app.add_url_rule("/styles.css", "stylesheet", styles)
    app.jinja_env.globals.update(stylesheet=stylesheet, site_icon=site_icon, icon=icon)

    @app.after_request
    def keep(response: Response) -> Response:
        if (
            request.endpoint in ("static", "stylesheet")
            and "v" in request.args
            and response.status_code in (200, 304)
        ):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
