"""The Flask extensions, unbound; `create_app` binds them."""

from typing import Any

from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from portal.db import Base
from portal.later import later

flask_migrate = later("flask_migrate")

# Only its engine and its session are used: models derive from `portal.db.Base`, which knows nothing of Flask.
db = SQLAlchemy(metadata=Base.metadata)
csrf = CSRFProtect()
login_manager = LoginManager()


class Migrations:
    """Flask-Migrate's place in an application until a command asks: Alembic would cost each worker 8 MB."""

    def __init__(self, app: Flask, folder: str) -> None:
        self._app, self._folder = app, folder
        app.extensions["migrate"] = self

    def __getattr__(self, name: str) -> Any:
        # It takes this place itself.
        flask_migrate.Migrate(self._app, db, directory=self._folder, compare_type=True)
        return getattr(self._app.extensions["migrate"], name)
