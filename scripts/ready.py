"""Exit 0 when the SQLite database of the instance folder is at this version and has users: nothing to prepare.

Reads two facts and loads nothing of the portal, which saves a start the second that loading it takes.
"""

import ast
import os
import sys
from pathlib import Path

import pysqlite3

ROOT = Path(__file__).resolve().parent.parent


def heads() -> set[str]:
    """The migrations that no other one follows."""
    revisions, followed = set(), set()
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if node.targets[0].id == "revision":
                    revisions.add(ast.literal_eval(node.value))
                elif node.targets[0].id == "down_revision":
                    followed.add(ast.literal_eval(node.value))
    return revisions - followed


def is_ready(database: Path) -> bool:
    """Whether this database is at the head of the migrations and somebody can sign in."""
    try:
        with pysqlite3.dbapi2.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True) as connection:
            versions = {
                version for (version,) in connection.execute("SELECT version_num FROM alembic_version")
            }
            return versions == heads() and bool(
                connection.execute("SELECT EXISTS (SELECT 1 FROM user_account)").fetchone()[0]
            )
    except pysqlite3.dbapi2.Error:
        return False


if __name__ == "__main__":
    instance = Path(os.environ.get("PORTAL_INSTANCE") or ROOT / "instance")
    sys.exit(0 if not os.environ.get("PORTAL_DATABASE_URL") and is_ready(instance / "portal.sqlite3") else 1)
