"""The signed-in user of a request, by the sign-in's token in the cookie."""

from flask import Flask

from portal.domain.users import services as users
from portal.extensions import db, login_manager
from portal.web.access import SignedInUser, to_sign_in, viewer


def init_app(app: Flask) -> None:
    """Bind Flask-Login; its context processor is left out, since templates get `viewer` as a function."""
    login_manager.init_app(app, add_context_processor=False)
    login_manager.session_protection = None
    login_manager.unauthorized_handler(to_sign_in)
    app.jinja_env.globals["viewer"] = viewer

    @login_manager.user_loader
    def load(token: str) -> SignedInUser | None:
        account = users.signed_in(db.session, token)
        return SignedInUser(account, token) if account else None
