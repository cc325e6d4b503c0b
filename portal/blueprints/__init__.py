"""The pages, one blueprint per feature."""

from flask import Flask

from portal.blueprints import auth, distributors, system, workbench

ALL = (system.bp, auth.bp, workbench.bp, distributors.bp)


def register(app: Flask) -> None:
    """Bind every blueprint."""
    for blueprint in ALL:
        app.register_blueprint(blueprint)
