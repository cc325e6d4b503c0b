"""Pages for what went wrong: each says what to do next."""

import logging
import secrets

from flask import Flask, Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from portal.domain.errors import DomainError
from portal.extensions import db
from portal.web.htmx import say


def _page(status: int, title: str, text: str, *, reference: str = "") -> Response:
    back = request.referrer if request.referrer and request.referrer.startswith(request.host_url) else None
    response = make_response(
        render_template("error.html", title=title, text=text, reference=reference, back=back), status
    )
    # A refusal is swapped in whole: the fragment that was asked for has no place for it.
    response.headers["HX-Retarget"] = "body"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def init_app(app: Flask) -> None:
    """Register the pages."""

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> Response:
        db.session.rollback()
        return _page(409, _("This could not be done"), say(error))

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return _page(
            400,
            _("This form is too old"),
            _(
                "You signed in or out since it was opened. Go back, load the page again and send it once more."
            ),
        )

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_error: RequestEntityTooLarge) -> Response:
        most = app.config["MAX_CONTENT_LENGTH"] // 1024 // 1024
        return _page(413, _("This is too large"), _("At most %(most)s MB can be sent at once.", most=most))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.code == 404:
            return _page(
                404,
                _("Not found"),
                _("There is no such page, or it belongs to an office that you do not see."),
            )
        if error.code == 403:
            return _page(
                403,
                _("Not for you"),
                _("Your role does not open this page. Ask an administrator if it should."),
            )
        if error.code == 405:
            return _page(
                405,
                _("Not this way"),
                _("This address does not take what was sent. Go back and use the page's buttons."),
            )
        return _page(error.code or 500, error.name, error.description or "")

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        db.session.rollback()
        reference = secrets.token_hex(4)
        logging.getLogger("portal").exception(
            "%s %s failed, reference %s", request.method, request.path, reference
        )
        return _page(
            500,
            _("Something broke"),
            _(
                "It is our fault, not yours, and it has been noted. Try again; if it stays, "
                "tell your administrator the reference."
            ),
            reference=reference,
        )
