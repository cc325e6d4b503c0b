"""Who may open which view: every view says so, and one that says nothing is closed."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import UserMixin, current_user

from portal.domain.access.roles import Permission
from portal.domain.users.models import User

View = TypeVar("View", bound=Callable[..., Any])


class SignedInUser(UserMixin):  # type: ignore[misc]
    """The account behind a sign-in, as Flask-Login wants it; its id is the sign-in's token, not the user's."""

    def __init__(self, account: User, token: str) -> None:
        self.account = account
        self.token = token

    def get_id(self) -> str:
        """The token that the cookie carries."""
        return self.token


def actor() -> User:
    """The user who makes this request; only in views that are not public."""
    account: User = current_user.account
    return account


def viewer() -> User | None:
    """The user who makes this request, or None on public pages before signing in."""
    return current_user.account if current_user.is_authenticated else None


def public(view: View) -> View:
    """Mark a view as open to everyone."""
    view.access = ()  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Mark a view as open to every signed-in user; its rows are still scoped by its query."""
    return _guarded(view, ())


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Open the view to users who have one of the permissions somewhere; which rows, the query says."""
    return lambda view: _guarded(view, permissions)


def _guarded(view: View, permissions: tuple[Permission, ...]) -> View:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return to_sign_in()
        if permissions and not any(actor().can(permission) for permission in permissions):
            abort(403)
        result: ResponseReturnValue = view(*args, **kwargs)
        return result

    wrapper.access = permissions  # type: ignore[attr-defined]
    wrapper.is_guarded = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def to_sign_in() -> ResponseReturnValue:
    """To the sign-in page and back to here, or to the page that sent a form; htmx is told to leave the page."""
    if request.method == "GET":
        wanted = request.full_path.rstrip("?")
    else:
        wanted = _sending_page()
        flash(_("You are no longer signed in, so nothing was saved. Sign in to go on."), "warning")
    target = url_for("auth.login", next=wanted if wanted not in ("", "/") else None)
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, 303)


def _sending_page() -> str:
    """The page of this site that a form was sent from; empty when the browser does not say."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    if f"{parts.scheme}://{parts.netloc}/" != request.host_url:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def safe_next(target: str | None) -> str:
    """The page to go to after signing in: a path of this site, anything else is the workbench."""
    # A control character would be passed over by the browser: "/", tab, "/elsewhere" leads elsewhere.
    is_path = target and target.startswith("/") and not target.replace("\\", "/").startswith("//")
    if target and is_path and not any(ord(char) < 32 for char in target):
        return target
    return url_for("workbench.index")


def close_unmarked_views(app: Flask) -> None:
    """Refuse to serve a view that does not say who may open it."""

    @app.before_request
    def check() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is not None and request.endpoint != "static" and not hasattr(view, "access"):
            raise RuntimeError(f"{request.endpoint} does not say who may open it")
        g.actor = None
