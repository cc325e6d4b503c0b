"""Putting the application together: what every part of it brings is loaded here."""

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli, config, extensions
from portal.db import prepare_engine
from portal.later import later
from portal.web import (
    access,
    accounts,
    assets,
    compression,
    controls,
    errors,
    i18n,
    parts,
    requests,
    security,
    templating,
    transactions,
)

# More than half of what there is to load; most commands show no page.
blueprints = later("portal.blueprints")


def create_app(*, pages: bool = True, **overrides: Any) -> Flask:
    """The application: configuration from the environment, then extensions, blueprints and commands.

    Without `pages` the blueprints stay away until a command asks for them (portal.cli).
    """
    app = Flask("portal", static_folder="static", template_folder="templates")
    app.config.from_mapping(config.from_environment())
    app.config.from_mapping(overrides)
    if "SQLALCHEMY_DATABASE_URI" in overrides:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = config.engine_options(overrides["SQLALCHEMY_DATABASE_URI"])
    if app.config["PROXIES"]:
        proxies = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.config["INSTANCE"].mkdir(parents=True, exist_ok=True)
    compression.init_app(app)  # the last to see an answer: what is registered first comes last
    requests.init_app(app)
    extensions.db.init_app(app)
    with app.app_context():
        prepare_engine(extensions.db.engine)
    extensions.Migrations(app, str(config.ROOT / "migrations"))
    extensions.csrf.init_app(app)
    i18n.init_app(app)
    accounts.init_app(app)
    transactions.init_app(app)
    security.init_app(app)
    templating.init_app(app)
    parts.init_app(app)
    controls.init_app(app)
    assets.init_app(app)
    errors.init_app(app)
    access.close_unmarked_views(app)
    if pages:
        blueprints.register(app)
    cli.register(app, pages=pages)
    return app
