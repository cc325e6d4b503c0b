"""What every answer says to the browser about safety."""

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g

# No page asks for more than its own door: badges are scanned there.
_ASKS_NOTHING = "camera=(), microphone=(), geolocation=()"
CAMERA_HERE = "camera=(self), microphone=(), geolocation=()"


def nonce() -> str:
    """This response's nonce for scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def init_app(app: Flask) -> None:
    """Set the headers; the page's own scripts and the CDN's htmx are all that may run."""
    cdn = urlsplit(app.config["CDN_URL"])
    origin = f" {cdn.scheme}://{cdn.netloc}" if app.config["ASSETS"] != "local" else ""
    app.jinja_env.globals["csp_nonce"] = nonce

    @app.after_request
    def protect(response: Response) -> Response:
        policy = (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce()}'{origin}; connect-src 'self'{origin}; "
            "style-src 'self'; img-src 'self' data:; font-src 'self'; frame-src 'self'; object-src 'self'; "
            "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
        )
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", _ASKS_NOTHING)
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "no-store")
        return response
