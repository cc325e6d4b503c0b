"""Where this application stands."""

from pathlib import Path

from flask import current_app

from portal.extensions import db
from portal.health.findings import Place


def here(*, is_thorough: bool) -> Place:
    """The place of the running application; needs its context."""
    return Place(
        config=current_app.config,
        engine=db.engine,
        migrations=Path(current_app.extensions["migrate"].directory),
        static=Path(current_app.static_folder or ""),
        is_thorough=is_thorough,
    )
