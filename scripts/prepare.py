"""`flask db upgrade` and `flask demo --if-first-start` in one process: loading the code takes a second."""

import sys
from pathlib import Path

from flask.cli import ScriptInfo
from flask_migrate import upgrade

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from wsgi import app


def main() -> None:
    """Bring the database to this version; on the first start load the demo; print its sign-ins."""
    with app.app_context():
        upgrade()
    app.cli.main(args=["demo", "--if-first-start"], obj=ScriptInfo(create_app=lambda: app))


# The process that prints papers loads this file again.
if __name__ == "__main__":
    main()
