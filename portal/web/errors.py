"""Pages for what went wrong: each says what to do next, and none loses what was typed."""

import logging
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from portal.db import Trouble, begin_reading, trouble_of
from portal.domain.errors import DomainError
from portal.extensions import db
from portal.web import troubles
from portal.web.access import to_sign_in, viewer
from portal.web.htmx import say
from portal.web.kept import Kept, kept

logger = logging.getLogger("portal")


def _page(
    status: int,
    title: str,
    text: str,
    *,
    reference: str = "",
    keeps_page: bool = False,
    again: Kept | None = None,
) -> Response:
    """The refusal as a page; `keeps_page` says it on the page that htmx asked from, which may hold a form."""
    is_notice = keeps_page and "HX-Request" in request.headers
    response = make_response(
        render_template(
            "error_notice.html" if is_notice else "error.html",
            title=title,
            text=text,
            reference=reference,
            back=_back(),
            again=again,
        ),
        status,
    )
    if is_notice:
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML show:#notices:top"
        response.headers["HX-Reselect"] = ".said"
    else:
        # A refusal is swapped in whole: the fragment that was asked for has no place for it.
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    response.vary.add("HX-Request")
    return response


def _back() -> str | None:
    """The page that led here, as a path of this site."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:
        return None
    if came.netloc != request.host or not came.path.startswith("/") or came.path.startswith("//"):
        return None
    return came.path + (f"?{came.query}" if came.query else "")


def _trouble(error: BaseException, trouble: Trouble) -> Response:
    """The page for a database or a disk that does not work."""
    _give_up(error)
    # From here on only what the page shows is read: a writer must not wait for its lock a second time.
    begin_reading(True)
    if trouble is Trouble.GONE:
        g.without_database = True
    logger.error("%s %s: %s: %s", request.method, request.path, trouble.value, _first_line(error))
    is_writing = request.method not in ("GET", "HEAD", "OPTIONS")
    response = _page(
        troubles.STATUS[trouble],
        troubles.title(trouble),
        troubles.words(trouble, is_writing=is_writing),
        keeps_page=True,
        again=kept() if is_writing else None,
    )
    if trouble in troubles.RETRY_AFTER:
        response.headers["Retry-After"] = str(troubles.RETRY_AFTER[trouble])
    return response


def _give_up(error: BaseException) -> None:
    """Roll back, even where the connection is already lost."""
    try:
        db.session.rollback()
    except SQLAlchemyError as second:
        logger.warning("not rolled back after %s: %s", _first_line(error), _first_line(second))
        db.session.remove()


def _first_line(error: BaseException) -> str:
    said = str(getattr(error, "orig", None) or error)
    return said.splitlines()[0] if said else type(error).__name__


def init_app(app: Flask) -> None:
    """Register the pages."""

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> Response:
        db.session.rollback()
        return _page(409, _("This could not be done"), say(error))

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> ResponseReturnValue:
        view = current_app.view_functions.get(request.endpoint or "")
        if viewer() is None and getattr(view, "is_guarded", False):
            # Whoever was signed out meanwhile signs in first; app.js puts back what was typed.
            return to_sign_in()
        form = kept()
        return _page(
            400,
            _("This form has expired"),
            _("You signed in or out since it was opened. What you typed is kept here: send it once more.")
            if form
            else _(
                "You signed in or out since it was opened. Go back, load the page again and send it once more."
            ),
            keeps_page=True,
            again=form,
        )

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_error: RequestEntityTooLarge) -> Response:
        is_plain = request.mimetype == "application/x-www-form-urlencoded"
        limit = app.config["MAX_FORM_MEMORY_SIZE" if is_plain else "MAX_CONTENT_LENGTH"]
        most = limit // 1024 // 1024
        return _page(
            413,
            _("This is too large"),
            _("At most %(most)s MB can be sent at once.", most=most),
            keeps_page=True,
        )

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.code == 404:
            return _page(
                404,
                _("Not found"),
                _("This page does not exist, or it belongs to an office you do not have access to."),
            )
        if error.code == 403:
            return _page(
                403,
                _("No access"),
                _("Your role does not give access to this page. Ask an administrator if you need it."),
            )
        if error.code == 405:
            response = _page(
                405,
                _("That did not work"),
                _("This address does not accept what was sent. Go back and use the buttons on the page."),
            )
            response.headers.extend(
                (name, value) for name, value in error.get_headers(request.environ) if name == "Allow"
            )
            return response
        if error.code is not None and error.code < 500:
            return _page(
                error.code,
                _("The request could not be read"),
                _(
                    "What the browser sent cannot be read. Go back, load the page again and send it once more."
                ),
            )
        return _bug(error)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        trouble = trouble_of(error)
        return _bug(error) if trouble is None else _trouble(error, trouble)


def _bug(error: Exception) -> Response:
    """Say that it is our fault, with a reference that leads to the traceback."""
    _give_up(error)
    begin_reading(True)
    reference = secrets.token_hex(4)
    logger.error("%s %s failed, reference %s", request.method, request.path, reference, exc_info=error)
    return _page(
        500,
        _("Something went wrong"),
        _(
            "This is our fault, not yours, and it has been logged. Try again; if it happens again, "
            "give your administrator the reference."
        ),
        reference=reference,
        keeps_page=True,
        again=kept(),
    )
