"""Runs migrations on the application's own engine: one transaction for all of them, batch mode on SQLite."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from portal.db import Base
from portal.domain import load_models

load_models()


def include_object(_obj: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Leave out what only a migration's own SQL makes: the full-text tables of either database."""
    return not (kind in ("table", "index") and reflected and (name or "").find("distributor_search") >= 0)


def configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="portal.db.",
    )


def run() -> None:
    # Who restores a backup migrates within its own transaction, in which the pragma below is set already.
    if (given := context.config.attributes.get("connection")) is not None:
        configure(given)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            # A batch rebuild drops and renames tables that others refer to; the pragma works only outside
            # a transaction, so it goes to the driver before SQLAlchemy begins one.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        configure(connection)
        with context.begin_transaction():
            context.run_migrations()
        if is_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()
