"""Fail when the migrations do not lead to what the models say, on SQLite or on PostgreSQL.

Alembic's own check does not see a changed CHECK or a lost foreign-key rule. So a database brought up by the
migrations is compared, piece by piece, with one made straight from the models; then the migrations go all the
way down and up again.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal import create_app  # noqa: E402
from portal.db import Base  # noqa: E402
from portal.domain import load_models  # noqa: E402
from portal.extensions import db  # noqa: E402
from tests.postgres import PostgresServer  # noqa: E402


def _plain(text: str) -> str:
    """A CHECK's condition without the freedoms of notation: case, spaces and outermost brackets."""
    text = re.sub(r"\s+", " ", text).strip()
    return (
        text[1:-1].strip() if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text
    )


def _sorted(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def picture(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """What a database says of the models' tables, as comparable rows by table and kind."""
    inspector, rows = sa.inspect(engine), {}
    present = set(inspector.get_table_names())
    for table in sorted(Base.metadata.tables):
        if table not in present:
            rows[f"{table}: table"] = [("missing",)]
            continue
        primary = inspector.get_pk_constraint(table)
        rows[f"{table}: columns"] = _sorted(
            (column["name"], str(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns(table)
        )
        rows[f"{table}: primary key"] = [tuple(primary["constrained_columns"])]
        rows[f"{table}: foreign keys"] = _sorted(
            (
                key["name"],
                tuple(key["constrained_columns"]),
                key["referred_table"],
                tuple(key["referred_columns"]),
                tuple(sorted((key.get("options") or {}).items())),
            )
            for key in inspector.get_foreign_keys(table)
        )
        rows[f"{table}: unique"] = _sorted(
            (unique["name"], tuple(unique["column_names"]))
            for unique in inspector.get_unique_constraints(table)
        )
        rows[f"{table}: indexes"] = _sorted(
            (
                index["name"],
                tuple(index.get("expressions") or index["column_names"]),
                bool(index["unique"]),
                tuple(
                    sorted((name, str(value)) for name, value in (index.get("dialect_options") or {}).items())
                ),
            )
            for index in inspector.get_indexes(table)
        )
        rows[f"{table}: checks"] = _sorted(
            (check["name"], _plain(check["sqltext"])) for check in inspector.get_check_constraints(table)
        )
    return rows


def differences(migrated: sa.Engine, modelled: sa.Engine) -> Iterator[str]:
    """One line for each row that only one of the two databases has."""
    left, right = picture(migrated), picture(modelled)
    for key in sorted(left.keys() | right.keys()):
        have, want = left.get(key, []), right.get(key, [])
        yield from (f"{key}: the models have {row}, the migrations do not" for row in want if row not in have)
        yield from (f"{key}: the migrations have {row}, the models do not" for row in have if row not in want)


def check(app: Flask, modelled: sa.Engine) -> Iterator[str]:
    """What is wrong with the migrations on this application's (empty) database."""
    with app.app_context():
        for journey in ("up", "down and up again"):
            flask_migrate.upgrade()
            yield from (f"after {journey}: {fault}" for fault in differences(db.engine, modelled))
            if journey == "up":
                try:
                    flask_migrate.check()
                except SystemExit:
                    yield "alembic finds changes that no migration makes (above)"
                flask_migrate.downgrade(revision="base")
                left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
                if left:
                    yield f"down: these tables are left: {sorted(left)}"
        db.engine.dispose()


def main() -> int:
    """Check both databases; 1 when anything differs."""
    warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
    found = 0
    load_models()
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres:
        os.environ["PORTAL_INSTANCE"] = folder
        for migrated, modelled in (
            (f"sqlite:///{folder}/migrated.sqlite3", f"sqlite:///{folder}/modelled.sqlite3"),
            (postgres.create_database("migrated"), postgres.create_database("modelled")),
        ):
            app = create_app(SQLALCHEMY_DATABASE_URI=migrated)
            logging.getLogger("alembic").setLevel(logging.WARNING)
            engine = sa.create_engine(modelled)
            Base.metadata.create_all(engine)
            for fault in check(app, engine):
                print(f"{engine.dialect.name}: {fault}")
                found += 1
            engine.dispose()
    print(f"{len(Base.metadata.tables)} tables on SQLite and PostgreSQL, {found} differences")
    return 1 if found or not Base.metadata.tables else 0


if __name__ == "__main__":
    sys.exit(main())
