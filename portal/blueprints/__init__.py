"""The pages, one blueprint per feature."""

from flask import Flask

from portal.blueprints import auth, system, workbench

ALL = (system.bp, auth.bp, workbench.bp)


def register(app: Flask) -> None:
    """Bind every blueprint."""
    for blueprint in ALL:
        app.register_blueprint(blueprint)
